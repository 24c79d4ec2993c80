"""`relay address`: the addresses of tickets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from relay.cli.common import ConfigOption, database, remember_config, settings

app = typer.Typer(help="The addresses of tickets: renew.", no_args_is_help=True)

app.callback()(remember_config)


@app.command()
def renew(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="CHAIN", help="A chain's number, such as A-17.")],
    party: Annotated[str, typer.Argument(metavar="PARTY", help="The key of the party whose addresses are to be new.")],
    config: ConfigOption = None,
) -> None:
    """Give a party's ticket new addresses. Its people get a mail from the new one; the old ones tell them where to write."""
    from relay import ledger, store
    from relay.renewal import renew as renewed

    current = settings(ctx, config)
    with database(current, writing=True) as connection:
        chain_id = store.find_chain(connection, number)
        stamp = ledger.Stamp(current.relay.domain, "", datetime.now(UTC))
        new = [] if chain_id is None else renewed(connection, current, chain_id, party, stamp)
    if not new:
        why = f"there is no chain {number}" if chain_id is None else f"{party} has no ticket in {number}"
        typer.echo(f"relay: {why}; `relay show {number}` names the parties of a chain.", err=True)
        raise typer.Exit(1)
    for one in new:
        typer.echo(one)
