"""Plain text as format=flowed (RFC 3676): sentences in lines of 72 columns that a client may join again.

What a person wrote keeps its lines, however long: a wrapped log or address would have to be mended by hand where a client does
not know of soft line ends.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

COLUMNS = 72
_WORD = re.compile(r" *[^ ]+ *| +")


def flowed(text: str, kept: Collection[str] = ()) -> str:
    """The text with soft line ends, and stuffed where it must be (RFC 3676 §4.4); the lines `kept` are not wrapped."""
    return "\n".join(soft for line in text.split("\n") for soft in _soft(line.rstrip(" "), kept))


def long_lines(text: str) -> frozenset[str]:
    """The lines of a text that would be wrapped."""
    return frozenset(line.rstrip(" ") for line in text.split("\n") if len(line) > COLUMNS)


def _soft(line: str, kept: Collection[str]) -> Iterator[str]:
    """The pieces of a line; all but the last end in a blank."""
    if len(line) <= COLUMNS or line in kept or line.startswith(">"):
        yield f" {line}" if line.startswith((" ", "From ")) else line
        return
    piece = ""
    for word in _WORD.findall(line):
        if piece and len(piece) + len(word.rstrip(" ")) > COLUMNS:
            yield _stuffed(piece)
            piece = ""
        piece += word
    yield _stuffed(piece)


def _stuffed(piece: str) -> str:
    return f" {piece}" if piece.startswith((" ", ">", "From ")) else piece
