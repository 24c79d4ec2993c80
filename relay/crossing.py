"""What of a mail does not reach everyone whom its author knows of, so that he is told. Pure.

Nothing is said of parties that he may not know of: what goes on beyond a hidden link is nobody's business on this side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from relay import visibility, ways
from relay.decision import Problem
from relay.model import Attachment, Chain, Event, Network, Ticket
from relay.people import party_of


def problems(chain: Chain, network: Network, ticket: Ticket, events: Iterable[Event]) -> list[Problem]:
    """For the author at `ticket` of `events`: a comment or a remark that nobody may see, files that stay with him."""
    events = tuple(events)
    said = [event for event in events if event.kind == "comment" and not event.internal]
    remarks = [event for event in events if event.kind == "status" and event.ticket == ticket.id and event.text]
    others = [other for other in chain.tickets if other.id != ticket.id]
    if others and _is_seen_by_none(chain, network, others, said):
        return [Problem("", "not-shared")]
    unseen = [Problem(remarks[0].text, "remark-not-shared")] if _is_seen_by_none(chain, network, others, remarks) else []
    return unseen + _of_files(chain, network, ticket, [file for event in said for file in event.attachments])


def _is_seen_by_none(chain: Chain, network: Network, others: Iterable[Ticket], events: Sequence[Event]) -> bool:
    """Whether there are events, and nobody else may see one of them."""
    return bool(events) and not any(visibility.entry(chain, network, other, event) for other in others for event in events)


def _of_files(chain: Chain, network: Network, ticket: Ticket, files: Iterable[Attachment]) -> list[Problem]:
    """One problem for each reason and party that it is about, naming the files."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files:
        for reason in dict.fromkeys(_obstacles(chain, network, ticket, file)):
            found[reason].append(file.name)
    return [
        Problem("", reason, {"file": ", ".join(names), "party": party_of(network, party).name})
        for (reason, party), names in found.items()
    ]


def _obstacles(chain: Chain, network: Network, ticket: Ticket, file: Attachment) -> Iterator[tuple[str, str]]:
    """(reason, party) for each link on the way to somebody known that the file does not cross."""
    for other in chain.tickets:
        hops = ways.path(chain, network, ticket, other)
        if ways.stand_in(ticket, other, hops).id != other.id:
            continue
        for hop in hops:
            if "attachments" not in hop.link.share:
                yield "file-stays" if hop.near.id == ticket.id else "file-stops", hop.far.party
                break
            if hop.link.identity == "hidden" and file.stuck:
                yield "file-names", hop.far.party
                break
