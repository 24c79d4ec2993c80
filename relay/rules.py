"""What one mail does to a chain: `decide` is the first function to read.

Pure: a chain, an author and what was read out of his mail go in; events, new tickets and orders for letters come out.
What a letter will say is not decided here: it is built from the events when it is sent, through `visibility`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from relay import address, crossing, deeds, facts, keywords, receipt, visibility, workflow
from relay.decision import Case, Decision, Order, Problem, Turn
from relay.model import Action, Attachment, Chain, Command, Contact, Event, LetterKind, Mail, Network, Ticket
from relay.people import belongs, known, recipients
from relay.receipt import Taken
from relay.workflow import MOVES

# The order in which status words may follow one another in one mail; any other two contradict each other.
PROGRESS = ("accept", "start", "wait", "resolved")
MOST_CUT = 20_000  # characters of what was cut that are kept beside a comment; the raw mail has all of it
_HASHED = re.compile(r"[#＃]\s?([^\W\d_]+)")
_TAG = re.compile(r"(?i)^\s*(?:(?:re|fwd?|aw|wg|sv|vs|отв|ответ|пересл)\s*(?:\[\d+\])?\s*:\s*)+")


@dataclass(frozen=True, slots=True)
class _Done:
    """What the mail's commands have come to so far."""

    case: Case
    events: tuple[Event, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    answers: tuple[LetterKind, ...] = ()
    problems: tuple[Problem, ...] = ()
    carried: tuple[Command, ...] = ()

    def then(self, deed: deeds.Deed, command: Command | None = None) -> _Done:
        """With one more deed; the chain grows by it, so that the next command finds what this one has made."""
        carried = command is not None and not (deed.problem or deed.answers)
        chain = replace(self.case.chain, tickets=(*self.case.chain.tickets, *deed.tickets))
        return _Done(
            case=replace(self.case, chain=workflow.replay(chain, deed.events)),
            events=(*self.events, *deed.events),
            tickets=(*self.tickets, *deed.tickets),
            answers=(*self.answers, *deed.answers),
            problems=(*self.problems, *([deed.problem] if deed.problem else [])),
            carried=(*self.carried, *([command] if command and carried else [])),
        )


def decide(chain: Chain, network: Network, turn: Turn, now: datetime) -> Decision:
    """What the mail of `turn` does to `chain`. Never raises for what a mail says: that becomes a problem in a receipt."""
    if turn.mail.kind != "reply":
        return Decision(events=(_automatic(turn, now),))
    case = Case(chain, network, turn, is_internal(turn), now)
    done = _carry_out(case)
    events = _begun(turn, _numbered((*_comment(case), *done.events)))
    grown, ticket = done.case.chain, done.case.ticket
    problems = (*done.problems, *crossing.problems(grown, network, ticket, events))
    if not (events or problems or done.answers or turn.said_before):
        problems = (Problem("", "nothing-new"),)
    letters = (
        *_pass_letters(network, done.tickets, events),
        *_comment_letters(grown, network, ticket, turn, events),
    )
    return Decision(
        tickets=done.tickets,
        events=events,
        participants=_joining(network, ticket, turn),
        orders=(
            *letters,
            *_answers(ticket, turn, done.answers, events),
            *_receipt(network, Taken(done.case, events, problems, done.carried, letters)),
        ),
    )


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
    theirs = belongs(network, waiting.party, about.author.address, waiting.participants)
    tell = (about.author,) if theirs else recipients(network, waiting)
    return Decision(events=(event,), orders=tuple(Order("undelivered", who, waiting.id, -1) for who in tell))


def _suspected(mail: Mail) -> list[str]:
    """Lines that may be meant as #internal: nearest of all commands to it."""
    return [line for line in mail.unknown if any(_like_internal(word) for word in _HASHED.findall(line.lower()))]


def _like_internal(word: str) -> bool:
    return bool(get_close_matches(word, keywords.spellings("internal"), 1, 0.6))


def _automatic(turn: Turn, now: datetime) -> Event:
    """What a program wrote is noted for the party of its ticket, with what it is and says, and answered by nobody."""
    mail = turn.mail
    data = {"mail": mail.kind} | ({} if mail.absence is None else {"since": mail.absence.since, "until": mail.absence.until})
    return Event(
        id=-1,
        kind="automatic",
        ticket=turn.ticket,
        author=mail.author,
        at=now,
        internal=True,
        text=mail.emoji or mail.text,
        data={name: value for name, value in data.items() if value},
        mail_id=turn.mail_id,
        message_id=mail.message_id,
    )


def _comment(case: Case) -> tuple[Event, ...]:
    mail = case.turn.mail
    text = "\n".join(part for part in (*_beside_internal(mail), mail.text) if part)
    if case.turn.said_before or not (text or mail.attachments):
        return ()
    cut = "\n\n".join(part for part in (mail.quoted, mail.signature) if part)[:MOST_CUT]
    kept_back = [file for file, _ in _withheld(case)]
    files = tuple(file for file in mail.attachments if file not in kept_back)
    beside = {"cut": cut, "html": mail.html if text == mail.text else "", "answered": list(case.turn.answered)}
    said = case.event("comment", text, **{name: value for name, value in beside.items() if value})
    return (replace(said, attachments=files),) if text or files else ()


def _withheld(case: Case) -> list[tuple[Attachment, str]]:
    """Files that must not go on, each with a reason: those that run when they are opened, which nobody gets; to other parties
    those that hold somebody's thread or note address, as an attached letter of ours does.
    """
    files = case.turn.mail.attachments
    ours = [
        file for file in files if not case.internal and not file.withheld and address.betrays(file.content, case.network.domain)
    ]
    return [*((file, f"file-{file.withheld}") for file in files if file.withheld), *((file, "withheld") for file in ours)]


def _beside_internal(mail: Mail) -> list[str]:
    """What stands on the line of #internal itself: it takes no argument, so these are the note's first words."""
    return [command.argument for command in mail.commands if command.word == "internal"]


def _numbered(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(replace(event, id=-1 - i) for i, event in enumerate(events))


def _begun(turn: Turn, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The first event of a chain keeps what Outlook has called the conversation: the party's letters will belong to it."""
    if not (turn.opening and turn.mail.thread_index and events) or turn.released:
        return events
    return (replace(events[0], data={**events[0].data, "thread": turn.mail.thread_index}), *events[1:])


def _joining(network: Network, ticket: Ticket, turn: Turn) -> tuple[tuple[int, Contact], ...]:
    """A colleague who writes for the first time gets the ticket's letters from then on; a released stranger does not."""
    author, party = turn.mail.author, network.parties.get(ticket.party)
    is_known = any(address.same(author.address, contact.address) for contact in known(network, ticket))
    desk = bool(party and party.desk and address.same(party.desk.address, author.address))
    return () if is_known or desk or turn.released else ((ticket.id, author),)


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────


def _carry_out(case: Case) -> _Done:
    """The commands of the mail, one after another, then the links whose addresses it also went to."""
    withheld = [Problem("", reason, {"file": file.name}) for file, reason in _withheld(case)]
    done = _Done(case, problems=(*case.turn.problems, *withheld))
    if not case.turn.said_before:
        done = replace(done, problems=(*done.problems, *_misunderstood(case.turn)))
        contradicting = _contradicting(case.turn.mail.commands)
        for command in case.turn.mail.commands:
            conflict = deeds.Deed(problem=Problem(command.line, "conflict")) if command in contradicting else None
            deed = conflict or deeds.do(done.case, command)
            done = done.then(deed, command)
            if deed.problem is None:
                done = replace(done, problems=(*done.problems, *deeds.left_over(command)))
    for key in case.turn.links:
        if not deeds.passed_before(done.case, key):
            done = done.then(deeds.pass_over(done.case, key))
    if not case.turn.said_before:
        done = done.then(deeds.Deed(events=(*facts.told(done.case), *_heard_again(done.case))))
    return done


def _heard_again(case: Case) -> tuple[Event, ...]:
    """Who had asked for no more letters and writes again gets them again."""
    mail = case.turn.mail
    asks = any(command.word == "mute" for command in mail.commands)
    return (deeds.mute(case, muted=False),) if mail.author.address.lower() in case.ticket.muted and not asks else ()


def _misunderstood(turn: Turn) -> list[Problem]:
    suspected, signature = _suspected(turn.mail), {line.strip() for line in turn.mail.signature.splitlines()}
    return [_why_not_read(turn, line, line in suspected, line in signature) for line in turn.mail.unknown]


def _why_not_read(turn: Turn, line: str, suspected: bool, signed: bool) -> Problem:
    """Why a line that looks like a command was not read as one."""
    if suspected:
        return Problem(line, "internal-suspected")
    if signed:
        return Problem(line, "in-signature")
    if len(_HASHED.findall(line)) > 1:
        return Problem(line, "several-commands")
    return Problem(line, "unknown-command", {"command": command} if (command := turn.nearest.get(line)) else {})


def _contradicting(commands: Sequence[Command]) -> list[Command]:
    """All status commands of a mail in which two cannot both be meant, or none."""
    moves = [command for command in commands if command.word in MOVES]
    for side in ("downstream", "upstream"):
        words = [command.word for command in moves if MOVES[command.word].side == side]
        places = [PROGRESS.index(word) if word in PROGRESS else -1 for word in words]
        if len(words) > 1 and (-1 in places or places != sorted(set(places))) and not _to_several(moves, side):
            return moves
    return []


def _to_several(moves: Sequence[Command], side: str) -> bool:
    """Whether the commands of a side name different links, each once."""
    named = [command.argument.partition(" ")[0].lower() for command in moves if MOVES[command.word].side == side]
    return side == "upstream" and all(named) and len(set(named)) == len(named)


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
        visible = [event for event in events if event.kind != "mute" and visibility.entry(grown, network, reader, event)]
        if not visible or reader.id in brought_in or (reader.id == ticket.id and not visible[0].internal):
            continue
        orders += [
            Order("note" if reader.id == ticket.id else "comment", who, reader.id, visible[0].id)
            for who in recipients(network, reader)
            if not address.same(who.address, turn.mail.author.address)
        ]
    return orders


def _answers(ticket: Ticket, turn: Turn, kinds: Iterable[LetterKind], events: tuple[Event, ...]) -> list[Order]:
    """What the author asked for himself, each once."""
    about = events[-1].id if events else None
    return [] if turn.released else [Order(kind, turn.mail.author, ticket.id, about) for kind in dict.fromkeys(kinds)]


def _receipt(network: Network, taken: Taken) -> list[Order]:
    """To the author, about his mail; for a new ticket the acknowledgement says it, to the party's people where he was let in."""
    ticket, turn, events = taken.case.ticket, taken.case.turn, taken.events
    data = receipt.data(taken)
    if turn.opening:
        about = next((event.id for event in events if event.kind == "passed"), None)
        people = recipients(network, ticket) if turn.released else (turn.mail.author,)
        return [Order("opened", who, ticket.id, about, data) for who in people]
    if not receipt.due(taken, data):
        return []
    return [Order("receipt", turn.mail.author, ticket.id, events[0].id if events else None, data)]


def actions(chain: Chain, network: Network, ticket: Ticket) -> tuple[Action, ...]:
    """What the party of `ticket` can do now, for the links and words that a letter offers.

    Nothing is offered about a ticket whose status it may not know: the offer would tell it.
    """
    case = Case(chain, network, Turn(ticket.id, Mail("reply", Contact("")), ""), False, chain.opened_at)
    dark = [one for one in workflow.below(chain, ticket) if not visibility.tells_status(chain, network, ticket, one)]
    moves = [
        Action(word, target.link or "" if len(found) + len(dark) * (target.id != ticket.id) > 1 else "")
        for word in MOVES
        for found in [[one for one in workflow.candidates(chain, ticket, word) if one not in dark and workflow.legal(one, word)]]
        for target in found
    ]
    links = [
        link for link in network.links.values() if link.upstream == ticket.party and link.key not in {one.link for one in dark}
    ]
    passes = [Action("pass", link.key) for link in links if deeds.pass_over(case, link.key).problem is None]
    ratable = [one for one in workflow.below(chain, ticket) if one not in dark and one.status in workflow.RATED_FROM]
    rates = [Action("rate", f"{one.link} 5" if len(ratable) + len(dark) > 1 else "5") for one in ratable]
    return (*moves, *rates, *passes)
