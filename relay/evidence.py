"""All that there is of a chain in one zip file: what was said, by whom, what proved it, and how anybody checks that it is whole.

The same state makes the same bytes. `evidence/README.txt` describes the file to its reader, `evidence/verify.py` checks it with
nothing but Python's own library; both go along.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, or_, select

from relay import people, store
from relay.model import Chain, Event
from relay.settings import Settings
from relay.store import EVENTS, LETTERS, MAILS
from storage.blobs import BlobMissingError, Blobs
from storage.spool import Spool

FIRST = "0" * 64  # stands in the first event's line for the line before
MADE = (1980, 1, 1, 0, 0, 0)  # the time of every file in the zip, so that the same state makes the same bytes
TEXTS = Path(__file__).parent / "evidence_files"
LETTER = ("id", "kind", "ticket_id", "event_id", "mail_id", "recipient", "message_id", "state", "attempts", "reply", "joined_to")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from; the connection sees one moment."""

    connection: Connection
    settings: Settings
    spool: Spool
    blobs: Blobs


@dataclass(slots=True)
class Made:
    """What was put together: how many of each, what was not there any more, and the SHA-256 of the list of all hashes."""

    mails: int = 0
    events: int = 0
    files: int = 0
    letters: int = 0
    missing: list[str] = field(default_factory=list)
    seal: str = ""


def write(target: BinaryIO, sources: Sources, chain_id: int) -> Made:
    """Writes the zip file of that chain. Raises OSError, also when the store of attachments does not answer."""
    made, sums = Made(), {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in _parts(sources, store.load_chain(sources.connection, chain_id), made):
            sums[name] = sha256(content).hexdigest()
            _put(package, name, content)
        listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
        _put(package, "SHA256SUMS", listed)
    made.seal = sha256(listed).hexdigest()
    return made


def _put(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, MADE)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
    package.writestr(entry, content)


# ── its parts ──────────────────────────────────────────────────────────────────────────────────────────────


def _parts(sources: Sources, chain: Chain, made: Made) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file but the list of hashes."""
    for name in ("README.txt", "verify.py"):
        yield name, (TEXTS / name).read_bytes()
    events = store.load_events(sources.connection, EVENTS.c.chain_id == chain.id)
    made.events = len(events)
    yield "chain.json", json.dumps(_chain(chain, sources.settings), ensure_ascii=False, indent=1, sort_keys=True).encode()
    yield "events.jsonl", chained([_event(chain, event) for event in events])
    yield from _mails(sources, chain, events, made)
    yield from _attachments(sources, events, made)
    letters = sources.connection.execute(select(LETTERS).where(LETTERS.c.chain_id == chain.id).order_by(LETTERS.c.id)).all()
    made.letters = len(letters)
    yield "letters.jsonl", lines(_letter(row) for row in letters)
    yield "missing.txt", "".join(f"{line}\n" for line in made.missing).encode()


def chained(events: Sequence[Mapping[str, Any]]) -> bytes:
    """JSON lines, each with the SHA-256 of the line before it (without its line end)."""
    found, before = [], FIRST
    for number, event in enumerate(events, 1):
        line = _line({"number": number, "before": before, "event": event})
        before = sha256(line).hexdigest()
        found.append(line + b"\n")
    return b"".join(found)


def lines(values: Iterator[Mapping[str, Any]]) -> bytes:
    """JSON lines."""
    return b"".join(_line(value) + b"\n" for value in values)


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _mails(sources: Sources, chain: Chain, events: Sequence[Event], made: Made) -> Iterator[tuple[str, bytes]]:
    named = sorted({event.mail_id for event in events if event.mail_id})
    where = or_(MAILS.c.chain_id == chain.id, MAILS.c.id.in_(named))
    rows = sources.connection.execute(select(MAILS).where(where).order_by(MAILS.c.id)).all()
    for mail_id in sorted({*named, *(row.id for row in rows)}):
        path = sources.spool.find(mail_id)
        if path is None:
            made.missing.append(f"mails/{mail_id}.eml")
            continue
        made.mails += 1
        yield f"mails/{mail_id}.eml", path.read_bytes()
    yield "mails.jsonl", lines(_mail(row) for row in rows)


def _attachments(sources: Sources, events: Sequence[Event], made: Made) -> Iterator[tuple[str, bytes]]:
    for digest in sorted({file.sha256 for event in events for file in event.attachments}):
        try:
            content = sources.blobs.get(digest)
        except BlobMissingError:
            made.missing.append(f"attachments/{digest}")
            continue
        made.files += 1
        yield f"attachments/{digest}", content


# ── rows as JSON ───────────────────────────────────────────────────────────────────────────────────────────


def _chain(chain: Chain, settings: Settings) -> dict[str, Any]:
    """Without the addresses of its tickets: they are keys."""
    tickets = [
        {
            "id": ticket.id,
            "party": ticket.party,
            "name": people.party_of(settings.network, ticket.party).name,
            "upstream": ticket.parent,
            "link": ticket.link,
            "status": ticket.status,
            "reference": ticket.reference,
        }
        for ticket in chain.tickets
    ]
    opened = chain.opened_at.isoformat()
    return {
        "number": chain.number,
        "subject": chain.subject,
        "opened_at": opened,
        "relay": settings.relay.domain,
        "tickets": tickets,
    }


def _event(chain: Chain, event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "ticket": event.ticket,
        "party": chain.ticket(event.ticket).party,
        "author": event.author.address,
        "author_name": event.author.name,
        "internal": event.internal,
        "text": event.text,
        "data": dict(event.data),
        "mail": event.mail_id,
        "message_id": event.message_id,
        "attachments": [{"name": f.name, "type": f.type, "size": f.size, "sha256": f.sha256} for f in event.attachments],
    }


def _mail(row: Row[Any]) -> dict[str, Any]:
    named = ("id", "state", "reason", "sender", "subject", "message_id", "envelope", "verdict")
    return {name: getattr(row, name) for name in named} | {"received_at": row.received_at.isoformat()}


def _letter(row: Row[Any]) -> dict[str, Any]:
    times = {name: at.isoformat() if (at := getattr(row, name)) else None for name in ("created_at", "sent_at")}
    return {name: getattr(row, name) for name in LETTER} | times
