"""One raw mail → its DKIM signatures and ARC sets, each with its problem or ready to be held against its key."""

from __future__ import annotations

from relay.mail.parts.part import Part
from relay.mail.seals import arc, signatures
from relay.mail.seals.fields import Malformed, split
from relay.mail.seals.signatures import Source
from relay.model import Sealing, Signature

MOST = 10  # signatures that are looked at
_NAMES = frozenset({"dkim-signature", arc.RESULTS, arc.MESSAGE, arc.SEAL})


def read(raw: bytes, seen: Part) -> tuple[tuple[Signature, ...], Sealing]:
    """Of a mail that the display parser has read as `seen`. Never raises.

    A mail saved with LF for every line end is taken as if it had CRLF; any other must have CRLF.
    """
    if not _NAMES.intersection(name.lower() for name in seen.keys()):  # noqa: SIM118 - a Part, with each of its names
        return (), Sealing()
    whole = raw if b"\r" in raw else raw.replace(b"\n", b"\r\n")
    try:
        source = Source(whole, seen, split(whole, seen))
    except Malformed as fault:
        return (Signature(problem=str(fault)),), Sealing(problem=str(fault))
    found = source.header.named.get("dkim-signature", ())
    return tuple(signatures.dkim(field, source) for field in found[:MOST]), arc.read(source)
