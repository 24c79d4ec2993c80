"""DNS that does not answer, or fails: never a pass; what cannot be said now is said later, when the mail comes again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.attacks.keys import key
from tests.attacks.signer import sign
from tests.attacks.world import Attack, Case, Look, World, world
from tests.attacks.zones import HERE, NOBODY, add
from tests.harness import DOMAIN

IVAN = "ivan@north.example"
LATER, DONE, UNPROVEN = "451", "250", "550"


@dataclass(frozen=True)
class Quiet:
    """`silent` and `broken` names of a domain ("" itself), how its mail is made, and the answers that may come, now and later."""

    make: Callable[[Case], Attack]
    now: set[str]
    then: str
    silent: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def signed(case: Case) -> Attack:
    return Attack(case.signed())


def by_spf(case: Case) -> Attack:
    return Attack(case.draft.raw, case.author)


def neither(case: Case) -> Attack:
    return Attack(case.draft.raw)


def foreign(case: Case) -> Attack:
    """Signed with a key of another's, whose name DNS does not answer for: he could not speak for the author if it did."""
    return Attack(sign(case.draft.raw, key("key.example"), "key.example"), "bounce@key.example")


QUIET: dict[str, Quiet] = {
    "key": Quiet(signed, {LATER}, DONE, silent=("s1._domainkey",)),
    "policy": Quiet(signed, {LATER, DONE}, DONE, silent=("_dmarc",)),
    "everything": Quiet(signed, {LATER}, DONE, silent=("s1._domainkey", "_dmarc", "")),
    "spf": Quiet(by_spf, {LATER}, DONE, silent=("",)),
    "spf-beside": Quiet(signed, {DONE}, DONE, silent=("",)),
    "failing-key": Quiet(signed, {LATER}, DONE, broken=("s1._domainkey",)),
    "failing-policy": Quiet(signed, {LATER, DONE}, DONE, broken=("_dmarc",)),
    "failing-spf": Quiet(by_spf, {LATER}, DONE, broken=("",)),
    "unsigned": Quiet(neither, {LATER, UNPROVEN}, UNPROVEN, silent=("_dmarc",)),
    "foreign": Quiet(foreign, {LATER, UNPROVEN}, UNPROVEN, silent=("_dmarc",)),
}
PEOPLE = ", ".join(f'"worker@{name}.example"' for name in QUIET)
PARTY = f'[parties.mute]\ncontacts = [{PEOPLE}]\n[links.mute]\nfrom = "north"\nto = "mute"\n'


@dataclass(frozen=True)
class Said:
    """The answers to one mail, while DNS is quiet and after, and how often its words were published at either time."""

    now: str
    published_now: int
    then: str
    published_then: int


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Said]]:
    """Everybody writes at once while names are quiet, then all of it comes again."""
    with world(tmp_path_factory.mktemp("quiet"), PARTY) as made:
        for name in (*QUIET, "key"):
            add(made.dns.zone, f"{name}.example", key(f"{name}.example"), HERE if "spf" in name else NOBODY)
        passing = Case("north", IVAN, made.threads["north"], "#pass mute")
        assert made.post(signed(passing), passing.to) == "250 done"
        to = made.sink.wait("worker@key.example").thread
        cases = {name: Case("mute", f"worker@{name}.example", to, "Here I am.") for name in QUIET}
        _hush(made)
        now = _everybody(made, cases)
        made.dns.silent, made.dns.broken = set(), set()
        time.sleep(2)  # questions that were put late still wait for their answer, and who asks the same waits with them
        then = _everybody(made, cases)
        yield {name: Said(*now[name], *then[name]) for name in QUIET}


def _hush(world: World) -> None:
    for name, quiet in QUIET.items():
        world.dns.silent |= {f"{each}.{name}.example".lstrip(".") for each in quiet.silent}
        world.dns.broken |= {f"{each}.{name}.example".lstrip(".") for each in quiet.broken}


def _everybody(world: World, cases: dict[str, Case]) -> dict[str, tuple[str, int]]:
    with ThreadPoolExecutor(len(cases)) as pool:
        answers = dict(
            zip(cases, pool.map(lambda name: world.post(QUIET[name].make(cases[name]), cases[name].to), cases), strict=True)
        )
    texts = [text for _, _, text in world.events(Look(0, 0, 0))]
    return {name: (answers[name], sum(case.word in text for text in texts)) for name, case in cases.items()}


@pytest.mark.parametrize("name", QUIET)
def test_while_dns_is_quiet_nothing_is_believed_or_lost(said: dict[str, Said], name: str) -> None:
    quiet, found = QUIET[name], said[name]
    assert found.now.split()[0] in quiet.now
    assert found.published_now == (found.now == "250 done")


@pytest.mark.parametrize("name", QUIET)
def test_when_dns_is_back_the_mail_goes_the_way_it_should_have_gone(said: dict[str, Said], name: str) -> None:
    quiet, found = QUIET[name], said[name]
    assert found.then.split()[0] == quiet.then
    assert found.published_then == (quiet.then == DONE)


def test_mail_to_nobody_is_refused_without_a_question(tmp_path_factory: pytest.TempPathFactory) -> None:
    with world(tmp_path_factory.mktemp("unasked")) as made:
        asked = made.dns.queries
        case = Case("north", IVAN, f"nobody@{DOMAIN}", "Hello.")
        assert made.post(signed(case), case.to) == "550 5.1.1"
        assert made.dns.queries == asked
