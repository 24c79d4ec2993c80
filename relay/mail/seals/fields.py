"""The header as signatures see it: fields byte for byte, or none where two readers could see different ones.

The parser that reads a mail for display is lenient. A header is only taken here when it leaves nothing to lenience, and when that
parser has found the very same fields in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import cached_property

# Fields that a mail has once at most (RFC 5322 §3.6, RFC 2045 §3): of two, one reader shows the first, another the last.
SINGLE = frozenset({
    "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition",
})  # fmt: skip

_FIELD = rb"[!-9;-~]+[ \t]*+:[^\0\r\n]*\r\n(?:[ \t]+[^\0\r\n\t ][^\0\r\n]*\r\n)*+"
_HEADER = re.compile(rb"(?:" + _FIELD + rb")*+")
_EACH = re.compile(_FIELD)
_WHITE = re.compile(rb"[ \t]+")


class Malformed(Exception):
    """A header of which no signature counts; the text says why."""


@dataclass(frozen=True)
class Field:
    """One field; `raw` is all of it with its last CRLF, `name` is lower case."""

    raw: bytes

    @cached_property
    def name(self) -> str:
        return self.raw[: self.raw.index(b":")].rstrip(b" \t").decode("ascii").lower()

    @property
    def value(self) -> bytes:
        return self.raw[self.raw.index(b":") + 1 :]

    @cached_property
    def relaxed(self) -> bytes:
        return relaxed(self.raw)


@dataclass(frozen=True)
class Header:
    """All fields of a mail in their order, and where its body begins."""

    fields: tuple[Field, ...]
    body: int

    @cached_property
    def named(self) -> Mapping[str, list[Field]]:
        """The fields of each name, in order."""
        found: dict[str, list[Field]] = {}
        for field in self.fields:
            found.setdefault(field.name, []).append(field)
        return found

    @cached_property
    def doubled(self) -> str:
        """The first name that stands there more often than it may, "" for none."""
        return next((name for name, found in self.named.items() if len(found) > 1 and name in SINGLE), "")

    def selected(self, names: Iterable[str], without: Field) -> Iterator[Field]:
        """The fields that a list of names means, each name the next one from below (RFC 6376 §5.4.2)."""
        left = {name: [field for field in found if field is not without] for name, found in self.named.items()}
        for name in names:
            if left.get(name):
                yield left[name].pop()


def split(raw: bytes, seen: Message) -> Header:
    """The header of a mail with CRLF line ends, which the display parser has read as `seen`.

    Raises Malformed for a line that is neither a field nor its continuation, for NUL, bare CR or LF, a continuation of blanks
    only, and where `seen` has other fields. A blank before the colon is obsolete, but lawful (RFC 5322 §4.5).
    """
    match = _HEADER.match(raw)
    end = match.end() if match else 0
    if raw[end : end + 2] not in (b"\r\n", b""):
        raise Malformed("its header is malformed")
    header = Header(tuple(map(Field, _EACH.findall(raw, 0, end))), end + 2)
    if [_as_parsed(field) for field in header.fields] != [(name, _even(str(value))) for name, value in seen.raw_items()]:
        raise Malformed("its header can be read in two ways")
    return header


def relaxed(raw: bytes) -> bytes:
    """A field in the canonical form "relaxed" (RFC 6376 §3.4.2), with CRLF."""
    name, _, value = raw.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _WHITE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


def _as_parsed(field: Field) -> tuple[str, str]:
    name, _, value = field.raw.decode("ascii", "surrogateescape").partition(":")
    return name.rstrip(" \t"), _even(value)


def _even(value: str) -> str:
    return value.replace("\r\n", "\n").strip(" \t\n")
