r"""clamd, asked about one file at a time: INSTREAM over its unix socket or TCP (clamd(8), "COMMANDS").

A question is a connection: `zINSTREAM\0`, pieces with their length before them (four bytes, big-endian), a piece of length 0. The
answer ends with a NUL byte.

| answer | what it means |
| --- | --- |
| `stream: OK` | nothing was found |
| `stream: NAME FOUND` | infected |
| `INSTREAM size limit exceeded. ERROR` | the file is larger than clamd's StreamMaxLength: it has not looked |
| another ERROR, anything else, nothing at all | nobody knows |
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from relay.settings import ScanSettings

SECONDS = 120.0  # for one answer: clamd's own limit for a file (MaxScanTime)
CONNECT = 5.0  # seconds until it takes a connection
PIECE = 256 * 1024  # bytes sent at once
LONGEST = 4096  # bytes of an answer
_FOUND = re.compile(r"stream: (.+) FOUND")


class Unscanned(Exception):
    """The scanner has not said whether a file is infected; the text says why."""


class TooLarge(Unscanned):
    """It does not look at files of that size."""


class Away(Unscanned):
    """It does not answer at all, so it will not answer for the next file either."""


class Clamd:
    """The clamd of `[scan]`. May be asked several things at once."""

    def __init__(self, settings: ScanSettings, seconds: float = SECONDS) -> None:
        self._settings, self._seconds = settings, seconds

    async def scan(self, content: bytes) -> str:
        """What the file is infected with, "" for nothing. Raises Unscanned."""
        return verdict(await self._ask(b"zINSTREAM\0", content))

    async def ping(self) -> None:
        """Raises Unscanned unless it answers."""
        if (answer := await self._ask(b"zPING\0")) != b"PONG":
            raise Unscanned(f"it said {_shown(answer)}")

    async def _ask(self, command: bytes, content: bytes | None = None) -> bytes:
        try:
            async with self._connected() as link, asyncio.timeout(self._seconds):
                with suppress(BrokenPipeError, ConnectionResetError):  # it may have said already that it wants no more
                    await _send(link, command, content)
                return await _answer(link)
        except TimeoutError:
            raise Away(f"no answer within {self._seconds:g} s") from None
        except OSError as error:
            raise Away(error.strerror or str(error)) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[socket.socket]:
        link = await self._connect()
        with link:
            yield link

    async def _connect(self) -> socket.socket:
        """The first of its addresses that takes a connection. Raises OSError; TimeoutError is one."""
        failure = OSError("it has no address")
        for family, where in await self._addresses():
            link = socket.socket(family, socket.SOCK_STREAM)
            link.setblocking(False)
            try:
                async with asyncio.timeout(min(CONNECT, self._seconds)):
                    await asyncio.get_running_loop().sock_connect(link, where)
            except OSError as error:
                link.close()
                failure = error
            except BaseException:
                link.close()
                raise
            else:
                return link
        raise failure

    async def _addresses(self) -> list[tuple[socket.AddressFamily, Any]]:
        if self._settings.path:
            return [(socket.AF_UNIX, self._settings.path)]
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._settings.host, self._settings.port, type=socket.SOCK_STREAM)
        return [(family, where) for family, _, _, _, where in found]


def verdict(answer: bytes) -> str:
    """What a file is infected with, by clamd's answer; "" for nothing. Raises Unscanned."""
    text = answer.decode("utf-8", "replace")
    if text == "stream: OK":
        return ""
    if found := _FOUND.fullmatch(text):
        return found[1]
    raise (TooLarge if "size limit exceeded" in text else Unscanned)(f"it said {_shown(answer)}")


async def _send(link: socket.socket, command: bytes, content: bytes | None) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(link, command)
    if content is None:
        return
    for start in range(0, len(content), PIECE):
        piece = content[start : start + PIECE]
        await loop.sock_sendall(link, len(piece).to_bytes(4, "big") + piece)
    await loop.sock_sendall(link, bytes(4))


async def _answer(link: socket.socket) -> bytes:
    """What it says, without the NUL at the end. Raises Away when it hangs up before, or goes on and on."""
    loop, answer = asyncio.get_running_loop(), b""
    while b"\0" not in answer:
        more = await loop.sock_recv(link, LONGEST)
        answer += more
        if not more or len(answer) > LONGEST:
            raise Away(f"it broke off after {_shown(answer)}" if answer else "it hung up without an answer")
    return answer.partition(b"\0")[0].strip()


def _shown(answer: bytes) -> str:
    return repr(answer[:100].decode("utf-8", "replace"))
