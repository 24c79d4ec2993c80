"""Small real files that say one thing in their content and name their maker where such files do."""

from __future__ import annotations

import struct
import zlib


def png(content: str, maker: str) -> bytes:
    """A picture whose grey pixels are the content, written without compression; its Author is the maker."""
    pixels = zlib.compress(b"\0" + content.encode(), 0)
    header = struct.pack(">IIBBBBB", len(content.encode()), 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"tEXt", b"Author\0" + maker.encode()), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
