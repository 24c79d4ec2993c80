"""Exif: only which way up the picture is; the rest goes. Exif 2.32 §4.6.2; the block is a small TIFF file."""

from __future__ import annotations

import struct

HEADER = b"Exif\0\0"
_ORIENTATION = 0x0112
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}


def upright(block: bytes) -> bytes:
    """The least Exif block (without `Exif\\0\\0`) that keeps the picture's orientation; empty where it is the usual one."""
    orientation = _orientation(block)
    if not 2 <= orientation <= 8:
        return b""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)


def _orientation(block: bytes) -> int:
    """The orientation, 1 to 8, or 0: a block that cannot be read turns no picture."""
    order = _ORDERS.get(block[:4])
    if not order or len(block) < 8:
        return 0
    (at,) = struct.unpack_from(order + "I", block, 4)
    if at + 2 > len(block):
        return 0
    (count,) = struct.unpack_from(order + "H", block, at)
    entries = block[at + 2 : at + 2 + 12 * count]
    entries = entries[: len(entries) // 12 * 12]
    return next((value for tag, _, _, value in struct.iter_unpack(order + "HHIHxx", entries) if tag == _ORIENTATION), 0)
