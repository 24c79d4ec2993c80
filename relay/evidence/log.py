"""The events of a chain as the evidence has them: numbered, chained by their digests, with no id of the database's. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from relay.evidence import hashes
from relay.model import Attachment, Chain, Event

WHOSE = ("answered", "of")  # in the data of an event: quotes that were found among others' words, whose value was corrected


class Log:
    """All events of a chain, in order; `secret` is the chain's. `final` is the hash of the last line."""

    def __init__(self, chain: Chain, events: Sequence[Event], secret: str) -> None:
        self.events = tuple(events)
        self.final = hashes.FIRST
        self._chain, self._secret = chain, secret
        self._numbers = {event.id: number for number, event in enumerate(events, 1)}
        self._heads = dict(self._chained())

    def head(self, event: Event) -> dict[str, Any]:
        """What everybody may see of an event's line."""
        return self._heads[event.id]

    def opened(self, event: Event) -> dict[str, Any]:
        """What shows that the event is what its digest says."""
        return {"event": self.event(event), "salt": hashes.salt(self._secret, event.id)}

    def number(self, event_id: int | None) -> int | None:
        """The number of an event's line; None for an event of no line here."""
        return self._numbers.get(event_id or 0)

    def ticket(self, ticket_id: int) -> str:
        """The name of a ticket."""
        return hashes.ticket(self._secret, ticket_id)

    def event(self, event: Event) -> dict[str, Any]:
        """An event as plain JSON; its digest is of this."""
        return {
            "kind": event.kind,
            "at": event.at.isoformat(),
            "ticket": self.ticket(event.ticket),
            "party": self._chain.ticket(event.ticket).party,
            "author": event.author.address,
            "author_name": event.author.name,
            "internal": event.internal,
            "text": event.text,
            "data": self._data(event.data),
            "mail": event.mail_id,
            "message_id": event.message_id,
            "attachments": [described(file) for file in event.attachments],
        }

    def _chained(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, event in enumerate(self.events, 1):
            digest = hashes.digest(hashes.salt(self._secret, event.id), self.event(event))
            yield event.id, {"number": number, "before": self.final, "digest": digest}
            self.final = hashes.following(number, self.final, digest)

    def _data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Without what tells whose words were answered or corrected: of those the author may not know."""
        told = {key: value for key, value in data.items() if key not in WHOSE}
        if "ticket" in told:
            told["ticket"] = self.ticket(told["ticket"])
        if "event" in told:
            told["event"] = self.number(told["event"])
        return told


def described(file: Attachment) -> dict[str, Any]:
    """A file as plain JSON."""
    return {"name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256}
