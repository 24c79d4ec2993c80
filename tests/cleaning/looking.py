"""Looking for the canary in everything that a file holds, however packed."""

from __future__ import annotations

import base64
import io
import re

import pikepdf

from tests.cleaning import papers
from tests.cleaning.pictures import CANARY

_WIDE = CANARY.decode().encode("utf-16-be")


def holds(content: bytes) -> bool:
    """Whether the canary is in there: as it is, in two bytes a character, in a member, a stream, base64 or hexadecimal."""
    return any(CANARY in layer or _WIDE in layer or _WIDE[1:] in layer for layer in layers(content))


def layers(content: bytes) -> list[bytes]:
    """The content, and what unpacks out of it."""
    found = [content]
    if content.startswith(b"PK"):
        found += [layer for name, data in papers.members(content).items() for layer in (name.encode(), *layers(data))]
    if content.startswith(b"%PDF"):
        found += [layer for stream in _streams(content) for layer in layers(stream)]
    if content.startswith(b"{\\rtf"):
        found += [bytes.fromhex(digits.decode()) for digits in re.findall(rb" ((?:[0-9a-f]{2}){20,})", content)]
    found += [base64.b64decode(data) for data in re.findall(rb";base64,([A-Za-z0-9+/=]+)", content)]
    return found


def _streams(content: bytes) -> list[bytes]:
    """Every stream of a PDF, and its objects' values as text."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        found = [node.read_raw_bytes() for node in document.objects if isinstance(node, pikepdf.Stream)]
        found += [node.read_bytes() for node in document.objects if isinstance(node, pikepdf.Stream) and "/Subtype" not in node]
        document.save(out, qdf=True, static_id=True)
    return [*found, out.getvalue()[1:]]
