"""Working time: counted minute by minute, and around the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import hours
from relay.config import worktime
from relay.hours import Calendar
from relay.model import Limit, Opening, Party

OFFICE = "mon-fri 09:00-18:00"
SHIFTS = "mon-thu 09:00-18:00, fri 09:00-17:00, sat 10:00-14:00"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ZONES = ("UTC", "Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def calendar(written: str = "", *holidays: str, zone: str = "UTC") -> Calendar:
    return Calendar(worktime.hours(written) if written else hours.ALWAYS, frozenset(holidays), zone)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("written", "start", "spent", "end"),
    [
        (OFFICE, "2026-11-23 10:00", 4 * HOUR, "2026-11-23 14:00"),  # a Monday
        (OFFICE, "2026-11-23 10:00", 8 * HOUR, "2026-11-23 18:00"),  # closing time, not the next morning
        (OFFICE, "2026-11-23 10:00", 8 * HOUR + MINUTE, "2026-11-24 09:01"),
        (OFFICE, "2026-11-23 23:30", HOUR, "2026-11-24 10:00"),  # in the night
        (OFFICE, "2026-11-23 18:00", HOUR, "2026-11-24 10:00"),
        (OFFICE, "2026-11-27 17:00", 2 * HOUR, "2026-11-30 10:00"),  # over a weekend
        (OFFICE, "2026-12-31 17:00", 2 * HOUR, "2027-01-11 10:00"),  # over holidays and the end of a year
        (OFFICE, "2027-02-26 17:00", 2 * HOUR, "2027-03-01 10:00"),  # over the end of a month
        (SHIFTS, "2026-11-27 16:00", 5 * HOUR, "2026-11-28 14:00"),
        (SHIFTS, "2026-11-27 16:00", 6 * HOUR, "2026-11-30 10:00"),
        ("mon 22:00-24:00, tue 00:00-06:00", "2026-11-23 23:00", 2 * HOUR, "2026-11-24 01:00"),
        ("", "2026-11-28 23:00", 26 * HOUR, "2026-11-30 01:00"),
    ],
)
def test_adding(written: str, start: str, spent: timedelta, end: str) -> None:
    found = calendar(written, "2027-01-01", *(f"2027-01-{day:02}" for day in range(2, 9)), "05-09", zone="Europe/Moscow")
    assert local(hours.add(found, at(start, "Europe/Moscow"), spent), "Europe/Moscow") == end


@pytest.mark.parametrize(
    ("written", "start", "spent", "end"),
    [
        (OFFICE, "2026-03-27 17:00", 2 * HOUR, "2026-03-30 10:00"),  # the clocks went forward between
        (OFFICE, "2026-10-23 17:00", 2 * HOUR, "2026-10-26 10:00"),  # and back
        ("", "2026-03-28 12:00", 24 * HOUR, "2026-03-29 13:00"),
        ("", "2026-10-24 12:00", 24 * HOUR, "2026-10-25 11:00"),
        ("sun 00:00-24:00, mon 00:00-24:00", "2026-03-29 00:00", 23 * HOUR, "2026-03-30 00:00"),  # a day of 23 hours
        ("sun 00:00-24:00, mon 09:00-10:00", "2026-10-25 00:00", 25 * HOUR, "2026-10-26 00:00"),  # a day of 25 hours
        ("sun 02:30-04:00", "2026-03-29 00:00", 30 * MINUTE, "2026-03-29 04:00"),  # 02:30 was not
    ],
)
def test_adding_while_clocks_change(written: str, start: str, spent: timedelta, end: str) -> None:
    zone = "Europe/Berlin"
    assert local(hours.add(calendar(written, zone=zone), at(start, zone), spent), zone) == end


def test_the_next_opening() -> None:
    office = calendar(OFFICE, "11-24")
    assert hours.opening(office, at("2026-11-23 09:00")) == at("2026-11-23 09:00")
    assert hours.opening(office, at("2026-11-23 17:59")) == at("2026-11-23 17:59")
    assert hours.opening(office, at("2026-11-23 18:00")) == at("2026-11-25 09:00")
    assert hours.is_open(office, at("2026-11-23 17:59")) and not hours.is_open(office, at("2026-11-23 18:00"))


def test_who_never_works_keeps_nobody_searching() -> None:
    year = [(date(2000, 1, 1) + timedelta(days=day)).isoformat()[5:] for day in range(366)]
    never, now = calendar(OFFICE, *year), at("2026-11-23 09:00")
    assert hours.add(never, now, HOUR) == hours.opening(never, now) == now + hours.HORIZON
    assert hours.between(calendar(), now, now - HOUR) == timedelta()


@pytest.mark.parametrize(
    ("written", "limit", "length"),
    [
        (OFFICE, Limit(days=2), 18 * HOUR),
        (OFFICE, Limit(weeks=1), 45 * HOUR),
        (OFFICE, Limit(days=1, rest=4 * HOUR), 13 * HOUR),
        (OFFICE, Limit(rest=24 * HOUR), 24 * HOUR),
        ("", Limit(1, 1, HOUR), 8 * 24 * HOUR + HOUR),
        ("mon-thu 09:00-18:00, fri 09:00-17:00", Limit(days=5), 44 * HOUR),
        ("mon-fri 09:00-13:00, mon-fri 14:00-18:00", Limit(days=1), 8 * HOUR),
        ("mon-sat 09:00-17:00, sun 10:00-12:00", Limit(days=7), 50 * HOUR),
    ],
)
def test_days_and_weeks_are_those_of_the_party(written: str, limit: Limit, length: timedelta) -> None:
    assert hours.length(calendar(written), limit) == length


def test_reminders_come_by_day_unless_hours_or_more_are_asked_for() -> None:
    night, day = at("2026-11-28 22:00"), at("2026-11-28 12:00")  # a Saturday
    given = worktime.hours(OFFICE)
    assert [hours.is_open(hours.awake(Party("a", "A")), moment) for moment in (night, day)] == [False, True]
    assert [hours.is_open(hours.awake(Party("a", "A", hours=given)), moment) for moment in (night, day)] == [False, False]
    assert hours.is_open(hours.awake(Party("a", "A", hours=given, remind="always")), night)
    assert not hours.is_open(hours.awake(Party("a", "A", holidays=frozenset({"11-28"}))), day)
    assert hours.is_open(hours.awake(Party("a", "A", timezone="Asia/Vladivostok")), night)
    assert hours.working(Party("a", "A")) == calendar()


# ── in general ─────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any hours that begin and end where no clock changes, in any of some zones, with days off."""
    openings = []
    for day in sorted(draw(st.sets(st.integers(0, 6), min_size=1))):
        times = sorted(draw(st.sets(st.sampled_from((0, 300, 545, 720, 1080, 1320, 1440)), min_size=2, max_size=4)))
        openings += [Opening(day, opens, closes) for opens, closes in zip(times[::2], times[1::2], strict=False)]
    off = frozenset(draw(st.lists(st.sampled_from(("2026-03-29", "03-30", "10-25", "2026-10-26", "12-31", "02-28")), max_size=3)))
    return Calendar(tuple(openings), off, draw(st.sampled_from(ZONES)))


# Around days on which clocks change somewhere, and ends of months.
starts = st.builds(
    lambda day, minutes: datetime(2026, day[0], day[1], tzinfo=UTC) + MINUTE * minutes,
    st.sampled_from(((3, 6), (3, 27), (4, 3), (10, 2), (10, 23), (10, 30), (2, 27), (12, 30))),
    st.integers(0, 3 * 24 * 60),
)
lengths = st.integers(1, 3 * 24 * 60).map(lambda minutes: MINUTE * minutes)


def works(calendar: Calendar, moment: datetime) -> bool:
    """Told by the clock on the wall."""
    there = moment.astimezone(ZoneInfo(calendar.zone))
    minutes, day = there.hour * 60 + there.minute, f"{there:%Y-%m-%d}"
    open_now = any(one.day == there.weekday() and one.opens <= minutes < one.closes for one in calendar.openings)
    return open_now and day not in calendar.holidays and day[5:] not in calendar.holidays


@settings(deadline=None, max_examples=60)
@given(calendars(), starts, lengths)
def test_between_is_what_the_clock_on_the_wall_counts(calendar: Calendar, start: datetime, span: timedelta) -> None:
    counted = sum(works(calendar, start + MINUTE * minute) for minute in range(span // MINUTE))
    assert hours.between(calendar, start, start + span) == MINUTE * counted


@settings(deadline=None)
@given(calendars(), starts, lengths)
def test_adding_takes_just_so_much_working_time(calendar: Calendar, start: datetime, spent: timedelta) -> None:
    end = hours.add(calendar, start, spent)
    assert hours.between(calendar, start, end) == spent
    assert works(calendar, end - MINUTE), "it ends in working time"
    assert hours.add(calendar, start, spent + MINUTE) > end


@settings(deadline=None)
@given(calendars(), starts, lengths, st.data())
def test_a_clock_that_stands_meanwhile_needs_as_much(
    calendar: Calendar, start: datetime, spent: timedelta, data: st.DataObject
) -> None:
    first = MINUTE * data.draw(st.integers(0, spent // MINUTE))
    middle = hours.add(calendar, start, first)
    assert hours.add(calendar, middle, spent - first) == hours.add(calendar, start, spent)


@settings(deadline=None)
@given(calendars(), starts)
def test_the_next_opening_is_working_time_and_none_is_before(calendar: Calendar, start: datetime) -> None:
    opens = hours.opening(calendar, start)
    assert works(calendar, opens) and hours.between(calendar, start, opens) == timedelta()


@settings(deadline=None)
@given(calendars(), starts)
def test_spans_are_in_order_and_apart(calendar: Calendar, start: datetime) -> None:
    reached = start
    for (opens, closes), _ in zip(hours.spans(calendar, start), range(20), strict=False):
        assert reached <= opens < closes
        reached = closes
