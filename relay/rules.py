"""What one mail does to a chain: `decide` is the first function to read.

Pure: a chain, an author and what was read out of his mail go in; events, new tickets and orders for letters come out.
What a letter will say is not decided here: it is built from the events when it is sent, through `visibility`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from relay import address, visibility
from relay.model import Action, Chain, Command, Contact, Event, LetterKind, Link, Mail, Network, Party, Status, Ticket

DEEPEST = 32  # levels of one chain
ENDED: frozenset[Status] = frozenset({"closed", "declined", "cancelled"})
NOT_YET = {"accept", "decline", "start", "wait", "resolved", "close", "reopen", "cancel"}
NOT_YET |= {"ref", "rate", "time", "field", "history", "status", "full", "help"}
_TAG = re.compile(r"(?i)^\s*(?:(?:re|fwd?|aw|wg|sv|vs|отв|ответ|пересл)\s*(?:\[\d+\])?\s*:\s*)+")


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
    """Something in a mail that was not done: the line, a reason code that the notice's template knows, and its facts."""

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

    `links` are the keys of links whose address the mail also went to; `note` says that it went to the note address;
    `said_before` that its comment is in the chain already (the mail came on another way); `opening` that it opened the
    chain; `problems` were found before.
    """

    ticket: int
    mail: Mail
    mail_id: str
    links: tuple[str, ...] = ()
    note: bool = False
    said_before: bool = False
    opening: bool = False
    released: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """What the steps of `decide` look at."""

    chain: Chain
    network: Network
    turn: Turn
    ticket: Ticket
    internal: bool


def decide(chain: Chain, network: Network, turn: Turn, now: datetime) -> Decision:
    """What the mail of `turn` does to `chain`. Never raises for what a mail says: that becomes a problem in a notice."""
    if turn.mail.kind != "reply":
        return Decision(events=(_automatic(turn, now),))
    ticket = chain.ticket(turn.ticket)
    case = _Case(chain, network, turn, ticket, is_internal(turn))
    passes, problems = _passes(case)
    tickets = tuple(Ticket(-1 - i, link.downstream, ticket.id, link.key) for i, (link, _) in enumerate(passes))
    events = _numbered((*_comment(case, now), *_passed(turn, tickets, passes, now)))
    if not (events or problems or turn.said_before):
        problems.append(Problem("", "nothing-new"))
    grown = replace(chain, tickets=(*chain.tickets, *tickets))
    return Decision(
        tickets=tickets,
        events=events,
        participants=_joining(network, ticket, turn),
        orders=(
            *_pass_letters(network, tickets, events),
            *_comment_letters(grown, network, ticket, turn, events),
            *_acknowledgement(ticket, turn, events),
            *_notice(ticket, turn, events, problems),
        ),
    )


def belongs(network: Network, party_key: str, who: str, participants: Iterable[Contact] = ()) -> bool:
    """Whether an address is of that party: a contact, its desk, someone of its domains, or a participant of the ticket."""
    party = network.parties.get(party_key)
    known = [*participants, *party.contacts] if party else [*participants]
    if party and party.desk:
        known.append(Contact(party.desk.address))
    return any(address.same(contact.address, who) for contact in known) or bool(party and address.split(who)[1] in party.domains)


def introduced(network: Network, party_key: str, author: Contact) -> Contact:
    """The author by the name that he gave in his mail, or else by the one that the configuration has for him."""
    party = network.parties.get(party_key)
    known = (contact for contact in (party.contacts if party else ()) if address.same(contact.address, author.address))
    return author if author.name else next(known, author)


def recipients(network: Network, ticket: Ticket) -> tuple[Contact, ...]:
    """Who gets the letters of a ticket: the party's desk, or else its contacts and the ticket's participants."""
    party = network.parties.get(ticket.party)
    if party and party.desk:
        return (Contact(party.desk.address, party.name),)
    everyone = [*(party.contacts if party else ()), *ticket.participants]
    return tuple({address.split(contact.address): contact for contact in reversed(everyone)}.values())[::-1]


def is_internal(turn: Turn) -> bool:
    """Whether the whole mail stays with its party. A line that looks like a misspelt #internal counts: the safe way."""
    return turn.note or any(command.word == "internal" for command in turn.mail.commands) or bool(_suspected(turn.mail))


def clean_subject(subject: str, prefix: str) -> str:
    """A subject without Re:, Fwd: and the relay's own tags, as it is kept for the life of the chain."""
    own_tag = re.compile(rf"\s*\[{re.escape(prefix)}-\d+\]\s*", re.IGNORECASE)
    before = ""
    while before != subject:
        before = subject
        subject = _TAG.sub("", own_tag.sub(" ", subject)).strip()
    return subject


def undelivered(chain: Chain, network: Network, about: Event, facts: Mapping[str, Any], now: datetime) -> Decision:
    """What a letter that failed for good does: the author of what it carried is told.

    `facts` are {"ticket": the ticket that it did not reach, "reason": a code that the template knows, "event": about.id,
    "others": whether some of that party got it}: never the words of the refusing server, which may name what is hidden.
    """
    event = Event(-1, "undelivered", about.ticket, Contact(""), now, internal=True, data=facts)
    waiting = chain.ticket(about.ticket)
    known = belongs(network, waiting.party, about.author.address, waiting.participants)
    tell = (about.author,) if known else recipients(network, waiting)
    return Decision(events=(event,), orders=tuple(Order("undelivered", who, waiting.id, -1) for who in tell))


def _suspected(mail: Mail) -> list[str]:
    """Lines that may be meant as #internal: nearest of all commands to it."""
    return [line for line in mail.unknown if get_close_matches(_word(line), ("internal", "внутреннее"), 1, 0.7)]


def _word(line: str) -> str:
    return line.lstrip("#＃ \u00a0").split(maxsplit=1)[0].lower() if line.strip("#＃ \u00a0") else ""


def _automatic(turn: Turn, now: datetime) -> Event:
    """An auto-reply is noted for its own party and answered by nobody."""
    mail = turn.mail
    return Event(
        -1, "automatic", turn.ticket, mail.author, now, True, mail.text, mail_id=turn.mail_id, message_id=mail.message_id
    )


def _comment(case: _Case, now: datetime) -> tuple[Event, ...]:
    turn, mail = case.turn, case.turn.mail
    if turn.said_before or not (mail.text or mail.attachments):
        return ()
    said = Event(0, "comment", turn.ticket, mail.author, now, case.internal, mail.text, mail.attachments)
    return (replace(said, mail_id=turn.mail_id, message_id=mail.message_id),)


def _passed(turn: Turn, tickets: tuple[Ticket, ...], passes: list[tuple[Link, str]], now: datetime) -> list[Event]:
    mail = turn.mail
    return [
        Event(
            id=0,
            kind="passed",
            ticket=turn.ticket,
            author=mail.author,
            at=now,
            text=text,
            data={"link": link.key, "ticket": ticket.id},
            mail_id=turn.mail_id,
            message_id=mail.message_id,
        )
        for ticket, (link, text) in zip(tickets, passes, strict=True)
    ]


def _numbered(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(replace(event, id=-1 - i) for i, event in enumerate(events))


def _joining(network: Network, ticket: Ticket, turn: Turn) -> tuple[tuple[int, Contact], ...]:
    """A colleague who writes for the first time gets the ticket's letters from then on; a released stranger does not."""
    author = turn.mail.author
    known = any(address.same(author.address, contact.address) for contact in recipients(network, ticket))
    return () if known or turn.released else ((ticket.id, author),)


# ── passing on ─────────────────────────────────────────────────────────────────────────────────────────────


def _passes(case: _Case) -> tuple[list[tuple[Link, str]], list[Problem]]:
    """The links to pass over, each with its text, and what of the mail cannot be done."""
    wanted = {key: "" for key in case.turn.links if not _passed_before(case, key)}
    problems = [*case.turn.problems]
    if not case.turn.said_before:
        asked, misunderstood = _asked(case)
        wanted |= asked
        problems += misunderstood
    passes = []
    for key, text in wanted.items():
        if problem := _forbidden(case, case.network.links[key]):
            problems.append(problem)
        else:
            passes.append((case.network.links[key], text))
    return passes, problems


def _asked(case: _Case) -> tuple[dict[str, str], list[Problem]]:
    """What the mail's commands ask for: link keys with their texts, and lines that could not be understood."""
    suspected = _suspected(case.turn.mail)
    wanted: dict[str, str] = {}
    problems = [
        Problem(line, "internal-suspected" if line in suspected else "unknown-command") for line in case.turn.mail.unknown
    ]
    for command in case.turn.mail.commands:
        if command.word in NOT_YET:
            problems.append(Problem(command.line, "not-yet"))
        elif command.word == "pass":
            key, text = _pass_argument(command)
            if key in (own := _own_links(case)):
                wanted[key] = text
            else:
                problems.append(_unknown_link(command, key, own))
    return wanted, problems


def _pass_argument(command: Command) -> tuple[str, str]:
    """Link key and text of `#pass LINK [text]`; the link's whole address is taken too."""
    word, *text = command.argument.split(maxsplit=1) or [""]
    return word.strip("<>.,;:").partition("@")[0].lower(), "".join(text).strip()


def _own_links(case: _Case) -> list[str]:
    """Links of other parties are as unknown as ones that are not there: their names are nobody's business."""
    return [link.key for link in case.network.links.values() if link.upstream == case.ticket.party]


def _unknown_link(command: Command, key: str, own: list[str]) -> Problem:
    nearest = get_close_matches(key, own, 1, 0.5)
    return Problem(command.line, "unknown-link", {"link": key, "nearest": nearest[0] if nearest else "", "links": ", ".join(own)})


def _passed_before(case: _Case, key: str) -> bool:
    return any(below.parent == case.ticket.id and below.link == key for below in case.chain.tickets)


def _forbidden(case: _Case, link: Link) -> Problem | None:
    """Why the chain cannot be passed over that link, or None."""
    above = _above(case.chain, case.ticket)
    reasons = {
        "already-passed": _passed_before(case, link.key),
        "pass-internal": case.internal,
        "loop": link.downstream in {high.party for high in above},
        "too-deep": len(above) >= DEEPEST,
    }
    facts = {"link": link.key, "party": case.network.parties[link.downstream].name}
    return next((Problem(f"#pass {link.key}", reason, facts) for reason, true in reasons.items() if true), None)


def _above(chain: Chain, ticket: Ticket) -> list[Ticket]:
    above = [ticket]
    while above[-1].parent is not None:
        above.append(chain.ticket(above[-1].parent))
    return above


# ── letters ────────────────────────────────────────────────────────────────────────────────────────────────


def _pass_letters(network: Network, tickets: tuple[Ticket, ...], events: tuple[Event, ...]) -> list[Order]:
    by_ticket = {event.data["ticket"]: event.id for event in events if event.kind == "passed"}
    return [Order("pass", who, ticket.id, by_ticket[ticket.id]) for ticket in tickets for who in recipients(network, ticket)]


def _comment_letters(grown: Chain, network: Network, ticket: Ticket, turn: Turn, events: tuple[Event, ...]) -> list[Order]:
    """One letter to each contact of each other party that may see any of it; a note, to the author's own colleagues."""
    if turn.said_before:
        return []  # its letters are out already: a mail that comes on two ways makes one set
    orders: list[Order] = []
    brought_in = {event.data["ticket"] for event in events if event.kind == "passed"}
    for reader in grown.tickets:
        visible = [event for event in events if visibility.entry(grown, network, reader, event)]
        if not visible or reader.id in brought_in or (reader.id == ticket.id and not visible[0].internal):
            continue
        orders += [
            Order("note" if reader.id == ticket.id else "comment", who, reader.id, visible[0].id)
            for who in recipients(network, reader)
            if not address.same(who.address, turn.mail.author.address)
        ]
    return orders


def _acknowledgement(ticket: Ticket, turn: Turn, events: tuple[Event, ...]) -> list[Order]:
    about = next((event.id for event in events if event.kind == "passed"), None)
    return [Order("opened", turn.mail.author, ticket.id, about)] if turn.opening else []


def _notice(ticket: Ticket, turn: Turn, events: tuple[Event, ...], problems: list[Problem]) -> list[Order]:
    """What was not understood or not done, once, to the author; never to someone who was let in by hand."""
    if not problems or turn.released:
        return []
    data = {"problems": [problem.as_data() for problem in problems]}
    return [Order("notice", turn.mail.author, ticket.id, events[0].id if events else None, data)]


def actions(chain: Chain, network: Network, ticket: Ticket) -> tuple[Action, ...]:
    """What the party of `ticket` can do now, for the links and words that a letter offers."""
    used = {below.link for below in chain.tickets if below.parent == ticket.id}
    above = {high.party for high in _above(chain, ticket)}
    return tuple(
        Action("pass", link.key)
        for link in network.links.values()
        if link.upstream == ticket.party and link.key not in used and link.downstream not in above
    )


def holders(chain: Chain) -> tuple[Ticket, ...]:
    """The tickets that have the ball: open ones with no open one below them."""
    handed_on = {ticket.parent for ticket in chain.tickets if ticket.status not in ENDED}
    return tuple(ticket for ticket in chain.tickets if ticket.status not in ENDED and ticket.id not in handed_on)


def party_of(network: Network, key: str) -> Party:
    """The party of that key; one that was taken out of the configuration has only its key."""
    return network.parties.get(key) or Party(key, key)
