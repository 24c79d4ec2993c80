"""A letter that failed for good: its row, the timeline, the one who waits, and the postmaster, in one transaction.

The outbox comes here when a server refuses or time runs out, the intake when a delivery report comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, select, update

from relay import address, joining, ledger, people, rules, store
from relay.decision import Order
from relay.ledger import Stamp
from relay.model import Contact
from relay.settings import Settings
from relay.store import LETTERS

CARRIES_WORDS = {"comment", "pass"}  # letters whose author waits for them to arrive


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a letter failed: a code that the templates know, fit for its author, and the server's words, fit for the postmaster."""

    reason: Literal["refused", "expired", "bounced", "unreadable"]
    reply: str


def fail(connection: Connection, settings: Settings, letter: Row[Any], why: Failure, stamp: Stamp) -> None:
    """Marks `letter` failed, with what went in it, and tells those who wait."""
    reply, together = why.reply, joining.group(connection, letter)
    connection.execute(
        update(LETTERS)
        .where(LETTERS.c.id.in_([row.id for row in together]))
        .values(state="failed", reply=ledger.storable(reply)[:1000], claimed_until=None)
    )
    for row in together if letter.kind in CARRIES_WORDS else ():
        _tell_author(connection, settings, row, why.reason, stamp)
    if letter.kind != "postmaster":
        tell_postmaster(connection, settings, stamp, _statement(letter, reply, _remedy(connection, settings, letter, why)))


def tell_postmaster(connection: Connection, settings: Settings, stamp: Stamp, data: dict[str, Any]) -> None:
    """Puts one mail to the postmaster into the outbox; `data` as model.Letter says for "postmaster"."""
    order = Order("postmaster", Contact(settings.relay.postmaster), data=data)
    ledger.save_orders(connection, None, [order], stamp)


def _tell_author(connection: Connection, settings: Settings, letter: Row[Any], reason: str, stamp: Stamp) -> None:
    chain = store.load_chain(connection, letter.chain_id, lock=True)
    (about,) = store.load_events(connection, store.EVENTS.c.id == letter.event_id)
    facts = {"ticket": letter.ticket_id, "reason": reason, "event": about.id, "others": _others(connection, letter)}
    ledger.save(connection, chain, rules.undelivered(chain, settings.network, about, facts, stamp.now), stamp)


def _others(connection: Connection, letter: Row[Any]) -> bool:
    """Whether the same words have reached, or may still reach, somebody else at that ticket."""
    same = and_(LETTERS.c.event_id == letter.event_id, LETTERS.c.ticket_id == letter.ticket_id, LETTERS.c.kind == letter.kind)
    alive = LETTERS.c.state.not_in(("failed", "dropped"))
    return connection.execute(select(LETTERS.c.id).where(same, alive, LETTERS.c.id != letter.id)).first() is not None


def _remedy(connection: Connection, settings: Settings, letter: Row[Any], why: Failure) -> str:
    """What the postmaster can change, where the address itself is at fault: the place that it comes from."""
    if why.reason not in ("refused", "bounced") or letter.ticket_id is None:
        return "Check the address in relay.toml."
    chain = store.load_chain(connection, letter.chain_id)
    ticket = chain.ticket(letter.ticket_id)
    party = people.party_of(settings.network, ticket.party)
    if party.desk and address.same(party.desk.address, letter.recipient):
        return f"Correct the address {letter.recipient} in [parties.{party.key}] desk."
    if any(address.same(contact.address, letter.recipient) for contact in party.contacts):
        return f"Remove or correct the contact {letter.recipient} in [parties.{party.key}] contacts."
    return (
        f"{letter.recipient} is no contact in relay.toml: it has written to {chain.number} itself and gets the letters of that "
        f"ticket since. If somebody else is to get them, add him to [parties.{party.key}] contacts."
    )


def _statement(letter: Row[Any], reply: str, remedy: str) -> dict[str, Any]:
    told = "Its author has been told. " if letter.kind in CARRIES_WORDS else ""
    return {
        "what": f"A letter to {letter.recipient} could not be delivered",
        "details": {"Letter": str(letter.id), "Kind": letter.kind, "Tries": str(letter.attempts), "Server's answer": reply},
        "text": f"{told}{remedy} When it takes mail again, `relay queue retry {letter.id}` sends the letter once more.",
    }
