"""The tracks of a film or a sound: places, owners and timed metadata go, pictures and sounds stay. ISO 14496-12 §8; QuickTime.

A track of another kind (a phone's places and faces, an action camera's GPS) becomes free, and its samples become zeros.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from relay.cleaning.boxes import Box, check_within, free, keep, walk, zero
from relay.cleaning.inside import Uncleanable

_MOVIE = frozenset({b"mvhd", b"trak", b"mvex", b"iods"})
_TRACK = frozenset({b"tkhd", b"edts", b"mdia", b"tref", b"tapt"})
_MEDIA = frozenset({b"mdhd", b"hdlr", b"minf", b"elng"})
_INFORMATION = frozenset({b"vmhd", b"smhd", b"nmhd", b"sthd", b"gmhd", b"dinf", b"stbl", b"hdlr"})
_SAMPLES = frozenset(
    {b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stsh", b"sdtp", b"sbgp"}
    | {b"sgpd", b"subs", b"saiz", b"saio", b"stps", b"padb", b"stdp"}
)
_FRAGMENT = frozenset({b"mfhd", b"traf"})
_RUN = frozenset({b"tfhd", b"trun", b"tfdt", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"sdtp", b"senc"})
_HANDLERS = frozenset({b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp", b"auxv", b"pict"})
_MAX_SAMPLES = 5_000_000


def clean(data: bytearray, moov: Box, mdats: list[Box], fragmented: bool) -> None:
    """Empties, in place, what is no picture or sound. Raises Uncleanable, struct.error or IndexError."""
    children = walk(data, moov.body, moov.end)
    if any(box.name == b"cmov" for box in children):
        raise Uncleanable("film: its index is compressed")
    tracks = [box for box in keep(data, children, _MOVIE) if box.name == b"trak"]
    for track in tracks:
        _track(data, track, mdats, fragmented)
    if all(data[track.start + 4 : track.start + 8] == b"free" for track in tracks):
        raise Uncleanable("film: neither pictures nor sound")


def clean_fragment(data: bytearray, moof: Box) -> None:
    """The same for the index of a fragment."""
    for box in keep(data, walk(data, moof.body, moof.end), _FRAGMENT):
        if box.name == b"traf":
            list(keep(data, walk(data, box.body, box.end), _RUN))


def _track(data: bytearray, trak: Box, mdats: list[Box], fragmented: bool) -> None:
    media = _one(data, trak, b"mdia")
    handler = _one(data, media, b"hdlr")
    information = _one(data, media, b"minf")
    if bytes(data[handler.body + 8 : handler.body + 12]) not in _HANDLERS:
        if fragmented:
            raise Uncleanable("film: other things than pictures and sound, in fragments")
        _zero_samples(data, _one(data, information, b"stbl"), mdats)
        free(data, trak)
        return
    _only(data, trak, _TRACK)
    _only(data, media, _MEDIA)
    _only(data, information, _INFORMATION)
    _only(data, _one(data, information, b"stbl"), _SAMPLES)
    _unname(data, media, information)


def _one(data: bytearray, parent: Box, name: bytes) -> Box:
    found = [box for box in walk(data, parent.body, parent.end) if box.name == name]
    if len(found) != 1:
        raise Uncleanable("film: a track that cannot be followed")
    return found[0]


def _only(data: bytearray, parent: Box, names: frozenset[bytes]) -> None:
    list(keep(data, walk(data, parent.body, parent.end), names))


def _unname(data: bytearray, media: Box, information: Box) -> None:
    """Overwrites handlers' names, and the paths of files that the data came from."""
    for box in (*walk(data, media.body, media.end), *walk(data, information.body, information.end)):
        if box.name == b"hdlr":
            zero(data, box.body + 24, box.end)
        if box.name == b"dinf":
            for dref in walk(data, box.body, box.end):
                _unpath(data, dref)


def _unpath(data: bytearray, dref: Box) -> None:
    if dref.name != b"dref":
        free(data, dref)
        return
    for entry in walk(data, dref.body + 8, dref.end):
        zero(data, min(entry.body + 4, entry.end), entry.end)


def _zero_samples(data: bytearray, stbl: Box, mdats: list[Box]) -> None:
    """Overwrites the data of a track: chunks of samples, which stsc, stsz and stco tell the number, sizes and places of."""
    tables = {box.name: box for box in walk(data, stbl.body, stbl.end)}
    sizes = _sizes(data, tables[b"stsz"])
    places = _places(data, tables)
    first, left = 0, len(data)
    for place, count in zip(places, _counts(data, tables[b"stsc"], len(places)), strict=True):
        end = place + sum(sizes[first : first + count])
        left -= end - place
        if left < 0:
            raise Uncleanable("film: samples on each other")
        check_within(place, end, mdats)
        zero(data, place, end)
        first += count


def _sizes(data: bytearray, stsz: Box) -> list[int]:
    size, count = struct.unpack_from(">II", data, stsz.body + 4)
    if count > _MAX_SAMPLES:
        raise Uncleanable("film: too many samples")
    return [size] * count if size else list(struct.unpack_from(f">{count}I", data, stsz.body + 12))


def _places(data: bytearray, tables: dict[bytes, Box]) -> list[int]:
    table, letter = (tables[b"stco"], "I") if b"stco" in tables else (tables[b"co64"], "Q")
    (count,) = struct.unpack_from(">I", data, table.body + 4)
    if count > len(data):
        raise Uncleanable("film: a table of impossible length")
    return list(struct.unpack_from(f">{count}{letter}", data, table.body + 8))


def _counts(data: bytearray, stsc: Box, chunks: int) -> Iterator[int]:
    """How many samples each of the chunks has."""
    (count,) = struct.unpack_from(">I", data, stsc.body + 4)
    if count > len(data):
        raise Uncleanable("film: a table of impossible length")
    runs = list(struct.iter_unpack(">III", data[stsc.body + 8 : stsc.body + 8 + 12 * count]))
    following = [first for first, _, _ in runs[1:]] + [chunks + 1]
    for (first, samples, _), end in zip(runs, following, strict=True):
        for _ in range(first, min(end, chunks + 1)):
            yield samples
