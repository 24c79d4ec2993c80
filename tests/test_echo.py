"""The relay knows what it sent: a quoted letter is history over SMTP, whatever the client put around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import Relay, Sink
from tests.test_workflow import ANNA, IVAN, SERGEI, Play

HEADING = "გამგზავნი: Acme Relay <{0}>\nგაგზავნილია: 2 მარტი 2026 10:15\nთემა: [A-1] Pump is leaking"


@pytest.fixture
def play(relay: Relay, sink: Sink) -> Play:
    """A chain of three on a running relay."""
    return Play(relay, sink)


@pytest.mark.parametrize(
    "arrange",
    [
        lambda new, heading, quote: f"{new}\n\n{heading}\n\n{quote}",
        lambda new, heading, quote: f"{heading}\n\n{quote}\n\n{new}",
        lambda new, heading, quote: f"{new}\n\n{' '.join(quote.split())}",
    ],
    ids=["above", "below", "without any heading, in one line"],
)
def test_a_letter_quoted_without_any_mark_does_not_come_back(play: Play, arrange: Callable[[str, str, str], str]) -> None:
    play.says(ANNA, "It stands in water by now, up to the second step of the stairs.")
    letter = play.sink.wait(IVAN, 2)
    play.says(IVAN, arrange("Tomorrow at ten.", HEADING.format(letter.thread), letter.text))
    heard = play.hears(ANNA, "Tomorrow at ten.")
    assert "second step" not in heard.text and "გამგზავნი" not in heard.text and heard.text.count("— — —") == 1
    shown = play.relay.cli("show", "A-1").stdout
    assert "Tomorrow at ten." in shown and shown.count("second step") == 1


def test_answers_between_the_lines_bring_what_they_answer(play: Play) -> None:
    play.says(IVAN, "#pass fix")
    play.sink.wait(SERGEI)
    play.says(ANNA, "When can you come?\n\nAnd who pays the parts?")
    play.hears(SERGEI, "who pays")
    play.says(
        IVAN,
        "On Mon, 2 Mar 2026 Anna wrote:\n> When can you come?\n\nAt ten.\n\n> And who pays the parts?\n\nYou do.\n\n> Not said",
    )
    for who in (ANNA, SERGEI):
        heard = play.hears(who, "At ten.")
        assert "> When can you come?\nAt ten.\n\n> And who pays the parts?\nYou do.\n" in heard.text
        assert "Not said" not in heard.text


def test_what_nobody_has_said_is_not_brought_along(play: Play) -> None:
    play.says(IVAN, "On Mon, 2 Mar 2026 Max wrote:\n> Is it dear?\n\nNo.\n\n> Is it far?\n\nYes.")
    assert "far" not in play.hears(ANNA, "No.").text


def test_equal_answers_each_bring_their_own_question(play: Play) -> None:
    play.says(ANNA, "When can you come?\n\nAnd who pays the parts?")
    play.hears(IVAN, "who pays")
    play.says(
        IVAN,
        "On Mon, 2 Mar 2026 Max wrote:\n> Not said\n\nYes.\n\n> When can you come?\n\nYes.\n\n> And who pays the parts?\n\nNo.",
    )
    assert "Yes.\n\n> When can you come?\nYes.\n\n> And who pays the parts?\nNo.\n" in play.hears(ANNA, "No.").text
