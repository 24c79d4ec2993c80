"""Parts that hold others in their own ways, and those that only wrap: winmail.dat, S/MIME, lost boundaries, Macintosh files."""

from __future__ import annotations

import re

from relay.mail.parts import apple, smime, tnef
from relay.mail.parts.part import Part, file_name

_OUTLOOK = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
_SIGNATURE_NAMES = (".p7s",)
_ENCRYPTION = "application/pgp-encrypted"  # the part of RFC 3156 §4 that says nothing but its version
_OCTETS = "application/octet-stream"
_CALENDAR = "text/calendar"
# A line that looks like a boundary, with a part's header below it.
_LOST = re.compile(
    rb"^--([0-9A-Za-z'()+_,./:=?-][0-9A-Za-z'()+_,./:=? -]{0,198})\r?\n(?=Content-[A-Za-z-]{1,40}[ \t]*:)", re.M | re.I
)
_PREAMBLE = 4000  # bytes that may stand before it


def hidden_entity(part: Part, is_whole: bool) -> bytes | None:
    """The raw entity in a part that is signed and packed, or that is a multipart whose boundary is missing or another one."""
    if part.kind in smime.KINDS or (part.kind == _OCTETS and _name(part).endswith(".p7m")):
        return smime.content(part.data())
    if part.kind.startswith("multipart/"):
        return _with_boundary(part.kind, part.data())
    if is_whole and "content-type" not in part and isinstance(part.get_payload(), str):
        return _with_boundary("multipart/mixed", part.data())  # the end of its header was cut off
    return None


def _with_boundary(kind: str, data: bytes) -> bytes | None:
    found = _LOST.search(data, 0, _PREAMBLE)
    boundary = found[1].rstrip(b" ") if found else b""
    return b'Content-Type: %s; boundary="%s"\r\n\r\n%s' % (kind.encode("ascii", "replace"), boundary, data) if boundary else None


def outlook(part: Part) -> tuple[str | None, str | None, list[Part]] | None:
    """The plain and HTML body and the files of a winmail.dat; None for any other part."""
    if part.kind not in _OUTLOOK and _name(part) not in ("winmail.dat", "win.dat"):
        return None
    opened = tnef.read(part.data())
    if opened is None:
        return None
    return opened.plain, opened.html, [Part.of(_typed(file), file.content, file.name, file.content_id) for file in opened.files]


def _typed(file: tnef.File) -> str:
    """A file's type as a Content-Type may say it; nothing in it is opened a second time."""
    fits = re.fullmatch(r"(?a)[\w.+-]{1,60}/[\w.+-]{1,60}", file.type)
    return file.type.lower() if fits and not file.type.lower().startswith(("multipart/", "message/")) else _OCTETS


def is_wrapping(part: Part) -> bool:
    """Whether a part is no file to anybody: a signature, a version number, resources of a Macintosh."""
    if part.kind in _SIGNATURES or part.kind == _ENCRYPTION:
        return True
    if part.kind == _OCTETS and _name(part).endswith(_SIGNATURE_NAMES):
        return True
    return part.kind in (*apple.KINDS, _OCTETS) and apple.is_resources(part.data())


def forked(part: Part) -> Part:
    """The part itself; an AppleSingle file without what only a Macintosh can use."""
    if part.kind in apple.KINDS and (content := apple.data_fork(part.data())) is not None:
        return Part.of(_OCTETS, content, file_name(part))
    return part


def is_other_reading(part: Part) -> bool:
    """Whether a part of an alternative is one more reading, of a kind that we do not read: AMP, a watch's."""
    known = ("text/plain", "text/html", "text/enriched", "text/richtext", _CALENDAR)
    return part.kind.startswith("text/") and part.kind not in known and not file_name(part)


def without_repeats(files: list[Part]) -> list[Part]:
    """The files without those unnamed calendars that are there by name, too: both forms of one invitation."""
    if not any(part.kind == _CALENDAR for part in files):
        return files
    named = {part.data() for part in files if part.kind in (_CALENDAR, "application/ics", _OCTETS) and file_name(part)}
    return [part for part in files if part.kind != _CALENDAR or file_name(part) or part.data() not in named]


def _name(part: Part) -> str:
    return file_name(part).strip().lower()
