"""Hours, holidays and limits: read, spelt, refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config import units, worktime
from relay.model import Limit, Opening


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Opening, ...]:
    """Hours in order, of one day or more, never over one another; days are often alike."""
    shapes = [draw(st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(sorted)) for _ in range(2)]
    days = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
    chosen = [(day, draw(st.sampled_from(shapes))) for day in days]
    return tuple(
        Opening(day, opens, closes) for day, shape in chosen for opens, closes in zip(shape[::2], shape[1::2], strict=False)
    )


@settings(deadline=None)
@given(weeks())
def test_hours_are_read_as_they_are_spelt(openings: tuple[Opening, ...]) -> None:
    assert worktime.hours(worktime.spell_hours(openings)) == openings


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("mon-fri 09:00-18:00", "mon-fri 09:00-18:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("Sun-Tue 9:00 - 18:00", "mon-tue 09:00-18:00, sun 09:00-18:00"),
        ("fri 09:00-17:00,mon-thu 09:00-18:00,sat 10:00-14:00", "mon-thu 09:00-18:00, fri 09:00-17:00, sat 10:00-14:00"),
        ("mon-fri 14:00-18:00, mon-fri 09:00-13:00", "mon-fri 09:00-13:00, mon-fri 14:00-18:00"),
        ("mon 22:00-24:00, tue 00:00-06:00", "mon 22:00-24:00, tue 00:00-06:00"),
    ],
)
def test_hours_as_people_write_them(written: str, spelt: str) -> None:
    assert worktime.spell_hours(worktime.hours(written)) == spelt


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 100), st.integers(1, 86_400 * 40))
def test_limits_are_read_as_they_are_spelt(weeks: int, days: int, seconds: int) -> None:
    limit = Limit(weeks, days, timedelta(seconds=seconds))
    assert worktime.limit(worktime.spell_limit(limit)) == limit


def test_a_day_is_no_24_hours() -> None:
    assert worktime.limit("1 day") != worktime.limit("24 hours")
    assert worktime.spell_limit(worktime.limit("36 hours")) == "36 hours"
    assert worktime.limit("1 week 2 days 3 hours 4 min 5 s") == Limit(1, 2, timedelta(hours=3, minutes=4, seconds=5))


@pytest.mark.parametrize("read", [worktime.hours, worktime.holiday, worktime.limit], ids=lambda read: str(read.__name__))
@settings(deadline=None)
@given(
    value=st.one_of(st.none(), st.integers(), st.booleans(), st.text(), st.text("monfritue0123456789:-, dh"), st.lists(st.text()))
)
def test_a_reader_reads_or_says_what_it_expected(read: Any, value: object) -> None:
    try:
        read(value)
    except units.Wrong as wrong:
        assert wrong.expected
