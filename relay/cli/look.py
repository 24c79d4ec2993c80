"""`relay chains`, `relay show`, `relay trace`: what there is and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, settings, table, visible

if TYPE_CHECKING:
    from relay.lookups import Facts
    from relay.settings import RelaySettings

SHOWN = (
    "status",
    "mail",
    "since",
    "until",
    "reference",
    "stars",
    "minutes",
    "reason",
    "name",
    "value",
    "before",
    "address",
    "muted",
)  # of an event's data
AllOption = Annotated[bool, typer.Option("--all", help="Also those that are over.")]


HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write one page, with everything but addresses of tickets, into FILE."),
]


def chains(ctx: typer.Context, everything: AllOption = False, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the chains that are open and who has the ball."""
    from relay import lookups

    current = settings(ctx, config)
    with database(current) as connection:
        found = lookups.chains(connection, current, everything=everything)
    if as_json:
        print_json(found)
    else:
        rows = [
            (c["number"], c["opened_at"], c["parties"], ", ".join(c["ball"]), ", ".join(c["overdue"]), c["subject"])
            for c in found
        ]
        table(("chain", "opened", "parties", "has the ball", "overdue", "subject"), rows, "No chain is open.")


def show(
    ctx: typer.Context, number: str, as_json: JsonOption = False, html: HtmlOption = None, config: ConfigOption = None
) -> None:
    """Show a chain whole: its tickets, who had the ball when, what happened, and every delivery."""
    from relay import lookups

    current = settings(ctx, config)
    with database(current) as connection:
        found = lookups.show(connection, current, number)
    if found is None:
        typer.echo(f"relay: there is no chain {number}; `relay chains --all` lists them.", err=True)
        raise typer.Exit(1)
    if html is not None:
        _write_page(found, current.relay, html)
    elif as_json:
        print_json(found)
    else:
        _print_chain(found)


def trace(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A Message-ID, a queue id or a chain number.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Follow a mail from its arrival to the last letter's delivery."""
    from relay import lookups

    current = settings(ctx, config)
    with database(current) as connection:
        found = lookups.trace(connection, current, wanted)
    if not found:
        typer.echo(
            f"relay: no mail is known by {wanted}: neither Message-ID nor queue id nor chain. Refused mails are in the log.",
            err=True,
        )
        raise typer.Exit(1)
    if as_json:
        print_json(found)
        return
    for mail in found:
        _print_mail(mail)


def _write_page(chain: Facts, relay: RelaySettings, file: Path) -> None:
    from relay.cli import page

    try:
        file.write_text(page.render(chain, relay, datetime.now(UTC)), "utf-8")
    except OSError as error:
        typer.echo(f"relay: {file} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{file}: all of {chain['number']}, internal notes too: it is not for every party's eyes.")


def _print_chain(chain: Facts) -> None:
    typer.echo(f"{chain['number']}  {chain['subject']}")
    typer.echo(f"opened {chain['opened_at']}, the ball is with {', '.join(chain['ball']) or 'nobody'}\n")
    rows = [("  " * t["depth"] + t["name"], t["status"], t["reference"], t["thread"]) for t in chain["tickets"]]
    table(("party", "status", "number", "thread address"), rows)
    names = {t["id"]: t["name"] for t in chain["tickets"]}
    typer.echo()
    _print_timeline(chain)
    for ticket in chain["tickets"]:
        _print_more(ticket)
    for event in chain["events"]:
        _print_event(event, names)
    typer.echo()
    table(("letter", "kind", "to", "state", "tries", "answer"), [_letter_row(row) for row in chain["deliveries"]])


def _print_timeline(chain: Facts) -> None:
    """Who had the ball when, a line a ticket, up to now or the end."""
    from relay import timeline
    from relay.cli import page

    start, end, times = page.times(chain, datetime.now(UTC))
    typer.echo(f"who had the ball, from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")
    rows = []
    for ticket in chain["tickets"]:
        spells = times.get(ticket["id"], [])
        held = timeline.spoken(sum((until - since for since, until in spells), timedelta())) if spells else ""
        rows.append(("  " * ticket["depth"] + ticket["name"], timeline.line(spells, start, end), held))
    table(("", "", ""), rows)
    typer.echo()


def _print_more(ticket: Facts) -> None:
    """What only some tickets have: facts that the party has told, people who want no letters, deadlines."""
    told = [f"{name}: {value}" for name, value in ticket["facts"].items()]
    more = told + [f"no letters to {address}, who has asked for none" for address in ticket["muted"]]
    more += [_due(due) for due in ticket["due"] if due["state"] != "void"]
    for line in more:
        typer.echo(f"{ticket['name']}: {line}")
    if more:
        typer.echo()


def _due(due: Facts) -> str:
    late = ", overdue" if due["overdue"] else ", missed" if due["missed"] else ""
    how = (
        f"met {due['met_at']}"
        if due["met_at"]
        else f"the clock stands, {due['left'] // 60} min left"
        if due["state"] == "stopped"
        else "running"
    )
    return f"to {due['kind']} by {due['at']}: {how}{late}"


def _print_event(event: Facts, names: dict[int, str]) -> None:
    mark = " (internal)" if event["internal"] else ""
    to = (
        f" to {names.get(event['data'].get('ticket'), '?')}"
        if event["kind"] in ("passed", "undelivered", "status", "rating")
        else ""
    )
    facts = ", ".join(f"{key} {value}" for key, value in event["data"].items() if key in SHOWN and value)
    said = f"{event['kind']}{to}{mark}{': ' + facts if facts else ''}"
    typer.echo(visible(f"{event['at']}  {names[event['ticket']]}: {event['author_name'] or event['author']}: {said}"))
    for line in event["text"].splitlines():
        typer.echo(visible(f"    {line}"))
    for file in event["attachments"]:
        typer.echo(f"    [{file['name']}, {file['type']}, {file['size']} bytes]")


def _print_mail(mail: Facts) -> None:
    typer.echo(f"{mail['received_at']}  {mail['id']}  {mail['state']}{': ' + mail['reason'] if mail['reason'] else ''}")
    typer.echo(f"    from {mail['from']} ({mail['peer']}), {mail['message_id'] or 'no Message-ID'}")
    typer.echo(f"    chain {mail['chain'] or '-'}, events: {', '.join(mail['events']) or 'none'}")
    for line in _proof(mail["verdict"] or {}):
        typer.echo(f"    {line}")
    table(("letter", "kind", "to", "state", "tries", "answer"), [_letter_row(row) for row in mail["letters"]], "    no letters")


def _proof(verdict: Facts) -> list[str]:
    """What the mail showed of its author, a line for each method, as far as something was found; the records with --json."""
    spf, dmarc, arc = (verdict.get(name) or {} for name in ("spf", "dmarc", "arc"))
    lines = [f"spf {spf['result']} for {spf['domain']}"] if spf.get("domain") else []
    for each in verdict.get("dkim", ()):
        lines.append(f"dkim {each['result']} by {each['domain']}, selector {each['selector']}{_why(each)}")
    if dmarc.get("record"):
        lines.append(f"dmarc {dmarc['name']}: {dmarc['record']}")
    if arc.get("sealer"):
        lines.append(f"arc {arc['result']}, sealed by {arc['sealer']}{_why(arc)}")
    return lines


def _why(found: Facts) -> str:
    return f" ({found['why']})" if found.get("why") else ""


def _letter_row(row: Facts) -> tuple[Any, ...]:
    along = f" with {row['with']}" if row["state"] == "sent" and row["with"] not in (None, row["id"]) else ""
    return row["id"], row["kind"], row["to"], row["state"] + along, row["attempts"], row["reason"]
