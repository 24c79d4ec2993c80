"""The receipt: one mail to an author about what became of his. Pure.

| he gets one | when |
| --- | --- |
| always | something was not understood or not done, or a fact is asked for |
| if his party asks for what is needed (the default) | a command was carried out, something was cut, a status is offered |
| if it asks for all | for every mail |

The acknowledgement of a new ticket says the same things, so there is no receipt beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from relay import deeds, facts, signs, visibility, workflow
from relay.decision import Case, Order, Problem
from relay.model import Command, Event
from relay.people import party_of

LINES, LENGTH = 6, 500  # of a text of which the beginning is enough


@dataclass(frozen=True, slots=True)
class Taken:
    """What a mail has come to: the case with the chain as it is now, what happened, what did not, and the letters to others."""

    case: Case
    events: tuple[Event, ...]
    problems: tuple[Problem, ...]
    carried: tuple[Command, ...]
    letters: tuple[Order, ...]


def due(taken: Taken, data: Mapping[str, Any]) -> bool:
    """Whether the author gets a receipt with these data; nobody does who was let in by hand."""
    party = party_of(taken.case.network, taken.case.ticket.party)
    wanted = "none" if party.desk else party.receipts
    if taken.case.turn.released:
        return False
    if data["problems"] or data["asks"]:
        return True
    needed = bool(taken.carried or data["cut"] or data["offers"])
    return bool(taken.events) and (wanted == "all" or (wanted == "needed" and needed))


def data(taken: Taken) -> dict[str, Any]:
    """What the letter says, as plain JSON.

    {"problems": [{"line", "reason", …}], "offers": [{"word", "argument"}], "cut": str, "full": whether
    it may be sent on, "told": [party or, for an internal mail, person], "asks": [{"party", "names": [str]}], "internal": bool}
    """
    case = taken.case
    return {
        "problems": [problem.as_data() for problem in taken.problems],
        "offers": _offers(taken),
        "cut": beginning(case.turn.unknown_cut),
        "full": not (case.internal or case.turn.released or deeds.keeps_back(case)),
        "told": _told(taken),
        "asks": _asks(taken),
        "internal": case.internal,
    }


def beginning(text: str) -> str:
    """The first lines of a text, with … where it goes on."""
    lines = [line for line in text.splitlines() if line.strip()]
    short = "\n".join(lines[:LINES])[:LENGTH]
    return short + " …" if short != "\n".join(lines) else short


def _told(taken: Taken) -> list[str]:
    """Who got letters, as the author may know them: parties, or colleagues by name."""
    case = taken.case
    if case.internal:
        return list(dict.fromkeys(order.to.name or order.to.address for order in taken.letters))
    readers = dict.fromkeys(order.ticket for order in taken.letters if order.ticket is not None)
    tickets = (case.chain.ticket(reader) for reader in readers)
    return list(dict.fromkeys(visibility.party_name(case.chain, case.network, case.ticket, ticket) for ticket in tickets))


def _asks(taken: Taken) -> list[dict[str, Any]]:
    """What the links want to know over which this mail has passed the ticket on."""
    new = {event.data["ticket"] for event in taken.events if event.kind == "passed"}
    return [
        {"party": party_of(taken.case.network, wanted.ticket.party).name, "names": list(wanted.names)}
        for wanted in facts.wanted(taken.case)
        if wanted.ticket.id in new
    ]


def _offers(taken: Taken) -> list[dict[str, str]]:
    """The status that the text looks like, where the author could set it now and has not said anything of the kind."""
    case, mail = taken.case, taken.case.turn.mail
    silent = not case.internal and not case.turn.opening and not case.turn.said_before
    if not (silent and party_of(case.network, case.ticket.party).suggest) or _has_moves(mail.commands):
        return []
    for word in signs.found(mail.text):
        if found := [one for one in workflow.candidates(case.chain, case.ticket, word) if workflow.legal(one, word)]:
            return [{"word": word, "argument": ticket.link or "" if len(found) > 1 else ""} for ticket in found]
    return []


def _has_moves(commands: Iterable[Command]) -> bool:
    return any(command.word in workflow.MOVES for command in commands)
