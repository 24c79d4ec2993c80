"""Bytes → text whatever the mail says they are: the declared charset is a hint, and nothing raises.

Cyrillic mail is often declared wrongly; its letters tell windows-1251 from koi8-r by their frequency and case.
"""

from __future__ import annotations

import codecs
import re

_ALIASES = {
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-cyrillic": "mac-cyrillic",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
}
_ASCII_LIKE = frozenset({"ascii", "iso8859-1", "cp1252", "iso8859-15"})
_CYRILLIC = ("cp1251", "koi8-r")
_STATEFUL = ("iso2022", "utf-16", "utf-32", "utf-7", "hz")
_DOUBLE_BYTE = ("gb", "big5", "shift_jis", "cp932", "euc", "cp949", "cp936", "cp950", "johab")
_NO_CHARSETS = frozenset(
    {"unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "idna", "punycode", "undefined"}
)
_FREQUENT = re.compile("[оеаинтсрвлкмдпуя]")
_CAPITAL_INSIDE = re.compile("[а-яё][А-ЯЁ]")
_HIGH_RUN = re.compile(rb"[\xc0-\xff\xa8\xb8]{3,}")
_HIGH = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes, declared: str = "") -> str:
    """`data` as text. Well-formed UTF-8 is UTF-8 whatever was declared; else the declared charset, unless it is surely wrong."""
    name = _known(declared)
    if data.isascii() and not name.startswith(_STATEFUL):
        return data.decode("ascii")
    if name.startswith(_STATEFUL + _DOUBLE_BYTE):
        return data.decode(name, "replace").encode("utf-8", "replace").decode()  # utf-7 can make half characters
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data, name)


def _known(declared: str) -> str:
    """The codec's own name, or "" for none, an unknown one, or one that is not of text."""
    wanted = declared.strip().strip("\"'").lower()
    try:
        info = codecs.lookup(_ALIASES.get(wanted, wanted))
    except (LookupError, ValueError):
        return ""
    # _is_text_encoding is private, but the only word there is of rot13 and base64.
    return info.name if info._is_text_encoding and info.name not in _NO_CHARSETS else ""


def _legacy(data: bytes, name: str) -> str:
    if name == "utf-8" and _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    if name in _CYRILLIC or name in _ASCII_LIKE or name in ("", "utf-8"):
        best = max(_CYRILLIC, key=lambda codec: (_likeness(data.decode(codec, "replace")), codec == name))
        if name in _CYRILLIC or _looks_cyrillic(data):
            return data.decode(best, "replace")
        return data.decode("cp1252" if name in ("", "utf-8", "ascii") else name, "replace")
    return data.decode(name, "replace")


def _mostly_utf8(data: bytes) -> bool:
    broken = data.decode("utf-8", "replace").count("\ufffd")
    return broken * 5 <= len(_HIGH.findall(data)) * 2 or broken <= 2


def _looks_cyrillic(data: bytes) -> bool:
    """Runs of high bytes, as words are; in Western text they stand alone."""
    high = sum(map(len, _HIGH.findall(data)))
    return sum(map(len, _HIGH_RUN.findall(data))) * 2 > high


def _likeness(text: str) -> int:
    return len(_FREQUENT.findall(text)) - 3 * len(_CAPITAL_INSIDE.findall(text)) - 5 * text.count("\ufffd")
