"""Builds everything once, runs the loops, stops gracefully.

`prepare` is done once for a node, before any worker: migrations, and what a crash left in the spool. `App` is one worker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from relay import config, lookups, transport
from relay.authentication import Authenticator
from relay.errors import ConfigError
from relay.housekeeping import Housekeeping
from relay.intake import Intake, Judge, Shelves
from relay.letters import Letters
from relay.model import Envelope, Mail, Verdict
from relay.outbox import Office, Outbox, release_claims
from relay.readers.pool import Readers
from relay.settings import Settings
from relay.signing import Signer
from relay.smtpd import Server
from relay.wording import TemplateError
from storage import private
from storage.blobs import open_blobs
from storage.database import Database
from storage.migrations import migrate
from storage.spool import Spool

GRACE = 20.0  # seconds for what is in flight when we are told to stop


class App:
    """One worker: the SMTP edge, the intake and the outbox over one database, spool and blob store."""

    def __init__(self, settings: Settings, log: FilteringBoundLogger) -> None:
        self.settings, self._log = settings, log
        self._office = office(settings)
        self._shelves = shelves(settings)
        self._readers = Readers()
        self.outbox = Outbox(
            self._shelves.database, self._shelves.blobs, self._readers, lambda: self._office, log=log, node=worker(settings)
        )
        self._judge = judge(settings)
        self.intake = Intake(
            self._shelves,
            self._readers,
            lambda: self.settings,
            log,
            judge=self._verdict,
            wake=self.outbox.wake,
            pace=self.outbox.pace,
        )
        self.server = Server(settings.smtp, settings.relay.domain, self._shelves.spool, self.intake, log, limits=settings.limits)
        self.housekeeping = Housekeeping(self._shelves, self.intake, lambda: self.settings, log)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the port (or serves the given bound sockets) and begins to send."""
        await self._readers.start()
        self._tasks = [asyncio.create_task(self.outbox.run())]
        await self.server.start(sockets)
        self._tasks.append(asyncio.create_task(self.housekeeping.run()))
        self._log.info("serving", domain=self.settings.relay.domain, ports=self.server.ports)

    async def stop(self, grace: float = GRACE) -> None:
        """Takes nothing new, finishes what is in flight, closes."""
        self._log.info("stopping")
        await self.server.stop(grace)
        await self.intake.finish()
        await self.outbox.finish(grace)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        self._readers.close()
        await asyncio.to_thread(self._close)
        self._log.info("stopped")

    async def _verdict(self, envelope: Envelope, mail: Mail) -> Verdict:
        return await self._judge(envelope, mail)  # as the configuration in force has it

    def reload(self) -> None:
        """Takes the configuration anew; a bad file leaves the running one in force and says so."""
        try:
            settings = config.load(self.settings.path)
            new_office = office(settings)
            for error in new_office.letters.catalogues:
                raise error
            self.server.reload(settings.smtp, settings.limits)
        except (ConfigError, TemplateError, OSError, ValueError) as error:
            self._log.error("configuration_not_reloaded", why=str(error), in_force="the one from before")
            return
        if fixed(settings) != fixed(self.settings):
            self._log.warning(
                "restart_needed", why="listen addresses (metrics, too), data, database, blobs and user change at a restart only"
            )
        self.settings, self._office, self._judge = settings, new_office, judge(settings)
        warn(settings, self._log)
        self.housekeeping.wake()
        self._log.info("configuration_reloaded")

    def _close(self) -> None:
        with self._shelves.database.begin() as connection:
            release_claims(connection, worker(self.settings))
        self._shelves.database.close()
        self._shelves.spool.close()


async def prepare(settings: Settings, log: FilteringBoundLogger) -> None:
    """What a node does once before it serves: migrate, take back its old claims, settle what a crash left in the spool."""
    shelf, readers = shelves(settings), Readers()
    try:
        await asyncio.to_thread(migrate, shelf.database)
        await shelf.database.write(lambda c: release_claims(c, node(settings)))
        intake = Intake(shelf, readers, lambda: settings, log, judge=judge(settings), wake=lambda: None)
        await intake.resume()
        await intake.release_all()
    finally:
        readers.close()
        await asyncio.to_thread(shelf.database.close)
        shelf.spool.close()


async def release(settings: Settings, log: FilteringBoundLogger, mails: Sequence[str]) -> list[tuple[str, str]]:
    """Settles held mails that the admin lets in: each with what has become of it."""
    shelf, readers = shelves(settings), Readers()
    try:
        intake = Intake(shelf, readers, lambda: settings, log, wake=lambda: None)
        rows = await shelf.database.read(lookups.held)
        parties = {row["id"]: row["held_for"] for row in rows}
        return [(mail, await intake.release(mail, parties[mail], by_hand=True)) for mail in mails]
    finally:
        readers.close()
        await asyncio.to_thread(shelf.database.close)
        shelf.spool.close()


async def serve(settings: Settings, log: FilteringBoundLogger, sockets: list[socket.socket] | None = None) -> None:
    """Runs one worker until SIGTERM or SIGINT; SIGHUP reloads."""
    app, stopped, loop = App(settings, log), asyncio.Event(), asyncio.get_running_loop()
    handlers: dict[signal.Signals, Callable[[], None]] = {
        signal.SIGTERM: stopped.set,
        signal.SIGINT: stopped.set,
        signal.SIGHUP: app.reload,
    }
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    await app.start(sockets)
    await stopped.wait()
    await app.stop()


def judge(settings: Settings) -> Judge:
    """Who finds out what a mail shows of its author."""
    return Authenticator(settings.dns, settings.arc.sealers, settings.relay.domain).judge


def office(settings: Settings) -> Office:
    """What letters are made and sent with."""
    relay, dkim = settings.relay, settings.dkim
    letters = Letters(relay.domain, relay.name, relay.templates)
    signer = Signer(relay.domain, dkim.selector, dkim.key.read_bytes()) if dkim else None
    return Office(settings, letters, signer, transport.route(settings))


def shelves(settings: Settings) -> Shelves:
    """Rows, raw mail and attachments, where the configuration says; the data folder is made if it is not there."""
    data = settings.relay.data
    private.folder(data)
    return Shelves(Database(settings.relay.database), Spool(data / "spool"), open_blobs(settings.relay.blobs))


def warn(settings: Settings, log: FilteringBoundLogger) -> None:
    """Says loudly what the configuration asks for and this version does not do."""
    for warning in config.warnings(settings):
        log.warning("configuration", warning=warning)


def give_back(settings: Settings, pid: int) -> None:
    """Makes due again what a worker that died had claimed."""
    database = Database(settings.relay.database)
    try:
        with database.begin() as connection:
            release_claims(connection, worker(settings, pid))
    finally:
        database.close()


def node(settings: Settings) -> str:
    """What the names of this machine's workers on these data begin with."""
    return f"{socket.gethostname()}:{settings.relay.data}#"


def worker(settings: Settings, pid: int | None = None) -> str:
    """The name under which a process claims letters."""
    return f"{node(settings)}{pid or os.getpid()}#"


def fixed(settings: Settings) -> tuple[object, ...]:
    """What a reload cannot change."""
    relay = settings.relay
    return settings.smtp.listen, settings.metrics, relay.data, relay.database, relay.blobs, relay.user
