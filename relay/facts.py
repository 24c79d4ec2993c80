"""Facts of the matter that a link wants: which are missing, and those that people write into their mails. Pure.

A line `NAME: VALUE` tells a fact where NAME is one that a link below the writer wants and does not have yet: in the opening mail,
and in any later one of the same party, so that whoever is asked may simply answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from relay import arguments, visibility, workflow
from relay.decision import Case
from relay.model import Event, Fact, Ticket

_LINE = re.compile(r"[\s>*_•·-]{0,6}([^:：\n]{1,100}?)[*_\s]{0,3}[:：][*_]{0,2}\s*(\S.*)$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the downstream party of one link needs to know and does not: the ticket there, and the names as configured."""

    ticket: Ticket
    names: tuple[str, ...]


def wanted(case: Case) -> list[Wanted]:
    """For each ticket passed on from the case's own and not over yet, the facts that its link wants and that it does not see."""
    below = (ticket for ticket in workflow.below(case.chain, case.ticket) if ticket.status not in workflow.ENDED)
    missing = (Wanted(ticket, tuple(_missing(case, ticket))) for ticket in below)
    return [one for one in missing if one.names]


def told(case: Case) -> tuple[Event, ...]:
    """The events for those lines of the mail that tell what is wanted; of a name the first line counts."""
    if case.internal:
        return ()
    names = {Fact.key_of(name): name for one in wanted(case) for name in one.names}
    found = {key: value for key, value in reversed(list(_lines(case.turn.mail.text))) if key in names}
    return tuple(case.event("field", name=name, value=found[key]) for key, name in names.items() if key in found)


def _missing(case: Case, ticket: Ticket) -> Iterator[str]:
    link = case.network.links.get(ticket.link or "")
    if link is None or "fields" not in link.share:
        return
    seen = {fact.key for fact in visibility.facts(case.chain, case.network, ticket)}
    yield from (name for name in link.fields if Fact.key_of(name) not in seen)


def _lines(text: str) -> Iterable[tuple[str, str]]:
    """Key and value of each line that has the form."""
    for line in text.splitlines():
        if (match := _LINE.match(line[: 2 * arguments.LONGEST])) and len(match[2]) <= arguments.LONGEST:
            yield Fact.key_of(match[1]), match[2].strip(" *_")
