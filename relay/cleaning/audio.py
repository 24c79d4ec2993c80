"""Sound: MP3 without its tags, FLAC without comments and pictures. ID3v2.4 §3.1; ISO 11172-3 §2.4.2.3; RFC 9639 §8."""

from __future__ import annotations

import re

from relay.cleaning.inside import Uncleanable

_STREAMINFO, _SEEKTABLE = 0, 3
# Layer III: bit rates in kbit/s by index, for MPEG 1 and for MPEG 2 and 2.5; sampling rates in Hz by version bits.
_RATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLING = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# What may stand after the last frame: ID3v1, its extension, APE, Lyrics3, ID3v2 at the end, padding.
_TAG = re.compile(rb"TAG|APETAGEX|LYRICSBEGIN|ID3|3DI|\0+\Z")


def clean_mp3(content: bytes) -> bytes:
    """The frames alone. Raises Uncleanable where something stands among them that is no tag."""
    start = _after_id3(content)
    end = _frames_end(content, start)
    cut_off = _frame_size(content[end : end + 4]) > 0
    if end == start or not (end == len(content) or cut_off or _TAG.match(content, end)):
        raise Uncleanable("MP3: its frames cannot be followed")
    return content[start:end]


def _after_id3(content: bytes) -> int:
    """The place after the ID3v2 tags at the start, and the padding after them."""
    at = 0
    while content[at : at + 3] == b"ID3":
        a, b, c, d = content[at + 6 : at + 10]
        at += 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if content[at + 5] & 0x10 else 0)
    return at + len(content[at : at + 65536]) - len(content[at : at + 65536].lstrip(b"\0"))


def _frames_end(content: bytes, at: int) -> int:
    """The place after the last whole frame."""
    while (size := _frame_size(content[at : at + 4])) and at + size <= len(content):
        at += size
    return at


def _frame_size(header: bytes) -> int:
    """The size of the Layer III frame with this header, 0 where it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, rate, sampling = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or not 1 <= rate <= 14 or sampling == 3:
        return 0
    slots = 144 if version == 3 else 72
    return slots * 1000 * _RATES[version == 3][rate] // _SAMPLING[version][sampling] + (header[2] >> 1 & 1)


def clean_flac(content: bytes) -> bytes:
    """The sound alone. Raises Uncleanable or IndexError where the blocks cannot be followed."""
    kept, at, last = dict[int, bytes](), 4, False
    while not last:
        last, kind, size = content[at] >= 0x80, content[at] & 0x7F, int.from_bytes(content[at + 1 : at + 4], "big")
        if kind in (_STREAMINFO, _SEEKTABLE):
            kept[kind] = content[at + 1 : at + 4 + size]
        at += 4 + size
    if _STREAMINFO not in kept or content[at : at + 1] != b"\xff":
        raise Uncleanable("FLAC: no sound after its blocks")
    return b"fLaC" + b"".join(_block(kind, kept[kind], kind == max(kept)) for kind in sorted(kept)) + _untagged(content[at:])


def _block(kind: int, body: bytes, last: bool) -> bytes:
    return bytes((kind | (0x80 if last else 0),)) + body


def _untagged(frames: bytes) -> bytes:
    """The frames without an ID3v1 tag at the end."""
    return frames[:-128] if frames[-128:-125] == b"TAG" else frames
