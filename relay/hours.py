"""Working time: a party's hours and holidays in its time zone, and how much of them lies where. Pure.

A time of day that comes twice, as clocks go back, is its first; one that is skipped is as far after the last one before. So a
working day of 00:00-24:00 has 23 or 25 hours when clocks change. All instants are aware and come back in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relay.model import Limit, Opening, Party

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HORIZON = timedelta(days=20 * 366)  # nobody looks further: who never works has all his deadlines there
ALWAYS = tuple(Opening(day, 0, 24 * 60) for day in range(7))
BY_DAY = tuple(Opening(day, 8 * 60, 21 * 60) for day in range(7))  # when one may be written to who has given no hours


@dataclass(frozen=True, slots=True)
class Calendar:
    """Some hours of the week, but for the holidays ("2027-01-01", "05-09"), in an IANA time zone."""

    openings: tuple[Opening, ...] = ALWAYS
    holidays: frozenset[str] = frozenset()
    zone: str = "UTC"


def working(party: Party) -> Calendar:
    """When the party works: what its deadlines are counted in."""
    return Calendar(party.hours or ALWAYS, party.holidays, party.timezone)


def awake(party: Party) -> Calendar:
    """When a reminder may reach the party: at its hours, by day where it has given none, or always if it has asked for that."""
    if party.remind == "always":
        return Calendar(zone=party.timezone)
    return Calendar(party.hours or BY_DAY, party.holidays, party.timezone)


def spans(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of working time from `start` on, in order, none empty, none over another; at most to the `HORIZON`."""
    zone, end = ZoneInfo(calendar.zone), start + HORIZON
    reached, day = start.astimezone(UTC), start.astimezone(zone).date()
    while reached < end:
        for opening in () if _is_holiday(calendar, day) else calendar.openings:
            if opening.day == day.weekday():
                opens, closes = max(reached, _at(day, opening.opens, zone)), _at(day, opening.closes, zone)
                if opens < closes:
                    yield opens, closes
                    reached = closes
        day += DAY
        reached = max(reached, _at(day, 0, zone))


def add(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """When `duration` of working time has passed since `start`: at closing time rather than the next opening."""
    if duration <= timedelta():
        return start
    for opens, closes in spans(calendar, start):
        if duration <= closes - opens:
            return opens + duration
        duration -= closes - opens
    return start + HORIZON


def between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two instants; none if the second is not later."""
    total = timedelta()
    for opens, closes in spans(calendar, start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def opening(calendar: Calendar, at: datetime) -> datetime:
    """The first instant from `at` on that is working time; `at` itself if it is."""
    return next((opens for opens, _ in spans(calendar, at)), at + HORIZON)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether that instant is working time; that of closing is not."""
    return opening(calendar, at) == at


def length(calendar: Calendar, limit: Limit) -> timedelta:
    """A limit as working time: a week is all hours of one without holidays, a day an equal part of that for each day with hours.

    So "5 days" from Monday morning are over on Friday evening, though Friday be shorter. Days come out in whole minutes.
    """
    week = sum((timedelta(minutes=one.closes - one.opens) for one in calendar.openings), timedelta())
    days = len({one.day for one in calendar.openings})
    return week * limit.weeks + round(week * limit.days / days / MINUTE) * MINUTE + limit.rest


def _is_holiday(calendar: Calendar, day: date) -> bool:
    iso = day.isoformat()
    return iso in calendar.holidays or iso[5:] in calendar.holidays


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """A time of day, in minutes, as an instant; 24:00 is the next day's midnight."""
    ahead, minutes = divmod(minutes, 24 * 60)
    return datetime.combine(day + DAY * ahead, time(minutes // 60, minutes % 60), zone).astimezone(UTC)
