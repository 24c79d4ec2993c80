"""SHA-256 of a body in its canonical forms (RFC 6376 §3.4.3, §3.4.4), in pieces: a large mail is not copied as a whole.

The same as dkimpy computes, whose regular expressions need the square of a long run of blanks, and a list with a piece for each
word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Literal

Form = Literal["simple", "relaxed"]
_PIECE = 1_000_000  # bytes
_ENDS = re.compile(rb"(?:\n\r)*+")  # CRLFs, read backwards


def digest(raw: bytes, start: int, form: Form) -> bytes:
    """Of the body of `raw`, which begins at `start`."""
    hashed, empty, waiting = sha256(), form == "simple", 0
    for piece in _pieces(raw, start, _FORMS[form]):
        ends = _line_ends(piece)
        if len(piece) > 2 * ends:
            hashed.update(b"\r\n" * waiting)
            hashed.update(memoryview(piece)[: len(piece) - 2 * ends])
            waiting, empty = ends, True
        else:
            waiting += ends
    hashed.update(b"\r\n" if empty else b"")
    return hashed.digest()


def _pieces(raw: bytes, start: int, form: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The body in its form, cut after line ends."""
    while start < len(raw):
        end = raw.find(b"\n", start + _PIECE) + 1 or len(raw)
        yield form(raw[start:end])
        start = end


def _simple(piece: bytes) -> bytes:
    return piece


def _relaxed(piece: bytes) -> bytes:
    piece = piece.replace(b"\t", b" ")
    while b"  " in piece:
        piece = piece.replace(b"  ", b" ")
    return piece.replace(b" \r\n", b"\r\n")


_FORMS: dict[Form, Callable[[bytes], bytes]] = {"simple": _simple, "relaxed": _relaxed}


def _line_ends(piece: bytes) -> int:
    """How many CRLFs there are at the end."""
    tail = piece[len(piece.rstrip(b"\r\n")) :]
    match = _ENDS.match(tail[::-1])
    return match.end() // 2 if match else 0
