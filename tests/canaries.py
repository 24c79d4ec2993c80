"""Parties who write real mail full of canaries, words that occur once, through the relay's own reading, rules and letters.

Every canary says what it is; `World.leaks` tells those that stand in a letter where they must not, `World.missing` those that
did not reach whom they should have. What should be is told from the links alone, never by `visibility`.
"""

from __future__ import annotations

import html
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from sqlalchemy import Row, Table, create_engine, select
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel

from relay import address, cleaning, digester, outbox, store
from relay.correspondence import bare, filled
from relay.intake import tokens_of
from relay.ledger import Stamp
from relay.letters import Letters
from relay.mail import reader
from relay.mail.parts.flowed import unflow
from relay.model import SHARES, Contact, Envelope, Link, Party, Receipts
from relay.settings import DeliverySettings, DnsSettings, RelaySettings, Settings, SmtpSettings
from relay.settle import Outcome, settle
from relay.store import EVENTS, LETTERS, TICKETS
from relay.undelivered import Failure, fail
from tests.chains import DOMAIN, crosses, in_person, knows, way
from tests.documents import laid_open
from tests.harness import READ

Kind = Literal[
    "text",
    "file",
    "bound",
    "maker",
    "handed",
    "subject",
    "person",
    "firm",
    "link",
    "own",
    "cut",
    "reason",
    "reference",
    "field",
    "beside",
    "full",
    "unsaid",
]
LETTERS_OF_THE_HOUSE = Letters(DOMAIN, "Acme Relay")
CANARY = re.compile(r"kq\d{5}z", re.IGNORECASE)
_TOKENED = re.compile(rf"[tnb]-{address.TOKEN}", re.IGNORECASE)
ALLOWED: Mapping[Kind, Callable[[list[Link]], bool]] = {  # on the way from the reader to the writer
    "text": lambda links: crosses(links, "comments"),
    "file": lambda links: crosses(links, "attachments"),
    "bound": lambda links: crosses(links, "attachments") and all(link.identity != "hidden" for link in links),
    "maker": lambda links: crosses(links, "attachments") and all(link.identity != "hidden" for link in links),
    "reason": lambda links: crosses(links, "comments") and crosses(links, "status"),
    "reference": lambda links: crosses(links, "reference") and knows(links),
    "field": lambda links: crosses(links, "fields"),
    "full": lambda links: all(link.identity == "person" and link.share >= set(SHARES) for link in links),
}
INSIDE = {"internal", "misspelt", "note", "answer a note", "pass inside", "away", "away to the letter"}  # deeds
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Canary:
    """What a canary is, who wrote it at which ticket, and where, for a report.

    "text", "file": public words and files; "handed": words beside a passing on, to `target`; "subject": of an opening mail;
    "maker": whom a file names as its maker; "bound": a file of which that cannot be taken out;
    "reason": beside a status; "reference", "field": such facts; "beside": what the party and that of `target` alone see;
    "person", "firm", "link": names; "own": all that is the writer's party's own business; "cut": of `mail`, shown to its `author`
    alone in what he is told about it; "full": cut, and sent on all the same; "unsaid": nobody's at all.
    """

    kind: Kind
    party: str
    ticket: int = 0
    where: str = ""
    target: int = 0
    mail: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """A letter as it went out."""

    row: Row[Any]
    raw: bytes
    message: EmailMessage
    all: str

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return unflow(part.get_content())


class World:
    """A relay without its network: one database in memory, the parties of some links, and the letters that went out."""

    def __init__(self, links: Iterable[Link], receipts: Sequence[Receipts] = ("needed",)) -> None:
        self.receipts = receipts  # that the parties ask for, in turn
        self.again: dict[str, list[Canary]] = defaultdict(list)  # canaries that were said again, in another place
        self.cut: dict[tuple[int, str], set[str]] = defaultdict(set)  # ticket and author → canaries cut from his public mails
        self.muted: set[tuple[int, str]] = set()  # ticket and address of who has wanted no more letters at some time
        self.canaries: dict[str, Canary] = {}
        self.posted: list[Posted] = []
        self.heard: dict[tuple[int, str], set[str]] = defaultdict(set)  # ticket and contact → canaries of his letters
        self.seen: dict[int, set[str]] = defaultdict(set)  # ticket → Message-IDs that its party has written or got
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.tickets: dict[int, Row[Any]] = {}  # of all chains, oldest first
        self._files: dict[str, bytes] = {}
        self._taken = 0  # canaries of mails that were taken in
        self.settings = self._settings(tuple(links))
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        SQLModel.metadata.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    def canary(self, kind: Kind, party: str, ticket: int = 0, where: str = "", target: int = 0) -> str:
        """A new one."""
        made = f"kq{len(self.canaries):05}z"
        self.canaries[made] = Canary(kind, party, ticket, where, target)
        return made

    def say(self, made: str, *places: Canary) -> None:
        """Somebody has said that canary again."""
        self.again[made] += places

    # ── who there is ───────────────────────────────────────────────────────────────────────────────────────

    def _settings(self, links: tuple[Link, ...]) -> Settings:
        keys = dict.fromkeys(key for link in links for key in (link.upstream, link.downstream))
        parties = {key: self._party(key) for key in keys}
        named = [self._named(link) for link in links]
        relay = RelaySettings(DOMAIN, "Acme Relay", "A", "admin@example.com", "en", "UTC", Path(), "sqlite://", "")
        nothing = (DeliverySettings(), DnsSettings(), None, None)
        return Settings(Path("relay.toml"), relay, SmtpSettings(()), *nothing, parties, {link.key: link for link in named})

    def _named(self, link: Link) -> Link:
        wanted = ("Address", f"Site {self.canary('own', link.upstream, where='wanted fact')}")
        return replace(link, key=self.canary("link", link.upstream, where="link"), fields=wanted)

    def _party(self, key: str) -> Party:
        domain = f"{self.canary('own', key, where='domain')}.example"
        people = tuple(
            Contact(f"{self.canary('own', key, where='address')}@{domain}", f"Person {self.canary('person', key, where='name')}")
            for _ in range(2)
        )
        name = f"Firm {self.canary('firm', key, where='name of the party')}"
        receipts = self.receipts[len(self.canaries) % len(self.receipts)]
        language = ("en", "ru")[len(self.canaries) % 2]
        return Party(key, name, language, contacts=people, domains=(domain,), trust="address", receipts=receipts)

    def letters(self) -> list[Row[Any]]:
        """The outbox, oldest first."""
        return self._rows(LETTERS)

    def events(self) -> list[Row[Any]]:
        """All that happened, oldest first."""
        return self._rows(EVENTS)

    def _rows(self, of: Table) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(select(of).order_by(of.c.id)))

    def links_from(self, party: str) -> list[Link]:
        """The party's ways down."""
        return [link for link in self.settings.links.values() if link.upstream == party]

    def way(self, near: int, far: int) -> list[Link]:
        """The links between two tickets of a chain."""
        rows = self.tickets.values()
        links = {row.id: (row.parent_id, self.settings.links[row.link]) for row in rows if row.parent_id is not None}
        return way(links, near, far)

    # ── mail in, letters out ───────────────────────────────────────────────────────────────────────────────

    def take(self, raw: bytes, sender: str, *recipients: str, released: str = "") -> Outcome:
        """What becomes of a mail that is not refused."""
        self.now += timedelta(minutes=7)
        queue_id = f"MAIL{len(self.canaries)}T{self.now:%H%M}"
        envelope = Envelope(queue_id, sender, recipients, "192.0.2.1", "client.example", self.now)
        with self._engine.begin() as connection:
            sent = store.shown(connection, tokens_of(envelope, raw), DOMAIN)
        mail = reader.read(raw, sent)
        stuck = (replace(file, stuck=cleaning.clean(file.content) is None) for file in mail.attachments)
        mail = replace(mail, attachments=tuple(stuck))
        self._files |= {file.sha256: file.content for file in mail.attachments}
        self._belong(queue_id, "" if released else mail.author.address)
        with self._engine.begin() as connection:
            outcome = settle(connection, self.settings, envelope, mail, Stamp(DOMAIN, queue_id, self.now), released=released)
            self.tickets = {row.id: row for row in connection.execute(select(TICKETS).order_by(TICKETS.c.id))}
        assert isinstance(outcome, Outcome), (outcome, raw)
        return outcome

    def _belong(self, mail: str, author: str) -> None:
        """The newest canaries are of that mail; "" is an author who was let in: his party's people are told for him."""
        for made, canary in list(self.canaries.items())[self._taken :]:
            self.canaries[made] = replace(canary, mail=mail, author=author)
        self._taken = len(self.canaries)

    def fail(self, letter: Row[Any], words: str) -> None:
        """A server refuses a letter for good, with those words."""
        with self._engine.begin() as connection:
            fail(connection, self.settings, letter, Failure("refused", words), Stamp(DOMAIN, letter.mail_id, self.now))

    def deliver(self) -> list[Posted]:
        """Writes all letters that are due."""
        with self._engine.begin() as connection:
            pairs = outbox.claim(connection, self.settings, "node", self.now, 10_000)
        new, sent = [], []
        for row, letter in pairs:
            assert not isinstance(letter, Exception), letter
            cleaned = {sha256: cleaning.clean(self._files[sha256]) for sha256 in bare(letter, self._files)}
            raw, text = LETTERS_OF_THE_HOUSE.written(filled(letter, self._files, cleaned))
            sent.append(outbox.Sent(row, "250 ok", zlib.compress(text.encode()), self.now))
            message = BytesParser(policy=READ).parsebytes(raw)
            assert isinstance(message, EmailMessage)
            new.append(Posted(row, raw, message, everything(raw, message)))
        if sent:
            with self._engine.begin() as connection:
                outbox.mark_sent(connection, sent)
        self.posted += new
        for posted in new:
            self.heard[posted.row.ticket_id, posted.row.recipient] |= found_in(posted.all)
            self.seen[posted.row.ticket_id].add(posted.row.message_id)
        return new

    def digests(self) -> None:
        """A digest for each party, up to now and of everything."""
        with self._engine.begin() as connection:
            for party in self.settings.parties.values():
                digester.answer(connection, self.settings, party.key, party.contacts[0], Stamp(DOMAIN, "", self.now))

    # ── what should be ─────────────────────────────────────────────────────────────────────────────────────

    def leaks(self, posted: Posted) -> list[str]:
        """All that stands in that letter and must not."""
        if posted.row.kind == "digest":
            return self._leaks_of_digest(posted)
        if posted.row.ticket_id is None:
            return []  # the postmaster may see all
        ticket = self.tickets[posted.row.ticket_id]
        mine = [row for row in self.tickets.values() if row.party == ticket.party]
        own = {local for row in mine for local in (f"t-{row.thread}", f"n-{row.note}")}
        strange = {token.lower() for token in _TOKENED.findall(posted.all)} - own
        had = {one for row in mine if row.chain_id == ticket.chain_id for one in self.seen[row.id]}
        named = _ID.findall(f"{posted.message['References']} {posted.message['In-Reply-To']}")
        return [
            *(f"{self.canaries[one]} {one}" for one in found_in(posted.all) if not self._may_any(ticket, one, posted)),
            *(f"address {token}" for token in strange),
            *(f"reference to {named_id}" for named_id in named if named_id not in had),
        ]

    def _leaks_of_digest(self, posted: Posted) -> list[str]:
        """A digest may say what one of the party's tickets may, but nothing internal, and has no thread address but theirs."""
        party = posted.row.data["party"]
        mine = [row for row in self.tickets.values() if row.party == party]
        strange = {token.lower() for token in _TOKENED.findall(posted.all)} - {f"t-{row.thread}" for row in mine}
        told = {one: self.canaries[one] for one in found_in(posted.all)}
        inside = [one for one, canary in told.items() if canary.where.rpartition(" of ")[2] in INSIDE]
        others = [one for one, canary in told.items() if canary.party != party or canary.kind in ("unsaid", "cut")]
        foreign = [one for one in others if not any(self._may_any(ticket, one, posted) for ticket in mine)]
        return [*(f"{told[one]} {one}" for one in (*inside, *foreign)), *(f"address {token}" for token in strange)]

    def _may_any(self, reader: Row[Any], made: str, posted: Posted) -> bool:
        """Whether the party of a ticket may see a canary in one of the places where it was said."""
        return any(self._may(reader, canary, posted) for canary in (self.canaries[made], *self.again[made]))

    def _may(self, reader: Row[Any], canary: Canary, posted: Posted) -> bool:
        """Whether the party of a ticket may see a canary."""
        if canary.kind == "unsaid":
            return False
        if canary.kind == "cut":
            his = posted.row.kind in ("receipt", "opened") if canary.author else posted.row.kind == "opened"
            return his and posted.row.mail_id == canary.mail and posted.row.recipient == (canary.author or posted.row.recipient)
        if canary.party == reader.party:
            return True
        if canary.kind in ("person", "firm"):
            return self._may_know(reader, canary, posted)
        if canary.kind in ("own", "link") or self.tickets[canary.ticket].chain_id != reader.chain_id:
            return False
        if canary.kind == "subject":
            return True
        links = self.way(reader.id, canary.ticket)
        if canary.kind in ALLOWED:
            return ALLOWED[canary.kind](links)
        if canary.kind == "beside":
            return canary.target == reader.id and crosses(links, "comments")
        told = canary.target == reader.id or (crosses(links, "status") and knows(self.way(reader.id, canary.target)))
        return bool(canary.target) and crosses(links, "comments") and told

    def _may_know(self, reader: Row[Any], canary: Canary, posted: Posted) -> bool:
        """Names: of those of the chain whom no hidden link stands before; a notice may name whom the reader may pass to."""
        ends = [row.id for row in self.tickets.values() if row.chain_id == reader.chain_id and row.party == canary.party]
        ways = [self.way(reader.id, end) for end in ends]
        if canary.kind == "person":
            return any(map(in_person, ways))
        own = [link.downstream for link in self.links_from(reader.party)]
        return any(map(knows, ways)) or (posted.row.kind == "receipt" and canary.party in own)

    def missing(self) -> list[str]:
        """Public words and files that did not reach each contact of the parties whom they should have."""
        rows = self.tickets
        return [
            f"{canary} {made} did not reach {contact.name} at ticket {reader.id} of {reader.party}"
            for made, canary in self.canaries.items()
            if canary.kind in ("text", "file", "bound")
            for reader in rows.values()
            if reader.chain_id == rows[canary.ticket].chain_id and reader.party != canary.party
            if ALLOWED[canary.kind](self.way(reader.id, canary.ticket))
            for contact in self.settings.parties[reader.party].contacts
            if (reader.id, contact.address) not in self.muted
            if made not in self.heard[reader.id, contact.address]
        ]


def found_in(text: str) -> set[str]:
    """The canaries of a text."""
    return {found.lower() for found in CANARY.findall(text)}


def everything(raw: bytes, message: EmailMessage) -> str:
    """All that can be got out of a letter: as it stands, and every header, text and file of it decoded."""
    told = [raw.decode("latin-1")]
    for part in message.walk():
        told += [f"{name}: {value}" for name, value in part.items()]
        told.append(part.get_filename() or "")
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            told.append(laid_open(payload).decode("latin-1"))
            told.append(payload.decode("utf-8" if part.get_content_maintype() == "text" else "latin-1", "replace"))
    joined = "\n".join(told)
    return "\n".join([joined, html.unescape(joined), unquote(html.unescape(joined))])
