"""Colours and logos of letters: which ink is legible on which ground, and what a picture's first bytes say of it.

Contrast as WCAG 2.2 counts it (SC 1.4.3): 1 for the same colour, 21 for black on white; text needs 4.5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from relay.model import Brand, Logo

COLOUR = "#2457a6"  # of letters, where the configuration gives none
LARGEST = (220, 48)  # pixels that a logo may fill
WHITE, BLACK = "#ffffff", "#000000"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's SOF markers (ISO 10918-1, table B.1)


class Picture(NamedTuple):
    """A picture as its first bytes have it; width and height in pixels."""

    type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Worn:
    """A brand as the templates see it: `ink` is legible on `colour`; `logo` is a Content-ID, "" for none, shown at that size."""

    name: str
    colour: str
    ink: str
    footer: str
    logo: str
    width: int
    height: int


def worn(brand: Brand, name: str, logo: str) -> Worn:
    """The brand, under that name where it has none, its logo under that Content-ID."""
    colour = brand.colour or COLOUR
    width, height = _fitted(brand.logo) if brand.logo else (0, 0)
    return Worn(brand.name or name, colour, ink(colour), brand.footer, logo if brand.logo else "", width, height)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, both written #rrggbb.

    >>> contrast("#ffffff", "#000000")
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink(ground: str) -> str:
    """White or black, whichever is legible on that ground: one of them always has a contrast of 4.5."""
    return WHITE if contrast(WHITE, ground) >= 4.5 else BLACK


def picture(content: bytes) -> Picture | None:
    """What a PNG, JPEG or GIF is; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and len(content) > 24:
        return Picture("image/png", *struct.unpack(">II", content[16:24]))
    if content.startswith((b"GIF87a", b"GIF89a")) and len(content) > 10:
        return Picture("image/gif", *struct.unpack("<HH", content[6:10]))
    return _jpeg(content) if content.startswith(b"\xff\xd8") else None


def _fitted(logo: Logo) -> tuple[int, int]:
    """Outlook shows a picture at the size that its tag has, whatever its style says."""
    scale = min(1.0, LARGEST[0] / logo.width, LARGEST[1] / logo.height)
    return max(1, round(logo.width * scale)), max(1, round(logo.height * scale))


def _jpeg(content: bytes) -> Picture | None:
    """The size in the first frame header, behind segments that are skipped."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return Picture("image/jpeg", width, height)
        at += 1 if marker == 0xFF else 2 + length
    return None


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
