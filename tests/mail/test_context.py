"""Answers between quoted lines keep what they answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.mail.text import reply
from relay.model import Answered
from tests.mail.words import SENTENCES

LEAD = "On Mon, 2 Mar 2026 at 10:15, Ivan <ivan@north.example> wrote:"


def test_each_passage_has_the_paragraph_above_it() -> None:
    found = reply.split(
        f"{LEAD}\n> When can you come?\n> And with whom?\n\nTomorrow.\n\n> Bring the key.\nYes.\n> Regards\n> Ivan"
    )
    assert found.text == "Tomorrow.\n\nYes."
    assert found.answered == (Answered("When can you come?\nAnd with whom?", "Tomorrow."), Answered("Bring the key.", "Yes."))


def test_one_answer_above_or_below_the_whole_has_none() -> None:
    quote = f"{LEAD}\n> When can you come?"
    assert reply.split(f"Tomorrow.\n\n{quote}").answered == reply.split(f"{quote}\n\nTomorrow.").answered == ()


def test_an_attribution_is_no_part_of_what_is_answered() -> None:
    found = reply.split(f"Hello.\n\n{LEAD}\n> When?\nTomorrow.\n> With whom?\nAlone.")
    assert [each.quote for each in found.answered] == ["When?", "With whom?"]


def test_what_is_too_long_to_stand_there_leaves_its_answer_its_place() -> None:
    long = "\n".join("> word" for _ in range(9))
    found = reply.split(f"{LEAD}\n{long}\n\nYes.\n\n> With whom?\nYes.\n> Regards")
    assert found.answered == (Answered("", "Yes."), Answered("With whom?", "Yes."))


@given(st.lists(st.tuples(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES)), min_size=2, max_size=5))
def test_quotes_stand_in_the_mail_and_answers_in_the_text(pairs: list[tuple[str, str]]) -> None:
    found = reply.split(LEAD + "\n" + "\n".join(f"> {quote}\n\n{answer}\n" for quote, answer in pairs))
    assert [each.quote for each in found.answered] == [quote for quote, _ in pairs]
    assert all(each.answer in found.text.splitlines() for each in found.answered)
