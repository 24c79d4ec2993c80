"""Files written into a plain text body: uuencoded (POSIX uuencode) and yEnc (yenc.org, draft 1.3)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator

FILES = 100
_UU = re.compile(rb"^begin [0-7]{3,4} (\S[^\r\n]{0,300})\r?$", re.MULTILINE)
_YENC = re.compile(rb"^=ybegin (?:[a-z]+=\d{1,12} ){1,5}name=(\S[^\r\n]{0,300})\r?$", re.MULTILINE)
_PLAINER = bytes((byte - 42) % 256 for byte in range(256))

Block = tuple[int, bytes]  # where it ends in the text, and its content


def split(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The text without the files written into it, and those files: raw name and content. A block that is not whole is text."""
    kept, files, at = list[bytes](), list[tuple[bytes, bytes]](), 0
    openings = [(match, decode) for opening, decode in _FORMS for match in opening.finditer(data)]
    for match, decode in sorted(openings, key=lambda pair: pair[0].start()):
        if match.start() >= at and len(files) < FILES and (block := decode(data, match.end() + 1)):
            kept.append(data[at : match.start()])
            at = block[0]
            files.append((match[1], block[1]))
    return b"".join([*kept, data[at:]]), files


def _lines(data: bytes, at: int) -> Iterator[Block]:
    """(end, line) of each whole line from a place on."""
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        yield end, data[at:end].rstrip(b"\r\n")
        at = end


def _uudecoded(data: bytes, at: int) -> Block | None:
    content: list[bytes] = []
    for end, line in _lines(data, at):
        if line.strip() == b"end":
            return (end, b"".join(content)) if any(content) else None
        decoded = _uu_line(line)
        if decoded is None:
            return None
        content.append(decoded)
    return None


def _uu_line(line: bytes) -> bytes | None:
    """The bytes of a line; of one whose blanks were cut off at its end, too. None when it is none of uuencode's."""
    if not line.strip():
        return b""
    if not all(32 <= byte <= 96 for byte in line):
        return None
    count = (line[0] - 32) & 63
    if len(line) - 1 > -(-count // 3) * 4 + 4:
        return None
    needed = -(-count * 4 // 3)  # what stands behind is a checksum, or whatever filled the last group
    return binascii.a2b_uu(line[:1] + line[1 : 1 + needed].ljust(needed))


def _ydecoded(data: bytes, at: int) -> Block | None:
    content: list[bytes] = []
    for end, line in _lines(data, at):
        if line.startswith(b"=yend"):
            return end, b"".join(_y_pieces(b"".join(content)))
        if line.startswith(b"=ybegin"):
            return None
        if not line.startswith(b"=ypart "):
            content.append(line)
    return None


def _y_pieces(data: bytes) -> Iterator[bytes]:
    first, *escaped = data.split(b"=")
    yield first.translate(_PLAINER)
    for piece in escaped:
        yield bytes([(piece[0] - 64 - 42) % 256]) if piece else b""
        yield piece[1:].translate(_PLAINER)


_FORMS: tuple[tuple[re.Pattern[bytes], Callable[[bytes, int], Block | None]], ...] = ((_UU, _uudecoded), (_YENC, _ydecoded))
