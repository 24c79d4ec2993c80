"""Digests: a party's chains → what its digest says → letters in the outbox, once for each moment that it asked for.

What a digest says is kept with its letters, as it was when it was made: a retry says the same, and so do all its readers.
The moments of a party are rows of DIGESTS. At the first look at a party a row says from when on its moments count, so
nothing goes out for a moment before anybody had asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from relay import digest, ledger, people, store, workflow
from relay.address import thread
from relay.decision import Order
from relay.digest import Matter, Row, View
from relay.ledger import Stamp
from relay.model import Contact, Digest, Party
from relay.settings import Settings
from relay.store import DIGESTS, EVENTS, SILENT, TICKETS, EventQuery

POSTMASTER = ""  # in the place of a party's key
HEALTH = Digest(time(8), digest.DAYS, ())  # when the relay's own state is looked at
MOST = 1000  # tickets that one digest names, in its file
AT_ONCE = 200  # chains that are loaded with one query
LAST = 2  # comments of each ticket that are looked at for the last words: what crosses of one crosses of all

_LAST = select(DIGESTS.c.party, func.max(DIGESTS.c.due).label("due")).group_by(DIGESTS.c.party)
_BEFORE = (
    select(DIGESTS.c.due, DIGESTS.c.event_id)
    .where(DIGESTS.c.party == bindparam("party"), DIGESTS.c.due < bindparam("now"))
    .order_by(DIGESTS.c.due.desc())
    .limit(1)
)
_SILENT = select(SILENT.c.address).where(SILENT.c.party == bindparam("party"))
_UNMUTING = (
    delete(SILENT)
    .where(SILENT.c.party == bindparam("party"), SILENT.c.address == bindparam("address"))
    .returning(SILENT.c.address)
)
_NEWEST = select(func.max(EVENTS.c.id))
_NEWEST_UNTIL = _NEWEST.where(EVENTS.c.at <= bindparam("until"))
_OF_PARTY = select(TICKETS.c.chain_id).where(TICKETS.c.party == bindparam("party"))
_OPEN = _OF_PARTY.where(TICKETS.c.status.in_(workflow.OPEN))
_CHANGED = _OF_PARTY.where(
    TICKETS.c.chain_id.in_(select(EVENTS.c.chain_id).where(EVENTS.c.id > bindparam("after"), EVENTS.c.kind == "status"))
)
_CHAINS = _OPEN.union(_CHANGED).order_by("chain_id")
_TURN = func.row_number().over(partition_by=EVENTS.c.ticket_id, order_by=EVENTS.c.id.desc()).label("turn")
_IN = EVENTS.c.chain_id.in_(bindparam("chains", expanding=True))
_COMMENTS = select(EVENTS.c.id, _TURN).where(_IN, EVENTS.c.kind == "comment", EVENTS.c.internal.is_(False)).subquery()
_EVENTS = EventQuery(
    _IN, or_(EVENTS.c.kind.in_(("passed", "status")), EVENTS.c.id.in_(select(_COMMENTS.c.id).where(_COMMENTS.c.turn <= LAST)))
)


@dataclass(frozen=True, slots=True)
class Since:
    """The digest before: when it was due, and the newest event at that time."""

    at: datetime
    event: int


# ── when ───────────────────────────────────────────────────────────────────────────────────────────────────


def schedules(settings: Settings) -> dict[str, tuple[Digest, str]]:
    """Who gets digests: party key, or `POSTMASTER` → when, and in which time zone."""
    parties = {key: (party.digest, party.timezone) for key, party in settings.parties.items() if party.digest}
    return {**parties, POSTMASTER: (HEALTH, settings.relay.timezone)}


def unbegun(connection: Connection, settings: Settings) -> list[str]:
    """Those whose moments do not count yet."""
    known = {row.party for row in connection.execute(_LAST)}
    return [party for party in schedules(settings) if party not in known]


def due(connection: Connection, settings: Settings, now: datetime) -> dict[str, datetime]:
    """Whose digest is to go out now, and for which moment."""
    last: dict[str, datetime] = {row.party: row.due for row in connection.execute(_LAST)}
    found = {
        party: digest.due(given, timezone, last[party], now)
        for party, (given, timezone) in schedules(settings).items()
        if party in last
    }
    return {party: moment for party, moment in found.items() if moment is not None}


def begin(connection: Connection, party: str, now: datetime) -> None:
    """From now on the party's moments count."""
    claim(connection, party, now, newest(connection))


def claim(connection: Connection, party: str, moment: datetime, event: int, rows: int = 0) -> bool:
    """Whether nobody else has made that party's digest for that moment; now it is made, up to that event."""
    values = {"party": party, "due": moment, "event_id": event, "rows": rows}
    return connection.execute(_claiming(connection.dialect.name), values).first() is not None


@cache
def _claiming(dialect: str) -> Executable:
    """Inserts the row and returns it, or returns nothing when it is there; the count of rows does not tell on PostgreSQL."""
    new = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(DIGESTS)
    return new.on_conflict_do_nothing(index_elements=("party", "due")).returning(DIGESTS.c.party)


def since(connection: Connection, party: str, now: datetime) -> Since:
    """What is new is new since then: the party's last digest, else the relay's own daily look, else a day ago."""
    for key in (party, POSTMASTER):
        if row := connection.execute(_BEFORE, {"party": key, "now": now}).first():
            return Since(row.due, row.event_id)
    a_day_ago = now - timedelta(days=1)
    return Since(a_day_ago, connection.execute(_NEWEST_UNTIL, {"until": a_day_ago}).scalar() or 0)


# ── what ───────────────────────────────────────────────────────────────────────────────────────────────────


def collect(connection: Connection, settings: Settings, party: str, now: datetime) -> dict[str, Any]:
    """What the digest of a party says now, as plain JSON.

    {"party": its key, "name": its name, "asked": whether it goes to who has asked for it, "unheard": whether he wrote something
    beside, which reaches nobody, "again": whether he had wanted none, "muted": whether he wants none, which is all that it says,
    "at", "since": when it and the one before were made, "event": the newest one then, "more": how many tickets it does not name,
    "rows": [{"section", "number", "subject", "reference", "status", "until", "thread": the address, "since", "new", "due",
    "balls": [{"party", "own", "since"}], "seats": [{"party", "status", "reference"}],
    "last": {"who", "party", "at", "words"} or None, "held": [{"party", "own", "minutes"}], "actions": [{"word", "argument"}]}]};
    times are ISO 8601.
    """
    event, before = newest(connection), since(connection, party, now)
    ids = connection.execute(_CHAINS, {"party": party, "after": before.event}).scalars().all()
    found = digest.rows(View(settings.network, party, before.event, now), _matters(connection, ids[:MOST]))
    rows = [_as_data(row, settings.relay.domain) for row in found]
    return {
        "party": party,
        "name": people.party_of(settings.network, party).name,
        "asked": False,
        "unheard": False,
        "again": False,
        "muted": False,
        "at": now.isoformat(),
        "since": before.at.isoformat(),
        "event": event,
        "more": max(0, len(ids) - MOST),
        "rows": rows,
    }


def readers(connection: Connection, party: Party) -> tuple[Contact, ...]:
    """Who gets the party's digest: those it names, else its contacts, but for those who want none."""
    named = {contact.address.lower(): contact for contact in party.contacts}
    wanted = party.digest.to if party.digest else tuple(contact.address for contact in party.contacts)
    silent = set(connection.execute(_SILENT, {"party": party.key}).scalars())
    return tuple(named.get(one.lower(), Contact(one)) for one in wanted if one.lower() not in silent)


def mute(connection: Connection, party: str, reader: str, now: datetime) -> None:
    """From now on that address gets no digests of the party, unless it asks for one."""
    statement = ledger.upsert(connection.dialect.name, SILENT, ("party", "address"), ("at",))
    connection.execute(statement, {"party": party, "address": reader.lower(), "at": now})


def unmute(connection: Connection, party: str, reader: str) -> bool:
    """That address gets them again; whether it had wanted none."""
    return connection.execute(_UNMUTING, {"party": party, "address": reader.lower()}).first() is not None


def post(connection: Connection, data: Mapping[str, Any], to: Iterable[Contact], stamp: Stamp) -> None:
    """Puts letters with that digest into the outbox."""
    ledger.save_orders(connection, None, [Order("digest", reader, data=data) for reader in to], stamp)


def send(connection: Connection, settings: Settings, data: Mapping[str, Any], moment: datetime, stamp: Stamp) -> bool:
    """Puts the digest of that moment into the outbox for all its readers, unless it was made before; returns whether it was not.

    One that names nothing goes to nobody.
    """
    party = people.party_of(settings.network, data["party"])
    if not claim(connection, party.key, moment, data["event"], len(data["rows"])):
        return False
    if data["rows"]:
        post(connection, data, readers(connection, party), stamp)
    return True


def answer(connection: Connection, settings: Settings, party: str, to: Contact, stamp: Stamp, **said: bool) -> None:
    """A digest for somebody who has asked for it, also one that names nothing; `said` is as `collect` has it."""
    data = collect(connection, settings, party, stamp.now)
    post(connection, {**data, "asked": True, **said}, [to], stamp)


def confirm_mute(connection: Connection, settings: Settings, party: str, to: Contact, stamp: Stamp) -> None:
    """Tells somebody that he gets no more of them."""
    data = collect(connection, settings, party, stamp.now)
    post(connection, {**data, "asked": True, "muted": True, "more": 0, "rows": []}, [to], stamp)


def _matters(connection: Connection, ids: Sequence[int]) -> Iterator[Matter]:
    """The chains with what a digest needs of their events, a few queries for many."""
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        events: dict[int, list[Any]] = {}
        chain_of: dict[int, int] = {}
        chains = store.load_chains(connection, some)
        chain_of = {ticket.id: chain.id for chain in chains for ticket in chain.tickets}
        for event in _EVENTS.load(connection, chains=list(some)):
            events.setdefault(chain_of[event.ticket], []).append(event)
        yield from (Matter(chain, tuple(events.get(chain.id, ()))) for chain in chains)


def _as_data(row: Row, domain: str) -> dict[str, Any]:
    return {
        "section": row.section,
        "number": row.number,
        "subject": row.subject,
        "reference": row.reference,
        "status": row.status,
        "until": row.until,
        "thread": thread(row.thread, domain),
        "since": row.since.isoformat(),
        "new": row.new,
        "due": row.due.isoformat() if row.due else None,
        "balls": [{"party": ball.party, "own": ball.own, "since": ball.since.isoformat()} for ball in row.balls],
        "seats": [{"party": seat.party, "status": seat.status, "reference": seat.reference} for seat in row.seats],
        "last": {"who": row.said.who, "party": row.said.party, "at": row.said.at.isoformat(), "words": row.words}
        if row.said
        else None,
        "held": [{"party": hold.party, "own": hold.own, "minutes": hold.time // timedelta(minutes=1)} for hold in row.held],
        "actions": [{"word": action.word, "argument": action.argument} for action in row.actions],
    }


def newest(connection: Connection) -> int:
    """The newest event of all."""
    return int(connection.execute(_NEWEST).scalar() or 0)
