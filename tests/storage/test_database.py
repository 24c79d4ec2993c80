"""The writing thread: group commit, failures alone, cancelled work, both databases."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from tests.harness import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database with one table, `t(n primary key)`."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'x.db'}"
    else:
        url = new_database(request.getfixturevalue("postgres_url")).replace("postgresql://", "postgresql+psycopg://")
    made = Database(url)
    request.addfinalizer(made.close)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE t (n integer PRIMARY KEY)"))
    return made


def put(number: int) -> Callable[[Connection], None]:
    """Work that inserts a number."""

    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (:n)"), {"n": number})

    return work


def numbers(database: Database) -> list[int]:
    return database.read_now(lambda c: list(c.execute(text("SELECT n FROM t ORDER BY n")).scalars()))


def test_what_waits_is_committed_together_and_a_failure_fails_alone(database: Database) -> None:
    begun = threading.Event()
    release = threading.Event()

    def slow(_connection: Connection) -> None:
        begun.set()
        release.wait(10)

    async def run() -> list[BaseException | None]:
        first = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait)
        works = [asyncio.create_task(database.write(put(n))) for n in (1, 2, 2, 3)]
        await asyncio.sleep(0.05)
        release.set()
        await first
        return await asyncio.gather(*works, return_exceptions=True)

    results = asyncio.run(run())
    assert [isinstance(result, IntegrityError) for result in results] == [False, False, True, False]
    assert numbers(database) == [1, 2, 3]


def test_cancelled_work_is_left_out_and_the_thread_goes_on(database: Database) -> None:
    begun = threading.Event()
    release = threading.Event()

    def slow(_connection: Connection) -> str:
        begun.set()
        release.wait(10)
        return "done"

    async def run() -> None:
        running = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait)
        waiting = asyncio.create_task(database.write(put(7)))
        await asyncio.sleep(0.05)
        waiting.cancel()
        running.cancel()
        await asyncio.gather(waiting, running, return_exceptions=True)
        release.set()
        async with asyncio.timeout(10):
            await database.write(put(8))

    asyncio.run(run())
    assert numbers(database) == [8]


def test_errors_do_not_show_what_people_wrote(database: Database) -> None:
    async def run() -> None:
        await database.write(lambda c: c.execute(text("INSERT INTO nowhere VALUES (:t)"), {"t": "secret words"}))

    with pytest.raises(Exception, match="nowhere") as error:
        asyncio.run(run())
    assert "secret words" not in str(error.value)


def test_many_at_once_lose_nothing(database: Database) -> None:
    async def run() -> None:
        await asyncio.gather(*(database.write(put(n)) for n in range(300)))

    asyncio.run(run())
    assert numbers(database) == list(range(300))


def test_a_snapshot_stays_as_it_was_while_others_write(database: Database) -> None:
    def read(connection: Connection) -> list[int]:
        return list(connection.execute(text("SELECT n FROM t ORDER BY n")).scalars())

    with database.begin() as connection:
        put(1)(connection)
    with database.snapshot() as snapshot:
        before = read(snapshot)
        with database.begin() as connection:
            put(2)(connection)
        assert (before, read(snapshot)) == ([1], [1])
    with database.snapshot() as snapshot:
        assert read(snapshot) == numbers(database) == [1, 2]
    with database.begin() as connection:
        put(3)(connection)  # the connection that was a snapshot's writes again
    assert numbers(database) == [1, 2, 3]
