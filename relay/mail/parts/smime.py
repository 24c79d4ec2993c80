"""What is in an S/MIME part: the content of an opaque signed one (RFC 8551 §3.5.2); an encrypted one stays closed.

Only as much of BER (X.690 §8.1) as leads to that content: SEQUENCE, the object's name, and the octets in one piece or several.
"""

from __future__ import annotations

KINDS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED = bytes.fromhex("06092a864886f70d010702")  # the object identifier 1.2.840.113549.1.7.2
_SEQUENCE, _SET, _CONTEXT, _OCTETS, _PIECES = 0x30, 0x31, 0xA0, 0x04, 0x24


def content(data: bytes) -> bytes | None:
    """The MIME entity that was signed; None where the part is encrypted, has none, or is broken."""
    try:
        at = _enter(data, 0, _SEQUENCE)
        if not data.startswith(_SIGNED, at):
            return None
        at = _enter(data, _enter(data, at + len(_SIGNED), _CONTEXT), _SEQUENCE)
        at = _after(data, _after(data, at))  # the version, the digests' names
        at = _after(data, _enter(data, at, _SEQUENCE))  # the content's type
        return b"".join(_octets(data, _enter(data, at, _CONTEXT)))
    except (IndexError, ValueError):
        return None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, and where its content begins and ends; the end is -1 where an end mark tells it. Raises IndexError, ValueError."""
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag of several bytes")
    if length == 0x80:
        return tag, at + 2, -1
    if length < 0x80:
        return tag, at + 2, at + 2 + length
    start = at + 2 + (length & 0x7F)
    return tag, start, start + int.from_bytes(data[at + 2 : min(start, at + 10)], "big")


def _enter(data: bytes, at: int, wanted: int) -> int:
    tag, start, _ = _element(data, at)
    if tag != wanted:
        raise ValueError("another element than expected")
    return start


def _after(data: bytes, at: int) -> int:
    """Where the next element begins."""
    depth = 0
    while True:
        if depth and data[at : at + 2] == b"\0\0":
            depth, at = depth - 1, at + 2
        else:
            _, start, end = _element(data, at)
            depth, at = (depth + 1, start) if end < 0 else (depth, end)
        if not depth:
            return at


def _octets(data: bytes, at: int) -> list[bytes]:
    """The pieces of an octet string, whose lengths may stand before them or not."""
    tag, start, end = _element(data, at)
    if tag == _OCTETS:
        return [data[start:end]]
    if tag != _PIECES:
        raise ValueError("no octets")
    pieces: list[bytes] = []
    limit, depth, at = (end if end >= 0 else len(data)), 1, start
    while at < limit and depth:
        if data[at : at + 2] == b"\0\0":
            depth, at = depth - 1, at + 2
            continue
        tag, start, end = _element(data, at)
        if tag == _OCTETS:
            pieces.append(data[start:end])
        elif tag != _PIECES:
            raise ValueError("no octets")
        depth, at = (depth, end if tag == _OCTETS else start) if end >= 0 else (depth + 1, start)
    return pieces
