"""Files written into a plain text body: uuencoded (POSIX uuencode) and yEnc (yenc.org, draft 1.3)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

FILES = 100
_UU = re.compile(rb"begin [0-7]{3,4} (\S[^\r\n]{0,300})")
_YENC = re.compile(rb"=ybegin (?:[a-z]+=\d+ ){1,5}name=(\S[^\r\n]{0,300})")
_PLAINER = bytes((byte - 42) % 256 for byte in range(256))

Found = tuple[str, bytes]


def split(data: bytes) -> tuple[bytes, list[Found]]:
    """The text without the files written into it, and those files: raw name and content. A block that is not whole is text."""
    if b"\nbegin " not in b"\n" + data and b"=ybegin " not in data:
        return data, []
    lines, kept, files = data.splitlines(keepends=True), [], list[Found]()
    at = 0
    while at < len(lines):
        block = _block(lines, at) if len(files) < FILES else None
        if block is None:
            kept.append(lines[at])
            at += 1
        else:
            at, found = block
            files.append(found)
    return b"".join(kept), files


def _block(lines: list[bytes], at: int) -> tuple[int, Found] | None:
    """The file that begins at a line, and the number of the line after it."""
    for opening, decode in _FORMS:
        if match := opening.fullmatch(lines[at].rstrip()):
            found = decode(lines, at + 1)
            return (found[0], (match[1].decode("utf-8", "surrogateescape"), found[1])) if found else None
    return None


def _uudecoded(lines: list[bytes], at: int) -> tuple[int, bytes] | None:
    content: list[bytes] = []
    for number in range(at, len(lines)):
        line = lines[number].rstrip(b"\r\n")
        if line.strip() == b"end":
            return number + 1, b"".join(content)
        decoded = _uu_line(line)
        if decoded is None:
            return None
        content.append(decoded)
    return None


def _uu_line(line: bytes) -> bytes | None:
    """The bytes of a line; of one whose blanks were cut off at its end, too."""
    if not line.strip():
        return b""
    if not all(32 <= byte <= 96 for byte in line):
        return None
    count = (line[0] - 32) & 63
    body = line[1:].ljust(-(-count // 3) * 4)
    if len(body) > -(-count // 3) * 4 + 4:
        return None
    try:
        return binascii.a2b_uu(line[:1] + body[: -(-count // 3) * 4])
    except binascii.Error:
        return None


def _ydecoded(lines: list[bytes], at: int) -> tuple[int, bytes] | None:
    content: list[bytes] = []
    for number in range(at, len(lines)):
        line = lines[number]
        if line.startswith(b"=yend"):
            return number + 1, b"".join(_y_pieces(b"".join(content)))
        if not line.startswith((b"=ypart", b"=ybegin")):
            content.append(line.strip(b"\r\n"))
        elif line.startswith(b"=ybegin"):
            return None
    return None


def _y_pieces(data: bytes) -> Iterator[bytes]:
    first, *escaped = data.split(b"=")
    yield first.translate(_PLAINER)
    for piece in escaped:
        yield bytes([(piece[0] - 64 - 42) % 256]) if piece else b""
        yield piece[1:].translate(_PLAINER)


_FORMS: tuple[tuple[re.Pattern[bytes], Callable[[list[bytes], int], tuple[int, bytes] | None]], ...] = (
    (_UU, _uudecoded),
    (_YENC, _ydecoded),
)
