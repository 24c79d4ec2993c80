"""The items of a HEIC or AVIF picture: those that are no picture (Exif, XMP) are overwritten. ISO 14496-12 §8.11; ISO 23008-12.

Which way up the picture is stands in its properties (irot, imir), so nothing is lost with the Exif.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from relay.cleaning.boxes import Box, check_within, walk, zero
from relay.cleaning.inside import Uncleanable

_PICTURES = frozenset({b"hvc1", b"av01", b"avc1", b"vvc1", b"grid", b"iovl", b"iden", b"tmap"})
# What a reader may meet there still: an Exif block of no entries, a description that says nothing.
_EMPTY = {b"Exif": b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0", b"mime": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'}
_FILE, _IDAT = 0, 1  # construction methods: where an extent is counted from


def is_picture(data: bytes | bytearray, meta: Box) -> bool:
    """Whether this meta box describes a picture: its handler says so."""
    return any(box.name == b"hdlr" and data[box.body + 8 : box.body + 12] == b"pict" for box in _children(data, meta))


def _children(data: bytes | bytearray, meta: Box) -> list[Box]:
    """The boxes of a meta box; that of QuickTime has no version and flags before them."""
    bare = data[meta.body + 4 : meta.body + 8] == b"hdlr"
    return walk(data, meta.body if bare else meta.body + 4, meta.end)


def clean(data: bytearray, meta: Box, mdats: list[Box]) -> None:
    """Overwrites, in place, the items that are no picture, and names. `mdats` are the boxes of data."""
    children = _children(data, meta)
    names = [box.name for box in children]
    if names.count(b"iinf") != 1 or names.count(b"iloc") != 1 or names.count(b"idat") > 1:
        raise Uncleanable("picture: its items cannot be found")
    boxes = {box.name: box for box in children}
    kinds = _kinds(data, boxes[b"iinf"])
    reader = _Locations(data, boxes[b"iloc"], boxes.get(b"idat"))
    extents = reader.read()
    if set(extents) - set(kinds):
        raise Uncleanable("picture: an item of no kind")
    others = {item: extents[item] for item in extents if kinds[item] not in _PICTURES}
    if sum(end - start for places in others.values() for start, end in places) > len(data):
        raise Uncleanable("picture: items that lie on each other")
    places_of_data = [*mdats, *(box for box in children if box.name == b"idat")]
    for start, end in (place for places in others.values() for place in places):
        check_within(start, end, places_of_data)
    for item, places in others.items():
        _overwrite(data, places, _EMPTY.get(kinds[item], b""))
    _hide(data, children)


def _hide(data: bytearray, children: list[Box]) -> None:
    """Overwrites what else may hold words: the handler's name, boxes of other kinds."""
    for box in children:
        if box.name == b"hdlr":
            zero(data, box.body + 24, box.end)
        elif box.name in (b"free", b"skip", b"uuid", b"udta", b"xml ", b"bxml"):
            zero(data, box.body, box.end)


def _kinds(data: bytearray, iinf: Box) -> dict[int, bytes]:
    """The kind of each item by its id; item names are overwritten on the way."""
    kinds = {}
    for box in walk(data, iinf.body + (6 if data[iinf.body] == 0 else 8), iinf.end):
        version = data[box.body]
        if box.name != b"infe" or version not in (2, 3):
            raise Uncleanable("picture: an item's entry of an unknown kind")
        item, at = _number(data, box.body + 4, 2 if version == 2 else 4)
        kinds[item] = bytes(data[at + 2 : at + 6])
        if kinds[item] not in (b"mime", b"uri "):
            zero(data, at + 6, box.end)
    return kinds


def _number(data: bytes | bytearray, at: int, size: int) -> tuple[int, int]:
    """A number of that many bytes, and the place after it."""
    if at + size > len(data):
        raise Uncleanable("picture: ends within a number")
    return int.from_bytes(data[at : at + size], "big"), at + size


@dataclass(slots=True)
class _Locations:
    """Reads iloc: where the items' data lie."""

    data: bytearray
    iloc: Box
    idat: Box | None
    at: int = 0

    def read(self) -> dict[int, list[tuple[int, int]]]:
        """The extents, (start, end) in the file, of each item."""
        version, (sizes, more) = self.data[self.iloc.body], struct.unpack_from(">BB", self.data, self.iloc.body + 4)
        if version > 2:
            raise Uncleanable("picture: an unknown table of places")
        self.at = self.iloc.body + 6
        wide = 4 if version == 2 else 2
        found: dict[int, list[tuple[int, int]]] = {}
        for _ in range(self._next(wide)):
            item = self._next(wide)
            if item in found:
                raise Uncleanable("picture: an item in two places")
            method = self._next(2) & 15 if version else _FILE
            found[item] = self._extents(method, (sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0))
        return found

    def _next(self, size: int) -> int:
        number, self.at = _number(self.data, self.at, size)
        if self.at > self.iloc.end:
            raise Uncleanable("picture: its table of places is cut off")
        return number

    def _extents(self, method: int, sizes: tuple[int, int, int, int]) -> list[tuple[int, int]]:
        offset_size, length_size, base_size, index_size = sizes
        self._next(2)
        base, extents = self._next(base_size), list[tuple[int, int]]()
        for _ in range(self._next(2)):
            self._next(index_size)
            start, length = base + self._next(offset_size), self._next(length_size)
            if offset_size + length_size == 0:
                raise Uncleanable("picture: an item that is the whole file")
            extents += self._placed(method, start, length)
        return extents

    def _placed(self, method: int, start: int, length: int) -> list[tuple[int, int]]:
        """The extent as places of the file; one that lies in another item has none of its own."""
        if method not in (_FILE, _IDAT):
            return []
        box = self.idat if method == _IDAT else None
        if method == _IDAT and not box:
            raise Uncleanable("picture: data in a box that is not there")
        start += box.body if box else 0
        end = start + length if length else (box.end if box else len(self.data))
        if end > (box.end if box else len(self.data)):
            raise Uncleanable("picture: an item outside the file")
        return [(start, end)]


def _overwrite(data: bytearray, extents: list[tuple[int, int]], empty: bytes) -> None:
    """Zeros (spaces for XML) in every extent, and what says nothing at the start of the first."""
    blank = b" " if empty.startswith(b"<") else b"\0"
    for index, (start, end) in enumerate(extents):
        first = empty if index == 0 and len(empty) <= end - start else b""
        data[start:end] = first + blank * (end - start - len(first))
