"""When a deferred letter is tried again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from relay import backoff
from tests.chains import NOW

attempts = st.integers(1, 10_000)
chances = st.floats(0, 1, exclude_max=True)


@given(attempts, chances)
def test_the_next_try_is_near_its_step(count: int, chance: float) -> None:
    wait = backoff.next_try(count, NOW, chance) - NOW
    step = backoff.STEPS[min(count, len(backoff.STEPS)) - 1]
    assert step * 0.8 - timedelta(milliseconds=1) <= wait <= step * 1.2 + timedelta(milliseconds=1)


@given(st.integers(1, 20), chances)
def test_tries_come_ever_more_seldom(count: int, chance: float) -> None:
    now, then = (backoff.next_try(each, NOW, chance) - NOW for each in (count, count + 1))
    assert now <= then


@given(attempts, chances, chances)
def test_letters_that_failed_together_do_not_come_back_together(count: int, one: float, other: float) -> None:
    assert (backoff.next_try(count, NOW, one) < backoff.next_try(count, NOW, other)) <= (one < other)
    assert backoff.next_try(count, NOW, 0.0) < backoff.next_try(count, NOW, 0.5) < backoff.next_try(count, NOW, 0.99)


def test_the_first_try_comes_soon_and_the_last_ones_twice_an_hour() -> None:
    assert backoff.next_try(1, NOW, 0.5) - NOW == timedelta(seconds=15)
    assert backoff.next_try(1000, NOW, 0.5) - NOW == timedelta(minutes=30)


@given(st.integers(-86_400, 86_400), st.integers(1, 86_400))
def test_a_letter_expires_when_the_next_try_comes_after_its_time(shift: int, seconds: int) -> None:
    retry_for = timedelta(seconds=seconds)
    again = NOW + retry_for + timedelta(seconds=shift)
    assert backoff.expired(NOW, retry_for, again) == (shift > 0)
