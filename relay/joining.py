"""Letters that wait for one another: which of them go as one mail, for parties that ask for it (`batch`).

The first letter to a reader at a ticket waits, and is open: while it is, those that follow are joined to it. They keep their
rows, in a state of their own ("joined"), and no worker ever claims one. A letter is open no more once it is claimed, in that very
statement, and whoever joins something to it locks it first: what goes together is settled before it is sent, and a retry says the
same.

| a joined row is | when the letter is |
| --- | --- |
| joined | due, claimed or held |
| sent, failed, dropped | that |
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from relay import bursts, people, visibility
from relay.ledger import Stamp
from relay.letters import ROOM
from relay.model import Chain, Event, Ticket
from relay.settings import Settings
from relay.store import ATTACHMENTS, BY_ITSELF, EVENTS, LETTERS, EventQuery, load_chain

WAITS = "waits for others to join it (batch)"
MOST = 20  # mails in one letter
WORDS = 20_000  # characters of them together: more would be cut in the HTML
UNHEARD = ("automatic", "undelivered", "paused")  # events that nobody has written

_OPEN = (
    LETTERS.c.ticket_id == bindparam("ticket"),
    LETTERS.c.state == "due",
    LETTERS.c.joins_until > bindparam("now"),
    LETTERS.c.next_try == LETTERS.c.joins_until,  # or it was paused, held or tried by hand meanwhile
)
_FIRST = (
    select(LETTERS)
    .where(*_OPEN, LETTERS.c.recipient == bindparam("recipient"))
    .order_by(LETTERS.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_RELEASE = update(LETTERS).where(*_OPEN).values(next_try=bindparam("now"), joins_until=None, reply="")
_OF_MAIL = EventQuery(EVENTS.c.mail_id == bindparam("mail"), EVENTS.c.chain_id == bindparam("chain"))
_NEW = (
    select(LETTERS)
    .where(LETTERS.c.mail_id == bindparam("mail"), LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.kind == "comment")
    .where(LETTERS.c.state == "due", LETTERS.c.next_try <= bindparam("now"), LETTERS.c.attempts == 0)
    .order_by(LETTERS.c.id)
)
_SPOKE = (
    select(EVENTS.c.at)
    .where(EVENTS.c.ticket_id == bindparam("ticket"), EVENTS.c.kind.not_in(UNHEARD))
    .order_by(EVENTS.c.id.desc())
    .limit(1)
)
_GROUP = (
    select(LETTERS)
    .where(LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.joined_to == bindparam("first"))
    .order_by(LETTERS.c.id)
)
_OF_MAILS = (EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.mail_id.in_(bindparam("mails", expanding=True)))
_WORDS = select(func.coalesce(func.sum(func.length(EVENTS.c.text)), 0)).where(*_OF_MAILS)
_FILES = (
    select(func.coalesce(func.sum(ATTACHMENTS.c.size), 0)).join(EVENTS, EVENTS.c.id == ATTACHMENTS.c.event_id).where(*_OF_MAILS)
)
_SENT = (
    update(LETTERS)
    .where(LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.joined_to == bindparam("first"), LETTERS.c.state == "joined")
    .values(state="sent", sent_at=bindparam("at"), reply=bindparam("answer"))
)


@dataclass(frozen=True, slots=True)
class _Mail:
    """A mail that is written down: the chain with what it did, and its events, at the least one."""

    chain: Chain
    events: tuple[Event, ...]
    stamp: Stamp


def gather(connection: Connection, settings: Settings, chain: Chain, author: int, stamp: Stamp) -> None:
    """Lets the letters of a mail wait where their readers ask for it; it was written by the party of the ticket `author`.

    `chain` is as it was before that mail, and locked: mails to it come one after another.
    """
    asking = [ticket.id for ticket in chain.tickets if people.party_of(settings.network, ticket.party).batch]
    if author in asking:
        release(connection, author, stamp.now)
    others = [ticket for ticket in asking if ticket != author]
    events = _OF_MAIL.load(connection, mail=stamp.mail_id, chain=chain.id) if others else ()
    if events:
        mail = _Mail(load_chain(connection, chain.id), events, stamp)
        for ticket in others:
            _gather(connection, settings, mail, mail.chain.ticket(ticket))


def release(connection: Connection, ticket_id: int, now: datetime) -> None:
    """Lets all that waits at that ticket go."""
    connection.execute(_RELEASE, {"ticket": ticket_id, "now": now})


def group(connection: Connection, letter: Row[Any]) -> list[Row[Any]]:
    """The rows that go as one letter with this one, itself among them; the first is the letter."""
    if letter.joined_to is None:
        return [letter]
    return list(connection.execute(_GROUP, {"ticket": letter.ticket_id, "first": letter.joined_to}))


def sent(connection: Connection, letter: Row[Any], at: datetime, answer: str) -> None:
    """Marks what went along with a letter."""
    if letter.joined_to is not None:
        connection.execute(_SENT, {"ticket": letter.ticket_id, "first": letter.id, "at": at, "answer": answer})


def follow(connection: Connection, letters: Collection[int], state: str) -> list[tuple[int, int]]:
    """What goes along with letters that an admin has made due, held or dropped; those rows, each with its letter."""
    changed = (
        update(LETTERS)
        .where(LETTERS.c.joined_to.in_(letters), ~BY_ITSELF)
        .values(state="dropped" if state == "dropped" else "joined")
    )
    found = connection.execute(changed.returning(LETTERS.c.id, LETTERS.c.joined_to))
    return sorted((row.id, row.joined_to) for row in found)


def _gather(connection: Connection, settings: Settings, mail: _Mail, reader: Ticket) -> None:
    """The letters of a mail to one party: each waits, is joined to one that does, or takes along what waits."""
    now, batch = mail.stamp.now, people.party_of(settings.network, reader.party).batch or timedelta()
    visible = (event for event in mail.events if visibility.entry(mail.chain, settings.network, reader, event))
    urgent = bursts.is_urgent(visible)
    spoke = connection.execute(_SPOKE, {"ticket": reader.id}).scalar()
    at_once = False
    for new in connection.execute(_NEW, {"ticket": reader.id, "mail": mail.stamp.mail_id, "now": now}).all():
        first = _first(connection, settings, new, now)
        at = bursts.leaves(now, batch, waiting=first.joins_until if first else None, spoke=spoke, urgent=urgent)
        at_once = at <= now
        if first is not None:
            _join(connection, first, new)
        elif not at_once:
            _change(connection, new, next_try=at, joins_until=at, reply=WAITS)
    if at_once:
        release(connection, reader.id, now)


def _first(connection: Connection, settings: Settings, new: Row[Any], now: datetime) -> Row[Any] | None:
    """The letter that waits and takes this one along; one that is too full for it waits no longer."""
    first = connection.execute(_FIRST, {"ticket": new.ticket_id, "recipient": new.recipient, "now": now}).first()
    if first is None or _fits(connection, settings, [*group(connection, first), new]):
        return first
    _change(connection, first, next_try=now, joins_until=None, reply="")
    return None


def _fits(connection: Connection, settings: Settings, letters: Sequence[Row[Any]]) -> bool:
    """Whether one letter can say all of that, with all its files."""
    values = {"chain": letters[0].chain_id, "mails": [letter.mail_id for letter in letters]}
    words, files = (connection.execute(query, values).scalar_one() for query in (_WORDS, _FILES))
    return len(letters) <= MOST and words <= WORDS and files <= int(settings.smtp.max_size * ROOM)


def _join(connection: Connection, first: Row[Any], new: Row[Any]) -> None:
    """A letter with others names itself as the one they go with, so that nobody has to look for them in vain."""
    _change(connection, first, joined_to=first.id)
    _change(connection, new, state="joined", joined_to=first.id, reply=f"goes with letter {first.id}")


def _change(connection: Connection, letter: Row[Any], **values: Any) -> None:
    connection.execute(update(LETTERS).where(LETTERS.c.id == letter.id).values(**values))
