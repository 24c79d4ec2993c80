"""Thread-Index as [MS-OXOMSG] 2.2.1.3 has it: one header for a ticket's letters, a block for each but the first."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relay.outlook import thread_index
from tests.test_letters import compose

BASE = datetime(2020, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(2020, 1, 2), datetime(2060, 1, 1), timezones=st.just(UTC))


def index(conversation: str, at: datetime, *, first: bool = False) -> bytes:
    return base64.b64decode(thread_index(conversation, at, first=first), validate=True)


@given(st.text(max_size=80), TIMES, TIMES)
def test_all_letters_of_a_ticket_share_the_header(ticket: str, one: datetime, other: datetime) -> None:
    first, letter, again = index(ticket, one, first=True), index(ticket, one), index(ticket, other)
    assert (len(first), len(letter), first[0]) == (22, 27, 1)
    assert letter[:22] == again[:22] == first
    assert index(ticket + "x", one)[6:22] != first[6:]


@given(TIMES)
def test_a_block_tells_when(at: datetime) -> None:
    bits = int.from_bytes(index("t", at)[22:26], "big")
    ticks = (bits & 0x7FFF_FFFF) << (23 if bits >> 31 else 18)
    assert timedelta(0) <= at - BASE - timedelta(microseconds=ticks // 10) <= timedelta(seconds=1)


def test_letters_of_a_ticket_have_it_and_others_do_not() -> None:
    first, later = compose(references=()), compose()
    assert first["Thread-Topic"] == later["Thread-Topic"] == first["Subject"]
    assert base64.b64decode(later["Thread-Index"])[:22] == base64.b64decode(first["Thread-Index"])
    assert compose(kind="held", number="")["Thread-Index"] is None is compose(kind="held", number="")["Thread-Topic"]
    long = "Насос " * 40
    assert compose(subject=long)["Thread-Topic"] == compose(subject=long)["Subject"]
