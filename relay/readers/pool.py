"""A few processes that read: a slow mail keeps one of them busy, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from relay.model import Mail
from relay.readers.limits import LIMITS, Limits
from relay.readers.process import Reader


class Readers:
    """Processes are started when all others are busy, `count` at most; what waits for one waits in its order."""

    def __init__(self, limits: Limits = LIMITS, count: int | None = None) -> None:
        self._limits = limits
        self._room = asyncio.Semaphore(count or min(max(os.cpu_count() or 1, 2), 4))
        self._idle: list[Reader] = []
        self._all: list[Reader] = []
        self._closed = False

    async def start(self) -> None:
        """Starts the first process, so that the first mail need not wait for it. Raises ChildProcessError."""
        async with self._reader() as reader:
            await reader.start()

    async def read(self, load: Callable[[], bytes]) -> Mail:
        """The mail whose raw bytes `load` gives; it is called when a process is free, so that mails that wait fill no memory.

        Raises Refused as `mail.read` does, Unreadable, ChildProcessError when no process can be started, and what `load` raises.
        """
        async with self._reader() as reader:
            return await reader.read(load())

    async def clean(self, file: bytes) -> bytes | None:
        """As `cleaning.clean`; None also when that takes too much. Raises ChildProcessError."""
        async with self._reader() as reader:
            return await reader.clean(file)

    async def stuck(self, files: Sequence[bytes]) -> list[bool]:
        """Of each file, whether it cannot be cleaned; the files of one mail share its time. Raises ChildProcessError."""
        loop = asyncio.get_running_loop()
        async with self._reader() as reader:
            await reader.start()
            deadline = loop.time() + self._limits.seconds
            return [await reader.is_stuck(file, deadline - loop.time()) for file in files]

    def close(self) -> None:
        """Ends every process; a job under way fails, and so do those to come."""
        self._closed = True
        for reader in self._all:
            (reader.close if reader in self._idle else reader.kill)()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[Reader]:
        """One that is idle, the last used first."""
        async with self._room:
            if self._closed:
                raise ChildProcessError("no process reads mails any more: the relay is stopping")
            reader = self._idle.pop() if self._idle else self._new()
            try:
                yield reader
            finally:
                self._idle.append(reader)

    def _new(self) -> Reader:
        reader = Reader(self._limits)
        self._all.append(reader)
        return reader
