"""Listens for SMTP, from the first connection to the last reply."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

from relay.settings import LimitSettings, SmtpSettings, Tls
from relay.smtpd.door import Door
from relay.smtpd.reception import Gate, Reception
from relay.smtpd.session import Session
from relay.smtpd.syntax import line
from storage.spool import Spool


class Server:
    """The SMTP server; `hostname` is the relay's domain. Raises OSError (ssl.SSLError is one) for unusable TLS files."""

    def __init__(
        self,
        settings: SmtpSettings,
        hostname: str,
        spool: Spool,
        gate: Gate,
        log: FilteringBoundLogger,
        *,
        limits: LimitSettings = LimitSettings(),
    ) -> None:
        self._hostname, self._log = hostname, log
        self._tls = _tls_context(settings.tls)
        self._reception = Reception(settings, limits, spool, gate, log)
        self._sessions: set[Session] = set()
        self._doors: list[Door] = []
        self._coming: set[asyncio.Task[None]] = set()
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's: what it tells there, we tell in our log

    def reload(self, settings: SmtpSettings, limits: LimitSettings = LimitSettings()) -> None:
        """New settings for new connections, new limits for all; the listening addresses stay.

        Raises as the constructor, changing nothing.
        """
        self._tls = _tls_context(settings.tls)
        self._reception.settings, self._reception.limits = settings, limits

    async def start(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens on `settings.listen`, or on these bound sockets. Raises OSError; then nothing listens."""
        try:
            for each in sockets if sockets is not None else map(_bound, self._reception.settings.listen):
                self._doors.append(Door(each, self._admit, self._come, self._log))
        except OSError:
            self._close_doors()
            raise
        self._log.info("listening", ports=self.ports)

    @property
    def ports(self) -> list[int]:
        """The ports listened on, in the order of `settings.listen`."""
        return [door.port for door in self._doors]

    async def stop(self, grace: float) -> None:
        """Accepts no more, closes idle connections with 421, and gives mails that are coming in `grace` seconds to finish.

        A mail whose acceptance is cut off then stays in the spool's incoming.
        """
        self._reception.closing = True
        self._close_doors()
        for session in set(self._sessions):
            session.retire()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._quiet()
        for task in self._reception.deliveries:
            task.cancel()
        for session in set(self._sessions):
            session.abort()
        await self._quiet()

    async def _quiet(self) -> None:
        """Waits until no connection and no mail is left."""
        while busy := {session.gone for session in self._sessions} | self._reception.deliveries:
            await asyncio.wait(busy)

    def _close_doors(self) -> None:
        while self._doors:
            self._doors.pop().close()

    def _admit(self, peer: str) -> bytes | None:
        no = self._reception.admit(peer)
        return None if no is None else line(no)

    def _come(self, peer: str, connection: socket.socket) -> None:
        session = Session(self._reception, peer, self._hostname, self._tls, asyncio.get_running_loop())
        self._sessions.add(session)
        session.gone.add_done_callback(lambda _: self._sessions.discard(session))
        coming = asyncio.create_task(self._connect(session, connection))
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)

    async def _connect(self, session: Session, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: session, connection)
        except OSError as error:
            self._log.debug("the client went away", peer=session.peer, error=str(error))
            connection.close()
            session.never_made()


def _bound(where: tuple[str, int]) -> socket.socket:
    return socket.create_server(where, family=socket.AF_INET6 if ":" in where[0] else socket.AF_INET)


def _tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
