"""Files that are not passed on: programs, scripts and shortcuts, under their own name, under another, or in an archive. Pure.

| reason | when |
| --- | --- |
| `program` | the name's extension is on the list, or the content is a program and the name says nothing else |
| `disguised` | the content is a program and the name says otherwise; or the name hides a listed extension |
| `in-archive` | a ZIP file has one of these in its directory; encrypted members pass |

The list is `[files] withhold` of the configuration; an empty one lets everything through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from relay.mail.parts import kinds

MEMBERS = 20_000  # of an archive that are looked at
LONGEST = 300  # bytes of a member's name, at its end

_FAMILIES = {
    # What a program's content may honestly be called.
    "exe": frozenset(
        {"exe", "com", "scr", "pif", "cpl", "dll", "sys", "ocx", "drv", "ax", "efi", "msu", "mui", "bin", "dat", "fon", "xll"}
    ),
    "elf": frozenset({"elf", "so", "o", "ko", "bin", "out", "run", "axf", "appimage", "dat", "ax"}),
    "macho": frozenset({"macho", "dylib", "o", "bin", "dat"}),
    "class": frozenset({"class"}),
    "dex": frozenset({"dex"}),
    "lnk": frozenset({"lnk"}),
    "chm": frozenset({"chm"}),
    "msi": frozenset({"msi", "msp", "mst"}),
    "sh": frozenset(
        {"sh", "bash", "zsh", "ksh", "csh", "command", "py", "pl", "rb", "php", "lua", "tcl", "awk", "run", "cgi", "js", "mjs"}
    ),
}
_SHOWN = frozenset(
    {
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "jpg", "jpeg", "png", "gif",
        "bmp", "tif", "tiff", "webp", "heic", "svg", "mp3", "mp4", "mov", "avi", "htm", "html", "xml", "zip", "rar", "7z",
        "eml", "msg", "dwg", "log",
    }
)  # fmt: skip
_PLAIN = frozenset({"txt", "text", "log", "md", "csv", "conf", "cfg", "ini", "lst", "out"})
_SHELL_CLASS = re.compile(r"\.\{[0-9a-f-]{36}\}$", re.IGNORECASE)
_BLANKS_BEFORE_END = re.compile(r"[\s\u2800]{4,}\.\w{1,11}\W*$")
_REVERSED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MEMBER, _ENCRYPTED = b"PK\x01\x02", 1


def danger(name: str, content: bytes, withhold: frozenset[str], raw_name: str = "") -> str:
    """Why a file is not passed on: a reason of the table, or "".

    `name` is the one that others would see, `raw_name` the one that the sender gave; `withhold` are extensions, lower case.
    """
    if not withhold:
        return ""
    what = kinds.program(content)
    if what == "sh" and extension(name) in _PLAIN:
        what = ""  # a log of a shell: opened, it is shown
    if (named := listed(name, withhold)) and not (named == "com" and _is_document(content)):
        hides = bool(_BLANKS_BEFORE_END.search(raw_name) or _REVERSED.search(raw_name)) or _second(name) in _SHOWN
        return "disguised" if hides or (what and named not in _family(what)) else "program"
    if what and (extension(name) not in _family(what) or what in withhold):
        return "program" if extension(name) in ("", *_family(what)) else "disguised"
    return "in-archive" if any(listed(member, withhold) for member in members(content)) else ""


def _is_document(content: bytes) -> bool:
    """Whether a file is of a kind that is shown: "offer for acme.com" is a name that people give."""
    return kinds.of("application/octet-stream", content) != "application/octet-stream"


def listed(name: str, withhold: frozenset[str]) -> str:
    """The extension of a name, if files with it are withheld; else ""."""
    name = re.split(r"[/\\]", name)[-1]
    if _SHELL_CLASS.search(name):
        return "{"
    found = extension(name)
    return found if found in withhold else ""


def extension(name: str) -> str:
    """What stands after the last point, lower case, as Windows reads it: without blanks and points at the end."""
    plain = unicodedata.normalize("NFKC", name).rstrip(". \t\u2800")
    return plain.rpartition(".")[2].strip().lower() if "." in plain else ""


def members(content: bytes) -> Iterator[str]:
    """The names in a ZIP file's directory (APPNOTE 4.3.12), of the members that are not encrypted."""
    if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")) and b"PK\x05\x06" not in content[-66_000:]:
        return
    at = content.find(_MEMBER)
    for _ in range(MEMBERS):
        if at < 0:
            return
        flags, length = (int.from_bytes(content[at + place : at + place + 2], "little") for place in (8, 28))
        if not flags & _ENCRYPTED:
            yield content[at + 46 + max(0, length - LONGEST) : at + 46 + length].decode("utf-8", "replace")
        at = content.find(_MEMBER, at + 4)


def _second(name: str) -> str:
    """The extension before the last: `pdf` of `invoice.pdf.exe`."""
    return extension(name.rstrip(". ").rpartition(".")[0])


def _family(what: str) -> frozenset[str]:
    return _FAMILIES[what] | {what}
