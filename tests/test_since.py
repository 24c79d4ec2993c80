"""Who has had the ball since when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay import workflow
from relay.model import Chain, Contact, Event, EventKind, Link, Status, Ticket
from tests.chains import NOW, chain, trees

STATUSES: tuple[Status, ...] = Status.__args__  # type: ignore[attr-defined]
A, B, C, D = 1, 2, 3, 4
# a → b → c, and b → d
MATTER = chain(Link("ab", "a", "b"), Link("bc", "b", "c"), Link("bd", "b", "d"))


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def event(kind: EventKind, at_ticket: int, minutes: int, /, **data: Any) -> Event:
    return Event(0, kind, at_ticket, Contact("x@x.example"), at(minutes), data=data)


def passed(ticket: int, minutes: int) -> Event:
    return event("passed", MATTER.ticket(ticket).parent or 0, minutes, ticket=ticket, link=MATTER.ticket(ticket).link)


def status(ticket: int, to: Status, minutes: int) -> Event:
    return event("status", ticket, minutes, ticket=ticket, status=to)


def since(*events: Event, who: Callable[[Ticket], int] = lambda ticket: ticket.id) -> dict[int, datetime]:
    """On the chain as these events make it: with the tickets that they passed on."""
    made = {A, *(event.data["ticket"] for event in events if event.kind == "passed")}
    matter = replace(MATTER, tickets=tuple(ticket for ticket in MATTER.tickets if ticket.id in made))
    return workflow.since(workflow.replay(matter, events), events, who)


def test_who_opens_a_chain_has_the_ball_from_the_opening() -> None:
    assert since() == {A: NOW}
    assert since(event("comment", A, 3), event("reference", A, 4, reference="7")) == {A: NOW}


def test_the_ball_goes_down_and_comes_back() -> None:
    down = (passed(B, 1), event("comment", B, 2), passed(C, 3))
    assert since(*down[:2]) == {B: at(1)}
    assert since(*down) == {C: at(3)}
    assert since(*down, status(C, "in progress", 4)) == {C: at(3)}
    assert since(*down, status(C, "resolved", 5)) == {B: at(5)}
    assert since(*down, status(C, "resolved", 5), status(C, "closed", 6)) == {B: at(5)}
    assert since(*down, status(C, "resolved", 5), status(C, "in progress", 6)) == {C: at(6)}


def test_each_of_several_has_it_since_his_own_moment() -> None:
    both = (passed(B, 1), passed(C, 2), passed(D, 4))
    assert since(*both) == {C: at(2), D: at(4)}
    assert since(*both, status(C, "declined", 5)) == {D: at(4)}
    assert since(*both, status(C, "declined", 5), status(D, "resolved", 6)) == {B: at(6)}


def test_nobody_has_what_is_over() -> None:
    assert since(passed(B, 1), status(A, "closed", 2), status(B, "closed", 2)) == {}


def test_what_changes_back_at_the_same_moment_is_no_break() -> None:
    assert since(passed(B, 1), passed(C, 3), status(C, "cancelled", 3)) == {B: at(1)}
    assert since(passed(B, 1), passed(C, 3), status(C, "cancelled", 4)) == {B: at(4)}


def test_one_seen_in_the_place_of_others_has_it_as_long_as_any_of_them() -> None:
    """For a reader who sees b in the place of c and d."""
    moved = (passed(B, 1), passed(C, 2), status(C, "resolved", 4), passed(D, 5), status(D, "declined", 6))
    assert since(*moved) == {B: at(6)}
    assert since(*moved, who=lambda ticket: min(ticket.id, B)) == {B: at(1)}


# ── in general ─────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def histories(draw: st.DrawFn) -> tuple[Chain, list[Event]]:
    """A chain and events that made it: tickets passed on in their order, any statuses, other events, times that stand still."""
    matter = chain(*draw(trees(most=6)))
    events: list[Event] = []
    minutes, there = 0, 1
    for _ in range(draw(st.integers(0, 14))):
        minutes += draw(st.sampled_from((0, 1, 1, 2)))
        if there < len(matter.tickets) and draw(st.booleans()):
            new = matter.tickets[there]
            events.append(event("passed", new.parent or 0, minutes, ticket=new.id, link=new.link))
            there += 1
        else:
            ticket = draw(st.sampled_from(matter.tickets[:there]))
            to = draw(st.sampled_from((None, *STATUSES)))
            events.append(status(ticket.id, to, minutes) if to else event("comment", ticket.id, minutes))
    return workflow.replay(replace(matter, tickets=matter.tickets[:there]), events), events


@given(histories(), st.sampled_from((1, 2, 3, 100)))
def test_it_is_the_earliest_moment_from_which_he_is_never_without(made: tuple[Chain, list[Event]], distinct: int) -> None:
    matter, events = made

    def who(ticket: Ticket) -> int:
        return ticket.id % distinct

    def had(name: int, moment: datetime) -> bool:
        """Whether anybody seen as that one holds what all that has happened by then has made."""
        past = [event for event in events if event.at <= moment]
        later = {event.data["ticket"] for event in events if event.kind == "passed"} - {
            event.data["ticket"] for event in past if event.kind == "passed"
        }
        new: Status = "new"
        there = tuple(replace(ticket, status=new) for ticket in matter.tickets if ticket.id not in later)
        return name in {who(ticket) for ticket in workflow.holders(workflow.replay(replace(matter, tickets=there), past))}

    moments = sorted({matter.opened_at, *(event.at for event in events)})
    expected = {}
    for name in {who(ticket) for ticket in workflow.holders(matter)}:
        lasting = [start for start in moments if all(had(name, moment) for moment in moments if moment >= start)]
        expected[name] = lasting[0]
    assert workflow.since(matter, iter(events), who) == expected
