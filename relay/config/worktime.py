"""When a party works, and how long something may take it: `hours`, `holidays`, `respond_within`, `resolve_within`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, pairwise

from relay.config.units import DAYS, Wrong, amounts, near, text
from relay.model import Limit, Opening

_HOURS = 'hours such as "mon-fri 09:00-18:00" or "mon-thu 09:00-18:00, fri 09:00-17:00, sat 10:00-14:00"'
_SPAN = re.compile(
    r"(?a)(?:(?P<first>[a-z]+)(?:\s*-\s*(?P<last>[a-z]+))?\s+)?(?P<opens>\d{1,2}:\d{2})\s*-\s*(?P<closes>\d{1,2}:\d{2})"
)
_HOLIDAY = re.compile(r"(?a)(?:(\d{4})-)?(\d{2})-(\d{2})")
_LEAP = 2000  # a year that has every day
MIDNIGHT = 24 * 60  # minutes


def hours(value: object) -> tuple[Opening, ...]:
    """The parts of a week at which a party works, in their order. Days left out of a part are all seven.

    >>> hours("sat-sun 10:00-14:00")
    (Opening(day=5, opens=600, closes=840), Opening(day=6, opens=600, closes=840))
    """
    parts = [part.strip() for part in text(value, _HOURS).lower().split(",")]
    found = sorted((opening for part in parts for opening in _openings(part)), key=lambda one: (one.day, one.opens))
    for one, other in pairwise(found):
        if one.day == other.day and other.opens < one.closes:
            raise Wrong(f"{_HOURS}, each time once: two parts of {DAYS[one.day]} overlap")
    return tuple(found)


def _openings(part: str) -> Iterator[Opening]:
    found = _SPAN.fullmatch(part)
    if not found:
        raise Wrong(_HOURS)
    opens, closes = _minutes(found["opens"]), _minutes(found["closes"])
    if opens >= closes:
        raise Wrong(f'{_HOURS}; over midnight in two parts, as "22:00-24:00, 00:00-06:00"')
    for day in _days(found["first"] or "mon", found["last"] or found["first"] or "sun"):
        yield Opening(day, opens, closes)


def _days(first: str, last: str) -> Iterable[int]:
    """From one weekday to another, also over the week's end."""
    unknown = next((day for day in (first, last) if day not in DAYS), "")
    if unknown:
        raise Wrong(f"{_HOURS}, with the days {', '.join(DAYS)}{near(unknown, DAYS)}")
    begin, count = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7
    return ((begin + at) % 7 for at in range(count + 1))


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > MIDNIGHT:
        raise Wrong(f'{_HOURS}, from "00:00" to "24:00"')
    return minutes


def spell_hours(openings: Iterable[Opening]) -> str:
    """The hours as `hours` reads them: "mon-fri 09:00-18:00"."""
    spans = sorted({(one.opens, one.closes) for one in openings})
    runs = [
        (run, span) for span in spans for run in _runs(sorted(one.day for one in openings if (one.opens, one.closes) == span))
    ]
    return ", ".join(f"{_spell_days(run)}{_clock(opens)}-{_clock(closes)}" for run, (opens, closes) in sorted(runs))


def _runs(days: list[int]) -> list[list[int]]:
    """Days without gaps."""
    grouped = groupby(enumerate(days), key=lambda pair: pair[1] - pair[0])
    return [[day for _, day in run] for _, run in grouped]


def _spell_days(run: list[int]) -> str:
    return "" if len(run) == 7 else f"{DAYS[run[0]]}-{DAYS[run[-1]]} " if len(run) > 1 else f"{DAYS[run[0]]} "


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def holiday(value: object) -> str:
    """A day off: "2027-01-01", or "05-09" for that day of every year."""
    expected = 'a day off in quotes, such as "2027-01-01", or "05-09" for every year'
    given = text(value, expected)
    found = _HOLIDAY.fullmatch(given)
    try:
        date(int((found and found[1]) or _LEAP), int(found[2]), int(found[3])) if found else None
    except ValueError:
        found = None
    if not found:
        raise Wrong(expected)
    return given


def limit(value: object) -> Limit:
    """How long something may take: as `units.duration`, but a day and a week are the party's working days and weeks."""
    found = amounts(value)
    rest = timedelta(hours=found["hour"], minutes=found["minute"], seconds=found["second"])
    return Limit(found["week"], found["day"], rest)


def spell_limit(value: Limit) -> str:
    """The limit as `limit` reads it; hours stay hours, for 24 of them are no day."""
    seconds = int(value.rest.total_seconds())
    counts = {
        "week": value.weeks,
        "day": value.days,
        "hour": seconds // 3600,
        "minute": seconds // 60 % 60,
        "second": seconds % 60,
    }
    return " ".join(f"{count} {unit}{'s' if count > 1 else ''}" for unit, count in counts.items() if count)
