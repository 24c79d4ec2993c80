"""The rows of a report as plain values: what JSON has of them, and a table's columns. Times are whole minutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from relay.report import Row

Plain = dict[str, Any]
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
OF_TICKETS = ("number", *COLUMNS)
FOR_PARTIES = COLUMNS[1:]  # the keys of parties are the administrator's affair


def plain(row: Row) -> Plain:
    """The row as JSON has it, by `COLUMNS`, or `OF_TICKETS` for a row of one ticket; None where there is nothing to tell."""
    times = {"response": row.response, "resolve": row.resolve}
    found = {name: getattr(row, name) for name in OF_TICKETS if hasattr(row, name)}
    found |= {f"{name}_median": minutes(each.median if each else None) for name, each in times.items()}
    found |= {f"{name}_90": minutes(each.ninety if each else None) for name, each in times.items()}
    found |= {"held": minutes(row.held), "spent": minutes(row.spent)}
    found |= {"respond_kept": row.respond_within.kept, "respond_due": row.respond_within.due}
    found |= {"resolve_kept": row.resolve_within.kept, "resolve_due": row.resolve_within.due}
    return {name: found[name] for name in (OF_TICKETS if row.number else COLUMNS)}


def minutes(time: timedelta | None) -> int | None:
    """Whole minutes, to the nearest."""
    return None if time is None else round(time / MINUTE)


def table(rows: Iterable[Plain], columns: Sequence[str] = COLUMNS) -> list[Sequence[object]]:
    """The heads, and a line for each row."""
    return [columns, *([row[name] for name in columns] for row in rows)]
