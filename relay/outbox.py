"""Letters out: claim what is due → write → sign → send → sent, deferred or failed.

| state | becomes | when |
| --- | --- | --- |
| due | claimed | a worker takes it; no other one does |
| claimed | sent | a server took it |
| claimed | due | a server deferred it: again after `backoff`; or the claim lapsed |
| claimed | failed | a server refused it, or its time is up: those who wait are told |
| due | held, dropped | an admin's word; retry makes it due again |
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update
from structlog.typing import FilteringBoundLogger

from relay import backoff
from relay.correspondence import Writer, files, filled, within
from relay.errors import Refused, SmtpError
from relay.letters import Letters
from relay.model import Letter
from relay.settings import Settings
from relay.signing import Signer
from relay.store import LETTERS, Stamp
from relay.transport import Lane, Route
from relay.undelivered import Failure, fail
from storage.blobs import Blobs
from storage.database import Database

LEASE = timedelta(hours=1)  # longer than all that waits in a lane may take
BATCH = 64  # letters in flight at once
POLL = 1.0  # seconds between looks for letters that nobody woke us for
ROOM = 0.7  # of smtp.max_size for the files of one letter: base64 makes them a third larger


@dataclass(frozen=True, slots=True)
class Office:
    """What letters are made and sent with; replaced whole when the configuration is reloaded."""

    settings: Settings
    letters: Letters
    signer: Signer | None
    route: Route


class Outbox:
    """Sends what is due, for as long as `run` runs. `node` names this process's machine and data, for its claims."""

    def __init__(
        self, database: Database, blobs: Blobs, office: Callable[[], Office], log: FilteringBoundLogger, node: str
    ) -> None:
        self._database, self._blobs, self._office, self._log, self._node = database, blobs, office, log, node
        self._woken = asyncio.Event()
        self._landed = asyncio.Event()
        self._closing = False
        self._flying: set[int] = set()
        self._lanes: list[asyncio.Queue[tuple[Row[Any], Letter | Exception]]] = []

    def wake(self) -> None:
        """There may be something due."""
        self._woken.set()

    async def run(self) -> None:
        """Claims and sends until cancelled; what is then claimed and not begun is given back."""
        count = self._office().settings.delivery.connections
        self._lanes = [asyncio.Queue() for _ in range(count)]
        async with asyncio.TaskGroup() as tasks:
            for queue in self._lanes:
                tasks.create_task(self._serve_lane(queue))
            tasks.create_task(self._claim_all())

    async def finish(self, grace: float) -> None:
        """Waits until what is in flight has landed, `grace` seconds at most."""
        self._closing = True
        if not self._flying:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._landed.wait(), grace)

    async def _claim_all(self) -> None:
        while True:
            self._woken.clear()
            room = BATCH - len(self._flying)
            claimed = await self._claim(room) if room > 0 and not self._closing else 0
            if claimed < room or room <= 0:
                await self._wait()

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL)
        except TimeoutError:
            return

    async def _claim(self, most: int) -> int:
        settings, now = self._office().settings, datetime.now(UTC)
        try:
            pairs = await self._database.write(lambda c: claim(c, settings, self._node, now, most))
        except Exception:  # noqa: BLE001 - a database that is away now may be back in a second
            self._log.exception("outbox_cannot_claim")
            await asyncio.sleep(POLL)
            return 0
        for row, letter in pairs:
            if row.id in self._flying:
                continue  # a claim of our own that lapsed while the letter waited in its lane
            self._flying.add(row.id)
            # One recipient's letters take one lane, so that they arrive in their order.
            self._lanes[zlib.crc32(row.recipient.encode()) % len(self._lanes)].put_nowait((row, letter))
        return len(pairs)

    async def _serve_lane(self, queue: asyncio.Queue[tuple[Row[Any], Letter | Exception]]) -> None:
        office, lane = self._office(), self._new_lane()
        try:
            while True:
                try:
                    row, letter = await asyncio.wait_for(queue.get(), 10)
                except TimeoutError:
                    await lane.rest()
                    continue
                if office is not self._office():
                    await lane.close()
                    office, lane = self._office(), self._new_lane()
                await self._deliver(lane, row, letter)
        finally:
            await lane.close()

    def _new_lane(self) -> Lane:
        office = self._office()
        return Lane(office.settings.relay.domain, office.route, office.settings.delivery.timeout.total_seconds())

    async def _deliver(self, lane: Lane, row: Row[Any], letter: Letter | Exception) -> None:
        log = self._log.bind(mail=row.mail_id, letter=row.id, to=row.recipient)
        try:
            await self._try(log, lane, row, letter)
        except Exception:
            log.exception("letter_not_marked")
        finally:
            self._land(row)

    def _land(self, row: Row[Any]) -> None:
        self._flying.discard(row.id)
        if not self._flying:
            self._landed.set()
        if len(self._flying) < BATCH // 2:
            self.wake()

    async def _try(self, log: FilteringBoundLogger, lane: Lane, row: Row[Any], letter: Letter | Exception) -> None:
        try:
            message = await self._compose(letter)
            reply = await lane.send(message, letter_path(letter), row.recipient)
        except SmtpError as error:
            await self._failed(log, row, error)
        except Exception as error:
            log.exception("letter_cannot_be_written")
            await self._end(row, Failure("unreadable", f"{type(error).__name__}: {error}"))
        else:
            log.info("letter_sent", kind=row.kind, message_id=row.message_id, reply=reply)
            await self._mark(row, state="sent", sent_at=datetime.now(UTC), reply=reply[:1000])

    async def _compose(self, letter: Letter | Exception) -> bytes:
        if isinstance(letter, Exception):
            raise letter
        office = self._office()
        if not files(letter):
            return _sealed(office, letter)
        wanted = within(files(letter), int(office.settings.smtp.max_size * ROOM))
        contents = {file.sha256: await asyncio.to_thread(self._blobs.get, file.sha256) for file in wanted}
        return await asyncio.to_thread(_sealed, office, filled(letter, contents))

    async def _failed(self, log: FilteringBoundLogger, row: Row[Any], error: SmtpError) -> None:
        again = backoff.next_try(row.attempts, datetime.now(UTC), random.random())  # noqa: S311 - jitter, no secret
        retry_for = self._office().settings.delivery.retry_for
        if isinstance(error, Refused):
            log.warning("letter_refused", reply=str(error))
            await self._end(row, Failure("refused", str(error)))
        elif backoff.expired(row.created_at, retry_for, again):
            log.warning("letter_expired", reply=str(error))
            await self._end(row, Failure("expired", f"not taken for {retry_for}; the last answer was: {error}"))
        else:
            log.info("letter_deferred", reply=str(error), next_try=again.isoformat())
            await self._mark(row, state="due", next_try=again, reply=str(error)[:1000])

    async def _mark(self, row: Row[Any], **values: Any) -> None:
        changed = values | {"claimed_until": None, "claimed_by": ""}
        await self._database.write(lambda c: c.execute(update(LETTERS).where(LETTERS.c.id == row.id).values(**changed)))

    async def _end(self, row: Row[Any], why: Failure) -> None:
        settings = self._office().settings
        stamp = Stamp(settings.relay.domain, row.mail_id, datetime.now(UTC))
        await self._database.write(lambda c: fail(c, settings, row, why, stamp))
        self.wake()


def claim(
    connection: Connection, settings: Settings, node: str, now: datetime, most: int
) -> list[tuple[Row[Any], Letter | Exception]]:
    """Takes up to `most` due letters for this node, with what they say; `attempts` counts the try to come."""
    lapsed = and_(LETTERS.c.state == "claimed", LETTERS.c.claimed_until < now)
    due = or_(and_(LETTERS.c.state == "due", LETTERS.c.next_try <= now), lapsed)
    chosen = select(LETTERS.c.id).where(due).order_by(LETTERS.c.next_try, LETTERS.c.id).limit(most)
    taken = (
        update(LETTERS)
        .where(LETTERS.c.id.in_(chosen.with_for_update(skip_locked=True).scalar_subquery()))
        .values(state="claimed", claimed_by=node, claimed_until=now + LEASE, attempts=LETTERS.c.attempts + 1)
        .returning(LETTERS)
    )
    rows = sorted(connection.execute(taken), key=lambda row: int(row.id))
    writer = Writer(connection, settings)
    return [(row, _written(writer, row)) for row in rows]


def release_claims(connection: Connection, node: str) -> None:
    """Makes due again what this node had claimed when it stopped."""
    mine = and_(LETTERS.c.state == "claimed", LETTERS.c.claimed_by == node)
    connection.execute(update(LETTERS).where(mine).values(state="due", claimed_until=None, claimed_by=""))


def letter_path(letter: Letter | Exception) -> str:
    """The envelope sender of a letter: its VERP return-path."""
    assert isinstance(letter, Letter)
    return letter.return_path


def _written(writer: Writer, row: Row[Any]) -> Letter | Exception:
    """A letter that cannot be written fails alone: the error goes with it to where failures are told."""
    try:
        return writer.write(row)
    except Exception as error:  # noqa: BLE001
        return error


def _sealed(office: Office, letter: Letter) -> bytes:
    message = office.letters.compose(letter)
    return office.signer.sign(message) if office.signer else message
