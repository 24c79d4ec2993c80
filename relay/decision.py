"""What goes into `rules.decide` and what comes out of it: a mail's turn at a ticket, and the decision about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from relay.model import Chain, Contact, Event, EventKind, LetterKind, Mail, Network, Ticket


@dataclass(frozen=True, slots=True)
class Order:
    """A letter to be written: to whom at which ticket, about which event (its id; negative while it is not stored)."""

    kind: LetterKind
    to: Contact
    ticket: int | None = None
    event: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a mail that was not done: the line, a reason code that the receipt's template knows, and its facts."""

    line: str
    reason: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def as_data(self) -> dict[str, str]:
        """Plain JSON for the letter's row."""
        return {"line": self.line, "reason": self.reason, **self.facts}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a mail does: new tickets, events and participants, and the letters about them. New ids are negative."""

    tickets: tuple[Ticket, ...] = ()
    events: tuple[Event, ...] = ()
    participants: tuple[tuple[int, Contact], ...] = ()
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One mail at one ticket: what `decide` is asked about.

    `cut` is what was cut from the author's last mail here, `unknown_cut` what was cut from this one and stands nowhere in the
    chain. `links` are the keys of links whose address the mail also went
    to; `note` says that it went to the note address; `said_before` that its comment is in the chain already (the mail came
    on another way); `opening` that it opened the chain; `nearest` has for each line of `mail.unknown` the command that it
    comes nearest to; `problems` were found before; `answered` are as in `Event.data`.
    """

    ticket: int
    mail: Mail
    mail_id: str
    cut: str = ""
    unknown_cut: str = ""
    links: tuple[str, ...] = ()
    note: bool = False
    said_before: bool = False
    opening: bool = False
    released: bool = False
    nearest: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    answered: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What the steps of `decide` look at; `chain` grows as the mail's commands are carried out one after another."""

    chain: Chain
    network: Network
    turn: Turn
    internal: bool
    now: datetime

    @property
    def ticket(self) -> Ticket:
        """The ticket that the mail came to."""
        return self.chain.ticket(self.turn.ticket)

    def event(self, kind: EventKind, text: str = "", **data: Any) -> Event:
        """An event of this mail, not numbered yet."""
        mail = self.turn.mail
        return Event(
            id=0,
            kind=kind,
            ticket=self.turn.ticket,
            author=mail.author,
            at=self.now,
            internal=self.internal,
            text=text,
            data=data,
            mail_id=self.turn.mail_id,
            message_id=mail.message_id,
        )
