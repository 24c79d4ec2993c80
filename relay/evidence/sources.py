"""Where evidence comes from, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from relay.evidence.hashes import canonical
from relay.settings import Settings
from storage.blobs import BlobMissingError, Blobs


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything comes from; the connection sees one moment.

    `mail` gives the file of a raw mail by its queue id, None where there is none; `clean` is `cleaning.clean`, or does the same.
    """

    connection: Connection
    settings: Settings
    mail: Callable[[str], Path | None]
    blobs: Blobs
    clean: Callable[[bytes], bytes | None]

    def file(self, sha256: str) -> bytes | None:
        """The bytes of an attachment, None where they are gone. Raises BlobsUnreachableError."""
        try:
            return self.blobs.get(sha256)
        except BlobMissingError:
            return None


@dataclass(slots=True)
class Made:
    """What was put together: how many of each, and what was not there any more.

    `readable` are the events that the file shows, as they are or as its reader was told. `final` is the hash of the last event's
    line, `seal` the SHA-256 of the list of all files' hashes.
    """

    mails: int = 0
    events: int = 0
    readable: int = 0
    files: int = 0
    letters: int = 0
    missing: list[str] = field(default_factory=list)
    final: str = ""
    seal: str = ""


def lines(values: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON lines."""
    return b"".join(canonical(value) + b"\n" for value in values)


def mail_facts(row: Row[Any]) -> dict[str, Any]:
    """What became of a mail, and what it proved."""
    named = ("id", "state", "sender", "subject", "message_id", "envelope", "verdict")
    return {name: getattr(row, name) for name in named} | {"received_at": row.received_at.isoformat()}


def letter_facts(rows: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], dict[str, Any]]]:
    """Letters, and what became of each; "went_with" is the Message-ID of another one that it went as a part of."""
    named, timed = ("kind", "recipient", "message_id", "state", "attempts"), ("created_at", "sent_at")
    ids = {row.id: row.message_id for row in rows}
    for row in rows:
        times = {name: at.isoformat() if (at := getattr(row, name)) else None for name in timed}
        went_with = None if row.joined_to == row.id else ids.get(row.joined_to)
        yield row, {name: getattr(row, name) for name in named} | times | {"went_with": went_with}
