"""Texts longer than anybody writes: the first lines are read one by one, what is below is a file that somebody has pasted in.

There, quotes are told by `>`, and history by its mark alone: the few lines that may be one are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from relay.mail.text import blocks, marks
from relay.mail.text.marks import Line

LINES = 20_000  # of a text that are read one by one
SUSPECTS = 2_000  # lines below them that are looked at
_QUOTES = re.compile(r"(?m)(?:^[ \t\xa0]{0,4}>.*\n?)++")
# A ruler or banner; an address and a colon; a number, and a colon at the end.
_SUSPECT = re.compile(
    r"(?m)^(?:[ \t\xa0]*+[-_=*~─—–]{2}|(?=[^@\n]*+@)[^:：\n]*+[:：]|(?=[^\d\n]*+\d)[^\n]*+(?<=[:：])$)",
)


def parted(text: str) -> tuple[str, str]:
    """The first LINES lines of a text with LF, and the rest."""
    if text.count("\n") < LINES:
        return text, ""
    end = -1
    for _ in range(LINES):
        end = text.find("\n", end + 1)
    return text[:end], text[end + 1 :]


def unquoted(text: str) -> tuple[str, str]:
    """A text without the lines behind `>`, and those lines."""
    return _QUOTES.sub("", text), "".join(_QUOTES.findall(text))


def suspects(text: str) -> Iterator[tuple[int, list[Line], list[Line]]]:
    """The lines that may be a mark: where each begins, the few above it, and itself with as many below as a mark may have."""
    for match in islice(_SUSPECT.finditer(text), SUSPECTS):
        at = match.start()
        above = text[max(0, at - marks.LONGEST * marks.WINDOW) : at].split("\n")[:-1]
        below = text[at : at + marks.LONGEST * blocks.BLOCK].split("\n", blocks.BLOCK + 1)[: blocks.BLOCK + 1]
        yield at, marks.lines("\n".join(above[-2 * marks.WINDOW :])) if above else [], marks.lines("\n".join(below))
