"""Bytes → text whatever the mail says they are: the declared charset is a hint, and nothing raises.

Cyrillic mail is often declared wrongly; its letters tell windows-1251 from koi8-r by their frequency and case.
"""

from __future__ import annotations

import codecs
import re

# What mails call charsets and Python does not.
_ALIASES = {
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "cp-1251": "cp1251",
    "win-1251": "cp1251",
    "win1251": "cp1251",
    "windows1251": "cp1251",
    "x-cp1251": "cp1251",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "dos-866": "cp866",
    "cp-866": "cp866",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "windows-874": "cp874",
    "x-sjis": "cp932",
    "x-euc-jp": "euc_jp",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "x-big5": "cp950",
}
# Charsets that are named and the larger ones that are meant (WHATWG Encoding §4.2).
_LARGER = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso2022_jp": "iso2022_jp_ext",
}
_ASCII_LIKE = frozenset({"", "utf-8", "utf-8-sig", "ascii", "cp1252", "iso8859-15"})  # declared where nothing is known
_CYRILLIC = ("cp1251", "koi8-r")
_WIDE = ("utf-16", "utf-32")
_STATEFUL = ("iso2022", "utf-7", "hz")
_DOUBLE_BYTE = ("gb", "big5", "shift_jis", "cp932", "euc", "cp949", "cp936", "cp950", "johab")
_NO_CHARSETS = frozenset(
    {"unicode-escape", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "idna", "punycode", "undefined"}
)
_FREQUENT = re.compile("[оеаинтсрвлкмдпуя]")
_CAPITAL_INSIDE = re.compile("[а-яё][А-ЯЁ]")
# Three Cyrillic letters in a row, or a word of two: Western ones stand among ASCII letters.
_HIGH_RUN = re.compile(rb"[\xc0-\xff\xa8\xb8]{3,}|(?<![A-Za-z\x80-\xff])[\xc0-\xff\xa8\xb8]{2}(?![A-Za-z\x80-\xff])")
_HIGH = re.compile(rb"[\x80-\xff]+")
_BROKEN = re.compile("\ufffd+")
_NOT_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_SHIFTS = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")  # of ISO-2022-JP, which some servers leave undeclared
_META = re.compile(rb"<(?:meta|\?xml)\b[^<>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decode(data: bytes, declared: str = "") -> str:
    """`data` as text. Well-formed UTF-8 is UTF-8 whatever was declared; else the declared charset, unless it is surely wrong.

    Never raises; ASCII stays as it is under every charset that holds it.
    """
    text = _decoded(data, _known(declared))
    return text.encode("utf-8", "replace").decode()  # utf-7 and utf-16 can make half characters


def of_page(data: bytes) -> str:
    """The charset that an HTML page names for itself, "" for none that is known."""
    found = _META.search(data[:4096].replace(b"\0", b""))
    name = found[1].decode("ascii", "replace") if found else ""
    return name if _known(name) else ""


def is_vague(declared: str) -> bool:
    """Whether the name of a charset says nothing of letters beyond ASCII: none, an unknown one, ASCII."""
    return _known(declared) in ("", "ascii")


def _decoded(data: bytes, name: str) -> str:
    if codec := _marked(data, name):
        return data.decode(codec, "replace")
    if name.startswith(_WIDE):
        return _wide(data, name) if b"\0" in data else _decoded(data, "")
    if name.startswith(_STATEFUL):
        return data.decode(name, "replace")
    if data.isascii():
        return _escaped(data) if name in ("", "ascii") else data.decode("ascii")
    return _double_byte(data, name) if name.startswith(_DOUBLE_BYTE) else _single_byte(data, name)


def _marked(data: bytes, name: str) -> str:
    """The codec that a byte order mark tells, "" for none; that of UTF-16 may be two letters of Western text, too."""
    codec = next((codec for mark, codec in _MARKS.items() if data.startswith(mark)), "")
    return codec if codec != "utf-16" or b"\0" in data or name.startswith(_WIDE) else ""


def _single_byte(data: bytes, name: str) -> str:
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
    return _LARGER.get(info.name, info.name) if info._is_text_encoding and info.name not in _NO_CHARSETS else ""


def _wide(data: bytes, name: str) -> str:
    """UTF-16 without a mark: its zero bytes and those of the Cyrillic block tell the order."""
    if name == "utf-16":
        first, second = (sum(half.count(byte) for byte in (0, 4)) for half in (data[::2], data[1::2]))
        name = "utf-16-be" if first > second else "utf-16-le"
    return data.decode(name, "replace")


def _escaped(data: bytes) -> str:
    return data.decode("iso2022_jp_ext" if _SHIFTS.search(data) else "ascii", "replace")


def _double_byte(data: bytes, name: str) -> str:
    """East Asian text, unless it is well-formed UTF-8: of five characters, and by chance none of a thousand texts is."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    return text if len(_NOT_ASCII.findall(text)) >= 5 else data.decode(name, "replace")


def _legacy(data: bytes, name: str) -> str:
    if name in _ASCII_LIKE and _mostly_utf8(data):
        return data.decode("utf-8", "replace")
    if name in _CYRILLIC or name in _ASCII_LIKE:
        best = max(_CYRILLIC, key=lambda codec: (_likeness(data.decode(codec, "replace")), codec == name))
        if name in _CYRILLIC or _looks_cyrillic(data):
            return data.decode(best, "replace")
        return data.decode(name if name == "iso8859-15" else "cp1252", "replace")
    return data.decode(name, "replace")


def _mostly_utf8(data: bytes) -> bool:
    """Whether there are more whole characters of UTF-8 than broken places: a few letters were damaged on the way."""
    text = data.decode("utf-8", "replace")
    return len(_NOT_ASCII.findall(text)) > len(_BROKEN.findall(text))


def _looks_cyrillic(data: bytes) -> bool:
    """Runs of high bytes, as words are; in Western text they stand alone."""
    high = sum(map(len, _HIGH.findall(data)))
    return sum(map(len, _HIGH_RUN.findall(data))) * 2 > high


def _likeness(text: str) -> int:
    return len(_FREQUENT.findall(text)) - 3 * len(_CAPITAL_INSIDE.findall(text)) - 5 * text.count("\ufffd")
