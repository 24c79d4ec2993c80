"""ZIP files: an Office document, an OpenDocument, or plainly an archive (epub and jar too), each member of which is cleaned.

What systems leave in archives goes.
"""

from __future__ import annotations

import re
from dataclasses import replace

from relay.cleaning import odf, ooxml, zipped
from relay.cleaning.inside import Inside

# A Mac's resource forks (where a file was loaded from), a folder's view, Windows' thumbnails.
_LEFT_BEHIND = re.compile(r"(^|/)(__MACOSX/.*|\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)$", re.IGNORECASE)
_MIMETYPE = b"mimetype" + odf.MIMETYPE  # the first member's name, and its content, stored


def clean(content: bytes, inside: Inside) -> bytes:
    """The archive or document, clean. Raises Uncleanable, and zipfile's, zlib's and lxml's own errors."""
    if content[30 : 30 + len(_MIMETYPE)] == _MIMETYPE:
        return odf.clean(content, inside)
    if ooxml.TYPES in zipped.names(content):
        return ooxml.clean(content, inside)
    return _plain(content, inside.deeper())


def _plain(content: bytes, deeper: Inside) -> bytes:
    members = [member for member in zipped.read(content, deeper) if not _LEFT_BEHIND.search(member.name)]
    return zipped.write(replace(member, data=deeper.clean(member.data)) for member in members)
