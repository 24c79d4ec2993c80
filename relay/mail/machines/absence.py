"""The days that an auto-reply says its writer is away: "until 12 March", "с 2 по 9 марта", "2026-03-02 to 2026-03-09".

Careful rather than clever: a date counts only beside a word that makes it an end, in a text that speaks of being away; a day
that could be a month as well ("03/04") does not. A missing year is the one that brings the day nearest to the mail's own Date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from email.utils import parsedate_tz
from functools import cache

from relay.mail.machines import automatic
from relay.mail.text import calendar, phrases
from relay.model import Absence

LONGEST = timedelta(days=400)
_LOOKED_AT = 4000  # characters
_DAYS = 50  # that are looked at
_LANGUAGES = (
    "en", "ru", "uk", "be", "kk", "bg", "sr", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sk", "sl", "hr", "tr", "sv",
    "da", "nb", "fi", "et", "lv", "lt", "hu", "ro", "el", "ar", "he", "id",
)  # fmt: skip
# The word before the last day; between two days, too.
_UNTIL = (
    "until", "till", "til", "through", "thru", "up to", "to", "до", "по", "bis zum", "bis", "jusqu'au", "jusqu'à", "au",
    "hasta el",
    "hasta", "al", "até", "ate", "a", "fino al", "fino a", "sino al", "tot en met", "t/m", "tot", "do", "til og med",
    "till och med",
    "t.o.m.", "tom", "asti", "saakka", "kuni", "līdz", "iki", "până pe", "până la", "până în", "pana la", "έως", "μέχρι", "ως",
    "kadar",
    "حتى", "עד", "sampai", "đến", "đến ngày", "va fino al", "og med", "par", "din",
)  # fmt: skip
# Without a first day, only those that cannot mean anything else.
_ALONE = frozenset(_UNTIL) - {"to", "по", "au", "al", "a", "va fino al", "og med", "par", "din", "ως"}
# The word before the first day at work again.
_BACK = (
    "back on", "back in the office on", "back at work on", "return on", "returning on", "returning to the office on",
    "return to the office on", "be back", "вернусь", "буду на месте", "буду на рабочем месте", "выйду на работу",
    "выхожу на работу",
    "wieder am", "wieder im büro am", "zurück am", "wieder ab", "wieder ab dem", "ab dem", "de retour le",
    "de retour à partir du",
    "de vuelta el", "regreso el", "volveré el", "de volta em", "de volta no dia", "regresso em", "rientrerò il", "di ritorno il",
    "rientro il", "terug op", "weer aanwezig op", "weer bereikbaar op", "wracam", "wrócę", "zpět od", "tillbaka den",
    "tilbake den",
    "tilbage den", "повернуся",
)  # fmt: skip
_SMALL = frozenset(
    ("the", "den", "dem", "der", "le", "el", "il", "lo", "la", "op", "am", "dia", "día", "ngày", "and", "including", "incl",
    "inclusive", "einschliesslich",
     "einschl", "включительно", "dne", "dnia", "on", "и", "zum", "em", "no")
)  # fmt: skip
_BETWEEN = ("-", "–", "—", "−", "~", "～", "から", "부터", "至", "到")
_DASH = r"\s*[-–—−]\s*"
_MONTH = r"[^\W\d_]{2,14}"
_TO = rf"(?:{_DASH}(?P<l>\d{{1,2}})(?![\d:]))"
_ORDINAL = "(?:st|nd|rd|th|er|º|-?го|-?е)?"
_WRITTEN = (
    rf"(?P<d>\d{{1,2}}){_ORDINAL}\.?\s{{0,2}}(?:of\s|de\s|d'|del\s)?(?P<m>{_MONTH})\.?(?:,?\s(?:de\s|del\s)?(?P<y>20\d\d)(?!\d))?"
)
_AMERICAN = rf"(?P<m>{_MONTH})\.?\s(?P<d>\d{{1,2}}){_ORDINAL}(?![\d:.]\d){_TO}?(?:,?\s(?P<y>20\d\d)(?!\d))?"
_ISO = r"(?P<y>20\d\d)[-./](?P<n>\d{1,2})[-./](?P<d>\d{1,2})(?!\d)"
_FULL = r"(?P<d>\d{1,2})(?P<s>[./-])(?P<n>\d{1,2})(?P=s)(?P<y>20\d\d|\d\d)(?!\d)"
_SHORT = r"(?P<d>\d{1,2})\.(?P<n>(?:0[1-9]|1[0-2])(?![\d.])|\s?(?:0?[1-9]|1[0-2])(?=\.(?!\d)))\.?"
_EAST = r"(?:(?P<y>20\d\d)\s?[年년]\s?)?(?P<n>\d{1,2})\s?[月월]\s?(?P<d>\d{1,2})\s?[日일]"
# In this order: a day that one form has found is not read by the next.
_FORMS = (
    *(re.compile(rf"(?<![\w./:-]){form}") for form in (_ISO, _FULL, _SHORT, _WRITTEN, _AMERICAN)),
    re.compile(rf"(?<![\d./:-]){_EAST}"),
)


@dataclass(frozen=True, slots=True)
class _Day:
    """A day as it stands in a text, from `start` to `end`; year 0 where there is none. `first` is of "March 2-9", else 0."""

    start: int
    end: int
    year: int
    month: int
    day: int
    first: int = 0


def read(text: str, sent: str) -> Absence | None:
    """The absence that `text` (subject and body of an auto-reply) tells of, or None. `sent` is the mail's Date. Never raises."""
    said = automatic.folded(text[:_LOOKED_AT])
    if not automatic.speaks_of_absence(said):
        return None
    written = _sent(sent)
    days = list(_days(said))
    found = (_absence(said, days, at, written) for at in range(len(days)))
    return next((absence for absence in found if absence), None)


def _absence(said: str, days: list[_Day], at: int, sent: date | None) -> Absence | None:
    """What the day at that place is the end of; None when it is the end of nothing."""
    last = days[at]
    if at and _joins(said[days[at - 1].end : last.start]):
        return _checked(days[at - 1], last, sent)
    before = said[max(0, last.start - 60) : last.start]
    if first := last.first or _bare_day(before):
        return _checked(_Day(0, 0, last.year, last.month, first), last, sent)
    if _ends_with(before, _ALONE) or _follows(said[last.end : last.end + 12]):
        return _checked(None, last, sent)
    if _ends_with(before, _BACK):
        return _checked(None, last, sent, back=True)
    return None


def _checked(first: _Day | None, last: _Day, sent: date | None, *, back: bool = False) -> Absence | None:
    until = _date(last, sent)
    if until is None:
        return None
    since = _date(first, until) if first else None
    too_long = since is not None and not timedelta(0) <= until - since <= LONGEST
    if too_long or (first and since is None) or (sent and abs(until - sent) > LONGEST):
        return None
    return Absence(since.isoformat() if since else "", (until - timedelta(days=back)).isoformat())


def _date(day: _Day, near: date | None) -> date | None:
    """The day with its year: where none stands, that which brings it nearest to `near`."""
    years = [day.year] if day.year else [near.year + more for more in (-1, 0, 1)] if near else []
    found = [made for year in years if (made := _made(year, day.month, day.day))]
    return min(found, key=lambda made: abs(made - near) if near else timedelta(0), default=None)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _sent(field: str) -> date | None:
    parsed = parsedate_tz(field)
    return _made(*parsed[:3]) if parsed else None


# ── what stands around a day ───────────────────────────────────────────────────────────────────────────────


def _joins(between: str) -> bool:
    """Whether two days are the first and the last: nothing but a dash or such a word stands between them."""
    return any(tail in _UNTIL or tail in _BETWEEN for tail in _tails(between))


def _bare_day(before: str) -> int:
    """The first day where it borrows the month of the last: "2 to 9 March", "2–9 марта", "March 2-9"; else 0."""
    match = re.search(rf"(?<![\d.:/-])(\d{{1,2}})(?:st|nd|rd|th|er|\.)?(?:{_DASH}|\s(?:{_any(_UNTIL)})\s)$", before)
    return int(match[1]) if match else 0


def _ends_with(before: str, found: frozenset[str] | tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<!\w)(?:{_any(found)})$", tail) for tail in _tails(before))


def _follows(after: str) -> bool:
    """The languages in which the word comes after the day."""
    return re.match(r"\s?(?:-j?é?ig\b|まで|까지|为止|為止|止|'?(?:y?[eaı]|n?[ae])?\s?kadar|saakka|asti)", after) is not None


def _tails(text: str) -> list[str]:
    """The text, and the same with one after another of the weekdays, articles and commas at its end taken away."""
    tokens = re.sub("[,()]", " ", text).split()
    found = [" ".join(tokens)]
    while tokens and tokens.pop().rstrip(".") in _weekdays() | _SMALL:
        found.append(" ".join(tokens))
    return found


@cache
def _any(found: frozenset[str] | tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(found, key=lambda word: (-len(word), word)))


# ── days ───────────────────────────────────────────────────────────────────────────────────────────────────


def _days(said: str) -> list[_Day]:
    """Every day in the text, in order."""
    found: list[_Day] = []
    for form in _FORMS:
        for match in form.finditer(said):
            day = _day(match)
            if day and all(day.end <= other.start or other.end <= day.start for other in found):
                found.append(day)
    return sorted(found[:_DAYS], key=lambda day: day.start)


def _day(match: re.Match[str]) -> _Day | None:
    of = {name: value for name, value in match.groupdict().items() if value}
    day, month = int(of["d"]), int(of["n"]) if "n" in of else months().get(of["m"], 0)
    if of.get("s") == "/" and max(day, month) <= 12 and day != month:
        return None
    if of.get("s") == "/" and month > 12:
        day, month = month, day
    year = int(of.get("y", "0"))
    year += 2000 * (0 < year < 100)
    first, last = (day, int(of["l"])) if "l" in of else (0, day)
    return _Day(match.start(), match.end(), year, month, last, first) if _made(year or 2000, month, last) else None


@cache
def months() -> dict[str, int]:
    """Month names and their abbreviations without a full stop → number; without those that mean two months in two languages."""
    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        for number, names in enumerate(calendar.months()[language], 1):
            for name in names:
                found.setdefault(name.casefold().rstrip("."), set()).add(number)
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1 and name.isalpha() and len(name) > 1}


@cache
def _weekdays() -> frozenset[str]:
    """Weekdays, also as Russian has them after "до"; without abbreviations, among which "to" and "do" are Thursdays."""
    named = frozenset(name.casefold() for name in phrases.weekdays() if len(name) > 2)
    return named | {"понедельника", "вторника", "среды", "четверга", "пятницы", "субботы", "воскресенья"}
