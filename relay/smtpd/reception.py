"""What all connections share: who may come in, and the way of a finished mail: spool (fsynced), gate, reply."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Awaitable
from contextlib import closing, nullcontext
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from relay import sources
from relay.address import brief
from relay.envelope import to_json
from relay.errors import Deferred, SmtpError
from relay.model import Envelope
from relay.places import Places
from relay.settings import LimitSettings, SmtpSettings
from relay.smtpd.connections import Connection, Connections
from relay.smtpd.minute import MINUTE, LastMinute
from storage.spool import Draft, Spool

LARGE = 1_000_000  # bytes
LARGE_AT_ONCE, LARGE_OF_ONE = 4, 2
LATER = "Cannot take this mail now, please try again later."
FULL_HOUSE = "421 4.7.0 Too many connections{}, please try again later."
STOPPING = "421 4.3.2 The server is shutting down, please try again later."
TOO_OFTEN = "451 4.7.1 Too many mails within a minute{}, please try again later."
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class Gate(Protocol):
    """Who decides about addresses and mails: each method returns for yes, and raises Refused or Deferred for no."""

    async def recipient(self, address: str) -> None:
        """Whether the relay has this address; called at RCPT, with the address as given."""

    async def accept(self, envelope: Envelope, raw: bytes) -> None:
        """Takes the mail over; it is fsynced in the spool's incoming under `envelope.id`, and there it stays after a yes.

        After a no the edge drops the file: the sender has been told, or comes again. Whatever else is raised is answered 451
        and dropped too, so a mail that only a person can help with is the gate's to set aside.
        """


class Reception:
    """Takes mails from the sessions. `settings` may be replaced at any time; a connection keeps those it began with.

    `limits` may be, too, and hold at once.
    """

    def __init__(
        self, settings: SmtpSettings, limits: LimitSettings, spool: Spool, gate: Gate, log: FilteringBoundLogger
    ) -> None:
        self.settings, self.limits = settings, limits
        self.spool, self.gate, self.log = spool, gate, log
        self.closing = False
        self.deliveries: set[asyncio.Task[str]] = set()
        self._connections, self._last_minute = Connections(), LastMinute()
        self._large = Places(LARGE_AT_ONCE, LARGE_OF_ONE)
        self._said: dict[tuple[str, str], float] = {}

    # ── limits ─────────────────────────────────────────────────────────────────────────────────────────────

    def admit(self, peer: str) -> str | None:
        """The reply for a client for whom there is no room; None when there is, maybe as another had to go."""
        reached = "stopping" if self.closing else self._connections.make_room(peer, self.settings, time.monotonic())
        if reached is None:
            return None
        self.seldom("turned_away", reached, peer)
        return (
            STOPPING if self.closing else FULL_HOUSE.format(" from your address" if reached == "connections_per_address" else "")
        )

    def enter(self, connection: Connection) -> None:
        """Counts a connection in, until `leave`."""
        self.log.debug("connected", peer=connection.peer)
        self._connections.enter(connection)

    def leave(self, connection: Connection) -> None:
        """Counts a connection out."""
        self.log.debug("disconnected", peer=connection.peer)
        self._connections.leave(connection)

    def begin(self, peer: str) -> str | None:
        """Counts a mail that begins; or the reply when there are too many."""
        reached = self._last_minute.add(peer, self.limits, time.monotonic())
        if reached is None:
            return None
        self.seldom("limit_reached", reached, peer)
        return TOO_OFTEN.format(" from your address" if reached == "mails_a_minute_per_address" else "")

    def seldom(self, event: str, reason: str, peer: str) -> None:
        """Logs what a flood makes happen thousands of times: a warning a minute for each reason, the rest for metrics only."""
        now = time.monotonic()
        if now - self._said.get((event, reason), -MINUTE) < MINUTE:
            self.log.debug(event, reason=reason, peer=peer)
        else:
            self._said[event, reason] = now
            self.log.warning(event, reason=reason, peer=peer)

    # ── mails ──────────────────────────────────────────────────────────────────────────────────────────────

    async def recipient(self, address: str, peer: str) -> str | None:
        """The reply for an address that is not taken, None for one that is."""
        return await self._ask(self.gate.recipient(address), self.log.bind(peer=peer, recipient=brief(address)))

    async def deliver(self, envelope: Envelope, draft: Draft) -> str:
        """Stores the mail, asks the gate, and returns the reply; closes the draft.

        Goes on to its end when the client hangs up meanwhile: a mail is never left half accepted.
        """
        task = asyncio.create_task(self._deliver(envelope, draft))
        self.deliveries.add(task)
        task.add_done_callback(self.deliveries.discard)
        return await asyncio.shield(task)

    async def _deliver(self, envelope: Envelope, draft: Draft) -> str:
        log = self.log.bind(mail=envelope.id, peer=envelope.peer)
        with closing(draft):
            try:
                await self.spool.commit(envelope.id, to_json(envelope), draft)
            except Exception as error:  # noqa: BLE001 - whatever it is, the sender keeps the mail
                self._drop(envelope.id, log)
                return str(self.unstored(error, log))
            log.info("mail_stored", sender=envelope.mail_from, recipients=[brief(to) for to in envelope.rcpt_to], size=draft.size)
            return await self._offer(envelope, draft, log)

    async def _offer(self, envelope: Envelope, draft: Draft, log: FilteringBoundLogger) -> str:
        """Puts a stored mail before the gate. Large ones, which are read into memory for that, a few at a time."""
        source = sources.author(envelope, self.limits.own)
        async with self._large.place(source) if draft.size > LARGE else nullcontext():
            if reply := await self._ask(self.gate.accept(envelope, draft.content()), log):
                self._drop(envelope.id, log)
                return reply
        return f"250 2.0.0 OK: queued as {envelope.id}"

    async def _ask(self, question: Awaitable[None], log: FilteringBoundLogger) -> str | None:
        try:
            await question
        except SmtpError as no:
            log.info("mail_refused" if no.code >= 500 else "mail_deferred", reply=str(no))
            return str(no)
        except Exception:
            log.exception("gate_failed")
            return str(Deferred(451, "4.3.0", LATER))
        return None

    def _drop(self, mail_id: str, log: FilteringBoundLogger) -> None:
        try:
            self.spool.drop(mail_id)
        except OSError:  # it will be found again at the next start, and judged again
            log.exception("spool_cannot_remove")

    def unstored(self, error: Exception, log: FilteringBoundLogger) -> Deferred:
        """The answer when the disk does not take a mail; the error itself goes to the log."""
        log.error("mail_not_stored", exc_info=error)
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            return Deferred(452, "4.3.1", "No space to store this mail now, please try again later.")
        return Deferred(451, "4.3.0", LATER)
