"""Who did how much over a period, for each party and link: from chains and their events to rows, as far as the reader may know.

A row is about the tickets that a party got over one link, or, without a link, about those that it opened; or about one of them.
What counts, when:

| figure | counts |
| --- | --- |
| received, taken, declined, resolved, reopened | tickets to which that happened in the period |
| response | from receiving a ticket to the party's first public word or status, where that came in the period |
| resolve | from receiving it to its resolution in the period, but for the time that it waited or was resolved already |
| held | for how long, within the period, the party had the ball |
| deadlines | those that were kept, or ran out, in the period (see `deadlines`) |

Times are in the party's working hours. A party sees its own rows and those of its neighbours downstream, the administrator all.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from relay.figures import NOTHING, Figures, Kept, Matter, Period, View, deadlines_in, figures, view
from relay.model import Network
from relay.people import party_of

Heading = tuple[str, str, str, str]  # number, party, upstream party, link


@dataclass(frozen=True, slots=True)
class Times:
    """The median of some times, and the one within which nine of ten were."""

    median: timedelta
    ninety: timedelta


@dataclass(frozen=True, slots=True)
class Row:
    """What a party did with the tickets of one link. `party` is its key, `name` and `upstream` are names.

    `number` is that of the one ticket that the row is about, "" for all of them. `link` is "" for tickets that it opened itself
    (then `upstream` is, too), and where the reader is not the one who passes tickets over it. `held` is None where the link
    shares no statuses, so that it is not the reader's to know.
    """

    number: str
    party: str
    name: str
    upstream: str
    link: str
    received: int
    taken: int
    declined: int
    resolved: int
    reopened: int
    response: Times | None
    resolve: Times | None
    held: timedelta | None
    spent: timedelta
    ratings: int
    stars: float | None
    respond_within: Kept
    resolve_within: Kept

    @property
    def idle(self) -> bool:
        """Whether there is nothing to tell."""
        counts = (self.received, self.taken, self.declined, self.resolved, self.reopened, self.ratings)
        return not (any(counts) or self.held or self.spent or self.respond_within.due or self.resolve_within.due)


def rows(
    matters: Iterable[Matter], network: Network, period: Period, *, reader: str | None = None, each: bool = False
) -> tuple[Row, ...]:
    """The rows that the party `reader` may see (its key; None is the administrator), its own first; idle ones are left out.

    With `each` there is a row for each ticket, by numbers.
    """
    found: dict[Heading, list[Figures]] = defaultdict(list)
    for matter in matters:
        kept = deadlines_in(matter, network, period)
        for ticket in matter.chain.tickets:
            if seen := view(matter, network, ticket, reader):
                number = matter.chain.number if each else ""
                found[(number, *_heading(seen, reader))].append(figures(seen, network, period, kept.get(ticket.id, {})))
    made = [_row(heading, network, added) for heading, added in found.items()]
    return tuple(sorted((row for row in made if not row.idle), key=lambda row: _place(row, reader)))


def _heading(of: View, reader: str | None) -> tuple[str, str, str]:
    """Party, upstream party and link; the name of the link is its upstream party's own affair."""
    upstream, link = of.upstream or "", of.ticket.link or ""
    return of.ticket.party, upstream, link if reader in (None, upstream) else ""


# ── the row ────────────────────────────────────────────────────────────────────────────────────────────────


def _place(row: Row, reader: str | None) -> tuple[int, str, bool, str, str, str]:
    """Numbers in the order of their counting, A-9 before A-10."""
    return (len(row.number), row.number, row.party != reader, row.name, row.upstream, row.link)


def _row(heading: Heading, network: Network, added: Sequence[Figures]) -> Row:
    number, party, upstream, link = heading
    stars = [one for each in added for one in each.stars]
    held = [each.held for each in added if each.held is not None]
    return Row(
        number=number,
        party=party,
        name=party_of(network, party).name,
        upstream=party_of(network, upstream).name if upstream else "",
        link=link,
        received=sum(each.received for each in added),
        taken=sum(each.taken for each in added),
        declined=sum(each.declined for each in added),
        resolved=sum(each.resolved for each in added),
        reopened=sum(each.reopened for each in added),
        response=times(each.response for each in added),
        resolve=times(each.resolve for each in added),
        held=sum(held, NOTHING) if held else None,
        spent=sum((each.spent for each in added), NOTHING),
        ratings=len(stars),
        stars=round(statistics.fmean(stars), 2) if stars else None,
        respond_within=_kept(each.kept.get("respond", Kept()) for each in added),
        resolve_within=_kept(each.kept.get("resolve", Kept()) for each in added),
    )


def _kept(found: Iterable[Kept]) -> Kept:
    all_ = tuple(found)
    return Kept(sum(each.kept for each in all_), sum(each.due for each in all_))


def times(found: Iterable[timedelta | None]) -> Times | None:
    """Median and 90th percentile (between the two nearest, as spreadsheets' PERCENTILE.INC), to the second; None of nothing."""
    seconds = [each.total_seconds() for each in found if each is not None]
    if not seconds:
        return None
    ninety = statistics.quantiles(seconds, n=10, method="inclusive")[8] if len(seconds) > 1 else seconds[0]
    return Times(timedelta(seconds=round(statistics.median(seconds))), timedelta(seconds=round(ninety)))
