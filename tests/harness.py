"""A relay of one's own for a test: the real command in a process of its own, a real SMTP sink, real databases."""

from __future__ import annotations

import contextlib
import email.policy
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import make_msgid
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from relay.mail.parts.flowed import unflow
from storage import private
from storage.database import Database
from storage.migrations import migrate

DOMAIN = "relay.example.com"
PATIENCE = 15.0  # seconds that a test waits for what should come at once
# Python reads a header anew at every look, and a test looks often at the same ones: what they are read as is kept.
READ = email.policy.default.clone(header_factory=lru_cache(10_000)(HeaderRegistry()))

# Four parties in a line, and a second way down from the contractor.
NETWORK = """
[parties.shop]
name = "Tea Shop"
language = "ru"
contacts = ["Anna Chaikina <anna@shop.example>"]
trust = "address"

[parties.north]
name = "North Service"
contacts = ["Ivan Petrov <ivan@north.example>", "Olga <olga@north.example>"]
domains = ["north.example"]
trust = "address"

[parties.fix]
name = "Fix It"
contacts = ["Sergei <sergei@fix.example>"]
trust = "address"
unknown = "refuse"

[parties.vendor]
name = "Vendor Ltd"
contacts = ["Victor Vendor <victor@vendor.example>"]
trust = "address"

[parties.other]
name = "Other Hands"
contacts = ["Olaf <olaf@other.example>"]
trust = "address"

[links.north-repairs]
from = "shop"
to = "north"

[links.fix]
from = "north"
to = "fix"

[links.vendor]
from = "fix"
to = "vendor"

[links.other]
from = "north"
to = "other"
"""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Received:
    """A letter as it reached the sink."""

    return_path: str
    recipient: str
    raw: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> EmailMessage:
        parsed = BytesParser(policy=READ).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return unflow(part.get_content())

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        content: str = part.get_content()
        return content

    @property
    def thread(self) -> str:
        """The address that the letter comes from, where an answer goes to."""
        return str(self.message["From"].addresses[0].addr_spec)

    @property
    def note(self) -> str:
        """The note address that the letter offers."""
        found = re.search(rf"n-[a-z2-7]{{26}}@{re.escape(DOMAIN)}", self.text)
        assert found is not None, self.text
        return found[0]

    @property
    def files(self) -> dict[str, bytes]:
        """Attachments and inline pictures by name."""
        parts = [part for part in self.message.walk() if part.get_filename()]
        return {str(part.get_filename()): bytes(part.get_payload(decode=True) or b"") for part in parts}


class Sink:
    """A smarthost that keeps what it takes. `answers[recipient]` is a list of replies given first, one a try."""

    def __init__(self, port: int = 0) -> None:
        self.received: list[Received] = []
        self.answers: dict[str, list[str]] = {}
        self.tries: list[tuple[str, str]] = []
        self.port = port or free_port()
        self._controller: Controller | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        self.tries.append((address, envelope.mail_from))
        if waiting := self.answers.get(address.lower()):
            answer = waiting.pop(0)
            if not answer.startswith("data "):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        for recipient in envelope.rcpt_tos:
            self.received.append(Received(envelope.mail_from, recipient, envelope.content))
        return "250 2.0.0 OK sunk"

    def start(self) -> Sink:
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            data_size_limit=1 << 28,
            enable_SMTPUTF8=True,
            server_hostname="sink.example",
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def to(self, recipient: str) -> list[Received]:
        return [letter for letter in list(self.received) if letter.recipient.lower() == recipient.lower()]

    def wait(self, recipient: str, count: int = 1) -> Received:
        """The `count`-th letter to a recipient, once it is there."""
        until(lambda: len(self.to(recipient)) >= count, f"{count} letters to {recipient}; there are {len(self.to(recipient))}")
        return self.to(recipient)[count - 1]


def until(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Waits until something is so; fails the test when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@cache
def new_sqlite() -> bytes:
    """A migrated SQLite database with nothing in it, made once for all tests of a process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "relay.db"
        database = Database(f"sqlite:///{file}")
        migrate(database)
        database.close()
        assert list(Path(folder).iterdir()) == [file]  # no -wal: all of it is in the file
        return file.read_bytes()


class Relay:
    """`relay serve` in a process of its own, on a configuration in `folder`.

    It finds its SQLite database as it makes one at a first start, which takes a while; a `new` one makes it.
    """

    def __init__(
        self, folder: Path, sink: Sink, network: str = NETWORK, database: str = "", extra: str = "", *, new: bool = False
    ) -> None:
        self.folder, self.sink, self.port = folder, sink, free_port()
        self.config = folder / "relay.toml"
        self.process: subprocess.Popen[bytes] | None = None
        self.database, self.network, self.extra, self.new = database, network, extra, new
        self.write_config()

    def write_config(self, smtp: str = "", delivery: str = "") -> None:
        line = f'database = "{self.database}"' if self.database else ""
        self.config.write_text(
            f"""
[relay]
domain = "{DOMAIN}"
name = "Acme Relay"
postmaster = "admin@example.com"
timezone = "Europe/Moscow"
{line}
[smtp]
listen = ["127.0.0.1:{self.port}"]
{smtp}
[delivery]
smarthost = "smtp://127.0.0.1:{self.sink.port}"
{delivery}
{self.extra}
{self.network}
""",
            encoding="utf-8",
        )

    def start(self, *options: str) -> Relay:
        if not (self.new or self.database):
            self._put_database()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "relay.cli.main", "-c", str(self.config), "serve", *options],
                stderr=log,
                stdout=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        until(self.answers, f"the relay to answer\n{self.log}", 30)
        return self

    def _put_database(self) -> None:
        private.folder(self.folder / "data")
        with contextlib.suppress(FileExistsError), private.create(self.folder / "data" / "relay.db") as file:
            file.write(new_sqlite())

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as client:
            return client.recv(3) == b"220"
        return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tells the process to end; returns its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        process, self.process = self.process, None
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def send(self, mail: EmailMessage | bytes, sender: str, *recipients: str) -> tuple[int, str]:
        """The answer to a mail: of DATA, or of what was refused before."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.ehlo("client.example")
            steps = [client.mail(sender), *(client.rcpt(recipient) for recipient in recipients)]
            if refused := [step for step in steps if step[0] >= 400]:
                return refused[0][0], refused[0][1].decode()
            code, text = client.data(raw)
            return code, text.decode()

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command beside the running server."""
        command = [sys.executable, "-m", "relay.cli.main", *arguments, "-c", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *arguments: str) -> Any:
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def write(
    sender: str, to: str, text: str, subject: str = "Pump is leaking", *, answering: Received | None = None, **headers: str
) -> EmailMessage:
    """A plain mail as a person writes it; `answering` makes it a reply to that letter."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, to
    mail["Subject"] = f"Re: {answering.message['Subject']}" if answering else subject
    mail["Date"] = "Mon, 23 Nov 2026 10:00:00 +0300"
    mail["Message-ID"] = make_msgid(domain="client.example")
    if answering:
        mail["In-Reply-To"] = answering.message["Message-ID"]
        mail["References"] = answering.message["Message-ID"]
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


# ── PostgreSQL ─────────────────────────────────────────────────────────────────────────────────────────────


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres, which Debian keeps off the PATH; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None)


class Postgres:
    """A PostgreSQL server of its own in a folder of its own. Root may not run one, so it is run as another user."""

    def __init__(self) -> None:
        programs = postgres_programs()
        assert programs is not None, "PostgreSQL is not installed"
        self._folder = Path(tempfile.mkdtemp(prefix="relay-postgres-"))
        self._programs, self._data, self._port = programs, self._folder / "data", free_port()
        self._data.mkdir()
        self._user = _unprivileged(self._folder, self._data)
        self.url = f"postgresql://relay@127.0.0.1:{self._port}/postgres"
        _run(self._user, programs / "initdb", "-D", self._data, "-U", "relay", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        settings = f"-p {self._port} -k {self._data} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._ctl("-o", settings, "-l", self._data / "log", "start")

    def stop(self) -> None:
        self._ctl("-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ctl(self, *arguments: object) -> None:
        _run(self._user, self._programs / "pg_ctl", "-D", self._data, "-w", *arguments)


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    server = Postgres()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


def _unprivileged(*folders: Path) -> int | None:
    """The user that runs the server, who then owns its folders; None for whoever we are, unless that is root."""
    if os.getuid() != 0:
        return None
    nobody = 65534
    for folder in folders:
        os.chown(folder, nobody, nobody)
    return nobody


def _run(user: int | None, *command: object) -> None:
    done = subprocess.run([str(part) for part in command], user=user, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def new_database(url: str) -> str:
    """A fresh database on that server; its URL."""
    import psycopg

    name = f"relay_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rpartition("/")[0] + f"/{name}"
