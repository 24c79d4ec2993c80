"""How the relay is doing, for its postmaster: a mail each morning on which there is something to say, and on Mondays.

Worth saying is what a person can mend: mails that wait for a decision or were set aside, contacts whose letters fail, pauses,
a disk that fills up. Who has had tickets for longest is said beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from relay import __version__, people, store, workflow
from relay.digester import Since
from relay.model import Chain
from relay.settings import Settings
from relay.store import EVENTS, LETTERS, MAILS, PAUSES, TICKETS, EventQuery

SCARCE = 0.1  # of a disk: less is worth saying
LATE = timedelta(hours=1)  # after which a letter that waits counts as late
NAMED = 5  # parties and contacts that are named
MOST = 2000  # open chains that are looked at for who has had them longest, the oldest first
AT_ONCE = 200  # chains that are loaded with one query

_RECEIVED = MAILS.c.received_at > bindparam("since")
_STATES = select(MAILS.c.state, func.count()).where(_RECEIVED).group_by(MAILS.c.state).order_by(MAILS.c.state)
_HELD = (
    select(MAILS.c.held_for, func.count()).where(MAILS.c.state == "held").group_by(MAILS.c.held_for).order_by(func.count().desc())
)
_ASIDE = select(func.count()).where(MAILS.c.state == "aside", _RECEIVED)
_FAILED = (
    select(LETTERS.c.recipient, func.count(), func.max(LETTERS.c.reply))
    .where(LETTERS.c.state == "failed", LETTERS.c.created_at > bindparam("since"), store.BY_ITSELF)
    .group_by(LETTERS.c.recipient)
    .order_by(func.count().desc(), LETTERS.c.recipient)
)
_LATE = select(func.count()).where(LETTERS.c.state == "due", LETTERS.c.attempts > 0, LETTERS.c.created_at < bindparam("late"))
_SENT = select(func.count()).where(LETTERS.c.state == "sent", LETTERS.c.sent_at > bindparam("since"), store.BY_ITSELF)
_PAUSED = select(func.count()).where(PAUSES.c.until > bindparam("now"))
_OPEN = select(TICKETS.c.chain_id).where(TICKETS.c.status.in_(workflow.OPEN)).distinct().order_by(TICKETS.c.chain_id).limit(MOST)
_MOVES = EventQuery(EVENTS.c.chain_id.in_(bindparam("chains", expanding=True)), EVENTS.c.kind.in_(("passed", "status")))


def statement(connection: Connection, settings: Settings, since: Since, moment: datetime, now: datetime) -> dict[str, Any] | None:
    """What the postmaster's mail of that moment says, as model.Letter has it; None when it need not be written."""
    wrong = dict(_wrong(connection, settings, since.at, now))
    monday = moment.astimezone(ZoneInfo(settings.relay.timezone)).weekday() == 0
    if not (wrong or monday):
        return None
    text = "Each of these wants a person's look." if wrong else "Nothing wants a person's look. This is said on Mondays."
    return {
        "what": f"{settings.relay.name}: {'something to look at' if wrong else 'all is well'}",
        "details": wrong | dict(_beside(connection, settings, since.at, now)),
        "text": text,
    }


def _wrong(connection: Connection, settings: Settings, since: datetime, now: datetime) -> Iterator[tuple[str, str]]:
    """What a person can mend, and with which command."""
    if held := connection.execute(_HELD).all():
        told = ", ".join(f"{count} for {people.party_of(settings.network, party).name}" for party, count in held[:NAMED])
        yield "Held mails", f"{sum(count for _, count in held)} wait for a decision: {told} (relay held list)"
    if aside := connection.execute(_ASIDE, {"since": since}).scalar_one():
        yield "Set aside", f"{aside} mails could not be processed (the spool's folder corrupt)"
    if failed := connection.execute(_FAILED, {"since": since}).all():
        told = "; ".join(f"{recipient}, {count}: {' '.join(reply.split())[:100]}" for recipient, count, reply in failed[:NAMED])
        yield "Letters that failed", f"to {len(failed)} contacts: {told} (relay queue list)"
    if late := connection.execute(_LATE, {"late": now - LATE}).scalar_one():
        yield "Letters that wait", f"{late} were tried and not taken for more than an hour (relay queue list)"
    if paused := connection.execute(_PAUSED, {"now": now}).scalar_one():
        yield "Paused", f"the letters of {paused} tickets, as a program seems to answer them (relay loops)"
    if (free := _free(settings)) < SCARCE:
        yield "Disk", f"only {free:.0%} of {settings.relay.data} is free"


def _beside(connection: Connection, settings: Settings, since: datetime, now: datetime) -> Iterator[tuple[str, str]]:
    states = ", ".join(f"{count} {state}" for state, count in connection.execute(_STATES, {"since": since}))
    yield "Since", f"{since.astimezone(ZoneInfo(settings.relay.timezone)):%Y-%m-%d %H:%M}"
    yield "Mails", states or "none"
    yield "Letters sent", str(connection.execute(_SENT, {"since": since}).scalar_one())
    if slowest := _slowest(connection, settings, now):
        yield "Have had tickets for longest", "; ".join(slowest)
    if (free := _free(settings)) >= SCARCE:
        yield "Disk", f"{free:.0%} free"
    yield "Version", __version__


def _free(settings: Settings) -> float:
    """What part of the disk of the data is free; 1 where there is none yet."""
    data = settings.relay.data
    usage = shutil.disk_usage(data) if data.exists() else None
    return usage.free / usage.total if usage and usage.total else 1.0


def _slowest(connection: Connection, settings: Settings, now: datetime) -> list[str]:
    """The parties that have had a ticket for longest, each with how many it has."""
    held: dict[str, list[tuple[datetime, str]]] = {}
    for chain, since in _holding(connection):
        for ticket, at in since.items():
            held.setdefault(chain.ticket(ticket).party, []).append((at, chain.number))
    longest = sorted(((min(all_of), party, len(all_of)) for party, all_of in held.items()))[:NAMED]
    return [
        f"{people.party_of(settings.network, party).name}: {number} for {(now - at).days} days, {count} in all"
        for (at, number), party, count in longest
    ]


def _holding(connection: Connection) -> Iterator[tuple[Chain, dict[int, datetime]]]:
    """The open chains, and since when which of their tickets has had the ball."""
    ids = connection.execute(_OPEN).scalars().all()
    for start in range(0, len(ids), AT_ONCE):
        some = list(ids[start : start + AT_ONCE])
        chains = store.load_chains(connection, some)
        chain_of = {ticket.id: chain.id for chain in chains for ticket in chain.tickets}
        events = _MOVES.load(connection, chains=some)
        for chain in chains:
            yield chain, workflow.since(chain, [event for event in events if chain_of[event.ticket] == chain.id])
