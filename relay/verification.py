"""Whether what is stored is what the events say: every ticket made anew from them, every blob against its hash.

`differences` is the rule, pure: one chain and its events. Around it chains are loaded one at a time, each as it was at one
moment, and blobs read piece by piece, so that it can run beside a server and in little memory. Blobs that nothing names are
no mistake: a mail's files are stored before it is known whether it will be taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select

from relay import store, workflow
from relay.model import Chain, Event, Fact, Ticket
from relay.store import ATTACHMENTS, CHAINS, EVENTS, TICKETS
from storage.blobs import BlobMissingError, Blobs, BlobsUnreachableError
from storage.database import Database
from storage.spool import Spool

HASHES_AT_ONCE = 500
NAMED = 10  # of the places that a broken file is used in
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError)  # what reading what no relay has written can raise

_NEXT_CHAIN = select(CHAINS.c.id, CHAINS.c.number).where(CHAINS.c.id > bindparam("last")).order_by(CHAINS.c.id).limit(1)
_HASHES = (
    select(ATTACHMENTS.c.sha256)
    .where(ATTACHMENTS.c.sha256 > bindparam("last"))
    .distinct()
    .order_by(ATTACHMENTS.c.sha256)
    .limit(HASHES_AT_ONCE)
)
_USES = (
    select(CHAINS.c.number, EVENTS.c.mail_id, EVENTS.c.id, ATTACHMENTS.c.name)
    .select_from(ATTACHMENTS)
    .outerjoin(EVENTS, EVENTS.c.id == ATTACHMENTS.c.event_id)
    .outerjoin(CHAINS, CHAINS.c.id == EVENTS.c.chain_id)
    .where(ATTACHMENTS.c.sha256 == bindparam("sha256"))
    .order_by(ATTACHMENTS.c.event_id, ATTACHMENTS.c.position)
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, in words and as plain JSON values."""

    kind: Literal["ticket", "event", "chain", "file", "blobs"]
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """What has been looked at."""

    chains: int = 0
    tickets: int = 0
    events: int = 0
    files: int = 0


def verify(database: Database, blobs: Blobs, spool: Spool, counts: Counts) -> Iterator[Finding]:
    """All that is not as it should be; `counts` grows meanwhile. Raises SQLAlchemy's errors when the database is away."""
    yield from _chains(database, counts)
    with database.snapshot() as connection:
        yield from _chainless(connection)
    yield from _files(database, blobs, spool, counts)


# ── one chain ──────────────────────────────────────────────────────────────────────────────────────────────


def differences(chain: Chain, events: Sequence[Event]) -> Iterator[Finding]:
    """Where a chain's tickets are not what all its events, in order, make of them."""
    yield from _strangers(chain, events)
    yield from _passed(chain, events)
    yield from _replayed(chain, events)


def _strangers(chain: Chain, events: Iterable[Event]) -> Iterator[Finding]:
    """Events that name a ticket of another chain, or none."""
    own = {ticket.id for ticket in chain.tickets}
    for event in events:
        for ticket_id in sorted({event.ticket, _data(event).get("ticket", event.ticket)} - own, key=str):
            yield _event(chain, event, f"names ticket {ticket_id}, which is not of this chain")


def _passed(chain: Chain, events: Iterable[Event]) -> Iterator[Finding]:
    """Every ticket but the chain's first came over the link, and from the ticket, that one "passed" event says."""
    if not chain.tickets:
        yield Finding("chain", f"{chain.number}: has no ticket", {"chain": chain.number})
    passed = [event for event in events if event.kind == "passed"]
    for at, ticket in enumerate(chain.tickets):
        saying = [event for event in passed if _data(event).get("ticket") == ticket.id]
        if len(saying) != (1 if at else 0):
            wanted = "one event should say that it was passed on" if at else "it is the chain's first, which nobody passed on"
            yield _ticket(chain, ticket, f"{wanted}, {len(saying)} do", field="passed", stored=len(saying), events=int(at > 0))
            continue
        parent, link = (saying[0].ticket, _data(saying[0]).get("link")) if saying else (None, None)
        yield from _compared(chain, ticket, replace(ticket, parent=parent, link=link))


def _replayed(chain: Chain, events: Iterable[Event]) -> Iterator[Finding]:
    made = replace(chain, tickets=tuple(map(workflow.born, chain.tickets)))
    for event in events:
        try:
            made = workflow.replay(made, (event,))
        except _DAMAGED as error:
            yield _event(chain, event, f"cannot be understood: {type(error).__name__}: {error}")
    for stored, ticket in zip(chain.tickets, made.tickets, strict=True):
        yield from _compared(chain, stored, ticket)


def _compared(chain: Chain, stored: Ticket, made: Ticket) -> Iterator[Finding]:
    for each in fields(Ticket):
        if getattr(stored, each.name) != getattr(made, each.name):
            there, wanted = _plain(getattr(stored, each.name)), _plain(getattr(made, each.name))
            text = f"{each.name} is {_shown(there)}, the events say {_shown(wanted)}"
            yield _ticket(chain, stored, text, field=each.name, stored=there, events=wanted)


def _ticket(chain: Chain, ticket: Ticket, text: str, **facts: Any) -> Finding:
    place = {"chain": chain.number, "ticket": ticket.id, "party": ticket.party}
    return Finding("ticket", f"{chain.number}: {ticket.party} (ticket {ticket.id}): {text}", place | facts)


def _event(chain: Chain, event: Event, text: str) -> Finding:
    place = {"chain": chain.number, "event": event.id, "event_kind": event.kind, "mail": event.mail_id}
    return Finding("event", f"{chain.number}: event {event.id} ({event.kind}, mail {event.mail_id or '-'}): {text}", place)


def _data(event: Event) -> Mapping[str, Any]:
    return event.data if isinstance(event.data, dict) else {}


def _plain(value: Any) -> Any:
    """As JSON and people read it."""
    if isinstance(value, Fact):
        return f"{value.name}: {value.value} ({value.at:%Y-%m-%d %H:%M:%S})"
    if isinstance(value, tuple | frozenset):
        return ", ".join(sorted(map(str, map(_plain, value))))
    return value if isinstance(value, str | int | None) else str(value)


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "nothing" if value is None else str(value)


# ── all chains ─────────────────────────────────────────────────────────────────────────────────────────────


def _chains(database: Database, counts: Counts) -> Iterator[Finding]:
    """Each chain in a transaction of its own, which sees it as it was at one moment."""
    last = 0
    while True:
        with database.snapshot() as connection:
            found = connection.execute(_NEXT_CHAIN, {"last": last}).first()
            if found is None:
                return
            findings = _chain(connection, found.id, found.number, counts)
        yield from findings
        last = found.id


def _chain(connection: Connection, chain_id: int, number: str, counts: Counts) -> list[Finding]:
    counts.chains += 1
    try:
        chain = store.load_chain(connection, chain_id)
        events = store.load_events(connection, EVENTS.c.chain_id == chain_id)
        counts.tickets += len(chain.tickets)
        counts.events += len(events)
        return list(differences(chain, events))
    except _DAMAGED as error:
        return [Finding("chain", f"{number}: cannot be read: {type(error).__name__}: {error}", {"chain": number})]


def _chainless(connection: Connection) -> Iterator[Finding]:
    """Tickets and events whose chain has been taken away: no chain leads to them."""
    for kind, rows in (("ticket", TICKETS), ("event", EVENTS)):
        lost = (
            select(rows.c.id).outerjoin(CHAINS, CHAINS.c.id == rows.c.chain_id).where(CHAINS.c.id.is_(None)).order_by(rows.c.id)
        )
        for number in connection.execute(lost).scalars():
            yield Finding("chain", f"{kind} {number}: its chain is not there", {"chain": None, kind: number})


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────


def _files(database: Database, blobs: Blobs, spool: Spool, counts: Counts) -> Iterator[Finding]:
    """Every blob that an attachment names, once."""
    last = ""
    while True:
        with database.snapshot() as connection:
            hashes = connection.execute(_HASHES, {"last": last}).scalars().all()
        for sha256 in hashes:
            try:
                blobs.check(sha256)
            except BlobMissingError as error:
                yield _file(database, spool, sha256, blobs.place(sha256), str(error).partition(": ")[2])
            except BlobsUnreachableError as error:
                yield Finding("blobs", f"{error}. The files after the first {counts.files} were not looked at.")
                return
            counts.files += 1
        if not hashes:
            return
        last = hashes[-1]


def _file(database: Database, spool: Spool, sha256: str, place: str, why: str) -> Finding:
    """A broken blob: which files of which mails it is, and whether their raw mails still have it."""
    with database.snapshot() as connection:
        rows = connection.execute(_USES, {"sha256": sha256}).all()
    uses = []
    for number, mail_id, event_id, name in rows:
        raw = spool.find(mail_id or "")
        uses.append({"chain": number, "mail": mail_id, "event": event_id, "name": name, "raw": str(raw) if raw else None})
    lines = [f"    {use['name']} in {use['chain']}, mail {use['mail']}: {_raw(use['raw'])}" for use in uses[:NAMED]]
    lines += [f"    and {len(uses) - NAMED} more uses"] if len(uses) > NAMED else []
    return Finding(
        "file", "\n".join([f"file {place}: {why}", *lines]), {"sha256": sha256, "place": place, "why": why, "uses": uses}
    )


def _raw(path: str | None) -> str:
    return f"it is still in the raw mail {path}" if path else "its raw mail is not in the spool any more"
