"""Which transfer encodings a body fits: never two under which it says different things, whatever blanks are put into it."""

from __future__ import annotations

import base64
import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.parts import transfer
from relay.mail.seals import codings
from relay.mail.seals.codings import BASE64, PLAIN, QUOTED

NONE: frozenset[str] = frozenset()
LONG = "The pump is broken, and the one beside it will not last for long, either. " * 2


def quoted(text: str) -> bytes:
    return quopri.encodestring(text.encode().replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")


FITS: dict[str, tuple[bytes, frozenset[str]]] = {
    "nothing": (b"\r\n", PLAIN | QUOTED | BASE64),
    "words": (b"The pump is broken.\r\n", PLAIN | QUOTED),
    "letters": ("Насос течёт.\r\n".encode(), PLAIN | QUOTED),
    "letters and a sign": ("Насос = течёт.\r\n".encode(), PLAIN),
    "an address": (b"See https://a.example/?id=x&lang=de\r\n", PLAIN),
    "an address with a number": (b"See https://a.example/?id=4711\r\n", PLAIN),
    "an address with a date": (b"See https://a.example/?on=2026-11-23\r\n", PLAIN),
    "a rule": (b"=====\r\nx\r\n", PLAIN),
    "a sum": (b"2 + 2 = 4\r\n", PLAIN),
    "a long line with an escape": (b"=3D " + LONG.encode() + b"\r\n", PLAIN),
    "quoted letters": (quoted("Насос течёт."), QUOTED),
    "quoted long lines": (quoted(LONG + "\r\n\r\n#accept\r\n"), QUOTED),
    "a quoted sign": (b"a =3D b\r\n", QUOTED),
    "as Apple writes it": (b"=46rom here on, =\r\n=D0=B0 =20\r\n=2E\r\n", QUOTED),
    "an escape that nobody writes": (b"=23resolved\r\n=3D\r\n", PLAIN),
    "the same, broken softly": (b"=23resolved =3D x=\r\ny\r\n", NONE),
    "a line broken softly too soon": (b"Please do not mark it as =\r\n#resolved\r\n", NONE),
    "letters of another charset": (b"=CF=F0=E8=E2=E5=F2\r\n", NONE),
    "base64": (base64.encodebytes(LONG.encode() * 9).replace(b"\n", b"\r\n"), BASE64),
    "base64 of few words": (base64.b64encode("#решено".encode()) + b"\r\n", BASE64),
    "base64 of a file": (base64.encodebytes(bytes(range(256))).replace(b"\n", b"\r\n"), BASE64),
    "a word": (b"test\r\n", PLAIN | QUOTED),
    "two words": (b"done\r\nivan\r\n", PLAIN | QUOTED),
}


@pytest.mark.parametrize(("body", "fits"), FITS.values(), ids=FITS.keys())
def test_what_a_body_fits(body: bytes, fits: frozenset[str]) -> None:
    assert codings.fitting(b"\n" + body, 1) == fits


def test_a_charset_that_is_signed_counts() -> None:
    assert codings.fitting(b"=CF=F0=E8=E2=E5=F2\r\n", 0, "windows-1251") == QUOTED
    assert codings.fitting(base64.b64encode("Привет".encode("cp1251")), 0, "windows-1251") == BASE64
    assert codings.fitting(b"=D0=B0\r\n", 0, "no-such-charset") == NONE


def said(body: bytes, coding: str) -> list[bytes]:
    """The words of each filled line."""
    data = transfer.quoted(body) if coding in QUOTED else base64.b64decode(body) if coding in BASE64 else body
    return [b" ".join(line.split()) for line in data.splitlines() if line.strip()]


PIECES = [
    b"=",
    b"=\r\n",
    b"=3D",
    b"=23",
    b"=D0=B0",
    b"=FF",
    b"=47",
    b"=20",
    b"=de",
    b"#resolved",
    b"\r\n",
    b" ",
    b"x",
    b"TGE=",
    b"x" * 55,
]


@given(st.lists(st.sampled_from(PIECES), max_size=16).map(b"".join))
def test_no_body_says_two_things(body: bytes) -> None:
    """Nor does one with other blanks, which the form "relaxed" takes for the same."""
    spaced = re.sub(rb" (?=[^ \r\n])", b"    ", body).replace(b"\r\n", b" \t\r\n") + b"\r\n"
    told = {tuple(said(each, coding)) for each in (body + b"\r\n", spaced) for coding in codings.fitting(each, 0)}
    assert len(told) <= 1


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("=#\n é")).filter(str.strip))
def test_what_an_encoder_has_written_fits(text: str) -> None:
    encoded = quoted(text.replace("\n", "\r\n"))
    assert codings.fitting(encoded, 0) & QUOTED or "=" not in text
