"""The statuses of a ticket: who may do what from where, as a table, and what events make of a chain.

A ticket's downstream side is the party that has it; its upstream side is the party of the ticket above. The chain's first
ticket has nobody above: its own party closes, reopens or cancels the whole matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Literal

from relay.model import Chain, Event, EventKind, Fact, Status, Ticket

Side = Literal["downstream", "upstream"]
ENDED: frozenset[Status] = frozenset({"closed", "declined", "cancelled"})
OPEN: frozenset[Status] = frozenset({"new", "accepted", "in progress", "waiting", "resolved"})


@dataclass(frozen=True, slots=True)
class Move:
    """What a command word does to a status: whose word it is, from which statuses, to which."""

    side: Side
    sources: frozenset[Status]
    to: Status


# | word | side | from | to |
MOVES: dict[str, Move] = {
    "accept": Move("downstream", frozenset({"new"}), "accepted"),
    "decline": Move("downstream", frozenset({"new", "accepted", "in progress", "waiting"}), "declined"),
    "start": Move("downstream", frozenset({"new", "accepted", "waiting"}), "in progress"),
    "wait": Move("downstream", frozenset({"new", "accepted", "in progress", "waiting"}), "waiting"),
    "resolved": Move("downstream", frozenset({"new", "accepted", "in progress", "waiting"}), "resolved"),
    "close": Move("upstream", OPEN, "closed"),
    "reopen": Move("upstream", frozenset({"resolved", "closed", "cancelled"}), "in progress"),
    "cancel": Move("upstream", OPEN, "cancelled"),
}
# What the end of a ticket makes of the open ones below it.
CASCADE: dict[Status, Status] = {"closed": "closed", "cancelled": "cancelled", "declined": "cancelled"}
RATED_FROM: frozenset[Status] = frozenset({"resolved", "closed"})


def legal(ticket: Ticket, word: str) -> bool:
    """Whether the ticket's status lets that command happen."""
    return ticket.status in MOVES[word].sources


def candidates(chain: Chain, ticket: Ticket, word: str) -> tuple[Ticket, ...]:
    """The tickets that a command of `ticket`'s party can mean: its own, those below it, or the whole matter.

    Below what is over nothing comes back by itself: that is for the one above to say. While the whole matter is open, its
    first party brings back what is below it.
    """
    whole, over = ticket.parent is None, ticket.status in ENDED
    if MOVES[word].side == "downstream":
        return () if whole else (ticket,)
    if whole and (over or word != "reopen"):
        return (ticket,)
    return () if over and word == "reopen" else latest(chain, ticket)


def below(chain: Chain, ticket: Ticket) -> tuple[Ticket, ...]:
    """The tickets that were passed on from this one."""
    return tuple(found for found in chain.tickets if found.parent == ticket.id)


def latest(chain: Chain, ticket: Ticket) -> tuple[Ticket, ...]:
    """Those below, of several over one link the last: the others were given back or withdrawn, and stay so."""
    return tuple({found.link: found for found in below(chain, ticket)}.values())


def cascade(chain: Chain, ticket: Ticket, to: Status) -> tuple[tuple[Ticket, Status], ...]:
    """The change itself and what follows of it below: the end of a ticket ends what hangs on it and is still open.

    Reopening the whole matter reopens those that it was with.
    """
    changes: list[tuple[Ticket, Status]] = [(ticket, to)]
    follows = CASCADE.get(to)
    back = latest(chain, ticket) if ticket.parent is None and to == "in progress" else ()
    for child in below(chain, ticket):
        if follows and child.status not in ENDED:
            changes += cascade(chain, child, follows)
        elif child in back and child.status in MOVES["reopen"].sources:
            changes.append((child, to))
    return tuple(changes)


def replay(chain: Chain, events: Iterable[Event]) -> Chain:
    """What events make of a chain's tickets: the only place where a ticket's status, number, facts and silence change."""
    for event in events:
        if event.kind in _MAKES:
            changed = event.data["ticket"] if event.kind == "status" else event.ticket
            new = (_MAKES[event.kind](ticket, event) if ticket.id == changed else ticket for ticket in chain.tickets)
            chain = replace(chain, tickets=tuple(new))
    return chain


def _said(ticket: Ticket, event: Event) -> Ticket:
    fact = Fact(event.data["name"], event.data["value"], event.at)
    return replace(ticket, facts=(*(known for known in ticket.facts if known.key != fact.key), fact))


def _silenced(ticket: Ticket, event: Event) -> Ticket:
    who = frozenset({event.data["address"].lower()})
    return replace(ticket, muted=ticket.muted | who if event.data["muted"] else ticket.muted - who)


_MAKES: Mapping[EventKind, Callable[[Ticket, Event], Ticket]] = {
    "status": lambda ticket, event: replace(ticket, status=event.data["status"]),
    "reference": lambda ticket, event: replace(ticket, reference=event.data["reference"]),
    "field": _said,
    "mute": _silenced,
}


def born(ticket: Ticket) -> Ticket:
    """The ticket as it was before anything happened to it: what `replay` starts from. Who takes part is no event."""
    return Ticket(
        ticket.id,
        ticket.party,
        ticket.parent,
        ticket.link,
        thread=ticket.thread,
        note=ticket.note,
        participants=ticket.participants,
    )


def above(chain: Chain, ticket: Ticket) -> list[Ticket]:
    """A ticket and all above it, up to the chain's first."""
    line = [ticket]
    while line[-1].parent is not None:
        line.append(chain.ticket(line[-1].parent))
    return line


def holders(chain: Chain) -> tuple[Ticket, ...]:
    """The tickets that have the ball.

    Who has a ticket in hand has the ball, unless he has passed it on; who is to close what is resolved, or to do
    something about what was given back, has it again.
    """
    open_ones = [ticket for ticket in chain.tickets if ticket.status not in ENDED]
    working = {ticket.parent for ticket in open_ones if ticket.status != "resolved"}
    return tuple(ticket for ticket in open_ones if ticket.id not in working and ticket.status != "resolved")


def since(chain: Chain, events: Iterable[Event], who: Callable[[Ticket], int] = lambda ticket: ticket.id) -> dict[int, datetime]:
    """Since when each of `holders` has had the ball without a break, by its id.

    `events` are all of the chain's, in order. `who` names the ticket that is seen in a holder's place: the time is then that
    since which any holder seen as that one has had the ball. What changes back at the same moment, as within one mail, is
    no break. A holder that the events do not account for has had it from the opening.
    """
    held: dict[int, datetime] = {}
    for at, there in stages(chain, events):
        held = {who(ticket): held.get(who(ticket), at) for ticket in holders(there)}
    return {who(ticket): held.get(who(ticket), chain.opened_at) for ticket in holders(chain)}


def stages(chain: Chain, events: Iterable[Event]) -> Iterator[tuple[datetime, Chain]]:
    """The chain as it was at its opening, and after each moment at which a ticket was passed on or changed its status."""
    changes = [event for event in events if event.kind in ("passed", "status")]
    passed = {event.data["ticket"] for event in changes if event.kind == "passed"}
    there = replace(chain, tickets=tuple(born(ticket) for ticket in chain.tickets if ticket.id not in passed))
    yield chain.opened_at, there
    for at, together in groupby(changes, key=lambda event: event.at):
        there = _later(chain, there, tuple(together))
        yield at, there


@dataclass(frozen=True, slots=True)
class Spell:
    """A time without a break: of which ticket, from when, and up to when (None: it goes on)."""

    ticket: int
    since: datetime
    until: datetime | None


def spells(chain: Chain, events: Iterable[Event], who: Callable[[Ticket], int] = lambda ticket: ticket.id) -> tuple[Spell, ...]:
    """Every time that somebody has had the ball, as `since` counts it, in the order of their beginnings."""
    return timed((at, [who(ticket) for ticket in holders(there)]) for at, there in stages(chain, events))


def timed(moments: Iterable[tuple[datetime, Iterable[int]]]) -> tuple[Spell, ...]:
    """From which tickets something was so of at each moment, the times for which it was so of each."""
    found: list[Spell] = []
    begun: dict[int, datetime] = {}
    for at, tickets in moments:
        now = {ticket: begun.get(ticket, at) for ticket in tickets}
        found += [Spell(ticket, start, at) for ticket, start in begun.items() if ticket not in now]
        begun = now
    found += [Spell(ticket, start, None) for ticket, start in begun.items()]
    return tuple(sorted(found, key=lambda spell: (spell.since, spell.ticket)))


def _later(chain: Chain, there: Chain, events: tuple[Event, ...]) -> Chain:
    """The chain as it was, with those of its tickets that `events` passed on, and what they changed."""
    new = {event.data["ticket"] for event in events if event.kind == "passed"}
    grown = (*there.tickets, *(born(ticket) for ticket in chain.tickets if ticket.id in new))
    return replay(replace(there, tickets=grown), events)
