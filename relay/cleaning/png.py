"""PNG: the chunks that make the picture are kept, byte for byte; the rest goes. W3C PNG, third edition, §11; APNG.

Texts, times, private chunks and what follows IEND go; of eXIf the orientation stays.
"""

from __future__ import annotations

import struct
import zlib

from relay.cleaning import exif
from relay.cleaning.inside import Uncleanable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_COLOUR = frozenset({b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"tRNS", b"hIST"})
_KEPT = _CRITICAL | _COLOUR | {b"pHYs", b"acTL", b"fcTL", b"fdAT"}


def clean(content: bytes) -> bytes:
    """The picture alone. Raises Uncleanable where the chunks cannot be followed, or one is critical and unknown."""
    kept, at, name = [SIGNATURE], len(SIGNATURE), b""
    while name != b"IEND":
        if at + 12 > len(content):
            raise Uncleanable("PNG: ends without its end chunk")
        size, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + size
        if end > len(content):
            raise Uncleanable("PNG: a chunk of impossible length")
        kept.append(_chunk(name, content, at, end))
        at = end
    return b"".join(kept)


def _chunk(name: bytes, content: bytes, at: int, end: int) -> bytes:
    if name in _KEPT:
        return content[at:end]
    if name[:1].isupper():
        raise Uncleanable("PNG: an unknown critical chunk")
    return _framed(name, exif.upright(content[at + 8 : end - 4])) if name == b"eXIf" else b""


def _framed(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) if data else b""
