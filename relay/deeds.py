"""What each command does: one function a command word, in the table `DEEDS`. Pure.

A deed is either events (and new tickets, or letters to the author alone), or a problem, and then nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from relay import arguments, visibility, ways, workflow
from relay.decision import Case, Problem
from relay.model import Command, Event, Fact, LetterKind, Link, Ticket
from relay.people import party_of
from relay.workflow import MOVES

DEEPEST = 32  # levels of one chain
MOST_STARS = 5
FROM_ABOVE = frozenset({"rate"})  # beside the moves of `workflow` that are
PUBLIC = {*MOVES, "ref", "rate", "field"}  # what others see: not for an internal mail

WITHOUT_ARGUMENT = frozenset({"history", "status", "full", "mute", "digest", "help"})


@dataclass(frozen=True, slots=True)
class Deed:
    """What one command does. `answers` are letters that only its author gets."""

    events: tuple[Event, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    answers: tuple[LetterKind, ...] = ()
    problem: Problem | None = None


def do(case: Case, command: Command) -> Deed:
    """Carries out one command of a mail, on the chain as the commands before it have left it."""
    if len(command.argument) > arguments.LONGEST:
        return _cannot(command, "too-long", most=str(arguments.LONGEST))
    if case.internal and command.word in PUBLIC:
        return _cannot(command, "internal-mail")
    return DEEDS[command.word](case, command)


def left_over(command: Command) -> tuple[Problem, ...]:
    """Words on the line of a command that takes none: nobody gets them, so its author hears of it."""
    words = command.word in WITHOUT_ARGUMENT and any(sign.isalnum() for sign in command.argument)
    return (Problem(command.line, "words-left"),) if words else ()


# ── statuses ───────────────────────────────────────────────────────────────────────────────────────────────


def _move(case: Case, command: Command) -> Deed:
    """accept … cancel: changes the status of the one ticket that the word can mean, and of what follows from it."""
    target, argument, problem = _target(case, command, lambda ticket: workflow.legal(ticket, command.word))
    if target is None:
        return Deed(problem=problem)
    until, reason = _until(case, argument) if command.word == "wait" else (None, argument)
    changes = workflow.cascade(case.chain, target, MOVES[command.word].to)
    return Deed(events=tuple(_status(case, ticket, to, reason, until) for ticket, to in changes))


def _status(case: Case, ticket: Ticket, to: str, reason: str, until: date | None) -> Event:
    return case.event("status", reason, ticket=ticket.id, status=to, until=until.isoformat() if until else None)


def _until(case: Case, argument: str) -> tuple[date | None, str]:
    """`until DATE reason`, the word before the date left out or not."""
    first, _, rest = argument.partition(" ")
    given = rest if first.lower() in arguments.UNTIL else argument
    found = arguments.day(given, _today(case))
    return found or (None, argument)


def _today(case: Case) -> date:
    zone = party_of(case.network, case.ticket.party).timezone
    return case.now.astimezone(ZoneInfo(zone)).date()


def _target(case: Case, command: Command, fits: Callable[[Ticket], bool]) -> tuple[Ticket | None, str, Problem | None]:
    """The one ticket that a command means, what is left of its argument, and else why there is none.

    A party may have passed the matter on to several: then the first word of the argument names the link. So the first party,
    whose word is else for the whole matter, can close or withdraw one of them.
    """
    found = workflow.candidates(case.chain, case.ticket, command.word) if command.word in MOVES else _below(case)
    first, _, rest = command.argument.partition(" ")
    several = workflow.latest(case.chain, case.ticket) if found == (case.ticket,) and case.ticket.parent is None else ()
    reach = (*found, *(several if len(several) > 1 else ()))
    named = [ticket for ticket in reach if ticket.link == first.lower().strip(".,:;")]
    argument = rest.strip() if named else command.argument
    fitting = [ticket for ticket in named or found if fits(ticket)]
    if len(fitting) == 1:
        return fitting[0], argument, None
    if not found:
        return None, argument, Problem(command.line, "not-here")
    if not fitting:
        return None, argument, Problem(command.line, "wrong-status", {"status": (named or found)[0].status})
    return None, argument, Problem(command.line, "which", {"links": ", ".join(ticket.link or "" for ticket in fitting)})


def _below(case: Case) -> tuple[Ticket, ...]:
    return workflow.below(case.chain, case.ticket)


# ── facts ──────────────────────────────────────────────────────────────────────────────────────────────────


def _reference(case: Case, command: Command) -> Deed:
    number = " ".join(command.argument.split())[:100]
    if not number:
        return _cannot(command, "no-argument")
    return Deed(events=(case.event("reference", reference=number),))


def _rate(case: Case, command: Command) -> Deed:
    target, argument, problem = _target(case, command, lambda ticket: ticket.status in workflow.RATED_FROM)
    if target is None:
        return Deed(problem=problem)
    stars, _, text = argument.partition(" ")
    if not (stars.isascii() and stars.isdigit() and 1 <= int(stars) <= MOST_STARS):
        return _cannot(command, "no-stars")
    return Deed(events=(case.event("rating", text.strip(), ticket=target.id, stars=int(stars)),))


def _field(case: Case, command: Command) -> Deed:
    """A fact of the matter, `NAME: VALUE`. One that is known already is corrected by its own party or one upstream of it."""
    name, colon, value = (" ".join(part.split()) for part in command.argument.partition(":"))
    if not (colon and name and value):
        return _cannot(command, "no-value")
    known = visibility.said_by(case.chain, case.network, case.ticket, Fact.key_of(name))
    if known is None:
        return Deed(events=(case.event("field", name=name, value=value),))
    fact, whose = known
    if case.ticket not in workflow.above(case.chain, whose):
        return _cannot(command, "not-your-fact", name=fact.name, value=fact.value)
    return Deed(events=(case.event("field", name=fact.name, value=value, before=fact.value, of=whose.id),))


def _time(case: Case, command: Command) -> Deed:
    found = arguments.duration(command.argument)
    if found is None:
        return _cannot(command, "no-duration")
    minutes, text = found
    return Deed(events=(case.event("time", text, minutes=minutes),))


# ── passing on ─────────────────────────────────────────────────────────────────────────────────────────────


def _pass(case: Case, command: Command) -> Deed:
    """`#pass LINK [text]`; the link's whole address is taken too."""
    word, *text = command.argument.split(maxsplit=1) or [""]
    key = word.strip("<>.,;:").partition("@")[0].lower()
    if key not in (own := _own_links(case)):
        nearest = get_close_matches(key, own, 1, 0.5)
        return _cannot(command, "unknown-link", link=key, nearest=nearest[0] if nearest else "", links=", ".join(own))
    return pass_over(case, key, "".join(text).strip(), command.line)


def pass_over(case: Case, key: str, text: str = "", line: str = "") -> Deed:
    """Passes the chain over one of the party's own links: by command, or by the link's address beside the ticket's."""
    link = case.network.links[key]
    if problem := _forbidden(case, link, line or f"#pass {key}"):
        return Deed(problem=problem)
    ticket = Ticket(min([0, *(found.id for found in case.chain.tickets)]) - 1, link.downstream, case.ticket.id, link.key)
    return Deed(events=(case.event("passed", text, link=link.key, ticket=ticket.id),), tickets=(ticket,))


def passed_before(case: Case, key: str) -> bool:
    """Whether the ticket was passed over that link, and has not been given back or withdrawn since."""
    return any(ticket.link == key and ticket.status not in ("declined", "cancelled") for ticket in _below(case))


def _own_links(case: Case) -> list[str]:
    """Links of other parties are as unknown as ones that are not there: their names are nobody's business."""
    return [link.key for link in case.network.links.values() if link.upstream == case.ticket.party]


def _forbidden(case: Case, link: Link, line: str) -> Problem | None:
    """Why the chain cannot be passed over that link, or None."""
    above = workflow.above(case.chain, case.ticket)
    reasons = {
        "already-passed": passed_before(case, link.key),
        "pass-internal": case.internal,
        "loop": any(high.party == link.downstream and _knows(case, high) for high in above),
        "impossible": any(high.party == link.downstream for high in above),  # said in general words: who is above is hidden
        "too-deep": len(above) >= DEEPEST,
        "ended": case.ticket.status in workflow.ENDED,
    }
    facts = {"link": link.key, "party": party_of(case.network, link.downstream).name}
    return next((Problem(line, reason, facts) for reason, true in reasons.items() if true), None)


def _knows(case: Case, other: Ticket) -> bool:
    """Whether the party of the ticket may know that the other one is there."""
    hops = ways.path(case.chain, case.network, case.ticket, other)
    return ways.stand_in(case.ticket, other, hops).id == other.id


# ── what the author gets back ──────────────────────────────────────────────────────────────────────────────


def _answer(kind: LetterKind) -> Callable[[Case, Command], Deed]:
    return lambda _case, _command: Deed(answers=(kind,))


def _full(case: Case, command: Command) -> Deed:
    """What the relay cut from the author's last mail is published too.

    Not where a link of the chain keeps anything back: the cut text quotes letters that others must not see. Nor will it cross
    such a link over which the ticket is passed on later.
    """
    if keeps_back(case):
        return _cannot(command, "full-hidden")
    if not case.turn.cut:
        return _cannot(command, "nothing-cut")
    return Deed(events=(case.event("comment", case.turn.cut, full=True),))


def keeps_back(case: Case) -> bool:
    """Whether a link of the chain withholds anything, or is not configured any more."""
    links = (case.network.links.get(ticket.link) for ticket in case.chain.tickets if ticket.link)
    return any(link is None or ways.withholds(link) for link in links)


def _mute(case: Case, _command: Command) -> Deed:
    """The author wants no more letters of this ticket: his own affair, which no other party hears of."""
    return Deed(events=(mute(case, muted=True),))


def mute(case: Case, *, muted: bool) -> Event:
    """The event that stops, or starts again, a ticket's letters to the author of the mail."""
    return replace(case.event("mute", address=case.turn.mail.author.address.lower(), muted=muted), internal=True)


def _internal(_case: Case, _command: Command) -> Deed:
    """Done for the mail as a whole, before its commands."""
    return Deed()


def _cannot(command: Command, reason: str, **facts: str) -> Deed:
    return Deed(problem=Problem(command.line, reason, facts))


DEEDS: Mapping[str, Callable[[Case, Command], Deed]] = {
    **dict.fromkeys(MOVES, _move),
    "pass": _pass,
    "internal": _internal,
    "ref": _reference,
    "rate": _rate,
    "time": _time,
    "field": _field,
    "history": _answer("history"),
    "status": _answer("status"),
    "full": _full,
    "mute": _mute,
    "digest": _answer("digest"),
    "help": _answer("help"),
}
