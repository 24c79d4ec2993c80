"""Networks and chains for tests of the rules, by hand and random, and what may cross them, told another way than the code's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from relay import address, workflow
from relay.decision import Decision
from relay.model import SHARES, Chain, Contact, Event, Identity, Link, Network, Party, Share, Ticket

DOMAIN = "relay.example.com"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDENTITIES: tuple[Identity, ...] = ("person", "party", "hidden")


# ── by hand ────────────────────────────────────────────────────────────────────────────────────────────────


def party(key: str, **more: Any) -> Party:
    """A party "a" called "Firm A", with one contact, "Person A <a@a.example>", unless told otherwise."""
    given = {"name": f"Firm {key.upper()}", "contacts": (Contact(f"{key}@{key}.example", f"Person {key.upper()}"),)}
    return Party(key, **(given | more))


def network(*links: Link, **parties: Party) -> Network:
    """Those links, and a party for each end of them; `parties` replaces some."""
    keys = dict.fromkeys(key for link in links for key in (link.upstream, link.downstream))
    return Network(DOMAIN, {key: parties.get(key, party(key)) for key in keys}, {link.key: link for link in links})


def chain(*links: Link) -> Chain:
    """The chain that was passed over those links in turn: ticket 1 is that of the first link's upstream party."""
    tickets = [Ticket(1, links[0].upstream, thread=address.mint(), note=address.mint())]
    for link in links:
        above = next(ticket for ticket in reversed(tickets) if ticket.party == link.upstream)
        new = Ticket(len(tickets) + 1, link.downstream, above.id, link.key, thread=address.mint(), note=address.mint())
        tickets.append(new)
    return Chain(1, "A-1", "Pump", NOW, tuple(tickets))


def line(keys: str, *identities: Identity, share: frozenset[Share] = frozenset(SHARES)) -> tuple[Network, Chain]:
    """One party after the other: `line("abc", "person", "hidden")` has the links ab and bc."""
    names = identities or IDENTITIES[:1] * (len(keys) - 1)
    ways = zip(pairwise(keys), names, strict=True)
    links = [Link(up + down, up, down, share=share, identity=identity) for (up, down), identity in ways]
    return network(*links), chain(*links)


def applied(chain: Chain, decision: Decision, before: int) -> tuple[Chain, tuple[Event, ...]]:
    """The chain as `ledger.save` leaves it, and its new events, under the ids that a fresh database gives; `before` are there."""
    ids = {ticket.id: len(chain.tickets) + at for at, ticket in enumerate(decision.tickets, 1)}
    new = (replace(ticket, id=ids[ticket.id], parent=ids.get(ticket.parent or 0, ticket.parent)) for ticket in decision.tickets)
    events = []
    for at, event in enumerate(decision.events, 1):
        named = {key: ids.get(value, value) if key == "ticket" else value for key, value in event.data.items()}
        events.append(replace(event, id=before + at, data=named))
    grown = workflow.replay(replace(chain, tickets=(*chain.tickets, *new)), events)
    for ticket_id, who in decision.participants:
        joined = [replace(t, participants=(*t.participants, who)) if t.id == ticket_id else t for t in grown.tickets]
        grown = replace(grown, tickets=tuple(joined))
    return grown, tuple(events)


# ── random ─────────────────────────────────────────────────────────────────────────────────────────────────

shares: st.SearchStrategy[frozenset[Share]] = st.one_of(st.just(frozenset(SHARES)), st.frozensets(st.sampled_from(SHARES)))


@st.composite
def trees(draw: st.DrawFn, deepest: int = 8, most: int = 12) -> tuple[Link, ...]:
    """Links of a tree of parties p0, p1 …, up to `deepest` levels below the first, with branches; each passes what it likes."""
    depths, links = [0], []
    for number in range(1, draw(st.sampled_from(range(2, most + 1))) + 1):
        back = draw(st.sampled_from((*[1] * 8, 2, 3)))
        above = max(0, number - back)
        if depths[above] >= deepest:
            above = draw(st.integers(0, number - 1).filter(lambda at: depths[at] < deepest))
        depths.append(depths[above] + 1)
        identity, share = draw(st.sampled_from(("person", *IDENTITIES))), draw(shares)
        links.append(Link(f"link{number}", f"p{above}", f"p{number}", share=share, identity=identity))
    return tuple(links)


chains: st.SearchStrategy[tuple[Network, Chain]] = trees().map(lambda links: (network(*links), chain(*links)))


# ── what may cross ─────────────────────────────────────────────────────────────────────────────────────────


def way(links: dict[int, tuple[int, Link]], start: int, end: int) -> list[Link]:
    """The links between two tickets, searched outwards from the first; `links` is ticket → (the one above, the link)."""
    steps = [(low, high, link) for low, (high, link) in links.items()]
    steps += [(high, low, link) for low, high, link in steps]
    ways: dict[int, list[Link]] = {start: []}
    while end not in ways:
        ways |= {to: [*ways[here], link] for here, to, link in steps if here in ways and to not in ways}
    return ways[end]


def links_of(network: Network, chain: Chain) -> dict[int, tuple[int, Link]]:
    """For `way`: each ticket but the first with the one above it and the link between."""
    return {t.id: (t.parent, network.links[t.link]) for t in chain.tickets if t.parent is not None and t.link is not None}


def crosses(links: list[Link], share: Share) -> bool:
    """Whether every link on a way lets that pass."""
    return all(share in link.share for link in links)


def knows(links: list[Link]) -> bool:
    """Whether who is at one end of a way may know that there is somebody at the other: hidden links end his view, but for a
    neighbour's."""
    return len(links) == 1 or all(link.identity != "hidden" for link in links)


def in_person(links: list[Link]) -> bool:
    """Whether a person's name passes that way."""
    return all(link.identity == "person" for link in links)
