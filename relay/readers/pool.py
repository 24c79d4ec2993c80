"""A few processes that read: a slow mail keeps one of them busy, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from relay.model import Mail
from relay.places import Places
from relay.readers.limits import LIMITS, Limits
from relay.readers.process import Reader
from relay.settings import PROGRAMS

QUICK = 0.05  # seconds for which the next mail waits for the process that is at work, whose caches are warm
LEAST, MOST = 3, 4  # processes, as there are processors: more than one source may have, so that one is left for the others
CROWD = 200  # mails of one source that may wait: no client that waits for his replies has so many
CROWDS = 1000  # mails that may wait in all, but for one of each source


class Readers:
    """Quick mails go through one process, one after another; one that is not quick gets another beside it, `count` at most.

    The mails of one source (`sources.author`) have at most half of the processes, rounded up, and wait in their order; sources
    take turns.
    """

    def __init__(self, limits: Limits = LIMITS, count: int | None = None) -> None:
        self._limits = limits
        count = count or min(max(os.cpu_count() or 1, LEAST), MOST)
        self._places = Places(count, (count + 1) // 2)
        self._turn = asyncio.Semaphore(1)
        self._idle: list[Reader] = []
        self._all: list[Reader] = []
        self._closed = False

    async def start(self) -> None:
        """Starts the first process, so that the first mail need not wait for it. Raises ChildProcessError."""
        async with self._reader() as reader:
            await reader.start()

    def crowded(self, source: str) -> bool:
        """Whether so many mails of a source wait that it should bring no more for now."""
        return self._places.waiting(source) >= (CROWD if self._places.all_waiting() < CROWDS else 1)

    async def read(
        self, load: Callable[[], bytes], sent: Sequence[str] = (), withhold: frozenset[str] = PROGRAMS, *, source: str = ""
    ) -> Mail:
        """The mail whose raw bytes `load` gives, read as `mail.read` does.

        `load` is called when a process is free, so that mails that wait fill no memory.

        Raises Refused as `mail.read` does, Unreadable, ChildProcessError when no process can be started, and what `load` raises.
        """
        async with self._reader(source) as reader:
            return await reader.read(load(), sent, withhold)

    async def clean(self, file: bytes) -> bytes | None:
        """As `cleaning.clean`; None also when that takes too much. Raises ChildProcessError."""
        async with self._reader() as reader:
            return await reader.clean(file)

    async def stuck(self, files: Sequence[bytes], *, source: str = "") -> list[bool]:
        """Of each file, whether it cannot be cleaned; the files of one mail share its time. Raises ChildProcessError."""
        loop = asyncio.get_running_loop()
        async with self._reader(source) as reader:
            await reader.start()
            deadline = loop.time() + self._limits.seconds
            return [await reader.is_stuck(file, deadline - loop.time()) for file in files]

    def close(self) -> None:
        """Ends every process; a job under way fails, and so do those to come."""
        self._closed = True
        for reader in self._all:
            (reader.close if reader in self._idle else reader.kill)()

    @asynccontextmanager
    async def _reader(self, source: str = "") -> AsyncIterator[Reader]:
        """One that is idle, the last used first."""
        async with self._places.place(source):
            await self._turn.acquire()
            turn = _Once(self._turn.release)
            try:
                if self._closed:
                    raise ChildProcessError("no process reads mails any more: the relay is stopping")
                reader = self._idle.pop() if self._idle else self._new()
                late = asyncio.get_running_loop().call_later(QUICK, turn)
                try:
                    yield reader
                finally:
                    late.cancel()
                    self._idle.append(reader)
            finally:
                turn()

    def _new(self) -> Reader:
        reader = Reader(self._limits)
        self._all.append(reader)
        return reader


class _Once:
    """A call that is made once, however often it is asked for."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def __call__(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()
