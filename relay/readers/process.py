"""The relay's side of one process that reads: started when needed, killed when it takes too long, replaced when it has died."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from relay.errors import Refused
from relay.model import Mail, Text
from relay.readers import wire
from relay.readers.limits import LIMITS, MB, Limits
from relay.settings import PROGRAMS

START = 60.0  # seconds for a new process to be ready: not the mail's
TRIES = 2  # a process may have been killed from outside
# What a whole process group is told is not for the readers: the relay still needs them for the mails in flight.
_NOT_FOR_READERS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
# The path of modules as the relay has it: neither "-m" nor an installed script's path would be the same everywhere.
_BEGIN = "import json, sys; sys.path[:] = json.loads(sys.argv[3]); from relay.readers import child; child.main()"


class Unreadable(Exception):
    """Foreign bytes made their reader hang, grow, die or fail; the text says which, and completes "could not be read: it …"."""


class Reader:
    """One process, for one task at a time."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._closed = False

    # ── what it does ───────────────────────────────────────────────────────────────────────────────────────

    async def read(self, raw: bytes, sent: Sequence[str] = (), withhold: frozenset[str] = PROGRAMS) -> Mail:
        """As `mail.read`. Raises Refused as that does; Unreadable; ChildProcessError when no process can be started."""
        mail: Mail = await self._ask("mail", raw, self._limits.seconds, sent=list(sent), withhold=sorted(withhold))
        return mail

    async def read_body(self, body: bytes, kind: str) -> Text:
        """As `mail.read_body`, of UTF-8 or what looks like it; `kind` is "text" or "html". Raises as `read`, but for Refused."""
        text: Text = await self._ask(kind, body, self._limits.seconds)
        return text

    async def clean(self, file: bytes) -> bytes | None:
        """As `cleaning.clean`; None also when that takes too much. Raises ChildProcessError."""
        try:
            cleaned: bytes | None = await self._ask("clean", file, self._limits.seconds)
        except Unreadable:
            return None
        return cleaned

    async def is_stuck(self, file: bytes, seconds: float) -> bool:
        """Whether the file cannot be cleaned, or not within `seconds`. Raises ChildProcessError."""
        if seconds <= 0:
            return True
        try:
            stuck: bool = await self._ask("stuck", file, seconds)
        except Unreadable:
            return True
        return stuck

    # ── how it is asked ────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, job: str, content: bytes, seconds: float, **beside: Any) -> Any:
        """The result of a job; a process that dies of it is replaced once, for it may have been killed from outside."""
        ended = ""
        for _ in range(TRIES):
            await self.start()
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._exchange(job, beside, content)
            except TimeoutError:
                self._end()
                raise Unreadable(f"took more than {self._limits.seconds:g} s to read") from None
            except (EOFError, OSError):
                ended = self._end()
            except BaseException:  # cancelled: its answer would be taken for the next one's
                self._end()
                raise
            else:
                return self._result(answer)
        raise Unreadable(f"ended the process that read it, twice ({ended})")

    async def _exchange(self, job: str, beside: dict[str, Any], content: bytes) -> wire.Answer:
        assert self._socket is not None
        await wire.ask(self._socket, job, beside, content)
        return await wire.answer(self._socket)

    def _result(self, answer: wire.Answer) -> Any:
        verdict, value = answer
        if verdict == "refused":
            raise Refused(*value)
        if verdict == "over":
            raise Unreadable(f"took more than {self._limits.memory // MB} MB to read")
        if verdict == "failed":
            failure = Unreadable(value[0])
            failure.add_note(value[1])
            raise failure
        return value

    # ── its life ───────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Starts the process unless it runs, and waits until it is ready. Raises ChildProcessError when that fails."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            try:
                async with asyncio.timeout(START):
                    await wire.answer(self._begin())
            except (EOFError, OSError) as error:
                raise ChildProcessError(f"no process that reads mails could be started: {error} ({self._end()})") from error
            except BaseException:
                self._end()
                raise

    def _begin(self) -> socket.socket:
        if self._closed:
            raise OSError("the relay is stopping")
        command = [sys.executable, "-c", _BEGIN, str(self._limits.seconds), str(self._limits.memory), json.dumps(sys.path)]
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_READERS)  # inherited, so there is no moment without
        try:
            with theirs:
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)  # noqa: S603 - ourselves
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self._socket

    def _end(self) -> str:
        """Kills what is left of the process; how it ended."""
        process, self._process = self._process, None
        link, self._socket = self._socket, None
        if link is not None:
            link.close()
        if process is None:
            return "not started"
        process.kill()
        status = process.wait()
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"

    def kill(self) -> None:
        """Ends it for good while a job is under way, which fails with ChildProcessError."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Ends it for good while no job is under way."""
        self._closed = True
        self._end()


class ReaderProcess:
    """The same for a program without a loop. A context manager that ends the process."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._reader, self._runner = Reader(limits), asyncio.Runner()

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None) -> None:
        self._reader.close()
        self._runner.close()

    def start(self) -> None:
        """As `Reader.start`."""
        self._runner.run(self._reader.start())

    def read(self, raw: bytes, sent: Sequence[str] = (), withhold: frozenset[str] = PROGRAMS) -> Mail:
        """As `Reader.read`."""
        return self._runner.run(self._reader.read(raw, sent, withhold))

    def read_body(self, body: bytes, kind: str) -> Text:
        """As `Reader.read_body`."""
        return self._runner.run(self._reader.read_body(body, kind))

    def clean(self, file: bytes) -> bytes | None:
        """As `Reader.clean`."""
        return self._runner.run(self._reader.clean(file))

    def is_stuck(self, file: bytes, seconds: float) -> bool:
        """As `Reader.is_stuck`."""
        return self._runner.run(self._reader.is_stuck(file, seconds))
