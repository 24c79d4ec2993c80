"""RTF as the body of a mail: unpacked (MS-OXRTFCP), and read as the HTML it was made of (MS-OXRTFEX) or as plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from relay.mail.parts import charsets

LARGEST = 1_000_000  # bytes, unpacked; the rest is cut

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArial"
    rb"Times New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,9})?[ ]?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)|.", re.DOTALL)
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t", b"emdash": "—",
    b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"emspace": " ",
    b"enspace": " ",
}  # fmt: skip
_ESCAPED = {b"~": "\xa0", b"_": "-", b"-": "", b"\n": "\n", b"\r": "\n"}
# What is no text, though no \* says so.
_SILENT = frozenset(
    {
        b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"headerl", b"headerr",
        b"footerl", b"footerr", b"fldinst", b"themedata", b"colorschememapping", b"datastore", b"latentstyles", b"filetbl",
        b"listtable", b"listoverridetable", b"revtbl", b"rsidtbl", b"generator",
    }
)  # fmt: skip
_FONT_CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


def decompressed(data: bytes) -> bytes:
    """The RTF in PR_RTF_COMPRESSED, at most LARGEST bytes of it; b"" when it is none."""
    kind, packed = data[8:12], data[16:]
    if kind == b"MELA":
        return packed[:LARGEST]
    if kind != b"LZFu":
        return b""
    made, start = bytearray(_DICTIONARY), len(_DICTIONARY)
    at = 0
    while at < len(packed) and len(made) < LARGEST:
        control, at = packed[at], at + 1
        for bit in range(8):
            if not control >> bit & 1:
                made += packed[at : at + 1]
                at += 1
                continue
            pair, at = int.from_bytes(packed[at : at + 2].ljust(2, b"\0"), "big"), at + 2
            if not _repeat(made, pair >> 4, (pair & 15) + 2) or at > len(packed):
                return bytes(made[start:])
    return bytes(made[start:])


def _repeat(made: bytearray, offset: int, length: int) -> bool:
    """Appends a piece that stands at an offset of the 4 KB window; whether there is one: its own end means the end."""
    back = (len(made) - offset) % 4096
    if back == 0:
        return False
    for _ in range(length):
        made.append(made[-back] if back <= len(made) else 32)
    return True


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds in a group: whether it is silent, a piece of HTML, or meant for readers of RTF alone; its font."""

    silent: bool = False
    tag: bool = False
    only_rtf: bool = False
    fonts: bool = False
    skip: int = 1
    font: int = -1


@dataclass(slots=True)
class _Reader:
    """The state of a pass over the tokens."""

    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    charsets: dict[int, str] = field(default_factory=dict)
    charset: str = "cp1252"
    said: list[str] = field(default_factory=list)
    gathered: bytearray = field(default_factory=bytearray)
    left: int = 0  # characters that stand for the last \u and are left out
    starred: bool = False

    def say(self, text: str) -> None:
        if self.group.tag or not (self.group.silent or self.group.only_rtf):
            self.flush()
            self.said.append(text)

    def feed(self, raw: bytes) -> None:
        raw, self.left = raw[self.left :], max(0, self.left - len(raw))
        if not self.group.only_rtf and (self.group.tag or not self.group.silent):
            self.gathered += raw

    def flush(self) -> None:
        if self.gathered:
            self.said.append(charsets.decode(bytes(self.gathered), self.charsets.get(self.group.font, self.charset)))
            self.gathered.clear()


def read(data: bytes) -> tuple[str, bool]:
    """The text of an RTF document, and whether it is HTML."""
    reader, at, is_html = _Reader(), 0, b"\\fromhtml" in data[:2000]
    while match := _TOKEN.match(data, at):
        at = match.end()
        word, number, code, sign, brace, text = match.groups()
        if brace:
            _brace(reader, brace)
        elif word:
            at += _word(reader, word.lower(), int(number) if number else None)
        elif code:
            reader.feed(bytes.fromhex(code.decode("ascii")))
        elif sign == b"*":
            reader.starred = True
        elif sign in (b"\\", b"{", b"}"):
            reader.feed(sign)
        elif sign:
            reader.say(_ESCAPED.get(sign, ""))
        elif text:
            reader.feed(text)
    reader.flush()
    return "".join(reader.said), is_html


def _brace(reader: _Reader, brace: bytes) -> None:
    reader.flush()
    reader.left, reader.starred = 0, False
    if brace == b"{":
        reader.stack.append(reader.group)
    elif reader.stack:
        reader.group = reader.stack.pop()


def _word(reader: _Reader, word: bytes, number: int | None) -> int:
    """What a control word does; how many bytes of the document it takes with it."""
    group, starred = reader.group, reader.starred
    reader.starred = False
    if word == b"bin":
        return max(0, number or 0)
    if word == b"u" and number is not None:
        reader.say(chr(number % 65536))
        reader.left = group.skip
    elif word in _SIGNS:
        reader.say(_SIGNS[word])
    elif word == b"ansicpg" and number:
        reader.charset = "utf-8" if number == 65001 else f"cp{number}"
    elif word == b"fcharset" and group.fonts:
        reader.charsets[group.font] = _FONT_CHARSETS.get(number or 0, reader.charset)
    else:
        reader.flush()
        reader.group = _changed(group, word, number, starred)
    return 0


def _changed(group: _Group, word: bytes, number: int | None, starred: bool) -> _Group:
    """The group after a word that changes what holds in it."""
    if word == b"f" and number is not None:
        return replace(group, font=number)
    if word == b"uc":
        return replace(group, skip=min(max(number or 0, 0), 8))
    if word == b"htmlrtf":
        return replace(group, only_rtf=number != 0)
    if word == b"htmltag":
        return replace(group, tag=True)
    if starred or word in _SILENT:
        return replace(group, silent=True, tag=False, fonts=group.fonts or word == b"fonttbl")
    return group
