"""What a party may see of a chain, and under which name: the only place that decides it.

Every letter, history and receipt is built from what `entry` and `seats` return. Three rules, in order:

1. an internal event is seen from its own ticket only;
2. between two tickets lies a path of links, and only what every link on it shares comes across;
3. who wrote it is as open as the strictest link on the path: the person, the party, or, beyond a hidden link, the
   party that stands before it, as if that one had written it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any

from relay import address, workflow
from relay.deadlines import Due
from relay.model import (
    Attachment,
    Ball,
    Brand,
    Chain,
    Deadline,
    Entry,
    Event,
    EventKind,
    Fact,
    Network,
    Party,
    Seat,
    Share,
    Ticket,
)
from relay.ways import Hop, hidden, line, path, shared, stand_in, withholds
from relay.workflow import Spell

# What a link must share, one of them at least, for an event of that kind to cross it; nothing: it never does.
NEEDS: Mapping[EventKind, frozenset[Share]] = {
    "comment": frozenset({"comments", "attachments"}),
    "passed": frozenset({"status"}),
    "status": frozenset({"status"}),
    "reference": frozenset({"reference"}),
    "field": frozenset({"fields"}),
    "rating": frozenset(),
    "time": frozenset(),
    "mute": frozenset(),
    "automatic": frozenset(),
    "undelivered": frozenset(),
    "paused": frozenset({"status"}),
}
# Of an event's data, what a letter may say.
FACTS: Mapping[EventKind, frozenset[str]] = {
    "passed": frozenset(),
    "status": frozenset({"status", "until"}),
    "reference": frozenset({"reference"}),
    "rating": frozenset({"stars"}),
    "time": frozenset({"minutes"}),
    "field": frozenset({"name", "value", "before"}),
    "mute": frozenset({"muted"}),
    "undelivered": frozenset({"reason"}),
    "paused": frozenset({"until"}),
    "automatic": frozenset({"mail", "since", "until"}),
}
_PICTURE = re.compile(r"\[cid:p\d+\]|<img src=\"cid:p\d+\">")
_LINK = re.compile(r"<a href=\"([^\"]*)\">(.*?)</a>", re.DOTALL)


def entry(chain: Chain, network: Network, reader: Ticket, event: Event) -> Entry | None:
    """`event` as the party of `reader` may see it, or None if it may not."""
    if event.ticket == reader.id:
        return _own(chain, network, reader, event)
    hops = path(chain, network, reader, chain.ticket(event.ticket))
    if event.internal or not (NEEDS[event.kind] & shared(hops) or _concerns(chain, event, reader)):
        return None
    if event.data.get("full") and any(withholds(hop.link) for hop in hops):
        return None
    seen = _foreign(chain, network, reader, event, hops)
    return None if seen is None or (seen.kind == "comment" and not (seen.text.strip() or seen.attachments)) else seen


def entries(chain: Chain, network: Network, reader: Ticket, events: Iterable[Event]) -> tuple[Entry, ...]:
    """Those of `events` that the party of `reader` may see, as it may see them."""
    return tuple(seen for event in events if (seen := entry(chain, network, reader, event)) is not None)


def seats(chain: Chain, network: Network, reader: Ticket) -> tuple[Seat, ...]:
    """The tickets of the chain that the party of `reader` may know of, upstream first, each with what it may know."""
    holders = workflow.holders(as_known(chain, network, reader))
    turns = {stand_in(reader, ticket, path(chain, network, reader, ticket)).id for ticket in holders}
    return tuple(
        _seat(chain, network, reader, ticket, ticket.id in turns)
        for ticket in _in_order(chain)
        if ticket.id == reader.id or stand_in(reader, ticket, path(chain, network, reader, ticket)).id == ticket.id
    )


def balls(chain: Chain, network: Network, reader: Ticket, events: Iterable[Event]) -> tuple[Ball, ...]:
    """Who has the ball since when, as far as the party of `reader` may know: whoever hides behind a party, it is with that one.

    `events` are all of the chain's, in order.
    """

    known_events = _known_moves(chain, network, reader, events)
    since = workflow.since(as_known(chain, network, reader), known_events, seen_as(chain, network, reader))
    known = ((chain.ticket(ticket), at) for ticket, at in since.items())
    return tuple(
        Ball(_party(network, ticket).name, ticket.id == reader.id, at)
        for ticket, at in known
        if "status" in shared(path(chain, network, reader, ticket))
    )


def deadlines(
    chain: Chain, network: Network, reader: Ticket, dues: Mapping[int, Iterable[Due]], now: datetime
) -> tuple[Deadline, ...]:
    """What is due, as far as the party of `reader` may know: its own deadlines, and those of whom it has passed the ticket on to.

    `dues` are as `deadlines.of` has them; what is met, or not asked for any more, is left out.
    """
    known = (chain.ticket(ticket) for ticket in dues if may_know_due(network, reader, chain.ticket(ticket)))
    return tuple(
        Deadline(
            party=_party(network, ticket).name,
            own=ticket.id == reader.id,
            kind=due.kind,
            at=due.at,
            over=due.overdue(now),
            left=due.left if due.stopped and due.left else None,
        )
        for ticket in known
        for due in dues[ticket.id]
        if due.open
    )


def may_know_due(network: Network, reader: Ticket, ticket: Ticket) -> bool:
    """Whether `reader`'s party may know when a ticket is due: both ends of its link may, the upper one if it shares statuses."""
    link = network.links.get(ticket.link or "")
    return reader.id == ticket.id or (reader.id == ticket.parent and link is not None and "status" in link.share)


def brand(chain: Chain, network: Network, reader: Ticket) -> Brand | None:
    """In whose name the letters to `reader` look: that of the one party it has passed the ticket to, if this has a brand.

    Of several it is nobody's. Who stands further down is never looked at, nor who passed the ticket to the reader.
    """
    below = {ticket.party for ticket in chain.tickets if ticket.parent == reader.id}
    return network.parties[key].brand if len(below) == 1 and (key := next(iter(below))) in network.parties else None


def spells(chain: Chain, network: Network, reader: Ticket, events: Iterable[Event]) -> tuple[Spell, ...]:
    """Who has had the ball from when to when, as far as the party of `reader` may know: like `balls`, but for all times."""
    found = workflow.spells(chain, _known_moves(chain, network, reader, events), seen_as(chain, network, reader))
    return tuple(spell for spell in found if "status" in shared(path(chain, network, reader, chain.ticket(spell.ticket))))


def as_known(chain: Chain, network: Network, reader: Ticket) -> Chain:
    """The chain as the party of `reader` knows it: a ticket whose status it may not know is as it was when it was passed on.

    So whose turn it is, and what may be done, does not tell what a link does not share.
    """
    return replace(
        chain,
        tickets=tuple(
            ticket if tells_status(chain, network, reader, ticket) else replace(ticket, status="new") for ticket in chain.tickets
        ),
    )


def _known_moves(chain: Chain, network: Network, reader: Ticket, events: Iterable[Event]) -> list[Event]:
    """The events but for statuses that the party of `reader` may not know."""
    return [
        event
        for event in events
        if event.kind != "status" or tells_status(chain, network, reader, chain.ticket(event.data["ticket"]))
    ]


def tells_status(chain: Chain, network: Network, reader: Ticket, ticket: Ticket) -> bool:
    """Whether the party of `reader` may know how that ticket stands."""
    return ticket.id == reader.id or "status" in shared(path(chain, network, reader, ticket))


def seen_as(chain: Chain, network: Network, reader: Ticket) -> Callable[[Ticket], int]:
    """For each ticket the id of the one whose party the party of `reader` takes for its own."""
    return lambda ticket: stand_in(reader, ticket, path(chain, network, reader, ticket)).id


def stays(chain: Chain, network: Network, reader: Ticket, event: Event) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files of another party that `reader`'s has got and its neighbours beyond a hidden link have not, and who these are.

    The files' author may not know of those, so this party is told, who can pass them on in another form.
    """
    files = tuple(address.scrub(file.name, network.domain) for file in event.attachments if file.stuck)
    if not files or event.internal or event.ticket == reader.id:
        return (), ()
    author = chain.ticket(event.ticket)
    ways = {other.id: path(chain, network, other, author) for other in chain.tickets}
    lacking = tuple(_party(network, chain.ticket(other)).name for other, hops in ways.items() if _ends_before(reader, hops))
    return (files, lacking) if lacking else ((), ())


def facts(chain: Chain, network: Network, reader: Ticket) -> tuple[Fact, ...]:
    """What the party of `reader` may know of the matter: of each name the value said last, in the order of first naming."""
    found: dict[str, Fact] = {}
    for fact, _ in _facts(chain, network, reader):
        found[fact.key] = fact
    return tuple(_legible(network, fact) for fact in found.values())


def said_by(chain: Chain, network: Network, reader: Ticket, key: str) -> tuple[Fact, Ticket] | None:
    """The fact of that key as the party of `reader` knows it, and the ticket whose party said it last."""
    found = next((pair for pair in reversed(_facts(chain, network, reader)) if pair[0].key == key), None)
    return (_legible(network, found[0]), found[1]) if found else None


def subject(chain: Chain, network: Network) -> str:
    """The subject, which every party sees, without any address of the relay that its writer put there."""
    return address.scrub(chain.subject, network.domain)


def party_name(chain: Chain, network: Network, reader: Ticket, ticket: Ticket) -> str:
    """The name under which `reader`'s party knows the party of `ticket`."""
    return _party(network, stand_in(reader, ticket, path(chain, network, reader, ticket))).name


def author_name(chain: Chain, network: Network, reader: Ticket, event: Event) -> tuple[str, str]:
    """Author and party of `event` as `reader`'s party knows them; the two are the same where only the party is shown."""
    ticket = chain.ticket(event.ticket)
    hops = path(chain, network, reader, ticket)
    party = _party(network, stand_in(reader, ticket, hops)).name
    person = all(hop.link.identity == "person" for hop in hops)
    return (event.author.name, party) if person and _is_name(network, event.author.name) else (party, party)


def _ends_before(reader: Ticket, hops: tuple[Hop, ...]) -> bool:
    """Whether somebody next to `reader` would have files that go this way, but for being hidden from their author."""
    if len(hops) < 2 or hops[0].far.id != reader.id or hops[0].link.identity != "hidden":
        return False
    return "attachments" in shared(hops) and not hidden(hops[1:])


def _facts(chain: Chain, network: Network, reader: Ticket) -> list[tuple[Fact, Ticket]]:
    """All that is visible, oldest first."""
    told = [
        (fact, ticket)
        for ticket in chain.tickets
        if ticket.facts and (ticket.id == reader.id or "fields" in shared(path(chain, network, reader, ticket)))
        for fact in ticket.facts
    ]
    return sorted(told, key=lambda pair: pair[0].at)


def _legible(network: Network, fact: Fact) -> Fact:
    return replace(fact, name=_clean(network, fact.name), value=_clean(network, fact.value))


def _own(chain: Chain, network: Network, reader: Ticket, event: Event) -> Entry | None:
    """Its own event as a party sees it; None for what has followed from it at tickets that it may not know of."""
    data = _data(chain, network, reader, event)
    if data is None:
        return None
    party = _party(network, reader).name
    return Entry(
        kind=event.kind,
        at=event.at,
        who=event.author.name or event.author.address or party,
        party=party,
        own=True,
        internal=event.internal,
        text=(text := _with_quotes(chain, network, reader, event)),
        html=event.data.get("html", "") if text == event.text else "",
        attachments=event.attachments,
        data=data,
    )


def _foreign(chain: Chain, network: Network, reader: Ticket, event: Event, hops: tuple[Hop, ...]) -> Entry | None:
    data = _data(chain, network, reader, event)
    if data is None or _to_itself(reader, chain, event, hops):
        return None
    who, party = author_name(chain, network, reader, event)
    open_to = shared(hops)
    text = address.scrub(_with_quotes(chain, network, reader, event), network.domain) if "comments" in open_to else ""
    files = _cleaned(network, event.attachments, hidden(hops)) if "attachments" in open_to else ()
    return Entry(
        kind=event.kind,
        at=event.at,
        who=who,
        party=party,
        own=False,
        text=text if files else _PICTURE.sub("", text),
        html=_structured(network, event, text, bool(files), hidden(hops)),
        attachments=files,
        data=data | _staying(chain, network, reader, event) if files else data,
    )


def _with_quotes(chain: Chain, network: Network, reader: Ticket, event: Event) -> str:
    """The event's text with the quoted lines that its passages answer, as far as these are the reader's to see."""
    lines, at = event.text.split("\n"), 0
    for each in event.data.get("answered", ()):
        place = next((found for found in range(at, len(lines)) if lines[found].strip() == each["answer"]), None)
        if place is None:
            continue
        at = place + 1  # equal answers, one after another, each answer their own
        if each["of"] is None or not _may_read_words_of(chain, network, reader, each["of"]):
            continue
        apart = [""] if place and lines[place - 1].strip() else []
        quote = [*apart, *(f"> {line}" for line in each["quote"].split("\n"))]
        lines[place:place] = quote
        at = place + len(quote) + 1
    return "\n".join(lines)


def _may_read_words_of(chain: Chain, network: Network, reader: Ticket, ticket_id: int) -> bool:
    return ticket_id == reader.id or "comments" in shared(path(chain, network, reader, chain.ticket(ticket_id)))


def _structured(network: Network, event: Event, text: str, with_files: bool, bare: bool) -> str:
    """A comment as HTML where its text crosses as it is; across a hidden link no address that the text does not say, either."""
    made = str(event.data.get("html", ""))
    if not made or text != event.text or address.scrub(made, network.domain) != made:
        return ""
    if bare:
        made = _LINK.sub(lambda link: link[0] if unescape(link[1]) in text else link[2], made)
    return made if with_files else _PICTURE.sub("", made)


def _staying(chain: Chain, network: Network, reader: Ticket, event: Event) -> dict[str, Any]:
    files, parties = stays(chain, network, reader, event)
    return {"stays": files, "stays_from": parties} if files else {}


def _data(chain: Chain, network: Network, reader: Ticket, event: Event) -> dict[str, Any] | None:
    """The event's own facts, with names instead of ticket ids; None where they are of a ticket beyond a hidden link.

    A field is a fact of the matter, not of the one who knew it: it crosses a hidden link as the rest of his words does.
    """
    facts = {key: _clean(network, value) for key, value in event.data.items() if key in FACTS.get(event.kind, ())}
    if event.kind == "field" and "before" in facts and not _may_read_facts_of(chain, network, reader, event.data["of"]):
        del facts["before"]
    if event.kind in ("comment", "automatic", "field", "mute"):
        return facts
    target = chain.ticket(event.data.get("ticket", event.ticket))
    hops = path(chain, network, reader, target)
    seen_as = stand_in(reader, target, hops)
    if event.kind == "undelivered":
        return {"to": _party(network, seen_as).name, "mine": False, **facts}
    told = target.id == reader.id or "status" in shared(hops) or (event.ticket == reader.id and target.parent == reader.id)
    if seen_as.id != target.id or (event.kind == "status" and not told):
        return None
    return {"to": _party(network, target).name, "mine": target.id == reader.id, **facts}


def _may_read_facts_of(chain: Chain, network: Network, reader: Ticket, ticket_id: int) -> bool:
    return ticket_id == reader.id or "fields" in shared(path(chain, network, reader, chain.ticket(ticket_id)))


def _clean(network: Network, value: Any) -> Any:
    return address.scrub(value, network.domain) if isinstance(value, str) else value


def _is_name(network: Network, name: str) -> bool:
    """Whether a display name is one, and not an address, which it would carry across."""
    return bool(name) and "@" not in name and address.scrub(name, network.domain) == name


def _to_itself(reader: Ticket, chain: Chain, event: Event, hops: tuple[Hop, ...]) -> bool:
    """Whether, in the reader's eyes, a party would pass the ticket on to itself: it stands before who really did."""
    author = stand_in(reader, chain.ticket(event.ticket), hops)
    return event.kind == "passed" and bool(event.data["ticket"] == author.id)


def _concerns(chain: Chain, event: Event, reader: Ticket) -> bool:
    """Whether the event is between its author and the reader alone, whatever else their link shares.

    The passing on that brought the reader in; a rating of his work; time spent, by the party below him; that his letters to a
    neighbour wait.
    """
    if event.kind == "paused":
        return event.ticket == reader.parent or chain.ticket(event.ticket).parent == reader.id
    if event.kind in ("passed", "rating"):
        return bool(event.data["ticket"] == reader.id)
    return event.kind == "time" and chain.ticket(event.ticket).parent == reader.id


def _cleaned(network: Network, files: tuple[Attachment, ...], bare: bool) -> tuple[Attachment, ...]:
    """The files under names without addresses; across a hidden link without what they say of their maker, or not at all."""
    crossing = (file for file in files if not (bare and file.stuck))
    return tuple(replace(file, name=address.scrub(file.name, network.domain), bare=bare) for file in crossing)


def _seat(chain: Chain, network: Network, reader: Ticket, ticket: Ticket, turn: bool) -> Seat:
    open_to = shared(path(chain, network, reader, ticket))
    own = ticket.id == reader.id
    return Seat(
        party=_party(network, ticket).name,
        status=ticket.status if own or "status" in open_to else None,
        reference=ticket.reference if own or "reference" in open_to else "",
        own=own,
        depth=_visible_depth(chain, network, reader, ticket),
        ball=turn and "status" in open_to,
    )


def _visible_depth(chain: Chain, network: Network, reader: Ticket, ticket: Ticket) -> int:
    """How deep the ticket lies among those that the reader knows of: hidden levels must not show as a gap."""
    above = line(chain, ticket)[1:]
    return sum(stand_in(reader, high, path(chain, network, reader, high)).id == high.id for high in above)


def _in_order(chain: Chain) -> list[Ticket]:
    """The tree from its root, each ticket before those below it."""

    def below(parent: int | None) -> list[Ticket]:
        return [found for ticket in chain.tickets if ticket.parent == parent for found in (ticket, *below(ticket.id))]

    return below(None)


def _party(network: Network, ticket: Ticket) -> Party:
    return network.parties.get(ticket.party) or Party(ticket.party, ticket.party)
