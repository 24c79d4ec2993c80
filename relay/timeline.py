"""Who had the ball when and how long, drawn with characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

FULL, EMPTY = "█", "░"
TONES = "▓▒░"  # of others than the first, in turn


def bar(share: float, width: int = 20) -> str:
    """A share of 1: "█████░░░░░"; whatever is more than nothing shows."""
    filled = min(width, max(round(share * width), 1 if share > 0 else 0))
    return FULL * filled + EMPTY * (width - filled)


def widths(shares: Sequence[float], width: int) -> list[int]:
    """How wide each part of a bar is, in whole steps: its share of the sum, but one step at least; together `width`.

    There are at most `width` shares, each more than 0; of none there is no bar.
    """
    if not shares:
        return []
    total, found = sum(shares), [1] * len(shares)
    for _ in range(width - len(shares)):
        behind = [share / total * width - got for share, got in zip(shares, found, strict=True)]
        found[behind.index(max(behind))] += 1
    return found


def line(spells: Iterable[tuple[datetime, datetime]], start: datetime, end: datetime, width: int = 48) -> str:
    """The time from `start` to `end`, filled where one of the spells falls, each with one character at least."""
    step = max((end - start) / width, timedelta(microseconds=1))
    cells = [EMPTY] * width
    for since, until in spells:
        first = min(width - 1, max(0, int((since - start) / step)))
        last = min(width, max(first + 1, round((until - start) / step)))
        cells[first:last] = [FULL] * (last - first)
    return "".join(cells)


def spoken(time: timedelta) -> str:
    """A duration for the admin's eyes: "3 d 4 h", "2 h 5 min", "0 min"."""
    minutes = round(time / timedelta(minutes=1))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (rest, "min")) if count]
    return " ".join(parts[:2]) or "0 min"
