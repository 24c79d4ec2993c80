"""A report in words: the rows of `tabular` as a reader is told them, each with a bar of how long its party had the ball."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relay import mime, timeline
from relay.wording import Language

# What a row says, and how; what there is nothing of is left out.
FIGURES: dict[str, str] = {
    "held": "had the ball for",
    "opened": "opened",
    "received": "received",
    "taken": "taken",
    "declined": "declined",
    "resolved": "resolved",
    "reopened": "sent back for rework",
    "response": "first answer after",
    "resolve": "resolved after",
    "spent": "time spent",
    "stars": "rated",
    "respond": "answered in time",
    "resolve_in_time": "resolved in time",
}
TIMES = "%(median)s (median), 90%% within %(ninety)s"
KEPT = "%(kept)s of %(due)s"
RATED = "%(stars)s of 5, ratings: %(ratings)s"
FOR = "%(party)s for %(upstream)s"
OPENED = "%(party)s: opened by themselves"
SUBJECT = "Report: %(period)s"
SENTENCES = (*FIGURES.values(), TIMES, KEPT, RATED, FOR, OPENED, SUBJECT)


@dataclass(frozen=True, slots=True)
class Account:
    """A row as the templates see it: a title, (label, value) pairs, and the time with the ball: in words, in percent of the
    longest, and as characters ("" where nothing is known of it)."""

    title: str
    figures: tuple[tuple[str, str], ...]
    held: str
    percent: int
    bar: str


def period(name: str, language: Language) -> str:
    """A period, by its name, as the reader writes it."""
    first, slash, last = name.partition("/")
    return f"{language.day(first)} – {language.day(last)}" if slash else language.month(first)


def subject(name: str, language: Language) -> str:
    """The subject of the report of that period."""
    return language.say(SUBJECT) % {"period": period(name, language)}


def accounts(rows: Sequence[Mapping[str, Any]], language: Language) -> list[Account]:
    """The rows, in their order."""
    longest = max((row["held"] or 0 for row in rows), default=0)
    return [_account(row, longest, language) for row in rows]


def _account(row: Mapping[str, Any], longest: int, language: Language) -> Account:
    told = _told(row, language)
    share = (row["held"] or 0) / longest if longest else 0.0
    return Account(
        title=_title(row, language),
        figures=tuple((language.say(label), told[name]) for name, label in FIGURES.items() if told.get(name)),
        held=told["held"],
        percent=max(round(share * 100), 1) if share else 0,
        bar=timeline.bar(share) if share else "",
    )


def _title(row: Mapping[str, Any], language: Language) -> str:
    party, upstream, link = (mime.clean(row[name]) for name in ("name", "upstream", "link"))
    if not upstream:
        return language.say(OPENED) % {"party": party}
    return language.say(FOR) % {"party": party, "upstream": upstream} + (f" ({link})" if link else "")


def _told(row: Mapping[str, Any], language: Language) -> dict[str, str]:
    counts = {name: str(row[name] or "") for name in ("received", "taken", "declined", "resolved", "reopened")}
    if not row["upstream"]:
        counts = {"opened": counts.pop("received"), **counts}
    rating = {"stars": language.number(row["stars"]), "ratings": row["ratings"]} if row["ratings"] else {}
    return counts | {
        "response": _times(row, "response", language),
        "resolve": _times(row, "resolve", language),
        "held": language.duration(row["held"]) if row["held"] else "",
        "spent": language.duration(row["spent"]) if row["spent"] else "",
        "stars": language.say(RATED) % rating if rating else "",
        "respond": _kept(row, "respond", language),
        "resolve_in_time": _kept(row, "resolve", language),
    }


def _times(row: Mapping[str, Any], name: str, language: Language) -> str:
    median, ninety = row[f"{name}_median"], row[f"{name}_90"]
    if median is None:
        return ""
    if median == ninety:
        return language.duration(median)
    return language.say(TIMES) % {"median": language.duration(median), "ninety": language.duration(ninety)}


def _kept(row: Mapping[str, Any], name: str, language: Language) -> str:
    due = row[f"{name}_due"]
    return language.say(KEPT) % {"kept": row[f"{name}_kept"], "due": due} if due else ""
