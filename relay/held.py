"""Held mails: put before a person of the party, let in or dropped by his word, and dropped when nobody says one.

| state of the mail | becomes | when |
| --- | --- | --- |
| held | let in | somebody of the party answers yes or once, or an admin releases it; then it is settled as the party's own |
| held | refused | somebody of the party answers no, or an admin refuses it |
| held | expired | nobody has decided for `held.expires` |

The question shows who wrote, and to which address: nothing of what he wrote, since a stranger's mail may be meant to be read
by just those who are asked ("Ticket Trick": a code sent to an address that only its owner should see).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, select, update

from relay import address, answers, keywords, ledger, store
from relay.decision import Order
from relay.ledger import Stamp
from relay.model import Contact, Mail, Party
from relay.settings import Settings
from relay.store import ADMITTED, MAILS
from relay.undelivered import tell_postmaster

Word = Literal["yes", "once", "no"]
WORDS: tuple[Word, ...] = ("yes", "once", "no")
HELD, LET_IN, REFUSED, EXPIRED = "held", "let in", "refused", "expired"
LONGEST_NAME = 60  # characters of a stranger's name that are shown
_TELLING = re.compile(r"[/@:<>]|www\.|\d{4}", re.IGNORECASE)  # in a name: a link, an address, a code

_WAITING = select(func.count()).where(MAILS.c.state == HELD, MAILS.c.held_for == bindparam("party"))
_ASKED = select(MAILS.c.token).where(
    MAILS.c.state == HELD,
    MAILS.c.held_for == bindparam("party"),
    MAILS.c.sender == bindparam("author"),
    MAILS.c.token.is_not(None),
)
_OF_TOKEN = select(MAILS).where(MAILS.c.token == bindparam("token"))
_ADMITTED = select(ADMITTED.c.address, ADMITTED.c.name).where(ADMITTED.c.party == bindparam("party"))


@dataclass(frozen=True, slots=True)
class Question:
    """What a party is asked: about whose mail, to which of its addresses, and who of it gets the question.

    `elsewhere`: it bears a colleague's own signature, but was addressed to somebody else (see `model.Verdict`).
    """

    party: Party
    author: Contact
    where: str
    readers: tuple[Contact, ...]
    elsewhere: bool = False


def waiting(connection: Connection, party: str) -> int:
    """How many mails wait for a word of that party."""
    return int(connection.execute(_WAITING, {"party": party}).scalar_one())


def admitted(connection: Connection, party: str) -> tuple[Contact, ...]:
    """Those whom somebody of the party has let write for it."""
    return tuple(Contact(row.address, row.name) for row in connection.execute(_ADMITTED, {"party": party}))


def ask(connection: Connection, question: Question, stamp: Stamp) -> str | None:
    """Puts the question into the outbox; returns the token for the mail's row. One that waits already asks for both: None."""
    wanted = {"party": question.party.key, "author": question.author.address}
    if connection.execute(_ASKED, wanted).first() is not None or not question.readers:
        return None
    token = address.mint()
    data = {
        "state": "asked",
        "who": shown(question.author),
        "where": question.where,
        "elsewhere": question.elsewhere,
        "party": question.party.key,
        "token": token,
    }
    ledger.save_orders(connection, None, [Order("held", reader, data=data) for reader in question.readers], stamp)
    return token


def shown(author: Contact) -> str:
    """A stranger as he may be shown: his address, and his name unless it tells more than a name does."""
    name = author.name[:LONGEST_NAME]
    return f"{name} <{author.address}>" if name and not _TELLING.search(name) else author.address


def find(connection: Connection, token: str) -> Row[Any] | None:
    """The mail that an address of that token decides about."""
    return connection.execute(_OF_TOKEN, {"token": token}).first()


def word(mail: Mail) -> Word | None:
    """What a person's answer says: its first line, or else its subject; None where that is neither yes, once nor no."""
    return answers.word(mail, {each: _spellings(each) for each in WORDS})


def _spellings(meant: Word) -> Sequence[str]:
    return keywords.merged(lambda language: language.answers[meant])


def answer(connection: Connection, row: Row[Any], mail: Mail, stamp: Stamp) -> list[str]:
    """Does what a colleague's mail says about the held mail of `row`; returns the ids of mails that are let in now.

    Whoever answers is told what has become of it.
    """
    said = word(mail) if row.state == HELD else None
    state = {"yes": LET_IN, "once": LET_IN, "no": REFUSED}[said] if said else row.state
    ids = decide(connection, row, state, f"{mail.author.address} answered {said}") if said else []
    if said == "yes":
        admit(connection, row.held_for, row.sender, mail.author.address, stamp.now)
    told = said or ("unclear" if row.state == HELD else "over")
    question = connection.execute(_QUESTION, {"mail": row.id}).scalar()
    data = {**question, "state": told} if question else {}
    if data:
        ledger.save_orders(connection, None, [Order("held", mail.author, data=data)], stamp)
    return ids if state == LET_IN and said else []


_QUESTION = (
    select(store.LETTERS.c.data)
    .where(store.LETTERS.c.mail_id == bindparam("mail"), store.LETTERS.c.kind == "held")
    .order_by(store.LETTERS.c.id)
    .limit(1)
)


def decide(connection: Connection, row: Row[Any], state: str, reason: str) -> list[str]:
    """Every held mail of that author to that party gets that state; returns their ids, oldest first."""
    same = (MAILS.c.state == HELD, MAILS.c.held_for == row.held_for, MAILS.c.sender == row.sender)
    ids = list(connection.execute(select(MAILS.c.id).where(*same).order_by(MAILS.c.received_at)).scalars())
    connection.execute(update(MAILS).where(MAILS.c.id.in_(ids)).values(state=state, reason=ledger.storable(reason)))
    return ids


def let_in(connection: Connection) -> list[Row[Any]]:
    """The mails that somebody has let in and that are not settled yet, oldest first."""
    return list(connection.execute(select(MAILS).where(MAILS.c.state == LET_IN).order_by(MAILS.c.received_at)))


def put_back(connection: Connection, mail_id: str, reason: str) -> None:
    """A mail that was let in and cannot be taken waits on."""
    connection.execute(update(MAILS).where(MAILS.c.id == mail_id).values(state=HELD, reason=ledger.storable(reason)))


def admit(connection: Connection, party: str, who: str, by: str, now: datetime) -> None:
    """From now on `who` writes for that party."""
    values = {"party": party, "address": who.lower(), "name": "", "by": by, "at": now}
    connection.execute(ledger.upsert(connection.dialect.name, ADMITTED, ("party", "address"), ("by", "at")), values)


def expire(connection: Connection, settings: Settings, stamp: Stamp) -> list[str]:
    """Drops what has waited too long, and says so to those who were asked, or else to the postmaster; returns the ids."""
    late = stamp.now - settings.held.expires
    query = select(MAILS).where(MAILS.c.state == HELD, MAILS.c.received_at < late).order_by(MAILS.c.received_at)
    rows = connection.execute(query).all()
    reason = f"nobody has decided about it since {{:%Y-%m-%d}}; {settings.held.expires.days} days are the limit"
    for row in rows:
        values = {"state": EXPIRED, "reason": reason.format(row.received_at)}
        connection.execute(update(MAILS).where(MAILS.c.id == row.id).values(**values))
    _tell_of_the_expired(connection, settings, rows, stamp)
    return [row.id for row in rows]


def _tell_of_the_expired(connection: Connection, settings: Settings, rows: Iterable[Row[Any]], stamp: Stamp) -> None:
    untold = []
    for row in rows:
        letters = connection.execute(
            select(store.LETTERS).where(store.LETTERS.c.mail_id == row.id, store.LETTERS.c.kind == "held")
        )
        asked = {letter.recipient: letter for letter in letters}.values()
        orders = [Order("held", Contact(one.recipient, one.recipient_name), data={**one.data, "state": EXPIRED}) for one in asked]
        ledger.save_orders(connection, None, orders, stamp)
        untold += [] if orders else [row]
    if untold:
        _tell_the_postmaster(connection, settings, untold, stamp)


def _tell_the_postmaster(connection: Connection, settings: Settings, rows: Sequence[Row[Any]], stamp: Stamp) -> None:
    statement = {
        "what": f"{len(rows)} held mails have expired",
        "details": {row.id: f"{row.sender}: {row.subject}" for row in rows[:20]},
        "text": "Nobody has decided about them in time, so nothing of them was forwarded. The spool keeps the mails.",
    }
    tell_postmaster(connection, settings, stamp, statement)


def readers(party: Party, participants: Iterable[Contact] = ()) -> tuple[Contact, ...]:
    """Who of a party is asked: its contacts; where it has none, those who write at the ticket, or else its desk."""
    desk = (Contact(party.desk.address, party.name),) if party.desk else ()
    return party.contacts or tuple(participants) or desk
