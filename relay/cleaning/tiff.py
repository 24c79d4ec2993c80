"""TIFF, and JPEG XR, built alike: what the picture needs stays where it is, every other byte becomes zero. TIFF 6.0 §2, §8.

A directory keeps the tags of the table; the bytes that those point to, strips and tiles among them, are copied
to the same places of an empty file. So names, Exif, GPS, thumbnails and what nothing points to are gone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from relay.cleaning.inside import Uncleanable

_ORDERS = {b"II*\0": "<", b"MM\0*": ">", b"II\xbc\x01": "<"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
# What a reader needs for the picture: sizes, colours, compression, resolution, position, tiles, the ICC profile.
_KEPT = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287}
    | {290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 334, 336}
    | {338, 339, 340, 341, 342, 347, 529, 530, 531, 532, 34675, 0xBC01, 0xBC02, 0xBC80, 0xBC81, 0xBC82, 0xBC83}
    | {0xBCC0, 0xBCC1, 0xBCC2, 0xBCC3, 0xBCC4, 0xBCC5}
)
_DATA = {273: 279, 324: 325, 0xBCC0: 0xBCC1, 0xBCC2: 0xBCC3}  # a tag of offsets, and that of the sizes
_DNG, _COMPRESSION, _OLD_JPEG = 50706, 259, 6
_MAX_PAGES = 2000


@dataclass(slots=True)
class _Copy:
    """The file as it comes out; what may be copied is bounded, so overlapping ranges cost no time."""

    content: bytes
    out: bytearray = field(init=False)
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.out = bytearray(len(self.content))
        self.left = 2 * len(self.content) + 1000

    def keep(self, at: int, size: int) -> bytes:
        """Copies a range, and returns it."""
        self.spend(at, size)
        self.out[at : at + size] = self.content[at : at + size]
        return self.content[at : at + size]

    def spend(self, at: int, size: int) -> None:
        """Counts a range as looked at. Raises Uncleanable when it is not in the file, or too much was."""
        self.left -= size
        if at + size > len(self.content) or self.left < 0:
            raise Uncleanable("TIFF: points outside the file, or to the same place too often")


def clean(content: bytes) -> bytes:
    """The picture alone, as long as it was. Raises Uncleanable or struct.error where the directories cannot be followed."""
    order = _ORDERS.get(content[:4])
    if not order:
        raise Uncleanable("TIFF: an unknown variant")
    copy, seen = _Copy(content), set[int]()
    (at,) = struct.unpack(order + "4xI", copy.keep(0, 8))
    while at:
        if at in seen or len(seen) == _MAX_PAGES:
            raise Uncleanable("TIFF: its directories go round")
        seen.add(at)
        at = _directory(copy, at, order)
    return bytes(copy.out)


def _directory(copy: _Copy, at: int, order: str) -> int:
    """Copies a directory and what it points to; returns the place of the next one, 0 after the last."""
    (count,) = struct.unpack_from(order + "H", copy.content, at)
    start, end = at + 2, at + 2 + 12 * count
    copy.spend(at, end - at)
    entries = [copy.content[place : place + 12] for place in range(start, end, 12)]
    tags = {tag: entry for entry in entries for (tag,) in [struct.unpack_from(order + "H", entry)]}
    if _DNG in tags:
        raise Uncleanable("TIFF: a camera's raw picture")
    kept = [entry for tag, entry in sorted(tags.items()) if tag in _KEPT]
    values = {tag: _values(copy, tags[tag], order) for tag in tags if tag in _KEPT}
    if _OLD_JPEG in values.get(_COMPRESSION, ()):
        raise Uncleanable("TIFF: JPEG of the old kind")
    for place, size in _data(values):
        copy.keep(place, size)
    (following,) = struct.unpack_from(order + "I", copy.content, end)
    written = struct.pack(order + "H", len(kept)) + b"".join(kept) + struct.pack(order + "I", following)
    copy.out[at : at + len(written)] = written
    return int(following)


def _values(copy: _Copy, entry: bytes, order: str) -> tuple[int, ...]:
    """The numbers of an entry, copied where they lie outside it; of other types than whole numbers none."""
    _, kind, count, place = struct.unpack(order + "HHII", entry)
    size = _SIZES.get(kind, 0) * count
    if not size:
        raise Uncleanable("TIFF: an entry of an unknown type")
    raw = copy.keep(place, size) if size > 4 else entry[8 : 8 + size]
    whole = {1: "B", 3: "H", 4: "I"}.get(kind)
    return struct.unpack(f"{order}{count}{whole}", raw) if whole else ()


def _data(values: dict[int, tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """The places and sizes of the strips, tiles or planes."""
    for offsets, sizes in _DATA.items():
        if offsets in values:
            yield from zip(values[offsets], values.get(sizes, ()), strict=True)
