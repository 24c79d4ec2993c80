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

from sqlalchemy import select
from structlog.typing import FilteringBoundLogger

from relay import held, quotas, statements
from relay.intake import Intake, Shelves
from relay.ledger import Stamp
from relay.settings import Settings
from relay.settle import UNSCANNED
from relay.store import MAILS

EVERY = 60.0  # seconds
Chore = Callable[[], Awaitable[None]]

_UNSCANNED = select(MAILS.c.id, MAILS.c.held_for).where(MAILS.c.state == "held", MAILS.c.reason == UNSCANNED).order_by(MAILS.c.id)


class Housekeeping:
    """Does its chores for as long as `run` runs. `settings` gives the configuration in force."""

    def __init__(self, shelves: Shelves, intake: Intake, settings: Callable[[], Settings], log: FilteringBoundLogger) -> None:
        self._shelves, self._intake, self._settings, self._log = shelves, intake, settings, log
        self._woken = asyncio.Event()
        self._tries: Counter[str] = Counter()
        self.chores: tuple[Chore, ...] = (self._scan_again, self._expire, self._forget, self._report)

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
