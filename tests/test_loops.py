"""What looks like a program that answers our letters, and what does not: people, even quick ones, and what answers people.

The talks are played without a clock or network: see `Talk`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import loops
from relay.loops import CERTAINLY_FAST, DAY, Heard, Sent, Traffic, exact_of, words_of
from relay.settings import LoopSettings
from tests.chains import NOW

LIMITS = LoopSettings()
ANSWERS = "Thank you, we have got your mail and will be back on Monday."
Words = Callable[[int], str]


@dataclass
class Talk:
    """Two parties, each of whose mails is a letter to the other, sent a moment later; what the breaker would say to each mail."""

    own_receipts: bool = False
    clock: float = 0.0
    mails: dict[str, list[Heard]] = field(default_factory=lambda: {"a": [], "b": []})
    letters: dict[str, list[Sent]] = field(default_factory=lambda: {"a": [], "b": []})
    number: int = 0

    def traffic(self, who: str) -> Traffic:
        return Traffic(tuple(self.mails[who]), tuple(self.letters[who]))

    def write(self, who: str, text: str, after: float, known: bool = False) -> loops.Reason | None:
        """One mail, `after` seconds; the sign by which its party would be paused."""
        self.clock += after
        self.number += 1
        at, name = NOW + timedelta(seconds=self.clock), f"m{self.number}"
        self.mails[who].append(Heard(name, at, words_of(text) if text else None, exact_of(text)))
        for to in ("a" if who == "b" else "b", *([who] if self.own_receipts else [])):
            self.letters[to].append(Sent(name, at, at + timedelta(seconds=0.05)))
        found = loops.suspected(self.traffic(who), LIMITS, known=known)
        if found is None:
            return None
        of = {mail.mail: self.traffic(party) for party in self.mails for mail in self.mails[party]}
        return found.reason if loops.is_loop(found, of, LIMITS.reflex) else None


def talk(turns: Sequence[tuple[str, str, float]]) -> list[loops.Reason | None]:
    going = Talk()
    return [going.write(who, text, after) for who, text, after in turns]


def ping_pong(a: Words, b: Words, seconds: float, most: int = 40) -> tuple[int, loops.Reason | None]:
    """After how many mails one of two programs is paused that answer each other, and by which sign."""
    going = Talk()
    going.write("a", "The pump in the cellar leaks, please come.", 0)
    for count in range(1, most):
        who, words = ("b", b) if count % 2 else ("a", a)
        if sign := going.write(who, words(count), seconds):
            return count, sign
    return most, None


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "other",
    [
        "Your ticket #124 was  received\non 2026-11-23 10:00:07.",
        "your ticket #9 was received on 2026-11-24 11:30:00.",
        "Your ticket #9/a7f3-1c was received on 23.11. <x9@desk.example> https://desk.example/abc",
    ],
)
def test_what_differs_in_copies_of_one_text_does_not_count(other: str) -> None:
    assert words_of(other) == words_of("Your ticket #123 was received on 2026-11-23 10:00:01.") == "your ticket was received on"


def test_words_of_other_scripts_are_words_also_next_to_a_number() -> None:
    assert words_of("您的工单123已收到，我们的同事会尽快与您联系，请不要回复这封邮件，谢谢您的理解和耐心等待。") == (
        "您的工单 已收到 我们的同事会尽快与您联系 请不要回复这封邮件 谢谢您的理解和耐心等待"
    )
    assert words_of("Ваша заявка №12-А принята в работу") == "ваша заявка а принята в работу"


def test_a_few_words_are_compared_with_their_numbers() -> None:
    assert words_of("Question  7") == "question 7" and words_of("Message №12 from Ivan") == "message №12 from ivan"
    turns = [("ab"[count % 2], f"{'Question' if count % 2 else 'Message number'} {count}", 1) for count in range(60)]
    assert not any(talk(turns))


@given(st.text(max_size=2000))
def test_any_text_has_words(text: str) -> None:
    assert len(words_of(text)) <= 3 * loops.BEGINNING and words_of(text) == words_of(text.upper().lower())


# ── programs ───────────────────────────────────────────────────────────────────────────────────────────────


@given(st.floats(0.1, 1500), st.integers(0, 10**6))
def test_the_same_words_on_both_sides_stop_whatever_their_pace(seconds: float, number: int) -> None:
    count, _ = ping_pong(lambda at: f"{ANSWERS} No. {at}", lambda at: f"Nobody is here till spring. ({number + at})", seconds)
    assert count <= 10 if seconds < 350 else True  # five an hour of each; slower ones are no storm


@given(st.floats(0.1, 29), st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), min_size=40, max_size=40))
def test_quick_mails_of_one_pattern_stop(seconds: float, varying: list[str]) -> None:
    def of(sentence: str) -> Words:
        return lambda at: f"{sentence} {varying[at]} {varying[-at]} {'x' * at}"

    count, sign = ping_pong(of(ANSWERS), of("Your request has reached the desk and waits in the line, word of the day"), seconds)
    assert count <= 10 and sign in ("fast", "same")


def test_quick_mails_that_have_nothing_in_common_stop_as_well_but_later() -> None:
    assert (
        ping_pong(lambda at: chr(0x3400 + at) * 9, lambda at: chr(0x4E00 + at) * 9, 2, 200)[0]
        <= 2 * CERTAINLY_FAST * LIMITS.fast + 1
    )


def test_a_program_that_answers_our_receipts_is_known_without_anybody_else() -> None:
    going = Talk(own_receipts=True)
    assert [going.write("a", ANSWERS, 3) for _ in range(4)][-1] == "same"
    slowly = Talk(own_receipts=True)
    assert [slowly.write("a", ANSWERS, 600) for _ in range(4)][-1] == "same"


def test_who_was_paused_is_known_by_the_first_sign() -> None:
    going = Talk()
    signs = [going.write("ab"[count % 2], ANSWERS if count % 2 else f"{ANSWERS} Indeed.", 5) for count in range(5)]
    assert signs[-1] is None  # the opening, and two of each
    assert going.write("b", ANSWERS, 5) == "same"
    going.clock += 3600
    going.write("a", f"{ANSWERS} Indeed.", 0)
    assert going.write("b", ANSWERS, 400, known=True) == "same"


# ── people ─────────────────────────────────────────────────────────────────────────────────────────────────

SENTENCES = [
    "The pump is loud again.",
    "Which floor is it on?",
    "Third, next to the lift.",
    "I can come at noon.",
    "Please bring a new seal.",
    "What size do you need?",
    "Forty millimetres, brass.",
    "We have only steel ones here.",
    "Steel will do for today.",
    "Who opens the door for me?",
    "Olga, her phone is on the gate.",
    "Good, see you there then.",
]


def test_two_people_who_answer_every_forty_seconds() -> None:
    assert not any(talk([("ab"[count % 2], text, 40) for count, text in enumerate(SENTENCES)]))


def test_somebody_who_answers_three_times_within_ten_seconds() -> None:
    turns = [("ab"[count % 2], text, 10 if count % 2 else 60) for count, text in enumerate(SENTENCES[:7])]
    assert not any(talk(turns))


def test_two_people_who_answer_at_once_have_a_while() -> None:
    assert not any(talk([("ab"[count % 2], text, 8) for count, text in enumerate(SENTENCES)]))


@given(st.lists(st.sampled_from(SENTENCES), unique=True, min_size=1), st.lists(st.floats(31, 4000), min_size=12, max_size=12))
def test_people_who_do_not_repeat_themselves_and_take_their_time(texts: list[str], pauses: list[float]) -> None:
    assert not any(talk([("ab"[count % 2], text, pauses[count]) for count, text in enumerate(texts)]))


@given(st.lists(st.sampled_from(["ok", "Спасибо", "Thank you!", "Да"]), min_size=5, max_size=5), st.floats(31, 900))
def test_ok_is_said_often(said: list[str], seconds: float) -> None:
    turns = [turn for text, other in zip(said, SENTENCES, strict=False) for turn in (("a", other, seconds), ("b", text, seconds))]
    assert not any(talk(turns))


def test_a_program_that_answers_a_person_is_no_loop() -> None:
    turns = [turn for text in SENTENCES[:8] for turn in (("a", text, 200), ("b", ANSWERS, 1))]
    assert not any(talk(turns))


def test_mails_that_answer_nothing_are_none() -> None:
    assert not any(talk([("a", f"Unit {count} has a new fan and was cleaned.", 5) for count in range(30)]))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", ANSWERS, *SENTENCES]), st.floats(0, 100)), max_size=30))
def test_nobody_is_paused_who_has_not_had_as_many_letters(turns: list[tuple[str, str, float]]) -> None:
    going = Talk()
    for who, text, after in turns:
        if going.write(who, text, after):
            earlier = [letter for letter in going.letters[who] if letter.ordered < going.mails[who][-1].at]
            assert len(earlier) >= LIMITS.same


# ── the pause ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(1, 10_000), st.timedeltas(timedelta(seconds=1), 3 * DAY))
def test_a_pause_is_twice_as_long_each_time_and_a_day_at_most(times: int, first: timedelta) -> None:
    limits = LoopSettings(pause=first)
    one, next_one = (loops.pause(limits, "same", count, NOW) for count in (times, times + 1))
    assert next_one.until - NOW == min(2 * (one.until - NOW), max(DAY, first))
    assert loops.pause(limits, "same", 1, NOW).until - NOW == first
