"""What one party may have of the relay: over a limit its mails are sent back for later, and nobody else's."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest

from tests.harness import DOMAIN, Relay, Sink, free_port, write

ANNA, IVAN = "anna@shop.example", "ivan@north.example"
ADMIN, NINA = "admin@example.com", "nina@new.example"
INTAKE = f"north-repairs@{DOMAIN}"


@pytest.fixture
def limited(make_relay: Callable[..., Relay]) -> Callable[[str], Relay]:
    """A relay with those `[limits]`."""
    return lambda limits: make_relay(extra=f"[limits]\n{limits}\n").start()


def say(relay: Relay, text: str, sender: str = ANNA, to: str = INTAKE) -> tuple[int, str]:
    return relay.send(write(sender, to, text), sender, to)


@pytest.mark.parametrize("limit", ["mails_a_minute_per_party = 2", "chains_a_day_per_party = 2"])
def test_a_party_over_its_limit_comes_again_later_and_others_are_served(
    limited: Callable[[str], Relay], sink: Sink, limit: str
) -> None:
    relay = limited(limit)
    answers = [say(relay, f"Pump {number} leaks.")[0] for number in range(2)]
    code, text = say(relay, "The third pump leaks.")
    assert answers == [250, 250] and (code, text[:5]) == (451, "4.7.1") and "party" in text
    assert say(relay, "And the fourth.")[0] == 451
    told = sink.wait(ADMIN)
    assert limit.partition(" ")[0] in told.text and len(sink.to(ADMIN)) == 1
    letter = sink.wait(IVAN)
    assert relay.send(write(IVAN, letter.thread, "On my way.", answering=letter), IVAN, letter.thread)[0] == 250
    assert len(relay.json("chains")) == 2


def test_a_limit_that_is_reached_is_counted(make_relay: Callable[..., Relay]) -> None:
    port = free_port()
    extra = f'[limits]\nchains_a_day_per_party = 1\n[metrics]\nlisten = "127.0.0.1:{port}"\n'
    relay = make_relay(extra=extra).start()
    assert [say(relay, f"Pump {number} leaks.")[0] for number in range(2)] == [250, 451]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert 'relay_limits_reached_total{limit="chains_a_day_per_party"} 1.0' in answer.read().decode()


def test_a_party_has_so_many_bytes_a_day(limited: Callable[[str], Relay]) -> None:
    relay = limited('bytes_a_day_per_party = "20 KB"')
    assert say(relay, "A long story.\n" * 1000)[0] == 250
    code, text = say(relay, "Another long story.\n" * 1000)
    assert (code, text[:5]) == (451, "4.7.1") and "day" in text
    assert say(relay, "A short one.")[0] == 250


def test_so_many_mails_of_strangers_wait(limited: Callable[[str], Relay]) -> None:
    relay = limited("held_per_party = 2")
    strangers = [f"someone{number}@new.example" for number in range(3)]
    answers = [say(relay, "Hello.", sender) for sender in strangers]
    assert [code for code, _ in answers] == [250, 250, 451] and answers[2][1].startswith("4.7.1")
    assert say(relay, "Ours.")[0] == 250


def test_help_and_complaints_end_but_mails_are_taken(limited: Callable[[str], Relay], sink: Sink) -> None:
    relay = limited("answers_a_day = 3")
    say(relay, "The pump leaks.")
    letter = sink.wait(IVAN)
    for number in range(6):
        words = f"Word {number}.\n#{'help' if number % 2 else 'acept'}"
        assert relay.send(write(IVAN, letter.thread, words, answering=letter), IVAN, letter.thread)[0] == 250
    sink.wait(ANNA, 7)
    assert len(sink.to(IVAN)) == 1 + 3
    assert "no answer" in relay.json("trace", "A-1")[-1]["reason"]


def test_nobody_buries_the_postmaster(limited: Callable[[str], Relay], sink: Sink) -> None:
    relay = limited("answers_a_day = 3")
    answers = [say(relay, f"Spam {number}", f"x{number}@spam.example", f"postmaster@{DOMAIN}") for number in range(5)]
    assert [code for code, _ in answers] == [250, 250, 250, 451, 451]
    sink.wait(ADMIN, 3)
    assert say(relay, "The pump leaks.")[0] == 250
