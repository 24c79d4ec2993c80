"""What a party's digest says of its tickets, and when it goes out. Pure.

A ticket stands in one section, the first that fits:

| section | which tickets |
| --- | --- |
| overdue | its deadline is over, whoever has the ball; the oldest deadline first |
| yours | the party itself has the ball, the longest held first |
| new | it has come since the last digest |
| resolved | it, or something it was passed on for, was resolved or ended since the last digest |
| others | somebody else has the ball |

What ended before is not named. All of it passes `visibility`; internal mails are left out, for a digest's readers need not be
the party's contacts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from relay import address, deadlines, rules, visibility, workflow
from relay.model import Action, Ball, Chain, Digest, Entry, Event, Network, Seat, Status, Ticket

Section = Literal["overdue", "yours", "new", "resolved", "others"]
SECTIONS: tuple[Section, ...] = ("overdue", "yours", "new", "resolved", "others")
SCREEN = 10  # rows that a letter shows
MOST_ACTIONS = 5  # of a row
SPOKEN = ("comment", "status")  # events that may have words
LENGTH = 200  # characters of the last words
LATE = timedelta(hours=12)  # after which a missed digest goes out no more
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SETTLED = workflow.ENDED | {"resolved"}
_PICTURE = re.compile(r"\[cid:p\d+\]")


@dataclass(frozen=True, slots=True)
class Matter:
    """A chain with events in order: all that passed it on or changed a status, and at least each ticket's last comments."""

    chain: Chain
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class View:
    """Whose digest it is, and when. `after` is the newest event of the digest before."""

    network: Network
    party: str
    after: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """For how long a party has had the ball in all."""

    party: str
    own: bool
    time: timedelta


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket of the party's: its `reference` is the party's own number of it, `since` when it came to the party.
    `until` is the day (ISO 8601) up to which it waits, "" where it does not or none was said.

    `balls` are those who have it, oldest first, `seats` the other tickets that the party knows of. `said` is the last public
    event with words, if there is one, and `words` its beginning. `held` tells for how long each has had the ball, in the order
    in which they first had it. Only the first `SCREEN` rows of a digest have `actions`.
    """

    section: Section
    number: str
    subject: str
    reference: str
    status: Status
    until: str
    thread: str
    since: datetime
    new: bool
    due: datetime | None
    balls: tuple[Ball, ...]
    seats: tuple[Seat, ...]
    said: Entry | None
    words: str
    held: tuple[Hold, ...] = ()
    actions: tuple[Action, ...] = ()


# ── what it says ───────────────────────────────────────────────────────────────────────────────────────────


def rows(view: View, matters: Iterable[Matter]) -> tuple[Row, ...]:
    """The party's tickets in the order in which they are shown."""
    found = [
        (row, matter.chain, ticket)
        for matter in matters
        for ticket in matter.chain.tickets
        if ticket.party == view.party and (row := _row(view, matter, ticket)) is not None
    ]
    found.sort(key=lambda each: _place(each[0]))
    shown = [replace(row, actions=_actions(view.network, chain, ticket)) for row, chain, ticket in found[:SCREEN]]
    return (*shown, *(row for row, _, _ in found[SCREEN:]))


def _due(view: View, matter: Matter, ticket: Ticket) -> datetime | None:
    """The next deadline of the ticket or of whom it was passed on to, as the party may know it; a clock that stands has none."""
    dues = deadlines.of(matter.chain, view.network, matter.events, view.now)
    known = visibility.deadlines(matter.chain, view.network, ticket, dues, view.now)
    return min((one.at for one in known if one.left is None), default=None)


def _row(view: View, matter: Matter, ticket: Ticket) -> Row | None:
    chain, network = matter.chain, view.network
    told = [
        (event.id, entry)
        for event in matter.events
        if not event.internal and (entry := visibility.entry(chain, network, ticket, event)) is not None
    ]
    balls = sorted(visibility.balls(chain, network, ticket, matter.events), key=lambda ball: ball.since)
    came, at = _came(chain, ticket, told)
    new, due = came > view.after, _due(view, matter, ticket)
    late = due is not None and due <= view.now
    section = _section(ticket, balls, [entry for event, entry in told if event > view.after], new=new, late=late)
    if section is None:
        return None
    seats = visibility.seats(chain, network, ticket)
    said = next((entry for _, entry in reversed(told) if entry.kind in SPOKEN and _words(entry, network)), None)
    return Row(
        section=section,
        number=chain.number,
        subject=visibility.subject(chain, network),
        reference=next((seat.reference for seat in seats if seat.own), ""),
        status=ticket.status,
        until=_until(ticket, matter.events),
        thread=ticket.thread,
        since=at,
        new=new,
        due=due,
        balls=tuple(balls),
        seats=tuple(seat for seat in seats if not seat.own),
        said=said,
        words=_words(said, network) if said else "",
        held=_held(view, matter, ticket),
    )


def _until(ticket: Ticket, events: Iterable[Event]) -> str:
    """The day up to which the party's own ticket waits."""
    moves = [event for event in events if event.kind == "status" and event.data["ticket"] == ticket.id]
    return str(moves[-1].data.get("until") or "") if moves and ticket.status == "waiting" else ""


def _held(view: View, matter: Matter, ticket: Ticket) -> tuple[Hold, ...]:
    """Who has had the ball for how long, as the party may know it."""
    chain, network = matter.chain, view.network
    times: dict[int, timedelta] = {}
    for spell in visibility.spells(chain, network, ticket, matter.events):
        times[spell.ticket] = times.get(spell.ticket, timedelta()) + ((spell.until or view.now) - spell.since)
    names = {key: visibility.party_name(chain, network, ticket, chain.ticket(key)) for key in times}
    return tuple(Hold(names[key], key == ticket.id, time) for key, time in times.items())


def _section(ticket: Ticket, balls: Iterable[Ball], told: Iterable[Entry], *, new: bool, late: bool) -> Section | None:
    """Where the ticket stands; `told` is what the party has heard since the last digest."""
    settled = [entry for entry in told if entry.kind == "status" and entry.data["status"] in SETTLED]
    if ticket.status in workflow.ENDED:
        return "resolved" if any(entry.data["mine"] for entry in settled) else None
    fits = {
        "overdue": late,
        "yours": any(ball.own for ball in balls),
        "new": new,
        "resolved": bool(settled),
        "others": True,
    }
    return next(section for section in SECTIONS if fits[section])


def _came(chain: Chain, ticket: Ticket, told: Iterable[tuple[int, Entry]]) -> tuple[int, datetime]:
    """The event that brought the ticket to the party, and when that was: the opening, or the passing on to it."""
    if ticket.parent is None:
        return next(((event, chain.opened_at) for event, _ in told), (0, chain.opened_at))
    brought = ((event, entry.at) for event, entry in told if entry.kind == "passed" and entry.data["mine"])
    return next(brought, (0, chain.opened_at))


def _words(entry: Entry, network: Network) -> str:
    """The beginning of what somebody said, in one line, without what he quotes and without addresses of the relay."""
    text = address.scrub(_PICTURE.sub("", entry.text), network.domain)
    lines = (line for line in text.splitlines() if not line.lstrip().startswith(">"))
    said = " ".join(" ".join(lines).split())
    return said if len(said) <= LENGTH else said[: LENGTH - 1].rstrip() + "…"


def _actions(network: Network, chain: Chain, ticket: Ticket) -> tuple[Action, ...]:
    """What the party can say of the ticket in a word."""
    return tuple(action for action in rules.actions(chain, network, ticket) if action.word in workflow.MOVES)[:MOST_ACTIONS]


def _place(row: Row) -> tuple[int, datetime, int, str]:
    """Where it stands among the others; numbers in the order of their counting, A-9 before A-10."""
    at = {"overdue": row.due, "new": row.since}.get(row.section) or (row.balls[0].since if row.balls else row.since)
    return SECTIONS.index(row.section), at, len(row.number), row.number


# ── when it goes out ───────────────────────────────────────────────────────────────────────────────────────


def due(digest: Digest, timezone: str, last: datetime | None, now: datetime) -> datetime | None:
    """The moment whose digest is to go out now, or None.

    That is the latest that has passed, if it is later than `last`, that of the digest before, and not longer ago than `LATE`:
    of several missed ones one goes out, and after a long downtime none until the next.
    """
    latest = _latest(digest, ZoneInfo(timezone), now)
    if latest is None or (last is not None and latest <= last) or now - latest > LATE:
        return None
    return latest


def _latest(digest: Digest, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The latest of its moments that has passed. Where clocks go back over midnight, tomorrow's may have."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    days = (tomorrow - timedelta(days=back) for back in range(10))
    moments = (moment(digest, zone, day) for day in days if DAYS[day.weekday()] in digest.on)
    return next((at for at in moments if at <= now), None)


def moment(digest: Digest, zone: ZoneInfo, day: date) -> datetime:
    """When, in UTC, the digest of that local day goes out.

    A time that the day's clocks show twice counts the first time; one that they leave out is the moment at which they go on.
    """
    wall = datetime.combine(day, digest.at)
    first = wall.replace(tzinfo=zone)
    at = first.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    return _change(zone, first.replace(fold=1).astimezone(UTC), at)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between the two at which the zone's clocks change, to the second: a gap lies between its readings (PEP 495)."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return after
