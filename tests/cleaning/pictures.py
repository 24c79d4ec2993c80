"""Pictures, sounds and films with a canary wherever such a file can say who made it."""

from __future__ import annotations

import io
import struct
from typing import Any

from PIL import Image, PngImagePlugin, TiffImagePlugin

CANARY = b"Canary-Ivan-Petrov"
NAME = CANARY.decode()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><creator>' + CANARY + b"</creator></x:xmpmeta>"


def image(seed: int = 0) -> Image.Image:
    """A small picture with something in it."""
    picture = Image.new("RGB", (48, 32))
    picture.putdata([((x * 5 + seed) % 256, (y * 7) % 256, (x * y + seed) % 256) for y in range(32) for x in range(48)])
    return picture


def exif(orientation: int = 6) -> bytes:
    """A camera's Exif block: owner, maker, place, which way up."""
    block = Image.Exif()
    block.update({0x0112: orientation, 0x010F: NAME, 0x0110: NAME, 0x013B: NAME, 0x8298: NAME, 0x010E: NAME})
    block.get_ifd(0x8769).update({0xA430: NAME, 0xA431: NAME, 0x927C: CANARY, 0x9286: CANARY})
    block.get_ifd(0x8825).update({1: "N", 2: (55.0, 45.0, 7.0), 29: NAME})
    return block.tobytes()


def saved(form: str, picture: Image.Image | None = None, **options: Any) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    (picture or image()).save(out, form, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    """A picture as Pillow reads it."""
    return Image.open(io.BytesIO(content))


def frames(content: bytes) -> list[bytes]:
    """The pixels of every frame or page."""
    picture, found = opened(content), []
    for index in range(getattr(picture, "n_frames", 1)):
        picture.seek(index)
        found.append(picture.convert("RGBA").tobytes())
    return found


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(orientation: int = 6, *, progressive: bool = False) -> bytes:
    """A camera's JPEG, with what programs add, and a second picture after its end."""
    plain = saved("JPEG", exif=exif(orientation), comment=CANARY, progressive=progressive, icc_profile=b"profile", quality=90)
    iptc = segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + CANARY)
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
    more = segment(0xE2, b"FPXR\0" + CANARY) + segment(0xE0, b"JFXX\0\x10" + CANARY) + segment(0xEC, b"Ducky" + CANARY)
    return plain[:2] + xmp + iptc + more + plain[2:] + saved("JPEG", comment=CANARY) + CANARY


def png() -> bytes:
    """A PNG with texts of all three kinds, Exif, a private chunk, and something after its end."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", NAME)
    texts.add_text("Comment", NAME, zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    texts.add(b"prVt", CANARY)
    return saved("PNG", pnginfo=texts, exif=exif(), dpi=(72, 72)) + CANARY


def gif() -> bytes:
    """An animation with a comment and XMP."""
    plain = saved("GIF", save_all=True, append_images=[image(90)], loop=0, duration=100, comment=CANARY)
    xmp = b"!\xff\x0bXMP DataXMP" + bytes((len(XMP),)) + XMP + b"\0"
    return plain[:-1] + xmp + b";" + CANARY


def webp(*, animated: bool = False) -> bytes:
    """A WebP with Exif and XMP."""
    more: dict[str, Any] = {"save_all": True, "append_images": [image(90)]} if animated else {}
    return saved("WEBP", exif=exif(), xmp=XMP, lossless=True, icc_profile=b"profile", **more) + CANARY


def tiff(compression: str | None = "tiff_lzw") -> bytes:
    """A scan of two pages with every tag that names somebody."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (269, 270, 271, 272, 285, 305, 315, 316, 33432):
        tags[tag] = NAME
    for tag in (700, 33723, 34377, 40093):
        tags.tagtype[tag] = 7 if tag != 40093 else 1
        tags[tag] = CANARY
    more: dict[str, Any] = {"compression": compression} if compression else {}
    return saved("TIFF", save_all=True, append_images=[image(90)], tiffinfo=tags, exif=exif(1), **more) + CANARY


def avif() -> bytes:
    """A real file of the family of HEIC."""
    return saved("AVIF", exif=exif(1), xmp=XMP, quality=80) + box(b"mpvd", CANARY)


def bmp() -> bytes:
    """A bitmap."""
    return saved("BMP")


def jp2() -> bytes:
    """A JPEG 2000 picture with XML."""
    return saved("JPEG2000") + box(b"xml ", XMP) + box(b"uuid", bytes(16) + CANARY)


def box(name: bytes, *content: bytes) -> bytes:
    """A box of a media file."""
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, name) + body


def full(name: bytes, *content: bytes, version: int = 0) -> bytes:
    """A box with version and flags."""
    return box(name, bytes((version, 0, 0, 0)), *content)


def heic() -> bytes:
    """What a phone writes: the picture and Exif in mdat, XMP in idat, item ids of four bytes."""
    picture, block = b"\x01picture-bytes\x02", b"\0\0\0\x06Exif\0\0" + exif()
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    at = len(head) + len(_items(0, 0, 0, 0)) + 8
    meta = _items(at, len(picture), at + len(picture), len(block))
    return head + meta + box(b"mdat", picture, block) + box(b"sefd", CANARY)


def _items(picture: int, picture_size: int, block: int, block_size: int) -> bytes:
    """The meta box of a picture, its Exif and its XMP."""
    extents = [(1, 0, picture, picture_size), (2, 0, block, block_size), (3, 1, 0, len(XMP))]
    located = b"".join(struct.pack(">IHHHII", item, method, 0, 1, place, size) for item, method, place, size in extents)
    entries = (
        full(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1"), CANARY + b"\0", version=2),
        full(b"infe", struct.pack(">HH4s", 2, 0, b"Exif"), b"\0", version=2),
        full(b"infe", struct.pack(">HH4s", 3, 0, b"mime"), b"\0application/rdf+xml\0", version=2),
    )
    return full(
        b"meta",
        full(b"hdlr", bytes(4), b"pict", bytes(12), CANARY + b"\0"),
        full(b"iinf", struct.pack(">H", 3), *entries),
        full(b"iloc", b"\x44\x00", struct.pack(">I", 3), located, version=2),
        box(b"idat", XMP),
        box(b"uuid", bytes(16), CANARY),
    )


FILM, SOUND = b"moving-pictures-here", b"sounds-here"


def mp4(*, order: bytes = b"moov") -> bytes:
    """What a phone films: user data with a place, QuickTime metadata, XMP, and a track of places beside that of pictures."""
    head = box(b"ftyp", b"qt  \0\0\0\0qt  ")
    mdat = box(b"mdat", FILM, CANARY, b"....", CANARY, SOUND)
    place, index = len(head) + 8, b""
    for _ in range(2):
        at = place + (len(index) if order == b"moov" else 0)
        tracks = (
            _track(b"vide", [at], [len(FILM)], [(1, 1, 1)]),
            _track(b"meta", [at + len(FILM), at + len(FILM) + len(CANARY) + 4], [len(CANARY)] * 2, [(1, 1, 1)]),
            _track(b"soun", [at + len(FILM) + 2 * len(CANARY) + 4], [len(SOUND)], [(1, 1, 1)]),
        )
        keys = full(b"hdlr", bytes(4), b"mdta", bytes(12)) + full(b"keys", CANARY) + box(b"ilst", CANARY)
        user = box(b"udta", box(b"\xa9xyz", CANARY), box(b"\xa9nam", CANARY), bytes(4))
        index = box(b"moov", full(b"mvhd", bytes(96)), *tracks, box(b"meta", keys), user)
    rest = box(b"uuid", bytes(16), CANARY) + box(b"free", CANARY)
    return head + (index + mdat if order == b"moov" else mdat + index) + rest


def _track(handler: bytes, places: list[int], sizes: list[int], runs: list[tuple[int, int, int]]) -> bytes:
    table = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 0)),
        full(b"stsc", struct.pack(">I", len(runs)), *(struct.pack(">III", *run) for run in runs)),
        full(b"stsz", struct.pack(">II", 0, len(sizes)), struct.pack(f">{len(sizes)}I", *sizes)),
        full(b"stco", struct.pack(">I", len(places)), struct.pack(f">{len(places)}I", *places)),
    )
    data = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"alis", CANARY)))
    media = box(b"mdia", full(b"mdhd", bytes(20)), full(b"hdlr", bytes(4), handler, bytes(12), CANARY), box(b"minf", data, table))
    return box(b"trak", full(b"tkhd", bytes(80)), media, box(b"udta", box(b"name", CANARY)))


def mp3() -> bytes:
    """Frames of silence between tags."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    tag = b"ID3\x03\0\0" + bytes((0, 0, len(CANARY) >> 7, len(CANARY) & 127)) + CANARY
    return tag + frame * 3 + b"APETAGEX" + CANARY + b"TAG" + CANARY.ljust(125, b"\0")


def flac() -> bytes:
    """A head with comment, picture and application blocks, and what would be frames."""
    blocks = [(0, bytes(34)), (4, CANARY), (6, CANARY), (2, b"abcd" + CANARY), (0x81, CANARY)]
    return b"fLaC" + b"".join(bytes((kind,)) + len(data).to_bytes(3, "big") + data for kind, data in blocks) + b"\xff\xf8frames"


def wave() -> bytes:
    """A sound with a list of texts and broadcast data."""
    chunks = [(b"fmt ", bytes(16)), (b"LIST", b"INFOIART" + CANARY), (b"bext", CANARY), (b"data", b"\1\2\3\4"), (b"id3 ", CANARY)]
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body
