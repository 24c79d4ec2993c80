"""When tickets are due: what the limits of links make of a chain's events. Pure.

A ticket has the limits of the link that it came over, in the hours of its own party, from the moment it was passed on.

| clock | runs | stands | ends |
| --- | --- | --- | --- |
| respond | from the passing on | never | with the party's first status, public comment or passing on; or with the ticket |
| resolve | from the passing on | while the ticket is waiting | when it is resolved, closed, declined or cancelled |

What comes back (`#reopen`) goes on with what was left of the time to resolve, but with half of the limit at least; the answer
is not asked for again. Who had missed a deadline before it came back, or before it waited, has missed one for good.

| stage | when somebody is to be told (see `timely`) |
| --- | --- |
| before | a quarter of the limit is left, a working day at most |
| at | two minutes before the deadline: it may still be kept, and closing time is not yet past |
| after | the deadline is past by as much as "before" was ahead of it, an hour at most |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from relay import hours
from relay.hours import Calendar
from relay.model import Chain, Clock, Event, EventKind, Limit, Network, Party, Status, Ticket

State = Literal["running", "stopped", "met", "void"]
Stage = Literal["before", "at", "after"]
Turns = Sequence[tuple[State, datetime]]  # in which state a clock is, from when on

KINDS: tuple[EventKind, ...] = ("passed", "status", "comment")  # what the clocks go by
STATE_OF: Mapping[Status, State] = {
    "new": "running",
    "accepted": "running",
    "in progress": "running",
    "waiting": "stopped",
    "resolved": "met",
    "closed": "met",
    "declined": "void",
    "cancelled": "void",
}
NOTHING, EARLY, LATE = timedelta(), timedelta(minutes=2), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One clock of one ticket.

    `at` is the deadline; while the clock stands with time left, what it would be if it went on now; where it has ended, what it
    was. `left` is the working time left now, or at its end. `met_at` is when it was met. `state` "void": nothing is asked for any
    more, as the ticket was declined or cancelled, or was over before an answer. `missed`: a deadline went by, this or one before
    the ticket came back. `stages` are the moments to remind at, none where the clock does not run.
    """

    ticket: int
    kind: Clock
    at: datetime
    left: timedelta
    state: State
    met_at: datetime | None = None
    missed: bool = False
    stages: tuple[tuple[Stage, datetime], ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether the clock stands and will go on."""
        return self.state == "stopped"

    @property
    def open(self) -> bool:
        """Whether it is still to be met."""
        return self.state in ("running", "stopped")

    def overdue(self, now: datetime) -> bool:
        """Whether it is still to be met, and should have been before now."""
        return self.open and self.at <= now


def limited(network: Network) -> frozenset[str]:
    """The keys of the links that have limits."""
    return frozenset(key for key, link in network.links.items() if link.respond_within or link.resolve_within)


def of(chain: Chain, network: Network, events: Iterable[Event], now: datetime) -> dict[int, tuple[Due, ...]]:
    """The clocks of each ticket whose link has limits, by ticket id: respond, then resolve, as far as the link has them.

    `events` are the chain's in order, at least all of `KINDS` (others do no harm; attachments and texts are not looked at). What
    comes back is for the rules and the admin: what one party may see of it, `visibility.deadlines` says. A row of a digest or a
    report wants, of a ticket's dues, `at`, `overdue(now)`, `stopped` and `left`; for "kept or not": `met_at` and `missed`, and
    nothing where `state` is "void" and it was not missed.
    """
    known = [event for event in events if event.kind in KINDS and not event.internal]
    found = {ticket.id: _of_ticket(chain, network, ticket, known, now) for ticket in chain.tickets}
    return {ticket: dues for ticket, dues in found.items() if dues}


def _of_ticket(chain: Chain, network: Network, ticket: Ticket, events: Sequence[Event], now: datetime) -> tuple[Due, ...]:
    link = network.links.get(ticket.link or "")
    if link is None:
        return ()
    calendar = hours.working(network.parties.get(ticket.party) or Party(ticket.party, ticket.party))
    passed = (event.at for event in events if event.kind == "passed" and event.data["ticket"] == ticket.id)
    begun = next(passed, chain.opened_at)
    clocks: tuple[tuple[Clock, Limit | None, Turns], ...] = (
        ("respond", link.respond_within, _answers(ticket, events)),
        ("resolve", link.resolve_within, _moves(ticket, events)),
    )
    return tuple(
        _Watch(calendar, limit, begun).turned(turns).due(ticket.id, kind, now)
        for kind, limit, turns in clocks
        if limit is not None
    )


def _answers(ticket: Ticket, events: Iterable[Event]) -> Turns:
    """How the wait for an answer ends."""
    for event in events:
        changes = event.kind == "status" and event.data["ticket"] == ticket.id
        if event.ticket == ticket.id and (changes or event.kind != "status"):
            return [("met", event.at)]
        if changes and STATE_OF[event.data["status"]] in ("met", "void"):
            return [("void", event.at)]
    return []


def _moves(ticket: Ticket, events: Iterable[Event]) -> Turns:
    """What each of the ticket's statuses means to the time to resolve."""
    changes = (event for event in events if event.kind == "status" and event.data["ticket"] == ticket.id)
    return [(STATE_OF[event.data["status"]], event.at) for event in changes]


class _Watch:
    """Counts what is left of a limit while it is turned on and off."""

    def __init__(self, calendar: Calendar, limit: Limit, begun: datetime) -> None:
        self._calendar, self._total = calendar, hours.length(calendar, limit)
        self._lead = min(self._total / 4, hours.length(calendar, Limit(days=1)))
        self._state: State = "running"
        self._since, self._left, self._missed = begun, self._total, False
        self._at = hours.add(calendar, begun, self._left)

    def turned(self, turns: Turns) -> _Watch:
        """After these."""
        for state, at in turns:
            if state != self._state:
                self._turn(state, at)
        return self

    def _turn(self, state: State, at: datetime) -> None:
        if self._state == "running":
            self._missed |= at > self._at
            self._left = self._left_at(at)
        elif state == "running":
            if self._state != "stopped":
                self._left = max(self._left, self._total / 2)
            self._at = hours.add(self._calendar, at, self._left) if self._left else self._at
        self._state, self._since = state, at

    def _left_at(self, now: datetime) -> timedelta:
        return max(NOTHING, self._left - hours.between(self._calendar, self._since, now))

    def due(self, ticket: int, kind: Clock, now: datetime) -> Due:
        """How it stands now."""
        running = self._state == "running"
        waits = self._state == "stopped" and bool(self._left)
        at = hours.add(self._calendar, now, self._left) if waits else self._at
        return Due(
            ticket=ticket,
            kind=kind,
            at=at,
            left=self._left_at(now) if running else self._left,
            state=self._state,
            met_at=self._since if self._state == "met" else None,
            missed=self._missed or (running and at <= now),
            stages=() if waits or self._state in ("met", "void") else self._stages(),
        )

    def _stages(self) -> tuple[tuple[Stage, datetime], ...]:
        def when_left(left: timedelta) -> datetime:
            return hours.add(self._calendar, self._since, self._left - left)

        ahead: tuple[tuple[Stage, datetime], ...] = ()
        if self._state == "running" and self._left:
            ahead = (("before", when_left(self._lead)), ("at", when_left(min(self._lead / 2, EARLY))))
        return (*ahead, ("after", hours.add(self._calendar, self._at, min(self._lead, LATE))))
