"""`relay loops`: whose letters are paused because a program seems to answer them, and how to send them all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, remember_config, settings, table

app = typer.Typer(
    help="Tickets whose letters are paused, as a program seems to answer them: list, resume.", invoke_without_command=True
)

NumberArgument = Annotated[str | None, typer.Argument(metavar="[CHAIN]", help="The chain's number, like A-17.")]
PartyArgument = Annotated[str | None, typer.Argument(metavar="[PARTY]", help="The party's key; left out, all of the chain.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every pause.")]


@app.callback()
def loops(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what is paused, unless another command is given."""
    remember_config(ctx, config)
    if ctx.invoked_subcommand is None:
        list_(ctx, as_json, config)


@app.command("list")
def list_(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what is paused: chain, party, since when, until when, and by which sign."""
    from relay import lookups

    current = settings(ctx, config)
    with database(current) as connection:
        found = lookups.pauses(connection, current, datetime.now(UTC))
    if as_json:
        print_json(found)
    else:
        columns = ("chain", "party", "since", "until", "reason", "times", "letters")
        table(columns, [tuple(row[column] for column in columns) for row in found], "Nothing is paused.")


@app.command()
def resume(
    ctx: typer.Context,
    number: NumberArgument = None,
    party: PartyArgument = None,
    everything: AllOption = False,
    config: ConfigOption = None,
) -> None:
    """Send the letters that wait now. What came before then does not count against the party any more."""
    if not (number or everything):
        typer.echo("relay: resume what? Give a chain's number and a party's key, or --all.", err=True)
        raise typer.Exit(2)
    from relay import ledger, lookups, store

    current, now = settings(ctx, config), datetime.now(UTC)
    with database(current, writing=True) as connection:
        where: list[Any] = [store.CHAINS.c.number == number.strip("[] ").upper()] if number else []
        where += [store.TICKETS.c.party == party] if party else []
        found = lookups.pauses(connection, current, now, *where)
        for pause in found:
            ledger.resume(connection, pause["ticket"], now)
    for pause in found:
        typer.echo(f"{pause['chain']} {pause['party']}: {pause['letters']} letters will be sent now")
    if not found:
        typer.echo("relay: nothing is paused there; `relay loops` lists what is.", err=True)
        raise typer.Exit(1)
