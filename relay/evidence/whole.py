"""All that there is of a chain, internal notes and every party's addresses too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, or_, select

from relay import people
from relay.evidence.log import Log
from relay.evidence.sources import Made, Sources, letter_facts, lines, mail_facts
from relay.model import Chain
from relay.settings import Settings
from relay.store import LETTERS, MAILS


def parts(sources: Sources, chain: Chain, log: Log, made: Made) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file that is the chain's."""
    made.readable = len(log.events)
    yield "chain.json", json.dumps(_chain(chain, log, sources.settings), ensure_ascii=False, indent=1, sort_keys=True).encode()
    yield "events.jsonl", lines(log.head(event) | log.opened(event) for event in log.events)
    yield from _mails(sources, chain, log, made)
    yield from _attachments(sources, log, made)
    letters = sources.connection.execute(select(LETTERS).where(LETTERS.c.chain_id == chain.id).order_by(LETTERS.c.id)).all()
    made.letters = len(letters)
    yield "letters.jsonl", lines(_letter(row, facts, log) for row, facts in letter_facts(letters))


def _mails(sources: Sources, chain: Chain, log: Log, made: Made) -> Iterator[tuple[str, bytes]]:
    named = sorted({event.mail_id for event in log.events if event.mail_id})
    where = or_(MAILS.c.chain_id == chain.id, MAILS.c.id.in_(named))
    rows = sources.connection.execute(select(MAILS).where(where).order_by(MAILS.c.id)).all()
    for mail_id in sorted({*named, *(row.id for row in rows)}):
        path = sources.mail(mail_id)
        if path is None:
            made.missing.append(f"mails/{mail_id}.eml")
            continue
        made.mails += 1
        yield f"mails/{mail_id}.eml", path.read_bytes()
    yield "mails.jsonl", lines(mail_facts(row) | {"reason": row.reason} for row in rows)


def _attachments(sources: Sources, log: Log, made: Made) -> Iterator[tuple[str, bytes]]:
    for digest in sorted({file.sha256 for event in log.events for file in event.attachments}):
        content = sources.file(digest)
        if content is None:
            made.missing.append(f"attachments/{digest}")
            continue
        made.files += 1
        yield f"attachments/{digest}", content


def _chain(chain: Chain, log: Log, settings: Settings) -> dict[str, Any]:
    """Without the addresses of its tickets: they are keys."""
    tickets = [
        {
            "id": log.ticket(ticket.id),
            "party": ticket.party,
            "name": people.party_of(settings.network, ticket.party).name,
            "upstream": None if ticket.parent is None else log.ticket(ticket.parent),
            "link": ticket.link,
            "status": ticket.status,
            "reference": ticket.reference,
        }
        for ticket in chain.tickets
    ]
    return {
        "for": None,
        "number": chain.number,
        "subject": chain.subject,
        "opened_at": chain.opened_at.isoformat(),
        "relay": settings.relay.domain,
        "tickets": tickets,
    }


def _letter(row: Row[Any], facts: dict[str, Any], log: Log) -> dict[str, Any]:
    ticket = None if row.ticket_id is None else log.ticket(row.ticket_id)
    places = {"ticket": ticket, "event": log.number(row.event_id), "mail": row.mail_id}
    return {"id": row.id, "reply": row.reply} | facts | places
