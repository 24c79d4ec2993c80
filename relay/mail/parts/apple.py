"""AppleDouble and AppleSingle (RFC 1740): a Macintosh file's resources, which nobody else can use, beside or around its data."""

from __future__ import annotations

KINDS = frozenset({"application/applefile"})
_SINGLE, _DOUBLE = b"\x00\x05\x16\x00", b"\x00\x05\x16\x07"
_DATA_FORK, _MOST = 1, 50


def is_resources(data: bytes) -> bool:
    """Whether it is the half of an AppleDouble file that holds no data."""
    return data.startswith(_DOUBLE)


def data_fork(data: bytes) -> bytes | None:
    """The file in an AppleSingle file; None when it is none."""
    if not data.startswith(_SINGLE):
        return None
    for number in range(min(int.from_bytes(data[24:26], "big"), _MOST)):
        entry = data[26 + 12 * number : 38 + 12 * number]
        kind, offset, length = (int.from_bytes(entry[at : at + 4], "big") for at in (0, 4, 8))
        if kind == _DATA_FORK:
            return data[offset : offset + length]
    return b""
