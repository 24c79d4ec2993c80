"""The header of a raw mail, before any parser sees it: where it ends, how it is made even, who could be its author."""

from __future__ import annotations

import re

LARGEST = 512 * 1024  # bytes of a header that are looked at; a larger one is refused
_BREAK = rb"(?>\r\n|\r|\n)"
_EMPTY_LINE = re.compile(_BREAK + _BREAK)
# The lines that the parser takes for a header, once blanks before colons are gone.
_FIELDS = re.compile(rb"(?:(?:[!-9;-~]*+[ \t]*+:|[ \t]|From )[^\r\n]*+(?:" + _BREAK + rb"|\Z))*+")
_BLANKS = re.compile(rb"(?:(?<=[\r\n])|\A)([!-9;-~]++)[ \t]++(?=:)")
_FROM = re.compile(rb"(?:(?<=[\r\n])|\A[ \t]*+)[^!-~\t \r\n]*+From[^!-~\r\n]*+:", re.IGNORECASE)


def end(raw: bytes) -> int:
    """Where the body begins: behind the first empty line."""
    if raw[:1] in (b"\r", b"\n"):
        return 0
    match = _EMPTY_LINE.search(raw)
    return match.end() if match else len(raw)


def even(raw: bytes) -> bytes:
    """The mail without blanks before the colons of its header: lawful (RFC 5322 §4.5), but the parser's header ends there."""
    match = _FIELDS.match(raw, 0, LARGEST)
    stop = match.end() if match else 0
    header = raw[:stop]
    evened = _BLANKS.sub(rb"\1", header)
    return raw if evened == header else evened + raw[stop:]


def authors(raw: bytes) -> int:
    """How many lines there are, down to the first empty one, that some reader takes for a From field.

    Also one below a line that is no field, where many readers end the header, and one with blanks or unseen characters around its
    name. A line that goes on another is none.
    """
    return len(_FROM.findall(raw, 0, end(raw)))
