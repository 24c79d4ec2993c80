"""A person's mail: to whom, in answer to what, and what every client says alike; how each says the rest is in `clients`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from importlib.resources import files
from zoneinfo import ZoneInfo

from relay.demo import parts
from relay.demo.letter import Landed
from relay.demo.scenario import File, Person

PICTURE = re.compile(r"\[\[(.+?)\]\]")


@dataclass(frozen=True)
class Draft:
    """What somebody has typed. `answers` is the letter in his mailbox that he answers, None for a new mail."""

    author: Person
    to: str
    subject: str
    words: str
    at: datetime
    cc: str = ""
    files: tuple[File, ...] = ()
    answers: Landed | None = None
    below: bool = False

    @property
    def signature(self) -> str:
        """The signature, "" for none."""
        return self.author.signature

    @property
    def shown(self) -> str:
        """The words as a person sees them while writing."""
        return PICTURE.sub(r"[picture: \1]", self.words)

    @property
    def title(self) -> str:
        """The subject as the client writes it: one "Re:" before that of the letter answered."""
        if self.answers is None:
            return self.subject
        subject = self.answers.subject
        return subject if subject.lower().startswith("re:") else f"Re: {subject}"

    @cached_property
    def stamp(self) -> str:
        """Hex digits of this mail's own, for ids and boundaries."""
        return hashlib.sha256(f"{self.author.address} {self.at.isoformat()} {self.words}".encode()).hexdigest()

    @property
    def domain(self) -> str:
        """The domain of the author's address."""
        return self.author.address.partition("@")[2]

    @property
    def local(self) -> datetime:
        """When it is sent, by the author's clock."""
        return self.at.astimezone(ZoneInfo(self.author.timezone))

    @property
    def pictures(self) -> tuple[File, ...]:
        """The files that stand in the text."""
        return tuple(file for file in self.files if f"[[{file.name}]]" in self.words)

    @property
    def attached(self) -> tuple[File, ...]:
        """The files that do not."""
        return tuple(file for file in self.files if f"[[{file.name}]]" not in self.words)


def content(file: File) -> bytes:
    """A file's bytes."""
    return (files("relay.demo") / "files" / file.source).read_bytes()


def head(draft: Draft, message_id: str, *more: str) -> list[str]:
    """The headers that all clients write; `more` are one client's own."""
    lines = [
        f"From: {parts.mailbox(draft.author.name, draft.author.address)}",
        f"To: {draft.to if draft.answers is None else _recipient(draft)}",
        *([f"Cc: {draft.cc}"] if draft.cc else []),
        f"Subject: {parts.words(draft.title, len('Subject: '))}",
        f"Date: {format_datetime(draft.local)}",
        f"Message-ID: {message_id}",
    ]
    if draft.answers is not None:
        lines.append(f"In-Reply-To: {draft.answers.message_id}")
        lines.append(f"References: {parts.ids([*draft.answers.references, draft.answers.message_id])}")
    return [*lines, "MIME-Version: 1.0", *more]


def whole(headers: list[str], body: bytes) -> bytes:
    """The mail."""
    return "\r\n".join(headers).encode() + b"\r\n" + body


def _recipient(draft: Draft) -> str:
    """The letter's sender with his name; a bare address when the mail goes elsewhere."""
    assert draft.answers is not None
    found = draft.answers.author
    return parts.mailbox(found.name, draft.to) if found.address == draft.to else draft.to
