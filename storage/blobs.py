"""Attachments by content hash: in a folder of ours, or in an S3 bucket.

A file is stored once however many mails bring it. On disk it is written aside, fsynced and renamed, so that a name
that is there means bytes that are whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage import private


class BlobMissingError(Exception):
    """A blob that should be there is not, or its bytes are not those of its hash."""

    def __init__(self, sha256: str, why: str) -> None:
        super().__init__(f"attachment {sha256[:12]}…: {why}")


class BlobsUnreachableError(Exception):
    """The store does not answer: nothing can be said of any blob."""


class Blobs(Protocol):
    """Bytes by the hex SHA-256 of their content."""

    def put(self, sha256: str, content: bytes) -> None:
        """Stores; when it returns, the bytes outlive a power cut. Raises OSError, also when the bucket does not answer."""

    def get(self, sha256: str) -> bytes:
        """The bytes, checked against their hash. Raises BlobMissingError, and BlobsUnreachableError when the bucket is away."""
        ...

    def check(self, sha256: str) -> None:
        """Reads the bytes, piece by piece. Raises BlobMissingError, and BlobsUnreachableError when the bucket does not answer."""

    def place(self, sha256: str) -> str:
        """Where the blob lies, for people: a path or a URL."""
        ...


def open_blobs(where: str) -> Blobs:
    """A folder's path or `s3://bucket/prefix`; credentials for S3 come from the usual AWS_ variables."""
    return _Bucket(where) if where.startswith("s3://") else _Folder(Path(where))


async def put_all(blobs: Blobs, files: dict[str, bytes]) -> None:
    """Stores several at once, off the event loop."""
    if files:
        await asyncio.gather(*(asyncio.to_thread(blobs.put, sha256, content) for sha256, content in files.items()))


def _checked(sha256: str, content: bytes) -> bytes:
    _compare(sha256, hashlib.sha256(content).hexdigest())
    return content


def _compare(sha256: str, found: str) -> None:
    if found != sha256:
        raise BlobMissingError(sha256, "its bytes have changed on disk")


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        private.folder(folder)

    def put(self, sha256: str, content: bytes) -> None:
        path = self._path(sha256)
        if path.exists() and path.stat().st_size == len(content):
            return
        private.folder(path.parent)
        aside = path.with_name(f"{sha256}.{secrets.token_hex(4)}.tmp")
        try:
            with private.create(aside) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self._folder):
            _sync(folder)

    def get(self, sha256: str) -> bytes:
        try:
            return _checked(sha256, self._path(sha256).read_bytes())
        except OSError as error:
            raise BlobMissingError(sha256, f"cannot be read ({error.strerror})") from error

    def check(self, sha256: str) -> None:
        try:
            with self._path(sha256).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BlobMissingError(sha256, f"cannot be read ({error.strerror})") from error
        _compare(sha256, found)

    def place(self, sha256: str) -> str:
        return str(self._path(sha256))

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


class _Bucket:
    def __init__(self, url: str) -> None:
        self._url, self._store = url.rstrip("/"), S3Store.from_url(url)

    def put(self, sha256: str, content: bytes) -> None:
        try:
            obstore.put(self._store, sha256, content)
        except BaseError as error:
            raise OSError(f"{self._url} cannot be written: {' '.join(str(error).split())}") from error

    def get(self, sha256: str) -> bytes:
        try:
            return _checked(sha256, bytes(obstore.get(self._store, sha256).bytes()))
        except FileNotFoundError as error:
            raise BlobMissingError(sha256, "is not in the bucket") from error
        except (BaseError, OSError) as error:
            raise BlobsUnreachableError(f"{self._url} cannot be read: {' '.join(str(error).split())}") from error

    def check(self, sha256: str) -> None:
        digest = hashlib.sha256()
        try:
            for chunk in obstore.get(self._store, sha256).stream():
                digest.update(chunk)
        except FileNotFoundError as error:
            raise BlobMissingError(sha256, "is not in the bucket") from error
        except (BaseError, OSError) as error:
            raise BlobsUnreachableError(f"{self._url} cannot be read: {' '.join(str(error).split())}") from error
        _compare(sha256, digest.hexdigest())

    def place(self, sha256: str) -> str:
        return f"{self._url}/{sha256}"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
