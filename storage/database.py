"""Engine and transactions: SQLite (WAL, synchronous=FULL) or PostgreSQL, on the same statements.

All writing of a process goes through one thread that puts whatever waits into one transaction ("group commit"): a
commit costs an fsync, so fifty mails that come at once should cost one. If a piece of work fails, the transaction is
rolled back and each piece is done again in a transaction of its own, so that it fails alone; a piece of work must
therefore have no effect but on the connection it is given. A piece that lost a race with another process is tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage import private

T = TypeVar("T")
Work = Callable[[Connection], T]
MOST_TOGETHER = 64  # pieces of work in one transaction
LOCK_SECONDS = 20  # that SQLite waits for another process
TRIES = 5  # of one piece, when another process won a race


class Database:
    """One database, by its SQLAlchemy URL (`sqlite:///PATH` or `postgresql+psycopg://…`).

    `write` and `read` are for coroutines; `begin` is for the command line. Errors are SQLAlchemy's own.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._waiting: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._lock = threading.Lock()

    async def write(self, work: Work[T]) -> T:
        """Does `work` in a transaction, with others; returns its result once that is committed."""
        return await asyncio.wrap_future(self._enqueue(work))

    async def read(self, work: Work[T]) -> T:
        """Does `work`, which only reads, on a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(None, self.read_now, work)

    def read_now(self, work: Work[T]) -> T:
        """Like `read`, for code that may block."""
        with self.engine.connect() as connection:
            return work(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees all as it was at one moment whatever is written meanwhile.

        SQLite's readers always do. Code that may block.
        """
        with self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction of its own, for code that may block."""
        with _writing(self.engine).begin() as connection:
            yield connection

    def close(self) -> None:
        """Finishes what waits and closes every connection."""
        with self._lock:
            if self._writer is not None:
                self._waiting.put(None)
                self._writer.join()
                self._writer = None
        self.engine.dispose()

    def _enqueue(self, work: Work[T]) -> Future[T]:
        future: Future[T] = Future()
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="database", daemon=True)
                self._writer.start()
            self._waiting.put((work, future))
        return future

    def _write_all(self) -> None:
        engine = _writing(self.engine)
        while (first := self._waiting.get()) is not None:
            batch, last = self._gather(first)
            # Whoever has been cancelled meanwhile is left out; from here on nobody can be.
            _together(engine, [(work, future) for work, future in batch if future.set_running_or_notify_cancel()])
            if last:
                return

    def _gather(self, first: tuple[Work[Any], Future[Any]]) -> tuple[list[tuple[Work[Any], Future[Any]]], bool]:
        batch = [first]
        with contextlib.suppress(queue.Empty):
            while len(batch) < MOST_TOGETHER:
                item = self._waiting.get_nowait()
                if item is None:
                    return batch, True
                batch.append(item)
        return batch, False


def _together(engine: Engine, batch: Sequence[tuple[Work[Any], Future[Any]]]) -> None:
    """One transaction for the batch, or, when that fails, one for each piece."""
    if len(batch) > 1:
        try:
            with engine.begin() as connection:
                results = [work(connection) for work, _ in batch]
        except Exception:  # noqa: BLE001 - whoever it was fails again below, alone, and is told
            results = []
        for (_, future), result in zip(batch, results, strict=False):
            future.set_result(result)
        if results:
            return
    for work, future in batch:
        _alone(engine, work, future)


def _alone(engine: Engine, work: Work[Any], future: Future[Any]) -> None:
    for tries_left in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                result = work(connection)
        except Exception as error:  # noqa: BLE001 - it is handed to the one who waits
            if tries_left and lost_race(error):
                continue
            future.set_exception(error)
        else:
            future.set_result(result)
        return


def lost_race(error: Exception) -> bool:
    """Whether another process was faster, so that doing it again may well succeed."""
    if isinstance(error, IntegrityError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, DBAPIError) and state in {"40001", "40P01"}


def unavailable(error: Exception) -> bool:
    """Whether the database cannot take anything now (down, full, locked for long), so that a mail should come again."""
    return isinstance(error, DBAPIError) and (isinstance(error, OperationalError) or error.connection_invalidated)


def _writing(engine: Engine) -> Engine:
    return engine.execution_options(writing=True)


def _engine(url: str) -> Engine:
    """The engine. Parameters are kept out of error texts: they hold what people wrote, and error texts reach logs and mails."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True, hide_parameters=True)
    _make_private(Path(url.removeprefix("sqlite:///")))
    engine = create_engine(url, connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False}, hide_parameters=True)
    event.listen(engine, "connect", _sqlite_connected)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _make_private(path: Path) -> None:
    """The file, still empty, so that it is its owner's alone; SQLite gives -wal and -shm the mode that it has."""
    private.folder(path.parent)
    with contextlib.suppress(FileExistsError):
        private.create(path).close()


def _sqlite_connected(connection: Any, _record: Any) -> None:
    """Durable across a power cut (WAL with synchronous=FULL), and transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    _patiently(connection, "PRAGMA journal_mode=WAL")
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def _patiently(connection: Any, statement: str) -> None:
    """The change to WAL does not wait for a lock by itself, which matters when two processes make a database at once."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute(statement).close()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _sqlite_begin(connection: Connection) -> None:
    """A writer takes its lock at once: an upgrade from reading to writing would fail with "database is locked"."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
