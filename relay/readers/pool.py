"""A few processes that read, for an asyncio program: who waits for one does not stop the loop, and a slow mail keeps one busy."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from relay.model import Mail
from relay.readers.limits import LIMITS, Limits
from relay.readers.process import ReaderProcess
from relay.settings import PROGRAMS

T = TypeVar("T")


class Readers:
    """Processes are started when all others are busy, `count` at most; what waits for one waits in its order."""

    def __init__(self, limits: Limits = LIMITS, count: int | None = None) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(count or min(max(os.cpu_count() or 1, 2), 4), "reader")
        self._idle: list[ReaderProcess] = []
        self._all: list[ReaderProcess] = []
        self._closed = False

    async def start(self) -> None:
        """Starts the first process, so that the first mail need not wait for it. Raises ChildProcessError."""
        await self._run(ReaderProcess.start)

    async def read(self, load: Callable[[], bytes], sent: Sequence[str] = (), withhold: frozenset[str] = PROGRAMS) -> Mail:
        """The mail whose raw bytes `load` gives, read as `mail.read` does.

        `load` is called when a process is free, so that mails that wait fill no memory.

        Raises Refused as `mail.read` does, Unreadable, ChildProcessError when no process can be started, and what `load` raises.
        """
        return await self._run(lambda process: process.read(load(), sent, withhold))

    async def clean(self, file: bytes) -> bytes | None:
        """As `cleaning.clean`; None also when that takes too much. Raises ChildProcessError."""
        return await self._run(lambda process: process.clean(file))

    async def stuck(self, files: Sequence[bytes]) -> list[bool]:
        """Of each file, whether it cannot be cleaned; the files of one mail share its time. Raises ChildProcessError."""

        def look(process: ReaderProcess) -> list[bool]:
            deadline = time.monotonic() + self._limits.seconds
            return [process.is_stuck(file, deadline - time.monotonic()) for file in files]

        return await self._run(look)

    def close(self) -> None:
        """Ends every process; jobs that wait are cancelled, one under way fails."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._all:
            process.kill()
        self._threads.shutdown(wait=True)
        for process in self._all:
            process.close()

    async def _run(self, job: Callable[[ReaderProcess], T]) -> T:
        def run() -> T:
            with self._process() as process:
                return job(process)

        if self._closed:
            raise ChildProcessError("no process reads mails any more: the relay is stopping")
        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    @contextmanager
    def _process(self) -> Iterator[ReaderProcess]:
        """One that is idle, the last used first; there are never more than threads."""
        try:
            process = self._idle.pop()
        except IndexError:
            process = ReaderProcess(self._limits)
            self._all.append(process)
        try:
            yield process
        finally:
            self._idle.append(process)
