"""Chains and events → rows: what one mail writes, on a connection whose transaction is somebody else's; `store` reads.

The same rule as there: statements are built once, or cost more than what they do.
"""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from relay import address, workflow
from relay.decision import Decision, Order
from relay.loops import Pause
from relay.model import Chain, Contact, Event, Ticket
from relay.store import ATTACHMENTS, CHAINS, COUNTERS, EVENTS, LETTERS, MAILS, PARTICIPANTS, PAUSES, SIGHTINGS, TICKETS, seen

PAUSED = "waits: the letters to this ticket are paused (relay loops)"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PAUSED_UNTIL = select(PAUSES.c.ticket_id, PAUSES.c.until).where(
    PAUSES.c.ticket_id.in_(bindparam("tickets", expanding=True)), PAUSES.c.until > bindparam("now")
)
_DELAY = (
    update(LETTERS)
    .where(LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.state == "due", LETTERS.c.next_try < bindparam("until"))
    .values(next_try=bindparam("until"), reply=PAUSED)
)
_UNTIL = select(PAUSES.c.until).where(PAUSES.c.ticket_id == bindparam("ticket")).scalar_subquery()
_RESUME = (
    update(LETTERS)
    .where(LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.state == "due", LETTERS.c.next_try == _UNTIL)
    .values(next_try=bindparam("now"), reply="")
)
_END_PAUSE = update(PAUSES).where(PAUSES.c.ticket_id == bindparam("ticket")).values(until=bindparam("now"), times=0)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every row written for one mail carries: the relay's domain (for Message-IDs), the mail's queue id, the time."""

    domain: str
    mail_id: str
    now: datetime


def open_chain(connection: Connection, prefix: str, subject: str, party: str, now: datetime) -> Chain:
    """A new chain with the next number and its first ticket."""
    number = f"{prefix}-{_next(connection, prefix)}"
    values = {"number": number, "subject": storable(subject), "opened_at": now, "salt": secrets.token_hex(32)}
    chain_id = _insert(connection, CHAINS, values)
    ticket = _save_ticket(connection, chain_id, Ticket(-1, party))
    return Chain(chain_id, number, subject, now, (ticket,))


def salt(connection: Connection, chain_id: int) -> None:
    """Gives a chain its secret that has none: a node of an older version may have opened it beside a new one."""
    bare = update(CHAINS).where(CHAINS.c.id == chain_id, CHAINS.c.salt == "")
    connection.execute(bare.values(salt=secrets.token_hex(32)))


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
    """Puts letters into the outbox, those of a paused ticket to wait there.

    One Message-ID for an event at a ticket, whichever of its contacts gets the letter.
    """
    ids: dict[Any, str] = defaultdict(lambda: f"<{address.mint()}@{stamp.domain}>")
    # A letter about no event of its own stands where the chain is now, so that a retry says what the first try said.
    latest = _latest_event(connection, chain.id) if chain and any(order.event is None for order in orders) else None
    ticket_of = {order.ticket: (tickets or {}).get(order.ticket or 0, order.ticket) for order in orders}
    paused = _paused(connection, [ticket for ticket in ticket_of.values() if ticket is not None], stamp.now)
    rows = [
        {
            "kind": order.kind,
            "chain_id": chain.id if chain else None,
            "ticket_id": ticket_of[order.ticket],
            "event_id": (events or {}).get(order.event or 0, order.event) or latest,
            "mail_id": stamp.mail_id,
            "recipient": order.to.address,
            "recipient_name": storable(order.to.name),
            "message_id": ids[order.kind, order.ticket, order.event],
            "token": address.mint(),
            "data": storable_data(order.data),
            "state": "due",
            "created_at": stamp.now,
            "next_try": paused.get(ticket_of[order.ticket], stamp.now),
            "reply": PAUSED if ticket_of[order.ticket] in paused else "",
        }
        for order in orders
    ]
    if rows:
        connection.execute(insert(LETTERS), rows)


def pause(connection: Connection, ticket_id: int, given: Pause) -> None:
    """Lets all letters to that ticket wait: those that are due, and those that `save_orders` will add."""
    values = {"ticket_id": ticket_id, **asdict(given)}
    connection.execute(upsert(connection.dialect.name, PAUSES, ("ticket_id",), tuple(values)), values)
    connection.execute(_DELAY, {"ticket": ticket_id, "until": given.until})


def resume(connection: Connection, ticket_id: int, now: datetime) -> None:
    """Ends the pause and lets its letters go; it does not count as one any more."""
    connection.execute(_RESUME, {"ticket": ticket_id, "now": now})
    connection.execute(_END_PAUSE, {"ticket": ticket_id, "now": now})


def _paused(connection: Connection, tickets: Sequence[int], now: datetime) -> dict[int | None, datetime]:
    """Those of the tickets whose letters wait, and until when."""
    rows = connection.execute(_PAUSED_UNTIL, {"tickets": tickets, "now": now}) if tickets else ()
    return {row.ticket_id: row.until for row in rows}


def note_sighting(connection: Connection, identity: str, target: str, chain_id: int, mail_id: str) -> None:
    """Remembers that a mail has had its effect. Raises IntegrityError when another process was faster."""
    values = {"identity": identity, "target": target, "chain_id": chain_id, "mail_id": mail_id}
    connection.execute(insert(SIGHTINGS), values)


def first_time(connection: Connection, identity: str, target: str, chain_id: int, mail_id: str) -> bool:
    """Whether something is seen for the first time; from now on it is known."""
    if seen(connection, identity, target) is not None:
        return False
    values = {"identity": identity, "target": target, "chain_id": chain_id, "mail_id": mail_id}
    connection.execute(upsert(connection.dialect.name, SIGHTINGS, ("identity", "target"), ()), values)
    return True


def save_mail(connection: Connection, values: Mapping[str, Any]) -> None:
    """Writes what became of a mail; a mail taken up again (after a crash, or released) replaces its row."""
    clean = {key: storable(value) if isinstance(value, str) else value for key, value in values.items()}
    connection.execute(upsert(connection.dialect.name, MAILS, ("id",), tuple(clean)), clean)


def _latest_event(connection: Connection, chain_id: int) -> int | None:
    return connection.execute(select(func.max(EVENTS.c.id)).where(EVENTS.c.chain_id == chain_id)).scalar()


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
            connection.execute(upsert(connection.dialect.name, PARTICIPANTS, ("ticket_id", "address"), ("muted",)), person)


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
    connection.execute(upsert(connection.dialect.name, PARTICIPANTS, ("ticket_id", "address"), ("name", "joined")), values)


def _insert(connection: Connection, rows: Table, values: Mapping[str, Any]) -> int:
    key = connection.execute(insert(rows), values).inserted_primary_key
    assert key is not None
    return int(key[0])


@cache
def upsert(dialect: str, rows: Table, keys: tuple[str, ...], new: tuple[str, ...]) -> Executable:
    """A statement that inserts, or sets the columns `new` of the row that is there; with none it leaves that as it is."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(rows)
    if not new:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_={name: statement.excluded[name] for name in new})


@cache
def added(dialect: str, rows: Table, keys: tuple[str, ...], counts: tuple[str, ...]) -> Executable:
    """A statement that inserts a row of counts, or adds them to those of the row that is there."""
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(rows)
    sums = {name: rows.c[name] + statement.excluded[name] for name in counts}
    return statement.on_conflict_do_update(index_elements=keys, set_=sums)


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
