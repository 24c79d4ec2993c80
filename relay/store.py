"""Rows → chains and events, on a connection whose transaction is somebody else's: what is found and loaded; `ledger` writes.

Core statements on SQLModel's tables: on the way of a mail the mapper would cost more than the database. Statements are built
once and get their values as parameters: to build one each time costs four times what running it does.
"""

from __future__ import annotations

import hmac
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, Row, Table, and_, bindparam, or_, select
from sqlmodel import SQLModel

from relay import address
from relay.model import Attachment, Chain, Contact, Event, Fact, Mail, Ticket
from storage import tables


def table(row: type[SQLModel]) -> Table:
    """The core table of a row class."""
    found: Table = row.__table__  # type: ignore[attr-defined]
    return found


CHAINS, TICKETS, PARTICIPANTS = table(tables.ChainRow), table(tables.TicketRow), table(tables.ParticipantRow)
EVENTS, ATTACHMENTS, LETTERS = table(tables.EventRow), table(tables.AttachmentRow), table(tables.LetterRow)
MAILS, SIGHTINGS, COUNTERS = table(tables.MailRow), table(tables.SightingRow), table(tables.CounterRow)
ADMITTED, FORMER, PAUSES = table(tables.AdmittedRow), table(tables.FormerRow), table(tables.PauseRow)
TALLIES, DIGESTS = table(tables.TallyRow), table(tables.DigestRow)
REMINDERS, STATEMENTS, SILENT = table(tables.ReminderRow), table(tables.StatementRow), table(tables.SilentRow)
BY_ITSELF = or_(LETTERS.c.joined_to.is_(None), LETTERS.c.joined_to == LETTERS.c.id)  # a letter, and not what goes with one

ENOUGH = 40  # lines of a quote that tell whether it is known
LATEST = 16  # letters that a mail is looked through for; one event's go to each of a party's people
QUOTABLE = 4  # of those that it answers, and of the others: to look for each costs half a millisecond
LABEL = 20  # characters, without blanks, that the line above a note's words has at least
SHORT = 3  # characters of a line that says nothing by itself

_PLACE = select(TICKETS.c.chain_id, TICKETS.c.id)
_TICKETS_BY: dict[str, Executable] = {
    "thread": _PLACE.add_columns(TICKETS.c.thread).where(TICKETS.c.thread == bindparam("token")),
    "note": _PLACE.add_columns(TICKETS.c.note).where(TICKETS.c.note == bindparam("token")),
}
_FORMER = _PLACE.join(FORMER, FORMER.c.ticket_id == TICKETS.c.id).where(
    FORMER.c.token == bindparam("token"), FORMER.c.kind == bindparam("kind")
)
_PARTY = select(TICKETS.c.party).where(TICKETS.c.id == bindparam("ticket"))
_SOMEBODYS = [select(rows.c.address).where(rows.c.address == bindparam("who")).limit(1) for rows in (PARTICIPANTS, ADMITTED)]
_HELD = select(MAILS.c.id).where(MAILS.c.token == bindparam("token"))
_STATEMENT = select(STATEMENTS.c.party).where(STATEMENTS.c.token == bindparam("token"))
_LETTER_BY_TOKEN = select(LETTERS).where(LETTERS.c.token == bindparam("token"))
_ANSWERED = [
    _PLACE.join(rows, rows.c.ticket_id == TICKETS.c.id)
    .where(rows.c.message_id.in_(bindparam("message_ids", expanding=True)), TICKETS.c.party == bindparam("party"))
    .order_by(rows.c.id.desc())
    .limit(1)
    for rows in (LETTERS, EVENTS)
]
_LETTER_IS_NOTE = (
    select(or_(LETTERS.c.kind == "note", and_(LETTERS.c.kind == "receipt", EVENTS.c.internal, EVENTS.c.kind != "mute")))
    .outerjoin(EVENTS, EVENTS.c.id == LETTERS.c.event_id)
    .where(LETTERS.c.message_id == bindparam("message_id"), LETTERS.c.ticket_id == bindparam("ticket"))
)
_NOTE_LETTERS = (
    select(LETTERS.c.shown, EVENTS.c.text)
    .join(EVENTS, EVENTS.c.id == LETTERS.c.event_id)
    .where(
        LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.shown.is_not(None), EVENTS.c.internal, EVENTS.c.kind == "comment"
    )
    .order_by(LETTERS.c.id.desc())
    .limit(10)
)
_EVENT_IS_NOTE = select(EVENTS.c.internal).where(
    EVENTS.c.message_id == bindparam("message_id"), EVENTS.c.ticket_id == bindparam("ticket"), EVENTS.c.kind == "comment"
)
_TOKENS: BindParameter[str] = bindparam("tokens", expanding=True)
_SHOWN = select(LETTERS.c.message_id, LETTERS.c.shown).order_by(LETTERS.c.id.desc()).limit(LATEST)
_SHOWN_AT = _SHOWN.where(
    LETTERS.c.shown.is_not(None),
    LETTERS.c.ticket_id.in_(select(TICKETS.c.id).where(or_(TICKETS.c.thread.in_(_TOKENS), TICKETS.c.note.in_(_TOKENS)))),
)
_SHOWN_UNDER = _SHOWN.where(LETTERS.c.shown.is_not(None), LETTERS.c.message_id.in_(bindparam("message_ids", expanding=True)))
_SEEN = select(SIGHTINGS.c.chain_id).where(
    SIGHTINGS.c.identity == bindparam("identity"), SIGHTINGS.c.target == bindparam("target")
)
_SAID = select(EVENTS.c.text).where(EVENTS.c.chain_id == bindparam("chain")).order_by(EVENTS.c.id.desc()).limit(200)
_COMMENTS = (
    select(EVENTS.c.ticket_id, EVENTS.c.text, EVENTS.c.data)
    .where(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.kind == "comment", EVENTS.c.internal.is_(False))
    .order_by(EVENTS.c.id.desc())
    .limit(200)
)
_CHAIN = select(CHAINS).where(CHAINS.c.id == bindparam("chain"))
_CHAIN_LOCKED = _CHAIN.with_for_update()
_CHAIN_TICKETS = select(TICKETS).where(TICKETS.c.chain_id == bindparam("chain")).order_by(TICKETS.c.id)
_CHAIN_PEOPLE = (
    select(PARTICIPANTS).join(TICKETS, TICKETS.c.id == PARTICIPANTS.c.ticket_id).where(TICKETS.c.chain_id == bindparam("chain"))
)
_OF: BindParameter[int] = bindparam("chains", expanding=True)
_CHAINS_OF = select(CHAINS).where(CHAINS.c.id.in_(_OF)).order_by(CHAINS.c.id)
_TICKETS_OF = select(TICKETS).where(TICKETS.c.chain_id.in_(_OF)).order_by(TICKETS.c.id)
_PEOPLE_OF = select(PARTICIPANTS).join(TICKETS, TICKETS.c.id == PARTICIPANTS.c.ticket_id).where(TICKETS.c.chain_id.in_(_OF))


# ── finding ────────────────────────────────────────────────────────────────────────────────────────────────


def find_ticket(connection: Connection, kind: address.Kind, token: str) -> tuple[int, int] | None:
    """(chain id, ticket id) of a thread or note address, or None."""
    row = connection.execute(_TICKETS_BY[kind], {"token": token}).first()
    return (row[0], row[1]) if row and _is_whole(row[2], token) else None


def find_former(connection: Connection, kind: address.Kind, token: str) -> tuple[int, int] | None:
    """(chain id, ticket id) of an address that a ticket had before its addresses were renewed, or None."""
    row = connection.execute(_FORMER, {"kind": kind, "token": token}).first()
    return (row[0], row[1]) if row else None


def owner(connection: Connection, kind: address.Kind, token: str) -> str:
    """The party of a ticket's address, former ones included; "" where there is none."""
    place = find_ticket(connection, kind, token) or find_former(connection, kind, token)
    return party(connection, place[1]) if place else ""


def party(connection: Connection, ticket_id: int) -> str:
    """The key of a ticket's party."""
    return str(connection.execute(_PARTY, {"ticket": ticket_id}).scalar_one())


def is_somebodys(connection: Connection, who: str) -> bool:
    """Whether that address writes at some ticket, or was let in by some party."""
    return any(connection.execute(query, {"who": who.lower()}).first() for query in _SOMEBODYS)


def find_letter(connection: Connection, token: str) -> Row[Any] | None:
    """The letter of a return-path, or None."""
    row = connection.execute(_LETTER_BY_TOKEN, {"token": token}).first()
    return row if row and _is_whole(row.token, token) else None


def _is_whole(stored: str, token: str) -> bool:
    """Whether the index has found that very token; the time this takes does not tell where they differ (docs/operations.md)."""
    return hmac.compare_digest(stored.encode(), token.encode())


def find_returned(connection: Connection, message_id: str, ticket_id: int, recipient: str) -> Row[Any] | None:
    """The letter to that ticket that a delivery report shows. Its contacts share one Message-ID, so the recipient decides.

    None for a letter not of that ticket, or where it could be several.
    """
    query = select(LETTERS).where(LETTERS.c.message_id == message_id.lower(), LETTERS.c.ticket_id == ticket_id)
    found = connection.execute(query.order_by(LETTERS.c.id)).all() if message_id else []
    to_them = [row for row in found if address.same(row.recipient, recipient)]
    return to_them[-1] if to_them else found[0] if len(found) == 1 else None


def exists(connection: Connection, found: address.Address) -> bool:
    """Whether a parsed address with a token is one of a ticket or letter."""
    if found.kind == "return-path":
        return find_letter(connection, found.key) is not None
    if found.kind == "held":
        return connection.execute(_HELD, {"token": found.key}).first() is not None
    if found.kind == "statement":
        return connection.execute(_STATEMENT, {"token": found.key}).first() is not None
    return (find_ticket(connection, found.kind, found.key) or find_former(connection, found.kind, found.key)) is not None


def find_answered(connection: Connection, message_ids: Sequence[str], party: str) -> tuple[int, int] | None:
    """(chain id, ticket id) of that party's ticket that a mail answers: one of our letters to it, or a mail of its own."""
    values = {"message_ids": list(message_ids), "party": party}
    for query in _ANSWERED if message_ids else ():
        if row := connection.execute(query, values).first():
            return row[0], row[1]
    return None


def answers_note(connection: Connection, mail: Mail, ticket_id: int) -> bool:
    """Whether a mail answers an internal one: a letter that brought a note to that ticket, its receipt, or its author's own mail.

    All that In-Reply-To names counts. Where none of it is known here, as when a colleague's direct mail is answered, the nearest
    known one of References decides.
    """
    known = [note for found in mail.answers if (note := _is_note(connection, found, ticket_id)) is not None]
    if known:
        return any(known)
    nearest = (note for found in reversed(mail.references) if (note := _is_note(connection, found, ticket_id)) is not None)
    return next(nearest, False)


def copies_note(connection: Connection, text: str, ticket_id: int) -> bool:
    """Whether a text has the line that stands above the words in a letter that brought a note to that ticket, or its receipt.

    Nobody writes that line: his client has quoted such a letter, and put nothing around it that tells.
    """
    said = "".join(map(_bare, text.splitlines()))
    rows = connection.execute(_NOTE_LETTERS, {"ticket": ticket_id})
    lines = (_line_above(zlib.decompress(row.shown).decode(), row.text) for row in rows)
    return any(len(line) > LABEL and line in said for line in lines)


def _line_above(shown: str, text: str) -> str:
    """The line above a text in a letter that has it, for comparison; "" where it is not found."""
    first = next(filter(None, map(_bare, text.splitlines())), "")
    lines = [bare for line in shown.splitlines() if (bare := _bare(line))]
    return lines[lines.index(first) - 1] if first in lines[1:] else ""


def _is_note(connection: Connection, message_id: str, ticket_id: int) -> bool | None:
    """Whether that id is of an internal mail at that ticket; None if the ticket does not know it. Our own are lower case."""
    for query, name in ((_LETTER_IS_NOTE, message_id.lower()), (_EVENT_IS_NOTE, message_id)):
        found = connection.execute(query, {"message_id": name, "ticket": ticket_id}).first()
        if found is not None:
            return bool(found[0])
    return None


def shown(connection: Connection, tokens: Collection[str], domain: str) -> list[str]:
    """The plain texts of letters that a mail may quote: the latest of those it answers, and the latest to its tickets.

    `tokens` are of the tickets' thread or note addresses, and of Message-IDs of letters; one text for each Message-ID.
    """
    if not tokens:
        return []
    found: dict[str, bytes] = {}
    answered = {"message_ids": [f"<{token}@{domain}>" for token in tokens]}
    for query, values in ((_SHOWN_UNDER, answered), (_SHOWN_AT, {"tokens": list(tokens)})):
        rows = {row.message_id: row.shown for row in connection.execute(query, values) if row.message_id not in found}
        found |= dict(list(rows.items())[:QUOTABLE])
    return [zlib.decompress(text).decode() for text in found.values()]


def find_chain(connection: Connection, number: str) -> int | None:
    """The id of the chain with that number; letters in either case, brackets allowed."""
    wanted = number.strip("[] ").upper()
    return connection.execute(select(CHAINS.c.id).where(CHAINS.c.number == wanted)).scalar()


def seen(connection: Connection, identity: str, target: str) -> int | None:
    """The chain on which a mail of that identity has had its effect on that target, or None."""
    return connection.execute(_SEEN, {"identity": identity, "target": target}).scalar()


def seen_anywhere(connection: Connection, identity: str) -> list[int]:
    """The chains on which a mail of that identity has had any effect."""
    query = select(SIGHTINGS.c.chain_id).where(SIGHTINGS.c.identity == identity).distinct().order_by(SIGHTINGS.c.chain_id)
    return list(connection.execute(query).scalars())


def last_cut(connection: Connection, ticket_id: int, author: str) -> str:
    """What was cut from the last public mail of that author at that ticket; "" if nothing.

    Lines that say what an internal mail there says are left out: he may have quoted one, and his client have broken its lines.
    """
    mine = (EVENTS.c.ticket_id == ticket_id, EVENTS.c.author == author, EVENTS.c.kind == "comment", EVENTS.c.internal.is_(False))
    data = connection.execute(select(EVENTS.c.data).where(*mine).order_by(EVENTS.c.id.desc()).limit(1)).scalar()
    lines = str((data or {}).get("cut", "")).splitlines()
    secret = _internal(connection, ticket_id) if lines else []
    return "\n".join(line for line in lines if not _tells(_bare(line), secret)).strip()


def _internal(connection: Connection, ticket_id: int) -> list[tuple[str, list[str]]]:
    """Of each internal event there its text, and that text's lines and the names of its files."""
    of_ticket = (EVENTS.c.ticket_id == ticket_id, EVENTS.c.internal)
    texts = connection.execute(select(EVENTS.c.text).where(*of_ticket)).scalars().all()
    names = connection.execute(select(ATTACHMENTS.c.name).join(EVENTS, EVENTS.c.id == ATTACHMENTS.c.event_id).where(*of_ticket))
    told = [(text, text.splitlines()) for text in texts] + [("", [name]) for name in names.scalars()]
    return [("".join(map(_bare, text.splitlines())), [bare for line in lines if (bare := _bare(line))]) for text, lines in told]


def _tells(line: str, secret: Iterable[tuple[str, list[str]]]) -> bool:
    """Whether a line is a part of one of those texts, or has a line of one, or a file's name, in it."""
    return bool(line) and any(
        line in text or any(part == line or (len(part) > SHORT and part in line) for part in parts) for text, parts in secret
    )


def is_known(connection: Connection, chain_id: int, text: str) -> bool:
    """Whether most of a text's beginning stands in the chain's latest events: what was said there, quoted."""
    said = "".join(_bare(line) for told in connection.execute(_SAID, {"chain": chain_id}).scalars() for line in told.splitlines())
    lines = [bare for line in text.splitlines() if len(bare := _bare(line)) > SHORT][:ENOUGH]
    return sum(len(line) for line in lines if line in said) * 2 > sum(map(len, lines))


def public_comments(connection: Connection, chain_id: int) -> list[tuple[int, str]]:
    """(ticket id, text for comparison) of the chain's latest public comments, the latest first."""
    return [
        (row.ticket_id, "".join(map(_bare, row.text.splitlines())))
        for row in connection.execute(_COMMENTS, {"chain": chain_id})
        if not row.data.get("full")
    ]


def said_by(comments: Iterable[tuple[int, str]], quote: str) -> int | None:
    """The ticket of the comment in which a quote stands, word for word; None for one too short to tell."""
    wanted = "".join(map(_bare, quote.splitlines()))
    return next((ticket for ticket, text in comments if wanted in text), None) if len(wanted) > SHORT else None


def _bare(line: str) -> str:
    """A line without quote marks and blanks, for comparison."""
    return "".join(line.lstrip("> ").split()).lower()


# ── loading ────────────────────────────────────────────────────────────────────────────────────────────────


def load_chain(connection: Connection, chain_id: int, *, lock: bool = False) -> Chain:
    """The chain with its tickets. `lock` makes other processes wait for this transaction (SQLite's writer has all)."""
    wanted = {"chain": chain_id}
    row = connection.execute(_CHAIN_LOCKED if lock else _CHAIN, wanted).one()
    people: dict[int, list[Row[Any]]] = defaultdict(list)
    for person in connection.execute(_CHAIN_PEOPLE, wanted):
        people[person.ticket_id].append(person)
    rows = connection.execute(_CHAIN_TICKETS, wanted)
    return Chain(row.id, row.number, row.subject, row.opened_at, tuple(_ticket(found, people[found.id]) for found in rows))


def load_chains(connection: Connection, ids: Sequence[int]) -> list[Chain]:
    """Those chains with their tickets, in the order of their numbers: three queries for all."""
    tickets: dict[int, list[Row[Any]]] = defaultdict(list)
    people: dict[int, list[Row[Any]]] = defaultdict(list)
    wanted = {"chains": list(ids)}
    for row in connection.execute(_TICKETS_OF, wanted):
        tickets[row.chain_id].append(row)
    for person in connection.execute(_PEOPLE_OF, wanted):
        people[person.ticket_id].append(person)
    return [
        Chain(row.id, row.number, row.subject, row.opened_at, tuple(_ticket(one, people[one.id]) for one in tickets[row.id]))
        for row in connection.execute(_CHAINS_OF, wanted)
    ]


class EventQuery:
    """Which events to load: conditions on EVENTS. Built once, it has a `bindparam` for each value."""

    def __init__(self, *where: Any) -> None:
        files = select(ATTACHMENTS).where(ATTACHMENTS.c.event_id.in_(select(EVENTS.c.id).where(*where)))
        self._events = select(EVENTS).where(*where).order_by(EVENTS.c.id)
        self._files = files.order_by(ATTACHMENTS.c.event_id, ATTACHMENTS.c.position)

    def load(self, connection: Connection, **values: Any) -> tuple[Event, ...]:
        """Events in order, with their attachments' descriptions (not their bytes)."""
        rows = connection.execute(self._events, values).all()
        files: dict[int, list[Attachment]] = defaultdict(list)
        for row in connection.execute(self._files, values) if rows else ():
            files[row.event_id].append(Attachment(row.name, row.type, row.size, row.sha256, row.content_id, stuck=row.stuck))
        return tuple(_event(row, files[row.id]) for row in rows)


def load_events(connection: Connection, *where: Any) -> tuple[Event, ...]:
    """The events for which these conditions hold, for those who ask seldom."""
    return EventQuery(*where).load(connection)


def _ticket(row: Row[Any], people: Sequence[Row[Any]]) -> Ticket:
    return Ticket(
        id=row.id,
        party=row.party,
        parent=row.parent_id,
        link=row.link,
        status=row.status,
        reference=row.reference,
        thread=row.thread,
        note=row.note,
        participants=tuple(Contact(person.address, person.name) for person in people if person.joined),
        facts=tuple(Fact(fact["name"], fact["value"], datetime.fromisoformat(fact["at"])) for fact in row.facts),
        muted=frozenset(person.address for person in people if person.muted),
    )


def _event(row: Row[Any], files: Iterable[Attachment]) -> Event:
    return Event(
        id=row.id,
        kind=row.kind,
        ticket=row.ticket_id,
        author=Contact(row.author, row.author_name),
        at=row.at,
        internal=row.internal,
        text=row.text,
        attachments=tuple(files),
        data=row.data,
        mail_id=row.mail_id,
        message_id=row.message_id,
    )
