"""What one ticket adds to a report: how its party took it, answered it, held it and was rated, as far as the reader may know.

Every event passes `visibility.entry`, every time with the ball `visibility.spells`; the administrator sees all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from relay import deadlines, hours, visibility, workflow
from relay.deadlines import Due
from relay.hours import Calendar
from relay.model import Chain, Clock, Event, Network, Status, Ticket
from relay.people import party_of
from relay.workflow import Spell

Span = tuple[datetime, datetime | None]

TAKEN: frozenset[Status] = frozenset({"accepted", "in progress", "waiting", "resolved"})
DONE: frozenset[Status] = frozenset({"resolved", "closed"})
BACK: frozenset[Status] = DONE | {"cancelled"}  # from where it comes back when it is reopened
RUNNING: frozenset[Status] = frozenset({"new", "accepted", "in progress"})  # where its party has something to do
NOTHING = timedelta()


@dataclass(frozen=True, slots=True)
class Matter:
    """A chain as it is now, and all its events in order."""

    chain: Chain
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """From `since`, and before `until`: which is not in the future, as nothing is known of that."""

    since: datetime
    until: datetime

    def has(self, at: datetime | None) -> bool:
        """Whether something happened then."""
        return at is not None and self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Kept:
    """How many deadlines were kept, of how many."""

    kept: int = 0
    due: int = 0


Deadlines = Mapping[Clock, Kept]


# ── what of a ticket the reader sees ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class View:
    """One ticket as the reader sees it: when its party got it and first answered, what happened, each in order.

    `upstream` and `answered` are None for who opened the chain: nobody waits for his answer. `held` are the times when its party
    had the ball, None where that is not known.
    """

    ticket: Ticket
    upstream: str | None
    start: datetime
    answered: datetime | None
    moves: tuple[Event, ...]
    ratings: tuple[Event, ...]
    times: tuple[Event, ...]
    held: tuple[Spell, ...] | None


def view(matter: Matter, network: Network, ticket: Ticket, reader: str | None) -> View | None:
    """The ticket as its own party, or the one that has passed it on, sees it; None for any other `reader`. None reads all."""
    chain = matter.chain
    above = chain.ticket(ticket.parent) if ticket.parent is not None else None
    eye = ticket if ticket.party == reader else above if above and above.party == reader else None
    if reader is not None and eye is None:
        return None
    author = visibility.seen_as(chain, network, eye) if eye else _itself
    own = {other.id for other in chain.tickets if author(other) == ticket.id}
    about = [event for event in matter.events if event.ticket in own or event.data.get("ticket") == ticket.id]
    seen = tuple(event for event in about if eye is None or visibility.entry(chain, network, eye, event))
    return View(
        ticket=ticket,
        upstream=above.party if above else None,
        start=next((event.at for event in about if _brought(event, ticket)), chain.opened_at),
        answered=next((event.at for event in seen if above and event.ticket in own and _answers(event)), None),
        moves=tuple(event for event in seen if event.kind == "status" and event.data["ticket"] == ticket.id),
        ratings=tuple(event for event in seen if event.kind == "rating" and event.data["ticket"] == ticket.id),
        times=tuple(event for event in seen if event.kind == "time" and event.ticket == ticket.id),
        held=_held(matter, network, ticket, eye),
    )


def _itself(ticket: Ticket) -> int:
    return ticket.id


def _brought(event: Event, ticket: Ticket) -> bool:
    """Whether that is the passing on that the ticket began with."""
    return event.kind == "passed" and bool(event.data["ticket"] == ticket.id)


def _answers(event: Event) -> bool:
    """Whether it is something that others see, which tells them that somebody is there."""
    return event.kind in deadlines.KINDS and not event.internal


def _held(matter: Matter, network: Network, ticket: Ticket, eye: Ticket | None) -> tuple[Spell, ...] | None:
    if eye is None:
        found = workflow.spells(matter.chain, matter.events)
    elif visibility.tells_status(matter.chain, network, eye, ticket):
        found = visibility.spells(matter.chain, network, eye, matter.events)
    else:
        return None
    return tuple(spell for spell in found if spell.ticket == ticket.id)


# ── one ticket ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Figures:
    """What one ticket adds to its row."""

    received: bool = False
    taken: bool = False
    declined: bool = False
    resolved: bool = False
    reopened: bool = False
    response: timedelta | None = None
    resolve: timedelta | None = None
    held: timedelta | None = None
    spent: timedelta = NOTHING
    stars: list[int] = field(default_factory=list)
    kept: Deadlines = field(default_factory=dict)


def figures(of: View, network: Network, period: Period, kept: Deadlines) -> Figures:
    """What happened to the ticket in the period; `kept` is what became of its deadlines there."""
    calendar = hours.working(party_of(network, of.ticket.party))
    changes = _changes(of)
    took = (move.at for move in of.moves if move.ticket == of.ticket.id and move.data["status"] in TAKEN)
    done = [at for at, before, after in changes if before not in DONE and after in DONE]
    last = max(filter(period.has, done), default=None)
    return Figures(
        received=period.has(of.start),
        taken=period.has(next(took, None)),
        declined=any(period.has(at) and after == "declined" for at, _, after in changes),
        resolved=last is not None,
        reopened=any(period.has(at) and before in BACK and after == "in progress" for at, before, after in changes),
        response=hours.between(calendar, of.start, of.answered) if of.answered and period.has(of.answered) else None,
        resolve=_added(calendar, _resolving(of), of.start, last) if last else None,
        held=None if of.held is None else _added(calendar, _spans(of.held), period.since, period.until),
        spent=sum((timedelta(minutes=event.data["minutes"]) for event in of.times if period.has(event.at)), NOTHING),
        stars=[event.data["stars"] for event in of.ratings if period.has(event.at)],
        kept={} if of.held is None else kept,
    )


def deadlines_in(matter: Matter, network: Network, period: Period) -> dict[int, Deadlines]:
    """Which deadlines of each ticket were kept, or ran out, in the period; one that had run out before counted then."""
    before = {(due.ticket, due.kind) for dues in _dues(matter, network, period.since).values() for due in dues if due.missed}
    return {
        ticket: {due.kind: _kept(due, (ticket, due.kind) in before, period) for due in dues}
        for ticket, dues in _dues(matter, network, period.until).items()
    }


def _changes(view: View) -> list[tuple[datetime, Status, Status]]:
    """(when, from, to) of each change of the ticket's status."""
    statuses: list[tuple[datetime, Status]] = [(view.start, "new"), *((move.at, move.data["status"]) for move in view.moves)]
    return [(at, before, after) for (_, before), (at, after) in pairwise(statuses)]


def _resolving(view: View) -> list[Span]:
    """The times at which it was the party's to do something about the ticket."""
    begins: list[tuple[datetime, Status]] = [(view.start, "new"), *((move.at, move.data["status"]) for move in view.moves)]
    ends = [*(at for at, _ in begins[1:]), None]
    return [(at, end) for (at, status), end in zip(begins, ends, strict=True) if status in RUNNING]


def _spans(spells: Iterable[Spell]) -> list[Span]:
    return [(spell.since, spell.until) for spell in spells]


def _added(calendar: Calendar, spans: Iterable[Span], since: datetime, until: datetime) -> timedelta:
    """How much working time of those spans lies between two instants."""
    clipped = ((max(start, since), min(end or until, until)) for start, end in spans)
    return sum((hours.between(calendar, start, end) for start, end in clipped if start < end), NOTHING)


def _dues(matter: Matter, network: Network, at: datetime) -> dict[int, tuple[Due, ...]]:
    """The deadlines as they were then, of the tickets that there were."""
    known = [event for event in matter.events if event.at < at]
    there = {event.data["ticket"] for event in known if event.kind == "passed"}
    return {ticket: dues for ticket, dues in deadlines.of(matter.chain, network, known, at).items() if ticket in there}


def _kept(due: Due, before: bool, period: Period) -> Kept:
    if before:
        return Kept()
    return Kept(0, 1) if due.missed else Kept(1, 1) if period.has(due.met_at) else Kept()
