"""`relay verify`: what is right is found right, and what was changed behind the relay's back is named."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest

from relay import ledger, store, workflow
from relay.decision import Decision
from relay.ledger import Stamp
from relay.model import Attachment, Chain, Contact, Event, EventKind, Link, Ticket
from relay.verification import Counts, Finding, differences, verify
from storage.blobs import open_blobs
from storage.database import Database
from storage.migrations import migrate
from storage.spool import Spool
from tests.bucket import Bucket
from tests.chains import DOMAIN, NOW, chain
from tests.harness import DOMAIN as RELAY
from tests.harness import Relay, Sink, new_database, until, write

ANNA, IVAN, SERGEI = "anna@shop.example", "ivan@north.example", "sergei@fix.example"
INTAKE = f"north-repairs@{RELAY}"


# ── one chain ──────────────────────────────────────────────────────────────────────────────────────────────

MATTER = chain(Link("ab", "a", "b"), Link("bc", "b", "c"))


def event(number: int, kind: EventKind, at_ticket: int, /, **data: Any) -> Event:
    return Event(number, kind, at_ticket, Contact("x@x.example"), NOW, data=data, mail_id=f"MAIL{number}")


EVENTS = (
    event(1, "passed", 1, ticket=2, link="ab"),
    event(2, "passed", 2, ticket=3, link="bc"),
    event(3, "comment", 3),
    event(4, "reference", 3, reference="C-7"),
    event(5, "status", 3, ticket=3, status="accepted"),
    event(6, "status", 2, ticket=3, status="cancelled"),
    event(7, "undelivered", 1, ticket=2, reason="refused"),
)
AS_IT_IS = workflow.replay(MATTER, EVENTS)


def changed(ticket_id: int, **values: Any) -> Chain:
    """The chain with one ticket stored otherwise."""
    return replace(AS_IT_IS, tickets=tuple(replace(t, **values) if t.id == ticket_id else t for t in AS_IT_IS.tickets))


def found(matter: Chain = AS_IT_IS, events: tuple[Event, ...] = EVENTS) -> list[Finding]:
    return list(differences(matter, events))


def test_what_the_events_say_is_as_it_should_be() -> None:
    assert found() == []
    guest = Contact("guest@b.example")
    assert found(changed(2, participants=(guest,), thread="other")) == []  # of these no event tells


@pytest.mark.parametrize(
    ("ticket", "field", "stored", "events"),
    [
        (3, "status", "accepted", "cancelled"),
        (1, "status", "closed", "new"),
        (3, "reference", "", "C-7"),
        (2, "reference", "B-1", ""),
        (3, "link", "bd", "bc"),
        (3, "parent", 1, 2),
        (1, "parent", 3, None),
        (2, "link", None, "ab"),
    ],
)
def test_a_ticket_stored_otherwise_is_named(ticket: int, field: str, stored: Any, events: Any) -> None:
    (finding,) = found(changed(ticket, **{field: stored}))
    party = AS_IT_IS.ticket(ticket).party
    assert finding.kind == "ticket" and finding.text.startswith(f"A-1: {party} (ticket {ticket}): {field} is ")
    assert finding.facts == {
        "chain": "A-1", "ticket": ticket, "party": party, "field": field, "stored": stored, "events": events
    }  # fmt: skip


def test_facts_and_who_is_muted_are_compared_as_what_they_are() -> None:
    """Whatever the time zone of a moment, and in whatever order names stand in a set."""
    names = [f"user{number}@c.example" for number in range(20)]
    said = (
        event(8, "field", 3, name="Pump", value="KB-3"),
        *(event(9 + at, "mute", 3, address=name, muted=True) for at, name in enumerate(names)),
    )
    made = workflow.replay(AS_IT_IS, said).ticket(3)
    there = tuple(replace(fact, at=fact.at.astimezone(timezone(timedelta(hours=3)))) for fact in made.facts)
    assert found(changed(3, facts=there, muted=frozenset(reversed(names))), (*EVENTS, *said)) == []
    facts, muted = found(changed(3, muted=frozenset(names[:1])), (*EVENTS, *said))
    assert (facts.facts["stored"], facts.facts["events"]) == ("", "Pump: KB-3 (2026-03-01 12:00:00)")
    assert (muted.facts["stored"], muted.facts["events"]) == (names[0], ", ".join(sorted(names)))


def test_every_ticket_but_the_first_was_passed_on_once() -> None:
    (missing,) = found(events=EVENTS[1:])
    assert "b (ticket 2): one event should say that it was passed on, 0 do" in missing.text
    (twice,) = found(events=(*EVENTS, replace(EVENTS[0], id=8)))
    assert "b (ticket 2)" in twice.text and "2 do" in twice.text
    (first,) = found(events=(*EVENTS, event(8, "passed", 2, ticket=1, link="ba")))
    assert "a (ticket 1): it is the chain's first, which nobody passed on, 1 do" in first.text
    (empty,) = found(replace(MATTER, tickets=()), ())
    assert empty.text == "A-1: has no ticket"


@pytest.mark.parametrize("stranger", [event(8, "comment", 9), event(8, "rating", 1, ticket=9, stars=5)])
def test_an_event_that_names_a_ticket_of_another_chain_is_named(stranger: Event) -> None:
    (finding,) = found(events=(*EVENTS, stranger))
    assert finding.text == f"A-1: event 8 ({stranger.kind}, mail MAIL8): names ticket 9, which is not of this chain"
    assert finding.facts["event"] == 8 and finding.facts["mail"] == "MAIL8"


@pytest.mark.parametrize("data", [{}, {"ticket": 3}, None, "closed"])
def test_an_event_that_cannot_be_understood_is_named(data: Any) -> None:
    (finding,) = found(events=(*EVENTS, replace(event(8, "status", 3), data=data)))
    assert finding.kind == "event" and "event 8 (status, mail MAIL8): cannot be understood" in finding.text


# ── the whole, with the server running ─────────────────────────────────────────────────────────────────────


def says(relay: Relay, sink: Sink, who: str, text: str, *files: tuple[str, bytes]) -> None:
    letter = sink.wait(who)
    mail = write(f"{who.partition('@')[0].title()} <{who}>", letter.thread, text)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    assert relay.send(mail, who, letter.thread)[0] == 250


def conversation(relay: Relay, sink: Sink) -> None:
    """Two chains; in the first three parties, statuses, numbers, notes and files, one of them in both chains."""
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    mail.add_attachment(b"the plan", maintype="application", subtype="pdf", filename="план.pdf")
    relay.send(mail, ANNA, INTAKE)
    says(relay, sink, IVAN, "#accept\n#ref N-5\n#pass fix please", ("photo.pdf", b"a photo"))
    says(relay, sink, SERGEI, "#start\n#time 1h\n#field Pump: KB-3")
    says(relay, sink, SERGEI, "#internal\nThey never pay.")
    says(relay, sink, SERGEI, "Done.\n\n#resolved")
    says(relay, sink, IVAN, "#reopen it drips")
    says(relay, sink, SERGEI, "#mute")
    says(relay, sink, ANNA, "#rate 5\n#cancel")
    mail.replace_header("Message-ID", "<second@client.example>")
    relay.send(mail, ANNA, INTAKE)
    until(lambda: len(relay.json("chains", "--all")) == 2, "the second chain")


def behind(relay: Relay, statement: str) -> None:
    """Writes to the database behind the relay's back."""
    if relay.database:
        with psycopg.connect(relay.database) as server:
            assert server.execute(statement.encode()).rowcount > 0
    else:
        with closing(sqlite3.connect(relay.folder / "data" / "relay.db", timeout=20)) as file, file:
            assert file.execute(statement).rowcount > 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_changed_behind_the_relays_back_is_named(
    kind: str, request: pytest.FixtureRequest, make_relay: Callable[..., Relay], sink: Sink
) -> None:
    url = new_database(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""
    relay = make_relay(database=url).start()
    empty = relay.cli("verify")
    assert (empty.returncode, empty.stdout) == (0, "0 chains, 0 tickets, 0 events, 0 files: all as they should be\n")
    conversation(relay, sink)
    clean = relay.json("verify")
    counts = {"chains": 2, "tickets": 5, "events": clean["events"], "files": 2}
    assert clean == {"ok": True, **counts, "findings": []} and clean["events"] > 12
    assert relay.cli("verify").stdout == (f"2 chains, 5 tickets, {clean['events']} events, 2 files: all as they should be\n")

    behind(relay, "UPDATE tickets SET status = 'accepted' WHERE party = 'fix'")
    plan, photo = sorted((relay.folder / "data" / "blobs").glob("*/*"), key=lambda path: path.read_bytes(), reverse=True)
    plan.write_bytes(b"the pl@n")
    photo.unlink()
    done = relay.cli("verify", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and not told["ok"] and {key: told[key] for key in counts} == counts
    ticket, *files = told["findings"]
    assert (ticket["chain"], ticket["party"], ticket["field"]) == ("A-1", "fix", "status")
    assert (ticket["stored"], ticket["events"]) == ("accepted", "cancelled")
    by_place = {file["place"]: file for file in files}
    assert set(by_place) == {str(plan), str(photo)}
    assert "changed" in by_place[str(plan)]["why"] and "No such file" in by_place[str(photo)]["why"]
    assert [(use["chain"], use["name"]) for use in by_place[str(plan)]["uses"]] == [("A-1", "план.pdf"), ("A-2", "план.pdf")]
    (use,) = by_place[str(photo)]["uses"]
    assert (use["chain"], use["name"]) == ("A-1", "photo.pdf") and Path(use["raw"]).name == f"{use['mail']}.eml"
    assert b"photo.pdf" in Path(use["raw"]).read_bytes()

    Path(use["raw"]).unlink()
    said = relay.cli("verify")
    assert said.returncode == 1 and said.stderr == ""
    assert 'A-1: fix (ticket 3): status is "accepted", the events say "cancelled"' in said.stdout
    assert f"file {plan}: its bytes have changed" in said.stdout and "план.pdf in A-2, mail" in said.stdout
    assert f"photo.pdf in A-1, mail {use['mail']}: its raw mail is not in the spool any more" in said.stdout
    assert "restore a backup" in said.stdout and "save the file out of it" in said.stdout
    assert said.stdout.endswith(f"2 chains, 5 tickets, {clean['events']} events, 2 files: 3 things not as it should be\n")

    photo.write_bytes(b"a photo")  # as it says: taken out of the mail again
    plan.write_bytes(b"the plan")
    behind(relay, "UPDATE tickets SET status = 'cancelled' WHERE party = 'fix'")
    assert relay.json("verify") == clean


def test_a_chain_that_cannot_be_read_does_not_hide_the_others(relay: Relay, sink: Sink) -> None:
    conversation(relay, sink)
    behind(relay, "UPDATE events SET data = '{' WHERE id = 2")
    behind(relay, "UPDATE tickets SET reference = 'X' WHERE id = 5")
    behind(relay, "INSERT INTO tickets (chain_id, party, status, reference, thread, note) VALUES (7, 'fix', 'new', '', 't', 'n')")
    told = json.loads(relay.cli("verify", "--json").stdout)["findings"]
    assert [(one["kind"], one["chain"]) for one in told] == [("chain", "A-1"), ("ticket", "A-2"), ("chain", None)]
    assert told[0]["text"].startswith("A-1: cannot be read") and told[2]["text"] == "ticket 6: its chain is not there"


def test_verify_before_the_first_start_says_what_to_do(make_relay: Callable[..., Relay]) -> None:
    done = make_relay().cli("verify")
    assert done.returncode == 1 and "relay serve" in done.stderr
    assert make_relay().cli("verify", "A-1").returncode == 2


def test_files_in_a_bucket_are_looked_at_unless_it_does_not_answer(bucket: Bucket, tmp_path: Path) -> None:
    database, spool, blobs = Database(f"sqlite:///{tmp_path / 'relay.db'}"), Spool(tmp_path), open_blobs("s3://files/relay")
    migrate(database)
    contents = {hashlib.sha256(content).hexdigest(): content for content in (b"plan", b"photo")}
    files = tuple(Attachment("x.pdf", "application/pdf", len(content), name) for name, content in contents.items())
    with database.begin() as connection:
        matter = ledger.open_chain(connection, "A", "Pump", "shop", NOW)
        said = Event(-1, "comment", matter.tickets[0].id, Contact("x@x.example"), NOW, attachments=files)
        ledger.save(connection, matter, Decision(events=(said,)), Stamp(DOMAIN, "M", NOW))

    def looked() -> tuple[list[str], int]:
        counts = Counts()
        return [finding.text for finding in verify(database, blobs, spool, counts)], counts.files

    first, second = sorted(contents)
    assert looked()[0] == [
        f"file s3://files/relay/{name}: is not in the bucket\n    x.pdf in A-1, mail M: its raw mail is not in the spool any more"
        for name in (first, second)
    ]
    for name, content in contents.items():
        blobs.put(name, content)
    assert looked() == ([], 2)
    bucket.objects[f"/files/relay/{second}"] = b"forbidden"
    (told,), files_seen = looked()
    assert told.startswith("s3://files/relay cannot be read") and told.endswith("The files after the first 1 were not looked at.")
    assert files_seen == 1
    spool.close()
    database.close()


# ── beside writers ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_being_written_is_seen_whole(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A writer who changes a ticket by an event, again and again, is never caught halfway."""
    url = f"sqlite:///{tmp_path / 'relay.db'}"
    if kind == "postgresql":
        url = new_database(request.getfixturevalue("postgres_url")).replace("postgresql:", "postgresql+psycopg:", 1)
    database = Database(url)
    migrate(database)
    with database.begin() as connection:
        matter = ledger.open_chain(connection, "A", "Pump", "shop", NOW)
        first = matter.tickets[0].id
        passed = Event(-1, "passed", first, Contact("x@x.example"), NOW, data={"link": "l", "ticket": -1})
        ledger.save(connection, matter, Decision((Ticket(-1, "north", first, "l"),), (passed,)), Stamp(DOMAIN, "M", NOW))
    stop = threading.Event()

    def work() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            with database.begin() as connection:
                now = NOW + timedelta(seconds=number)
                loaded = store.load_chain(connection, matter.id, lock=True)
                north = loaded.tickets[1].id
                data = {"ticket": north, "status": "accepted" if number % 2 else "waiting"}
                happened = Event(-1, "status", north, Contact("x@x.example"), now, data=data)
                ledger.save(connection, loaded, Decision(events=(happened,)), Stamp(DOMAIN, "M", now))

    writer = threading.Thread(target=work)
    writer.start()
    blobs, spool, seen = open_blobs(str(tmp_path / "blobs")), Spool(tmp_path / "spool"), set()
    try:
        for _ in range(40):
            counts = Counts()
            assert list(verify(database, blobs, spool, counts)) == []
            seen.add(counts.events)
    finally:
        stop.set()
        writer.join()
        spool.close()
        database.close()
    assert len(seen) > 1, "nothing was written meanwhile"
