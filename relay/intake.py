"""The way of one mail in: spool → read → settle → one transaction → "done with this mail".

The SMTP edge calls `recipient` and `accept` while the sender's server waits; `resume` takes up what a crash left.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from structlog.typing import FilteringBoundLogger

from relay import address, arrival, held, ledger, scanning, sources, store
from relay.envelope import from_json
from relay.errors import Deferred, Refused, SmtpError
from relay.ledger import Stamp
from relay.model import Envelope, Mail, Verdict
from relay.readers.pool import Readers
from relay.readers.process import Unreadable
from relay.scanning import Scanning
from relay.settings import Settings
from relay.settle import UNKNOWN, Outcome, mail_values, settle
from relay.undelivered import tell_postmaster
from storage.blobs import Blobs, put_all
from storage.database import Database, unavailable
from storage.spool import Spool

PATIENCE = 12.0  # seconds that the sender's server waits for our decision, reading and DNS; the mail is safe by then
AGAIN = 30.0  # seconds until such a mail is tried again when the database could not take it
SMALL = 64_000  # bytes of a mail that is kept in memory while it waits to be read
HEADER = 64_000  # bytes at the beginning of a mail in which its addresses and ids stand
KNOWN = 10_000  # addresses remembered as existing


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where things are kept: rows, raw mail, attachments."""

    database: Database
    spool: Spool
    blobs: Blobs


UNLOOKED = "not all of its files have been looked at, as the scanner does not answer"

Judge = Callable[[Envelope, Mail], Awaitable[Verdict]]


async def at_once() -> None:
    """No need to wait."""


async def unknown(_envelope: Envelope, _mail: Mail) -> Verdict:
    """Nobody looks at who wrote the mail."""
    return Verdict()


class Intake:
    """Takes mails in, which `readers` read. `settings` gives the configuration in force.

    `judge` finds out what a mail shows of its author. `wake` is called when letters may be due; `pace` is awaited before a mail,
    and waits when letters are piling up.
    """

    def __init__(
        self,
        shelves: Shelves,
        readers: Readers,
        settings: Callable[[], Settings],
        log: FilteringBoundLogger,
        *,
        judge: Judge = unknown,
        wake: Callable[[], None],
        pace: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        self._shelves, self._readers = shelves, readers
        self._settings, self._log, self._judge, self._wake, self._pace = settings, log, judge, wake, pace
        self.scanning = Scanning(shelves.database, settings, log)
        self._running: set[asyncio.Task[None]] = set()
        self._known: dict[address.Address, None] = {}

    async def recipient(self, recipient: str) -> None:
        """Raises Refused 550 5.1.1 unless the relay has that address, Deferred when that cannot be found out now."""
        settings = self._settings()
        found = address.parse(recipient, settings.relay.domain, settings.links)
        if found is None:
            raise Refused(550, "5.1.1", "No such address here.")
        if found.kind in ("link", "postmaster") or found in self._known:
            return
        if not await self._exists(found):
            raise Refused(550, "5.1.1", "No such address here.")
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[found] = None

    async def accept(self, envelope: Envelope, raw: bytes) -> None:
        """Settles a spooled mail, or lets it be settled later if that takes long. Raises Refused or Deferred."""
        if self._readers.crowded(sources.author(envelope, self._settings().limits.own)):
            raise Deferred(451, "4.3.2", "Too many of your mails are waiting to be read, please try again later.")
        arrived = _arrived(envelope, raw)
        del raw  # a large mail that waits fills no memory
        await self._pace()
        task = self._start(self._process(arrived))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if done:
            return task.result()
        self._log.info("mail_takes_long", mail=envelope.id)
        self._start(self._late(arrived, task))
        return None

    async def release(self, mail_id: str, party: str, *, by_hand: bool = False) -> str:
        """Settles a held mail that is let in for that party; returns what has become of it, in words.

        One that cannot be taken waits on, with the reason. `by_hand`: also without a word of the scanner about its files.
        """
        try:
            fields, raw = self._shelves.spool.read(mail_id)
            envelope = from_json(fields)
            outcome = await self._settle(_arrived(envelope, raw), released=party, by_hand=by_hand)
        except SmtpError as error:
            return await self._held_on(mail_id, str(error))
        except Unreadable as error:
            await self._set_aside(envelope, str(error))
            return f"set aside: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail waits on, and the log has it
            self._log.exception("mail_not_released", mail=mail_id)
            return await self._held_on(mail_id, f"{type(error).__name__}: {error}")
        self._log.info("mail_released", mail=mail_id, state=outcome.state, chain=outcome.chain_id, reason=outcome.reason)
        self._wake()
        if outcome.state == "held":
            return f"still held: {outcome.reason}"
        return f"released: {UNLOOKED}" if outcome.reason == UNLOOKED else "released"

    async def _held_on(self, mail_id: str, why: str) -> str:
        await self._shelves.database.write(lambda c: held.put_back(c, mail_id, why))
        return f"still held: {why}"

    async def release_all(self) -> None:
        """Settles the held mails that were let in, and not settled before a crash."""
        for row in await self._shelves.database.read(held.let_in):
            await self.release(row.id, row.held_for)

    async def resume(self) -> None:
        """Settles what lies in the spool from before: mails whose sender may have been told 250."""
        for mail_id in self._shelves.spool.waiting():
            fields, raw = self._shelves.spool.read(mail_id)
            envelope = from_json(fields)
            self._log.info("mail_resumed", mail=mail_id)
            try:
                await self._process(_arrived(envelope, raw))
            except SmtpError as error:
                await self._set_aside(envelope, f"answered {error} when it was taken up again")

    async def finish(self) -> None:
        """Waits for the mails in flight; one that waits for the database stays in the spool for the next start."""
        if self._running:
            await asyncio.wait(self._running, timeout=PATIENCE)

    async def _late(self, arrived: _Arrived, task: asyncio.Task[None]) -> None:
        """Sees a mail through whose sender has had his 250: it cannot be refused or sent back for later any more."""
        while True:
            try:
                try:
                    return await task
                except Refused as error:
                    return await self._set_aside(arrived.envelope, str(error))
            except Deferred:
                await asyncio.sleep(AGAIN)
                task = asyncio.create_task(self._process(arrived))

    async def _process(self, arrived: _Arrived) -> None:
        envelope = arrived.envelope
        try:
            outcome = await self._settle(arrived)
        except SmtpError:
            raise
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self._log.error("mail_not_stored", mail=envelope.id, error=str(error))
            raise Deferred(
                452 if full else 451, "4.3.1" if full else "4.3.0", "Cannot store mail now, try again later."
            ) from error
        except Exception as error:
            if unavailable(error):
                self._log.error("database_unavailable", mail=envelope.id, error=str(error))
                raise Deferred(451, "4.3.0", "Cannot store mail now, try again later.") from error
            self._log.exception("mail_not_understood", mail=envelope.id)
            await self._set_aside(envelope, str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}")
        else:
            self._shelves.spool.keep(envelope.id)
            self._log.info("mail_settled", mail=envelope.id, state=outcome.state, chain=outcome.chain_id, reason=outcome.reason)
            if outcome.let_in:
                self._start(self.release_all())
        self._wake()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _settle(self, arrived: _Arrived, released: str = "", *, by_hand: bool = False) -> Outcome:
        settings, envelope, stamp = self._settings(), arrived.envelope, self._stamp(arrived.envelope)
        source = sources.author(envelope, settings.limits.own)
        sent, asks = await self._shelves.database.read(
            lambda c: (store.shown(c, arrived.tokens, settings.relay.domain), arrival.asks(c, settings, envelope))
        )
        mail = await self._readers.read(lambda: self._bytes(arrived), sent, settings.files.withhold, source=source)
        self._log.info("mail_read", mail=envelope.id, kind=mail.kind, message_id=mail.message_id, author=mail.author.address)
        verdict = await self._judge(envelope, mail) if asks and not released else UNKNOWN
        scanned = await self.scanning.examine(mail, stamp)
        mail = await self._examined(scanning.passed(scanned) if by_hand else scanned, settings, source)
        await self._store_files(mail)
        outcome = await self._shelves.database.write(
            lambda c: settle(c, settings, envelope, mail, stamp, verdict=verdict, size=arrived.size, released=released)
        )
        if isinstance(outcome, SmtpError):
            if outcome.limit:
                self._log.warning("limit_reached", reason=outcome.limit, mail=envelope.id)
            raise outcome
        return replace(outcome, reason=UNLOOKED) if by_hand and scanning.passed(scanned) != scanned else outcome

    def _bytes(self, arrived: _Arrived) -> bytes:
        return self._shelves.spool.read(arrived.envelope.id)[1] if arrived.raw is None else arrived.raw

    async def _examined(self, mail: Mail, settings: Settings, source: str) -> Mail:
        """The mail with those of its files marked that cannot be cleaned for a hidden link, where there is such a link."""
        if not mail.attachments or all(link.identity != "hidden" for link in settings.links.values()):
            return mail
        stuck = await self._readers.stuck([file.content for file in mail.attachments], source=source)
        return replace(
            mail, attachments=tuple(replace(file, stuck=how) for file, how in zip(mail.attachments, stuck, strict=True))
        )

    async def _store_files(self, mail: Mail) -> None:
        """Those that may be passed on: a reply's."""
        files = mail.attachments if mail.kind == "reply" else ()
        await put_all(self._shelves.blobs, {file.sha256: file.content for file in files if not file.withheld})

    async def _set_aside(self, envelope: Envelope, reason: str) -> None:
        """The postmaster is told, then the mail is kept whole with the reason; it stays where it is while nobody can be told.

        Raises Deferred when the database is away.
        """
        settings, stamp = self._settings(), self._stamp(envelope)

        def tell(connection: Connection) -> None:
            ledger.save_mail(connection, mail_values(envelope, Outcome("aside", reason)))
            tell_postmaster(connection, settings, stamp, _statement(envelope, reason))

        try:
            await self._shelves.database.write(tell)
        except Exception as error:
            if unavailable(error):
                raise Deferred(451, "4.3.0", "Cannot store mail now, try again later.") from error
            raise
        self._shelves.spool.set_aside(envelope.id, reason)
        self._log.error("mail_set_aside", mail=envelope.id, reason=reason)
        self._wake()

    async def _exists(self, found: address.Address) -> bool:
        try:
            return await self._shelves.database.read(lambda c: store.exists(c, found))
        except Exception as error:
            if unavailable(error):
                raise Deferred(451, "4.3.0", "Cannot look that address up now, try again later.") from error
            raise

    def _stamp(self, envelope: Envelope) -> Stamp:
        return Stamp(self._settings().relay.domain, envelope.id, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A mail that lies in the spool; the bytes of a small one are at hand as well. `tokens` as `tokens_of` gives them."""

    envelope: Envelope
    tokens: frozenset[str]
    size: int
    raw: bytes | None


def _arrived(envelope: Envelope, raw: bytes) -> _Arrived:
    return _Arrived(envelope, tokens_of(envelope, raw), len(raw), raw if len(raw) < SMALL else None)


def tokens_of(envelope: Envelope, raw: bytes) -> frozenset[str]:
    """The tokens of the tickets that a mail goes to or answers, as far as its envelope and header name them."""
    header = raw[:HEADER].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return address.tokens(" ".join(envelope.rcpt_to).encode("utf-8", "replace")) | address.tokens(header)


def _statement(envelope: Envelope, reason: str) -> dict[str, Any]:
    return {
        "what": "A mail could not be processed and was set aside",
        "details": {"Mail": envelope.id, "From": envelope.mail_from or "<>", "To": ", ".join(envelope.rcpt_to), "Why": reason},
        "text": (
            f"The mail is kept whole in the spool's folder corrupt, as {envelope.id}.eml, with the reason beside it. Its "
            "sender was told that it has arrived, and nobody has got anything of it. Read it, and pass on by hand what it says."
        ),
    }
