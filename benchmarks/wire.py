"""The two cheap ends of the benchmark: a client that sends mails and a sink that takes letters, each a process of its own.

Both are plain asyncio protocols that do no more than SMTP needs, so that the processor is left to what is measured. Times are
`time.monotonic()`, which all processes of one machine share.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.mails import Sample, mails

END = b"\r\n.\r\n"
MARKER = re.compile(rb"Job-\d+-\d{6}")
KEEP = 12  # letters of a run that the sink keeps whole
_processes = multiprocessing.get_context("spawn")


# ── processes ──────────────────────────────────────────────────────────────────────────────────────────────


class Child:
    """A function in a process of its own: `main(pipe, *arguments)`; what it sends through its pipe, `hear` gives."""

    def __init__(self, main: Callable[..., None], *arguments: Any) -> None:
        self._pipe, theirs = _processes.Pipe()
        self._process = _processes.Process(target=main, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def hear(self, seconds: float) -> Any:
        """The next thing it says. Raises TimeoutError, or EOFError when it died (its traceback is on stderr)."""
        if not self._pipe.poll(seconds):
            raise TimeoutError(f"nothing heard from {self._process.name} for {seconds} s")
        return self._pipe.recv()

    def tell(self, what: object) -> None:
        """Says something to it."""
        self._pipe.send(what)

    def end(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.join()


# ── the client ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `count` mails over `connections` kept-open connections, each waiting `pause` seconds after a mail."""

    port: int
    count: int
    connections: int
    sender: str  # Name <address>
    to: str
    file_size: int = 0
    seed: int = 0
    pause: float = 0.0


@dataclass(slots=True)
class Sent:
    """When the first connection was made, and when each mail (by its marker) had its 250."""

    begun: float = 0.0
    accepted: dict[bytes, float] = field(default_factory=dict)


def send(pipe: Connection, load: Load) -> None:
    """Makes the mails, says "ready", waits for a word, sends them all, says `Sent`."""
    samples = mails(load.count, load.sender, load.to, file_size=load.file_size, seed=load.seed)
    pipe.send("ready")
    pipe.recv()
    pipe.send(asyncio.run(_send(load, samples)))


async def _send(load: Load, samples: list[Sample]) -> Sent:
    sent, waiting = Sent(time.monotonic()), iter(samples)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(load.connections):
            tasks.create_task(_connection(load, waiting, sent))
    return sent


async def _connection(load: Load, waiting: Iterator[Sample], sent: Sent) -> None:
    """One connection, which takes the next mail when it is done with one."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(lambda: _Client(loop), "127.0.0.1", load.port)
    sender = load.sender.partition("<")[2].rstrip(">")
    await client.said(b"220")
    await client.say(b"EHLO mail.client.example\r\n", b"250")
    for sample in waiting:
        await client.say(f"MAIL FROM:<{sender}> SIZE={len(sample.raw)}\r\n".encode(), b"250")
        await client.say(f"RCPT TO:<{load.to}>\r\n".encode(), b"250")
        await client.say(b"DATA\r\n", b"354")
        await client.say(sample.raw + b".\r\n", b"250")
        sent.accepted[sample.marker] = time.monotonic()
        await asyncio.sleep(load.pause)
    await client.say(b"QUIT\r\n", b"221")
    transport.close()


class _Client(asyncio.Protocol):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._heard, self._lost = loop, b"", False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _is_whole(self) -> bool:
        """Whether the last line of a reply has come: a blank follows its code (RFC 5321 §4.2.1)."""
        begin = self._heard.rfind(b"\n", 0, -1) + 1
        return self._heard.endswith(b"\n") and self._heard[begin + 3 : begin + 4] == b" "

    async def say(self, words: bytes, wanted: bytes) -> None:
        self._transport.write(words)
        await self.said(wanted)

    async def said(self, wanted: bytes) -> None:
        while not self._is_whole():
            if self._lost:
                raise ConnectionResetError(f"wanted {wanted.decode()}, but the server hung up")
            self._waiter = self._loop.create_future()
            await self._waiter
        reply, self._heard = self._heard, b""
        if not reply.startswith(wanted):
            raise RuntimeError(f"wanted {wanted.decode()}, got {reply.decode()!r}")


# ── the sink ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Sunk:
    """The letters of a run: when each (marker, recipient) came, how many in all, how many unsigned, some kept whole."""

    arrived: dict[tuple[bytes, str], float] = field(default_factory=dict)
    count: int = 0
    unsigned: int = 0
    kept: list[tuple[str, bytes]] = field(default_factory=list)


def sink(pipe: Connection) -> None:
    """A smarthost. Says its port; answers "new" by forgetting what it has, anything else by its `Sunk`."""
    asyncio.run(_sink(pipe))


async def _sink(pipe: Connection) -> None:
    loop, sunk = asyncio.get_running_loop(), Sunk()
    ended = loop.create_future()

    def asked() -> None:
        nonlocal sunk
        try:
            word = pipe.recv()
        except EOFError:
            ended.set_result(None)
            return
        if word == "new":
            sunk = Sunk()
        pipe.send(sunk.count if word == "count" else sunk)

    loop.add_reader(pipe.fileno(), asked)
    server = await loop.create_server(lambda: _Sink(lambda: sunk), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await ended


ANSWERS = {
    b"EHLO": b"250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 bye\r\n",
}


class _Sink(asyncio.Protocol):
    """Just enough of a server for one client."""

    def __init__(self, sunk: Callable[[], Sunk]) -> None:
        self._sunk = sunk
        self._heard, self._searched, self._in_data, self._recipient = bytearray(), 0, False, ""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(b"220 sink.example ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while self._letter() if self._in_data else self._command():
            pass

    def _command(self) -> bool:
        end = self._heard.find(b"\r\n")
        if end < 0:
            return False
        words = bytes(self._heard[:end])
        del self._heard[: end + 2]
        verb = words[:4].upper()
        if verb == b"RCPT":
            self._recipient = words[words.find(b"<") + 1 : words.find(b">")].decode()
        self._in_data = verb == b"DATA"
        self._transport.write(ANSWERS.get(verb, b"250 ok\r\n"))
        return True

    def _letter(self) -> bool:
        end = self._heard.find(END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._heard) - len(END))
            return False
        self._take(bytes(self._heard[: end + 2]))
        del self._heard[: end + len(END)]
        self._searched, self._in_data = 0, False
        self._transport.write(b"250 2.0.0 sunk\r\n")
        return True

    def _take(self, letter: bytes) -> None:
        sunk, now = self._sunk(), time.monotonic()
        sunk.count += 1
        sunk.unsigned += not letter.startswith(b"DKIM-Signature:")
        if found := MARKER.search(letter):
            sunk.arrived[found[0], self._recipient] = now
        if len(sunk.kept) < KEEP:
            sunk.kept.append((self._recipient, letter))
