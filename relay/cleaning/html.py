"""HTML files: generator, author and what office programs write in the head go; embedded pictures are cleaned."""

from __future__ import annotations

import re

from relay.cleaning import data_links
from relay.cleaning.inside import Inside, Uncleanable

_TAG = re.compile(rb"<(?:meta|link)\b[^<>]*>|<!-- saved from url=[^<>]*-->", re.IGNORECASE)
_MAKER = re.compile(
    rb"\bname\s*=\s*[\"']?(?:author|generator|creator|publisher|copyright|owner|progid|originator|changedby|company|dc(?:terms)?\.)"
    rb"|\brel\s*=\s*[\"']?(?:author|File-List|Edit-Time-Data|dataStoreItem|themeData)\b"
    rb"|\A<!-- saved",
    re.IGNORECASE,
)
_PROPERTIES = (b"o:DocumentProperties", b"o:CustomDocumentProperties", b"o:OfficeDocumentSettings")
_ROUNDS = 5  # taking one out may put another together


def clean(content: bytes, inside: Inside) -> bytes:
    """The page without them. Raises Uncleanable where an embedded picture cannot be cleaned."""
    for _ in range(_ROUNDS):
        before = content
        for element in _PROPERTIES:
            content = _without(content, b"<" + element, b"</" + element + b">")
        content = _TAG.sub(lambda tag: b"" if _MAKER.search(tag[0]) else tag[0], content)
        if content == before:
            return data_links.clean(content, inside.deeper())
    raise Uncleanable("HTML: what goes is nested in itself")


def _without(content: bytes, opening: bytes, closing: bytes) -> bytes:
    """The content without what stands from each opening to the next closing."""
    kept, at = list[bytes](), 0
    while (start := content.find(opening, at)) >= 0 and (end := content.find(closing, start)) >= 0:
        kept.append(content[at:start])
        at = end + len(closing)
    return b"".join([*kept, content[at:]])
