"""Reminders: over SMTP, with a ticket's past moved back; and by several nodes at once."""

from __future__ import annotations

import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection, select

from relay import config, ledger, reminders, store
from relay.decision import Decision
from relay.ledger import Stamp
from relay.model import Contact, Event, Ticket
from relay.settings import Settings
from storage.database import Database
from storage.migrations import migrate
from tests.harness import DOMAIN, NETWORK, Received, Relay, Sink, new_database, until, write

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
INTAKE = f"north-repairs@{DOMAIN}"
HOUR = timedelta(hours=1)
ANY_TIME = NETWORK.replace('trust = "address"', 'trust = "address"\nremind = "always"')
LIMITED = ANY_TIME.replace('to = "north"\n', 'to = "north"\nrespond_within = "4 hours"\nresolve_within = "2 days"\n')


@pytest.fixture
def relay(make_relay: Callable[..., Relay]) -> Relay:
    """A running relay whose first link has limits."""
    return make_relay(network=LIMITED).start()


def opened(relay: Relay, sink: Sink) -> Received:
    """North's letter of a new chain."""
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    return sink.wait(IVAN)


def age(relay: Relay, hours: float) -> None:
    """Moves all that has happened back by so many hours, and lets the server look."""
    back = f"-{int(hours * 3600)} seconds"
    with sqlite3.connect(relay.folder / "data" / "relay.db", timeout=30) as database:
        for table, column in (("events", "at"), ("chains", "opened_at"), ("reminders", "at"), ("reminders", "deadline")):
            database.execute(f"UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '{back}') || '000'")
    look(relay)


def look(relay: Relay) -> None:
    """A round of the chores, at the end of which the log says so."""
    rounds = relay.log.count("configuration_reloaded")
    assert relay.process is not None
    relay.process.send_signal(signal.SIGHUP)
    until(lambda: relay.log.count("configuration_reloaded") > rounds, "the round to begin")


def dues(sink: Sink, recipient: str) -> list[Received]:
    """The reminders that somebody has got."""
    said = ("This ticket is due soon.", "This ticket is overdue.", "Срок по этой заявке")
    return [letter for letter in sink.to(recipient) if letter.text.startswith(said)]


def reminded(sink: Sink, recipient: str, count: int) -> Received:
    until(lambda: len(dues(sink, recipient)) >= count, f"{count} reminders to {recipient}")
    assert len(dues(sink, recipient)) == count
    return dues(sink, recipient)[-1]


def answer(relay: Relay, letter: Received, words: str, sender: str = IVAN) -> None:
    assert relay.send(write(sender, letter.thread, words, answering=letter), sender, letter.thread)[0] == 250


def test_who_has_the_ticket_is_reminded_and_then_the_one_above(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    assert "Your answer is due by " in letter.text and "The work is to be done by " in letter.text
    age(relay, 3.1)
    first = reminded(sink, IVAN, 1)
    assert "Your answer is due by " in first.text and "to be done by" not in first.text and "put it on hold" not in first.text
    assert first.message["Auto-Submitted"] == "auto-generated" and first.thread == letter.thread
    assert str(first.message["Subject"]) == str(letter.message["Subject"]) == "[A-1] Pump is leaking"
    assert first.message["In-Reply-To"] == letter.message["Message-ID"]
    assert f"mailto:{letter.thread}?" in first.html and "%23accept" in first.html
    assert reminded(sink, OLGA, 1).text == first.text
    age(relay, 0.9)
    assert re.search("Your answer (is|was) due by ", reminded(sink, IVAN, 2).text)
    assert dues(sink, ANNA) == []
    age(relay, 1.1)
    above = reminded(sink, ANNA, 1)
    assert "Срок по этой заявке истёк." in above.text and "North Service: ответа нет, его срок истёк: " in above.text
    assert re.search(r'href="mailto:t-[a-z2-7]{26}@[^"]*%23%D0%BE%D1%82%D0%BC%D0%B5%D0%BD%D0%B8%D1%82%D1%8C', above.html), (
        "#cancel"
    )
    for _ in range(2):
        look(relay)
    assert relay.log.count("reminded") == 3
    assert len(dues(sink, IVAN)) == 2 and len(dues(sink, ANNA)) == 1


def test_several_deadlines_missed_while_nobody_looked_are_one_letter(relay: Relay, sink: Sink) -> None:
    opened(relay, sink)
    relay.stop()
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database:
        for table, column in (("events", "at"), ("chains", "opened_at")):
            database.execute(f"UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f', {column}, '-3 days') || '000'")
    relay.start("--workers", "2")
    below, above = reminded(sink, IVAN, 1), reminded(sink, ANNA, 1)
    assert "Your answer was due by " in below.text and "The work was to be done by " in below.text
    assert "put it on hold: while it is, the clock stands" in below.text
    assert "ответа нет" in above.text and "работа не выполнена" in above.text
    assert relay.json("chains")[0]["overdue"] == ["North Service"]
    assert "North Service" in relay.cli("chains").stdout


def test_an_answer_stops_the_one_clock_and_waiting_the_other(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    answer(relay, letter, "#wait until friday, the part is on its way")
    sink.wait(ANNA, 2)
    age(relay, 24 * 5)
    answer(relay, letter, "#status")
    status = sink.wait(IVAN, 3)
    assert "The clock stands. Once the work goes on, you have 47 h 59 min of working time left for it." in status.text
    assert dues(sink, IVAN) == dues(sink, ANNA) == []
    _, north = relay.json("show", "A-1")["tickets"]
    assert [(due["kind"], due["state"], due["overdue"]) for due in north["due"]] == [
        ("respond", "met", False),
        ("resolve", "stopped", False),
    ]
    assert "to respond by " in relay.cli("show", "A-1").stdout and "the clock stands" in relay.cli("show", "A-1").stdout
    answer(relay, letter, "#start")
    age(relay, 40)
    assert "The work is to be done by " in reminded(sink, IVAN, 1).text and "overdue" not in dues(sink, IVAN)[0].text
    answer(relay, letter, "#resolved")
    age(relay, 24 * 3)
    assert len(dues(sink, IVAN)) == 1 and dues(sink, ANNA) == []


def test_deadlines_are_for_the_two_ends_only(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    answer(relay, letter, "#pass fix\n\nPlease have a look.")
    brought = sink.wait(SERGEI)
    assert " due " not in brought.text and "to be done by" not in brought.text
    answer(relay, brought, "#status", SERGEI)
    assert "to be done by" not in sink.wait(SERGEI, 2).text and "Clock" not in sink.wait(SERGEI, 2).text
    top = next(ticket for ticket in relay.json("show", "A-1")["tickets"] if ticket["party"] == "shop")["thread"]
    assert relay.send(write(ANNA, top, "#статус"), ANNA, top)[0] == 250
    until(lambda: any("North Service: срок выполнения работы " in letter.text for letter in sink.to(ANNA)), "the deadline")
    age(relay, 72)
    reminded(sink, ANNA, 1)
    reminded(sink, IVAN, 1)
    assert dues(sink, SERGEI) == []


def test_a_hidden_party_is_not_named_by_its_deadline(make_relay: Callable[..., Relay], sink: Sink) -> None:
    network = ANY_TIME.replace('to = "fix"\n', 'to = "fix"\nidentity = "hidden"\nresolve_within = "2 hours"\n')
    relay = make_relay(network=network).start()
    answer(relay, opened(relay, sink), "#pass fix\n\nPlease have a look.")
    sink.wait(SERGEI)
    age(relay, 4)
    assert "Fix It was to finish the work by " in reminded(sink, IVAN, 1).text
    assert "The work was to be done by " in reminded(sink, SERGEI, 1).text
    assert dues(sink, ANNA) == [] and all("Fix It" not in letter.raw.decode() for letter in sink.to(ANNA))


def test_nobody_is_reminded_outside_of_his_hours(make_relay: Callable[..., Relay], sink: Sink) -> None:
    another_day = f"{datetime.now(UTC) + timedelta(days=3):%a}".lower()
    network = LIMITED.replace('remind = "always"', f'hours = "{another_day} 00:00-24:00"', 1)  # the shop works on one day
    relay = make_relay(network=network).start()
    opened(relay, sink)
    age(relay, 6)
    reminded(sink, IVAN, 1)
    look(relay)
    assert dues(sink, ANNA) == []
    relay.network = LIMITED
    relay.write_config()
    look(relay)
    reminded(sink, ANNA, 1)


# ── the chore itself ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of its own."""
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
def limits(tmp_path: Path) -> Settings:
    """A configuration whose first link has limits."""
    path = tmp_path / "relay.toml"
    path.write_text(f'[relay]\ndomain = "{DOMAIN}"\npostmaster = "admin@example.com"\n{LIMITED}', encoding="utf-8")
    return config.load(path)


START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def passed(connection: Connection, at: datetime = START) -> int:
    """The id of a new chain that was passed to north."""
    chain = ledger.open_chain(connection, "A", "Pump", "shop", at)
    top = chain.tickets[0].id
    event = Event(-1, "passed", top, Contact(ANNA), at, data={"link": "north-repairs", "ticket": -1})
    ledger.save(connection, chain, Decision(events=(event,), tickets=(Ticket(-1, "north", top, "north-repairs"),)), stamp(at))
    return chain.id


def stamp(at: datetime) -> Stamp:
    return Stamp(DOMAIN, "", at)


def letters(connection: Connection) -> list[str]:
    """Whom reminders in the outbox go to."""
    query = select(store.LETTERS.c.recipient).where(store.LETTERS.c.kind == "due").order_by(store.LETTERS.c.id)
    return list(connection.execute(query).scalars())


def test_several_nodes_that_look_at_once_tell_once(url: str, database: Database, limits: Settings) -> None:
    with database.begin() as connection:
        chain = passed(connection)
    start = Barrier(4)

    def node(_number: int) -> int:
        own = Database(url)
        try:
            start.wait(30)
            with own.begin() as connection:
                return reminders.tell(connection, limits, chain, stamp(START + 6 * HOUR))
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(node, range(4)))
    assert sorted(counts) == [0, 0, 0, 2]
    with database.snapshot() as connection:
        assert sorted(letters(connection)) == [ANNA, IVAN, OLGA]


def test_a_chain_is_looked_at_when_it_changes_or_comes_to_a_stage(database: Database, limits: Settings) -> None:
    watch = reminders.Watch()
    with database.begin() as connection:
        chain = passed(connection)

        def due(hours: float) -> list[int]:
            found = watch.due(connection, limits, START + HOUR * hours)
            told = watch.look(connection, limits, found, START + HOUR * hours)
            for one in told:
                reminders.tell(connection, limits, one, stamp(START + HOUR * hours))
            return [one for one, _ in found]

        assert due(0) == [chain] and due(1) == [] and due(2.99) == []
        assert due(3) == [chain] and letters(connection) == [IVAN, OLGA]
        assert due(3.01) == [chain], "to learn what comes next"
        assert due(3.02) == due(3.9) == []
        other = passed(connection, START + 3 * HOUR)
        assert due(3.95) == [other]
        comment = Event(-1, "comment", store.load_chain(connection, chain).tickets[1].id, Contact(IVAN), START + 3.96 * HOUR)
        ledger.save(connection, store.load_chain(connection, chain), Decision(events=(comment,)), stamp(START + 3.96 * HOUR))
        assert due(3.97) == [chain] and due(4) == due(5) == []
        assert letters(connection) == [IVAN, OLGA]
        with_other_limits = config.load(limits.path)
        assert [one for one, _ in watch.due(connection, with_other_limits, START + 5 * HOUR)] == [chain, other]
