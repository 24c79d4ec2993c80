"""JPEG: the segments that make the picture are kept, byte for byte; the rest goes. ITU-T T.81 annex B.

Kept of the application segments: JFIF's header (its thumbnail goes), the ICC profile, Adobe's colour transform.
What follows the end of the image goes too: further images (MPF), a phone's moving picture.
"""

from __future__ import annotations

import re

from relay.cleaning import exif
from relay.cleaning.inside import Uncleanable

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP15 = 0xE0, 0xEF
_EXIF = (0xE1, exif.HEADER)
_JFIF = (0xE0, b"JFIF\0")
_KEPT = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_ALONE = {0x01, *range(0xD0, 0xD8)}  # TEM and RSTn have no length
# In entropy-coded data: FF00 is a stuffed byte, FFD0-FFD7 restart; FFFF is fill before a marker.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MAX_SEGMENTS = 20_000


def clean(content: bytes) -> bytes:
    """The picture alone, upright. Raises Uncleanable where the segments cannot be followed to the end of the image."""
    kept, at = [b"\xff\xd8"], 2
    while len(kept) < _MAX_SEGMENTS:
        marker, at = _marker(content, at)
        if marker == _EOI:
            return b"".join([*kept, b"\xff\xd9"])
        if marker in _ALONE or marker == _SOI:
            raise Uncleanable("JPEG: a marker where none belongs")
        end = at + int.from_bytes(content[at : at + 2], "big")
        if end < at + 2 or end > len(content):
            raise Uncleanable("JPEG: a segment of impossible length")
        if marker == _SOS:
            end = _scan_end(content, end)
        kept.append(_segment(marker, content[at:end]))
        at = end
    raise Uncleanable("JPEG: too many segments")


def _marker(content: bytes, at: int) -> tuple[int, int]:
    """The marker at this place, fill bytes before it skipped, and the place after it."""
    if content[at : at + 1] != b"\xff":
        raise Uncleanable("JPEG: no marker where one must be")
    while content[at : at + 1] == b"\xff":
        at += 1
    if at >= len(content) or content[at] == 0:
        raise Uncleanable("JPEG: ends without its end marker")
    return content[at], at + 1


def _scan_end(content: bytes, at: int) -> int:
    found = _MARKER.search(content, at)
    if not found:
        raise Uncleanable("JPEG: ends within a scan")
    return found.start()


def _segment(marker: int, body: bytes) -> bytes:
    """The segment as it is kept, empty where it is not. `body` begins with the segment's two bytes of length."""
    whole = bytes((0xFF, marker)) + body
    data = body[2:]
    if (marker, data[:6]) == _EXIF:
        upright = exif.upright(data[6:])
        return _framed(marker, exif.HEADER + upright) if upright else b""
    if (marker, data[:5]) == _JFIF:
        return _framed(marker, data[:12].ljust(12, b"\0") + b"\0\0")
    if marker in _KEPT:
        return whole if data.startswith(_KEPT[marker]) else b""
    return b"" if marker == _COM or _APP0 <= marker <= _APP15 else whole


def _framed(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data
