"""The streams of a PDF that are files of their own: pictures, embedded files. ISO 32000-2 §7.4, §7.11.4."""

from __future__ import annotations

import base64
import contextlib
import re
import zlib
from collections.abc import Callable

import pikepdf

from relay.cleaning import jpeg, media
from relay.cleaning.inside import Inside, Uncleanable

EMPTY = "/RelayEmptied"  # marks, until the file is written, a file specification whose file was dropped
_TABLE = re.compile(rb"/Obj(?:Stm|#)")
_STREAM = re.compile(rb"stream\r?\n")
_MAX_TABLES = 20_000
_PICTURES: dict[str, Callable[[bytes], bytes]] = {
    "/DCTDecode": jpeg.clean,
    "/JPXDecode": lambda data: media.clean_jp2(data) if data[4:8] == b"jP  " else data,
}


def count_tables(content: bytes, inside: Inside) -> None:
    """Counts what the tables of compressed objects unpack to. Raises Uncleanable when that is too much."""
    places = [table.end() for table in _TABLE.finditer(content)]
    if len(places) > _MAX_TABLES:
        raise Uncleanable("PDF: too many tables of objects")
    starts = {stream.end() for place in places if (stream := _STREAM.search(content, place, place + 2000))}
    for start in sorted(starts):
        end = content.find(b"endstream", start)
        if end < 0:
            return
        with contextlib.suppress(zlib.error):  # no table at all, or packed otherwise
            _inflate(content[start:end], inside)


def _inflate(data: bytes, inside: Inside) -> bytes:
    unpacked = zlib.decompressobj().decompress(data, inside.allowance.size + 1)
    inside.spend(len(unpacked), 0)
    return unpacked


def clean_stream(stream: pikepdf.Object, inside: Inside) -> None:
    """Empties metadata, cleans a picture that is a file, packs what is not. Raises Uncleanable where that cannot be."""
    filters = _filters(stream)
    if stream.get("/Type") == "/Metadata":
        stream.write(b"")
    elif filters:
        _clean_picture(stream, filters, inside)
    elif plain := stream.read_raw_bytes():
        # qpdf would pack it too, but write its keys in another order than it does the next time.
        stream.write(zlib.compress(plain), filter=pikepdf.Name.FlateDecode)


def _clean_picture(stream: pikepdf.Object, filters: list[str], inside: Inside) -> None:
    if filters[-1] not in _PICTURES:
        return
    packed = _unpacked(stream.read_raw_bytes(), filters[:-1], inside)
    cleaned = _PICTURES[filters[-1]](packed)
    if cleaned != packed:
        parameters = stream.get("/DecodeParms")
        last = parameters[-1] if isinstance(parameters, pikepdf.Array) else parameters
        stream.write(
            cleaned, filter=pikepdf.Name(filters[-1]), decode_parms=last if isinstance(last, pikepdf.Dictionary) else None
        )


def clean_file(spec: pikepdf.Object, inside: Inside) -> None:
    """Cleans the files embedded by this specification; where one cannot be, none is left in it."""
    for _, stream in spec["/EF"].items():
        cleaned = _clean_file(stream, inside) if isinstance(stream, pikepdf.Stream) else None
        if cleaned is None:
            del spec["/EF"]
            spec[EMPTY] = True
            return
        stream.write(cleaned)
        if "/Params" in stream:
            del stream["/Params"]


def _clean_file(stream: pikepdf.Object, inside: Inside) -> bytes | None:
    try:
        packed = _unpacked(stream.read_raw_bytes(), _filters(stream), inside)
    except (Uncleanable, zlib.error):
        return None
    return inside.attempt(packed, inside)


def _filters(stream: pikepdf.Object) -> list[str]:
    filters = stream.get("/Filter")
    if filters is None:
        return []
    return [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]


def _unpacked(data: bytes, filters: list[str], inside: Inside) -> bytes:
    """The stream's bytes; of the filters those that files are packed with."""
    for name in filters:
        if name == "/FlateDecode":
            data = _inflate(data, inside)
        elif name == "/ASCII85Decode":
            data = base64.a85decode(b"<~" + data.strip().removeprefix(b"<~"), adobe=True)
        elif name == "/ASCIIHexDecode":
            data = bytes.fromhex(data.partition(b">")[0].decode("ascii"))
        else:
            raise Uncleanable(f"PDF: a file packed as {name}")
    return data
