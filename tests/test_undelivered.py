"""A letter that failed for good: who is told what, and who is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from relay.model import Identity, Link
from tests.canaries import Posted, World
from tests.chains import DOMAIN
from tests.harness import write
from tests.scenes import report

WORDS = "550 5.1.1 no such user at mail.secret.example"


@pytest.fixture
def make() -> Iterator[Callable[..., World]]:
    """Worlds of parties a, b and c in a line, in which a has opened a chain and b has passed it on to c."""
    worlds: list[World] = []

    def made(*identities: Identity) -> World:
        ways = zip(("ab", "bc"), identities or ("person", "person"), strict=True)
        world = World([Link(way, way[0], way[1], identity=identity) for way, identity in ways])
        worlds.append(world)
        ab, bc = world.settings.links
        say(world, "a", f"{ab}@{DOMAIN}", "The pump leaks.")
        say(world, "b", thread(world, "b"), f"#pass {bc}\n\nPlease look at it.")
        world.deliver()
        return world

    yield made
    for world in worlds:
        world.close()


def thread(world: World, party: str) -> str:
    return next(f"t-{row.thread}@{DOMAIN}" for row in world.tickets.values() if row.party == party)


def people(world: World, party: str) -> list[str]:
    return [contact.address for contact in world.settings.parties[party].contacts]


def say(world: World, party: str, to: str, text: str) -> list[Posted]:
    """A mail by the party's first contact; the letters it makes."""
    author = people(world, party)[0]
    world.take(write(f"Someone <{author}>", to, text).as_bytes(), author, to)
    return world.deliver()


def to(letters: list[Posted], party: str, world: World) -> Posted:
    """The letter to that party's first contact."""
    return next(each for each in letters if each.row.recipient == people(world, party)[0])


def failed(world: World, letter: Posted, words: str = WORDS) -> list[Posted]:
    world.fail(letter.row, words)
    return world.deliver()


def kinds(letters: list[Posted]) -> list[tuple[str, str]]:
    return sorted((each.row.kind, each.row.recipient) for each in letters)


def state(world: World, letter: Posted) -> Any:
    return next((row.state, row.reply) for row in world.letters() if row.id == letter.row.id)


def events(world: World, kind: str) -> list[Any]:
    return [row for row in world.events() if row.kind == kind]


def test_the_author_and_the_postmaster_are_told(make: Callable[..., World]) -> None:
    world = make()
    lost = to(say(world, "a", thread(world, "a"), "Any news?"), "c", world)
    told = failed(world, lost)
    assert kinds(told) == [("postmaster", "admin@example.com"), ("undelivered", people(world, "a")[0])]
    assert state(world, lost) == ("failed", WORDS)
    for_author, for_postmaster = (next(each for each in told if each.row.kind == kind) for kind in ("undelivered", "postmaster"))
    assert "Any news?" in for_author.text and world.settings.parties["c"].name in for_author.text
    assert WORDS not in for_author.all and people(world, "c")[0] not in for_author.all
    assert WORDS in for_postmaster.text and lost.row.recipient in for_postmaster.text
    assert for_author.message["Auto-Submitted"] == "auto-replied"
    (event,) = events(world, "undelivered")
    assert event.internal and event.ticket_id == min(world.tickets) and WORDS not in str(event.data)


def test_a_lost_passing_on_is_told_to_who_passed_on(make: Callable[..., World]) -> None:
    world = make()
    lost = to([each for each in world.posted if each.row.kind == "pass"], "c", world)
    told = failed(world, lost)
    assert kinds(told) == [("postmaster", "admin@example.com"), ("undelivered", people(world, "b")[0])]


def test_beyond_a_hidden_link_the_author_hears_of_the_one_before_it(make: Callable[..., World]) -> None:
    world = make("person", "hidden")
    lost = to(say(world, "a", thread(world, "a"), "Any news?"), "c", world)
    for_author = next(each for each in failed(world, lost) if each.row.kind == "undelivered")
    names = {key: party.name for key, party in world.settings.parties.items()}
    assert names["b"] in for_author.text and names["c"] not in for_author.all
    assert people(world, "c")[0] not in for_author.all and WORDS not in for_author.all


@pytest.mark.parametrize("kind", ["note", "receipt", "opened", "undelivered"])
def test_of_other_letters_only_the_postmaster_hears(make: Callable[..., World], kind: str) -> None:
    world = make()
    say(world, "b", thread(world, "b"), "#internal\nThey pay late.")
    say(world, "b", thread(world, "b"), "#nonsence\n#pass nowhere")
    failed(world, to(say(world, "a", thread(world, "a"), "Any news?"), "c", world))
    letter = next(each for each in world.posted if each.row.kind == kind)
    before = len(events(world, "undelivered"))
    assert kinds(failed(world, letter)) == [("postmaster", "admin@example.com")]
    assert len(events(world, "undelivered")) == before


def test_of_a_lost_letter_to_the_postmaster_nobody_is_told(make: Callable[..., World]) -> None:
    world = make()
    told = failed(world, to(say(world, "a", thread(world, "a"), "Any news?"), "c", world))
    letter = next(each for each in told if each.row.kind == "postmaster")
    assert failed(world, letter) == [] and state(world, letter)[0] == "failed"


def test_a_report_that_comes_back_fails_the_letter_once(make: Callable[..., World]) -> None:
    world = make()
    lost = to(say(world, "a", thread(world, "a"), "Any news?"), "c", world)
    returned = f"b-{lost.row.token}@{DOMAIN}"
    told = []
    for _ in range(2):
        assert world.take(report(lost.row, WORDS), "", returned).state == "done"
        told += world.deliver()
    assert kinds(told) == [("postmaster", "admin@example.com"), ("undelivered", people(world, "a")[0])]
    assert state(world, lost)[0] == "failed"


def test_a_report_of_a_delay_is_noted_and_nobody_is_told(make: Callable[..., World]) -> None:
    world = make()
    lost = to(say(world, "a", thread(world, "a"), "Any news?"), "c", world)
    delayed = report(lost.row, "421 4.4.1 no answer").replace(b"failed", b"delayed").replace(b"5.1.1", b"4.4.1")
    world.take(delayed, "", f"b-{lost.row.token}@{DOMAIN}")
    assert world.deliver() == []
    assert state(world, lost)[0] == "sent" and state(world, lost)[1].startswith("delayed: ")


def test_the_words_of_a_server_are_kept_short_and_storable(make: Callable[..., World]) -> None:
    world = make()
    lost = to(say(world, "a", thread(world, "a"), "Any news?"), "c", world)
    assert failed(world, lost, "550 \x00" + "x" * 5000) != []
    assert state(world, lost) == ("failed", "550 " + "x" * 996)
