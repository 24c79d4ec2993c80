"""Encoded text (RFC 2045 §6.7, §6.8) as it arrives: soft line breaks with blanks behind them, base64 with a footer below it."""

from __future__ import annotations

import binascii
import re

_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,3}[ \t]*")
_ALPHABET = re.compile(rb"[^A-Za-z0-9+/]+")
_BLANKS_BEHIND = re.compile(rb"=[ \t]++(?=\r?\n|\Z)")


def quoted(data: bytes) -> bytes:
    """The decoded bytes of quoted-printable text. Never raises."""
    return binascii.a2b_qp(_BLANKS_BEHIND.sub(b"=", data))


def leading(data: bytes, charset: str = "") -> bytes:
    """Of base64 with something below it: the decoded bytes of its lines, and as they are those from the first on that is none.

    Of a character of `charset` UTF-8 that was cut off at the end nothing is left. Never raises.
    """
    all_lines = data.splitlines()
    end = next((at for at, line in enumerate(all_lines) if not _LINE.fullmatch(line)), len(all_lines))
    if end < len(all_lines):
        end = next((at + 1 for at in range(end) if _closes(all_lines[at], any(all_lines[:at]))), end)
    decoded, rest = _decoded(b"".join(all_lines[:end])), b"\n".join(all_lines[end:])
    if charset.lower() in ("utf-8", "utf8"):
        decoded = _whole(decoded)
    return b"\n".join(piece for piece in (decoded, rest) if piece.strip())


def _closes(line: bytes, begun: bool) -> bool:
    """Whether a line ends what is encoded: a padded one, or an empty one below it."""
    return line.rstrip().endswith(b"=") or (begun and not line.strip())


def _decoded(text: bytes) -> bytes:
    """What whole groups say, each padded stretch by itself."""
    pieces = (_ALPHABET.sub(b"", piece) for piece in re.split(rb"=+", text))
    return b"".join(binascii.a2b_base64(_padded(piece)) for piece in pieces)


def _padded(piece: bytes) -> bytes:
    kept = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
    return kept + b"=" * (-len(kept) % 4)


def _whole(text: bytes) -> bytes:
    """Without the beginning of a character at the end."""
    for last in range(1, min(4, len(text)) + 1):
        byte = text[-last]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return text[:-last] if needed > last else text
        if byte < 0x80:
            return text
    return text
