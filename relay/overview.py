"""A digest as its reader sees it: the subject, the sections with their rows in his words, and the whole as a table to attach."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from relay import mime, sheet, timeline
from relay.digest import SCREEN, SECTIONS
from relay.model import Action, Letter
from relay.wording import Language

TITLE = "Digest of %(day)s, waiting for you: %(count)s"
MUTED = "No more digests"
UNTIL = "%(status)s until %(until)s"
HEADINGS = {
    "overdue": "Overdue",
    "yours": "Waiting for you",
    "new": "New",
    "resolved": "Resolved or over",
    "others": "Waiting for others",
}
HEADS = (
    "Section",
    "Ticket",
    "Subject",
    "Your number",
    "Status",
    "Waits for",
    "Waits since",
    "Due",
    "Came",
    "Days",
    "The others",
    "Last words",
    "Written by",
    "Address",
)
SENTENCES = (TITLE, MUTED, UNTIL, *HEADINGS.values(), *HEADS)  # what a catalogue has for digests beside the templates
BAR = 24  # characters of a bar, and how many parties it has room for
SUBJECT = 40  # characters of a subject in the links, of which a letter has many


class Offered(Protocol):
    """An action as `letters` offers it."""

    @property
    def line(self) -> str: ...
    @property
    def mailto(self) -> str: ...


Offer = Callable[[Language, str, str, Action | None], Offered]


@dataclass(frozen=True, slots=True)
class Part:
    """For how long a party had the ball, as a part of a bar. `tone`: which of `timeline.TONES`, None for the reader's own."""

    party: str
    own: bool
    time: str
    percent: int
    tone: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the templates see it.

    `waits` are (party, whether it is the reader's, since when), `others` the other tickets, `held` who had the ball for how long,
    `bar` the same as characters.
    """

    title: str
    reference: str
    status: str
    age: str
    new: bool
    due: datetime | None
    late: bool
    waits: tuple[tuple[str, bool, datetime], ...]
    others: tuple[str, ...]
    by: str
    words: str
    held: tuple[Part, ...]
    bar: str
    address: str
    mailto: str
    actions: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one section that are shown; `count` is of all."""

    heading: str
    count: int
    lines: tuple[Line, ...]


def titled(letter: Letter, language: Language) -> Letter:
    """The letter with its subject, and with the whole table where there is more than it shows."""
    rows = letter.data["rows"]
    at = datetime.fromisoformat(letter.data["at"]).astimezone(ZoneInfo(letter.timezone))
    yours = sum(any(ball["own"] for ball in row["balls"]) for row in rows)
    title = MUTED if letter.data["muted"] else TITLE
    subject = language.say(title) % {"day": language.day(at.date().isoformat()), "count": yours}
    files = (sheet.attachment(f"digest-{at:%Y-%m-%d}.csv", table(letter, language)),) if len(rows) > SCREEN else ()
    return replace(letter, subject=subject, attachments=files)


def values(letter: Letter, language: Language, offer: Offer) -> dict[str, Any]:
    """What the templates see of a digest."""
    data, at = letter.data, datetime.fromisoformat(letter.data["at"])
    shown = [(row["section"], _line(row, at, language, offer)) for row in data["rows"][:SCREEN]]
    counts = {name: sum(row["section"] == name for row in data["rows"]) for name in SECTIONS}
    return {
        "sections": [
            Section(language.say(HEADINGS[name]), counts[name], tuple(line for section, line in shown if section == name))
            for name in SECTIONS
            if any(section == name for section, _ in shown)
        ],
        "since": datetime.fromisoformat(data["since"]),
        **{name: data[name] for name in ("unheard", "asked", "again", "muted")},
        "party": mime.clean(data["name"]),
        "hidden": max(0, len(data["rows"]) - SCREEN),
        "more": data["more"],
    }


def _line(row: Mapping[str, Any], at: datetime, language: Language, offer: Offer) -> Line:
    title = f"[{mime.clean(row['number'], 40)}] {mime.clean(row['subject'])}".rstrip()
    short = mime.clean(title, SUBJECT)
    held = [one for one in row["held"] if one["minutes"]][:BAR]
    actions = [Action(action["word"], action["argument"]) for action in row["actions"]]
    return Line(
        title=title,
        reference=mime.clean(row["reference"]),
        status=_status(row, language),
        age=language.about(at - datetime.fromisoformat(row["since"])),
        new=row["new"],
        due=datetime.fromisoformat(row["due"]) if row["due"] else None,
        late=bool(row["due"]) and datetime.fromisoformat(row["due"]) <= at,
        waits=tuple((mime.clean(one["party"]), one["own"], datetime.fromisoformat(one["since"])) for one in row["balls"]),
        others=tuple(_other(seat, language) for seat in row["seats"]),
        by=_by(row["last"]),
        words=mime.clean(row["last"]["words"]) if row["last"] else "",
        held=_parts(held, language),
        bar=_bar(held),
        address=row["thread"],
        mailto=offer(language, row["thread"], short, None).mailto,
        actions=tuple(offer(language, row["thread"], short, action) for action in actions),
    )


def _status(row: Mapping[str, Any], language: Language) -> str:
    """How the ticket stands, and until when."""
    status = language.status(row["status"])
    return language.say(UNTIL) % {"status": status, "until": language.day(row["until"])} if row["until"] else status


def _parts(held: Sequence[Mapping[str, Any]], language: Language) -> tuple[Part, ...]:
    widths = timeline.widths([one["minutes"] for one in held], 100)
    times = (language.about(timedelta(minutes=one["minutes"])) for one in held)
    return tuple(
        Part(mime.clean(one["party"]), one["own"], time, percent, tone)
        for one, time, percent, tone in zip(held, times, widths, _tones(held), strict=True)
    )


def _bar(held: Sequence[Mapping[str, Any]]) -> str:
    """The bar as characters."""
    parts = zip(timeline.widths([one["minutes"] for one in held], BAR), _tones(held), strict=True)
    return "".join((timeline.FULL if tone is None else timeline.TONES[tone]) * width for width, tone in parts)


def _tones(held: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """A tone for each part of a bar, the reader's own first of all, neighbours different."""
    others = count()
    return [None if one["own"] else next(others) % len(timeline.TONES) for one in held]


def _other(seat: Mapping[str, Any], language: Language) -> str:
    """Another party's ticket: its name, its status, its number, as far as they are known."""
    number = language.say("No. %(reference)s") % {"reference": mime.clean(seat["reference"])} if seat["reference"] else ""
    known = ", ".join(filter(None, (language.status(seat["status"]) if seat["status"] else "", number)))
    return ": ".join(filter(None, (mime.clean(seat["party"]), known)))


def _by(last: Mapping[str, Any] | None) -> str:
    return ", ".join(dict.fromkeys(filter(None, (mime.clean(last["who"]), mime.clean(last["party"]))))) if last else ""


# ── the whole as a table ───────────────────────────────────────────────────────────────────────────────────


def table(letter: Letter, language: Language) -> list[Sequence[object]]:
    """All rows of the digest under their heads; times are the reader's."""
    zone, at = ZoneInfo(letter.timezone), datetime.fromisoformat(letter.data["at"])
    return [[language.say(head) for head in HEADS], *(_cells(row, at, zone, language) for row in letter.data["rows"])]


def _cells(row: Mapping[str, Any], at: datetime, zone: ZoneInfo, language: Language) -> list[object]:
    return [
        language.say(HEADINGS[row["section"]]),
        row["number"],
        row["subject"],
        row["reference"],
        _status(row, language),
        "; ".join(ball["party"] for ball in row["balls"]),
        _local(row["balls"][0]["since"] if row["balls"] else None, zone),
        _local(row["due"], zone),
        _local(row["since"], zone),
        (at - datetime.fromisoformat(row["since"])).days,
        "; ".join(_other(seat, language) for seat in row["seats"]),
        row["last"]["words"] if row["last"] else "",
        _by(row["last"]),
        row["thread"],
    ]


def _local(iso: str | None, zone: ZoneInfo) -> str:
    """A time as spreadsheets read it."""
    return f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M}" if iso else ""
