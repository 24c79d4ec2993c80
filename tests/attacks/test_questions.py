"""The question about a held mail: nobody but the party's own proven people answers it, and it says nothing of what is held."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.attacks.keys import key
from tests.attacks.signer import sign
from tests.attacks.world import ADMIN, FORGER, Attack, Case, World, words, world
from tests.attacks.zones import EVIL
from tests.harness import DOMAIN, until

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("asking")) as made:
        yield made


def asked(world: World, name: str = "New Man") -> tuple[Case, str]:
    """A held mail of a proven stranger who has not written before, and the address that takes the answer."""
    before = len(world.sink.to(IVAN))
    case = Case("north", IVAN, world.threads["north"], "Let me in.")
    raw = case.seeming(f'"{name}" <{case.word}@{EVIL}>')
    assert world.post(Attack(raw), case.to) == "250 held"
    return case, world.sink.wait(IVAN, before + 1).thread


def state(world: World, case: Case) -> str:
    """What has become of the mail."""
    return next(row[0] for row in world.rows("select state from mails where sender = ?", f"{case.word}@{EVIL}"))


def _yes(case: Case, to: str) -> Case:
    return Case("north", IVAN, to, "yes")


ANSWERS: dict[str, tuple[Callable[[Case], Attack], set[str]]] = {
    "unsigned": (lambda yes: Attack(yes.draft.raw, yes.author), {"550 5.7.26"}),
    "signed by the forger": (lambda yes: Attack(sign(yes.draft.raw, key(EVIL), EVIL)), {"550 5.7.26"}),
    "by the stranger": (lambda yes: Attack(yes.seeming(FORGER)), {"550 5.1.1"}),
    "by another party": (lambda yes: Attack(Case("shop", ANNA, yes.to, "yes").signed()), {"550 5.1.1"}),
    "by a colleague's neighbour": (lambda yes: Attack(yes.seeming("x@sub.north.example", "sub.north.example")), {"550 5.1.1"}),
    "for somebody else": (
        lambda yes: Attack(sign(yes.draft.having(To="friend@elsewhere.example").raw, key("north.example"), "north.example")),
        {"550 5.7.26", "550 5.1.1"},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_forged_yes_lets_nothing_in(asking: World, name: str) -> None:
    held, to = asked(asking)
    make, expected = ANSWERS[name]
    before = asking.look()
    answer = asking.post(make(_yes(held, to)), to)
    assert answer in expected
    assert state(asking, held) == "held"
    assert asking.events(before) == asking.letters(before) == []


def test_a_true_yes_lets_it_in(asking: World) -> None:
    held, to = asked(asking)
    yes = _yes(held, to)
    assert asking.post(Attack(yes.signed()), to)[:3] == "250"
    until(lambda: state(asking, held) == "done", "the mail to be settled")


def test_a_true_yes_answers_no_other_question(asking: World) -> None:
    """Somebody has got hold of an answer that was signed for the first question, and brings it to the second."""
    first, to_first = asked(asking)
    second, to_second = asked(asking)
    yes = _yes(first, to_first)
    assert asking.post(Attack(yes.signed()), to_second)[:3] == "550"
    assert (state(asking, first), state(asking, second)) == ("held", "held")


@pytest.mark.parametrize("prefix", ["t", "n", "b"])
def test_the_token_of_a_question_is_good_for_nothing_else(asking: World, prefix: str) -> None:
    held, to = asked(asking)
    other = _yes(held, f"{prefix}-{to[2:28]}@{DOMAIN}")
    assert asking.post(Attack(other.signed()), other.to) == "550 5.1.1"
    assert state(asking, held) == "held"


NAMES = ["Service code 778812", "http://evil.example/x", "www.evil.example", "Write to ivan@north.example", "a" * 200,
         "=?utf-8?q?two=0D=0Alines?=", "{{ 'q' * 9 }}", "<b>bold</b>"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_question_says_nothing_of_the_mail(asking: World, name: str) -> None:
    case, to = asked(asking, name)
    question = next(letter for letter in asking.sink.received if letter.thread == to)
    assert question.recipient in (IVAN, OLGA)
    whole = words(question)
    assert f"Said {case.word}" not in whole and f"s{case.word}" not in whole and "Let me in." not in whole
    assert not any(part in whole for part in ("778812", "http://evil", "www.evil", "<b>bold", "q" * 9, "a" * 100))


def test_no_word_of_a_held_mail_reached_anybody(asking: World) -> None:
    held, _ = asked(asking)
    asking.quiet()
    heard = {letter.recipient for letter in asking.sink.received if f"Said {held.word}" in words(letter)}
    assert heard <= {ADMIN}
