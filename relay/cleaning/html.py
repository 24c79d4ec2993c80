"""HTML files: generator, author and what office programs write in the head go; embedded pictures are cleaned."""

from __future__ import annotations

import re

from relay.cleaning import data_links
from relay.cleaning.inside import Inside, Uncleanable

_NAMES = rb"author|generator|creator|publisher|copyright|owner|progid|originator|changedby|company|dc\.[a-z.]+|dcterms\.[a-z.]+"
_HEAD = re.compile(
    rb"<meta\b[^<>]{0,2000}?\bname\s*=\s*[\"']?(?:" + _NAMES + rb")\b[^<>]{0,2000}>"
    rb"|<o:(?P<element>DocumentProperties|CustomDocumentProperties|OfficeDocumentSettings)\b.{0,20000}?</o:(?P=element)>"
    rb"|<link\b[^<>]{0,2000}?\brel\s*=\s*[\"']?(?:author|File-List|Edit-Time-Data|dataStoreItem|themeData)\b[^<>]{0,2000}>"
    rb"|<!-- saved from url=[^<>]{0,2000}-->",
    re.IGNORECASE | re.DOTALL,
)
_ROUNDS = 5  # taking one out may put another together


def clean(content: bytes, inside: Inside) -> bytes:
    """The page without them. Raises Uncleanable where an embedded picture cannot be cleaned."""
    for _ in range(_ROUNDS):
        content, found = _HEAD.subn(b"", content)
        if not found:
            return data_links.clean(content, inside.deeper())
    raise Uncleanable("HTML: what goes is nested in itself")
