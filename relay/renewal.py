"""New addresses for a ticket whose old ones have got into wrong hands: its people are told, the old ones lead nowhere else."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from relay import address, ledger, people, store
from relay.decision import Order
from relay.ledger import Stamp
from relay.model import Chain, Ticket
from relay.settings import Settings
from relay.store import FORMER, TICKETS


def renew(connection: Connection, settings: Settings, chain_id: int, party: str, stamp: Stamp) -> list[str]:
    """Renews the addresses of that party's tickets in a chain; returns the new thread addresses, none if it has no ticket."""
    chain = store.load_chain(connection, chain_id, lock=True)
    return [_renewed(connection, settings, chain, ticket, stamp) for ticket in chain.tickets if ticket.party == party]


def _renewed(connection: Connection, settings: Settings, chain: Chain, ticket: Ticket, stamp: Stamp) -> str:
    thread, note = address.mint(), address.mint()
    former = [{"token": old, "ticket_id": ticket.id, "kind": kind, "at": stamp.now} for kind, old in _old(ticket).items()]
    connection.execute(insert(FORMER), former)
    connection.execute(update(TICKETS).where(TICKETS.c.id == ticket.id).values(thread=thread, note=note))
    orders = [Order("moved", who, ticket.id) for who in people.recipients(settings.network, ticket)]
    ledger.save_orders(connection, chain, orders, stamp)
    return address.thread(thread, stamp.domain)


def _old(ticket: Ticket) -> dict[address.Kind, str]:
    return {"thread": ticket.thread, "note": ticket.note}
