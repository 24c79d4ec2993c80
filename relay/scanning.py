"""The files of a mail before the scanner: which of them nobody gets, and what becomes of the mail while it does not answer.

| mark | when | what becomes of it |
| --- | --- | --- |
| `infected` | the scanner says so | the file is withheld, its sender is told |
| `too-large` | the scanner does not look at files of that size | the same, with `down = "hold"` |
| `unscanned` | it does not answer, or not to be understood | the mail is held with `down = "hold"`; see `housekeeping` |

Only files that would be passed on are shown to it: those of replies. Text is not passed on as it came, but written anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from relay import ledger
from relay.ledger import Stamp
from relay.model import Attachment, Mail
from relay.scanner import CONNECT, Away, Clamd, TooLarge, Unscanned
from relay.settings import ScanSettings, Settings
from relay.undelivered import tell_postmaster
from storage.database import Database

AT_ONCE = 4  # mails whose files are being looked at; clamd has ten threads by default
ROOM = 200_000_000  # bytes of files that wait in memory for that; what is more counts as not answered
REST = 10.0  # seconds for which a scanner that was away is not asked again: nobody else is to wait as long for it
UNDECIDED = frozenset({"too-large", "unscanned"})


class Scanning:
    """One for a process. `settings` gives the configuration in force."""

    def __init__(self, database: Database, settings: Callable[[], Settings], log: FilteringBoundLogger) -> None:
        self._database, self._settings, self._log = database, settings, log
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._rests_until = 0.0

    async def examine(self, mail: Mail, stamp: Stamp) -> Mail:
        """The mail with its marks; the postmaster has been told if the scanner could not be asked."""
        settings = self._settings()
        if settings.scan is None or mail.kind != "reply" or all(file.withheld for file in mail.attachments):
            return mail
        marked, trouble = await look(mail, partial(self._ask, settings.scan, stamp.mail_id))
        if trouble is None:
            return marked
        self._log.warning("files_not_scanned", mail=stamp.mail_id, why=str(trouble), down=settings.scan.down)
        await self._database.write(lambda c: _tell(c, settings, stamp, trouble))
        return marked if settings.scan.down == "hold" else passed(marked)

    async def answers(self, scan: ScanSettings) -> bool:
        """Whether the scanner is there; if so, the next file is shown to it without waiting for its rest to end."""
        try:
            await Clamd(scan, CONNECT).ping()
        except Unscanned:
            return False
        self._rests_until = 0.0
        return True

    async def _ask(self, scan: ScanSettings, mail_id: str, file: Attachment) -> str:
        async with self._queued(len(file.content)):
            try:
                found = await Clamd(scan).scan(file.content)
            except Away:
                self._rests_until = asyncio.get_running_loop().time() + REST
                raise
        if found:
            self._log.warning("file_infected", mail=mail_id, sha256=file.sha256, found=found)
        return found

    @asynccontextmanager
    async def _queued(self, size: int) -> AsyncIterator[None]:
        """A turn at the scanner. Raises Away at once while it rests, or when too much waits already."""
        if self._waiting and self._waiting + size > ROOM:
            raise Away("more files wait for it than there is memory for")
        self._waiting += size
        try:
            async with self._turn:
                if asyncio.get_running_loop().time() < self._rests_until:
                    raise Away("it did not answer a moment ago")
                yield
        finally:
            self._waiting -= size


async def look(mail: Mail, ask: Callable[[Attachment], Awaitable[str]]) -> tuple[Mail, Unscanned | None]:
    """The mail with its marks, each file looked at once; and why one could not be looked at, if so. `ask` is as `Clamd.scan`."""
    marks: dict[str, str] = {}
    trouble: Unscanned | None = None
    for file in mail.attachments:
        if file.withheld or file.sha256 in marks:
            continue
        try:
            marks[file.sha256] = "infected" if await ask(file) else ""
        except Unscanned as error:
            trouble = trouble or error
            marks[file.sha256] = "too-large" if isinstance(error, TooLarge) else "unscanned"
    files = (replace(file, withheld=file.withheld or marks[file.sha256]) for file in mail.attachments)
    return replace(mail, attachments=tuple(files)), trouble


def passed(mail: Mail) -> Mail:
    """The mail with those files let through that could not be looked at."""
    files = (replace(file, withheld="") if file.withheld in UNDECIDED else file for file in mail.attachments)
    return replace(mail, attachments=tuple(files))


def _tell(connection: Connection, settings: Settings, stamp: Stamp, trouble: Unscanned) -> None:
    """The postmaster hears of it once a day."""
    kind = "scanner too small" if isinstance(trouble, TooLarge) else "scanner away"
    if ledger.first_time(connection, f"{stamp.now:%Y-%m-%d}", kind, 0, stamp.mail_id):
        tell_postmaster(connection, settings, stamp, _statement(settings, stamp, trouble))


def _statement(settings: Settings, stamp: Stamp, trouble: Unscanned) -> dict[str, Any]:
    assert settings.scan
    held, scan = settings.scan.down == "hold", settings.scan
    too_large = isinstance(trouble, TooLarge)
    if too_large:
        what = "A file was too large for the virus scanner"
        became = "It was not sent on, and its sender has been told." if held else 'It was sent on all the same (down = "pass").'
        remedy = f"Set StreamMaxLength in clamd.conf to what [smtp] max_size is: {settings.smtp.max_size} bytes."
    else:
        what = "The virus scanner does not answer"
        became = (
            "Mails with files are held until it does, and go on by themselves then; `relay held release` lets one through now."
            if held
            else 'Files are sent on without having been looked at (down = "pass").'
        )
        remedy = "Look whether clamd runs, and at its log."
    details = {"Mail": stamp.mail_id, "Scanner": scan.path or f"{scan.host}:{scan.port}", "Why": str(trouble)}
    return {"what": what, "details": details, "text": f"{became} {remedy} This is said once a day."}
