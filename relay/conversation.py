"""The place of a letter in its reader's mail program: what it answers, and by what name Outlook knows the conversation.

All tickets of a party in a chain are one conversation: who gives a ticket back and gets it again goes on where he was. It begins
with the party's own first mail, if that opened the chain, or else with our first letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, select

from relay import address
from relay.model import Chain, Ticket
from relay.store import BY_ITSELF, EVENTS, FORMER, LETTERS, MAILS

REFERENCES = 10  # ids of earlier mails that a letter names, at most
HIS = 5  # of those the reader has himself
MOST = 2 * REFERENCES  # rows that are looked at: one letter may be there for each of a party's people
NEWEST = 2**62
AS_OF_NOW = {"due", "moved"}  # kinds about no event: they follow the letters about the latest one, too
ON_REQUEST = {"receipt", "history", "status", "help"}  # kinds that answer a mail, also one that has made no event
UNASKED = {"asked", "expired", "misused"}  # states of letters about held mails and reports that answer nobody
RECENT = 100  # letters of no ticket to one reader among which a question is looked for
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")

_HERE: BindParameter[int] = bindparam("tickets", expanding=True)
_LETTERS = select(LETTERS.c.event_id, LETTERS.c.message_id, LETTERS.c.recipient).where(
    LETTERS.c.ticket_id.in_(_HERE),
    LETTERS.c.event_id < bindparam("before"),
    LETTERS.c.id < bindparam("letter"),
    LETTERS.c.state.not_in(("failed", "dropped")),
    LETTERS.c.joins_until.is_(None),
    BY_ITSELF,
)
_MAILS = select(EVENTS.c.id, EVENTS.c.message_id, EVENTS.c.author).where(
    EVENTS.c.ticket_id.in_(_HERE), EVENTS.c.id <= bindparam("upto"), EVENTS.c.message_id != ""
)
_LATEST = (
    _MAILS.order_by(EVENTS.c.id.desc()).limit(MOST),
    _LETTERS.order_by(LETTERS.c.event_id.desc(), LETTERS.c.id.desc()).limit(MOST),
)
_FIRST = (_MAILS.order_by(EVENTS.c.id).limit(1), _LETTERS.order_by(LETTERS.c.event_id, LETTERS.c.id).limit(1))
_HIS_LATEST = (
    _MAILS.where(func.lower(EVENTS.c.author) == bindparam("reader")).order_by(EVENTS.c.id.desc()).limit(1),
    _LETTERS.where(func.lower(LETTERS.c.recipient) == bindparam("reader"))
    .order_by(LETTERS.c.event_id.desc(), LETTERS.c.id.desc())
    .limit(1),
)
_ANSWERED = select(MAILS.c.message_id).where(MAILS.c.id == bindparam("mail"))
_OF_NO_TICKET = (
    select(LETTERS.c.message_id, LETTERS.c.data)
    .where(
        LETTERS.c.ticket_id.is_(None),
        LETTERS.c.kind == bindparam("kind"),
        LETTERS.c.recipient == bindparam("recipient"),
        LETTERS.c.id < bindparam("letter"),
    )
    .order_by(LETTERS.c.id.desc())
    .limit(RECENT)
)
_OPENING = select(EVENTS.c.data).where(EVENTS.c.ticket_id == bindparam("ticket")).order_by(EVENTS.c.id).limit(1)
_FIRST_TOKEN = (
    select(FORMER.c.token)
    .where(FORMER.c.ticket_id == bindparam("ticket"), FORMER.c.kind == "thread")
    .order_by(FORMER.c.at)
    .limit(1)
)


class Known(NamedTuple):
    """A mail that a party has: the event it is about, its id, and who of the party wrote or got it."""

    event: int
    message_id: str
    who: str


def tickets(chain: Chain, party: str) -> tuple[Ticket, ...]:
    """The tickets whose letters to that party are one conversation, oldest first."""
    return tuple(ticket for ticket in chain.tickets if ticket.party == party)


def names(connection: Connection, first: Ticket, domain: str) -> dict[str, str]:
    """`Letter.conversation` and `Letter.begun` of a conversation whose first ticket is that one."""
    token = connection.execute(_FIRST_TOKEN, {"ticket": first.id}).scalar()
    opening = None if first.parent else connection.execute(_OPENING, {"ticket": first.id}).scalar()
    return {"conversation": address.thread(token or first.thread, domain), "begun": str((opening or {}).get("thread", ""))}


def references(connection: Connection, row: Row[Any], here: Sequence[Ticket]) -> tuple[str, ...]:
    """What a letter names, ids that its reader's party has seen: the first of the conversation, some that only his colleagues
    have (they may have sent him copies), and the latest that he has himself, the last of which is answered.
    """
    known = _known(connection, row, here)
    his = _unique(one.message_id for one in known if address.same(one.who, row.recipient)) + _answered(connection, row)
    first = [one.message_id for one in known[:1] if one.message_id != row.message_id]
    later = [one for one in his if one not in (*first, row.message_id)]
    if not later:
        return tuple(first)
    others = [one for one in _unique(one.message_id for one in known) if one not in (*first, *his)]
    return (*first, *others[-(REFERENCES - HIS - 1) :], *later[-HIS:])


def about_the_same(connection: Connection, row: Row[Any]) -> tuple[str, ...]:
    """What a letter of no ticket names: those before to the same reader about the same question, and the answer it answers."""
    wanted = {"kind": row.kind, "recipient": row.recipient, "letter": row.id}
    before = connection.execute(_OF_NO_TICKET, wanted) if row.data["token"] else ()
    found = [message_id for message_id, data in before if data["token"] == row.data["token"]][: REFERENCES - 1]
    return tuple(_unique([*reversed(found), *_answered(connection, row)]))


def _known(connection: Connection, row: Row[Any], here: Sequence[Ticket]) -> list[Known]:
    """The first mail of the conversation and the latest ones, in order, a mail before the letter about it."""
    newest = row.event_id or NEWEST
    values = {
        "tickets": [ticket.id for ticket in here],
        "upto": newest,
        "before": newest + (row.kind in AS_OF_NOW),
        "letter": row.id,
        "reader": row.recipient.lower(),
    }

    def found(queries: Iterable[Any]) -> list[list[Known]]:
        return [[Known(*each) for each in connection.execute(query, values)] for query in queries]

    latest = found(_LATEST)
    if all(len(some) < MOST for some in latest):
        return _in_order(latest)
    his = [] if any(address.same(one.who, row.recipient) for some in latest for one in some) else found(_HIS_LATEST)
    return [*_in_order(found(_FIRST))[:1], *_in_order(his), *_in_order(latest)]


def _in_order(found: Iterable[Iterable[Known]]) -> list[Known]:
    return sorted((one for some in found for one in some if _MESSAGE_ID.fullmatch(one.message_id)), key=lambda one: one.event)


def _answered(connection: Connection, row: Row[Any]) -> list[str]:
    """The mail that a letter answers, also when it has made no event."""
    if row.kind in ON_REQUEST or row.data.get("state", "asked") not in UNASKED:
        return _unique(connection.execute(_ANSWERED, {"mail": row.mail_id}).scalars())
    return []


def _unique(ids: Iterable[str]) -> list[str]:
    """Those that are ids, each once: the last time."""
    return list(dict.fromkeys(one for one in reversed(list(ids)) if _MESSAGE_ID.fullmatch(one)))[::-1]
