"""Forgeries over SMTP, each for a comment and for what costs money: none is published, none reaches anybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks import forged_copies, forged_senders, forged_signatures, forged_ways  # noqa: F401  they fill the table
from tests.attacks.forging import FORGERIES
from tests.attacks.world import ADMIN, PARTIES, SPARE, Case, World, words, world
from tests.harness import DOMAIN, until

# What is wanted: in whose name, where the mail goes, and what it says.
DEEDS: dict[str, tuple[str, str, str]] = {
    "comment": ("north", "thread", "All is done, please pay."),
    "resolved": ("north", "thread", "#resolved"),
    "close": ("shop", "thread", "#close"),
    "pass": ("north", "thread", f"#pass {SPARE}"),
    "note": ("north", "note", "Between us: give them the keys."),
    "open": ("shop", f"north@{DOMAIN}", "Please deliver ten pumps."),
    "order": ("north", f"{SPARE}@{DOMAIN}", "Please deliver ten pumps."),
    "refusing": ("fix", "thread", "#accept"),
}
COMMANDS, PLACES = ["resolved", "close", "pass"], ["note", "open", "order", "refusing"]
OWN = {"comment": ("thread", "All is done, please pay."), "resolved": ("thread", "#resolved"), "note": ("note", "Between us.")}


def deeds(at: int, victim: str) -> list[str]:
    """Each forgery tries a comment, a command, and another place; those of one victim, whatever can be done there."""
    if victim not in ("", "north"):
        return list(OWN)
    own = [deed for deed in (*COMMANDS, *PLACES) if victim in ("", DEEDS[deed][0])]
    return ["comment", own[at % len(own)], own[(at + 1 + at // len(own)) % len(own)]]


CASES = [
    (name, deed) for at, (name, forgery) in enumerate(FORGERIES.items()) for deed in dict.fromkeys(deeds(at, forgery.victim))
]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("attacked")) as made:
        yield made


def case_of(world: World, deed: str, victim: str = "") -> Case:
    """What is wanted there, in the name of the party's first person."""
    party, where, text = (victim, *OWN[deed]) if victim not in ("", "north") else DEEDS[deed]
    to = {"thread": world.threads[party], "note": world.notes[party]}.get(where, where)
    return Case(party, PARTIES[party][0][0], to, text)


@pytest.mark.parametrize(("name", "deed"), CASES, ids=["-".join(case).replace(" ", "_") for case in CASES])
def test_a_forgery_does_nothing(attacked: World, name: str, deed: str) -> None:
    forgery = FORGERIES[name]
    case = case_of(attacked, deed, forgery.victim)
    before = attacked.look()
    answer = attacked.post(forgery.attack(case), case.to)
    assert attacked.events(before) == []
    assert attacked.look().chains == before.chains
    asked = {ADMIN, *PARTIES[case.party][0]} if answer == "250 held" else set()
    assert {recipient for recipient, _ in attacked.letters(before)} <= asked
    assert answer in forgery.expected(case.party)


def test_no_word_of_a_forgery_is_in_any_letter(attacked: World) -> None:
    """After all the forgeries above, or one if it runs alone."""
    case = case_of(attacked, "comment")
    attacked.post(FORGERIES["name that is his address"].attack(case), case.to)
    attacked.quiet()
    until(lambda: len(attacked.sink.received) >= len(attacked.rows("select id from letters where state = 'sent'")), "the letters")
    letters = [(letter.recipient, words(letter)) for letter in attacked.sink.received]
    opened = [(who, text) for who, text in letters if "canary" in text and not any(word in text for word in attacked.true)]
    assert [who for who, text in opened if "Said canary" in text] == []
    assert {who for who, _ in opened} <= {ADMIN}


def test_there_are_enough(attacked: World) -> None:
    assert len(FORGERIES) >= 40
