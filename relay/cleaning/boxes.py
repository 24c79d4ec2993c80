"""The boxes of ISO base media files (HEIC, MP4, MOV, JPEG 2000): walking them, emptying some in place. ISO 14496-12 §4.2.

Nothing moves, for samples and items are found by their place in the file: a box that must go becomes a `free` box of zeros.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from relay.cleaning.inside import Uncleanable

MAX_BOXES = 20_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and the places of its header, its content and its end."""

    name: bytes
    start: int
    body: int
    end: int


def walk(data: bytes | bytearray, at: int, end: int) -> list[Box]:
    """The boxes from one place to another. Raises Uncleanable where they do not fill it."""
    boxes = list[Box]()
    while at < end:
        if len(boxes) == MAX_BOXES:
            raise Uncleanable("media file: too many boxes")
        # QuickTime ends the list of a user data box with four zero bytes.
        if end - at < 8 and not any(data[at:end]):
            break
        boxes.append(_box(data, at, end))
        at = boxes[-1].end
    return boxes


def _box(data: bytes | bytearray, at: int, limit: int) -> Box:
    if limit - at < 8:
        raise Uncleanable("media file: ends within a box's header")
    size, name = struct.unpack_from(">I4s", data, at)
    body = at + 8
    if size == 1:
        (size,) = struct.unpack_from(">Q", data, body)
        body += 8
    end = limit if size == 0 else at + size
    if not body <= end <= limit:
        raise Uncleanable("media file: a box of impossible length")
    return Box(name, at, body, end)


def zero(data: bytearray, start: int, end: int) -> None:
    """Writes zeros from one place to another."""
    data[start:end] = bytes(end - start)


def check_within(start: int, end: int, boxes: list[Box]) -> None:
    """Raises Uncleanable where these places are in none of the boxes that hold data."""
    if not any(box.body <= start <= end <= box.end for box in boxes):
        raise Uncleanable("media file: data where none belong")


def free(data: bytearray, box: Box) -> None:
    """Makes the box one that says nothing."""
    data[box.start + 4 : box.start + 8] = b"free"
    zero(data, box.body, box.end)


def keep(data: bytearray, boxes: list[Box], names: frozenset[bytes]) -> Iterator[Box]:
    """Those of the boxes with such names; the others are made free."""
    for box in boxes:
        if box.name in names:
            yield box
        else:
            free(data, box)
