"""Chains and events ⇄ rows, on a connection whose transaction is somebody else's: the unit of work of one mail.

Core statements on SQLModel's tables: on the way of a mail the mapper would cost more than the database. Statements are built
once and get their values as parameters: to build one each time costs four times what running it does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from relay import address, workflow
from relay.decision import Decision, Order
from relay.model import Attachment, Chain, Contact, Event, Fact, Mail, Ticket
from storage import tables


def table(row: type[SQLModel]) -> Table:
    """The core table of a row class."""
    found: Table = row.__table__  # type: ignore[attr-defined]
    return found


CHAINS, TICKETS, PARTICIPANTS = table(tables.ChainRow), table(tables.TicketRow), table(tables.ParticipantRow)
EVENTS, ATTACHMENTS, LETTERS = table(tables.EventRow), table(tables.AttachmentRow), table(tables.LetterRow)
MAILS, SIGHTINGS, COUNTERS = table(tables.MailRow), table(tables.SightingRow), table(tables.CounterRow)

ENOUGH = 40  # lines of a quote that tell whether it is known
SHORT = 3  # characters of a line that says nothing by itself
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_PLACE = select(TICKETS.c.chain_id, TICKETS.c.id)
_TICKETS_BY: dict[str, Executable] = {
    "thread": _PLACE.where(TICKETS.c.thread == bindparam("token")),
    "note": _PLACE.where(TICKETS.c.note == bindparam("token")),
}
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
_EVENT_IS_NOTE = select(EVENTS.c.internal).where(
    EVENTS.c.message_id == bindparam("message_id"), EVENTS.c.ticket_id == bindparam("ticket"), EVENTS.c.kind == "comment"
)
_SEEN = select(SIGHTINGS.c.chain_id).where(
    SIGHTINGS.c.identity == bindparam("identity"), SIGHTINGS.c.target == bindparam("target")
)
_SAID = select(EVENTS.c.text).where(EVENTS.c.chain_id == bindparam("chain")).order_by(EVENTS.c.id.desc()).limit(200)
_CHAIN = select(CHAINS).where(CHAINS.c.id == bindparam("chain"))
_CHAIN_LOCKED = _CHAIN.with_for_update()
_CHAIN_TICKETS = select(TICKETS).where(TICKETS.c.chain_id == bindparam("chain")).order_by(TICKETS.c.id)
_CHAIN_PEOPLE = (
    select(PARTICIPANTS).join(TICKETS, TICKETS.c.id == PARTICIPANTS.c.ticket_id).where(TICKETS.c.chain_id == bindparam("chain"))
)


# ── finding ────────────────────────────────────────────────────────────────────────────────────────────────


def find_ticket(connection: Connection, kind: address.Kind, token: str) -> tuple[int, int] | None:
    """(chain id, ticket id) of a thread or note address, or None."""
    row = connection.execute(_TICKETS_BY[kind], {"token": token}).first()
    return (row[0], row[1]) if row else None


def find_letter(connection: Connection, token: str) -> Row[Any] | None:
    """The letter of a return-path, or None."""
    return connection.execute(_LETTER_BY_TOKEN, {"token": token}).first()


def exists(connection: Connection, found: address.Address) -> bool:
    """Whether a parsed address with a token is one of a ticket or letter."""
    if found.kind == "return-path":
        return find_letter(connection, found.key) is not None
    return find_ticket(connection, found.kind, found.key) is not None


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


def _is_note(connection: Connection, message_id: str, ticket_id: int) -> bool | None:
    """Whether that id is of an internal mail at that ticket; None if the ticket does not know it. Our own are lower case."""
    for query, name in ((_LETTER_IS_NOTE, message_id.lower()), (_EVENT_IS_NOTE, message_id)):
        found = connection.execute(query, {"message_id": name, "ticket": ticket_id}).first()
        if found is not None:
            return bool(found[0])
    return None


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


# ── saving ─────────────────────────────────────────────────────────────────────────────────────────────────


def open_chain(connection: Connection, prefix: str, subject: str, party: str, now: datetime) -> Chain:
    """A new chain with the next number and its first ticket."""
    number = f"{prefix}-{_next(connection, prefix)}"
    values = {"number": number, "subject": storable(subject), "opened_at": now}
    chain_id = _insert(connection, CHAINS, values)
    ticket = _save_ticket(connection, chain_id, Ticket(-1, party))
    return Chain(chain_id, number, subject, now, (ticket,))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every row written for one mail carries: the relay's domain (for Message-IDs), the mail's queue id, the time."""

    domain: str
    mail_id: str
    now: datetime


def save(connection: Connection, chain: Chain, decision: Decision, stamp: Stamp) -> None:
    """Writes what was decided, in the place of its negative ids those that the database gives."""
    ids: dict[int, int] = {}
    tickets = list(chain.tickets)
    for ticket in decision.tickets:
        tickets.append(_save_ticket(connection, chain.id, replace(ticket, parent=ids.get(ticket.parent or 0, ticket.parent))))
        ids[ticket.id] = tickets[-1].id
    happened = [_settled(event, ids) for event in decision.events]
    events = {event.id: _save_event(connection, chain.id, event, stamp.mail_id) for event in happened}
    _update_tickets(connection, tickets, workflow.replay(replace(chain, tickets=tuple(tickets)), happened).tickets)
    for ticket_id, contact in decision.participants:
        _save_participant(connection, ids.get(ticket_id, ticket_id), contact)
    save_orders(connection, chain, decision.orders, stamp, tickets=ids, events=events)


def save_orders(
    connection: Connection,
    chain: Chain | None,
    orders: Sequence[Order],
    stamp: Stamp,
    *,
    tickets: Mapping[int, int] | None = None,
    events: Mapping[int, int] | None = None,
) -> None:
    """Puts letters into the outbox. One Message-ID for an event at a ticket, whichever of its contacts gets the letter."""
    ids: dict[Any, str] = defaultdict(lambda: f"<{address.mint()}@{stamp.domain}>")
    # A letter about no event of its own stands where the chain is now, so that a retry says what the first try said.
    latest = _latest_event(connection, chain.id) if chain and any(order.event is None for order in orders) else None
    rows = [
        {
            "kind": order.kind,
            "chain_id": chain.id if chain else None,
            "ticket_id": (tickets or {}).get(order.ticket or 0, order.ticket),
            "event_id": (events or {}).get(order.event or 0, order.event) or latest,
            "mail_id": stamp.mail_id,
            "recipient": order.to.address,
            "recipient_name": storable(order.to.name),
            "message_id": ids[order.kind, order.ticket, order.event],
            "token": address.mint(),
            "data": storable_data(order.data),
            "state": "due",
            "created_at": stamp.now,
            "next_try": stamp.now,
        }
        for order in orders
    ]
    if rows:
        connection.execute(insert(LETTERS), rows)


def _latest_event(connection: Connection, chain_id: int) -> int | None:
    return connection.execute(select(func.max(EVENTS.c.id)).where(EVENTS.c.chain_id == chain_id)).scalar()


def last_cut(connection: Connection, ticket_id: int, author: str) -> str:
    """What was cut from the last public mail of that author at that ticket; "" if nothing.

    Lines that stand in an internal mail there are left out: he may have quoted one.
    """
    mine = (EVENTS.c.ticket_id == ticket_id, EVENTS.c.author == author, EVENTS.c.kind == "comment", EVENTS.c.internal.is_(False))
    data = connection.execute(select(EVENTS.c.data).where(*mine).order_by(EVENTS.c.id.desc()).limit(1)).scalar()
    secret = select(EVENTS.c.text).where(EVENTS.c.ticket_id == ticket_id, EVENTS.c.internal)
    internal = {_bare(line) for text in connection.execute(secret).scalars() for line in text.splitlines() if _bare(line)}
    return "\n".join(line for line in str((data or {}).get("cut", "")).splitlines() if _bare(line) not in internal).strip()


def is_known(connection: Connection, chain_id: int, text: str) -> bool:
    """Whether most of a text's beginning stands in the chain's latest events: what was said there, quoted."""
    said = "".join(_bare(line) for told in connection.execute(_SAID, {"chain": chain_id}).scalars() for line in told.splitlines())
    lines = [bare for line in text.splitlines() if len(bare := _bare(line)) > SHORT][:ENOUGH]
    return sum(len(line) for line in lines if line in said) * 2 > sum(map(len, lines))


def first_time(connection: Connection, identity: str, target: str, chain_id: int, mail_id: str) -> bool:
    """Whether something is seen for the first time; from now on it is known."""
    if seen(connection, identity, target) is not None:
        return False
    values = {"identity": identity, "target": target, "chain_id": chain_id, "mail_id": mail_id}
    connection.execute(_upsert(connection.dialect.name, SIGHTINGS, ("identity", "target"), ()), values)
    return True


def _bare(line: str) -> str:
    """A line without quote marks and blanks, for comparison."""
    return "".join(line.lstrip("> ").split()).lower()


def note_sighting(connection: Connection, identity: str, target: str, chain_id: int, mail_id: str) -> None:
    """Remembers that a mail has had its effect. Raises IntegrityError when another process was faster."""
    values = {"identity": identity, "target": target, "chain_id": chain_id, "mail_id": mail_id}
    connection.execute(insert(SIGHTINGS), values)


def save_mail(connection: Connection, values: Mapping[str, Any]) -> None:
    """Writes what became of a mail; a mail taken up again (after a crash, or released) replaces its row."""
    clean = {key: storable(value) if isinstance(value, str) else value for key, value in values.items()}
    connection.execute(_upsert(connection.dialect.name, MAILS, ("id",), tuple(clean)), clean)


def _next(connection: Connection, prefix: str) -> int:
    raised = update(COUNTERS).where(COUNTERS.c.prefix == prefix).values(last=COUNTERS.c.last + 1).returning(COUNTERS.c.last)
    number = connection.execute(raised).scalar()
    if number is None:
        connection.execute(insert(COUNTERS).values(prefix=prefix, last=1))
        return 1
    return int(number)


def _save_ticket(connection: Connection, chain_id: int, ticket: Ticket) -> Ticket:
    new = replace(ticket, thread=address.mint(), note=address.mint())
    values = {
        "chain_id": chain_id,
        "party": new.party,
        "parent_id": new.parent,
        "link": new.link,
        "status": new.status,
        "reference": new.reference,
        "facts": _facts(new),
        "thread": new.thread,
        "note": new.note,
    }
    return replace(new, id=_insert(connection, TICKETS, values))


def _settled(event: Event, tickets: Mapping[int, int]) -> Event:
    """The event with the ids that the database has given to the tickets it names."""
    data = dict(event.data)
    for name in data.keys() & {"ticket", "of"}:
        data[name] = tickets.get(data[name], data[name])
    return replace(event, ticket=tickets.get(event.ticket, event.ticket), data=data)


def _update_tickets(connection: Connection, before: Sequence[Ticket], after: Sequence[Ticket]) -> None:
    """Writes the statuses, numbers, facts and who is muted, as the events have changed them."""
    for old, new in zip(before, after, strict=True):
        if (old.status, old.reference, old.facts) != (new.status, new.reference, new.facts):
            values = {"status": new.status, "reference": storable(new.reference), "facts": _facts(new)}
            connection.execute(update(TICKETS).where(TICKETS.c.id == new.id).values(**values))
        for who in old.muted ^ new.muted:
            person = {"ticket_id": new.id, "address": who, "name": "", "joined": False, "muted": who in new.muted}
            connection.execute(_upsert(connection.dialect.name, PARTICIPANTS, ("ticket_id", "address"), ("muted",)), person)


def _facts(ticket: Ticket) -> list[dict[str, str]]:
    return [{"name": storable(f.name), "value": storable(f.value), "at": f.at.isoformat()} for f in ticket.facts]


def _save_event(connection: Connection, chain_id: int, event: Event, mail_id: str) -> int:
    values = {
        "chain_id": chain_id,
        "ticket_id": event.ticket,
        "kind": event.kind,
        "internal": event.internal,
        "author": event.author.address,
        "author_name": storable(event.author.name),
        "at": event.at,
        "text": storable(event.text),
        "data": storable_data(event.data),
        "mail_id": mail_id,
        "message_id": storable(event.message_id),
    }
    event_id = _insert(connection, EVENTS, values)
    files = [
        {
            "event_id": event_id,
            "position": position,
            "name": storable(file.name),
            "type": storable(file.type),
            "size": file.size,
            "sha256": file.sha256,
            "content_id": file.content_id,
            "stuck": file.stuck,
        }
        for position, file in enumerate(event.attachments)
    ]
    if files:
        connection.execute(insert(ATTACHMENTS), files)
    return event_id


def _save_participant(connection: Connection, ticket_id: int, contact: Contact) -> None:
    values = {"ticket_id": ticket_id, "address": contact.address.lower(), "name": storable(contact.name)}
    values |= {"joined": True, "muted": False}
    connection.execute(_upsert(connection.dialect.name, PARTICIPANTS, ("ticket_id", "address"), ("name", "joined")), values)


def _insert(connection: Connection, rows: Table, values: Mapping[str, Any]) -> int:
    key = connection.execute(insert(rows), values).inserted_primary_key
    assert key is not None
    return int(key[0])


@cache
def _upsert(dialect: str, rows: Table, keys: tuple[str, ...], new: tuple[str, ...]) -> Executable:
    """A statement that inserts, or sets the columns `new` of the row that is there; with none it leaves that as it is."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(rows)
    if not new:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_={name: statement.excluded[name] for name in new})


def storable_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same for all texts of plain JSON."""
    return {key: _storable_value(value) for key, value in data.items()}


def _storable_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return storable_data(value)
    if isinstance(value, list):
        return [_storable_value(one) for one in value]
    return storable(value) if isinstance(value, str) else value


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which no database takes."""
    return _UNSTORABLE.sub("", text)
