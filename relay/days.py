"""A report's period: whole days in somebody's time zone, and the name that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relay.figures import Period

DAY = timedelta(days=1)
AT = time(9)  # when reports go out
LATE = timedelta(days=10)  # for how long one that was missed is still sent


@dataclass(frozen=True, slots=True)
class Days:
    """From a first to a last day, both included."""

    first: date
    last: date

    @property
    def name(self) -> str:
        """A whole month "2026-11", anything else "2026-11-01/2026-11-23"."""
        whole = self == month_of(self.first)
        return f"{self.first:%Y-%m}" if whole else f"{self.first.isoformat()}/{self.last.isoformat()}"

    def period(self, zone: str, now: datetime) -> Period:
        """From midnight to midnight in that zone, in UTC, but not beyond `now`."""
        since, until = (_midnight(day, zone) for day in (self.first, self.last + DAY))
        return Period(since, max(since, min(until, now)))


def month_of(day: date) -> Days:
    """The month that a day is in."""
    first = day.replace(day=1)
    return Days(first, (first + 31 * DAY).replace(day=1) - DAY)


def month_due(zone: str, now: datetime) -> Days | None:
    """The month whose report is to go out now: the one before, from 09:00 on its first day on and for `LATE`."""
    first = now.astimezone(ZoneInfo(zone)).date().replace(day=1)
    since_due = now - datetime.combine(first, AT, ZoneInfo(zone)).astimezone(UTC)
    return month_of(first - DAY) if timedelta() <= since_due < LATE else None


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
