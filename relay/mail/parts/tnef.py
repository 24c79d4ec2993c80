"""TNEF, what Outlook and Exchange put into winmail.dat: the body and the files of a mail (MS-OXTNEF).

Read in one pass: no count that the file gives is believed beyond its bytes. tnefparse, the library there is, loops four
thousand million times where a file says so, and takes zero bytes off the ends of files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from relay.mail.parts import charsets, rtf

FILES = 200
ATTRIBUTES = 5000
PROPERTIES = 1000  # of the message, and of each file
SIGNATURE = b"\x78\x9f\x3e\x22"

_BODY, _PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_FILE_BEGINS, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_PLAIN, _COMPRESSED_RTF, _HTML, _INTERNET_CODEPAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_DISPLAY_NAME, _SHORT_NAME, _LONG_NAME, _CONTENT, _TYPE, _CONTENT_ID = 0x3001, 0x3704, 0x3707, 0x3701, 0x370E, 0x3712
_FIXED = {2: 4, 11: 4, 3: 4, 4: 4, 10: 4, 5: 8, 6: 8, 7: 8, 20: 8, 64: 8, 72: 16}  # property type → bytes in the file
_TEXT, _WIDE_TEXT, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MANY, _NAMED = 0x1000, 0x8000
_EMBEDDED = 16  # bytes of an interface id before the bytes of an object
_CODEPAGES = {
    65001: "utf-8", 1200: "utf-16-le", 20127: "ascii", 20866: "koi8-r", 21866: "koi8-u", 50220: "iso-2022-jp", 51932: "euc-jp",
    51949: "euc-kr", 54936: "gb18030", **{28590 + part: f"iso-8859-{part}" for part in range(1, 17)},
}  # fmt: skip


@dataclass(slots=True)
class File:
    """A file in it; an attached message keeps its TNEF bytes."""

    name: str = ""
    content: bytes = b""
    type: str = "application/octet-stream"
    content_id: str = ""


@dataclass(slots=True)
class Opened:
    """What was in it: the body in the readings that there are, and the files."""

    plain: str | None = None
    html: str | None = None
    files: list[File] = field(default_factory=list)


def read(data: bytes) -> Opened | None:
    """The body and files of a TNEF stream; None when it is none. What is broken ends it where it breaks."""
    if not data.startswith(SIGNATURE):
        return None
    opened, codepage, told = Opened(), "cp1252", False
    for name, value in islice(_attributes(data), ATTRIBUTES):
        if name == _CODEPAGE and len(value) >= 4:
            codepage = _charset(_number(value))
        elif name == _BODY:
            opened.plain = opened.plain or _string(value, codepage)
        elif name == _PROPERTIES and not told:
            told = True
            _read_body(opened, dict(_properties(value)), codepage)
        elif name == _FILE_BEGINS and len(opened.files) < FILES:
            opened.files.append(File())
        elif opened.files:
            _read_file(opened.files[-1], name, value, codepage)
    opened.files = [file for file in opened.files if file.content or file.name]
    return opened


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, value) of every attribute: level (1 byte), id, type, length, the value, its checksum."""
    at = 6
    while at + 11 <= len(data):
        name, length = int.from_bytes(data[at + 1 : at + 3], "little"), _number(data[at + 5 : at + 9])
        yield name, data[at + 9 : at + 9 + length]
        at += 11 + length


def _read_body(opened: Opened, found: dict[int, tuple[int, bytes]], codepage: str) -> None:
    charset = _charset(_number(found[_INTERNET_CODEPAGE][1])) if _INTERNET_CODEPAGE in found else codepage
    if _PLAIN in found:
        opened.plain = _said(found[_PLAIN], codepage)
    if _HTML in found:
        opened.html = _said(found[_HTML], charset)
    if _COMPRESSED_RTF in found and opened.html is None:
        text, is_html = rtf.read(rtf.decompressed(found[_COMPRESSED_RTF][1]))
        opened.html, opened.plain = (text, opened.plain) if is_html else (None, opened.plain or text)


def _read_file(file: File, name: int, value: bytes, codepage: str) -> None:
    if name == _TITLE:
        file.name = file.name or _string(value, codepage)
    elif name == _DATA:
        file.content = value
    elif name == _FILE_PROPERTIES:
        found = dict(_properties(value))
        for key in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME):
            if key in found and (given := _said(found[key], codepage)):
                file.name = given
                break
        file.type = _said(found[_TYPE], codepage) if _TYPE in found else file.type
        file.content_id = _said(found[_CONTENT_ID], codepage) if _CONTENT_ID in found else ""
        if _CONTENT in found and not file.content:
            kind, content = found[_CONTENT]
            file.content = content[_EMBEDDED:] if kind == _OBJECT else content


# ── properties ─────────────────────────────────────────────────────────────────────────────────────────────


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """(id, (type, first value)) of every property (MS-OXTNEF §2.1.3.4), up to the first broken one."""
    at = 4
    for _ in range(min(_number(data[:4]), PROPERTIES)):
        try:
            kind, name = struct.unpack_from("<HH", data, at)
            at = _after_name(data, at + 4) if name & _NAMED else at + 4
            value, at = _value(data, at, kind)
        except (struct.error, KeyError):
            return
        yield name, (kind, value)


def _after_name(data: bytes, at: int) -> int:
    kind, number = struct.unpack_from("<II", data, at + 16)
    return at + 24 + (_padded(number) if kind else 0)


def _value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    """The (first) value at a place and where the next property begins. Raises struct.error, KeyError."""
    count, single = 1, kind & ~_MANY
    if kind & _MANY or single in (_TEXT, _WIDE_TEXT, _OBJECT, _BINARY):
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    if single in _FIXED:
        return data[at : at + _FIXED[single]], at + _FIXED[single] * count
    if single not in (_TEXT, _WIDE_TEXT, _OBJECT, _BINARY):
        raise KeyError(single)
    first = b""
    for number in range(count):  # ends by struct.error where the bytes end
        (length,) = struct.unpack_from("<I", data, at)
        first = first if number else data[at + 4 : at + 4 + length]
        at += 4 + _padded(length)
    return first, at


def _padded(length: int) -> int:
    return -(-length // 4) * 4


def _said(found: tuple[int, bytes], charset: str) -> str:
    kind, value = found
    return _string(value, "utf-16-le" if kind & ~_MANY == _WIDE_TEXT else charset)


def _string(value: bytes, charset: str) -> str:
    text = value.decode(charset, "replace") if charset == "utf-16-le" else charsets.decode(value, charset)
    return text.rstrip("\0")


def _charset(codepage: int) -> str:
    return _CODEPAGES.get(codepage, f"cp{codepage}")


def _number(value: bytes) -> int:
    return int.from_bytes(value[:4], "little")
