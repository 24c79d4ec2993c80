"""Prints what `relay/mail/text/calendar.json` should hold: `python -m tests.mail.calendars > relay/mail/text/calendar.json`.

A program of its own, for Babel has one cache for a language with and without what it inherits, and what a language inherits is
changed by those that were loaded before.
"""

from __future__ import annotations

import json
from typing import Any

from babel import localedata

LANGUAGES = (
    "ru", "uk", "be", "kk", "bg", "sr", "en", "de", "fr", "es", "pt", "it", "nl", "pl", "cs", "sk", "sl", "hr", "tr", "sv",
    "da", "nb", "fi", "et", "lv", "lt", "hu", "ro", "el", "ar", "he", "id", "vi",
    "mk", "ca", "gl", "eu", "is", "sq", "ka", "hy", "az", "uz", "ky", "mn", "ms", "th", "fa", "hi",
)  # fmt: skip
KEPT_AS = {"nb": "no"}  # where CLDR has the names of a language
KINDS = {"months": ("months", range(1, 13)), "weekdays": ("days", range(7))}


def main() -> None:
    """A line for each language."""
    tables = []
    for kind, (what, keys) in KINDS.items():
        found = {language: names(language, what, keys) for language in LANGUAGES}
        rows = (f"{json.dumps(language)}: {json.dumps(row, ensure_ascii=False)}" for language, row in found.items())
        tables.append(f"{json.dumps(kind)}: {{\n" + ",\n".join(rows) + "\n}")
    print("{\n" + ",\n".join(tables) + "\n}")


def names(language: str, what: str, keys: range) -> list[list[str]]:
    """Of each month or weekday every name, wide and abbreviated, within a date and alone."""
    data: dict[str, Any] = localedata.load(KEPT_AS.get(language, language), merge_inherited=False)[what]
    tables = [by[width] for by in data.values() if isinstance(by, dict) for width in ("wide", "abbreviated") if width in by]
    own = [table for table in tables if isinstance(table, dict)]  # the others point to these
    return [list(dict.fromkeys(table[key] for table in own if key in table)) for key in keys]


if __name__ == "__main__":
    main()
