"""Encoded text as it arrives: blanks behind soft line breaks, base64 with something below it; nothing raises."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.parts import transfer
from relay.mail.reader import read
from tests.mail.samples import mail


@given(st.text(min_size=1, max_size=300).filter(str.strip), st.sampled_from(["-- \nlist", "____\nops@a.example", "*** x\n\ny"]))
def test_a_footer_stands_below_the_words(words: str, footer: str) -> None:
    encoded = base64.encodebytes(words.encode())
    assert transfer.leading(encoded + footer.encode(), "utf-8") == words.encode() + b"\n" + footer.encode()


@given(st.text(min_size=1, max_size=60).filter(str.strip), st.integers(0, 80))
def test_of_what_is_cut_off_whole_characters_are_left(words: str, at: int) -> None:
    found = transfer.leading(base64.b64encode(words.encode())[:at] + b"\n-- \nlist", "utf-8").decode().removesuffix("-- \nlist")
    assert words.startswith(found.removesuffix("\n")) or words.startswith(found)


@pytest.mark.parametrize("blanks", [b"", b" ", b"\t  \t"])
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_blanks_behind_a_soft_line_break_do_not_count(blanks: bytes, ending: bytes) -> None:
    """A signature of the form "relaxed" leaves them open: with one, half a sentence would be a line of its own."""
    body = b"Do not mark it as =" + blanks + ending + b"#resolved=20" + ending
    assert transfer.quoted(body) == b"Do not mark it as #resolved " + ending
    raw = mail(body, "Content-Transfer-Encoding: quoted-printable")
    assert read(raw).text == "Do not mark it as #resolved" and not read(raw).commands


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "koi8-r"]))
def test_no_bytes_raise(data: bytes, charset: str) -> None:
    transfer.leading(data, charset)
