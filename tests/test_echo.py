"""The relay knows what it sent: a quoted letter is history over SMTP, whatever the client put around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import Relay, Sink
from tests.test_workflow import ANNA, IVAN, Play

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
