"""What is to be done now and then, without a mail that brings it: a list of chores, done every minute by one worker of a node."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from structlog.typing import FilteringBoundLogger

from relay import digester, health, held, quotas, reminders, statements
from relay.intake import Intake, Shelves
from relay.ledger import Stamp
from relay.settings import Settings
from relay.settle import UNSCANNED
from relay.store import MAILS
from relay.undelivered import tell_postmaster

EVERY = 60.0  # seconds
Chore = Callable[[], Awaitable[None]]

_UNSCANNED = select(MAILS.c.id, MAILS.c.held_for).where(MAILS.c.state == "held", MAILS.c.reason == UNSCANNED).order_by(MAILS.c.id)


class Housekeeping:
    """Does its chores for as long as `run` runs. `settings` gives the configuration in force."""

    def __init__(self, shelves: Shelves, intake: Intake, settings: Callable[[], Settings], log: FilteringBoundLogger) -> None:
        self._shelves, self._intake, self._settings, self._log = shelves, intake, settings, log
        self._woken = asyncio.Event()
        self._tries: Counter[str] = Counter()
        self._watch = reminders.Watch()
        self.chores: tuple[Chore, ...] = (
            self._scan_again,
            self._expire,
            self._forget,
            self._remind,
            self._digests,
            self._report,
        )

    def wake(self) -> None:
        """Something may be possible now that was not before."""
        self._woken.set()

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            self._woken.clear()
            with _alone(self._settings().relay.data / "housekeeping.lock") as mine:
                if mine:
                    await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._woken.wait()

    async def _round(self) -> None:
        for chore in self.chores:
            try:
                await chore()
            except Exception:  # noqa: BLE001 - the other chores go on, and this one comes round again
                self._log.exception("chore_failed", chore=getattr(chore, "__name__", str(chore)))

    # ── chores ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _scan_again(self) -> None:
        """Mails held while the scanner was away go on when it answers, or when the configuration says that they may."""
        waiting = await self._unscanned() if await self._may_pass() else {}
        for mail_id in sorted(waiting, key=lambda each: (self._tries[each], each)):  # one that it chokes on stops no other
            if mail_id in await self._unscanned():  # nobody has released or refused it meanwhile
                self._tries[mail_id] += 1
                await self._intake.release(mail_id, waiting[mail_id])
            if not await self._may_pass():
                return

    async def _may_pass(self) -> bool:
        """Whether a mail with files would go on now."""
        scan = self._settings().scan
        return scan is None or await self._intake.scanning.answers(scan) or scan.down == "pass"

    async def _unscanned(self) -> dict[str, str]:
        """The parties of those whose raw mails are here, and not at another node."""
        found = await self._shelves.database.read(lambda c: c.execute(_UNSCANNED).all())
        return {row.id: row.held_for for row in found if self._shelves.spool.find(row.id)}

    async def _expire(self) -> None:
        """Held mails that nobody has decided about are dropped, and that is said."""
        settings = self._settings()
        stamp = Stamp(settings.relay.domain, "", datetime.now(UTC))
        for mail_id in await self._shelves.database.write(lambda c: held.expire(c, settings, stamp)):
            self._log.info("mail_expired", mail=mail_id)

    async def _forget(self) -> None:
        """What parties had of the relay on other days."""
        await self._shelves.database.write(lambda c: quotas.forget(c, datetime.now(UTC)))

    async def _digests(self) -> None:
        """Digests whose time has come are made and put into the outbox; one that cannot be made stops no other."""
        database, settings = self._shelves.database, self._settings()
        for party in await database.read(lambda c: digester.unbegun(c, settings)):
            await database.write(partial(digester.begin, party=party, now=datetime.now(UTC)))
        for party, moment in (await database.read(lambda c: digester.due(c, settings, datetime.now(UTC)))).items():
            try:
                await (self._digest(settings, party, moment) if party else self._health(settings, moment))
            except Exception:  # noqa: BLE001 - it comes round again
                self._log.exception("digest_failed", party=party)

    async def _digest(self, settings: Settings, party: str, moment: datetime) -> None:
        stamp = Stamp(settings.relay.domain, "", datetime.now(UTC))
        data = await self._shelves.database.read(lambda c: digester.collect(c, settings, party, stamp.now))
        if await self._shelves.database.write(lambda c: digester.send(c, settings, data, moment, stamp)):
            self._log.info("digest_made", party=party, due=moment.isoformat(), rows=len(data["rows"]))

    async def _health(self, settings: Settings, moment: datetime) -> None:
        """The postmaster's; nothing is written where there is nothing to say."""
        stamp = Stamp(settings.relay.domain, "", datetime.now(UTC))

        def look(connection: Connection) -> tuple[dict[str, Any] | None, int]:
            since = digester.since(connection, digester.POSTMASTER, stamp.now)
            return health.statement(connection, settings, since, moment, stamp.now), digester.newest(connection)

        def tell(connection: Connection) -> None:
            if digester.claim(connection, digester.POSTMASTER, moment, newest, len(statement or ())) and statement:
                tell_postmaster(connection, settings, stamp, statement)

        statement, newest = await self._shelves.database.read(look)
        await self._shelves.database.write(tell)

    async def _remind(self) -> None:
        """Those who have the ball hear of deadlines that come, those above them of deadlines that are past."""
        settings, database, now = self._settings(), self._shelves.database, datetime.now(UTC)
        chains = await database.read(lambda c: self._watch.due(c, settings, now))
        for start in range(0, len(chains), reminders.TOGETHER):
            some = chains[start : start + reminders.TOGETHER]
            for chain in await database.read(partial(self._watch.look, settings=settings, chains=some, now=now)):
                stamp = Stamp(settings.relay.domain, "", datetime.now(UTC))
                count = await database.write(partial(reminders.tell, settings=settings, chain_id=chain, stamp=stamp))
                self._log.info("reminded", chain=chain, reminders=count)

    async def _report(self) -> None:
        """The reports of the month before, each party's when its day has come; a missed one late, and none twice."""
        settings, database, now = self._settings(), self._shelves.database, datetime.now(UTC)
        stamp = Stamp(settings.relay.domain, "", now)
        for party, days in await database.read(lambda c: statements.due(c, settings, now)):
            rows = await database.read(partial(statements.rows, settings=settings, days=days, now=now, party=party))
            told = statements.Statement(party, days, rows)
            if await database.write(partial(statements.issue, told=told, stamp=stamp)):
                self._log.info("report_sent", party=party.key, period=days.name)


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other worker of this node is at it; if so, none begins meanwhile. A worker that dies lets go."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
