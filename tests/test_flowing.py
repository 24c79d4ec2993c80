"""format=flowed (RFC 3676): what is written is read back, by our own reader, as it was."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.flowing import COLUMNS, flowed, long_lines
from relay.mail.parts.flowed import unflow

WORDS = st.text(st.sampled_from("ab>- \xa0Fromж") | st.characters(exclude_categories=("C", "Z")), max_size=300)


@given(WORDS)
@example("From me to you " * 20)
@example("a" * 100 + "   > b " * 30)
def test_a_line_comes_back_as_it_was(line: str) -> None:
    if not line.lstrip().startswith(">"):
        assert unflow(flowed(line)) == line.rstrip(" ")
    assert flowed(line, {line.rstrip(" ")}).lstrip(" ") == line.strip(" ")


@given(WORDS)
def test_no_line_is_wider_unless_it_is_one_word(line: str) -> None:
    for piece in flowed(line).split("\n"):
        assert len(piece.rstrip(" ")) <= COLUMNS + 1 or " " not in piece.strip(" ") or line.startswith(">")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("-- \nIvan", "--\nIvan"),
        ("  indented", "   indented"),
        ("From here", " From here"),
        ("> quoted", "> quoted"),
        ("one  \ntwo", "one\ntwo"),
    ],
)
def test_what_flowed_text_must_not_hold_is_stuffed_or_trimmed(text: str, sent: str) -> None:
    assert flowed(text) == sent


def test_long_lines_are_those_that_would_be_wrapped() -> None:
    text = "word " * 30 + "\nshort\n" + "x" * 73
    assert long_lines(text) == {("word " * 30).rstrip(), "x" * 73}
    assert flowed(text, long_lines(text)) == text.replace(" \n", "\n")
