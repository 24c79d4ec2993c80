"""One SMTP connection: aiosmtpd's protocol with our own DATA, limits, and enhanced codes on every reply (RFC 2034)."""

# ruff: noqa: N802 - the commands' names are aiosmtpd's hooks

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable
from datetime import UTC, datetime
from math import inf
from typing import AnyStr, TypeVar

from aiosmtpd.smtp import SMTP, TLSSetupException

from relay import sources
from relay.errors import Deferred, Refused, SmtpError
from relay.model import Envelope
from relay.smtpd.data import DataReader
from relay.smtpd.hooks import Hooks
from relay.smtpd.reception import LATER, STOPPING, Reception
from relay.smtpd.syntax import NULL_SENDER, enhanced, line, path, plain
from storage.spool import Draft

T = TypeVar("T")
CHUNK = 256 * 1024  # bytes of DATA taken at once
READ_AHEAD = 64 * 1024  # the transport is paused at twice this
COMMAND_LINE = 2048  # RFC 5321 says 512; long return-paths and SMTPUTF8 need more
PATIENCE, SLOWEST = 600.0, 10_000.0  # seconds for any DATA; beyond that, the bytes a second that a large one must keep up
HURRY, CRAWL = 30.0, 1000.0  # the same when the house is full: who is slower counts as one who keeps us waiting
NOES = 20  # recipients refused and mails sent off for later in one connection: who goes on then is guessing, or does not listen
LINGER = 5.0  # seconds that a client has to fetch its last reply

TOO_LARGE = Refused(552, "5.3.4", "The message is larger than this server takes.")
BARE = Refused(554, "5.6.0", "The message has a bare CR or LF: every line must end with CR LF. Please send it again so.")
ENOUGH = "421 4.7.0 Too many errors, closing the connection."
ROOM = "421 4.7.0 Idle while others wait to come in, closing the connection; please try again later."
TIMEOUT = "421 4.4.2 Timeout, closing the connection."


class Session(SMTP):
    """One connection of the client `peer`, in from now on; `gone` is done when it is over."""

    def __init__(
        self, reception: Reception, peer: str, hostname: str, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        settings = reception.settings
        super().__init__(
            Hooks(reception),
            data_size_limit=settings.max_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="ESMTP",
            tls_context=tls,
            require_starttls=bool(settings.tls and settings.tls.required),
            timeout=settings.idle.total_seconds(),
            command_call_limit=settings.commands,
            loop=loop,
        )
        # In place of aiosmtpd's reader, which pauses the transport every 2 KB.
        self._input = _Reader(READ_AHEAD, loop)
        asyncio.StreamReaderProtocol.__init__(self, self._input, self._cb_client_connected, loop)
        self.command_size_limits = defaultdict(lambda: COMMAND_LINE)
        self.gone: asyncio.Future[None] = loop.create_future()
        self.peer = peer
        self._reception, self._max_size = reception, settings.max_size
        self._receiving = False
        self.since = inf
        self._noes = 0
        self._lingering: asyncio.TimerHandle | None = None
        reception.enter(self)

    # ── coming and going ───────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Once for the connection, and once more when TLS is on."""
        super().connection_made(transport)

    async def _handle_client(self) -> None:
        try:
            await super()._handle_client()
        except ConnectionError:
            self._reception.log.debug("the client went away", peer=self.peer)
        except Exception:
            self._reception.log.exception("session_broke", peer=self.peer)
            self.abort()

    def eof_received(self) -> bool:
        """A client that only stops sending still gets the replies to what it sent; aiosmtpd would drop them."""
        assert self.session is not None
        return bool(asyncio.StreamReaderProtocol.eof_received(self)) and self.session.ssl is None

    def connection_lost(self, error: Exception | None) -> None:
        """The end, whoever made it; may be told twice when TLS fails."""
        if self.gone.done():
            return
        self.never_made()
        if self._lingering is not None:
            self._lingering.cancel()
        super().connection_lost(error)

    def never_made(self) -> None:
        """It is over, or has not even begun."""
        self.gone.set_result(None)
        self._reception.leave(self)

    def hang_up(self, reply: str) -> None:
        """Says why, closes, and does not wait for ever until the client has read it."""
        if self.transport is None or self._writer.transport is not self.transport:
            return self.abort()  # gone already, or in the middle of the TLS handshake
        if not self._writer.is_closing():
            self._writer.write(line(reply))
            self._writer.close()
        self._lingering = self.loop.call_later(LINGER, self.abort)
        return None

    def abort(self) -> None:
        """Closes at once."""
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        if self.transport is not None and self._writer.transport is not self.transport:
            self.loop.call_soon(self.connection_lost, None)  # in the middle of the TLS handshake nobody else says so

    def retire(self) -> None:
        """The server stops: closes now, or after the mail that is coming in."""
        if not self._receiving:
            self.hang_up(STOPPING)

    def make_room(self) -> None:
        """Somebody else gets its place."""
        self.cut_off("room", ROOM)
        if self.transport is not None and self._writer.transport.get_write_buffer_size():
            self.abort()  # it does not read

    def cut_off(self, reason: str, reply: str) -> None:
        """Ends it for something that the client does, or does not do."""
        self._reception.seldom("cut_off", reason, self.peer)
        self.hang_up(reply)

    def count_no(self) -> None:
        """One more no. Raises ConnectionResetError, the connection closed, when there were too many."""
        self._noes += 1
        if self._noes >= NOES and not sources.is_own(self.peer, self._reception.limits.own):
            self.cut_off("errors", ENOUGH)
            raise ConnectionResetError("too many errors")

    def _timeout_cb(self) -> None:
        self.cut_off("timeout", TIMEOUT)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """A whole command has come, or it is the client's turn again."""
        super()._reset_timeout(duration)
        self.since = time.monotonic()

    # ── replies ────────────────────────────────────────────────────────────────────────────────────────────

    async def push(self, status: AnyStr) -> None:
        """Sends one reply; those of aiosmtpd itself get their enhanced code here."""
        if self._writer.is_closing():
            raise ConnectionResetError("the connection is being closed")
        reply = status if isinstance(status, str) else status.decode()
        self._writer.write(line(enhanced(reply, self.hostname)))
        await self._writer.drain()
        await asyncio.sleep(0)  # who sends a thousand commands at once takes turns with the others

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours, or TLS that did not come about: logged whole, told in one plain sentence."""
        if isinstance(error, TLSSetupException):
            self._reception.log.info("no_tls", peer=self.peer, reason=str(error.__cause__))
        else:
            self._reception.log.error("command_failed", peer=self.peer, exc_info=error)
        return str(Deferred(451, "4.3.0", LATER))

    # ── commands ───────────────────────────────────────────────────────────────────────────────────────────

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Address and parameters of MAIL and RCPT; (None, None) for a malformed one."""
        return path(arg)

    async def smtp_STARTTLS(self, arg: str) -> None:
        """RFC 3207; once in a connection."""
        if self._tls_protocol:
            await self.push("503 5.5.1 TLS is on already")
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        """There are no accounts."""
        await self.push("502 5.5.1 There is no authentication here")

    async def smtp_VRFY(self, arg: str) -> None:
        """Tells nothing (RFC 5321 §7.3)."""
        await self.push("252 2.5.0 Cannot verify addresses; send the mail and see")

    async def smtp_HELP(self, arg: str) -> None:
        """Where to read on."""
        await self.push("214 2.0.0 See RFC 5321; mail to postmaster reaches a person")

    async def smtp_DATA(self, arg: str | None) -> None:
        """Takes one mail in."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        else:
            await self._data()

    async def _data(self) -> None:
        self._receiving = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            reply = await self._mail()
            self._reception.log.debug("answered", command="DATA", reply=reply)
            await self.push(reply)
        finally:
            self._receiving = False
            self.envelope = self._create_envelope()
        if self._reception.closing:
            self.hang_up(STOPPING)

    async def _mail(self) -> str:
        """Reads one mail and returns the reply to it."""
        draft = self._reception.spool.draft()
        try:
            fault = await self._receive(draft)
        except BaseException:
            draft.close()
            raise
        if fault is None:
            return await self.at_work(self._reception.deliver(self._sealed(), draft))
        draft.close()
        self._reception.log.info("mail_refused" if fault.code >= 500 else "mail_deferred", peer=self.peer, reply=str(fault))
        return str(fault)

    async def _receive(self, draft: Draft) -> SmtpError | None:
        """Reads to the end of the data whatever comes; what cannot be taken is thrown away on the way."""
        data, fault, started, received = DataReader(), None, time.monotonic(), 0
        while not data.done:
            self.since = min(time.monotonic(), started + received / CRAWL) + HURRY
            chunk = await self._chunk()
            received += len(chunk)
            payload = data.feed(chunk)
            fault = fault or self._write(draft, payload) or (BARE if data.bare else None)
            if time.monotonic() - started > PATIENCE + draft.size / SLOWEST:
                self.cut_off("slow", TIMEOUT)
                raise ConnectionResetError("DATA took too long")
        self._input.unread(data.rest)
        return fault

    async def _chunk(self) -> bytes:
        chunk = await self._input.read(CHUNK)
        if not chunk:
            raise ConnectionResetError("the client went away in the middle of DATA")
        self._reset_timeout()
        return chunk

    def _write(self, draft: Draft, payload: bytes) -> SmtpError | None:
        try:
            draft.write(payload)
        except OSError as error:
            return self._reception.unstored(error, self._reception.log.bind(peer=self.peer))
        return TOO_LARGE if draft.size > self._max_size else None

    def _sealed(self) -> Envelope:
        assert self.envelope is not None
        assert self.session is not None
        sender = self.envelope.mail_from or NULL_SENDER
        return Envelope(
            id=self._reception.spool.new_id(),
            mail_from="" if sender == NULL_SENDER else sender,
            rcpt_to=tuple(self.envelope.rcpt_tos),
            peer=self.peer,
            helo=plain(self.session.host_name or ""),
            received_at=datetime.now(UTC),
            tls=self.session.ssl is not None,
        )

    async def at_work(self, work: Awaitable[T]) -> T:
        """While it is us who work, the client may be silent."""
        assert self._timeout_handle is not None
        self._timeout_handle.cancel()
        self.since = inf
        try:
            return await work
        finally:
            if self.transport is not None:
                self._reset_timeout()


class _Reader(asyncio.StreamReader):
    """A reader that can take back, and for which the end of the stream is the end of the client."""

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]  # wider in newer Pythons
        try:
            return await super().readuntil(separator)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the client stopped sending") from None

    def unread(self, data: bytes) -> None:
        """Puts bytes back to the front."""
        self._buffer[:0] = data  # type: ignore[attr-defined]  # asyncio has no public way back
