"""The names of months and weekdays are those of CLDR. `python -m tests.mail.test_calendar` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from babel import localedata

from relay.mail.text import calendar

LANGUAGES = (
    "ru", "uk", "be", "kk", "bg", "sr", "en", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sk", "sl", "hr", "tr", "sv",
    "da", "nb", "fi", "et", "lv", "lt", "hu", "ro", "el", "ar", "he", "id", "vi",
    "mk", "ca", "gl", "eu", "is", "sq", "ka", "hy", "az", "uz", "ky", "mn", "ms", "th", "fa", "hi",
)  # fmt: skip
KEYS = {"months": range(1, 13), "days": range(7)}


def names(language: str, what: str) -> list[list[str]]:
    """Of one language alone: a `Locale` also has what another one, loaded before, has left in what both inherit."""
    data: dict[str, Any] = localedata.load({"nb": "no"}.get(language, language), merge_inherited=False)[what]
    tables = [by[width] for by in data.values() if isinstance(by, dict) for width in ("wide", "abbreviated") if width in by]
    return [once(table[key] for table in tables if isinstance(table, dict) and key in table) for key in KEYS[what]]


def once(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(found))


def calendars() -> dict[str, calendar.Names]:
    kinds = {"months": "months", "weekdays": "days"}
    return {kind: {language: names(language, what) for language in LANGUAGES} for kind, what in kinds.items()}


def written(found: dict[str, calendar.Names]) -> str:
    """As JSON, a line for each language."""
    tables = []
    for kind, table in found.items():
        rows = ",\n".join(f"{json.dumps(language)}: {json.dumps(row, ensure_ascii=False)}" for language, row in table.items())
        tables.append(f"{json.dumps(kind)}: {{\n{rows}\n}}")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def test_the_names_are_those_of_cldr() -> None:
    assert calendar.FILE.read_text("utf-8") == written(calendars())


def test_every_month_and_weekday_has_a_name_in_every_language() -> None:
    for table, count in ((calendar.months(), 12), (calendar.weekdays(), 7)):
        assert tuple(table) == LANGUAGES
        assert all(len(row) == count and all(row) for row in table.values())


if __name__ == "__main__":
    calendar.FILE.write_text(written(calendars()), "utf-8")
