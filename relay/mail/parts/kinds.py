"""What a file is by its content: the type that is told to others, and whether it is a program.

A declared type is believed unless the content surely is something else; what is found can only be a type that is shown or
played, never one that runs.
"""

from __future__ import annotations

import re

import filetype  # type: ignore[import-untyped]

_LOOKED_AT = 8192  # bytes, at the beginning
# Signatures long enough to be believed against what the sender says.
_SURE = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/heic", "image/avif", "application/pdf",
        "application/rtf", "application/zip", "application/x-7z-compressed", "application/x-rar-compressed", "video/mp4",
        "video/quicktime", "video/x-matroska", "video/webm", "video/3gpp", "audio/ogg", "audio/x-flac", "audio/x-wav",
        "audio/amr",
    }
)  # fmt: skip
_OFFICE = ("application/vnd.openxmlformats", "application/vnd.oasis", "application/vnd.ms-", "application/msword")
_UNKNOWN = frozenset(
    {"application/octet-stream", "application/binary", "application/unknown", "application/x-unknown", "application/download",
     "application/force-download", "application/x-download", "application/x-msdownload"}
)  # fmt: skip
_SAME = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heif": "image/heic",
    "application/x-pdf": "application/pdf",
    "text/rtf": "application/rtf",
    "application/vnd.rar": "application/x-rar-compressed",
}
_PAGE = re.compile(r"(?i)\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body|div|p|table|meta)\b", re.DOTALL)

_SHORTCUT = b"\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
_OLE, _INSTALLER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes.fromhex("84100c0000000000c000000000000046")
_BEGINS = (
    (b"\x7fELF", "elf"),
    (b"\xfe\xed\xfa\xce", "macho"),
    (b"\xfe\xed\xfa\xcf", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (_SHORTCUT, "lnk"),
    (b"dex\n0", "dex"),
    (b"ITSF\x03\x00\x00\x00", "chm"),
)
_SHEBANG = re.compile(rb"(?:\xef\xbb\xbf)?#![ \t]*/[\w./-]{1,100}")


def of(declared: str, content: bytes) -> str:
    """The type of a file: the declared one, lower case, unless its content surely is another."""
    found = filetype.guess(content[:_LOOKED_AT])
    seen, said = str(found.mime) if found else "", _SAME.get(declared, declared)
    if seen.startswith(_OFFICE):
        return seen if said in _UNKNOWN or said == "application/zip" else said
    if seen == "application/zip" and said not in _UNKNOWN and not said.startswith(("text/", "image/", "audio/", "video/")):
        return said  # many types lie in this container
    if seen not in _SURE or (said.startswith(("audio/", "video/")) and seen.startswith(("audio/", "video/"))):
        return said  # containers of sound and film share their signatures
    return seen


def program(content: bytes) -> str:
    """What kind of program a file is by its content, as the usual file name extension of one; "" when it is none."""
    if content[:2] == b"MZ" and len(content) >= 64 and b"\0" in content[:64]:
        return "exe"
    if content[:4] == b"\xca\xfe\xba\xbe":
        return "macho" if int.from_bytes(content[4:8], "big") < 40 else "class"
    if content.startswith(_OLE) and _INSTALLER in content[: 1 << 20]:
        return "msi"
    if _SHEBANG.match(content):
        return "sh"
    return next((kind for begin, kind in _BEGINS if content.startswith(begin)), "")


def is_page(text: str) -> bool:
    """Whether a text is HTML."""
    return _PAGE.match(text[:2000]) is not None
