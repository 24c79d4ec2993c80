"""Who is to be reminded of a deadline now, and who later. Pure.

| stage (see `deadlines`) | who is told |
| --- | --- |
| before, at | the ticket's party |
| after | the party upstream, if the link shares statuses |

Each at hours when he may be written to (`hours.awake`), of each clock the latest stage only of those that came meanwhile, and of
none that is long past: a limit that is new, or a server that was away, floods nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from relay import hours, visibility
from relay.deadlines import Due, Stage
from relay.model import Chain, Clock, Network, Ticket
from relay.people import party_of

Told = Mapping[tuple[int, Clock, Stage], datetime]  # when a stage of a ticket's clock was last told
STALE = timedelta(days=14)  # what came longer ago is told to nobody


@dataclass(frozen=True, slots=True)
class Reminder:
    """What the party of the ticket `reader` is to be told of a clock: its own, or that of a ticket below."""

    reader: int
    due: Due
    stage: Stage


@dataclass(frozen=True, slots=True)
class Round:
    """Reminders that are due now, and when to look again; None for when something has happened."""

    reminders: tuple[Reminder, ...]
    again: datetime | None


def look(chain: Chain, network: Network, dues: Mapping[int, tuple[Due, ...]], told: Told, now: datetime) -> Round:
    """Who is to be told what, after what has been `told`."""
    found: list[Reminder] = []
    later: list[datetime] = []
    for reader, due, stages in _shares(chain, network, dues):
        later += [at for _, at in stages if at > now]
        stage = _latest(due, stages, told, now)
        if stage is None:
            continue
        opens = hours.opening(hours.awake(party_of(network, reader.party)), now)
        if opens > now:
            later.append(opens)
        else:
            found.append(Reminder(reader.id, due, stage))
    return Round(tuple(found), min(later, default=None))


def _shares(
    chain: Chain, network: Network, dues: Mapping[int, tuple[Due, ...]]
) -> Iterator[tuple[Ticket, Due, Sequence[tuple[Stage, datetime]]]]:
    """Of each clock, who is told of which stages."""
    for ticket, due in ((chain.ticket(key), due) for key, of_ticket in dues.items() for due in of_ticket):
        yield ticket, due, [stage for stage in due.stages if stage[0] != "after"]
        above = chain.ticket(ticket.parent) if ticket.parent is not None else None
        if above and visibility.may_know_due(network, above, ticket):
            yield above, due, [stage for stage in due.stages if stage[0] == "after"]


def _latest(due: Due, stages: Iterable[tuple[Stage, datetime]], told: Told, now: datetime) -> Stage | None:
    """The latest stage that has come, unless that was told when it had come, or came long ago.

    A deadline that was moved, by `#wait` or in the configuration, so that the moment is still to come, is told again.
    """
    come = [(stage, at) for stage, at in stages if at <= now]
    if not come:
        return None
    stage, at = come[-1]
    last = told.get((due.ticket, due.kind, stage))
    return None if now - at > STALE or (last is not None and last >= at) else stage
