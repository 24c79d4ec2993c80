"""What was cut from a mail and is sent on all the same (#full) goes no further than the letters that it quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from relay.model import SHARES, Link
from tests.canaries import Posted, World
from tests.chains import DOMAIN
from tests.test_undelivered import people, say, thread

OPEN: dict[str, Any] = {}
NARROW: list[dict[str, Any]] = [
    {"identity": "hidden"},
    {"identity": "party"},
    {"share": frozenset(SHARES) - {"reference"}},
]


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    """Worlds of parties a, b and c in a line; a has opened a chain."""
    worlds: list[World] = []

    def made(up: dict[str, Any], down: dict[str, Any]) -> World:
        world = World([Link("ab", "a", "b", **up), Link("bc", "b", "c", **down)])
        worlds.append(world)
        say(world, "a", f"{next(iter(world.settings.links))}@{DOMAIN}", "The pump leaks.")
        return world

    yield made
    for world in worlds:
        world.close()


def quoting(world: World, *lines: str, lead: str = "On Sun, Mar 1, 2026 at 12:00 PM Ivan <ivan@x.example> wrote:") -> None:
    """A mail of b's with these lines below, quoted, which the relay cuts; then b asks for them to be sent on."""
    quoted = "\n".join(f"> {line}" for line in lines)
    say(world, "b", thread(world, "b"), f"See below.\n\n{lead}\n{quoted}")


def heard(world: World, letters: list[Posted], party: str) -> str:
    """All that stands in the letters to that party."""
    mine = people(world, party)
    return "\n".join(posted.all for posted in letters if posted.row.recipient in mine)


def test_it_crosses_a_link_that_withholds_nothing(make: Callable[..., World]) -> None:
    world = make(OPEN, OPEN)
    quoting(world, "The key is at the desk.")
    assert "The key" in heard(world, say(world, "b", thread(world, "b"), "#full"), "a")
    assert "The key" in heard(world, say(world, "b", thread(world, "b"), f"#pass {list(world.settings.links)[1]}"), "c")


@pytest.mark.parametrize("narrow", NARROW)
def test_it_is_refused_where_a_link_withholds_something(make: Callable[..., World], narrow: dict[str, Any]) -> None:
    world = make(narrow, OPEN)
    quoting(world, "The key is at the desk.")
    letters = say(world, "b", thread(world, "b"), "#full")
    assert [posted.row.kind for posted in letters] == ["receipt"]
    assert letters[0].row.data["problems"][0]["reason"] == "full-hidden"


@pytest.mark.parametrize("narrow", NARROW)
def test_it_does_not_cross_such_a_link_over_which_the_ticket_is_passed_later(
    make: Callable[..., World], narrow: dict[str, Any]
) -> None:
    world = make(OPEN, narrow)
    customer = world.settings.parties["a"].name
    quoting(world, f"Somebody of {customer} told us.", "Theirs is No. 77.")
    assert "No. 77" in heard(world, say(world, "b", thread(world, "b"), "#full"), "a")
    brought_in = heard(world, say(world, "b", thread(world, "b"), f"#pass {list(world.settings.links)[1]}"), "c")
    assert "See below." in brought_in and "No. 77" not in brought_in and f"{customer} told" not in brought_in


NOTE = "Between us: they never pay on time, and this time we ask for all of the money in advance."


@pytest.mark.parametrize(
    "lines",
    [(NOTE[:50], NOTE[50:]), (f"Ivan: {NOTE}",), (NOTE.upper(),), (NOTE[:20], NOTE[20:60], NOTE[60:])],
)
def test_an_internal_mail_stays_inside_however_it_is_quoted(make: Callable[..., World], lines: tuple[str, ...]) -> None:
    world = make(OPEN, OPEN)
    note = next(row.note for row in world.tickets.values() if row.party == "b")
    say(world, "b", f"n-{note}@{DOMAIN}", NOTE)
    quoting(world, *lines, "The key is at the desk.")
    told = heard(world, say(world, "b", thread(world, "b"), "#full"), "a")
    assert "The key" in told and "money" not in told.lower() and "pay on" not in told.lower()
