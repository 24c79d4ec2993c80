"""The way between two tickets of a chain: the links on it, what crosses them all, and for whom a reader takes who is beyond."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from relay.model import SHARES, Chain, Link, Network, Share, Ticket


@dataclass(frozen=True, slots=True)
class Hop:
    """One link on the way from a reader (`near`) to an author (`far`)."""

    link: Link
    near: Ticket
    far: Ticket


def path(chain: Chain, network: Network, near: Ticket, far: Ticket) -> tuple[Hop, ...]:
    """The links between two tickets of a chain, from `near` to `far`: up to the common ancestor, then down."""
    up, down = line(chain, near), line(chain, far)
    while up and down and up[-1].id == down[-1].id:
        common = up.pop()
        down.pop()
    climb = [*up, common]
    descend = [common, *reversed(down)]
    return tuple(
        [Hop(_link(network, low), low, high) for low, high in pairwise(climb)]
        + [Hop(_link(network, low), high, low) for high, low in pairwise(descend)]
    )


def shared(hops: Iterable[Hop]) -> frozenset[Share]:
    """What crosses every link of a path."""
    common = frozenset(SHARES)
    for hop in hops:
        common &= hop.link.share
    return common


def stand_in(reader: Ticket, ticket: Ticket, hops: Iterable[Hop]) -> Ticket:
    """The ticket whose party `reader` takes for the one behind `ticket`.

    That is `ticket` itself unless a hidden link lies between: then the one just before the first hidden link; and who
    stands before that link himself knows his neighbour across it, but nobody beyond.
    """
    for hop in hops:
        if hop.link.identity == "hidden":
            return hop.far if hop.near.id == reader.id else hop.near
    return ticket


def withholds(link: Link) -> bool:
    """Whether the link keeps anything back, so that what was cut from a mail, letters with all they say, must not cross it."""
    return link.identity != "person" or not link.share.issuperset(SHARES)


def hidden(hops: Iterable[Hop]) -> bool:
    """Whether somebody is hidden on the way."""
    return any(hop.link.identity == "hidden" for hop in hops)


def line(chain: Chain, ticket: Ticket) -> list[Ticket]:
    """A ticket and all above it, up to the chain's first."""
    line = [ticket]
    while line[-1].parent is not None:
        line.append(chain.ticket(line[-1].parent))
    return line


def _link(network: Network, ticket: Ticket) -> Link:
    """The link a ticket came over. One that was taken out of the configuration tells as little as it can."""
    return network.links.get(ticket.link or "") or Link(ticket.link or "", "", ticket.party, identity="hidden")
