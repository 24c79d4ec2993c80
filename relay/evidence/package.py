"""The zip file itself: its parts, the list of their hashes, and the seal, which is the hash of that list."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from relay import store
from relay.evidence import party, whole
from relay.evidence.log import Log
from relay.evidence.sources import Made, Sources
from relay.store import CHAINS, EVENTS

MADE = (1980, 1, 1, 0, 0, 0)  # the time of every file in the zip, so that the same state makes the same bytes
TEXTS = Path(__file__).parents[1] / "evidence_files"


def write(target: BinaryIO, sources: Sources, chain_id: int, reader: str = "") -> Made:
    """Writes the zip file of that chain: all of it, or what the party `reader` may have, which has a ticket in it.

    Raises OSError, BlobsUnreachableError when the store of attachments does not answer, and what `sources.clean` raises.
    """
    made, sums = Made(), {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in _parts(sources, chain_id, reader, made):
            sums[name] = sha256(content).hexdigest()
            _put(package, name, content)
        listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
        _put(package, "SHA256SUMS", listed)
    made.seal = sha256(listed).hexdigest()
    return made


def _parts(sources: Sources, chain_id: int, reader: str, made: Made) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file but the list of hashes."""
    for name in ("README.txt", "verify.py"):
        yield name, (TEXTS / name).read_bytes()
    chain = store.load_chain(sources.connection, chain_id)
    events = store.load_events(sources.connection, EVENTS.c.chain_id == chain_id)
    log = Log(chain, events, sources.connection.execute(select(CHAINS.c.salt).where(CHAINS.c.id == chain_id)).scalar_one())
    made.events, made.final = len(events), log.final
    yield from party.parts(sources, chain, log, made, reader) if reader else whole.parts(sources, chain, log, made)
    yield "missing.txt", "".join(f"{line}\n" for line in made.missing).encode()


def _put(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, MADE)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
    package.writestr(entry, content)
