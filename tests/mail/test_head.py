"""The header of a raw mail: blanks before colons, and every line that some reader takes for a From field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import Refused
from relay.mail.parts import head
from relay.mail.reader import read
from tests.mail.samples import mail

IVAN = b"From: ivan@north.example\r\n"


@pytest.mark.parametrize("blanks", [" ", "\t", " \t "])
def test_a_blank_before_a_colon_ends_no_header(blanks: str) -> None:
    raw = f"From{blanks}: ivan@north.example\r\nTo{blanks}: t@relay.example\r\nSubject: Pump\r\n\r\nName : Ivan\r\n".encode()
    found = read(raw)
    assert (found.author.address, found.to, found.subject) == ("ivan@north.example", ("t@relay.example",), "Pump")
    assert found.text == "Name : Ivan"


SECOND = {
    "plain": b"From: m@evil.example\r\n",
    "in capitals": b"FROM: m@evil.example\r\n",
    "with a blank": b"From : m@evil.example\r\n",
    "with a tab": b"From\t: m@evil.example\r\n",
    "with a no-break space": b"From\xa0: m@evil.example\r\n",
    "with a NUL": b"From\0: m@evil.example\r\n",
    "behind a byte order mark": b"\xef\xbb\xbfFrom: m@evil.example\r\n",
    "below a line that is no field": b"nonsense\r\nFrom: m@evil.example\r\n",
    "below a line of blanks": b" \r\nFrom: m@evil.example\r\n",
    "below a name that is none": b"Fr om: x\r\nFrom: m@evil.example\r\n",
}


@pytest.mark.parametrize("second", SECOND.values(), ids=SECOND.keys())
def test_a_second_from_is_refused_wherever_it_stands(second: bytes) -> None:
    for raw in (second + IVAN, IVAN + second, b"X: y\r\n" + IVAN + b"X: y\r\n" + second):
        with pytest.raises(Refused) as refusal:
            read(raw + b"Subject: Pump\r\n\r\nx\r\n")
        assert (refusal.value.code, refusal.value.enhanced) == (554, "5.6.0")


ONE = [
    b"From mallory Mon Nov 23 10:00:00 2026\r\n" + IVAN,
    IVAN + b"Subject: Pump\r\n From: the house below\r\n",
    IVAN + b"Resent-From: m@evil.example\r\nX-From: m@evil.example\r\nFromage: x\r\n",
    IVAN + b"Subject: Pump\r\n\r\nFrom: m@evil.example\r\nFrom : m@evil.example\r\n",
]


@pytest.mark.parametrize("raw", ONE)
def test_other_lines_are_no_from(raw: bytes) -> None:
    assert read(raw + b"\r\nx\r\n").author.address == "ivan@north.example"


PIECES = [b"From", b"To", b" ", b"\t", b":", b"x", b"\r\n", b"\n", b"\r", b"\0", b"From ", b"\xff", b"--b\r\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_any_header_is_evened_once_and_keeps_its_body(raw: bytes) -> None:
    evened = head.even(raw)
    assert head.even(evened) == evened
    assert evened[head.end(evened) :] == raw[head.end(raw) :]
    assert head.authors(evened) == head.authors(raw)


def test_a_body_that_is_not_taken_apart_is_the_same() -> None:
    for body in (b"x", b"\r\n\r\nx\r\n", b"a\nb\r\n", b"\xff\r\n", b"--b\r\n\r\nx\r\n", b""):
        assert read(mail(body)).text == read(mail(b"--b\r\n\r\n" + body, "Content-Type: multipart/mixed; boundary=b")).text or (
            body.startswith(b"--b")
        )
