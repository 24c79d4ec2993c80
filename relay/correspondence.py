"""A row of the outbox → the letter it stands for: what the row only names is fetched here, and passes `visibility`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, select

from relay import address, conversation, deadlines, joining, people, rules, sheet, tabular, visibility
from relay.letters import WITH_FILES
from relay.model import Attachment, Ball, Brand, Chain, Contact, Deadline, Entry, Event, Letter, Network, Ticket
from relay.settings import Settings
from relay.store import EVENTS, EventQuery, find_chain, load_chain, load_events

T = TypeVar("T")
AUTOMATIC = {
    "opened", "receipt", "history", "status", "help", "undelivered", "held", "moved", "postmaster", "digest", "due", "report",
}  # fmt: skip
OUTSIDE = {"held", "report"}  # to a party, and of no ticket
WHOLE_THREAD = {"pass", "history"}
WITHOUT_WORDS = {"status", "help", "moved", "due"}
WITH_CARD = {"pass", "opened", "history", "status"}
WITH_DEADLINES = {"pass", "history", "status"}

_OF_MAIL = EventQuery(EVENTS.c.mail_id == bindparam("mail"), EVENTS.c.chain_id == bindparam("chain"))
_MOVES = EventQuery(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.kind.in_(("passed", "status")))
_CLOCKS = EventQuery(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.kind.in_(deadlines.KINDS))
_UP_TO = EventQuery(EVENTS.c.chain_id == bindparam("chain"), EVENTS.c.id <= bindparam("newest"))


class Writer:
    """Builds the letters of one batch on one connection; letters of one chain or mail share what is loaded."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection, self._settings = connection, settings
        self._loaded: dict[Any, Any] = {}

    def write(self, row: Row[Any]) -> Letter:
        """The letter of a row of LETTERS; its attachments have no content yet."""
        if row.ticket_id is not None:
            return self._to_ticket(row)
        if row.kind == "digest":
            names = {"token": row.token, "message_id": row.message_id}
            return digest(self._settings, row.data, Contact(row.recipient, row.recipient_name), at=row.created_at, **names)
        return self._to_party(row) if row.kind in OUTSIDE else self._to_postmaster(row)

    def _to_ticket(self, row: Row[Any]) -> Letter:
        chain = self._chain(row.chain_id)
        ticket = chain.ticket(row.ticket_id)
        party = people.party_of(self._settings.network, ticket.party)
        rows = joining.group(self._connection, row)
        events = self._events_of(chain, rows)
        domain = self._settings.relay.domain
        entries = visibility.entries(chain, self._settings.network, ticket, events)
        brand = visibility.brand(chain, self._settings.network, ticket) or self._settings.brand
        return Letter(
            kind=row.kind,
            language=party.language,
            timezone=party.timezone,
            to=Contact(row.recipient, row.recipient_name),
            sender=address.thread(ticket.thread, domain),
            sender_name=self._sender_name(row, entries, brand),
            return_path=address.return_path(row.token, domain),
            message_id=row.message_id,
            subject=visibility.subject(chain, self._settings.network),
            date=max(each.created_at for each in rows),
            number=chain.number,
            note=address.note(ticket.note, domain),
            entries=entries,
            seats=self._once(("seats", ticket.id), lambda: visibility.seats(chain, self._settings.network, ticket)),
            actions=() if row.kind == "note" else rules.actions(chain, self._settings.network, ticket),
            facts=visibility.facts(chain, self._settings.network, ticket) if row.kind in WITH_CARD else (),
            balls=self._balls(chain, ticket) if row.kind == "status" else (),
            deadlines=self._deadlines(chain, ticket, row),
            automatic=row.kind in AUTOMATIC or {entry.kind for entry in entries} == {"paused"},
            may_mute=party.desk is None,
            data=row.data or self._data(row, entries),
            brand=brand,
            **self._place(row, chain, ticket.party),
        )

    def _to_postmaster(self, row: Row[Any]) -> Letter:
        relay = self._settings.relay
        return Letter(
            kind=row.kind,
            language=relay.language,
            timezone=relay.timezone,
            to=Contact(row.recipient, row.recipient_name),
            sender=f"postmaster@{relay.domain}",
            sender_name=self._settings.brand.name or relay.name,
            return_path=address.return_path(row.token, relay.domain),
            message_id=row.message_id,
            subject=row.data["what"],
            date=row.created_at,
            automatic=True,
            data=row.data,
            brand=self._settings.brand,
        )

    def _to_party(self, row: Row[Any]) -> Letter:
        """About a held mail, or its report: from the address that takes the answer, where there is one to give.

        What is about a mail to a ticket stands among that ticket's letters.
        """
        relay, party = self._settings.relay, people.party_of(self._settings.network, row.data["party"])
        token, minted = row.data["token"], address.held if row.kind == "held" else address.statement
        number = find_chain(self._connection, row.data["where"]) if row.kind == "held" else None
        letter = Letter(
            kind=row.kind,
            language=party.language,
            timezone=party.timezone,
            to=Contact(row.recipient, row.recipient_name),
            sender=minted(token, relay.domain) if token else f"postmaster@{relay.domain}",
            sender_name=self._settings.brand.name or relay.name,
            return_path=address.return_path(row.token, relay.domain),
            message_id=row.message_id,
            subject=row.data["where"] if row.kind == "held" else row.data["period"],
            date=row.created_at,
            attachments=_sheet(row.data) if row.kind == "report" else (),
            automatic=True,
            data=row.data,
            brand=self._settings.brand,
            references=conversation.about_the_same(self._connection, row),
        )
        return letter if number is None else self._beside(letter, row, self._chain(number))

    def _beside(self, letter: Letter, row: Row[Any], chain: Chain) -> Letter:
        """The letter among those of its reader's ticket."""
        place = self._place(row, chain, row.data["party"])
        place["references"] = (*(one for one in place["references"] if one not in letter.references), *letter.references)
        return replace(letter, subject=visibility.subject(chain, self._settings.network), number=chain.number, **place)

    def _sender_name(self, row: Row[Any], entries: tuple[Entry, ...], brand: Brand) -> str:
        """The newest words' author as this reader knows him; the relay itself for what it says of its own accord."""
        written = [entry for entry in entries if entry.kind != "paused"]
        if row.kind in AUTOMATIC or not written:
            return brand.name or self._settings.relay.name
        newest = written[-1]
        return newest.who if newest.own or newest.who == newest.party else f"{newest.who} ({newest.party})"

    def _events_of(self, chain: Chain, rows: Iterable[Row[Any]]) -> tuple[Event, ...]:
        """What is said by rows that go as one letter, mail after mail."""
        by_mail = {row.mail_id: row for row in rows}
        return tuple(event for row in by_mail.values() for event in self._events(chain, row))

    def _events(self, chain: Chain, row: Row[Any]) -> tuple[Event, ...]:
        if row.event_id is None or row.kind in WITHOUT_WORDS:
            return ()
        if row.kind in WHOLE_THREAD:
            return self._once(
                ("thread", chain.id, row.mail_id),
                lambda: _UP_TO.load(self._connection, chain=chain.id, newest=self._newest_of(chain, row)),
            )
        if row.kind == "undelivered":
            return load_events(self._connection, EVENTS.c.id == row.event_id)
        return self._once(
            ("mail", chain.id, row.mail_id),
            lambda: _OF_MAIL.load(self._connection, mail=row.mail_id, chain=chain.id),
        )

    def _balls(self, chain: Chain, ticket: Ticket) -> tuple[Ball, ...]:
        return visibility.balls(chain, self._settings.network, ticket, _MOVES.load(self._connection, chain=chain.id))

    def _deadlines(self, chain: Chain, ticket: Ticket, row: Row[Any]) -> tuple[Deadline, ...]:
        """What is due; of a reminder, what it was ordered for, so that a retry says what the first try said."""
        network = self._settings.network
        if row.kind == "due":
            told = ((chain.ticket(one["ticket"]), one) for one in row.data["deadlines"])
            return tuple(_reminded(chain, network, ticket, about, one) for about, one in told)
        if row.kind not in WITH_DEADLINES or not deadlines.limited(network):
            return ()
        dues = deadlines.of(chain, network, _CLOCKS.load(self._connection, chain=chain.id), row.created_at)
        return visibility.deadlines(chain, network, ticket, dues, row.created_at)

    def _newest_of(self, chain: Chain, row: Row[Any]) -> int:
        """The last event of the mail that passed the chain on: what came after it has letters of its own."""
        mine = self._connection.execute(
            select(EVENTS.c.id).where(EVENTS.c.mail_id == row.mail_id, EVENTS.c.chain_id == chain.id).order_by(EVENTS.c.id.desc())
        )
        return int(mine.scalars().first() or row.event_id)

    def _data(self, row: Row[Any], entries: tuple[Entry, ...]) -> dict[str, Any]:
        """For "undelivered": whom it did not reach, why, and the words themselves, which are the reader's own."""
        if row.kind != "undelivered" or not entries:
            return {}
        facts = self._connection.execute(select(EVENTS.c.data).where(EVENTS.c.id == row.event_id)).scalar_one()
        mail = select(EVENTS.c.mail_id).where(EVENTS.c.id == facts["event"]).scalar_subquery()
        lost = load_events(self._connection, EVENTS.c.mail_id == mail, EVENTS.c.ticket_id == row.ticket_id)
        words = "\n\n".join(event.text for event in lost if event.text)
        return {"to": entries[0].data["to"], "reason": facts["reason"], "others": facts["others"], "text": words}

    def _place(self, row: Row[Any], chain: Chain, party: str) -> dict[str, Any]:
        """Where the letter stands in its reader's mail program."""
        tickets, domain = conversation.tickets(chain, party), self._settings.relay.domain
        names = self._once(("names", tickets[0].id), lambda: conversation.names(self._connection, tickets[0], domain))
        return {"references": conversation.references(self._connection, row, tickets), **names}

    def _chain(self, chain_id: int) -> Chain:
        return self._once(("chain", chain_id), lambda: load_chain(self._connection, chain_id))

    def _once(self, key: Any, load: Callable[[], T]) -> T:
        if key not in self._loaded:
            self._loaded[key] = load()
        found: T = self._loaded[key]
        return found


def digest(settings: Settings, data: Mapping[str, Any], to: Contact, *, token: str, message_id: str, at: datetime) -> Letter:
    """A letter with what `digester.collect` has found; its subject is said in the reader's language, by `overview`."""
    relay, party = settings.relay, people.party_of(settings.network, data["party"])
    return Letter(
        kind="digest",
        language=party.language,
        timezone=party.timezone,
        to=to,
        sender=address.digest(relay.domain),
        sender_name=settings.brand.name or relay.name,
        return_path=address.return_path(token, relay.domain),
        message_id=message_id,
        subject="",
        date=at,
        automatic=True,
        may_mute=not data["asked"],
        data=data,
        brand=settings.brand,
    )


def _reminded(chain: Chain, network: Network, reader: Ticket, ticket: Ticket, told: Mapping[str, Any]) -> Deadline:
    name = visibility.party_name(chain, network, reader, ticket)
    return Deadline(name, ticket.id == reader.id, told["kind"], datetime.fromisoformat(told["at"]), told["over"])


def _sheet(data: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The rows of a report as a file, where there are some."""
    name = f"report-{data['period'].replace('/', '_')}.csv"
    return (sheet.attachment(name, tabular.table(data["rows"], tabular.FOR_PARTIES)),) if data["rows"] else ()


def files(letter: Letter) -> list[Attachment]:
    """The attachments that a letter carries; some kinds only name them."""
    return [] if letter.kind not in WITH_FILES else [file for entry in letter.entries for file in entry.attachments]


def bare(letter: Letter, contents: Mapping[str, bytes]) -> set[str]:
    """The SHA-256 of those files, of those at hand, that go without what they say of their maker."""
    return {file.sha256 for file in files(letter) if file.bare and file.sha256 in contents}


def filled(letter: Letter, contents: Mapping[str, bytes], cleaned: Mapping[str, bytes | None]) -> Letter:
    """The letter with the bytes of its attachments: of `contents`, and of `cleaned` where they go `bare`, both by SHA-256.

    Those that `contents` has not are only named, and so are those that could not be cleaned: None.
    """

    def fill(entry: Entry) -> Entry:
        at_hand = [(file, _carried(file, contents, cleaned)) for file in entry.attachments if file.sha256 in contents]
        left_out = [file.name for file in entry.attachments if file.sha256 not in contents]
        kept_back = [file.name for file, carried in at_hand if carried is None]
        carried = tuple(carried for _, carried in at_hand if carried is not None)
        return replace(entry, attachments=carried, data={**entry.data, "left_out": left_out, "kept_back": kept_back})

    return replace(letter, entries=tuple(fill(entry) for entry in letter.entries))


def _carried(file: Attachment, contents: Mapping[str, bytes], cleaned: Mapping[str, bytes | None]) -> Attachment | None:
    """The file with its bytes; without what they say of its maker where it goes bare, None if that is not possible."""
    if not file.bare:
        return replace(file, content=contents[file.sha256])
    content = cleaned[file.sha256]
    if content is None:
        return None
    return replace(file, content=content, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def within(wanted: Iterable[Attachment], most: int) -> list[Attachment]:
    """As many of the files, oldest first, as stay under `most` bytes in all; what does not fit is only named."""
    chosen, total = [], 0
    for file in wanted:
        if total + file.size <= most:
            chosen.append(file)
            total += file.size
    return chosen
