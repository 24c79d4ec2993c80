"""`relay held`: mails that wait for a person's decision."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, remember_config, settings, table, visible

if TYPE_CHECKING:
    from relay.settings import Settings

app = typer.Typer(help="Mails that wait for a decision: list, show, release, refuse.", no_args_is_help=True)

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Mails, by queue id.")]
FromOption = Annotated[str | None, typer.Option("--from", help="Mails of addresses that contain this.")]
AllOption = Annotated[bool, typer.Option("--all", help="All held mails.")]


app.callback()(remember_config)


@app.command("list")
def list_(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the held mails, each with the reason."""
    from relay import lookups

    with database(settings(ctx, config)) as connection:
        found = lookups.held(connection)
    if as_json:
        print_json(found)
    else:
        columns = ("id", "received_at", "from", "subject", "reason")
        table(columns, [tuple(mail[column] for column in columns) for mail in found], "No mail is held.")


@app.command()
def show(ctx: typer.Context, mail: str, config: ConfigOption = None) -> None:
    """Print a held mail as it came."""
    from storage.spool import NotInSpool, Spool

    current = settings(ctx, config)
    _the_held(current, [mail], None, everything=False)
    spool = Spool(current.relay.data / "spool")
    try:
        _, raw = spool.read(mail)
    except NotInSpool as error:
        typer.echo(f"relay: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        spool.close()
    typer.echo(visible(raw.decode(errors="replace").replace("\r\n", "\n")))


@app.command()
def release(
    ctx: typer.Context,
    ids: IdsArgument = None,
    sender: FromOption = None,
    everything: AllOption = False,
    config: ConfigOption = None,
) -> None:
    """Let held mails through, as if their writers were of the party."""
    current = settings(ctx, config)
    done = _release(current, _the_held(current, ids or [], sender, everything=everything))
    for mail, what in done:
        typer.echo(f"mail {mail}: {what}")
    if any(not what.startswith("released") for _, what in done):
        raise typer.Exit(1)


@app.command()
def refuse(
    ctx: typer.Context,
    ids: IdsArgument = None,
    sender: FromOption = None,
    everything: AllOption = False,
    config: ConfigOption = None,
) -> None:
    """Drop held mails: nothing of them is forwarded. Their writers are not told; the raw mails stay in the spool."""
    from sqlalchemy import update

    from relay.store import MAILS

    current = settings(ctx, config)
    for mail in _the_held(current, ids or [], sender, everything=everything):
        with database(current, writing=True) as connection:
            still = (MAILS.c.id == mail, MAILS.c.state == "held")
            refused = connection.execute(update(MAILS).where(*still).values(state="refused")).rowcount
        typer.echo(f"mail {mail}: {'refused' if refused else 'not held any more'}")


@app.command()
def admitted(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List who writes for a party because somebody of it has answered yes to a question about a held mail."""
    from relay import lookups

    with database(settings(ctx, config)) as connection:
        found = lookups.admitted(connection)
    if as_json:
        print_json(found)
    else:
        columns = ("party", "address", "by", "at")
        table(columns, [tuple(one[column] for column in columns) for one in found], "Nobody has been let in.")


@app.command()
def forget(ctx: typer.Context, party: str, address: str, config: ConfigOption = None) -> None:
    """Take back a yes: that address writes for the party no more."""
    from sqlalchemy import delete

    from relay.store import ADMITTED

    with database(settings(ctx, config), writing=True) as connection:
        mine = (ADMITTED.c.party == party, ADMITTED.c.address == address.lower())
        gone = connection.execute(delete(ADMITTED).where(*mine)).rowcount
    if not gone:
        typer.echo(f"relay: {address} was not let in for {party}; `relay held admitted` lists who was.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{address} does not write for {party} any more")


def _the_held(current: Settings, ids: list[str], sender: str | None, *, everything: bool) -> list[str]:
    """The ids that were meant. Exits with 2 when none were named, with 1 when one is not held."""
    from relay import lookups

    if not (ids or sender or everything):
        typer.echo("relay: which mails? Give their queue ids, --from ADDRESS, or --all.", err=True)
        raise typer.Exit(2)
    with database(current) as connection:
        held = {mail["id"]: mail["from"].lower() for mail in lookups.held(connection)}
    if strange := [mail for mail in ids if mail not in held]:
        typer.echo(f"relay: not held: {', '.join(strange)}; `relay held list` names those that are.", err=True)
        raise typer.Exit(1)
    return ids or [mail for mail, author in held.items() if (sender or "").lower() in author]


def _release(current: Settings, mails: list[str]) -> list[tuple[str, str]]:
    """Settles those mails by the server's own code; what has become of each."""
    import asyncio

    from relay import app, logs, privileges

    privileges.drop(current.relay.user)  # the server must be able to read what is written here
    return asyncio.run(app.release(current, logs.configure(level=logging.ERROR), mails))
