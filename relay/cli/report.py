"""`relay report`: who did how much in a period, and what parties have said to the reports that they were sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, settings, table, visible

if TYPE_CHECKING:
    from relay.days import Days
    from relay.model import Party
    from relay.settings import Settings

FIRST = date(1970, 1, 1)
SHOWN = 30  # tickets below the sums
HEADS = (
    "party",
    "for",
    "in",
    "taken",
    "declined",
    "resolved",
    "back",
    "answer",
    "resolve",
    "ball",
    "",
    "spent",
    "stars",
    "in time",
)
SinceOption = Annotated[str, typer.Option(metavar="DAY", help="The first day, such as 2026-11-01 (left out: of this month).")]
UntilOption = Annotated[str, typer.Option(metavar="DAY", help="The last day (left out: today).")]
MonthOption = Annotated[str, typer.Option(metavar="MONTH", help="A whole month, such as 2026-11.")]
PartyOption = Annotated[str, typer.Option(metavar="KEY", help="As that party sees it: itself, and whom it passes tickets to.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV; times are in minutes.")]
TicketsOption = Annotated[bool, typer.Option("--tickets", help="A row for each ticket, not only for each party and link.")]
SendOption = Annotated[bool, typer.Option("--send", help="Send it to the party, as is done by itself for each month.")]
StatementsOption = Annotated[bool, typer.Option("--statements", help="List the reports that were sent, and the answers.")]


def report(
    ctx: typer.Context,
    *,
    since: SinceOption = "",
    until: UntilOption = "",
    month: MonthOption = "",
    party: PartyOption = "",
    as_csv: CsvOption = False,
    as_json: JsonOption = False,
    tickets: TicketsOption = False,
    send: SendOption = False,
    statements: StatementsOption = False,
    config: ConfigOption = None,
) -> None:
    """Tell who did how much: by party and link, tickets, times, ratings and deadlines. Days are those of the relay's zone."""
    _fit(as_csv and as_json, "--csv and --json are two forms of the same: give one of them.")
    _fit(bool(month) and bool(since or until), "--month and --since or --until name two periods: give one of them.")
    _fit(send and not party, "--send needs to know to whom: --party KEY.")
    _fit(send and (as_csv or as_json or tickets), "--send prints nothing: leave --csv, --json and --tickets out.")
    current = settings(ctx, config)
    if statements:
        _print_statements(current, as_json=as_json, as_csv=as_csv)
        return
    reader = _party(current, party)
    days = _days(current, since, until, month)
    if send and reader:
        _send(current, reader, days)
    else:
        _print(current, reader, days, tickets=tickets, as_json=as_json, as_csv=as_csv)


# ── what was asked for ─────────────────────────────────────────────────────────────────────────────────────


def _fit(wrong: bool, told: str) -> None:
    if wrong:
        raise typer.BadParameter(told)


def _party(current: Settings, key: str) -> Party | None:
    _fit(bool(key) and key not in current.parties, f"there is no party {key!r}; there are: {', '.join(current.parties)}")
    return current.parties.get(key)


def _days(current: Settings, since: str, until: str, month: str) -> Days:
    from zoneinfo import ZoneInfo

    from relay.days import Days, month_of

    today = datetime.now(UTC).astimezone(ZoneInfo(current.relay.timezone)).date()
    if month:
        days = month_of(_day(f"{month}-01", f"{month!r} is no month; write it like 2026-11"))
    else:
        last = _day(until) if until else today
        days = Days(_day(since) if since else min(last, today).replace(day=1), last)
    _fit(days.first > days.last, f"the last day, {days.last}, is before the first, {days.first}")
    _fit(days.first > today, f"{days.first} is still to come")
    return days


def _day(text: str, wrong: str = "") -> date:
    told = wrong or f"{text!r} is no day; write it like 2026-11-23"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(told) from None
    _fit(not day >= FIRST or day.year > 9000 or len(text) != len("2026-11-23"), told)
    return day


# ── what is done ───────────────────────────────────────────────────────────────────────────────────────────


def _print(current: Settings, reader: Party | None, days: Days, *, tickets: bool, as_json: bool, as_csv: bool) -> None:
    from relay import sheet, statements, tabular

    zone, now = current.relay.timezone, datetime.now(UTC)
    with database(current) as connection:
        found = statements.rows(connection, current, days, now, reader, zone=zone)
        each = statements.rows(connection, current, days, now, reader, zone=zone, each=True)
    if as_json:
        period = {"since": days.first.isoformat(), "until": days.last.isoformat()}
        print_json({**period, "party": reader and reader.key, "rows": found, "tickets": each})
    elif as_csv:
        typer.echo(
            sheet.as_csv(tabular.table(each, tabular.OF_TICKETS) if tickets else tabular.table(found, tabular.COLUMNS)), nl=False
        )
    else:
        _print_tables([] if tickets else found, each if tickets else _longest(each), f"from {days.first} to {days.last}")
        if len(each) > SHOWN and not tickets:
            typer.echo(f"\nThe tickets that were held longest; --tickets shows all {len(each)}.")


def _longest(each: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some of the tickets, in their order."""
    kept = sorted(range(len(each)), key=lambda at: -(each[at]["held"] or 0))[:SHOWN]
    return [each[at] for at in sorted(kept)]


def _print_tables(found: list[dict[str, Any]], each: list[dict[str, Any]], period: str) -> None:
    """The sums, and below them tickets; in both, a bar is as long as its time is beside the longest."""
    if found or not each:
        table(HEADS, _lines(found), f"Nothing happened {period}.")
    if each:
        typer.echo("" if not found else "\n", nl=False)
        rows = [(row["number"], *line) for row, line in zip(each, _lines(each), strict=True)]
        table(("ticket", *HEADS), rows, "")


def _lines(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    longest = max((row["held"] or 0 for row in rows), default=0)
    return [_line(row, longest) for row in rows]


def _line(row: dict[str, Any], longest: int) -> tuple[str, ...]:
    from relay import timeline

    upstream = f"{row['upstream']} ({row['link']})" if row["link"] else row["upstream"]
    counts = (str(row[name]) for name in ("received", "taken", "declined", "resolved", "reopened"))
    times = (_times(row, name) for name in ("response", "resolve"))
    kept, due = (row[f"respond_{name}"] + row[f"resolve_{name}"] for name in ("kept", "due"))
    return (
        row["name"],
        upstream,
        *counts,
        *times,
        _spoken(row["held"]),
        timeline.bar(row["held"] / longest, 10) if row["held"] else "",
        _spoken(row["spent"]),
        f"{row['stars']:g} ({row['ratings']})" if row["ratings"] else "",
        f"{kept} of {due}" if due else "",
    )


def _times(row: dict[str, Any], name: str) -> str:
    return " / ".join(dict.fromkeys(_spoken(row[f"{name}_{part}"]) for part in ("median", "90")))


def _spoken(minutes: int | None) -> str:
    """Working time in hours, however many: what a day is differs from party to party."""
    hours, rest = divmod(minutes or 0, 60)
    spoken = " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (rest, "min")) if count)
    return "" if minutes is None else spoken or "0 min"


def _send(current: Settings, reader: Party, days: Days) -> None:
    from relay import statements
    from relay.ledger import Stamp

    now = datetime.now(UTC)
    to = [contact.address for contact in statements.readers(reader)]
    if not to:
        typer.echo(f'relay: nobody gets it: give [parties.{reader.key}] contacts, or report = {{ to = ["…"] }}.', err=True)
        raise typer.Exit(1)
    with database(current, writing=True) as connection:
        found = statements.rows(connection, current, days, now, reader)
        if found:
            statements.send(connection, statements.Statement(reader, days, found), Stamp(current.relay.domain, "", now))
    if not found:
        typer.echo(f"relay: nothing to tell {reader.key} of {days.name}, so nothing is sent.", err=True)
        raise typer.Exit(1)
    typer.echo(f"the report of {days.name} goes to {', '.join(to)}")


def _print_statements(current: Settings, *, as_json: bool, as_csv: bool) -> None:
    from relay import sheet, statements, tabular

    with database(current) as connection:
        found = statements.listed(connection)
    columns = ("party", "period", "state", "sent_at", "by", "at", "words")
    if as_json:
        print_json(found)
    elif as_csv:
        typer.echo(sheet.as_csv(tabular.table(found, columns)), nl=False)
    else:
        rows = [tuple(visible(" ".join(str(one[column] or "").split())) for column in columns) for one in found]
        table(columns, rows, "No report has been sent.")
