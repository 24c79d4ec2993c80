"""Thread-Index as [MS-OXOMSG] 2.2.1.3 has it: one header for a ticket's letters, a block for each but the first."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relay.outlook import begun, header, thread_index
from tests.test_letters import compose

BASE = datetime(2020, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(2020, 1, 2), datetime(2060, 1, 1), timezones=st.just(UTC))


def index(conversation: str, at: datetime, *, first: bool = False) -> bytes:
    return base64.b64decode(thread_index(header(conversation), at, first=first), validate=True)


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


@given(st.binary(min_size=22, max_size=60), TIMES)
def test_the_letters_of_a_conversation_that_outlook_began_bear_its_header(theirs: bytes, at: datetime) -> None:
    theirs = b"\1" + theirs[1:]
    given = base64.b64encode(theirs).decode()
    assert begun(given) == begun(f"{given[:20]}\r\n {given[20:]}") == theirs[:22]
    letter = compose(begun=given, date=at)
    assert base64.b64decode(letter["Thread-Index"])[:22] == theirs[:22]
    assert f"[A-17] {letter['Thread-Topic']}" == letter["Subject"]


NONE = st.one_of(
    st.text(max_size=60).map(lambda text: f"{text[:10]}?{text[10:]}"),
    st.binary(max_size=21).map(lambda data: base64.b64encode(data).decode()),
    st.binary(min_size=22, max_size=40).map(lambda data: base64.b64encode(b"\2" + data).decode()),
)


@given(NONE)
def test_what_is_no_thread_index_is_left_alone(given: str) -> None:
    letter = compose(begun=given, conversation="t-old@relay.example")
    assert begun(given) == b"" and letter["Thread-Topic"] == letter["Subject"]
    assert base64.b64decode(letter["Thread-Index"])[:22] == header("t-old@relay.example")
