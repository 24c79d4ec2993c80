"""What one party may have of a chain: its own words whole, others' as it was told them, and of the rest only digests.

| of | it gets |
| --- | --- |
| what its people wrote | the raw mail with its verdict, the event with its salt, the files as they came; its internal notes too |
| what others wrote and it may see | the event as `visibility` shows it, without salt, and the files as they crossed |
| what the relay noted at its tickets | the same, for the stored event may name those whom it does not know |
| everything else | the digest |
| letters | those to its tickets, with the words that they brought |

No id of the database's goes along, for gaps between ids tell of what lies there.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, or_, select

from relay import address, held, people, visibility
from relay.evidence.log import Log, described
from relay.evidence.sources import Made, Sources, letter_facts, lines, mail_facts
from relay.model import Attachment, Chain, Entry, Event, Ticket
from relay.store import FORMER, LETTERS, MAILS

BY_THE_RELAY = ("undelivered", "paused")  # events that nobody wrote, whatever mail has led to them
_TAKEN = re.compile(r"2\d\d ")  # a server's answer to a letter that it took; any other could say anything


def parts(sources: Sources, chain: Chain, log: Log, made: Made, reader: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file that is the chain's and that the party `reader` may have."""
    return _Portion(sources, chain, log, made, reader).parts()


class _Portion:
    """One party's part of a chain, in which it may have several tickets."""

    def __init__(self, sources: Sources, chain: Chain, log: Log, made: Made, reader: str) -> None:
        self._sources, self._chain, self._log, self._made, self._reader = sources, chain, log, made, reader
        self._network = sources.settings.network
        self._tickets = [ticket for ticket in chain.tickets if ticket.party == reader]
        self._own = {ticket.id for ticket in self._tickets}
        self._visible: set[int] = set()  # events, by id
        self._there: set[str] = set()  # attachments that are in the zip file

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of every file."""
        yield "chain.json", json.dumps(self._facts(), ensure_ascii=False, indent=1, sort_keys=True).encode()
        found = []
        for event in self._log.events:
            files: dict[str, bytes] = {}
            found.append(self._log.head(event) | self._told(event, files))
            yield from self._new(files)
        yield "events.jsonl", lines(found)
        yield from self._raw_mails()
        yield "mails.jsonl", lines(mail_facts(row) for row in self._mails.values())
        yield "letters.jsonl", lines(self._letters())

    def _facts(self) -> dict[str, Any]:
        return {
            "for": {"party": self._reader, "name": people.party_of(self._network, self._reader).name},
            "number": self._chain.number,
            "subject": visibility.subject(self._chain, self._network),
            "relay": self._sources.settings.relay.domain,
            "tickets": [{"id": self._log.ticket(ticket.id), "known": self._known(ticket)} for ticket in self._tickets],
        }

    def _known(self, ticket: Ticket) -> list[dict[str, Any]]:
        """The tickets that the party may know of, as `#status` tells them."""
        named = ("party", "status", "reference", "own", "depth")
        return [{name: getattr(seat, name) for name in named} for seat in visibility.seats(self._chain, self._network, ticket)]

    # ── events and files ───────────────────────────────────────────────────────────────────────────────────

    def _told(self, event: Event, files: dict[str, bytes]) -> dict[str, Any]:
        """What the party may have of an event beside its digest; the files that go with it are added to `files`."""
        seen = {ticket.id: visibility.entry(self._chain, self._network, ticket, event) for ticket in self._tickets}
        if not any(seen.values()):
            return {}
        self._made.readable += 1
        self._visible.add(event.id)
        if seen.get(event.ticket) and event.kind not in BY_THE_RELAY and event.mail_id in self._mails:
            for file in event.attachments:
                self._taken(file, files, f"attachments/{file.sha256}")
            return self._log.opened(event)
        number = self._log.number(event.id)
        told = [self._seen(entry, files, f"a file of event {number}") for entry in seen.values() if entry]
        return {"seen": [each for at, each in enumerate(told) if each not in told[:at]]}

    def _seen(self, entry: Entry, files: dict[str, bytes], where: str) -> dict[str, Any]:
        named = {name: getattr(entry, name) for name in ("kind", "who", "party", "own", "internal", "text", "html")}
        attachments = [self._taken(file, files, where) for file in entry.attachments]
        return named | {"at": entry.at.isoformat(), "data": dict(entry.data), "attachments": attachments}

    def _taken(self, file: Attachment, files: dict[str, bytes], where: str) -> dict[str, Any]:
        """A file as it crosses, put into `files`; one that is gone is missing, one that cannot be cleaned stays behind."""
        content = self._sources.file(file.sha256)
        if content is None:
            self._made.missing += [where] if where not in self._made.missing else []
            return {"name": file.name, "type": file.type}
        crossing = self._sources.clean(content) if file.bare else content
        if crossing is None:
            return {"name": file.name, "type": file.type, "kept_back": True}
        digest = sha256(crossing).hexdigest()
        files[digest] = crossing
        return described(replace(file, size=len(crossing), sha256=digest))

    def _new(self, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
        for digest in sorted(files.keys() - self._there):
            self._there.add(digest)
            self._made.files += 1
            yield f"attachments/{digest}", files[digest]

    # ── mails and letters ──────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _mails(self) -> dict[str, Row[Any]]:
        """What became of the mails that its people wrote to its tickets, by queue id."""
        spoken = {
            event.mail_id
            for event in self._log.events
            if event.ticket in self._own and event.kind not in (*BY_THE_RELAY, "automatic")
        }
        where = or_(MAILS.c.chain_id == self._chain.id, MAILS.c.id.in_(spoken))
        rows = self._sources.connection.execute(select(MAILS).where(where).order_by(MAILS.c.id))
        return {row.id: row for row in rows if self._wrote(row, row.id in spoken)}

    def _wrote(self, row: Row[Any], spoken: bool) -> bool:
        """Whether it is a mail of its people's, which has `spoken` for it or came to its own addresses.

        One that somebody has let in counts as theirs, unless another party is known to have written it. What came to a
        return-path, as reports and programs' answers do, may be anybody's.
        """
        if self._is_of_the_party(row.sender):
            return spoken or self._came_to_its_own(row.envelope["to"])
        return spoken and not any(people.belongs(self._network, key, row.sender) for key in self._network.parties)

    def _is_of_the_party(self, sender: str) -> bool:
        beside = [who for ticket in self._tickets for who in ticket.participants]
        admitted = held.admitted(self._sources.connection, self._reader)
        return people.belongs(self._network, self._reader, sender, (*beside, *admitted))

    def _came_to_its_own(self, recipients: Iterable[str]) -> bool:
        domain, links = self._sources.settings.relay.domain, self._links
        found = [place for to in recipients if (place := address.parse(to, domain, links))]
        return any(place.key in self._keys for place in found) and all(place.kind != "return-path" for place in found)

    @cached_property
    def _links(self) -> frozenset[str]:
        """The links over which it passes tickets on, and has passed this one on."""
        used = {ticket.link or "" for ticket in self._chain.tickets if ticket.parent in self._own}
        return frozenset(used | {link.key for link in self._network.links.values() if link.upstream == self._reader})

    @cached_property
    def _keys(self) -> frozenset[str]:
        """Of its tickets' addresses, former ones too, the tokens; and the keys of its links."""
        former = select(FORMER.c.token).where(FORMER.c.ticket_id.in_(self._own))
        tokens = {token for ticket in self._tickets for token in (ticket.thread, ticket.note)}
        return self._links | tokens | set(self._sources.connection.execute(former).scalars())

    def _raw_mails(self) -> Iterator[tuple[str, bytes]]:
        for mail_id in self._mails:
            path = self._sources.mail(mail_id)
            if path is None:
                self._made.missing.append(f"mails/{mail_id}.eml")
                continue
            self._made.mails += 1
            yield f"mails/{mail_id}.eml", path.read_bytes()

    def _letters(self) -> Iterator[dict[str, Any]]:
        found = select(LETTERS).where(LETTERS.c.ticket_id.in_(self._own)).order_by(LETTERS.c.id)
        for row, facts in letter_facts(self._sources.connection.execute(found).all()):
            self._made.letters += 1
            yield facts | {
                "ticket": self._log.ticket(row.ticket_id),
                "event": self._log.number(row.event_id) if row.event_id in self._visible else None,
                "mail": row.mail_id if row.mail_id in self._mails else None,
                "reply": row.reply if row.state == "sent" and _TAKEN.match(row.reply) else "",
                "text": zlib.decompress(row.shown).decode() if row.shown else None,
            }
