"""The rows of a report as plain values, and as CSV that no spreadsheet takes for formulas. Times are whole minutes."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from relay.report import Row

Plain = dict[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a cell with a formula begins with (OWASP, "CSV Injection")
MINUTE = timedelta(minutes=1)
COLUMNS = (
    "party",
    "name",
    "upstream",
    "link",
    "received",
    "taken",
    "declined",
    "resolved",
    "reopened",
    "response_median",
    "response_90",
    "resolve_median",
    "resolve_90",
    "held",
    "spent",
    "ratings",
    "stars",
    "respond_kept",
    "respond_due",
    "resolve_kept",
    "resolve_due",
)
FOR_PARTIES = COLUMNS[1:]  # the keys of parties are the administrator's affair


def plain(row: Row) -> Plain:
    """The row as JSON has it, by `COLUMNS`; None where there is nothing to tell."""
    times = {"response": row.response, "resolve": row.resolve}
    found = {name: getattr(row, name) for name in COLUMNS if hasattr(row, name)}
    found |= {f"{name}_median": minutes(each.median if each else None) for name, each in times.items()}
    found |= {f"{name}_90": minutes(each.ninety if each else None) for name, each in times.items()}
    found |= {"held": minutes(row.held), "spent": minutes(row.spent)}
    found |= {"respond_kept": row.respond_within.kept, "respond_due": row.respond_within.due}
    found |= {"resolve_kept": row.resolve_within.kept, "resolve_due": row.resolve_within.due}
    return {name: found[name] for name in COLUMNS}


def minutes(time: timedelta | None) -> int | None:
    """Whole minutes, to the nearest."""
    return None if time is None else round(time / MINUTE)


def as_csv(rows: Iterable[Plain], columns: Sequence[str] = COLUMNS) -> str:
    """A line for each row below a line of heads (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([cell(row[name]) for name in columns] for row in rows)
    return text.getvalue()


def cell(value: object) -> str:
    """What stands in one cell: one line without control and bidi characters, never a formula; "" for None."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = "".join(" " if char.isspace() else char for char in value if char.isspace() or unicodedata.category(char)[0] != "C")
    return f"'{text}" if value.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text
