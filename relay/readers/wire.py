"""What goes between the relay and a process that reads for it, over a pair of sockets.

A request is the job's name, what it is told beside (JSON), and the foreign bytes, each with its length before it. An answer is a
pair (`Verdict`, value), pickled, with its length before it: both ends are the same program of the same user, and the foreign
bytes are never unpickled.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
import struct
from io import BufferedReader
from typing import Any, Literal

# done: the result · refused: the arguments of Refused · over: memory · failed: what was raised, and where
Verdict = Literal["done", "refused", "over", "failed"]
Answer = tuple[Verdict, Any]
_LENGTH = struct.Struct("!Q")
_SMALL = 64 * 1024  # bytes: what is larger is not copied to stand behind its length


# ── the relay's end ────────────────────────────────────────────────────────────────────────────────────────


async def ask(process: socket.socket, name: str, beside: dict[str, Any], content: bytes) -> None:
    """Sends a request; the socket does not block. Raises OSError when the process has died."""
    loop, told = asyncio.get_running_loop(), _framed(name.encode()) + _framed(json.dumps(beside).encode())
    head = told + _LENGTH.pack(len(content))
    if len(content) <= _SMALL:
        await loop.sock_sendall(process, head + content)
    else:
        await loop.sock_sendall(process, head)
        await loop.sock_sendall(process, content)


async def answer(process: socket.socket) -> Answer:
    """What the process says. Raises EOFError or OSError when it has died."""
    loop = asyncio.get_running_loop()
    begun = await loop.sock_recv(process, _SMALL)
    while begun and len(begun) < _LENGTH.size:
        begun += await loop.sock_recv(process, _SMALL)
    if not begun:
        raise EOFError("the process has ended")
    (length,) = _LENGTH.unpack_from(begun)
    content, have = bytearray(length), len(begun) - _LENGTH.size
    content[:have] = memoryview(begun)[_LENGTH.size :]
    view = memoryview(content)
    while have < length:
        count = await loop.sock_recv_into(process, view[have:])
        if not count:
            raise EOFError("the process has ended")
        have += count
    unpacked: Answer = pickle.loads(content)  # noqa: S301 - of our own process
    return unpacked


# ── the other end ──────────────────────────────────────────────────────────────────────────────────────────


def request(source: BufferedReader) -> tuple[str, dict[str, Any], bytes] | None:
    """The next job, what it is told beside, and its bytes; None when the relay has gone."""
    name, beside, content = _content(source), _content(source), _content(source)
    return None if name is None or beside is None or content is None else (name.decode(), json.loads(beside), content)


def _content(source: BufferedReader) -> bytes | None:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = source.read(length)
    return content if len(content) == length else None


def packed(told: Answer) -> bytes:
    """The answer as it is sent, but for its length."""
    return pickle.dumps(told, pickle.HIGHEST_PROTOCOL)


def send(relay: socket.socket, content: bytes) -> None:
    """Sends a packed answer; the socket blocks. Raises OSError when the relay has gone."""
    if len(content) <= _SMALL:
        relay.sendall(_framed(content))
    else:
        relay.sendall(_LENGTH.pack(len(content)))
        relay.sendall(content)


def _framed(content: bytes) -> bytes:
    return _LENGTH.pack(len(content)) + content
