"""The names of months and weekdays are those of CLDR."""

from __future__ import annotations

import os
import subprocess
import sys

from relay.mail.text import calendar
from tests.mail.calendars import LANGUAGES


def test_the_names_are_those_of_cldr() -> None:
    """`tests.mail.calendars` says how they are written anew."""
    command, variables = [sys.executable, "-m", "tests.mail.calendars"], os.environ | {"PYTHONIOENCODING": "utf-8"}
    told = subprocess.run(command, env=variables, capture_output=True, check=True).stdout.decode()
    assert calendar.FILE.read_text("utf-8") == told


def test_every_month_and_weekday_has_a_name_in_every_language() -> None:
    for table, count in ((calendar.months(), 12), (calendar.weekdays(), 7)):
        assert tuple(table) == LANGUAGES
        assert all(len(row) == count and all(row) for row in table.values())
