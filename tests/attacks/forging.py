"""What a forgery is: a way to make a mail that somebody else seems to have written, and the answers that it may get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.attacks.world import PARTIES, Attack, Case

Answer = Literal["unproven", "stranger", "broken", "later", "again", "held"]
Forge = Callable[[Case], bytes | Attack]


@dataclass(frozen=True)
class Forgery:
    """`make` gives the mail for a case; `answers` are those that the contract leaves for it. `victim` is who is always the
    author of this one; "" for one that can be made in anybody's name.
    """

    make: Forge
    answers: frozenset[Answer]
    victim: str

    def attack(self, case: Case) -> Attack:
        made = self.make(case)
        return made if isinstance(made, Attack) else Attack(made)

    def expected(self, party: str) -> set[str]:
        """The answers on the line where the address is that party's."""
        return set().union(*(_said(answer, PARTIES[party][2]) for answer in self.answers))


def _said(answer: Answer, unknown: str) -> set[str]:
    """A proven stranger is held or refused as the party has it."""
    if answer == "stranger":
        return {"250 held"} if unknown == "hold" else {"550 5.7.1"}
    return {
        "unproven": {"550 5.7.26"},
        "broken": {"554 5.6.0"},
        "later": {"451"},
        "again": {"250 again"},
        "held": {"250 held"},
    }[answer]


FORGERIES: dict[str, Forgery] = {}


def forgery(*answers: Answer, victim: str = "") -> Callable[[Forge], Forge]:
    """Puts a way into the table, under its name."""

    def put(make: Forge) -> Forge:
        name = make.__name__.replace("_", " ")
        assert name not in FORGERIES
        FORGERIES[name] = Forgery(make, frozenset(answers), victim)
        return make

    return put


def variants(
    name: str, values: dict[str, str], *answers: Answer, victim: str = ""
) -> Callable[[Callable[[Case, str], bytes | Attack]], None]:
    """Puts several ways into the table that differ in one value."""

    def put(make: Callable[[Case, str], bytes | Attack]) -> None:
        for kind, value in values.items():
            assert f"{name} {kind}" not in FORGERIES
            FORGERIES[f"{name} {kind}"] = Forgery(_with(make, value), frozenset(answers), victim)

    return put


def _with(make: Callable[[Case, str], bytes | Attack], value: str) -> Forge:
    return lambda case: make(case, value)
