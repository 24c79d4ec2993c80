"""A letter as its templates see it: plain values in the reader's words, cleaned of what no mail should carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from markupsafe import Markup

from relay import accounts, markup, mime, offers, overview
from relay.markup import Picture
from relay.model import Action, Clock, Deadline, Entry, EventKind, Letter, Seat
from relay.receipt import beginning
from relay.wording import COMMANDS, STATEMENTS, Language

IN_SHORT = ("receipt",)  # kinds that give the beginnings of texts only
PREVIEWED = ("pass", "history")  # kinds where a sentence of ours stands before a person's words


@dataclass(frozen=True, slots=True)
class Said:
    """An entry as the templates see it.

    `by` is "Name, Party" as shown; `to`, `mine` and `reason` (a sentence) are of "passed" and "undelivered"; `files` are the
    names of the files that the text does not name, `left_out` of those that would make the letter too large, `kept_back` of
    those that cannot be cleaned of their maker's name, `stays` of those that cannot go on to the parties `stays_from`.
    `status` … `time` are the facts of the kinds called so, in words.
    """

    kind: EventKind
    at: datetime
    internal: bool
    by: str
    to: str
    mine: bool
    reason: str
    text: str
    html: Markup
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    kept_back: tuple[str, ...]
    stays: tuple[str, ...]
    stays_from: tuple[str, ...]
    muted: bool
    status: str
    mail: str
    since: str
    until: str
    reference: str
    name: str
    value: str
    before: str
    stars: str
    time: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the status table: `status` in words, "" where the reader may not know it."""

    party: str
    status: str
    reference: str
    own: bool
    depth: int
    ball: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Who has the ball, and since when."""

    party: str
    own: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, by whom; `left` in words while the clock stands, "" while it runs."""

    party: str
    own: bool
    kind: Clock
    at: datetime
    over: bool
    left: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a party needs to know: the lines to be filled in, and a mailto link that begins with them ("" when too long)."""

    party: str
    lines: tuple[str, ...]
    mailto: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the reader's mail and what is to be said about it."""

    line: str
    sentence: str


def values(letter: Letter, relay: str, language: Language, pictures: Sequence[Mapping[str, Picture]]) -> dict[str, Any]:
    """Everything a template may use, of the relay of that name: data all of it, only `html` values are markup already."""
    entries = [
        _said(_shortened(entry) if letter.kind in IN_SHORT else entry, shown, language, letter.timezone)
        for entry, shown in zip(letter.entries, pictures, strict=True)
        if not _goes_without_saying(letter, entry)
    ]
    title = tag(letter) + mime.clean(letter.subject)
    subject = offers.subject_query(title)
    return {
        "kind": letter.kind,
        "language": language.code,
        "timezone": letter.timezone,
        "relay": mime.clean(letter.brand.name) or relay,
        "whole": "",
        "number": mime.clean(letter.number, 40),
        "title": title,
        "entries": entries,
        "authors": list(dict.fromkeys(said.by for said in entries if said.by)),
        "several": len({said.at for said in entries}) > 1,
        "passed_by": next((_by(entry) for entry in reversed(letter.entries) if entry.data.get("mine")), ""),
        "seats": [_row(seat, language) for seat in letter.seats],
        "holders": _holders(letter.seats),
        "turn": any(seat.ball and seat.own for seat in letter.seats),
        "turns": [mime.clean(seat.party) for seat in letter.seats if seat.ball and not seat.own],
        "preview": _preview(letter),
        "balls": [Held(mime.clean(ball.party), ball.own, ball.since) for ball in letter.balls],
        "dues": [_due(one, language) for one in letter.deadlines],
        "facts": [(mime.clean(fact.name), mime.clean(fact.value, 1000)) for fact in letter.facts],
        "actions": offers.offered(letter, language, subject),
        "commands": [offers.deed(Action(word), language, letter.sender, subject) for word in COMMANDS]
        if letter.kind == "help"
        else [],
        "internal": language.command("internal"),
        "mute": offers.deed(Action("mute"), language, letter.sender, subject) if letter.may_mute else None,
        "sender": mime.addr_spec(letter.sender),
        "note": mime.addr_spec(letter.note) if letter.note else "",
        "note_mailto": offers.mailto(letter.note, subject, "") if letter.note else "",
        **_data(letter, language),
        **_held(letter, language, subject),
        **_receipt(letter, language, subject),
        **(overview.values(letter, language, offers.offer) if letter.kind == "digest" else {}),
        **_report(letter, language, subject),
    }


def tag(letter: Letter) -> str:
    """What stands before its subject."""
    return f"[{mime.clean(letter.number, 40)}] " if letter.number else ""


def _preview(letter: Letter) -> str:
    """What a list of mails shows beside the subject: the newest words."""
    words = (mime.clean(markup.without_pictures(entry.text), 120) for entry in reversed(letter.entries))
    return next(filter(None, words), "") if letter.kind in PREVIEWED else ""


def _said(entry: Entry, pictures: Mapping[str, Picture], language: Language, timezone: str) -> Said:
    text = mime.clean_text(entry.text).strip("\n")
    names = {file.content_id: mime.file_name(file) for file in entry.attachments if file.content_id}
    left = {short: name for short, name in names.items() if short not in pictures}
    return Said(
        kind=entry.kind,
        at=entry.at,
        internal=entry.internal,
        by=_by(entry),
        to=mime.clean(str(entry.data.get("to", ""))),
        mine=bool(entry.data.get("mine")),
        reason=language.failure(str(entry.data.get("reason", ""))),
        text=markup.to_text(text, names),
        html=markup.styled(mime.clean_text(entry.html), pictures, left)
        if entry.html
        else markup.to_html(markup.to_text(text, left), pictures),
        files=tuple(mime.file_name(file) for file in entry.attachments if file.content_id not in markup.markers(text)),
        left_out=tuple(mime.clean(name) for name in entry.data.get("left_out", ())),
        kept_back=tuple(mime.clean(name) for name in entry.data.get("kept_back", ())),
        stays=tuple(mime.clean(name) for name in entry.data.get("stays", ())),
        stays_from=tuple(mime.clean(name) for name in entry.data.get("stays_from", ())),
        muted=bool(entry.data.get("muted")),
        status=language.status(entry.data["status"]) if entry.kind == "status" else "",
        mail=str(entry.data.get("mail", "")),
        since=language.day(entry.data["since"]) if entry.data.get("since") else "",
        until=_until(entry, language, timezone),
        reference=mime.clean(str(entry.data.get("reference", ""))),
        name=mime.clean(str(entry.data.get("name", ""))),
        value=mime.clean(str(entry.data.get("value", "")), 1000),
        before=mime.clean(str(entry.data.get("before", "")), 1000),
        stars=str(entry.data.get("stars", "")),
        time=language.duration(int(entry.data.get("minutes", 0))),
    )


def _until(entry: Entry, language: Language, timezone: str) -> str:
    """The last day, or, for a pause, the time of its end."""
    if entry.kind == "paused":
        return language.moment(datetime.fromisoformat(entry.data["until"]), timezone)
    return language.day(entry.data["until"]) if entry.data.get("until") else ""


def _by(entry: Entry) -> str:
    """ "" where nobody has written it."""
    if entry.kind == "paused":
        return ""
    return ", ".join(dict.fromkeys(filter(None, (mime.clean(entry.who), mime.clean(entry.party)))))


def _goes_without_saying(letter: Letter, entry: Entry) -> bool:
    """What stands in the heading of the letter that brings the ticket, and on its card of facts."""
    if letter.kind != "pass":
        return False
    if entry.kind == "passed":
        return bool(entry.data.get("mine")) and not entry.text
    return entry.kind == "field" and any((f.name, f.value) == (entry.data["name"], entry.data["value"]) for f in letter.facts)


def _shortened(entry: Entry) -> Entry:
    short = beginning(entry.text)
    whole = "".join(short.split()) == "".join(entry.text.split())
    return replace(entry, text=short, html=entry.html if whole else "")


def _row(seat: Seat, language: Language) -> Row:
    status = language.status(seat.status) if seat.status else ""
    return Row(mime.clean(seat.party), status, mime.clean(seat.reference), seat.own, seat.depth, seat.ball)


def _holders(seats: Sequence[Seat]) -> list[str]:
    """The parties right below the reader's own in the table: those the ticket is with."""
    own = next((count for count, seat in enumerate(seats) if seat.own), len(seats))
    below = takewhile(lambda seat: seat.depth > seats[own].depth, seats[own + 1 :])
    return [mime.clean(seat.party) for seat in below if seat.depth == seats[own].depth + 1]


def _due(deadline: Deadline, language: Language) -> Due:
    left = "" if deadline.left is None else language.duration(max(1, int(deadline.left.total_seconds()) // 60))
    return Due(mime.clean(deadline.party), deadline.own, deadline.kind, deadline.at, deadline.over, left)


def _receipt(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "receipt" and "opened": see `receipt.data`."""
    data, inside = letter.data, bool(letter.data.get("internal"))
    cut = mime.clean_text(str(data.get("cut", ""))).strip("\n")
    offered = [Action(offer["word"], offer["argument"]) for offer in data.get("offers", ())]
    return {
        "told": [mime.clean(name) for name in data.get("told", ())],
        "kept_inside": inside,
        "stays_inside": inside and any(entry.kind != "mute" for entry in letter.entries[:1]),  # as store.answers_note has it
        "cut": cut,
        "cut_html": markup.to_html(cut, {}),
        "full": offers.deed(Action("full"), language, letter.sender, subject) if data.get("full") else None,
        "offers": [offers.deed(action, language, letter.sender, subject) for action in offered],
        "asks": [_question(ask, letter, language, subject) for ask in data.get("asks", ())],
    }


def _question(ask: Mapping[str, Any], letter: Letter, language: Language, subject: str) -> Question:
    lines = tuple(language.command("field", f"{mime.clean(name)}:") for name in ask["names"])
    return Question(
        mime.clean(ask["party"]), lines, offers.mailto(letter.sender, subject, "\r\n".join(f"{line} " for line in lines))
    )


def _held(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "held": the state, who wrote, where to, and the answers that may be given."""
    data = letter.data
    asked = letter.kind == "held" and data.get("state") in ("asked", "unclear")
    words = ("once", "no") if data.get("elsewhere") else ("yes", "once", "no")
    return {
        "state": str(data.get("state", "")),
        "who": mime.clean(str(data.get("who", ""))),
        "where": mime.clean(str(data.get("where", ""))),
        "elsewhere": bool(data.get("elsewhere")),
        "answers": [offers.answer(word, language, letter.sender, subject) for word in words] if asked else [],
    }


def _report(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "report": its period and rows, and the answers that may be given."""
    if letter.kind != "report":
        return {}
    return {
        "period": accounts.period(str(letter.data["period"]), language),
        "accounts": accounts.accounts(letter.data["rows"], language),
        "answers": [offers.answer(word, language, letter.sender, subject) for word in STATEMENTS],
    }


def _data(letter: Letter, language: Language) -> dict[str, Any]:
    """The values of one kind: undelivered, postmaster; and problems."""
    data = letter.data
    text = mime.clean_text(str(data.get("text", ""))).strip("\n")
    return {
        "problems": [_problem(one, language) for one in data.get("problems", ())],
        "to": mime.clean(str(data.get("to", ""))),
        "reason": language.failure(str(data.get("reason", ""))),
        "others": bool(data.get("others")),
        "what": mime.clean(str(data.get("what", "")), 1000),
        "details": {mime.clean(str(label)): mime.clean(str(value), 1000) for label, value in data.get("details", {}).items()},
        "text": text,
        "html": markup.to_html(text, {}),
    }


def _problem(data: Mapping[str, Any], language: Language) -> Problem:
    facts = {key: mime.clean(str(value)) for key, value in data.items()}
    return Problem(facts.get("line", ""), language.problem(facts))
