"""Letters that are joined, on both databases, while several take mails in and claim letters at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from relay import config, joining, ledger, store
from relay.decision import Decision, Order
from relay.ledger import Stamp
from relay.loops import Pause
from relay.model import Contact, Event, Letter, Ticket
from relay.outbox import claim, release_claims
from relay.settings import Settings
from relay.store import LETTERS
from storage.database import Database
from storage.migrations import migrate
from tests.chains import DOMAIN, NOW
from tests.harness import NETWORK, new_database

SECOND = timedelta(seconds=1)
IVAN = Contact("ivan@north.example", "Ivan")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with one chain of two parties."""
    made = f"sqlite:///{tmp_path / 'relay.db'}"
    if request.param == "postgresql":
        made = new_database(request.getfixturevalue("postgres_url")).replace("postgresql:", "postgresql+psycopg:", 1)
    database = Database(made)
    migrate(database)
    with database.begin() as connection:
        chain = ledger.open_chain(connection, "A", "Pump", "shop", NOW)
        below = Ticket(-1, "north", chain.tickets[0].id, "north-repairs")
        passed = Event(-1, "passed", chain.tickets[0].id, Contact("a@shop.example"), NOW, data={"link": "", "ticket": -1})
        ledger.save(connection, chain, Decision(tickets=(below,), events=(passed,)), Stamp(DOMAIN, "M", NOW))
    database.close()
    return made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "relay.toml"
    north = NETWORK.replace('name = "North Service"', 'name = "North Service"\nbatch = "1 second"')
    path.write_text(f'[relay]\ndomain = "{DOMAIN}"\npostmaster = "admin@example.com"\n{north}', encoding="utf-8")
    return config.load(path)


def post(database: Database, settings: Settings, text: str, now: datetime) -> None:
    """The shop writes to Ivan, as `settle` has it."""
    with database.begin() as connection:
        chain = store.load_chain(connection, 1, lock=True)
        shop, north = chain.tickets
        event = Event(-1, "comment", shop.id, Contact("anna@shop.example", "Anna"), now, text=text)
        stamp = Stamp(DOMAIN, f"MAIL-{text}", now)
        ledger.save(connection, chain, Decision(events=(event,), orders=(Order("comment", IVAN, north.id, -1),)), stamp)
        joining.gather(connection, settings, chain, shop.id, stamp)


def take(database: Database, settings: Settings, now: datetime, node: str = "one") -> list[Letter]:
    with database.begin() as connection:
        letters = [letter for _, letter in claim(connection, settings, node, now, 50)]
    assert all(isinstance(letter, Letter) for letter in letters), letters
    return [letter for letter in letters if isinstance(letter, Letter)]


def texts(letter: Letter) -> list[str]:
    return [entry.text for entry in letter.entries]


def test_what_goes_together_is_settled_by_the_claim(database: Database, settings: Settings) -> None:
    post(database, settings, "one", NOW)
    post(database, settings, "two", NOW + SECOND / 2)
    assert take(database, settings, NOW + SECOND * 0.9) == []
    (letter,) = take(database, settings, NOW + SECOND)
    assert texts(letter) == ["one", "two"] and letter.date == NOW + SECOND / 2
    with database.begin() as connection:
        release_claims(connection, "one")  # the process that had it has died
    for late in (SECOND * 0.95, SECOND * 1.5):  # also of a node whose clock is slow
        post(database, settings, f"late by {late}", NOW + late)
    again, *rest = take(database, settings, NOW + 9 * SECOND, "two")
    assert again == letter
    assert [texts(one) for one in rest] == [[f"late by {SECOND * 0.95}", f"late by {SECOND * 1.5}"]]
    assert rest[0].references == (letter.message_id,)


def test_a_letter_is_full_at_some_point(database: Database, settings: Settings) -> None:
    for count in range(joining.MOST + 1):
        post(database, settings, str(count), NOW + count * SECOND / 1000)
    post(database, settings, "x" * joining.WORDS, NOW + SECOND / 2)
    full, last, long = take(database, settings, NOW + 2 * SECOND)
    assert (len(texts(full)), len(texts(last)), len(texts(long))) == (joining.MOST, 1, 1)


def test_what_is_paused_stays_so(database: Database, settings: Settings) -> None:
    post(database, settings, "one", NOW)
    with database.begin() as connection:
        north = store.load_chain(connection, 1).tickets[1].id
        ledger.pause(connection, north, Pause("same", NOW, NOW + 60 * SECOND, 1))
        joining.release(connection, north, NOW)
    post(database, settings, "two", NOW + SECOND / 2)
    assert take(database, settings, NOW + 59 * SECOND) == []
    assert [texts(one) for one in take(database, settings, NOW + 61 * SECOND)] == [["one"], ["two"]]


def test_a_party_that_does_not_ask_gets_each_at_once(database: Database, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('batch = "1 second"', ""), encoding="utf-8")
    plain = config.load(path)
    for text in ("one", "two"):
        post(database, plain, text, NOW)
    rows = database.read_now(lambda c: c.execute(select(LETTERS.c.next_try, LETTERS.c.joins_until, LETTERS.c.joined_to)).all())
    assert [tuple(row) for row in rows] == [(NOW, None, None)] * 2
    assert [texts(one) for one in take(database, plain, NOW)] == [["one"], ["two"]]


def test_everything_is_said_once_while_several_take_in_and_claim(url: str, settings: Settings) -> None:
    """Time runs fifty times as fast, so that letters fall due all the while."""
    said: list[list[str]] = []
    together, start = Barrier(4), time.monotonic()

    def clock() -> datetime:
        return NOW + 50 * (time.monotonic() - start) * SECOND

    def work(number: int) -> None:
        database = Database(url)
        together.wait(30)
        for count in range(40):
            if number < 2:
                post(database, settings, f"{number}.{count}", clock())
            else:
                said.extend(map(texts, take(database, settings, clock(), f"node{number}")))
        database.close()

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database = Database(url)
    said.extend(map(texts, take(database, settings, clock() + 9 * SECOND)))
    database.close()
    assert sorted(text for letter in said for text in letter) == sorted(f"{n}.{count}" for n in range(2) for count in range(40))
    assert any(len(letter) > 1 for letter in said)
