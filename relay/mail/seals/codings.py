"""The transfer encodings that a body may have (RFC 2045 §6), told by its own bytes: what nobody has signed must not choose one.

A body fits one encoding, or several under which it says the same; one that could be read in two ways fits none. Blanks at the end
of a line, and how many stand side by side, decide nothing: they may change under the canonical form "relaxed".
"""

from __future__ import annotations

import binascii
import re

from relay.mail.parts import transfer

PLAIN = frozenset({"", "7bit", "8bit", "binary"})
QUOTED = frozenset({"quoted-printable"})
BASE64 = frozenset({"base64"})
_NONE: frozenset[str] = frozenset()
_FULL = 60  # characters of a line that was full, at least

_EMPTY = re.compile(rb"\s*+")
_ALPHABET = re.compile(rb"(?:[A-Za-z0-9+/]*+[ \t]*+\r\n)*+[A-Za-z0-9+/]*+=?=?\s*+")
_FIRST_FULL = re.compile(rb"\s*+[A-Za-z0-9+/]{%d}" % _FULL)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

_COLUMN = rb"(?:(?<![ \t])[ \t]++(?![\r\n]|\Z)|[^ \t\r\n])"
_SOFT_BREAK = rb"=[ \t]*+(?:\r\n|\Z)"
_LINE = rb"(?:(?<=\n)|\A)"
_LITERAL = rb"[\t\r\n -<>-~]++"
_SOFT = re.compile(_SOFT_BREAK)
_HIGH = re.compile(rb"=[89A-F][0-9A-F]")
_LONG = re.compile(_LINE + _COLUMN + rb"{77}")  # RFC 2045 §6.7 (5)
_ESCAPED = re.compile(rb"(?:" + _LITERAL + rb"|=[0-9A-Fa-f]{2}|" + _SOFT_BREAK + rb")*+")
# What encoders write: beyond ASCII, "=", tabs, blanks at the end of a line, "From " and a dot at its beginning.
_WRITTEN = re.compile(
    rb"(?:" + _LITERAL + rb"|=[89A-F][0-9A-F]|=3D|=09|=20(?=[ \t]*+(?:\r\n|\Z)|" + _SOFT_BREAK + rb")"
    rb"|(?<=\n)=(?:46(?=rom )|2E)|" + _SOFT_BREAK + rb")*+"
)
# What tells them from a writer's own "=" at the end of a line.
_TRACE = re.compile(rb"=[89A-F][0-9A-F]|=3D|" + _LINE + _COLUMN + rb"{%d,76}" % _FULL + _SOFT_BREAK)


def fitting(raw: bytes, start: int, charset: str = "") -> frozenset[str]:
    """The values of Content-Transfer-Encoding that fit the body of `raw`, which begins at `start` and has CRLF; "" for no field.

    `charset` is that of the text where it is signed. Linear time.
    """
    if _EMPTY.fullmatch(raw, start):
        return PLAIN | QUOTED | BASE64
    if _is_base64(raw, start, charset):
        return BASE64
    if raw.find(b"=", start) < 0:
        return PLAIN | QUOTED
    if _LONG.search(raw, start) or not _ESCAPED.fullmatch(raw, start):
        return PLAIN
    if _WRITTEN.fullmatch(raw, start) and _TRACE.search(raw, start):
        return QUOTED if _is_text(transfer.quoted(raw[start:]), charset) else _NONE
    return _NONE if _SOFT.search(raw, start) or _HIGH.search(raw, start) else PLAIN  # "?id=4711": no encoder escapes that


def _is_base64(raw: bytes, start: int, charset: str) -> bool:
    """Whether a body is base64 and nothing else, on full lines, or of text: a single word may look like it."""
    if not _ALPHABET.fullmatch(raw, start):
        return False
    bare = raw[start:].translate(None, b" \t\r\n")
    return len(bare) % 4 == 0 and (_FIRST_FULL.match(raw, start) is not None or _is_text(binascii.a2b_base64(bare), charset))


def _is_text(data: bytes, charset: str) -> bool:
    try:
        return not _BINARY.search(data.decode(charset or "utf-8"))
    except (LookupError, ValueError):
        return False
