"""Chains, events and letters ⇄ rows, on both databases, also when several do it at once."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Timer
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlmodel import SQLModel

from relay import address, config, ledger, outbox, store
from relay.address import Address
from relay.decision import Decision, Order
from relay.ledger import Stamp
from relay.model import Attachment, Chain, Contact, Event, Mail, Ticket
from relay.outbox import claim, release_claims
from relay.settings import Settings
from relay.store import LETTERS
from storage import migrations
from storage.database import Database
from storage.migrations import migrate
from tests.chains import DOMAIN, NOW
from tests.harness import NETWORK, new_database

T = TypeVar("T")
HOUR = timedelta(hours=1)
STAMP = Stamp(DOMAIN, "MAIL1", NOW)
FILE = Attachment("план.pdf", "application/pdf", 4, "0" * 64)
PICTURE = Attachment("photo.png", "image/png", 9, "1" * 64, "p1")
WORKERS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database of its own, empty still."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'relay.db'}"
    return new_database(request.getfixturevalue("postgres_url")).replace("postgresql:", "postgresql+psycopg:", 1)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """One that is ready for use."""
    opened = Database(url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def given_settings(tmp_path: Path) -> Settings:
    path = tmp_path / "relay.toml"
    path.write_text(
        f'[relay]\ndomain = "{DOMAIN}"\nname = "Acme"\npostmaster = "admin@example.com"\n[smtp]\nlisten = ["127.0.0.1:0"]\n'
        f'[delivery]\nsmarthost = "smtp://127.0.0.1:25"\n{NETWORK}',
        encoding="utf-8",
    )
    return config.load(path)


def at_once(url: str, work: Callable[[Database, int], T], workers: int = WORKERS) -> list[T]:
    """What comes of `work` done by several workers, each with its own engine, all beginning together."""
    start = Barrier(workers)

    def one(number: int) -> T:
        database = Database(url)
        try:
            start.wait(30)
            return work(database, number)
        finally:
            database.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))


# ── there and back ─────────────────────────────────────────────────────────────────────────────────────────


def a_chain(connection: Connection, subject: str = "Pump") -> Chain:
    return ledger.open_chain(connection, "A", subject, "shop", NOW)


def said(ticket: int, **more: Any) -> Event:
    return Event(-1, "comment", ticket, Contact("anna@shop.example", "Anna"), NOW, message_id="<m@shop.example>", **more)


def test_a_chain_comes_back_as_it_was_saved(database: Database) -> None:
    with database.begin() as connection:
        chain = a_chain(connection, "Насос течёт")
        top = chain.tickets[0]
        below = [Ticket(-1, "north", top.id, "north-repairs"), Ticket(-2, "fix", -1, "fix")]
        guest = Contact("Olga@North.example", "Olga")
        ledger.save(connection, chain, Decision(tickets=tuple(below), participants=((-1, guest), (-1, guest))), STAMP)
        loaded = store.load_chain(connection, chain.id, lock=True)
    assert (loaded.number, loaded.subject, loaded.opened_at) == ("A-1", "Насос течёт", NOW)
    assert loaded.tickets[0] == top
    north, fix = loaded.tickets[1:]
    assert (north.party, north.parent, north.link, north.status) == ("north", top.id, "north-repairs", "new")
    assert (fix.party, fix.parent, fix.link) == ("fix", north.id, "fix")
    assert north.participants == (Contact("olga@north.example", "Olga"),) and fix.participants == ()
    assert len({token for ticket in loaded.tickets for token in (ticket.thread, ticket.note)}) == 6


def test_events_come_back_with_their_files_in_order(database: Database) -> None:
    with database.begin() as connection:
        chain = a_chain(connection)
        top = chain.tickets[0].id
        first = said(top, text="Насос 💧 течёт.", internal=True, attachments=(PICTURE, FILE, FILE))
        passed = Event(-2, "passed", top, first.author, NOW + timedelta(hours=1), data={"link": "north-repairs", "ticket": -1})
        ticket = Ticket(-1, "north", top, "north-repairs")
        ledger.save(connection, chain, Decision(tickets=(ticket,), events=(first, passed)), STAMP)
        comment, handed = store.load_events(connection, store.EVENTS.c.chain_id == chain.id)
        new = store.load_chain(connection, chain.id).tickets[1]
    assert comment == replace(first, id=comment.id, mail_id="MAIL1")
    assert handed.data == {"link": "north-repairs", "ticket": new.id} and handed.at == passed.at and handed.id > comment.id


def test_letters_stand_in_the_outbox_under_one_id_for_an_event_at_a_ticket(database: Database) -> None:
    with database.begin() as connection:
        chain = a_chain(connection)
        top = chain.tickets[0].id
        to = [Contact(f"{name}@shop.example", name) for name in "ab"]
        orders = [Order("note", who, top, -1) for who in to] + [Order("pass", who, -1, -1) for who in to]
        orders.append(Order("receipt", to[0], top, None, {"problems": [{"line": "#насос", "reason": "x"}]}))
        ticket = Ticket(-1, "north", top, "north-repairs")
        ledger.save(connection, chain, Decision((ticket,), (said(top),), (), tuple(orders)), STAMP)
        rows = connection.execute(select(LETTERS).order_by(LETTERS.c.id)).all()
        new = store.load_chain(connection, chain.id).tickets[1].id
    assert [(row.kind, row.ticket_id, row.recipient) for row in rows] == [
        ("note", top, "a@shop.example"),
        ("note", top, "b@shop.example"),
        ("pass", new, "a@shop.example"),
        ("pass", new, "b@shop.example"),
        ("receipt", top, "a@shop.example"),
    ]
    ids = [row.message_id for row in rows]
    assert ids[0] == ids[1] != ids[2] == ids[3] and len(set(ids)) == 3 and len({row.token for row in rows}) == 5
    assert all(row.message_id.endswith(f"@{DOMAIN}>") and row.state == "due" and row.next_try == NOW for row in rows)
    # A letter about no event of its own stands where the chain is.
    assert len({row.event_id for row in rows}) == 1 and rows[0].event_id and rows[4].data == orders[4].data


def test_tickets_and_letters_are_found_by_their_addresses(database: Database) -> None:
    with database.begin() as connection:
        chain = a_chain(connection)
        top = chain.tickets[0]
        ledger.save_orders(connection, chain, [Order("receipt", Contact("a@shop.example"), top.id)], STAMP)
        letter = connection.execute(select(LETTERS)).one()
        assert store.find_ticket(connection, "thread", top.thread) == (chain.id, top.id)
        assert store.find_ticket(connection, "note", top.note) == (chain.id, top.id)
        assert store.find_ticket(connection, "note", top.thread) is None and store.find_ticket(connection, "thread", "") is None
        assert store.find_letter(connection, letter.token) == letter and store.find_letter(connection, top.thread) is None
        assert store.exists(connection, Address("thread", top.thread))
        assert store.exists(connection, Address("return-path", letter.token))
        assert not store.exists(connection, Address("note", top.thread))
        assert not store.exists(connection, Address("return-path", address.mint()))


@pytest.mark.parametrize("written", ["A-1", "a-1", "[A-1]", " [a-1] "])
def test_a_chain_is_found_by_its_number(database: Database, written: str) -> None:
    with database.begin() as connection:
        chain = a_chain(connection)
        a_chain(connection)
        assert store.find_chain(connection, written) == chain.id
        assert store.find_chain(connection, "A-11") is None


def test_what_a_mail_answers_is_found_by_party(database: Database) -> None:
    with database.begin() as connection:
        first, second = a_chain(connection), a_chain(connection)
        for chain in (first, second):
            top = chain.tickets[0].id
            orders = (Order("opened", Contact("a@shop.example"), top, -1),)
            ledger.save(connection, chain, Decision(events=(said(top),), orders=orders), STAMP)
        letter = connection.execute(select(LETTERS).where(LETTERS.c.chain_id == first.id)).one()
        place = (first.id, first.tickets[0].id)
        assert store.find_answered(connection, ["<other@x.example>", letter.message_id], "shop") == place
        assert store.find_answered(connection, [letter.message_id], "north") is None
        assert store.find_answered(connection, ["<m@shop.example>"], "shop") == (second.id, second.tickets[0].id)
        assert store.find_answered(connection, [], "shop") is None


def test_a_note_is_known_by_its_letter_and_by_its_author_own_mail(database: Database) -> None:
    with database.begin() as connection:
        chain = a_chain(connection)
        top = chain.tickets[0].id
        secret = said(top, internal=True)
        public = replace(said(top), id=-2, message_id="<public@shop.example>")
        away = replace(secret, id=-3, kind="automatic", message_id="<away@shop.example>")
        told = (("note", -1), ("receipt", -1), ("receipt", -2))
        orders = tuple(Order(kind, Contact("b@shop.example"), top, about) for kind, about in told)  # type: ignore[arg-type]
        ledger.save(connection, chain, Decision(events=(secret, public, away), orders=orders), STAMP)
        note, inside, notice = connection.execute(select(LETTERS.c.message_id).order_by(LETTERS.c.id)).scalars()
        ids = [note, inside, "<m@shop.example>", notice, "<public@shop.example>", "<away@shop.example>"]
        assert [store.answers_note(connection, answer(each), top) for each in ids] == [True, True, True, False, False, False]
        assert not store.answers_note(connection, answer(note), top + 1) and not store.answers_note(connection, answer(), top)
        assert store.answers_note(connection, answer("<public@shop.example>", note.upper()), top)
        assert store.answers_note(connection, answer("<elsewhere@x.example>", references=(notice, note)), top)
        assert not store.answers_note(connection, answer("<elsewhere@x.example>", references=(note, notice)), top)


def answer(*answers: str, references: tuple[str, ...] = ()) -> Mail:
    """A mail that answers those."""
    return Mail("reply", Contact("b@shop.example"), answers=answers, references=references)


def test_a_mail_that_is_taken_up_again_replaces_its_row(database: Database) -> None:
    row = {"id": "MAIL1", "received_at": NOW, "state": "held", "reason": "why", "envelope": {"to": ["t"]}}
    row |= {"sender": "", "subject": "", "message_id": "", "chain_id": None}
    with database.begin() as connection:
        ledger.save_mail(connection, row)
        ledger.save_mail(connection, row | {"state": "done", "reason": "so"})
        saved = connection.execute(select(store.MAILS)).one()
    assert (saved.state, saved.reason, saved.envelope, saved.received_at) == ("done", "so", {"to": ["t"]}, NOW)


def test_a_sighting_is_remembered_and_cannot_be_made_twice(database: Database) -> None:
    with database.begin() as connection:
        ledger.note_sighting(connection, "x" * 64, "chain:1", 1, "MAIL1")
        ledger.note_sighting(connection, "x" * 64, "chain:2", 2, "MAIL1")
        assert store.seen(connection, "x" * 64, "chain:1") == 1 and store.seen(connection, "y" * 64, "chain:1") is None
        assert store.seen_anywhere(connection, "x" * 64) == [1, 2]
    with pytest.raises(Exception, match=r"(?i)unique"), database.begin() as connection:
        ledger.note_sighting(connection, "x" * 64, "chain:1", 1, "MAIL2")


ODD = "a\x00b\ud800c\udfffd\U0001f4a7\u202e\x01"
awkward = st.text(st.characters(), max_size=60).map(lambda drawn: drawn + ODD)


def test_what_no_database_takes_is_left_out(database: Database) -> None:
    kept = "abcd\U0001f4a7\u202e\x01"
    file = replace(FILE, name=ODD, type=f"a/{ODD}")
    event = said(1, text=ODD, attachments=(file,), mail_id="MAIL1")
    with database.begin() as connection:
        chain = a_chain(connection, ODD)
        who = Contact("x@shop.example", ODD)
        event = replace(event, ticket=chain.tickets[0].id, author=who, message_id=f"<{ODD}@x>", data={"reason": ODD})
        order = Order("receipt", who, event.ticket, -1, {"problems": [{"line": f"#{ODD}"}]})
        ledger.save(connection, chain, Decision((), (event,), ((event.ticket, who),), (order,)), STAMP)
        loaded = store.load_chain(connection, chain.id)
        (back,) = store.load_events(connection, store.EVENTS.c.chain_id == chain.id)
        texts = dict.fromkeys(("reason", "sender", "subject", "message_id"), ODD)
        envelope = {"from": ODD, "to": [ODD]}
        row = {"id": "M", "received_at": NOW, "state": "done", "chain_id": None, "envelope": envelope}
        ledger.save_mail(connection, row | texts)
        letter = connection.execute(select(LETTERS)).one()
    assert (loaded.subject, back.text, back.author.name, back.message_id) == (kept, kept, kept, f"<{kept}@x>")
    assert (back.attachments[0].name, back.attachments[0].type) == (kept, f"a/{kept}")
    assert loaded.tickets[0].participants == (Contact("x@shop.example", kept),)
    assert letter.recipient_name == kept and letter.data == {"problems": [{"line": f"#{kept}"}]}


@given(awkward)
def test_what_is_storable_is_all_but_what_no_database_takes(drawn: str) -> None:
    kept = ledger.storable(drawn)
    assert kept.encode() and "\x00" not in kept and ledger.storable(kept) == kept
    assert kept == "".join(char for char in drawn if char != "\x00" and not 0xD800 <= ord(char) < 0xE000)


# ── several at once ────────────────────────────────────────────────────────────────────────────────────────


def test_chains_opened_at_once_get_different_numbers_without_a_gap(database: Database, url: str) -> None:
    def open_some(own: Database, _number: int) -> list[str]:
        async def work() -> list[str]:
            return [chain.number for chain in await asyncio.gather(*(own.write(a_chain) for _ in range(10)))]

        return asyncio.run(work())

    numbers = [number for opened in at_once(url, open_some) for number in opened]
    assert sorted(numbers) == sorted(f"A-{count + 1}" for count in range(10 * WORKERS))


def test_processes_that_open_chains_at_once_get_different_numbers(database: Database, url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from tests.test_store import a_chain\nfrom storage.database import Database\n"
        "async def main():\n"
        "    database = Database(sys.argv[1])\n"
        "    for _ in range(10): print((await database.write(a_chain)).number)\n"
        "    database.close()\n"
        "asyncio.run(main())\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    numbers = [line for process in started for line in process.communicate(timeout=60)[0].split()]
    assert sorted(numbers) == sorted(f"A-{count + 1}" for count in range(20))


def fill(database: Database, count: int, state: str = "due") -> None:
    with database.begin() as connection:
        orders = [Order("postmaster", Contact(f"x{n}@example.com"), data={"what": "x"}) for n in range(count)]
        ledger.save_orders(connection, None, orders, STAMP)
        if state != "due":
            connection.execute(LETTERS.update().values(state=state))


def take(database: Database, settings: Settings, node: str = "node", most: int = 7, *, now: Any = NOW) -> list[int]:
    with database.begin() as connection:
        return [row.id for row, _ in claim(connection, settings, node, now, most)]


def all_ids(database: Database) -> list[int]:
    return database.read_now(lambda c: list(c.execute(select(LETTERS.c.id).order_by(LETTERS.c.id)).scalars()))


def test_no_letter_is_claimed_twice_by_several_workers(database: Database, url: str, given_settings: Settings) -> None:
    fill(database, 120)

    def work(own: Database, number: int) -> list[int]:
        taken: list[int] = []
        while batch := take(own, given_settings, f"node{number}"):
            assert len(batch) <= 7
            taken += batch
        return taken

    taken = [each for batch in at_once(url, work) for each in batch]
    assert sorted(taken) == all_ids(database)
    assert database.read_now(lambda c: {tuple(row) for row in c.execute(select(LETTERS.c.attempts, LETTERS.c.state))}) == {
        (1, "claimed")
    }


def test_no_letter_is_claimed_twice_while_more_are_coming(database: Database, url: str, given_settings: Settings) -> None:
    def work(own: Database, number: int) -> list[int]:
        taken: list[int] = []
        for _ in range(15):
            if number % 2:
                fill(own, 5)
            taken += take(own, given_settings, f"node{number}", most=3)
        return taken

    taken = [each for batch in at_once(url, work) for each in batch]
    while rest := take(database, given_settings, most=50):
        taken += rest
    assert len(taken) == len(set(taken)) and sorted(taken) == all_ids(database)
    assert len(taken) == 15 * 5 * WORKERS // 2


def test_a_worker_takes_the_oldest_that_are_due_and_no_more_than_it_asked_for(
    database: Database, given_settings: Settings
) -> None:
    fill(database, 12)
    with database.begin() as connection:
        connection.execute(LETTERS.update().where(LETTERS.c.id == 3).values(next_try=NOW + timedelta(seconds=1)))
        for number, state in enumerate(("sent", "failed", "held", "dropped"), 4):
            connection.execute(LETTERS.update().where(LETTERS.c.id == number).values(state=state))
    assert take(database, given_settings, most=3) == [1, 2, 8]
    assert take(database, given_settings, most=30) == [9, 10, 11, 12]
    assert take(database, given_settings, now=NOW + timedelta(seconds=1)) == [3]


def test_a_lapsed_claim_is_taken_again(database: Database, given_settings: Settings) -> None:
    fill(database, 3)
    assert take(database, given_settings, "dead") == [1, 2, 3]
    assert take(database, given_settings, now=NOW + outbox.LEASE) == []
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    assert take(database, given_settings, "alive", now=later) == [1, 2, 3]
    rows = database.read_now(lambda c: {tuple(row) for row in c.execute(select(LETTERS.c.claimed_by, LETTERS.c.attempts))})
    assert rows == {("alive", 2)}


def test_a_lapsed_claim_is_taken_again_by_one_of_several(database: Database, url: str, given_settings: Settings) -> None:
    fill(database, 40)
    assert len(take(database, given_settings, "dead", most=40)) == 40
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    taken = at_once(url, lambda own, number: take(own, given_settings, f"node{number}", most=40, now=later))
    assert sorted(each for batch in taken for each in batch) == all_ids(database)


def test_a_node_gives_back_what_it_claimed_and_nobody_elses(database: Database, given_settings: Settings) -> None:
    fill(database, 6)
    assert take(database, given_settings, "one", most=2) == [1, 2]
    assert take(database, given_settings, "two", most=2) == [3, 4]
    with database.begin() as connection:
        connection.execute(LETTERS.update().where(LETTERS.c.id == 2).values(state="sent"))
        release_claims(connection, "one")
    assert take(database, given_settings, "three", most=9) == [1, 5, 6]


def test_a_letter_that_cannot_be_written_fails_alone(database: Database, given_settings: Settings) -> None:
    fill(database, 3)
    with database.begin() as connection:
        connection.execute(LETTERS.update().where(LETTERS.c.id == 2).values(data={}))
        pairs = claim(connection, given_settings, "node", NOW, 10)
    assert [isinstance(letter, Exception) for _, letter in pairs] == [False, True, False]


# ── migrations ─────────────────────────────────────────────────────────────────────────────────────────────


def differences(database: Database) -> list[Any]:
    with database.begin() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), SQLModel.metadata))


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    assert differences(database) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    fill(database, 2)
    migrate(database)
    assert len(all_ids(database)) == 2 and differences(database) == []


def test_facts_that_were_told_before_tickets_knew_them_are_known_after_migrating(database: Database) -> None:
    """The migration's own step, on events as they are: it must come to what replaying them comes to."""
    collect = importlib.import_module("storage.migrations.versions.0002_facts_muted_stuck").collect_facts
    told = (("Equipment", "pump KB-3"), ("Serial", "7"), ("equipment", "pump KB-9"))
    with database.begin() as connection:
        chain = a_chain(connection)
        field = replace(said(chain.tickets[0].id), kind="field")
        events = [replace(field, id=-at, data={"name": n, "value": v}, at=NOW + at * HOUR) for at, (n, v) in enumerate(told, 1)]
        ledger.save(connection, chain, Decision(events=tuple(events)), STAMP)
        wanted = store.load_chain(connection, chain.id)
        connection.execute(store.TICKETS.update().values(facts=[]))
        collect(connection)
        assert store.load_chain(connection, chain.id) == wanted
    assert [(fact.name, fact.value) for fact in wanted.tickets[0].facts] == [("Serial", "7"), ("equipment", "pump KB-9")]


def test_the_newest_version_is_what_alembic_takes_for_the_head(database: Database) -> None:
    assert migrations.newest() == ScriptDirectory(str(migrations.FOLDER)).get_current_head()
    assert database.read_now(migrations.noted) == [migrations.newest()]


def test_a_database_that_is_newer_than_the_program_is_not_touched(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CommandError, match="9999"):
        migrate(database)
    assert database.read_now(migrations.noted) == ["9999"]


def test_alembic_is_loaded_only_when_there_is_something_to_migrate(database: Database) -> None:
    code = (
        "import sys\nfrom storage.database import Database\nfrom storage.migrations import migrate\n"
        "database = Database(sys.argv[1]); migrate(database); database.close()\nprint('alembic' in sys.modules)\n"
    )
    url = database.engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_chains_of_before_get_a_salt_each(database: Database) -> None:
    mint = importlib.import_module("storage.migrations.versions.0010_salts").mint_salts
    with database.begin() as connection:
        chains = [a_chain(connection) for _ in range(3)]
        connection.execute(store.CHAINS.update().values(salt=""))
        mint(connection)
        salts = connection.execute(store.CHAINS.select().with_only_columns(store.CHAINS.c.salt)).scalars().all()
        assert len(set(salts)) == len(chains) and all(len(salt) == 64 for salt in salts)
        connection.execute(store.CHAINS.update().where(store.CHAINS.c.id == chains[0].id).values(salt=""))
        for chain in chains:
            ledger.salt(connection, chain.id)  # by the command, for a chain that has none
        now = connection.execute(store.CHAINS.select().with_only_columns(store.CHAINS.c.salt)).scalars().all()
        assert len(set(salts) & set(now)) == 2 and len(set(now)) == 3 and "" not in now


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_several_that_migrate_at_once_make_one_database(url: str) -> None:
    at_once(url, lambda own, _number: migrate(own), 3)
    opened = Database(url)
    try:
        assert differences(opened) == []
        assert opened.read_now(lambda c: c.execute(text("SELECT count(*) FROM alembic_version")).scalar()) == 1
    finally:
        opened.close()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_processes_that_migrate_at_once_make_one_database(url: str) -> None:
    code = (
        "import sys\nfrom storage.database import Database\nfrom storage.migrations import migrate\n"
        "database = Database(sys.argv[1]); migrate(database); database.close()\n"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in started] == [("", 0)] * 3
    opened = Database(url)
    assert differences(opened) == []
    opened.close()


def test_a_new_sqlite_file_that_another_process_writes_to_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "relay.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = Timer(0.5, other.rollback)
    done.start()
    opened = Database(f"sqlite:///{tmp_path / 'relay.db'}")
    try:
        migrate(opened)
    finally:
        done.join()
        opened.close()
        other.close()
