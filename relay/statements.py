"""Reports by mail: sent to a party once for each month, confirmed or disputed by somebody of it, and both kept.

| state of a statement | becomes | when |
| --- | --- | --- |
| none | asked | the month is over, or the administrator sends it |
| none | empty | the month is over, and there is nothing to tell |
| asked, confirmed, disputed | confirmed, disputed | somebody of the party answers so; the last answer counts, all are kept |
| any | asked | the administrator sends it again, with the figures as they are then |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from relay import address, answers, keywords, ledger, people, report, store, tabular
from relay.days import Days, month_due
from relay.decision import Order
from relay.figures import Matter, Period
from relay.ledger import Stamp
from relay.model import Contact, Mail, Party
from relay.settings import Settings
from relay.store import EVENTS, STATEMENTS, TICKETS
from relay.tabular import Plain
from relay.undelivered import tell_postmaster
from relay.workflow import OPEN

Word = Literal["confirm", "dispute"]
STATES: dict[Word, str] = {"confirm": "confirmed", "dispute": "disputed"}
LONGEST = 4000  # characters of an answer that are kept

_OF_TOKEN = select(STATEMENTS).where(STATEMENTS.c.token == bindparam("token"))
_OF_PERIOD = select(STATEMENTS).where(STATEMENTS.c.party == bindparam("party"), STATEMENTS.c.period == bindparam("period"))
_EVENTS = store.EventQuery(EVENTS.c.chain_id == bindparam("chain"))
_LIVELY = (
    select(TICKETS.c.chain_id)
    .distinct()
    .where(
        or_(
            TICKETS.c.status.in_(sorted(OPEN)),
            TICKETS.c.chain_id.in_(select(EVENTS.c.chain_id).where(EVENTS.c.at >= bindparam("since"))),
        )
    )
)


# ── the figures ────────────────────────────────────────────────────────────────────────────────────────────


def matters(connection: Connection, period: Period) -> list[Matter]:
    """The chains with something to tell of that period, each with all its events."""
    found = connection.execute(_LIVELY, {"since": period.since}).scalars().all()
    chains = (store.load_chain(connection, chain) for chain in sorted(found))
    return [Matter(chain, _EVENTS.load(connection, chain=chain.id)) for chain in chains if chain.opened_at < period.until]


def rows(
    connection: Connection,
    settings: Settings,
    days: Days,
    now: datetime,
    party: Party | None = None,
    *,
    zone: str = "",
    each: bool = False,
) -> list[Plain]:
    """The report of those days, as that party sees it, or else the administrator; in that zone, or else the reader's.

    With `each` there is a row for each ticket.
    """
    period = days.period(zone or (party.timezone if party else settings.relay.timezone), now)
    reader = party.key if party else None
    found = report.rows(matters(connection, period), settings.network, period, reader=reader, each=each)
    return [tabular.plain(row) for row in found]


# ── sending ────────────────────────────────────────────────────────────────────────────────────────────────


def due(connection: Connection, settings: Settings, now: datetime) -> list[tuple[Party, Days]]:
    """The parties whose report of the month before has to go out now, and has not."""
    wanted = [(party, month_due(party.timezone, now)) for party in settings.parties.values() if party.report]
    return [(party, days) for party, days in wanted if days and _of(connection, party, days) is None]


def readers(party: Party) -> tuple[Contact, ...]:
    """Who gets a party's report."""
    return tuple(Contact(to) for to in party.report.to) if party.report else party.contacts


@dataclass(frozen=True, slots=True)
class Statement:
    """What a party is told of some days."""

    party: Party
    days: Days
    rows: Sequence[Plain]


def issue(connection: Connection, told: Statement, stamp: Stamp) -> bool:
    """Sends the monthly report unless another node has; whether it was sent, and not only noted that there is nothing to tell.

    Raises IntegrityError when another node was faster.
    """
    if _of(connection, told.party, told.days) is not None:
        return False
    token = _add(connection, told, "asked" if told.rows else "empty", stamp)
    if told.rows:
        _post(connection, told, token, stamp)
    return bool(told.rows)


def send(connection: Connection, told: Statement, stamp: Stamp) -> None:
    """Sends a report now, also if it was sent before: if its figures are new, it is asked anew whether they are right."""
    before = _of(connection, told.party, told.days)
    if before is not None and before.rows != _stated(told, stamp)["rows"]:
        renewed = {"state": "asked", **_stated(told, stamp)}
        connection.execute(update(STATEMENTS).where(STATEMENTS.c.token == before.token).values(**renewed))
    _post(connection, told, str(before.token) if before else _add(connection, told, "asked", stamp), stamp)


def _post(connection: Connection, told: Statement, token: str, stamp: Stamp) -> None:
    facts = {"party": told.party.key, "period": told.days.name, "token": token}
    data = {"state": "asked", **facts, "rows": list(told.rows)}
    ledger.save_orders(connection, None, [Order("report", reader, data=data) for reader in readers(told.party)], stamp)


def _add(connection: Connection, told: Statement, state: str, stamp: Stamp) -> str:
    """Writes down what is stated for the first time, which only one node can; returns the token of the address for the answer."""
    token = address.mint()
    named = {"party": told.party.key, "period": told.days.name, "state": state, "token": token}
    connection.execute(insert(STATEMENTS), named | _stated(told, stamp) | {"by": "", "words": "", "answers": []})
    return token


def _stated(told: Statement, stamp: Stamp) -> dict[str, Any]:
    return {"sent_at": stamp.now, "rows": [ledger.storable_data(row) for row in told.rows]}


def _of(connection: Connection, party: Party, days: Days) -> Row[Any] | None:
    return connection.execute(_OF_PERIOD, {"party": party.key, "period": days.name}).first()


# ── answers ────────────────────────────────────────────────────────────────────────────────────────────────


def find(connection: Connection, token: str) -> Row[Any] | None:
    """The statement that an address of that token takes answers to."""
    return connection.execute(_OF_TOKEN, {"token": token}).first()


def word(mail: Mail) -> Word | None:
    """What a person's answer says, None where that is neither."""
    return answers.word(mail, {each: _spellings(each) for each in STATES}, loose=("dispute",))


def _spellings(meant: Word) -> Sequence[str]:
    return keywords.merged(lambda language: language.statements[meant])


def answer(connection: Connection, settings: Settings, row: Row[Any], mail: Mail, stamp: Stamp) -> None:
    """Keeps what somebody of the party says about its report, and tells him so; of a dispute the postmaster hears, too."""
    said = word(mail)
    if said:
        _answered(connection, row, STATES[said], mail, stamp)
    data = {
        "state": STATES[said] if said else "unclear",
        "period": row.period,
        "party": row.party,
        "token": row.token,
        "rows": [],
    }
    ledger.save_orders(connection, None, [Order("report", mail.author, data=data)], stamp)
    if said == "dispute" or (said and row.state == "disputed"):
        tell_postmaster(connection, settings, stamp, _statement(settings, row, STATES[said], mail))


def _answered(connection: Connection, row: Row[Any], state: str, mail: Mail, stamp: Stamp) -> None:
    """Adds the answer to those before, one transaction after the other."""
    locked = connection.execute(_OF_TOKEN.with_for_update(), {"token": row.token}).one()
    words = ledger.storable(mail.text)[:LONGEST]
    new = {"state": state, "by": mail.author.address, "at": stamp.now.isoformat(), "words": words}
    values = {"state": state, "by": mail.author.address, "at": stamp.now, "words": words, "answers": [*locked.answers, new]}
    connection.execute(update(STATEMENTS).where(STATEMENTS.c.token == row.token).values(**values))


def _statement(settings: Settings, row: Row[Any], state: str, mail: Mail) -> dict[str, Any]:
    name = people.party_of(settings.network, row.party).name
    return {
        "what": f"{name} has {state} its report of {row.period}",
        "details": {"Party": row.party, "Period": row.period, "By": mail.author.address},
        "text": f"What was written:\n\n{mail.text}\n\n`relay report --statements` lists all answers.",
    }


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every statement that was sent, as plain JSON, oldest first."""
    in_order = (STATEMENTS.c.sent_at, STATEMENTS.c.party, STATEMENTS.c.period)
    found = connection.execute(select(STATEMENTS).where(STATEMENTS.c.state != "empty").order_by(*in_order))
    return [
        {
            "party": row.party,
            "period": row.period,
            "state": row.state,
            "sent_at": row.sent_at.isoformat(timespec="seconds"),
            "by": row.by,
            "at": row.at.isoformat(timespec="seconds") if row.at else None,
            "words": row.words,
            "answers": row.answers,
            "rows": row.rows,
        }
        for row in found
    ]
