"""Files within links (`data:image/jpeg;base64,…`) of SVG and HTML: each is cleaned. RFC 2397."""

from __future__ import annotations

import base64
import re

from relay.cleaning.inside import Inside, Uncleanable

_EMBEDDED = re.compile(rb"(data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,\"'\s]{0,100})*;base64,)([A-Za-z0-9+/=%\s]+)", re.IGNORECASE)


def clean(content: bytes, inside: Inside) -> bytes:
    """The content with clean embedded files. Raises Uncleanable, or binascii's error, where one cannot be."""
    return _EMBEDDED.sub(lambda link: link[1] + _clean(link[2], inside), content)


def _clean(encoded: bytes, inside: Inside) -> bytes:
    if b"%" in encoded:
        raise Uncleanable("a link to data, escaped twice")
    file = base64.b64decode(encoded)
    inside.spend(len(file))
    return base64.b64encode(inside.clean(file))
