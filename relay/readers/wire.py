"""What goes between the relay and a process that reads for it, over a pair of sockets.

A request is the job's name, what it is told beside (JSON), and the foreign bytes, each with its length before it. An answer is a
pair (`Verdict`, value), pickled, with its length before it: both ends are the same program of the same user, and the foreign
bytes are never unpickled.
"""

from __future__ import annotations

import json
import pickle
import socket
import struct
import time
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, Literal

# done: the result · refused: the arguments of Refused · over: memory · failed: what was raised, and where
Verdict = Literal["done", "refused", "over", "failed"]
Answer = tuple[Verdict, Any]
_LENGTH = struct.Struct("!Q")
_SMALL = 64 * 1024  # bytes: what is larger is not copied to stand behind its length


def send(to: socket.socket, *contents: bytes) -> None:
    """Sends each with its length. Raises TimeoutError when that takes longer than the socket's timeout, OSError."""
    for piece in _pieces(contents):
        to.sendall(piece)


def _pieces(contents: tuple[bytes, ...]) -> Iterator[bytes]:
    small = b""
    for content in contents:
        small += _LENGTH.pack(len(content))
        if len(content) < _SMALL:
            small += content
        else:
            yield small
            yield content
            small = b""
    if small:
        yield small


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


def packed(answer: Answer) -> bytes:
    """The answer as it is sent."""
    return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)


def answer(source: socket.socket, deadline: float) -> Answer:
    """What the process says. Raises TimeoutError after `deadline` (monotonic), EOFError or OSError when it has died."""
    (length,) = _LENGTH.unpack(_received(source, _LENGTH.size, deadline))
    unpacked: Answer = pickle.loads(_received(source, length, deadline))  # noqa: S301 - of our own process
    return unpacked


def _received(source: socket.socket, length: int, deadline: float) -> bytearray:
    content = bytearray(length)
    view, have = memoryview(content), 0
    while have < length:
        source.settimeout(max(deadline - time.monotonic(), 0.001))
        count = source.recv_into(view[have:])
        if not count:
            raise EOFError("the process has ended")
        have += count
    return content
