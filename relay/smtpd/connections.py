"""The connections that are open, and who has to go when there is no room for a new one.

A full house is no reason to turn an honest client away while somebody sits in it and says nothing: the connection that has kept
us waiting longest is closed instead.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Literal, Protocol

from relay import sources
from relay.settings import SmtpSettings

Limit = Literal["connections", "connections_per_address"]
LONG = 1.0  # seconds for which a connection must have kept us waiting before it may be closed for another
SHORT = 0.25  # the same for one of a client who has more than the one who comes will have
_SINCE = attrgetter("since")


class Connection(Protocol):
    """What is known of one here."""

    peer: str
    since: float  # when we began to wait for the client, by the clock of `make_room`; in the future while it is he who waits

    def make_room(self) -> None:
        """Closes it."""


class Connections:
    """Those that are in, by who counts as one client."""

    def __init__(self) -> None:
        self._by_source: dict[str, set[Connection]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_source.values()))

    def make_room(self, peer: str, settings: SmtpSettings, now: float) -> Limit | None:
        """Makes room for a connection from there, by closing one if need be; or the limit for which it cannot come in."""
        source = sources.client(peer)
        while (limit := self._reached(source, settings)) is not None:
            going = self._to_go(source, limit, now)
            if going is None:
                return limit
            self.leave(going)
            going.make_room()
        return None

    def enter(self, new: Connection) -> None:
        """This one is in."""
        self._by_source.setdefault(sources.client(new.peer), set()).add(new)

    def leave(self, one: Connection) -> None:
        """This one is over, if it was in."""
        source = sources.client(one.peer)
        those = self._by_source.get(source, set())
        those.discard(one)
        if not those:
            self._by_source.pop(source, None)

    def _reached(self, source: str, settings: SmtpSettings) -> Limit | None:
        if self._count(source) >= settings.connections_per_address:
            return "connections_per_address"
        return "connections" if len(self) >= settings.connections else None

    def _to_go(self, source: str, limit: Limit, now: float) -> Connection | None:
        """Of the same client if it is he who has too many; else of those who have most, and never of one who has fewer."""
        have = self._count(source)
        alone = limit == "connections_per_address"
        those = [self._by_source[source]] if alone else [each for each in self._by_source.values() if len(each) >= have]
        longest = ((len(each), min(each, key=_SINCE)) for each in those)
        may = [
            (count, now - one.since, one) for count, one in longest if now - one.since >= (SHORT if count > have + 1 else LONG)
        ]
        return max(may, key=lambda found: found[:2], default=(0, 0.0, None))[2]

    def _count(self, source: str) -> int:
        return len(self._by_source.get(source, ()))
