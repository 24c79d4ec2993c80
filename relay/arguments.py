"""The arguments of commands as people write them: durations and days, in every language of `keywords`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from relay.keywords import LANGUAGES, Arguments, merged

LONGEST = 1000  # characters of a command's argument

_ALL: tuple[Arguments, ...] = tuple(language.arguments for language in LANGUAGES.values())
UNTIL = frozenset(merged(lambda language: language.arguments.until))  # what may stand before a day: "until friday"


def _one_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(phrases, key=len, reverse=True))


_UNITS = {"h": 60, "m": 1, "d": 8 * 60}
_UNIT_WORDS = {
    "h": _one_of(merged(lambda language: language.arguments.hours)),
    "m": _one_of(merged(lambda language: language.arguments.minutes)),
    "d": _one_of(merged(lambda language: language.arguments.days)),
}
_NUMBER = r"\d{1,4}(?:[.,]\d{1,2})?"
_PIECE = re.compile(
    rf"\s*({_NUMBER})\s*(?:" + "|".join(rf"(?P<{unit}>{words})" for unit, words in _UNIT_WORDS.items()) + r")\.?(?![^\W\d_])",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\s*(\d{1,3}):([0-5]\d)(?!\d)")

_MONTH = {word: number for words in _ALL for number, names in enumerate(words.months, 1) for word in names}
_WEEKDAY = {word: number for words in _ALL for number, names in enumerate(words.weekdays) for word in names}
_DAYS_AHEAD = {
    phrase: ahead
    for words in _ALL
    for ahead, phrases in enumerate((words.today, words.tomorrow, words.day_after_tomorrow))
    for phrase in phrases
}
_DAY_WORD = re.compile(rf"({_one_of((*_DAYS_AHEAD, *_WEEKDAY))})(?![^\W\d_])", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?(?![\d])")
_NAMED = re.compile(r"(\d{1,2})\s+([^\W\d_]+)\.?(?:\s+(\d{4})(?!\d))?")
_NAMED_FIRST = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?(?!\d)")


def duration(text: str) -> tuple[int, str] | None:
    """Minutes at the beginning of `text`, and the rest; None where there is no duration. A day has eight hours.

    >>> duration("1h30m on site"), duration("1ч30м"), duration("90 мин"), duration("1,5 ч"), duration("soon")
    ((90, 'on site'), (90, ''), (90, ''), (90, ''), None)
    """
    if clock := _CLOCK.match(text):
        return int(clock[1]) * 60 + int(clock[2]), text[clock.end() :].strip(" ,.;:")
    minutes, at = 0.0, 0
    while piece := _PIECE.match(text, at):
        minutes += float(piece[1].replace(",", ".")) * _UNITS[str(piece.lastgroup)]
        at = piece.end()
    return (round(minutes), text[at:].strip(" ,.;:")) if at and minutes else None


def day(text: str, today: date) -> tuple[date, str] | None:
    """The day at the beginning of `text`, and the rest; None where there is none. Days without a year lie ahead.

    >>> monday = date(2026, 11, 23)
    >>> [str(day(text, monday)[0]) for text in ("friday", "5.12", "2026-12-05", "завтра", "1 марта", "пн")]
    ['2026-11-27', '2026-12-05', '2026-12-05', '2026-11-24', '2027-03-01', '2026-11-30']
    """
    text = text.strip()
    for read in (_iso, _dotted, _named, _relative):
        if found := read(text, today):
            on, end = found
            return on, text[end:].strip(" ,.;:")
    return None


def _iso(text: str, _today: date) -> tuple[date, int] | None:
    match = _ISO.match(text)
    return _whole(match, int(match[1]), int(match[2]), int(match[3])) if match else None


def _dotted(text: str, today: date) -> tuple[date, int] | None:
    match = _DOTTED.match(text)
    return _ahead(match, int(match[1]), int(match[2]), match[3], today) if match else None


def _named(text: str, today: date) -> tuple[date, int] | None:
    for pattern, at, month in ((_NAMED, 1, 2), (_NAMED_FIRST, 2, 1)):
        if (match := pattern.match(text)) and (number := _MONTH.get(match[month].lower())):
            return _ahead(match, int(match[at]), number, match[3], today)
    return None


def _relative(text: str, today: date) -> tuple[date, int] | None:
    match = _DAY_WORD.match(text)
    if match is None:
        return None
    word = " ".join(match[1].lower().split())
    if (ahead := _DAYS_AHEAD.get(word)) is not None:
        return today + timedelta(days=ahead), match.end()
    return today + timedelta(days=(_WEEKDAY[word] - today.weekday() - 1) % 7 + 1), match.end()


def _ahead(match: re.Match[str], on: int, month: int, year: str | None, today: date) -> tuple[date, int] | None:
    """With a year as it is written; without one, the next such day."""
    if year:
        return _whole(match, int(year) + (2000 if len(year) == 2 else 0), month, on)
    this = _whole(match, today.year, month, on)
    return this if this and this[0] >= today else _whole(match, today.year + 1, month, on)


def _whole(match: re.Match[str], year: int, month: int, on: int) -> tuple[date, int] | None:
    try:
        return date(year, month, on), match.end()
    except ValueError:
        return None
