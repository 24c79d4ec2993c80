"""Reports: what counts in a period, who may read it, and that a table is no program."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import report, sheet, tabular, timeline, visibility, workflow
from relay.figures import Kept, Matter, Period
from relay.model import SHARES, Chain, Contact, Event, EventKind, Limit, Link, Network, Opening, Share, Status
from relay.report import Row, Times
from tests.chains import NOW, chain, chains, line, network

A, B, C = 1, 2, 3
STATUSES: tuple[Status, ...] = Status.__args__  # type: ignore[attr-defined]
MONTH = Period(NOW, NOW + timedelta(days=31))


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def event(kind: EventKind, ticket: int, hour: float, /, text: str = "", internal: bool = False, **data: Any) -> Event:
    return Event(0, kind, ticket, Contact("x@x.example"), at(hour), internal=internal, text=text, data=data)


def passed(matter: Chain, ticket: int, hour: float) -> Event:
    found = matter.ticket(ticket)
    return event("passed", found.parent or 0, hour, ticket=ticket, link=found.link)


def status(ticket: int, to: Status, hour: float, by: int = 0) -> Event:
    return event("status", by or ticket, hour, ticket=ticket, status=to, until=None)


def rows(matter: Chain, around: Network, *events: Event, period: Period = MONTH, reader: str | None = None) -> dict[str, Row]:
    """The rows by party; each has one here."""
    grown = workflow.replay(matter, events)
    found = report.rows([Matter(grown, tuple(events))], around, period, reader=reader)
    assert len({row.party for row in found}) == len(found)
    return {row.party: row for row in found}


def test_a_tickets_way_is_counted_for_the_party_that_went_it() -> None:
    around, matter = line("abc")
    events = (
        event("comment", A, 0, "The pump leaks."),
        passed(matter, B, 0),
        event("comment", B, 1, "Inside.", internal=True),
        event("comment", B, 2, "We look."),
        status(B, "accepted", 3),
        passed(matter, C, 4),
        event("time", B, 4.5, minutes=45),
        event("time", B, 4.5, internal=True, minutes=15),
        status(C, "resolved", 10),
        status(B, "resolved", 12),
        status(B, "in progress", 20, by=A),
        status(B, "resolved", 24),
        event("rating", A, 25, ticket=B, stars=4),
        status(B, "closed", 26, by=A),
    )
    b = rows(matter, around, *events)["b"]
    assert (b.received, b.taken, b.declined, b.resolved, b.reopened, b.ratings, b.stars) == (1, 1, 0, 1, 1, 1, 4)
    assert b.response == Times(hours(2), hours(2))  # the internal words answered nobody
    assert b.resolve == Times(hours(16), hours(16))  # 12 hours, and 4 after it came back
    assert b.held == hours(4 + 2 + 4)  # not while it was at c, nor while a had it to close
    assert b.spent == hours(1)
    c = rows(matter, around, *events)["c"]
    assert (c.received, c.taken, c.resolved, c.held) == (1, 1, 1, hours(6))
    assert rows(matter, around, *events)["a"].held == hours(8 + 2) + (MONTH.until - at(26))


def test_the_one_above_sees_what_crosses_and_the_others_nothing() -> None:
    around, matter = line("abc")
    events = (
        passed(matter, B, 0),
        passed(matter, C, 1),
        event("time", B, 2, internal=True, minutes=30),
        status(C, "accepted", 3),
    )
    assert set(rows(matter, around, *events, reader="a")) == {"a", "b"}
    assert set(rows(matter, around, *events, reader="b")) == {"b", "c"}
    assert set(rows(matter, around, *events, reader="c")) == {"c"}
    assert rows(matter, around, *events, reader="b")["b"].spent == hours(0.5)
    assert rows(matter, around, *events, reader="a")["b"].spent == hours(0)
    own, below = report.rows([Matter(matter, events)], around, MONTH, reader="b")
    assert (own.party, own.link, own.upstream, below.link) == ("b", "", "Firm A", "bc")  # a link's name is its upstream party's


def test_whoever_is_hidden_works_in_the_name_of_who_stands_before_him() -> None:
    around, matter = line("abc", "person", "hidden")
    events = (passed(matter, B, 0), passed(matter, C, 1), event("comment", C, 3, "On the way."), status(C, "resolved", 11))
    seen = rows(matter, around, *events, status(B, "resolved", 12), reader="a")
    assert seen["b"].held == hours(12) and seen["b"].response == Times(hours(3), hours(3)) and set(seen) == {"a", "b"}
    assert rows(matter, around, *events, status(B, "resolved", 12), reader="b")["b"].held == hours(2)


def test_a_link_without_statuses_tells_no_times() -> None:
    around, matter = line("ab", share=frozenset[Share](SHARES) - {"status"})
    around = replace(around, links={"ab": replace(around.links["ab"], resolve_within=Limit(rest=hours(1)))})
    events = (passed(matter, B, 0), status(B, "accepted", 1), status(B, "resolved", 2))
    b = rows(matter, around, *events, reader="a")["b"]
    assert (b.received, b.taken, b.resolved, b.held, b.resolve_within) == (1, 0, 0, None, Kept())
    assert rows(matter, around, *events, reader="b")["b"].taken == 1


def test_a_deadline_counts_once_in_the_period_where_it_was_kept_or_ran_out() -> None:
    link = Link("ab", "a", "b", respond_within=Limit(rest=hours(4)), resolve_within=Limit(rest=hours(48)))
    around, matter = network(link), chain(link)
    late = (passed(matter, B, 0), status(B, "waiting", 5), status(B, "in progress", 100), status(B, "resolved", 160))
    days = [Period(at(24 * day), at(24 * (day + 1))) for day in range(8)]
    found = [rows(matter, around, *late, period=day).get("b") for day in days]
    assert [row.respond_within for row in found if row and row.respond_within.due] == [Kept(0, 1)]
    # 5 hours before the wait and 43 after it: until hour 143, in the sixth day
    assert [at for at, row in enumerate(found) if row and row.resolve_within == Kept(0, 1)] == [5]
    kept = (passed(matter, B, 0), status(B, "accepted", 1), status(B, "resolved", 30))
    found = [rows(matter, around, *kept, period=day).get("b") for day in days]
    assert [at for at, row in enumerate(found) if row and row.resolve_within == Kept(1, 1)] == [1]
    assert sum(row.respond_within.due for row in found if row) == 1
    withdrawn = (passed(matter, B, 0), status(B, "cancelled", 2, by=A))
    assert rows(matter, around, *withdrawn)["b"].respond_within == Kept()


def test_times_are_working_times_of_the_party() -> None:
    around, matter = line("ab")
    worker = replace(around.parties["b"], hours=tuple(Opening(day, 0, 12 * 60) for day in range(7)))
    around = replace(around, parties={**around.parties, "b": worker})
    events = (passed(matter, B, 0), status(B, "accepted", 24), status(B, "resolved", 48))
    b = rows(matter, around, *events)["b"]
    assert (b.response, b.resolve, b.held) == (Times(hours(12), hours(12)), Times(hours(24), hours(24)), hours(24))


def test_nothing_happened_is_no_row() -> None:
    around, matter = line("ab")
    events = (passed(matter, B, 0), status(B, "resolved", 1), status(B, "closed", 2, by=A), status(A, "closed", 2))
    assert rows(matter, around, *events, period=Period(at(100), at(200))) == {}


# ── properties ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=40))
def test_percentiles_are_between_the_values_and_in_order(seconds: list[int]) -> None:
    found = report.times(timedelta(seconds=one) for one in seconds)
    assert found is not None
    assert timedelta(seconds=min(seconds)) <= found.median <= found.ninety <= timedelta(seconds=max(seconds))
    assert sum(timedelta(seconds=one) <= found.ninety + timedelta(seconds=1) for one in seconds) >= 0.9 * (len(seconds) - 1)
    assert report.times([None]) is None


@st.composite
def matters(draw: st.DrawFn) -> tuple[Network, Matter]:
    """A random tree in which everything was passed on at once, and what happened then at some of its tickets."""
    around, matter = draw(chains)
    events = [passed(matter, ticket.id, 0) for ticket in matter.tickets[1:]]
    any_ticket = st.sampled_from([ticket.id for ticket in matter.tickets])
    for hour in range(1, draw(st.integers(2, 12))):
        by, on, internal = draw(any_ticket), draw(any_ticket), draw(st.booleans())
        made = {
            "status": lambda: status(on, draw(st.sampled_from(STATUSES)), hour, by),  # noqa: B023
            "comment": lambda: event("comment", by, hour, "Words.", internal),  # noqa: B023
            "time": lambda: event("time", by, hour, "", internal, minutes=hour),  # noqa: B023
            "rating": lambda: event("rating", by, hour, "", internal, ticket=on, stars=1 + hour % 5),  # noqa: B023
        }
        events.append(made[draw(st.sampled_from(sorted(made)))]())
    return around, Matter(workflow.replay(matter, events), tuple(events))


@settings(max_examples=150, deadline=None)
@given(matters(), st.data())
def test_a_party_reads_of_itself_and_its_neighbours_only(given_: tuple[Network, Matter], data: st.DataObject) -> None:
    around, matter = given_
    reader = data.draw(st.sampled_from(sorted(around.parties)))
    own = {ticket.id for ticket in matter.chain.tickets if ticket.party == reader}
    near = {ticket.party for ticket in matter.chain.tickets if ticket.id in own or ticket.parent in own}
    found = report.rows([matter], around, MONTH, reader=reader)
    assert {row.party for row in found} <= near
    known = {
        around.parties[ticket.party].name
        for ticket in matter.chain.tickets
        for low in own
        if above(matter.chain, low) == ticket.id
    }
    assert {row.upstream for row in found} <= known | {around.parties[reader].name, ""}


@settings(max_examples=150, deadline=None)
@given(matters(), st.data())
def test_what_a_party_may_not_see_changes_nothing_in_its_report(given_: tuple[Network, Matter], data: st.DataObject) -> None:
    around, matter = given_
    reader = data.draw(st.sampled_from(sorted(around.parties)))
    eyes = [ticket for ticket in matter.chain.tickets if ticket.party == reader]
    # Statuses are left as they are: who has the ball comes from all of them, through `visibility.spells`.
    seen = tuple(
        one
        for one in matter.events
        if one.kind in ("passed", "status") or any(visibility.entry(matter.chain, around, eye, one) for eye in eyes)
    )
    before = report.rows([matter], around, MONTH, reader=reader)
    assert report.rows([replace(matter, events=seen)], around, MONTH, reader=reader) == before


@settings(max_examples=100, deadline=None)
@given(matters(), st.integers(1, 20))
def test_days_add_up_to_the_month(given_: tuple[Network, Matter], cut: int) -> None:
    around, matter = given_
    halves = [Period(MONTH.since, at(cut)), Period(at(cut), MONTH.until)]
    whole, *parts = (report.rows([matter], around, period) for period in (MONTH, *halves))
    for name in ("received", "taken", "ratings"):
        assert sum(getattr(row, name) for row in whole) == sum(getattr(row, name) for part in parts for row in part)
    for name in ("held", "spent"):
        times = [[getattr(row, name) or hours(0) for row in rows] for rows in (whole, *parts)]
        assert sum(times[0], hours(0)) == sum((sum(one, hours(0)) for one in times[1:]), hours(0))


def above(matter: Chain, ticket: int) -> int | None:
    return matter.ticket(ticket).parent


# ── as a table ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\u202e=1", "'=1"),
        ("  =1", "'=1"),
        ("\r\n=1", "'=1"),
        ("Firm\x00 \u200bA\u2066", "Firm A"),
        ("North, \"Service\"", "North, \"Service\""),
        ("ООО «Север»", "ООО «Север»"),
    ],
)  # fmt: skip
def test_a_cell_is_text(text: str, shown: str) -> None:
    assert sheet.cell(text) == shown


def test_csv_has_a_line_a_row() -> None:
    around, matter = line("ab")
    around = replace(around, parties={**around.parties, "b": replace(around.parties["b"], name='=HYPERLINK("x")')})
    found = rows(matter, around, passed(matter, B, 0), status(B, "accepted", 1.5))
    text = sheet.as_csv(tabular.table(tabular.plain(row) for row in found.values()))
    lines = list(csv.DictReader(io.StringIO(text)))
    b = next(one for one in lines if one["party"] == "b")
    assert (b["name"], b["response_median"], b["stars"], b["taken"]) == ('\'=HYPERLINK("x")', "90", "", "1")


# ── drawn ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_bars_and_lines_are_as_long_as_they_are_told() -> None:
    assert timeline.bar(0.5, 10) == "█████░░░░░" and timeline.bar(0.001, 4) == "█░░░" and timeline.bar(0, 4) == "░░░░"
    spans = [(at(0), at(2)), (at(6), at(8))]
    assert timeline.line(spans, at(0), at(8), 8) == "██░░░░██"
    assert timeline.line([(at(0), at(0))], at(0), at(0), 4) == "█░░░"  # all at one moment
    assert timeline.spoken(timedelta(days=3, hours=4, minutes=5)) == "3 d 4 h" and timeline.spoken(timedelta(0)) == "0 min"


@given(st.floats(0, 1), st.integers(1, 60))
def test_a_bar_is_never_wider_than_its_place(share: float, width: int) -> None:
    assert len(timeline.bar(share, width)) == width


@given(st.lists(st.floats(0.001, 1e9), min_size=1, max_size=20), st.integers(20, 100))
def test_the_parts_of_a_bar_fill_it_and_each_shows(shares: list[float], width: int) -> None:
    found = timeline.widths(shares, width)
    assert sum(found) == width and min(found) >= 1 and len(found) == len(shares)
    assert all(abs(got - share / sum(shares) * width) < len(shares) + 1 for got, share in zip(found, shares, strict=True))
