"""Who is reminded of a deadline, when, and that it is once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import deadlines, hours, timely
from relay.config import worktime
from relay.deadlines import Stage
from relay.model import Chain, Clock, Contact, Event, Limit, Link, Network, Party, Share
from tests import chains

A, B = 1, 2
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
OFFICE = worktime.hours("mon-fri 09:00-18:00")
LINK = Link("ab", "a", "b", respond_within=Limit(rest=4 * HOUR), resolve_within=Limit(days=2))
CHAIN = replace(chains.chain(LINK), opened_at=MONDAY)
Sent = tuple[int, Clock, Stage]  # to which ticket, of which clock and stage


def network(*, shared: tuple[Share, ...] = ("status",), **parties: Party) -> Network:
    office = {key: chains.party(key, hours=OFFICE) for key in "ab"}
    return chains.network(replace(LINK, share=frozenset(shared)), **(office | parties))


class Clockwork:
    """The chore, minute by minute, without its database; `events` happen at b's ticket."""

    def __init__(self, network: Network, *events: Event, chain: Chain = CHAIN) -> None:
        self.network, self.events, self.chain = network, events, chain
        self.told: dict[tuple[int, Clock, Stage], datetime] = {}
        self.sent: list[tuple[datetime, Sent]] = []

    def look(self, now: datetime) -> datetime | None:
        happened = [event for event in self.events if event.at <= now]
        dues = deadlines.of(self.chain, self.network, happened, now)
        found = timely.look(self.chain, self.network, dues, self.told, now)
        for one in found.reminders:
            self.told[one.due.ticket, one.due.kind, one.stage] = now
            self.sent.append((now, (one.reader, one.due.kind, one.stage)))
        return found.again

    def run(self, until: datetime, begin: datetime = MONDAY, every: timedelta = MINUTE) -> list[tuple[str, Sent]]:
        while begin <= until:
            self.look(begin)
            begin += every
        return [(f"{at:%d %H:%M}", sent) for at, sent in self.sent]


def comment(at: datetime) -> Event:
    return Event(0, "comment", B, Contact("b@b.example"), at)


def status(to: str, at: datetime) -> Event:
    return Event(0, "status", B, Contact("b@b.example"), at, data={"ticket": B, "status": to})


RESPOND: list[tuple[str, Sent]] = [
    ("23 13:00", (B, "respond", "before")),
    ("23 13:58", (B, "respond", "at")),
    ("23 15:00", (A, "respond", "after")),
]
RESOLVE: list[tuple[str, Sent]] = [
    ("24 14:30", (B, "resolve", "before")),
    ("25 09:58", (B, "resolve", "at")),
    ("25 11:00", (A, "resolve", "after")),
]


def test_each_stage_is_told_once_to_the_one_it_is_for() -> None:
    assert Clockwork(network()).run(MONDAY + timedelta(days=5)) == [*RESPOND, *RESOLVE]


def test_who_has_answered_hears_no_more_of_the_answer() -> None:
    assert Clockwork(network(), comment(MONDAY + 2 * HOUR)).run(MONDAY + timedelta(days=5)) == RESOLVE
    in_the_last_minute = Clockwork(network(), comment(MONDAY + 239 * MINUTE)).run(MONDAY + timedelta(days=1))
    assert in_the_last_minute == RESPOND[:2], "nothing is escalated that was answered"


def test_what_waits_or_is_done_is_not_told() -> None:
    waits = Clockwork(network(), status("waiting", MONDAY + HOUR))
    assert waits.run(MONDAY + timedelta(days=20), every=HOUR) == []
    done = Clockwork(network(), comment(MONDAY + HOUR), status("resolved", MONDAY + 29 * HOUR))
    assert done.run(MONDAY + timedelta(days=5)) == RESOLVE[:1]


def test_a_deadline_that_was_moved_by_waiting_is_told_anew() -> None:
    events = comment(MONDAY + HOUR), status("waiting", MONDAY + 29 * HOUR), status("in progress", MONDAY + 47 * HOUR)
    sent = Clockwork(network(), *events).run(MONDAY + timedelta(days=5))
    assert sent == [
        ("24 14:30", (B, "resolve", "before")),
        ("25 09:00", (B, "resolve", "before")),
        ("25 12:58", (B, "resolve", "at")),
        ("25 14:00", (A, "resolve", "after")),
    ]


def test_the_party_above_is_not_told_what_the_link_does_not_share() -> None:
    sent = Clockwork(network(shared=("comments",))).run(MONDAY + timedelta(days=5))
    assert sent == [*RESPOND[:2], *RESOLVE[:2]]


def test_after_an_absence_only_the_latest_stage_is_told() -> None:
    away = Clockwork(network())
    assert away.run(MONDAY + timedelta(days=5), begin=MONDAY + timedelta(days=4)) == [
        ("27 10:00", (B, "respond", "at")),
        ("27 10:00", (A, "respond", "after")),
        ("27 10:00", (B, "resolve", "at")),
        ("27 10:00", (A, "resolve", "after")),
    ]
    assert Clockwork(network()).run(MONDAY + timedelta(days=40), begin=MONDAY + timedelta(days=30), every=HOUR) == []


def test_it_waits_for_the_readers_own_morning() -> None:
    vladivostok = chains.party("a", timezone="Asia/Vladivostok")  # ten hours ahead, and no hours: from eight to nine
    sent = Clockwork(network(a=vladivostok)).run(MONDAY + timedelta(days=3))
    assert [one for one in sent if one[1][0] == A] == [
        ("23 22:00", (A, "respond", "after")),
        ("25 22:00", (A, "resolve", "after")),
    ]
    asked = replace(vladivostok, remind="always")
    assert Clockwork(network(a=asked)).run(MONDAY + timedelta(days=3)) == [*RESPOND, *RESOLVE]


def test_holidays_are_left_in_peace() -> None:
    off = chains.party("a", hours=OFFICE, holidays=frozenset({"11-23", "2026-11-24"}))
    sent = Clockwork(network(a=off)).run(MONDAY + timedelta(days=3))
    assert [one for one in sent if one[1][0] == A] == [
        ("25 09:00", (A, "respond", "after")),
        ("25 11:00", (A, "resolve", "after")),
    ]


@pytest.mark.parametrize("limit", [3 * HOUR, 4 * HOUR])
def test_other_hours_and_shorter_limits_do_not_tell_again_what_was_told(limit: timedelta) -> None:
    clockwork = Clockwork(network())
    clockwork.run(MONDAY + 6 * HOUR)
    people = {**clockwork.network.parties, "b": chains.party("b", hours=worktime.hours("mon-fri 08:00-20:00"))}
    clockwork.network = Network(chains.DOMAIN, people, {"ab": replace(LINK, respond_within=Limit(rest=limit))})
    assert clockwork.run(MONDAY + 7 * HOUR, begin=MONDAY + 6 * HOUR) == RESPOND


def test_a_longer_limit_is_told_anew() -> None:
    clockwork = Clockwork(network())
    clockwork.run(MONDAY + 6 * HOUR)
    longer = replace(LINK, respond_within=Limit(rest=7 * HOUR))
    clockwork.network = Network(chains.DOMAIN, clockwork.network.parties, {"ab": longer})
    assert ("23 16:58", (B, "respond", "at")) in clockwork.run(MONDAY + 8 * HOUR, begin=MONDAY + 6 * HOUR)


zones = st.sampled_from(["UTC", "Europe/Moscow", "America/New_York", "Asia/Vladivostok"])
openings = st.sampled_from([(), OFFICE, worktime.hours("sat-sun 20:00-24:00"), worktime.hours("00:00-06:00")])
parties = st.builds(
    lambda zone, opens, days: {"timezone": zone, "hours": opens, "holidays": frozenset(days)},
    zones,
    openings,
    st.lists(st.sampled_from(["11-24", "2026-11-25"])),
)


@settings(deadline=None, max_examples=40)
@given(parties, parties, st.integers(1, 72), st.integers(7, 90))
def test_nobody_is_disturbed_and_nobody_hears_a_thing_twice(
    above: dict[str, object], below: dict[str, object], limit: int, every: int
) -> None:
    given_parties = {"a": chains.party("a", **above), "b": chains.party("b", **below)}
    link = replace(LINK, respond_within=Limit(rest=HOUR * limit), resolve_within=Limit(days=2))
    clockwork = Clockwork(chains.network(link, **given_parties))
    clockwork.run(MONDAY + timedelta(days=12), every=MINUTE * every)
    assert len({sent for _, sent in clockwork.sent}) == len(clockwork.sent)
    for at, (reader, _, _) in clockwork.sent:
        assert hours.is_open(hours.awake(given_parties["a" if reader == A else "b"]), at)


@pytest.mark.parametrize("every", [MINUTE, 20 * MINUTE])
def test_the_next_moment_to_look_at_misses_nothing(every: timedelta) -> None:
    steady, lazy = Clockwork(network()), Clockwork(network())
    steady.run(MONDAY + timedelta(days=5))
    again: datetime | None = MONDAY
    while again is not None:
        again = lazy.look(again)
        if again is not None:
            again = max(again, lazy.sent[-1][0] if lazy.sent else again)
    assert lazy.sent == steady.sent
