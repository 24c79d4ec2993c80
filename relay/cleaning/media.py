"""HEIC, AVIF, MP4, MOV, M4A, 3GP, JPEG 2000: what is no picture, sound or structure is emptied in place.

ISO 14496-12; ISO 15444-1; Apple's QuickTime File Format.

| where | what stays |
| --- | --- |
| file | the boxes below; uuid, udta and whatever a phone appends go |
| meta of a picture | its items, see items.py; meta of a film goes |
| moov, moof | tracks, see tracks.py |
"""

from __future__ import annotations

from relay.cleaning import items, tracks
from relay.cleaning.boxes import Box, free, keep, walk, zero
from relay.cleaning.inside import Uncleanable

_FILE = frozenset({b"ftyp", b"styp", b"meta", b"moov", b"moof", b"mdat", b"sidx", b"mfra", b"free", b"skip", b"wide"})
_JP2 = frozenset({b"jP  ", b"ftyp", b"jp2h", b"jp2c"})
_JP2_HEADER = frozenset({b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res "})


def clean(content: bytes) -> bytes:
    """The file, as long as it was. Raises Uncleanable, struct.error or IndexError where it cannot be followed."""
    data = bytearray(content)
    boxes = list(keep(data, walk(data, 0, len(data)), _FILE))
    if not any(box.name == b"moov" or (box.name == b"meta" and items.is_picture(data, box)) for box in boxes):
        raise Uncleanable("media file: neither picture nor film")
    mdats = [box for box in boxes if box.name == b"mdat"]
    fragmented = any(box.name == b"moof" for box in boxes)
    for box in boxes:
        _clean_box(data, box, mdats, fragmented)
    return bytes(data)


def _clean_box(data: bytearray, box: Box, mdats: list[Box], fragmented: bool) -> None:
    if box.name in (b"free", b"skip", b"wide"):
        zero(data, box.body, box.end)
    elif box.name == b"meta" and items.is_picture(data, box):
        items.clean(data, box, mdats)
    elif box.name == b"meta":
        free(data, box)
    elif box.name == b"moov":
        tracks.clean(data, box, mdats, fragmented)
    elif box.name == b"moof":
        tracks.clean_fragment(data, box)


def clean_jp2(content: bytes) -> bytes:
    """A JPEG 2000 picture without its XML and UUID boxes (ISO 15444-1 annex I), as long as it was."""
    data = bytearray(content)
    for box in keep(data, walk(data, 0, len(data)), _JP2):
        if box.name == b"jp2h":
            list(keep(data, walk(data, box.body, box.end), _JP2_HEADER))
    return bytes(data)
