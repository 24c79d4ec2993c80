"""ZIP archives: read with a bound, written the same way every time. PKWARE APPNOTE.

Written are names and contents in the order they came, stored or deflated as they came; comments, extra fields (a user's
id, times), dates and what lies between the members are not.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from relay.cleaning.inside import Inside, Uncleanable

_DATE = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED, _UTF8 = 0x1, 0x800
_ENTRY = b"PK\x01\x02"
_MAX_ENTRIES = 50_000  # counted before they are read; those of archives within count too


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive: its name as read, its bytes, whether it was stored, and its name's bytes and flag."""

    name: str
    data: bytes
    stored: bool
    raw_name: tuple[bytes, int]


class _Entry(zipfile.ZipInfo):
    """An entry that keeps the bytes of its name: without the flag for UTF-8 only its maker knows their charset."""

    raw_name: tuple[bytes, int] = (b"", 0)

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the library's own name
        return self.raw_name


def names(content: bytes) -> frozenset[str]:
    """The members' names. Raises Uncleanable for too many, and zipfile's own errors."""
    return frozenset(entry.filename for entry in _entries(content))


def _entries(content: bytes) -> list[zipfile.ZipInfo]:
    if content.count(_ENTRY) > _MAX_ENTRIES:
        raise Uncleanable("archive: too many members")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.infolist()


def read(content: bytes, inside: Inside) -> list[Member]:
    """The members. Raises Uncleanable for encrypted, doubled or too many of them, and zipfile's, zlib's own errors."""
    entries = _entries(content)
    if len({entry.filename for entry in entries}) != len(entries):
        raise Uncleanable("archive: two members of one name")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [_read(archive, entry, inside) for entry in entries]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, inside: Inside) -> Member:
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Uncleanable("archive: a member that is encrypted, or packed in a way we do not know")
    inside.spend(entry.file_size)
    with archive.open(entry) as packed:
        data = packed.read(entry.file_size)  # with a number zipfile unpacks no more than that, whatever the stream holds
    return Member(entry.filename, data, entry.compress_type == zipfile.ZIP_STORED, _raw_name(entry))


def _raw_name(entry: zipfile.ZipInfo) -> tuple[bytes, int]:
    """The name's bytes and flag, as they came; in UTF-8 where an extra field told the name."""
    utf8 = bool(entry.flag_bits & _UTF8) or entry.filename != entry.orig_filename
    return (entry.filename.encode(), _UTF8) if utf8 else (entry.filename.encode("cp437"), 0)


def write(members: Iterable[Member]) -> bytes:
    """An archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in members:
            archive.writestr(_entry(member), member.data, compresslevel=6)
    return out.getvalue()


def _entry(member: Member) -> _Entry:
    entry = _Entry(member.name, _DATE)
    entry.raw_name = member.raw_name
    entry.compress_type = zipfile.ZIP_STORED if member.stored else zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = (0o40755 << 16 | 0x10) if entry.is_dir() else 0o100644 << 16
    return entry
