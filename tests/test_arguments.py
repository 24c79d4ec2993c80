"""Days and durations as people write them."""

from __future__ import annotations

import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import arguments

MONDAY = date(2026, 11, 23)


def test_the_examples_are_true() -> None:
    assert doctest.testmod(arguments).failed == 0


@pytest.mark.parametrize(
    ("text", "on", "rest"),
    [
        ("today", "2026-11-23", ""),
        ("the day after  tomorrow, at noon", "2026-11-25", "at noon"),
        ("послезавтра", "2026-11-25", ""),
        ("Пятницы нет насоса", "2026-11-27", "нет насоса"),
        ("sun", "2026-11-29", ""),
        ("12 may", "2027-05-12", ""),
        ("May 12th, 2028", "2028-05-12", ""),
        ("3 августа 2027", "2027-08-03", ""),
    ],
)
def test_days(text: str, on: str, rest: str) -> None:
    assert arguments.day(text, MONDAY) == (date.fromisoformat(on), rest)


@pytest.mark.parametrize("text", ["", "sunny", "завтрак", "31.02", "maybe 12", "day"])
def test_what_is_no_day(text: str) -> None:
    assert arguments.day(text, MONDAY) is None


@pytest.mark.parametrize(
    ("text", "minutes"), [("2 часа 5 минут", 125), ("1d", 480), ("3 hrs.", 180), ("1:20", 80), ("2 дня", 960)]
)
def test_durations(text: str, minutes: int) -> None:
    assert arguments.duration(text) == (minutes, "")


@given(st.text(max_size=60))
def test_never_raises(text: str) -> None:
    arguments.day(text, MONDAY)
    arguments.duration(f"1{text}")
