"""The breaker: a ticket's party that answers our letters as a program does gets none for a while, and those around it hear so.

`loops` says whether a party does; here is what that needs of the database, and what comes of it. Nothing is dropped: letters to
that ticket wait (`ledger.save_orders`), all the others go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select

from relay import ledger, loops, people, store, visibility
from relay.decision import Decision, Order
from relay.ledger import Stamp
from relay.loops import BEGINNING, CERTAINLY_FAST, HOUR, WEEK, Heard, Pause, Reason, Sent, Traffic, exact_of, words_of
from relay.model import Chain, Contact, Event, Network, Party
from relay.settings import LoopSettings, Settings
from relay.store import EVENTS, LETTERS, PAUSES
from relay.undelivered import tell_postmaster

ANSWERS = ("receipt", "help", "history", "status")  # letters to the author of a mail, also of one that made no event
COMMANDED = ("passed", "status", "rating", "time", "mute")  # events that a person's command makes, and no program's mail
NOT_SAID = ("automatic", "undelivered", "paused")  # events that no mail of a person makes

_SIGNS: dict[Reason, str] = {
    "same": "the same words again and again, each time after a letter",
    "fast": "mail after mail of the same pattern, each within seconds of a letter",
}

_PAUSE = select(PAUSES).where(PAUSES.c.ticket_id == bindparam("ticket"))
_MAILS = (
    select(EVENTS.c.mail_id, EVENTS.c.at, EVENTS.c.kind, func.substr(EVENTS.c.text, 1, BEGINNING).label("text"))
    .where(EVENTS.c.ticket_id == bindparam("ticket"), EVENTS.c.at >= bindparam("since"), EVENTS.c.kind.not_in(NOT_SAID))
    .order_by(EVENTS.c.id.desc())
    .limit(bindparam("most"))
)
_LETTERS = (
    select(LETTERS.c.mail_id, LETTERS.c.kind, LETTERS.c.created_at, LETTERS.c.sent_at, LETTERS.c.state, LETTERS.c.data)
    .where(LETTERS.c.ticket_id == bindparam("ticket"), LETTERS.c.state.in_(("due", "claimed", "sent")))
    .where(store.BY_ITSELF)
    .where(or_(LETTERS.c.created_at >= bindparam("since"), LETTERS.c.sent_at >= bindparam("since")))
    .order_by(LETTERS.c.event_id.desc(), LETTERS.c.id.desc())
    .limit(bindparam("most"))
)
_TICKETS_OF = (
    select(EVENTS.c.mail_id, EVENTS.c.ticket_id)
    .where(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.mail_id.in_(bindparam("mails", expanding=True)))
    .where(EVENTS.c.kind.not_in(NOT_SAID))
)
_WRITTEN_TO = select(LETTERS.c.ticket_id).where(LETTERS.c.mail_id == bindparam("mail"), LETTERS.c.chain_id == bindparam("chain"))


def watch(connection: Connection, settings: Settings, chain_id: int, ticket_id: int, stamp: Stamp) -> None:
    """Pauses the letters to a ticket if its party's latest mail, just written down, shows that a program answers them."""
    limits, last = settings.loops, connection.execute(_PAUSE, {"ticket": ticket_id}).first()
    if last and last.until > stamp.now:
        return
    known = last is not None and last.times > 0 and stamp.now - last.until <= WEEK
    since = _since(last, known, stamp.now)
    own = _traffic(connection, limits, ticket_id, since, stamp.now)
    suspicion = loops.suspected(own, limits, known=known)
    if suspicion is None:
        return
    causes = {heard.mail: own for heard in own.mails}
    values = {"chain": chain_id, "mails": [mail for mail in suspicion.causes if mail not in causes]}
    for mail, ticket in connection.execute(_TICKETS_OF, values):
        causes[mail] = _traffic(connection, limits, ticket, since, stamp.now)
    if loops.is_loop(suspicion, causes, limits.reflex):
        times = last.times if last and known else 0
        _pause(connection, settings, (chain_id, ticket_id), loops.pause(limits, suspicion.reason, times + 1, stamp.now), stamp)


def _since(last: Row[Any] | None, known: bool, now: datetime) -> datetime:
    """From when on mails count: the last hour's, not those before an admin's word, and those that led to the pause of late."""
    if last is None:
        return now - HOUR
    at: datetime = last.since - HOUR if known else max(last.until, now - HOUR)
    return at


def _traffic(connection: Connection, limits: LoopSettings, ticket_id: int, since: datetime, now: datetime) -> Traffic:
    most = 2 * CERTAINLY_FAST * max(limits.same, limits.fast)
    values = {"ticket": ticket_id, "since": since, "most": most}
    letters = connection.execute(_LETTERS, values | {"most": 2 * most}).all()
    heard: dict[str, Heard] = {}
    mails = connection.execute(_MAILS, values).all()
    commanding = {row.mail_id for row in mails if row.kind in COMMANDED}
    for row in reversed(mails):
        said = row.kind == "comment" and row.text and row.mail_id not in commanding
        words = words_of(row.text) if said else None
        heard[row.mail_id] = heard.get(row.mail_id) or Heard(row.mail_id, row.at, words, exact_of(row.text))
    for row in letters:
        if row.kind in ANSWERS and row.mail_id not in heard:
            heard[row.mail_id] = Heard(row.mail_id, row.created_at, _unsaid(row))
    sent = (Sent(row.mail_id, row.created_at, now if row.state == "claimed" else row.sent_at) for row in letters)
    return Traffic(
        tuple(sorted(heard.values(), key=lambda mail: mail.at)), tuple(sorted(sent, key=lambda letter: letter.at or now))
    )


def _unsaid(letter: Any) -> str | None:
    """The words of a mail that made no event but an answer: none at all, or commands, which no program writes."""
    return "" if any(problem["reason"] == "nothing-new" for problem in letter.data.get("problems", ())) else None


# ── what comes of it ───────────────────────────────────────────────────────────────────────────────────────


def _pause(connection: Connection, settings: Settings, place: tuple[int, int], pause: Pause, stamp: Stamp) -> None:
    """`place` is (chain id, ticket id)."""
    chain_id, ticket_id = place
    ledger.pause(connection, ticket_id, pause)
    chain = store.load_chain(connection, chain_id)
    told = set(connection.execute(_WRITTEN_TO, {"mail": stamp.mail_id, "chain": chain_id}).scalars())
    data = {"until": pause.until.isoformat(timespec="seconds"), "reason": pause.reason}
    event = Event(-1, "paused", ticket_id, Contact(""), stamp.now, data=data)
    orders = tuple(_notices(chain, settings.network, event, told))
    ledger.save(connection, chain, Decision(events=(event,), orders=orders), stamp)
    party = people.party_of(settings.network, chain.ticket(ticket_id).party)
    statement = _statement(chain, party, stamp.mail_id, pause, _SIGNS[pause.reason])
    tell_postmaster(connection, settings, stamp, statement)


def _notices(chain: Chain, network: Network, event: Event, told: Collection[int]) -> Iterator[Order]:
    """A letter to the parties next to the paused one. A letter that brings the mail itself says it too, so there is no other."""
    paused = chain.ticket(event.ticket)
    for reader in chain.tickets:
        near = paused.id == reader.parent or reader.id == paused.parent
        if near and reader.id not in told and visibility.entry(chain, network, reader, event):
            yield from (Order("comment", who, reader.id, event.id) for who in people.recipients(network, reader))


def _statement(chain: Chain, party: Party, mail_id: str, pause: Pause, sign: str) -> dict[str, Any]:
    return {
        "what": f"Letters of {chain.number} to {party.name} are paused: a program seems to answer them",
        "details": {
            "Chain": chain.number,
            "Party": party.key,
            "Sign": sign,
            "Latest mail": mail_id,
            "Until": pause.until.isoformat(timespec="seconds"),
        },
        "text": (
            f"Nothing is lost: what {party.name} writes goes on to the others, and its letters wait and then leave. "
            f"`relay trace {mail_id}` shows the mail. When the program there is off, or it was a person after all, `relay loops "
            f"resume {chain.number} {party.key}` sends them at once. If it goes on, the next pause is twice as long."
        ),
    }
