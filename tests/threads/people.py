"""People and their mail programs: what stands in their mailboxes, and the headers that each program puts on an answer."""

from __future__ import annotations

import base64
import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal

from tests.harness import Received, Relay, Sink, until

# full: as RFC 5322 §3.6.4 has it · phone: In-Reply-To alone · link: a new mail, from a mailto link of the letter
Program = Literal["full", "outlook", "phone", "link"]


@dataclass(frozen=True)
class Written:
    """A mail of his own, or a colleague's copy for him; which conversation it is of, and when it was written (`monotonic`)."""

    mail: EmailMessage
    topic: str
    at: float


@dataclass
class Person:
    """Somebody with a mailbox: what the relay has sent him, and what he wrote."""

    name: str
    address: str
    relay: Relay
    sink: Sink
    program: Program = "full"
    wrote: list[Written] = field(default_factory=list)

    def opens(self, to: str, subject: str, text: str, topic: str, *cc: Person) -> None:
        """A first mail, of which colleagues get a copy."""
        mail = self._mail(to, subject, text)
        if self.program == "outlook":
            mail["Thread-Topic"], mail["Thread-Index"] = subject, index_of(b"")
        for colleague in cc:
            mail["Cc"] = colleague.address
            colleague._keep(mail, topic)
        self._send(mail, topic, to)

    def answers(self, letter: Received, text: str, *also: str, to: str = "", program: Program | None = None) -> None:
        """An answer to a letter, as his program writes it, or that one."""
        answered, to, program = letter.message, to or letter.thread, program or self.program
        mail = self._mail(to, f"{'RE' if program == 'outlook' else 'Re'}: {answered['Subject']}", text, *also)
        HEADERS[program](mail, answered)
        self._send(mail, topic_of(answered), to, *also)

    def asks(self, letter: Received, text: str) -> None:
        """An answer that is answered by a letter to himself."""
        before = len(self.letters)
        self.answers(letter, text)
        self.sink.wait(self.address, before + 1)

    def got(self, words: str) -> Received:
        """The newest letter to him that says these words, once it is there."""
        until(lambda: any(words in letter.text for letter in self.letters), f"{words!r} to {self.address}")
        return next(letter for letter in reversed(self.letters) if words in letter.text)

    @property
    def letters(self) -> list[Received]:
        """What the relay has sent him, oldest first."""
        return self.sink.to(self.address)

    @property
    def mailbox(self) -> list[EmailMessage]:
        """All that his program shows: what came, and what he wrote, oldest first."""
        every = [*((kept.at, kept.mail) for kept in self.wrote), *((letter.at, letter.message) for letter in self.letters)]
        return [mail for _, mail in sorted(every, key=lambda pair: pair[0])]

    @property
    def conversations(self) -> set[frozenset[str]]:
        """How his mails belong together: sets of Message-IDs."""
        found: dict[str, set[str]] = {}
        wrote = [(kept.topic, kept.mail) for kept in self.wrote]
        for topic, mail in [*wrote, *((topic_of(letter.message), letter.message) for letter in self.letters)]:
            found.setdefault(topic, set()).add(str(mail["Message-ID"]))
        return {frozenset(ids) for ids in found.values()}

    def _mail(self, to: str, subject: str, text: str, *cc: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = f"{self.name} <{self.address}>", to
        if cc:
            mail["Cc"] = ", ".join(cc)
        mail["Subject"], mail["Date"] = subject, format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain=self.address.partition("@")[2])
        mail.set_content(text)
        return mail

    def _send(self, mail: EmailMessage, topic: str, *to: str) -> None:
        self._keep(mail, topic)
        code, said = self.relay.send(mail, self.address, *to)
        assert code == 250, said

    def _keep(self, mail: EmailMessage, topic: str) -> None:
        self.wrote.append(Written(mail, topic, time.monotonic()))


def topic_of(mail: EmailMessage) -> str:
    """A letter's conversation: that of its chain, or it stands by itself, as long as nobody answers it."""
    if mail["X-Relay-Chain"]:
        return str(mail["X-Relay-Chain"])
    begun = str(mail["References"] or mail["In-Reply-To"] or mail["Message-ID"])
    return begun.split(maxsplit=1)[0]


def _full(mail: EmailMessage, answered: EmailMessage) -> None:
    mail["In-Reply-To"] = answered["Message-ID"]
    mail["References"] = f"{answered['References'] or ''} {answered['Message-ID']}".strip()


def _outlook(mail: EmailMessage, answered: EmailMessage) -> None:
    """It sets its own headers beside the others (MS-OXOMSG 2.2.1.3): the index of what it answers, and five bytes."""
    _full(mail, answered)
    if answered["Thread-Index"]:
        mail["Thread-Topic"] = answered["Thread-Topic"]
        mail["Thread-Index"] = index_of(base64.b64decode(str(answered["Thread-Index"])))


def _phone(mail: EmailMessage, answered: EmailMessage) -> None:
    mail["In-Reply-To"] = answered["Message-ID"]


def _link(_mail: EmailMessage, _answered: EmailMessage) -> None:
    """Nothing but the subject tells what it answers."""


HEADERS: dict[Program, Callable[[EmailMessage, EmailMessage], None]] = {
    "full": _full,
    "outlook": _outlook,
    "phone": _phone,
    "link": _link,
}


def index_of(above: bytes) -> str:
    """A Thread-Index: a new one, or that of an answer to a mail that has this one."""
    ticks = int((datetime.now(UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)
    made = above + os.urandom(5) if above else struct.pack(">Q", ticks)[:6] + os.urandom(16)
    return base64.b64encode(made).decode()
