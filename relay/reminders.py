"""The chore of deadlines: looks at each chain when a clock of its tickets comes to a stage, and puts reminders into the outbox.

`deadlines` and `timely` say what is due and who is told; here is what that needs of the database. Several nodes may do it at
once: who has locked a chain sees what the others have told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, func, select

from relay import deadlines, ledger, store, timely
from relay.deadlines import STATE_OF
from relay.decision import Order
from relay.ledger import Stamp
from relay.model import Chain, Network
from relay.people import recipients
from relay.settings import Settings
from relay.store import EVENTS, REMINDERS, TICKETS, EventQuery
from relay.timely import Reminder, Round, Told

TOGETHER = 50  # chains that are looked at before others get a turn
OPEN = [status for status, state in STATE_OF.items() if state in ("running", "stopped")]

_CHANGED = (
    select(EVENTS.c.chain_id, func.max(EVENTS.c.id).label("newest"))
    .where(
        EVENTS.c.chain_id.in_(
            select(TICKETS.c.chain_id).where(TICKETS.c.status.in_(OPEN), TICKETS.c.link.in_(bindparam("links", expanding=True)))
        )
    )
    .group_by(EVENTS.c.chain_id)
)
_EVENTS = EventQuery(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.kind.in_(deadlines.KINDS))
_TOLD = (
    select(REMINDERS.c.ticket_id, REMINDERS.c.kind, REMINDERS.c.stage, func.max(REMINDERS.c.at).label("at"))
    .where(REMINDERS.c.ticket_id.in_(select(TICKETS.c.id).where(TICKETS.c.chain_id == bindparam("chain"))))
    .group_by(REMINDERS.c.ticket_id, REMINDERS.c.kind, REMINDERS.c.stage)
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A chain as it was looked at: its newest event then, and when there is something to be told if none follows."""

    newest: int
    again: datetime | None


class Watch:
    """Knows when to look at which chain again, so that a minute without deadlines costs one query. It may be lost at any time."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._settings: Settings | None = None

    def due(self, connection: Connection, settings: Settings, now: datetime) -> list[tuple[int, int]]:
        """(chain id, newest event) of the chains that have changed, or come to a stage, since they were looked at."""
        if settings is not self._settings:  # other hours and limits
            self._seen, self._settings = {}, settings
        links = deadlines.limited(settings.network)
        rows = connection.execute(_CHANGED, {"links": list(links)}).all() if links else []
        self._seen = {row.chain_id: self._seen[row.chain_id] for row in rows if row.chain_id in self._seen}
        return [(row.chain_id, row.newest) for row in rows if self._is_new(row.chain_id, row.newest, now)]

    def _is_new(self, chain_id: int, newest: int, now: datetime) -> bool:
        seen = self._seen.get(chain_id)
        return seen is None or seen.newest != newest or (seen.again is not None and seen.again <= now)

    def look(self, connection: Connection, settings: Settings, chains: Iterable[tuple[int, int]], now: datetime) -> list[int]:
        """Those of the chains, given as `due` gives them, of which somebody is to be told something now."""
        found = []
        for chain_id, newest in chains:
            result = _look(connection, settings.network, store.load_chain(connection, chain_id), now)
            if result.reminders:
                found.append(chain_id)
                self._seen.pop(chain_id, None)  # once more when they are written down
            else:
                self._seen[chain_id] = _Seen(newest, result.again)
        return found


def tell(connection: Connection, settings: Settings, chain_id: int, stamp: Stamp) -> int:
    """Puts the chain's reminders of now into the outbox, unless another node has; returns how many there were.

    A party gets one letter, however many of its deadlines it tells of.
    """
    chain = store.load_chain(connection, chain_id, lock=True)
    reminders = _look(connection, settings.network, chain, stamp.now).reminders
    for reminder in reminders:
        _note(connection, reminder, stamp.now)
    for reader, told in groupby(sorted(reminders, key=lambda one: one.reader), key=lambda one: one.reader):
        ledger.save_orders(connection, chain, _orders(chain, settings.network, reader, told, stamp.now), stamp)
    return len(reminders)


def _look(connection: Connection, network: Network, chain: Chain, now: datetime) -> Round:
    dues = deadlines.of(chain, network, _EVENTS.load(connection, chain=chain.id), now)
    rows = connection.execute(_TOLD, {"chain": chain.id})
    told: Told = {(row.ticket_id, row.kind, row.stage): row.at for row in rows}
    return timely.look(chain, network, dues, told, now)


def _note(connection: Connection, reminder: Reminder, now: datetime) -> None:
    keys = {"ticket_id": reminder.due.ticket, "kind": reminder.due.kind, "stage": reminder.stage, "deadline": reminder.due.at}
    statement = ledger.upsert(connection.dialect.name, REMINDERS, tuple(keys), ("at",))
    connection.execute(statement, keys | {"at": now})


def _orders(chain: Chain, network: Network, reader: int, told: Iterable[Reminder], now: datetime) -> list[Order]:
    said = [
        {"ticket": one.due.ticket, "kind": one.due.kind, "at": one.due.at.isoformat(), "over": one.due.overdue(now)}
        for one in told
    ]
    return [Order("due", who, reader, data={"deadlines": said}) for who in recipients(network, chain.ticket(reader))]
