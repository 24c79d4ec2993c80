"""The files of a mail: names made safe to show, pictures that stand in the text, attached mails whole."""

from __future__ import annotations

import email.parser
import hashlib
import html
import mimetypes
import re
from collections.abc import Iterable
from urllib.parse import unquote

from relay.mail.parts import dangers, headers, kinds
from relay.mail.parts.part import Part, file_name
from relay.model import Attachment

LONGEST_NAME = 150  # characters
_SEPARATORS = re.compile(r"[/\\]+")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_CHARACTER = re.compile(r"&#\d{2,6};")
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
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


def read(files: Iterable[Part], pictures: dict[str, str], withhold: frozenset[str]) -> tuple[Attachment, ...]:
    """The files with their bytes; an attached mail is one .eml, byte for byte. `withhold`: see `dangers`."""
    return tuple(_attachment(part, pictures.get(content_id(part), ""), withhold) for part in files)


def _attachment(part: Part, picture: str, withhold: frozenset[str]) -> Attachment:
    content = part.data()
    kind = kinds.of(part.kind, content) if not part.kind.startswith("message/") else part.kind
    shown = name(part, content, kind)
    return Attachment(
        name=shown,
        type=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=picture,
        content=content,
        withheld=dangers.danger(shown, content, withhold, given_name(part)),
    )


def given_name(part: Part) -> str:
    """A file's name as the sender gave it, decoded and not cleaned, or ""."""
    decoded = _unpercent(headers.decode_words(file_name(part)))
    return _CHARACTER.sub(lambda found: html.unescape(found[0]), decoded)


def name(part: Part, content: bytes = b"", kind: str = "") -> str:
    """A file's name, never empty: as the sender gave it and clean, else one by its subject or by `kind`, its type."""
    given, kind = cleaned(given_name(part)), kind or part.kind
    if kind in ("message/rfc822", "message/global"):
        stem = given.removesuffix(".eml") or cleaned(_subject(content)) or "message"
        return f"{stem}.eml"
    return given or f"{kind.split('/')[0] or 'file'}{_extension(kind)}"


def cleaned(raw: str) -> str:
    """A name without directories, unseen characters and what file systems refuse; "" when nothing is left."""
    last = [each for each in _SEPARATORS.split(headers.clean(raw.replace("\u2800", " "))) if each.strip(". ")]
    bare = _FORBIDDEN.sub("_", last[-1]).strip().rstrip(". ") if last else ""
    if not any(map(str.isalnum, bare)):
        return ""
    bare = f"_{bare}" if _DEVICE.match(bare) else bare
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
