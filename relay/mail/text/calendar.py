"""The names of months and weekdays in every language, out of CLDR as Babel has it.

They are kept in `calendar.json`, for Babel takes a quarter of a second and 50 MB to find them, in each process that reads
mails; `tests.mail.calendars` writes them, and a test holds them against Babel.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("calendar.json")

Names = dict[str, list[list[str]]]  # language → of each month (weekday, Monday first) every name, wide and abbreviated


@cache
def months() -> Names:
    """Twelve a language."""
    return _read()["months"]


@cache
def weekdays() -> Names:
    """Seven a language."""
    return _read()["weekdays"]


@cache
def _read() -> dict[str, Names]:
    read: dict[str, Names] = json.loads(FILE.read_text("utf-8"))
    return read
