"""Letters out: claim what is due → write → sign → send → sent, deferred or failed.

| state | becomes | when |
| --- | --- | --- |
| due | claimed | a worker takes it; no other one does |
| claimed | sent | a server took it |
| claimed | due | a server deferred it: again after `backoff`; or the claim lapsed |
| claimed | failed | a server refused it, or its time is up: those who wait are told |
| due | held, dropped | an admin's word; retry makes it due again |

What is joined to a letter goes its way (`joining`).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update
from structlog.typing import FilteringBoundLogger

from relay import backoff, joining, mending
from relay.correspondence import Writer, bare, files, filled, within
from relay.errors import Deferred, Refused, SmtpError
from relay.ledger import Stamp
from relay.letters import ROOM, Letters
from relay.lineup import MOST_OF_ONE, InHand, LineUp
from relay.model import Letter
from relay.readers.pool import Readers
from relay.settings import Settings
from relay.signing import Signer
from relay.store import LETTERS
from relay.transport import Lane, Route
from relay.undelivered import Failure, fail
from storage.blobs import Blobs, BlobsUnreachableError
from storage.database import Database

LEASE = timedelta(hours=1)
FRESH = LEASE / 2  # a claim with less left is given back instead of begun: longer than any one letter takes
BATCH = 256  # letters in hand at once
LOOK = 1024  # due letters that are looked at for those to claim
IDLE = 10.0  # seconds until a worker looks whether its connection should be closed
PILE = 24  # letters waiting, at which mails coming in are slowed
GLANCE = 0.02  # seconds between looks at the pile
MOVED = 10_000  # recipients of whom it is remembered when they last got a letter
PACE = 1.0  # seconds that a mail waits, stored, when letters are due faster than they can be sent
POLL = 1.0  # seconds between looks for letters that nobody woke us for

_DUE = or_(
    and_(LETTERS.c.state == "due", LETTERS.c.next_try <= bindparam("now")),
    and_(LETTERS.c.state == "claimed", LETTERS.c.claimed_until < bindparam("now")),
)
_OLDEST = (
    select(LETTERS.c.id, LETTERS.c.recipient, LETTERS.c.next_try)
    .where(_DUE, LETTERS.c.recipient.not_in(bindparam("busy", expanding=True)))
    .order_by(LETTERS.c.next_try, LETTERS.c.id)
    .limit(bindparam("look"))
    .subquery()
)
_TURN = func.row_number().over(partition_by=_OLDEST.c.recipient, order_by=(_OLDEST.c.next_try, _OLDEST.c.id))
_TURNS = select(_OLDEST.c.id, _TURN.label("turn")).subquery()
_CHOSEN = (
    select(LETTERS.c.id)
    .where(LETTERS.c.id.in_(select(_TURNS.c.id).where(_TURNS.c.turn <= bindparam("of_one"))))
    .where(_DUE)  # again: looked at once more when the row is locked, so that nobody takes what another has just taken
    .order_by(LETTERS.c.next_try, LETTERS.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(LETTERS)
    .where(LETTERS.c.id.in_(_CHOSEN.with_for_update(skip_locked=True).scalar_subquery()))
    .values(state="claimed", claimed_by=bindparam("node"), claimed_until=bindparam("until"), attempts=LETTERS.c.attempts + 1)
    .values(joins_until=None)  # from here on nothing more goes with it
    .returning(LETTERS)
)
_SENT = (
    update(LETTERS)
    .where(LETTERS.c.id == bindparam("letter"))
    .values(
        state="sent",
        sent_at=bindparam("at"),
        reply=bindparam("answer"),
        shown=bindparam("shown"),
        claimed_until=None,
        claimed_by="",
    )
)


_Claimed = tuple[Row[Any], Letter | Exception]


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that a server has taken: its row, the server's reply, its plain text, deflated, and when that was."""

    row: Row[Any]
    reply: str
    shown: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Office:
    """What letters are made and sent with; replaced whole when the configuration is reloaded."""

    settings: Settings
    letters: Letters
    signer: Signer | None
    route: Route


class Outbox:
    """Sends what is due, for as long as `run` runs; `readers` clean files that go bare.

    `node` names this process's machine and data, for its claims.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        readers: Readers,
        office: Callable[[], Office],
        *,
        log: FilteringBoundLogger,
        node: str,
    ) -> None:
        self._database, self._blobs, self._readers = database, blobs, readers
        self._office, self._log, self._node = office, log, node
        self._woken = asyncio.Event()
        self._landed = asyncio.Event()
        self._moved: dict[str, float] = {}  # when a letter of a recipient last landed, by the loop's clock
        self._closing = False
        self._told: set[tuple[str, str]] = set()  # which mistakes in templates the postmaster has heard of, and on which day
        self._sent: asyncio.Queue[Sent] = asyncio.Queue()
        self._flying = InHand()
        self._line: LineUp[_Claimed] = LineUp(1)

    def wake(self) -> None:
        """There may be something due."""
        self._woken.set()

    async def pace(self) -> None:
        """Waits while letters are piling up, `PACE` seconds at most: who takes mails in must not starve who sends them."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + PACE
        while self._piling_up(loop.time()) and loop.time() < patience:  # noqa: ASYNC110 - time itself changes the answer
            await asyncio.sleep(GLANCE)

    def _piling_up(self, now: float) -> bool:
        """Whether more waits than is sent at once, of those whose letters do go out: one server that hangs slows nobody."""
        moving = (count for recipient, count in self._line.waiting() if now - self._moved.get(recipient, -PACE) < PACE)
        return sum(moving) > PILE

    async def run(self) -> None:
        """Claims and sends until cancelled; what is then claimed and not begun is given back."""
        count = self._office().settings.delivery.connections
        self._line = LineUp(count)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(self._work())
            tasks.create_task(self._claim_all())
            tasks.create_task(self._mark_sent())

    async def finish(self, grace: float) -> None:
        """Waits until what is in flight has landed, `grace` seconds at most."""
        self._closing = True
        if not self._flying:
            return
        self._landed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._landed.wait()

    async def _claim_all(self) -> None:
        while True:
            self._woken.clear()
            room = BATCH - len(self._flying)
            claimed = await self._claim(room) if room > 0 and not self._closing else 0
            full = claimed >= room
            if not full or room <= 0:
                await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL):  # not wait_for: on Python 3.11 it can swallow a cancellation
                await self._woken.wait()

    async def _claim(self, most: int) -> int:
        """How many letters were claimed."""
        settings, now, busy = self._office().settings, datetime.now(UTC), self._flying.busy()
        try:
            pairs = await self._database.write(lambda c: claim(c, settings, self._node, now, most, busy=busy, of_one=MOST_OF_ONE))
        except Exception:  # noqa: BLE001 - a database that is away now may be back in a second
            self._log.exception("outbox_cannot_claim")
            await asyncio.sleep(POLL)
            return 0
        if self._closing:
            return 0  # they are given back with this node's other claims
        for row, letter in pairs:
            if row.id in self._flying:
                continue  # a claim of our own that lapsed while the letter waited in the line
            self._flying.add(row.id, row.recipient)
            self._line.add(row.recipient, (row, letter))
        return len(pairs)

    async def _work(self) -> None:
        office, lane = self._office(), self._new_lane()
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE):
                        recipient, (row, letter) = await self._line.take()
                except TimeoutError:
                    await lane.rest()
                    continue
                try:
                    if office is not self._office():
                        await lane.close()
                        office, lane = self._office(), self._new_lane()
                    await self._deliver(lane, row, letter)
                finally:
                    self._line.done(recipient)
        finally:
            await lane.close()

    def _new_lane(self) -> Lane:
        office = self._office()
        return Lane(office.settings.relay.domain, office.route, office.settings.delivery.timeout.total_seconds())

    async def _deliver(self, lane: Lane, row: Row[Any], letter: Letter | Exception) -> None:
        log = self._log.bind(mail=row.mail_id, letter=row.id, to=row.recipient)
        sent = None
        try:
            if row.claimed_until - datetime.now(UTC) < FRESH:
                await self._put_back([row.id], next_try=datetime.now(UTC))
            else:
                sent = await self._try(log, lane, row, letter)
        except Exception:
            log.exception("letter_not_marked")
        if sent is None:
            self._land(row.id)
        else:
            self._sent.put_nowait(sent)

    async def _mark_sent(self) -> None:
        """Marks all that was sent since the last time, in one statement; the workers need not wait for it."""
        while True:
            sent = [await self._sent.get()]
            while not self._sent.empty():
                sent.append(self._sent.get_nowait())
            while not await self._marked(sent):  # noqa: ASYNC110 - nothing tells that a database is back
                await asyncio.sleep(POLL)
            for each in sent:
                self._moved[each.row.recipient] = asyncio.get_running_loop().time()
                self._land(each.row.id)
            if len(self._moved) > MOVED:
                self._moved.clear()

    async def _marked(self, sent: Sequence[Sent]) -> bool:
        """Whether it is written that these were sent: until it is, they stay in hand, for what is forgotten is sent twice."""
        try:
            await self._database.write(partial(mark_sent, sent=sent))
        except Exception:  # noqa: BLE001 - a database that is away now may be back in a second
            self._log.exception("letters_not_marked", letters=[each.row.id for each in sent])
            return False
        return True

    def _land(self, letter: int) -> None:
        before, freed = len(self._flying), self._flying.remove(letter)
        if not self._flying:
            self._landed.set()
        if freed or before == BATCH // 2:
            self.wake()

    async def _try(self, log: FilteringBoundLogger, lane: Lane, row: Row[Any], letter: Letter | Exception) -> Sent | None:
        """None when no server took the letter, and that is written down."""
        try:
            message, text = await self._compose(letter)
            reply = await lane.send(message, letter_path(letter), row.recipient)
            taken = datetime.now(UTC)
        except SmtpError as error:
            await self._failed(log, row, error)
        except (BlobsUnreachableError, ChildProcessError) as error:
            await self._failed(log, row, Deferred(451, "4.3.0", f"an attachment cannot be read now: {error}"))
        except Exception as error:
            log.exception("letter_cannot_be_written")
            await self._end(row, Failure("unreadable", f"{type(error).__name__}: {error}"))
        else:
            await self._tell_of_templates()
            log.info("letter_sent", kind=row.kind, message_id=row.message_id, reply=reply)
            return Sent(row, reply, zlib.compress(text.encode()), taken)
        return None

    async def _tell_of_templates(self) -> None:
        """That letters go out in the built-in wording, for a template of the admin's is broken."""
        settings, now = self._office().settings, datetime.now(UTC)
        for error in self._office().letters.broken.copy().values():
            mistake = (str(error), f"{now:%Y-%m-%d}")
            if mistake in self._told:
                continue
            self._told.add(mistake)
            self._log.error("template_broken", template=error.file, line=error.line, why=error.reason)
            stamp = Stamp(settings.relay.domain, "", now)
            try:
                await self._database.write(partial(mending.tell, settings=settings, error=error, stamp=stamp))
            except Exception:  # noqa: BLE001 - the letter is sent, and the log has it
                self._log.exception("postmaster_not_told")
            self.wake()

    async def _compose(self, letter: Letter | Exception) -> tuple[bytes, str]:
        """The signed letter, and its plain text."""
        if isinstance(letter, Exception):
            raise letter
        office = self._office()
        if not files(letter):
            return _sealed(office, letter)
        wanted = within(files(letter), int(office.settings.smtp.max_size * ROOM))
        contents = {file.sha256: await asyncio.to_thread(self._blobs.get, file.sha256) for file in wanted}
        cleaned = {sha256: await self._readers.clean(contents[sha256]) for sha256 in bare(letter, contents)}
        return await asyncio.to_thread(lambda: _sealed(office, filled(letter, contents, cleaned)))

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
            if error.enhanced.startswith("4.4."):  # no answer: the recipient's other letters need not find that out one by one
                others = [waiting.id for waiting, _ in self._line.leave(row.recipient)]
                await self._put_back(others, next_try=again, reply=str(error)[:1000])

    async def _put_back(self, letters: Sequence[int], **values: Any) -> None:
        """These were not tried, and are due again."""
        changed = values | {"state": "due", "claimed_until": None, "claimed_by": "", "attempts": LETTERS.c.attempts - 1}
        statement = update(LETTERS).where(LETTERS.c.id.in_(letters), LETTERS.c.claimed_by == self._node).values(**changed)
        try:
            await self._database.write(lambda c: c.execute(statement))
        finally:
            for letter in letters:
                self._land(letter)

    async def _mark(self, row: Row[Any], **values: Any) -> None:
        changed = values | {"claimed_until": None, "claimed_by": ""}
        await self._database.write(lambda c: c.execute(update(LETTERS).where(LETTERS.c.id == row.id).values(**changed)))

    async def _end(self, row: Row[Any], why: Failure) -> None:
        settings = self._office().settings
        stamp = Stamp(settings.relay.domain, row.mail_id, datetime.now(UTC))
        await self._database.write(lambda c: fail(c, settings, row, why, stamp))
        self.wake()


def claim(
    connection: Connection,
    settings: Settings,
    node: str,
    now: datetime,
    most: int,
    *,
    busy: Collection[str] = (),
    of_one: int | None = None,
) -> list[_Claimed]:
    """Takes up to `most` due letters for this node, with what they say; `attempts` counts the try to come.

    None for the recipients who are `busy`, and no more than `of_one` for any other.
    """
    values = {"node": node, "now": now, "until": now + LEASE, "most": most, "look": most + LOOK}
    values |= {"busy": list(busy), "of_one": most if of_one is None else of_one}
    rows = sorted(connection.execute(_CLAIM, values), key=lambda row: int(row.id))
    writer = Writer(connection, settings)
    return [(row, _written(writer, row)) for row in rows]


def mark_sent(connection: Connection, sent: Sequence[Sent]) -> None:
    """These letters were taken, and what went with them."""
    rows = [{"letter": each.row.id, "at": each.at, "answer": each.reply[:1000], "shown": each.shown} for each in sent]
    connection.execute(_SENT, rows)
    for each in sent:
        joining.sent(connection, each.row, each.at, each.reply[:1000])


def release_claims(connection: Connection, node: str) -> None:
    """Makes due again what a worker, or (by the beginning of their names) all workers of a machine, had claimed."""
    mine = and_(LETTERS.c.state == "claimed", LETTERS.c.claimed_by.startswith(node, autoescape=True))
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


def _sealed(office: Office, letter: Letter) -> tuple[bytes, str]:
    message, text = office.letters.written(letter)
    return office.signer.sign(message) if office.signer else message, text
