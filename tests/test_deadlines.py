"""When tickets are due: what events make of a link's limits, and who may know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from relay import deadlines, hours, visibility
from relay.config import worktime
from relay.deadlines import Due
from relay.model import Chain, Clock, Contact, Event, EventKind, Limit, Link, Network, Status
from tests import chains

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
A, B, C = 1, 2, 3
LIMITS: Any = {"respond_within": Limit(rest=4 * HOUR), "resolve_within": Limit(days=2)}
LINK = Link("ab", "a", "b", **LIMITS)
NETWORK = chains.network(LINK, Link("bc", "b", "c"), b=chains.party("b", hours=worktime.hours("mon-fri 09:00-18:00")))
CHAIN = replace(chains.chain(LINK, Link("bc", "b", "c")), opened_at=MONDAY)


def event(kind: EventKind, at_ticket: int, hour: float, /, **data: Any) -> Event:
    internal = bool(data.pop("internal", False))
    return Event(0, kind, at_ticket, Contact("x@x.example"), MONDAY + HOUR * hour, internal, data=data)


def passed(ticket: int, hour: float) -> Event:
    return event("passed", CHAIN.ticket(ticket).parent or 0, hour, ticket=ticket, link=CHAIN.ticket(ticket).link)


def status(to: Status, hour: float, by: int = B) -> Event:
    return event("status", by, hour, ticket=B, status=to)


def dues(*events: Event, hour: float = 0, network: Network = NETWORK) -> dict[Clock, Due]:
    """The clocks of b's ticket, which was passed on at ten on a Monday, so many hours later."""
    found = deadlines.of(CHAIN, network, [passed(B, 0), *events], MONDAY + HOUR * hour)
    return {due.kind: due for due in found.get(B, ())}


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_limits_run_in_the_hours_of_the_one_below() -> None:
    found = dues()
    assert (found["respond"].at, found["resolve"].at) == (moment(23, 14), moment(25, 10))
    assert found["respond"].state == found["resolve"].state == "running"
    assert (found["respond"].left, found["resolve"].left) == (4 * HOUR, 18 * HOUR)
    late = dues(hour=30)
    assert late["respond"].overdue(moment(24, 16)) and late["respond"].missed and late["respond"].left == timedelta()
    assert not late["resolve"].overdue(moment(24, 16)) and late["resolve"].left == 3 * HOUR


def test_only_links_with_limits_have_deadlines() -> None:
    assert set(deadlines.of(CHAIN, NETWORK, [passed(B, 0), passed(C, 1)], MONDAY)) == {B}
    assert deadlines.limited(NETWORK) == {"ab"}
    without = Network(NETWORK.domain, NETWORK.parties, {})
    assert dues(network=without) == {}, "a link that was taken out of the configuration asks for nothing"


def test_any_public_word_of_the_party_is_an_answer() -> None:
    for answer in (event("comment", B, 2), status("accepted", 2), status("waiting", 2), passed(C, 2)):
        due = dues(answer, hour=9)["respond"]
        assert (due.state, due.met_at, due.missed, due.left) == ("met", moment(23, 12), False, 2 * HOUR)
    others = (event("comment", A, 2), event("comment", C, 2), event("comment", B, 2, internal=True), event("reference", B, 2))
    assert dues(*others, hour=9)["respond"].overdue(MONDAY + 9 * HOUR)
    late = dues(event("comment", B, 5), hour=9)["respond"]
    assert (late.met_at, late.missed) == (moment(23, 15), True)


def test_nobody_waits_for_an_answer_about_what_is_over() -> None:
    assert dues(status("cancelled", 1, by=A), hour=9)["respond"].state == "void"
    assert not dues(status("cancelled", 1, by=A), hour=9)["respond"].missed
    assert dues(status("closed", 5, by=A), hour=9)["respond"].missed
    assert dues(status("declined", 1), hour=9)["respond"].met_at == moment(23, 11)


def test_the_clock_stands_while_the_ticket_waits() -> None:
    waits = status("waiting", 3)  # of 18 hours, 3 are used
    stopped = dues(waits, hour=24)["resolve"]
    assert stopped.stopped and stopped.left == 15 * HOUR and stopped.stages == ()
    assert stopped.at == hours.add(hours.working(NETWORK.parties["b"]), moment(24, 10), 15 * HOUR) == moment(25, 16)
    assert not dues(waits, hour=1000)["resolve"].overdue(MONDAY + 1000 * HOUR)
    again = dues(waits, status("waiting", 20), status("in progress", 24), hour=25)["resolve"]
    assert (again.state, again.at, again.left) == ("running", moment(25, 16), 14 * HOUR)


def test_what_is_overdue_stays_so_while_it_waits() -> None:
    found = dues(status("waiting", 49), status("in progress", 60), hour=70)["resolve"]
    assert found.overdue(MONDAY + 70 * HOUR) and found.at == moment(25, 10) and found.left == timedelta()
    waiting = dues(status("waiting", 49), hour=50)["resolve"]
    assert waiting.overdue(MONDAY + 50 * HOUR) and [stage for stage, _ in waiting.stages] == ["after"]


def test_the_work_is_done_in_time_or_too_late() -> None:
    for to in ("resolved", "closed"):
        assert dues(status(to, 30), hour=99)["resolve"].met_at == MONDAY + 30 * HOUR
    kept, late = dues(status("resolved", 48), hour=99)["resolve"], dues(status("resolved", 48.1), hour=99)["resolve"]
    assert (kept.missed, late.missed, late.open) == (False, True, False)
    assert (
        dues(status("declined", 1), hour=99)["resolve"].state == dues(status("cancelled", 1), hour=99)["resolve"].state == "void"
    )


def test_what_comes_back_goes_on_with_what_was_left_but_with_half_at_least() -> None:
    early = dues(status("resolved", 1), status("in progress", 24, by=A), hour=24)["resolve"]
    assert (early.state, early.left, early.missed) == ("running", 17 * HOUR, False)
    late = dues(status("resolved", 49), status("in progress", 72, by=A), hour=72)["resolve"]
    assert (late.left, late.at, late.missed) == (9 * HOUR, moment(27, 10), True)
    assert dues(status("resolved", 1), status("in progress", 24, by=A), hour=24)["respond"].state == "met"


def test_stages_lie_around_the_deadline_in_working_time() -> None:
    found = dues()
    assert found["respond"].stages == (("before", moment(23, 13)), ("at", moment(23, 13, 58)), ("after", moment(23, 15)))
    assert found["resolve"].stages == (("before", moment(24, 14, 30)), ("at", moment(25, 9, 58)), ("after", moment(25, 11)))
    assert dues(status("resolved", 1))["resolve"].stages == ()
    little = dues(status("waiting", 30), status("in progress", 31))["resolve"]  # 3 hours are left
    assert little.stages[0] == ("before", moment(24, 17)), "at once"


def test_a_long_limit_is_told_of_a_day_before() -> None:
    long = chains.network(replace(LINK, resolve_within=Limit(weeks=4)), b=NETWORK.parties["b"])
    (_, before), *_ = dues(network=long)["resolve"].stages
    assert before == datetime(2026, 12, 18, 10, 0, tzinfo=UTC) and before.weekday() == 4


# ── who may know ───────────────────────────────────────────────────────────────────────────────────────────


def test_deadlines_are_known_to_the_two_ends_of_their_link() -> None:
    links = [replace(Link(key, key[0], key[1]), **LIMITS) for key in ("ab", "bc")]
    network, chain = chains.network(*links), chains.chain(*links)
    known = {reader: _known(chain, network, reader) for reader in (A, B, C)}
    assert known == {
        A: [("Firm B", False, "respond"), ("Firm B", False, "resolve")],
        B: [("Firm B", True, "respond"), ("Firm B", True, "resolve"), ("Firm C", False, "respond"), ("Firm C", False, "resolve")],
        C: [("Firm C", True, "respond"), ("Firm C", True, "resolve")],
    }


def test_who_may_not_know_statuses_does_not_know_what_is_overdue() -> None:
    network, chain = chains.line("ab", share=frozenset({"comments"}))
    limited = Network(network.domain, network.parties, {"ab": replace(network.links["ab"], **LIMITS)})
    assert (len(_known(chain, limited, A)), len(_known(chain, limited, B))) == (0, 2)


def test_what_is_met_is_not_told_and_what_stands_says_what_is_left() -> None:
    events = [passed(B, 0), status("waiting", 3)]
    found = deadlines.of(CHAIN, NETWORK, events, MONDAY + HOUR * 4)
    (told,) = visibility.deadlines(CHAIN, NETWORK, CHAIN.ticket(A), found, MONDAY + HOUR * 4)
    assert (told.kind, told.left, told.over) == ("resolve", 15 * HOUR, False)


def _known(chain: Chain, network: Network, reader: int) -> list[tuple[str, bool, Clock]]:
    found = deadlines.of(chain, network, (), chains.NOW)
    return [
        (one.party, one.own, one.kind) for one in visibility.deadlines(chain, network, chain.ticket(reader), found, chains.NOW)
    ]


@settings(deadline=None)
@given(chains.chains)
def test_nobody_hears_of_deadlines_beyond_his_own_links(found: tuple[Network, Chain]) -> None:
    network, chain = found
    links = {key: replace(link, **LIMITS) for key, link in network.links.items()}
    limited = Network(network.domain, network.parties, links)
    for reader in chain.tickets:
        below = [ticket for ticket in chain.tickets if ticket.parent == reader.id and "status" in links[ticket.link or ""].share]
        mine = [reader] if reader.parent is not None else []
        expected = sorted((network.parties[ticket.party].name, ticket in mine) for ticket in mine + below) * 2
        assert sorted((name, own) for name, own, _ in _known(chain, limited, reader.id)) == sorted(expected)


# ── in general ─────────────────────────────────────────────────────────────────────────────────────────────

moves = st.lists(st.tuples(st.sampled_from(get_args(Status)), st.integers(0, 100 * 60)), max_size=6)


@settings(deadline=None)
@given(moves, st.integers(0, 200 * 60))
def test_whatever_happens_the_clock_says_one_thing(found: list[tuple[Status, int]], now: int) -> None:
    events = [status(to, minutes / 60) for to, minutes in sorted(found, key=lambda move: move[1]) if minutes <= now]
    at = MONDAY + MINUTE * now
    for due in dues(*events, hour=now / 60).values():
        assert (due.state == "met") == (due.met_at is not None)
        assert timedelta() <= due.left <= 18 * HOUR
        assert not due.overdue(at) or (due.missed and due.left == timedelta())
        assert [moment for _, moment in due.stages] == sorted(moment for _, moment in due.stages)
        if due.open and due.left:
            assert at <= due.at == hours.add(hours.working(NETWORK.parties["b"]), at, due.left)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60 * 60), min_size=2, max_size=8, unique=True).map(sorted))
def test_the_time_waited_does_not_count(minutes: list[int]) -> None:
    turns: list[Status] = ["waiting", "in progress"]
    events = [status(turns[place % 2], minute / 60) for place, minute in enumerate(minutes)]
    last = minutes[-1]
    used = sum((_work(begin, end) for begin, end in zip([0, *minutes[1::2]], [*minutes[0::2], last], strict=False)), timedelta())
    assert dues(*events, hour=last / 60)["resolve"].left == max(timedelta(), 18 * HOUR - used)


def _work(begin: int, end: int) -> timedelta:
    return hours.between(hours.working(NETWORK.parties["b"]), MONDAY + MINUTE * begin, MONDAY + MINUTE * end)
