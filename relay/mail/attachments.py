"""The files of a mail: names made safe to show, pictures that stand in the text, attached mails whole."""

from __future__ import annotations

import email.parser
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from urllib.parse import unquote

from relay.mail import headers
from relay.mail.parse import Part, file_name
from relay.model import Attachment

LONGEST_NAME = 150  # characters
_SEPARATORS = re.compile(r"[/\\]+")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}){2,}")
_REFERENCE = re.compile(r"cid:([^\s\"'<>\])]{1,300})", re.IGNORECASE)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "image/jpeg": ".jpg",
    "text/calendar": ".ics",
    "message/global": ".eml",
}


def inline(files: Iterable[Part], bodies: Iterable[str]) -> dict[str, str]:
    """Content-ID → short id ("p1", "p2" …) of the pictures that the bodies (HTML or plain) name by `cid:`."""
    named = {unquote(found).strip("<>") for body in bodies for found in _REFERENCE.findall(body)}
    found = (content_id(part) for part in files)
    wanted = dict.fromkeys(each for each in found if each and each in named)
    return {each: f"p{number}" for number, each in enumerate(wanted, 1)}


def content_id(part: Part) -> str:
    """The part's Content-ID without angle brackets, or ""."""
    found = headers.values(part, "content-id")
    return headers.clean(found[0]).strip("<> ") if found else ""


def read(files: Iterable[Part], pictures: dict[str, str]) -> tuple[Attachment, ...]:
    """The files with their bytes; an attached mail is one .eml, byte for byte."""
    return tuple(_attachment(part, pictures.get(content_id(part), "")) for part in files)


def _attachment(part: Part, picture: str) -> Attachment:
    content = part.data()
    return Attachment(
        name=name(part, content),
        type=part.kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=picture,
        content=content,
    )


def name(part: Part, content: bytes = b"") -> str:
    """A file's name, never empty: as the sender gave it and clean, else one by its subject or type."""
    given = cleaned(_unpercent(headers.decode_words(file_name(part))))
    if part.kind in ("message/rfc822", "message/global"):
        stem = given.removesuffix(".eml") or cleaned(_subject(content)) or "message"
        return f"{stem}.eml"
    return given or f"{part.kind.split('/')[0] or 'file'}{_extension(part.kind)}"


def cleaned(raw: str) -> str:
    """A name without directories, unseen characters and what file systems refuse; "" when nothing is left."""
    last = [each for each in _SEPARATORS.split(headers.clean(raw)) if each.strip(". ")]
    bare = _FORBIDDEN.sub("_", last[-1]).strip().rstrip(".") if last else ""
    stem, dot, extension = bare.rpartition(".")
    if len(bare) <= LONGEST_NAME:
        return bare
    return f"{stem[: LONGEST_NAME - 12]}.{extension[:11]}" if dot else bare[:LONGEST_NAME]


def _unpercent(raw: str) -> str:
    """Some clients write RFC 2231's percent-encoding without its asterisk."""
    if not _PERCENT.search(raw):
        return raw
    try:
        return unquote(raw, errors="strict")
    except UnicodeDecodeError:
        return raw


def _subject(content: bytes) -> str:
    top = email.parser.BytesHeaderParser().parsebytes(content[:16_384])
    return headers.first(top, "subject")[:80]


def _extension(kind: str) -> str:
    return _EXTENSIONS.get(kind) or mimetypes.guess_extension(kind) or ".bin"
