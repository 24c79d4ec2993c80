"""The rows, nothing else. Times are UTC; JSON columns hold plain values; addresses are stored in lower case.

A chain is a tree of tickets; events are append-only; letters are the outbox; mails are what became of each mail taken in;
sightings make the same mail, on whatever way it comes, one event.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Index, TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every database; SQLite forgets the zone and PostgreSQL has its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def utc(*, nullable: bool = False, index: bool = False) -> Any:
    """A column of aware UTC datetimes."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def json() -> Any:
    """A column of plain JSON."""
    return Field(default=None, sa_column=Column(JSON, nullable=False))


class CounterRow(SQLModel, table=True):
    """The last number given for each prefix, so that a chain's number is given once."""

    __tablename__ = "counters"
    prefix: str = Field(primary_key=True)
    last: int


class ChainRow(SQLModel, table=True):
    """One matter; `number` is its name with the prefix of its day ("A-17").

    `salt` is a secret that the digests of its events are salted with when they are given out.
    """

    __tablename__ = "chains"
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    subject: str
    opened_at: datetime = utc()
    salt: str


class TicketRow(SQLModel, table=True):
    """One party's end of a matter; `thread` and `note` are its address tokens, `facts` are {"name", "value", "at"}."""

    __tablename__ = "tickets"
    id: int | None = Field(default=None, primary_key=True)
    chain_id: int = Field(foreign_key="chains.id", index=True)
    party: str = Field(index=True)
    parent_id: int | None = Field(default=None, foreign_key="tickets.id")
    link: str | None = None
    status: str
    reference: str = ""
    facts: list[dict[str, str]] = json()
    thread: str = Field(unique=True)
    note: str = Field(unique=True)


class ParticipantRow(SQLModel, table=True):
    """What is known of a person at a ticket beside the configuration.

    `joined`: he is not among the party's contacts but wrote, and so gets its letters; `muted`: he has asked for no more of them.
    """

    __tablename__ = "participants"
    ticket_id: int = Field(primary_key=True, foreign_key="tickets.id")
    address: str = Field(primary_key=True)
    name: str = ""
    joined: bool = True
    muted: bool = False


class EventRow(SQLModel, table=True):
    """What happened, append-only. `mail_id` joins the events of one mail; `message_id` is that mail's own."""

    __tablename__ = "events"
    id: int | None = Field(default=None, primary_key=True)
    chain_id: int = Field(foreign_key="chains.id")
    ticket_id: int = Field(foreign_key="tickets.id")
    kind: str
    internal: bool
    author: str
    author_name: str
    at: datetime = utc()
    text: str
    data: dict[str, Any] = json()
    mail_id: str
    message_id: str
    __table_args__ = (
        Index("ix_events_chain", "chain_id", "id"),
        Index("ix_events_ticket", "ticket_id", "id"),
        Index("ix_events_mail", "mail_id"),
        Index("ix_events_message", "message_id"),
    )


class AttachmentRow(SQLModel, table=True):
    """A file of an event; its bytes are the blob `sha256`. One that is `stuck` crosses no hidden link."""

    __tablename__ = "attachments"
    event_id: int = Field(primary_key=True, foreign_key="events.id")
    position: int = Field(primary_key=True)
    name: str
    type: str
    size: int
    sha256: str = Field(index=True)
    content_id: str = ""
    stuck: bool = False


class LetterRow(SQLModel, table=True):
    """A letter of the outbox, small: it is built from the events when it is sent.

    `state`: due, claimed, sent, failed, held, dropped; or joined: it goes with the letter `joined_to`, which names itself there
    when it has others with it. Until `joins_until` others may be joined; None for a letter that waits for none. `event_id` is
    the event it is about, `token` its return-path, `attempts` the tries so far, `reply` the last server's answer.
    A claim (`claimed_by` names the node) that is not ended by `claimed_until` lapses. `shown` is the plain text of a letter that
    was sent, deflated (zlib): its reader may quote it.
    """

    __tablename__ = "letters"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    chain_id: int | None = Field(default=None, foreign_key="chains.id", index=True)
    ticket_id: int | None = Field(default=None, foreign_key="tickets.id")
    event_id: int | None = Field(default=None, foreign_key="events.id")
    mail_id: str = ""
    recipient: str
    recipient_name: str = ""
    message_id: str
    token: str = Field(unique=True)
    data: dict[str, Any] = json()
    state: str
    attempts: int = 0
    created_at: datetime = utc()
    next_try: datetime = utc()
    claimed_by: str = ""
    claimed_until: datetime | None = utc(nullable=True)
    sent_at: datetime | None = utc(nullable=True)
    reply: str = ""
    shown: bytes | None = None
    joins_until: datetime | None = utc(nullable=True)
    joined_to: int | None = None
    __table_args__ = (
        Index("ix_letters_due", "state", "next_try"),
        Index("ix_letters_ticket", "ticket_id", "event_id"),
        Index("ix_letters_mail", "mail_id"),
        Index("ix_letters_message", "message_id"),
    )


class MailRow(SQLModel, table=True):
    """What became of one mail taken in, by its queue id.

    `state`: done, again (seen before), held, let in (on its way after being held), refused, expired (held for too long), aside.

    `reason` says why in words; `envelope` is what SMTP said, `verdict` what the mail showed of who wrote it and by which DNS
    records. A held mail waits for a word of the party `held_for`; `token` is of the address that takes it.
    """

    __tablename__ = "mails"
    id: str = Field(primary_key=True)
    received_at: datetime = utc()
    state: str
    reason: str = ""
    sender: str = ""
    subject: str = ""
    message_id: str = Field(default="", index=True)
    chain_id: int | None = Field(default=None, index=True)
    envelope: dict[str, Any] = json()
    verdict: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    held_for: str = ""
    token: str | None = Field(default=None, unique=True)
    __table_args__ = (Index("ix_mails_state", "state"),)


class AdmittedRow(SQLModel, table=True):
    """Somebody whom a contact has let write for his party from then on."""

    __tablename__ = "admitted"
    party: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    name: str = ""
    by: str
    at: datetime = utc()


class TallyRow(SQLModel, table=True):
    """What a party (or a person: "to:ADDRESS") has had of the relay in a minute or a day: `period` is its beginning, ISO 8601."""

    __tablename__ = "tallies"
    who: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    mails: int = 0
    bytes: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    chains: int = 0
    answers: int = 0


class FormerRow(SQLModel, table=True):
    """A thread or note token that a ticket had before its addresses were renewed."""

    __tablename__ = "former"
    token: str = Field(primary_key=True)
    ticket_id: int = Field(foreign_key="tickets.id")
    kind: str
    at: datetime = utc()


class PauseRow(SQLModel, table=True):
    """A ticket whose party gets no letters of it until then, as its mails look like a program's; `times` counts its pauses."""

    __tablename__ = "pauses"
    ticket_id: int = Field(primary_key=True, foreign_key="tickets.id")
    since: datetime = utc()
    until: datetime = utc()
    reason: str = ""
    times: int = 1


class ReminderRow(SQLModel, table=True):
    """That somebody was told of a stage (before, at, after) of a ticket's deadline, of its clock `kind`, and when."""

    __tablename__ = "reminders"
    ticket_id: int = Field(primary_key=True, foreign_key="tickets.id")
    kind: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    deadline: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    at: datetime = utc()


class SightingRow(SQLModel, table=True):
    """That a mail (by Message-ID and content) has had its effect on a target: what makes "nothing twice" hold.

    `target` is "chain:ID" for a comment, "open" for an opening. Also that a person's signature, or a picture in it,
    by its hash, was seen before: "signature", "picture:ID" of the chain.
    """

    __tablename__ = "sightings"
    identity: str = Field(primary_key=True)
    target: str = Field(primary_key=True)
    chain_id: int
    mail_id: str


class DigestRow(SQLModel, table=True):
    """That a party's digest for a moment was made, so that it is made once; `party` "" is the postmaster's.

    `due` is that moment, `event_id` the newest event at the time: what comes after it is new in the next one. `rows` is how
    many tickets it named; with none nobody got it.
    """

    __tablename__ = "digests"
    party: str = Field(primary_key=True)
    due: datetime = Field(default=None, sa_column=Column(UtcDateTime, primary_key=True))
    event_id: int = 0
    rows: int = 0


class StatementRow(SQLModel, table=True):
    """A party's report of a period that was sent to it, and what it said.

    `period` is a month ("2026-11"), or a first and a last day ("2026-11-01/2026-11-23"). `state`: asked, confirmed, disputed, or
    empty (there was nothing to tell, so nothing was sent). `token` is of the address that takes the answer, `rows` are the
    figures that were sent. `by`, `at` and `words` are of the last answer; `answers` has all, as {"state", "by", "at", "words"}.
    """

    __tablename__ = "statements"
    party: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    state: str
    token: str = Field(unique=True)
    sent_at: datetime = utc()
    rows: list[dict[str, Any]] = json()
    by: str = ""
    at: datetime | None = utc(nullable=True)
    words: str = ""
    answers: list[dict[str, str]] = json()


class SilentRow(SQLModel, table=True):
    """That somebody, by his address in lower case, wants no more digests of a party."""

    __tablename__ = "silent"
    party: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    at: datetime = utc()
