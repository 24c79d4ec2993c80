"""When a deferred letter is tried again: soon at first, then ever more seldom, never all at once."""

from __future__ import annotations

from datetime import datetime, timedelta

STEPS = tuple(timedelta(seconds=s) for s in (15, 60, 180, 300, 600, 900, 1800))
JITTER = 0.2  # of the step, either way, so that a thousand letters do not come back in the same second


def next_try(attempts: int, now: datetime, chance: float) -> datetime:
    """When to try again after `attempts` (from 1) tries; `chance` is from [0, 1), from the system's random source."""
    step = STEPS[min(attempts, len(STEPS)) - 1]
    return now + step * (1 + JITTER * (2 * chance - 1))


def expired(created: datetime, retry_for: timedelta, again: datetime) -> bool:
    """Whether the next try would come after the letter's time is up."""
    return again > created + retry_for
