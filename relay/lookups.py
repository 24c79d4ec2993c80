"""What an admin asks the database: chains, one chain's whole story, one mail's way, the queue, held mails, pauses.

Every answer is plain JSON values, as `--json` prints them; the command line lays the same values out for eyes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select

from relay import address, deadlines, people, store, workflow
from relay.deadlines import Due
from relay.model import Chain, Event, Ticket
from relay.settings import Settings
from relay.store import ADMITTED, CHAINS, EVENTS, LETTERS, MAILS, PAUSES, TICKETS, EventQuery

WAITING = ("due", "claimed", "held")
Facts = dict[str, Any]
_CLOCKS = EventQuery(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.kind.in_(deadlines.KINDS))


def chains(connection: Connection, settings: Settings, *, everything: bool = False) -> list[Facts]:
    """The open chains (or all), newest first: number, subject, since when, how many tickets, who has the ball, who is late."""
    found = (store.load_chain(connection, chain_id) for chain_id in connection.execute(_newest_chains()).scalars().all())
    return [
        _chain(chain, settings, _dues(connection, chain, settings)) for chain in found if everything or workflow.holders(chain)
    ]


def show(connection: Connection, settings: Settings, number: str) -> Facts | None:
    """One chain: tickets, events, deliveries, who had the ball when; None if there is no such chain."""
    chain_id = store.find_chain(connection, number)
    if chain_id is None:
        return None
    chain = store.load_chain(connection, chain_id)
    dues = _dues(connection, chain, settings)
    events = store.load_events(connection, EVENTS.c.chain_id == chain_id)
    return _chain(chain, settings, dues) | {
        "tickets": [_ticket(chain, ticket, settings) | {"due": _due(dues.get(ticket.id, ()))} for ticket in chain.tickets],
        "events": [_event(chain, event, settings) for event in events],
        "deliveries": queue(connection, settings, LETTERS.c.chain_id == chain_id),
        "spells": [
            {"ticket": spell.ticket, "since": moment(spell.since), "until": moment(spell.until)}
            for spell in workflow.spells(chain, events)
        ],
    }


def trace(connection: Connection, settings: Settings, wanted: str) -> list[Facts]:
    """Mails, each with the letters that it led to, by a mail's Message-ID, its queue id, a chain's number, or the
    Message-ID of a letter of ours. Oldest first; empty when nothing is known."""
    rows = connection.execute(select(MAILS).where(_mail_named(connection, wanted)).order_by(MAILS.c.received_at, MAILS.c.id))
    return [_traced(connection, row, settings) for row in rows]


def queue(connection: Connection, settings: Settings, *where: Any) -> list[Facts]:
    """Letters, oldest first."""
    rows = connection.execute(select(LETTERS).where(*where).order_by(LETTERS.c.id)).all()
    wanted = {row.joined_to for row in rows if row.state == "joined"}
    firsts = {row.id: row for row in connection.execute(select(LETTERS).where(LETTERS.c.id.in_(wanted)))} if wanted else {}
    return [letter(row, settings) | (_along(firsts[row.joined_to], settings) if row.state == "joined" else {}) for row in rows]


def _along(first: Row[Any], settings: Settings) -> Facts:
    """How it stands with a row that goes with another letter: as with that one."""
    facts = letter(first, settings)
    why = f": {first.reply}" if first.reply else ""
    return {name: facts[name] for name in ("attempts", "next_try", "expires_at")} | {
        "reason": f"goes with letter {first.id}{why}"
    }


def held(connection: Connection, *where: Any) -> list[Facts]:
    """Mails that wait for a decision, oldest first."""
    rows = connection.execute(select(MAILS).where(MAILS.c.state == "held", *where).order_by(MAILS.c.received_at))
    return [mail(row) for row in rows]


def admitted(connection: Connection) -> list[Facts]:
    """Who was let in for a party, by whom and when."""
    rows = connection.execute(select(ADMITTED).order_by(ADMITTED.c.party, ADMITTED.c.address))
    return [{"party": row.party, "address": row.address, "by": row.by, "at": moment(row.at)} for row in rows]


def pauses(connection: Connection, settings: Settings, now: datetime, *where: Any) -> list[Facts]:
    """Tickets to whose party no letters go now, oldest first, with how many letters wait there."""
    waiting = and_(LETTERS.c.ticket_id == PAUSES.c.ticket_id, LETTERS.c.state == "due", LETTERS.c.next_try == PAUSES.c.until)
    count = select(func.count()).select_from(LETTERS).where(waiting).scalar_subquery()
    query = (
        select(PAUSES, CHAINS.c.number, TICKETS.c.party, count.label("letters"))
        .join(TICKETS, TICKETS.c.id == PAUSES.c.ticket_id)
        .join(CHAINS, CHAINS.c.id == TICKETS.c.chain_id)
        .where(PAUSES.c.until > now, *where)
        .order_by(PAUSES.c.since)
    )
    return [
        {
            "chain": row.number,
            "party": row.party,
            "name": people.party_of(settings.network, row.party).name,
            "ticket": row.ticket_id,
            "since": moment(row.since),
            "until": moment(row.until),
            "reason": row.reason,
            "times": row.times,
            "letters": row.letters,
        }
        for row in connection.execute(query)
    ]


def letter(row: Row[Any], settings: Settings) -> Facts:
    """A row of the outbox; `with` is the letter that it goes with, if it does (that one names itself)."""
    waiting = row.state in WAITING
    return {
        "id": row.id,
        "kind": row.kind,
        "to": row.recipient,
        "state": row.state,
        "attempts": row.attempts,
        "mail": row.mail_id,
        "event": row.event_id,
        "ticket": row.ticket_id,
        "message_id": row.message_id,
        "created_at": moment(row.created_at),
        "next_try": moment(row.next_try) if row.state == "due" else None,
        "expires_at": moment(row.created_at + settings.delivery.retry_for) if waiting else None,
        "sent_at": moment(row.sent_at),
        "reason": row.reply,
        "with": row.joined_to,
    }


def mail(row: Row[Any]) -> Facts:
    """What became of a mail."""
    return {
        "id": row.id,
        "received_at": moment(row.received_at),
        "state": row.state,
        "reason": row.reason,
        "from": row.sender,
        "to": row.envelope["to"],
        "return_path": row.envelope["from"],
        "peer": row.envelope["peer"],
        "subject": row.subject,
        "message_id": row.message_id,
        "held_for": row.held_for,
    }


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None


def _newest_chains() -> Any:
    return select(CHAINS.c.id).order_by(CHAINS.c.id.desc())


def _dues(connection: Connection, chain: Chain, settings: Settings) -> dict[int, tuple[Due, ...]]:
    if not any(ticket.link in deadlines.limited(settings.network) for ticket in chain.tickets):
        return {}
    return deadlines.of(chain, settings.network, _CLOCKS.load(connection, chain=chain.id), datetime.now(UTC))


def _due(dues: Iterable[Due]) -> list[Facts]:
    """A ticket's deadlines; of one that stands, `at` is when it would be if it went on now. `left` is in working seconds."""
    return [
        {
            "kind": due.kind,
            "at": moment(due.at),
            "state": due.state,
            "left": int(due.left.total_seconds()),
            "met_at": moment(due.met_at),
            "missed": due.missed,
            "overdue": due.overdue(datetime.now(UTC)),
        }
        for due in dues
    ]


def _chain(chain: Chain, settings: Settings, dues: Mapping[int, Iterable[Due]]) -> Facts:
    now = datetime.now(UTC)
    late = [chain.ticket(ticket) for ticket, of_ticket in dues.items() if any(due.overdue(now) for due in of_ticket)]
    return {
        "number": chain.number,
        "subject": chain.subject,
        "opened_at": moment(chain.opened_at),
        "parties": len(chain.tickets),
        "ball": _parties(workflow.holders(chain), settings),
        "overdue": _parties(late, settings),
    }


def _parties(tickets: Iterable[Ticket], settings: Settings) -> list[str]:
    return [people.party_of(settings.network, ticket.party).name for ticket in tickets]


def _ticket(chain: Chain, ticket: Ticket, settings: Settings) -> Facts:
    domain = settings.relay.domain
    return {
        "id": ticket.id,
        "party": ticket.party,
        "name": people.party_of(settings.network, ticket.party).name,
        "status": ticket.status,
        "reference": ticket.reference,
        "link": ticket.link,
        "upstream": chain.ticket(ticket.parent).party if ticket.parent is not None else None,
        "depth": _depth(chain, ticket),
        "thread": address.thread(ticket.thread, domain),
        "note": address.note(ticket.note, domain),
        "participants": [contact.address for contact in ticket.participants],
        "muted": sorted(ticket.muted),
        "facts": {fact.name: fact.value for fact in ticket.facts},
    }


def _depth(chain: Chain, ticket: Ticket) -> int:
    return 0 if ticket.parent is None else 1 + _depth(chain, chain.ticket(ticket.parent))


def _event(chain: Chain, event: Event, settings: Settings) -> Facts:
    ticket = chain.ticket(event.ticket)
    return {
        "id": event.id,
        "kind": event.kind,
        "at": moment(event.at),
        "ticket": event.ticket,
        "party": ticket.party,
        "author": event.author.address,
        "author_name": event.author.name,
        "internal": event.internal,
        "text": event.text,
        "attachments": [{"name": file.name, "type": file.type, "size": file.size} for file in event.attachments],
        "data": {key: value for key, value in event.data.items() if key not in ("cut", "html")},
        "mail": event.mail_id,
        "message_id": event.message_id,
    }


def _mail_named(connection: Connection, wanted: str) -> Any:
    bare = wanted.strip()
    bracketed = f"<{bare.strip('<>')}>"
    ours = select(LETTERS.c.mail_id).where(LETTERS.c.message_id == bracketed)
    first = LETTERS.alias()
    with_it = and_(first.c.ticket_id == LETTERS.c.ticket_id, first.c.id == LETTERS.c.joined_to, first.c.message_id == bracketed)
    along = select(LETTERS.c.mail_id).join(first, with_it)
    named = [
        MAILS.c.id == bare.upper(),
        MAILS.c.id == bare,
        MAILS.c.message_id == bracketed,
        MAILS.c.id.in_(ours),
        MAILS.c.id.in_(along),
    ]
    chain_id = store.find_chain(connection, bare)
    return or_(*named) if chain_id is None else MAILS.c.chain_id == chain_id


def _traced(connection: Connection, row: Row[Any], settings: Settings) -> Facts:
    numbers = connection.execute(select(CHAINS.c.number).where(CHAINS.c.id == row.chain_id)).scalars().first()
    events: Sequence[str] = connection.execute(select(EVENTS.c.kind).where(EVENTS.c.mail_id == row.id)).scalars().all()
    return mail(row) | {
        "chain": numbers,
        "events": list(events),
        "verdict": row.verdict,
        "letters": queue(connection, settings, LETTERS.c.mail_id == row.id),
    }
