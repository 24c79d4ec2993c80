"""RIFF: WebP pictures and WAVE sounds; the chunks that make them are kept, the rest goes. RFC 9649; IBM/Microsoft 1991.

Of a WebP's EXIF the orientation stays.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from relay.cleaning import exif
from relay.cleaning.inside import Uncleanable

_WEBP = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"})
_FRAME = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_WAVE = frozenset({b"fmt ", b"fact", b"data"})
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04


def clean_webp(content: bytes) -> bytes:
    """The picture alone. Raises Uncleanable where the chunks cannot be followed."""
    kept = {}
    for index, (name, data) in enumerate(_chunks(content, 12, _riff_end(content))):
        if name == b"EXIF":
            upright = exif.upright(data.removeprefix(exif.HEADER))
            kept.update({index: (name, upright)} if upright else {})
        elif name in _WEBP:
            kept[index] = (name, _frame(data) if name == b"ANMF" else data)
    if not {name for name, _ in kept.values()} & _PIXELS:
        raise Uncleanable("WebP: no picture in it")
    turned = any(name == b"EXIF" for name, _ in kept.values())
    return _riff(b"WEBP", [(name, _flagged(data, turned) if name == b"VP8X" else data) for name, data in kept.values()])


def clean_wave(content: bytes) -> bytes:
    """The sound alone. Raises Uncleanable where the chunks cannot be followed."""
    kept = [chunk for chunk in _chunks(content, 12, _riff_end(content)) if chunk[0] in _WAVE]
    if b"data" not in dict(kept):
        raise Uncleanable("WAVE: no sound in it")
    return _riff(b"WAVE", kept)


def _riff_end(content: bytes) -> int:
    """The place after the RIFF chunk; what follows it is no part of the file."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if not 12 < end <= len(content) + 1:  # the last chunk's padding byte is often left out
        raise Uncleanable("RIFF: of impossible length")
    return min(end, len(content))


def _chunks(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        if at + 8 > end:
            raise Uncleanable("RIFF: ends within a chunk's header")
        name, size = struct.unpack_from("<4sI", content, at)
        if at + 8 + size > end:
            raise Uncleanable("RIFF: a chunk of impossible length")
        yield name, content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _riff(form: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = form + _joined(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _joined(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)


def _frame(data: bytes) -> bytes:
    """A frame of an animation without unknown chunks; its own fields are its first 16 bytes."""
    return data[:16] + _joined([chunk for chunk in _chunks(data, 16, len(data)) if chunk[0] in _FRAME])


def _flagged(extended: bytes, turned: bool) -> bytes:
    """VP8X with the flags of what is still there."""
    flags = extended[0] & ~(_EXIF_FLAG | _XMP_FLAG)
    return bytes((flags | (_EXIF_FLAG if turned else 0),)) + extended[1:]
