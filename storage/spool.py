"""Raw mail on disk: what was committed here is found again after a power cut.

    tmp/        half-written files; nothing in it has been answered for
    incoming/   ID.eml: stored, still to be worked on
    kept/       YYYY-MM/ID.eml: worked on
    corrupt/    ID.eml and ID.txt: set aside whole, with the reason

A file's first line is `X-Relay-Envelope: {json}`, then come the raw bytes exactly as they were received: it opens in a mail
program as it is. Mails that wait at the same time share one fsync of the folder (group commit).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

from storage import private

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base32: its order is the order of its values
TIME_DIGITS, RANDOM_DIGITS = 11, 4  # microseconds since 1970 up to the year 3111, and 20 random bits
ID = re.compile(rf"[{ALPHABET}]{{{TIME_DIGITS + RANDOM_DIGITS}}}")
HEADER = b"X-Relay-Envelope: "
IN_MEMORY = 256 * 1024
BATCH = 64  # mails in one commit: each holds a file open
STALE = 3600  # seconds after which a file in tmp/ belongs to nobody


class NotInSpool(KeyError):
    """No mail of that id is in incoming, kept or corrupt."""

    def __str__(self) -> str:
        return f"no mail {self.args[0]!r} in the spool: neither incoming, kept nor corrupt"


class Draft:
    """A mail while it streams in: in memory up to 256 KiB, then in a nameless file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 - `close` closes it
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Adds to the end. Raises OSError when the disk does not take it."""
        self._file.write(chunk)
        self.size += len(chunk)

    def content(self) -> bytes:
        """The whole mail so far."""
        self._file.seek(0)
        return self._file.read()

    def copy_to(self, target: BinaryIO) -> None:
        """Writes the whole mail so far into `target`, piece by piece."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, target, IN_MEMORY)

    def close(self) -> None:
        """Forgets the mail; its file is gone. May be called again."""
        with suppress(OSError):  # what could not be written then is not wanted now
            self._file.close()


@dataclass(slots=True, eq=False)
class _Job:
    """One mail on its way to the disk, and who waits for it."""

    mail_id: str
    head: bytes
    draft: Draft
    waiter: asyncio.Future[None]
    file: BinaryIO | None = None
    error: Exception | None = None

    def answer(self) -> None:
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self.waiter.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.waiter.done():
            return
        if self.error is None:
            self.waiter.set_result(None)
        else:
            self.waiter.set_exception(self.error)


class Spool:
    """The folder of raw mail. One process may hold several, several processes may share one folder.

    `folder` is made if missing (0700). Raises OSError when it cannot be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tmp, self._incoming, self._kept, self._corrupt = (folder / n for n in ("tmp", "incoming", "kept", "corrupt"))
        for each in (folder, self._tmp, self._incoming, self._kept, self._corrupt):
            private.folder(each)
        self._sweep()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._last = 0
        self._thread: threading.Thread | None = None
        self._closed = False

    # ── ids ────────────────────────────────────────────────────────────────────────────────────────────────

    def new_id(self) -> str:
        """A queue id: 15 capital letters and digits, rising with time, unique across processes by 20 random bits."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return _digits(self._last, TIME_DIGITS) + _digits(secrets.randbits(5 * RANDOM_DIGITS), RANDOM_DIGITS)

    # ── in ─────────────────────────────────────────────────────────────────────────────────────────────────

    def draft(self) -> Draft:
        """An empty draft, to be closed by the caller."""
        return Draft(self._tmp)

    async def commit(self, mail_id: str, envelope: Mapping[str, Any], draft: Draft) -> None:
        """Stores the draft for good as incoming/ID.eml; on return it is fsynced. The draft stays the caller's to close.

        `envelope` is plain JSON. Raises OSError when the disk does not take it (nothing is left behind), ValueError for an
        id not made by `new_id`, RuntimeError after `close`.
        """
        head = HEADER + json.dumps(envelope, separators=(",", ":")).encode() + b"\r\n"
        job = _Job(_checked(mail_id), head, draft, asyncio.get_running_loop().create_future())
        with self._lock:
            if self._closed:
                raise RuntimeError("the spool is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="spool", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        await job.waiter

    def close(self) -> None:
        """Finishes what waits and ends the writing thread. May be called again."""
        with self._lock:
            thread, self._thread, self._closed = self._thread, None, True
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    # ── out ────────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self) -> list[str]:
        """The ids in incoming, oldest first."""
        return sorted(path.stem for path in self._incoming.glob("*.eml"))

    def read(self, mail_id: str) -> tuple[dict[str, Any], bytes]:
        """Envelope and raw bytes of a mail, wherever it is. Raises NotInSpool; ValueError for a file that is damaged."""
        for path in self._places(mail_id):
            with suppress(FileNotFoundError):
                return _parse(path, path.read_bytes())
        raise NotInSpool(mail_id)

    def find(self, mail_id: str) -> Path | None:
        """The file of a mail, wherever it is now; None where there is none."""
        places = self._places(mail_id) if ID.fullmatch(mail_id) else ()
        return next((path for path in places if path.exists()), None)

    def keep(self, mail_id: str) -> None:
        """The mail is worked on: moves it from incoming to kept/. Raises NotInSpool."""
        incoming, kept, _ = self._places(mail_id)
        private.folder(kept.parent)
        try:
            incoming.rename(kept)
        except FileNotFoundError:
            if not kept.exists():
                raise NotInSpool(mail_id) from None

    def drop(self, mail_id: str) -> None:
        """Forgets a mail that its sender was not told is stored; does nothing to one that is not in incoming."""
        self._places(mail_id)[0].unlink(missing_ok=True)

    def set_aside(self, mail_id: str, reason: str) -> None:
        """Moves a mail to corrupt/, with a text file that says why. Raises NotInSpool."""
        *places, corrupt = self._places(mail_id)
        if not corrupt.exists():
            found = next((path for path in places if path.exists()), None)
            if found is None:
                raise NotInSpool(mail_id)
            found.rename(corrupt)
        told = corrupt.with_suffix(".txt")
        told.unlink(missing_ok=True)
        with private.create(told) as file:
            file.write(f"{reason.rstrip()}\n".encode(errors="backslashreplace"))
        _fsync_folder(self._corrupt)

    def _places(self, mail_id: str) -> tuple[Path, Path, Path]:
        """Where a mail can be, in the order it moves."""
        if not ID.fullmatch(mail_id):
            raise NotInSpool(mail_id)
        name = f"{mail_id}.eml"
        return self._incoming / name, self._kept / f"{moment(mail_id):%Y-%m}" / name, self._corrupt / name

    def _sweep(self) -> None:
        """Removes what a crash left in tmp/."""
        for path in self._tmp.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps too
                if path.stat().st_mtime < time.time() - STALE:
                    path.unlink()

    # ── the writing thread ─────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while batch := self._take():
            self._store(batch)

    def _take(self) -> list[_Job]:
        """Waits for a mail and takes those that came meanwhile; an empty list at the end."""
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH:
                return batch
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return batch
        if batch:
            self._jobs.put(None)  # the end comes after this batch
        return batch

    def _store(self, batch: list[_Job]) -> None:
        for step in (self._write, self._flush, self._publish):
            for job in batch:
                _attempt(step, job)
        try:
            _fsync_folder(self._incoming)
        except OSError as error:
            for job in batch:
                job.error = job.error or error
        for job in batch:
            if job.error is not None:
                self._discard(job)
            job.answer()

    def _write(self, job: _Job) -> None:
        job.file = private.create(self._tmp / job.mail_id)
        job.file.write(job.head)
        job.draft.copy_to(job.file)
        job.file.flush()

    def _flush(self, job: _Job) -> None:
        assert job.file is not None
        with job.file as file:
            os.fsync(file.fileno())

    def _publish(self, job: _Job) -> None:
        (self._tmp / job.mail_id).rename(self._incoming / f"{job.mail_id}.eml")

    def _discard(self, job: _Job) -> None:
        """Leaves nothing behind of a mail that could not be stored; the first error is the one that is told."""
        if job.file is None:
            return
        with suppress(OSError):
            job.file.close()
        for path in (self._tmp / job.mail_id, self._incoming / f"{job.mail_id}.eml"):
            with suppress(OSError):
                path.unlink()


def moment(mail_id: str) -> datetime:
    """When `new_id` made this id (UTC)."""
    value = 0
    for digit in mail_id[:TIME_DIGITS]:
        value = value * 32 + ALPHABET.index(digit)
    return datetime.fromtimestamp(value / 1e6, UTC)


def _digits(value: int, count: int) -> str:
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(count)))


def _checked(mail_id: str) -> str:
    if not ID.fullmatch(mail_id):
        raise ValueError(f"{mail_id!r} is no queue id; `new_id` makes them")
    return mail_id


def _attempt(step: Callable[[_Job], None], job: _Job) -> None:
    """One mail's trouble is told to the one who waits for it; the others go on."""
    if job.error is None:
        try:
            step(job)
        except Exception as error:  # noqa: BLE001
            job.error = error


def _parse(path: Path, content: bytes) -> tuple[dict[str, Any], bytes]:
    head, end, raw = content.partition(b"\r\n")
    if not head.startswith(HEADER) or not end:
        raise ValueError(f"{path}: damaged: the first line is not X-Relay-Envelope; look at it, and set it aside or remove it")
    return json.loads(head[len(HEADER) :]), raw


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
