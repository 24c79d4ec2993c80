"""When a letter that may wait for others leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.bursts import is_urgent, leaves
from relay.model import Contact, Event
from tests.chains import NOW

BATCH = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
spans = st.timedeltas(SECOND, timedelta(hours=1))
ago = st.none() | st.timedeltas(timedelta(), timedelta(days=3)).map(lambda span: NOW - span)


def status(to: str, of: int = 2) -> Event:
    return Event(-1, "status", 2, Contact("x@x.example"), NOW, data={"status": to, "ticket": of})


@pytest.mark.parametrize(
    ("waiting", "spoke", "urgent", "when"),
    [
        (None, None, False, NOW + BATCH),
        (None, NOW - BATCH, False, NOW + BATCH),
        (NOW + SECOND, None, False, NOW + SECOND),
        (NOW + SECOND, NOW - BATCH, False, NOW + SECOND),
        (None, NOW - BATCH + SECOND, False, NOW),
        (NOW + SECOND, NOW - SECOND, False, NOW),
        (None, None, True, NOW),
        (NOW + SECOND, None, True, NOW),
    ],
)
def test_the_table(waiting: object, spoke: object, urgent: bool, when: object) -> None:
    assert leaves(NOW, BATCH, waiting=waiting, spoke=spoke, urgent=urgent) == when  # type: ignore[arg-type]


@given(st.lists(spans, min_size=1, max_size=8), spans, ago)
def test_nobody_waits_longer_than_from_the_first_of_a_burst(gaps: list[timedelta], batch: timedelta, spoke: object) -> None:
    now, waiting, first = NOW, None, NOW
    for gap in gaps:
        if waiting is not None and waiting <= now:
            waiting = None  # it has left
        first = now if waiting is None else first
        when = leaves(now, batch, waiting=waiting, spoke=spoke, urgent=False)  # type: ignore[arg-type]
        assert now <= when <= first + batch
        assert waiting is None or when in (waiting, now)
        waiting = when if when > now else None
        now += gap


@given(spans, ago, st.none() | spans.map(lambda span: NOW + span))
def test_those_who_answer_each_other_quickly_never_wait(batch: timedelta, spoke: object, waiting: object) -> None:
    just_now = NOW - batch / 2
    assert leaves(NOW, batch, waiting=waiting, spoke=just_now, urgent=False) == NOW  # type: ignore[arg-type]
    assert leaves(NOW, batch, waiting=waiting, spoke=spoke, urgent=True) == NOW  # type: ignore[arg-type]


@pytest.mark.parametrize("to", ["accepted", "in progress", "waiting"])
def test_news_of_the_work_may_wait(to: str) -> None:
    assert not is_urgent([status(to), Event(-2, "comment", 2, Contact("x@x.example"), NOW, text="cancelled")])


@pytest.mark.parametrize("event", [*map(status, ("resolved", "declined", "cancelled", "closed")), status("in progress", of=3)])
def test_what_is_to_be_acted_on_may_not(event: Event) -> None:
    assert is_urgent([status("accepted"), event])
