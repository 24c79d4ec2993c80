"""GIF: images, palettes, timing, plain text and the loop count are kept; comments and other extensions go. GIF89a §15-27."""

from __future__ import annotations

from relay.cleaning.inside import Uncleanable

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_TEXT, _CONTROL, _APPLICATION = 0x01, 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def clean(content: bytes) -> bytes:
    """The picture alone. Raises Uncleanable or IndexError where the blocks cannot be followed to the trailer."""
    at = 13 + _palette(content[10])
    kept = [content[:at]]
    while content[at] != _TRAILER:
        end = _block_end(content, at)
        if _stays(content, at):
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at : at + 1]])


def _palette(flags: int) -> int:
    """The size of the palette that these flags announce, in bytes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _block_end(content: bytes, at: int) -> int:
    if content[at] == _EXTENSION:
        return _data_end(content, at + 2)
    if content[at] == _IMAGE:
        return _data_end(content, at + 11 + _palette(content[at + 9]))
    raise Uncleanable("GIF: an unknown block")


def _data_end(content: bytes, at: int) -> int:
    """The place after the sub-blocks that begin here."""
    while content[at]:
        at += content[at] + 1
    return at + 1


def _stays(content: bytes, at: int) -> bool:
    if content[at] == _IMAGE or content[at + 1] in (_TEXT, _CONTROL):
        return True
    # A loop's data: one sub-block of three bytes; anything longer is more than a loop.
    return (
        content[at + 1] == _APPLICATION and content[at + 3 : at + 14] in _LOOPS and content[at + 14] == 3 and not content[at + 18]
    )
