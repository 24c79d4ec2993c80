"""What a signature must cover to say anything about the mail as it is read: its author, subject, age and structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from datetime import UTC
from email.utils import parsedate_to_datetime

from relay.mail.parts.part import Part
from relay.mail.seals import codings
from relay.mail.seals.fields import Header

# What says how the body is to be read. Added to a mail that had none of it, it makes other words of the same bytes.
_CODING = "content-transfer-encoding"
_STRUCTURE = ("content-type", _CODING, "content-disposition")
_FIRST_LINE = re.compile(rb"(?:\r\n)*+([^\r\n]*)")
_PARTS = re.compile(rb"(?:\r\n)*+--[^\r\n]++\r\nContent-", re.IGNORECASE)
_TAG = re.compile(rb"<[A-Za-z!/]")


def problem(header: Header, covers: Set[str], raw: bytes, seen: Part, fitting: Callable[[str], Set[str]]) -> str:
    """Why a signature over the fields `covers` does not count; "" when it does. `fitting` is `codings.fitting` of the body."""
    if "from" not in covers:
        return "it does not cover From"
    if header.doubled:
        return f"the mail has {header.doubled} twice"
    if "subject" in header.named and "subject" not in covers:
        return "it does not cover Subject"
    uncovered = [name for name in _STRUCTURE if name in header.named and name not in covers]
    if "content-type" not in covers and not header.named.get("content-type") and _PARTS.match(raw, header.body):
        return "it does not cover content-type, which is gone"
    if uncovered and not ("mime-version" in header.named and "mime-version" in covers):
        return f"it does not cover {uncovered[0]}"
    unfit = [name for name in uncovered if name != _CODING and not _fits(name, header, raw, seen)]
    if _CODING not in covers and not _is_coded(covers, seen, fitting):
        unfit.append(_CODING)
    return f"it does not cover {unfit[0]}, which does not fit the body" if unfit else ""


def _fits(name: str, header: Header, raw: bytes, seen: Part) -> bool:
    """Whether a field of structure is what the signed body itself looks like.

    Gmail covers MIME-Version and never the others, so that anybody can change them on the way: a multipart must then have the
    boundary of the body's first line, for that of a mail quoted in it would show other parts of the same bytes; what is declared
    as text must not begin as a multipart does, for then attached files would be read as text; a page must have tags; and a body
    of text is no file.
    """
    if name == "content-disposition":
        return header.named[name][0].value.strip().lower() == b"inline"
    if seen.kind.startswith("multipart/"):
        return _has_boundary(header, raw, seen)
    if _PARTS.match(raw, header.body):
        return False
    return seen.kind == "text/plain" or (seen.kind == "text/html" and _TAG.search(seen.data()) is not None)


def _is_coded(covers: Set[str], seen: Part, fitting: Callable[[str], Set[str]]) -> bool:
    """Whether the encoding, or that there is none said, is the one that the signed body itself shows; parts have their own."""
    coding = str(seen.get(_CODING, "")).lower()
    if coding.strip() in codings.PLAIN:
        coding = coding.strip()
    if seen.is_multipart():
        return coding in codings.PLAIN
    return coding in fitting(seen.parameter("charset") if "content-type" in covers else "")


def _has_boundary(header: Header, raw: bytes, seen: Part) -> bool:
    boundary = seen.get_boundary("").encode("utf-8", "surrogateescape")
    first = _FIRST_LINE.match(raw, header.body)
    return first is not None and bool(boundary) and first[1].rstrip(b" \t") == b"--" + boundary


def dated(header: Header, covers: Set[str]) -> int | None:
    """The Date in Unix seconds, where there is one that can be read and is covered."""
    if "date" not in covers or "date" not in header.named:
        return None
    try:
        found = parsedate_to_datetime(header.named["date"][0].value.decode("ascii"))
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
