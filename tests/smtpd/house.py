"""A real SMTP server on an ephemeral port, in a thread with a loop of its own, and a client that speaks bytes."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import LogCapture

from relay.errors import Refused
from relay.model import Envelope
from relay.settings import LimitSettings, SmtpSettings, Tls
from relay.smtpd import Server
from storage.spool import Spool

HOSTNAME = "relay.example"
TICKET = f"t-{'a' * 26}@{HOSTNAME}"
NO_SUCH = Refused(550, "5.1.1", "No such address here.")
PATIENCE = 20.0  # seconds after which a test that hangs is a failed one


@dataclass
class Gate:
    """Takes mail for the relay's domain; `then` runs with each accepted mail and may raise, `known` with each address."""

    mails: list[tuple[Envelope, bytes]] = field(default_factory=list)
    then: Callable[[Envelope], Awaitable[None]] | None = None
    known: Callable[[str], Awaitable[None]] | None = None

    async def recipient(self, address: str) -> None:
        if self.known:
            await self.known(address)
        if not address.lower().endswith("@" + HOSTNAME) and address.lower() != "postmaster":
            raise NO_SUCH

    async def accept(self, envelope: Envelope, raw: bytes) -> None:
        if self.then:
            await self.then(envelope)
        self.mails.append((envelope, raw))


@dataclass
class Running:
    """The server that runs, and everything around it."""

    server: Server
    loop: asyncio.AbstractEventLoop
    settings: SmtpSettings
    spool: Spool
    gate: Gate
    log: LogCapture
    port: int

    def client(self, source: str = "127.0.0.1", *, ehlo: bool = True) -> Client:
        client = Client(self.port, source)
        assert client.reply() == "220 relay.example ESMTP"
        if ehlo:
            client.ask("EHLO client.example")
        return client

    def stop(self, grace: float = PATIENCE) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(grace), self.loop).result(PATIENCE)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self.log.entries if entry["event"] == name]


class Client:
    """Speaks SMTP without knowing better."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
        self._lines = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reply(self) -> str:
        """The next reply, its lines joined by newlines; "" at the end of the connection."""
        lines = [self._line()]
        while lines[-1][3:4] == "-":
            lines.append(self._line())
        return "\n".join(lines)

    def _line(self) -> str:
        try:
            line = self._lines.readline()
        except ConnectionError:
            return ""
        assert not line or line.endswith(b"\r\n"), line
        return line.decode("ascii").removesuffix("\r\n")

    def ask(self, command: str) -> str:
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def begin(self, recipient: str = TICKET) -> None:
        """Up to and with the 354."""
        assert self.ask("MAIL FROM:<ann@acme.example>") == "250 2.1.0 OK"
        assert self.ask(f"RCPT TO:<{recipient}>") == "250 2.1.5 OK"
        assert self.ask("DATA").startswith("354 ")

    def mail(self, data: bytes = b"Subject: pump\r\n\r\nleaks\r\n") -> str:
        self.begin()
        self.send(data + b".\r\n")
        return self.reply()

    def starttls(self) -> None:
        self.send(b"STARTTLS\r\n")
        self.wrap()

    def wrap(self) -> None:
        """The client's side of a STARTTLS that has been sent."""
        assert self.reply() == "220 2.0.0 Ready to start TLS"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._lines.close()
        self.socket = context.wrap_socket(self.socket)
        self._lines = self.socket.makefile("rb")

    def close(self) -> None:
        self._lines.close()
        self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def serving(folder: Path, limits: LimitSettings = LimitSettings(), **settings: Any) -> Iterator[Running]:
    """A server that listens until the block ends; `settings` are those of SmtpSettings."""
    started, running, done = threading.Event(), list[Running](), list[asyncio.Event]()

    async def main() -> None:
        capture, gate, spool = LogCapture(), Gate(), Spool(folder / "spool")
        wrapper = structlog.make_filtering_bound_logger(0)
        log = structlog.wrap_logger(structlog.PrintLogger(), processors=[capture], wrapper_class=wrapper)
        values = SmtpSettings(**{"listen": (("127.0.0.1", 0),), **settings})
        server = Server(values, HOSTNAME, spool, gate, log, limits=limits)
        await server.start()
        done.append(asyncio.Event())
        running.append(Running(server, asyncio.get_running_loop(), values, spool, gate, capture, server.ports[0]))
        started.set()
        await done[0].wait()
        await server.stop(0)
        spool.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert started.wait(PATIENCE)
    try:
        yield running[0]
    finally:
        running[0].loop.call_soon_threadsafe(done[0].set)
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the server did not stop"


def assert_serves(running: Running) -> None:
    """The next client is served as if nothing had happened."""
    with running.client() as client:
        assert client.mail().startswith("250 2.0.0 ")


def leave(client: Client, abrupt: bool) -> None:
    """The client's end: a FIN, or a reset."""
    if abrupt:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def wait_until(condition: Callable[[], object]) -> None:
    """Returns when it is so; a test that waits in vain fails."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def certificate(folder: Path, *, required: bool = False) -> Tls:
    """A self-signed certificate for the relay."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTNAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(signed.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return Tls(folder / "certificate.pem", folder / "key.pem", required)
