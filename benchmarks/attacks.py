"""What attackers do to a server, each in a process of its own: `attack(pipe, port)` says "begun" and goes on until it is ended.

Every address in 127/8 is this machine (on Linux), so that attackers and honest clients can have different ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from multiprocessing.connection import Connection

from tests.harness import DOMAIN

ATTACKER = "127.0.0.2"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
MB = 1_000_000
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def connected(port: int, source: str = ATTACKER) -> AsyncIterator[Streams]:
    """A connection up to and with EHLO."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        await reader.readline()
        writer.write(b"EHLO flood.example\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
        yield reader, writer
    finally:
        writer.transport.abort()


async def for_ever(what: Callable[[], Awaitable[None]], pause: float = 0.0) -> None:
    """Does it again and again, whatever the server makes of it, about `pause` seconds between."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await what()
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))


def run(pipe: Connection, clients: list[Awaitable[None]]) -> None:
    """All of these at once."""

    async def main() -> None:
        running = [asyncio.ensure_future(client) for client in clients]
        await asyncio.sleep(1)
        pipe.send("begun")
        await asyncio.gather(*running)

    asyncio.run(main())


# ── attacks ────────────────────────────────────────────────────────────────────────────────────────────────


def idle(pipe: Connection, port: int, addresses: int = 1) -> None:
    """3,000 connections that say nothing; one that is closed comes again about a second later."""

    async def sit(source: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        try:
            await reader.read()
        finally:
            writer.transport.abort()

    sources = itertools.islice(itertools.cycle(f"127.0.1.{number}" for number in range(1, addresses + 1)), 3000)
    run(pipe, [for_ever(lambda source=source: sit(source), 1.0) for source in sources])  # type: ignore[misc]


def crowd(pipe: Connection, port: int) -> None:
    """The same from thirty addresses: together they fill the whole house."""
    idle(pipe, port, 30)


def endless(pipe: Connection, port: int) -> None:
    """300 MB of DATA without a line end, again and again."""

    async def pour() -> None:
        async with connected(port) as (reader, writer):
            writer.write(f"MAIL FROM:<a@flood.example>\r\nRCPT TO:<postmaster@{DOMAIN}>\r\nDATA\r\n".encode())
            for _ in range(3):
                await reader.readline()
            for _ in range(300):
                writer.write(b"x" * MB)
                await writer.drain()
            writer.write(b"\r\n.\r\n")
            await reader.readline()

    run(pipe, [for_ever(pour)])


def recipients(pipe: Connection, port: int) -> None:
    """10,000 RCPT at once to addresses that look like a ticket's, again and again."""

    async def guess() -> None:
        async with connected(port) as (reader, writer):
            writer.write(b"MAIL FROM:<a@flood.example>\r\n")
            guesses = ("".join(secrets.choice(ALPHABET) for _ in range(26)) for _ in range(10_000))
            writer.write(b"".join(f"RCPT TO:<t-{token}@{DOMAIN}>\r\n".encode() for token in guesses))
            await reader.read()

    run(pipe, [for_ever(guess)])


def slow(pipe: Connection, port: int) -> None:
    """100 clients with a byte a second, half of them in a command and half in DATA; who is cut off comes again."""

    async def drip(start: bytes) -> None:
        async with connected(port) as (_reader, writer):
            writer.write(start)
            while not writer.is_closing():
                writer.write(b"N")
                await writer.drain()
                await asyncio.sleep(1)

    mail = f"MAIL FROM:<a@flood.example>\r\nRCPT TO:<postmaster@{DOMAIN}>\r\nDATA\r\n".encode()
    run(pipe, [for_ever(lambda start=start: drip(start), 1.0) for start in [b"", mail] * 50])  # type: ignore[misc]


def pipelining(pipe: Connection, port: int) -> None:
    """Ten clients with 10,000 commands at once each, who never read, again and again."""

    async def shout() -> None:
        async with connected(port) as (_reader, writer):
            writer.write(b"HELP\r\nNOOP\r\nVRFY x\r\nRSET\r\n" * 2500)
            await writer.drain()
            await asyncio.sleep(5)

    run(pipe, [for_ever(shout) for _ in range(10)])


def mails(pipe: Connection, port: int) -> None:
    """500 mails a second from one address, which is far over its limit soon."""

    async def press() -> None:
        async with connected(port) as (reader, writer):
            while True:
                writer.write(b"MAIL FROM:<a@flood.example>\r\nRSET\r\n")
                if not (await reader.readline()) or not (await reader.readline()):
                    return
                await asyncio.sleep(10 / 500)

    run(pipe, [for_ever(press) for _ in range(10)])
