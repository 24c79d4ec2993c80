"""Honest mails that look unusual: every one gets through, as its author's own words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks import honest_signatures, honest_ways  # noqa: F401  they fill the table
from tests.attacks.honest import HONEST, own
from tests.attacks.honest_domains import FIELD, publish
from tests.attacks.keys import edwards
from tests.attacks.signer import sign
from tests.attacks.world import PARTIES, Attack, Case, Draft, World, world


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("busy"), FIELD) as made:
        publish(made.dns.zone)
        passing = Case("north", "ivan@north.example", made.threads["north"], "#pass field")
        assert made.post(Attack(passing.signed()), passing.to) == "250 done"
        made.threads["field"] = made.sink.wait("worker@big.example").thread
        yield made


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_mail_gets_through(busy: World, name: str) -> None:
    author, make = HONEST[name]
    party = next((key for key, (people, _, _) in PARTIES.items() if author in people), "north" if "north" in author else "field")
    case = Case(party, author, busy.threads[party], "The pump is mended.")
    before, made = busy.look(), make(case)
    answer = busy.post(made if isinstance(made, Attack) else Attack(made), case.to)
    assert answer == "250 done"
    ((kind, who, text),) = busy.events(before)
    assert (kind, who.lower().replace('"ivan"', "ivan")) == ("comment", author)
    assert f"Said {case.word} here." in " ".join(text.split())
    assert ("anna@shop.example", "comment") in busy.letters(before)


COMMANDS = [
    ("north", "ivan@north.example", "#ref 4711", "reference"),
    ("fix", "sergei@fix.example", "#accept", "status"),
    ("posta", "pavel@spf.example", "#time 1h", "time"),
    ("keyed", "kira@dkim.example", "#start", "status"),
    ("field", "worker@edwards.example", "#wait until 1 Dec", "status"),
]


@pytest.mark.parametrize(("party", "author", "text", "kind"), COMMANDS)
def test_a_command_of_a_proven_author_is_done(busy: World, party: str, author: str, text: str, kind: str) -> None:
    case = Case(party, author, busy.threads[party], text)
    before = busy.look()
    raw = sign(case.draft.raw, edwards(case.domain), case.domain, "ed") if "edwards" in author else case.signed()
    assert busy.post(Attack(raw, author), case.to) == "250 done"
    assert (kind, author) in [(kind, who) for kind, who, _ in busy.events(before)]


def test_a_command_in_the_subject_of_an_empty_mail_is_done(busy: World) -> None:
    case = Case("north", "ivan@north.example", busy.threads["north"], "")
    before = busy.look()
    raw = own(case, Draft(case.draft.having(Subject="#ref 4712").fields, ""))
    assert busy.post(Attack(raw), case.to) == "250 done"
    assert [kind for kind, _, _ in busy.events(before)] == ["reference"]


def test_a_proven_author_opens_a_chain_and_writes_a_note(busy: World) -> None:
    before = busy.look()
    opening = Case("north", "ivan@north.example", "spare@relay.example.com", "Ten pumps.")
    assert busy.post(Attack(opening.signed()), opening.to) == "250 done"
    assert busy.look().chains == before.chains + 1
    before = busy.look()
    note = Case("north", "ivan@north.example", busy.notes["north"], "Between us.")
    assert busy.post(Attack(note.signed()), note.to) == "250 done"
    assert {recipient.rpartition("@")[2] for recipient, _ in busy.letters(before)} == {"north.example"}


def test_the_evidence_is_kept_as_it_was_at_receipt(busy: World) -> None:
    case = Case("keyed", "kira@dkim.example", busy.threads["keyed"], "Half done.")
    raw = case.signed()
    assert busy.post(Attack(raw), case.to) == "250 done"
    message_id = next(line.partition(b":")[2].strip() for line in raw.split(b"\r\n") if line.lower().startswith(b"message-id:"))
    (mail,) = busy.relay.json("trace", message_id.decode())
    (found,) = mail["verdict"]["dkim"]
    assert (found["domain"], found["result"]) == ("dkim.example", "pass") and "p=" in found["record"]
    assert "dkim pass by dkim.example" in busy.relay.cli("trace", message_id.decode()).stdout
