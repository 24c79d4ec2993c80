"""`relay digest`: what a party's digest would say now; with --send it goes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.common import ConfigOption, JsonOption, opened, print_json, settings, visible

if TYPE_CHECKING:
    from relay.settings import Settings

SendOption = Annotated[bool, typer.Option("--send", help="Put it into the outbox for all its readers.")]


def digest(
    ctx: typer.Context,
    party: Annotated[str, typer.Argument(metavar="PARTY", help="The party's key.")],
    send: SendOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print a party's digest as it would go out now. One that names nothing goes to nobody."""
    from relay import digester
    from relay.ledger import Stamp

    current = settings(ctx, config)
    if party not in current.parties:
        typer.echo(f"relay: there is no party {party}; the configuration has {', '.join(current.parties)}.", err=True)
        raise typer.Exit(1)
    stamp = Stamp(current.relay.domain, "", datetime.now(UTC))
    with opened(current) as database:
        data = database.read_now(lambda c: digester.collect(c, current, party, stamp.now))
        readers = database.read_now(lambda c: digester.readers(c, current.parties[party]))
        to = [reader.address for reader in readers] if data["rows"] else []
        if send and (to or not data["rows"]):
            with database.begin() as connection:
                digester.send(connection, current, data, stamp.now, stamp)
    print_json(_facts(data, to, sent=send and bool(to))) if as_json else _print(current, data, to, sent=send)
    if send and data["rows"] and not to:
        raise typer.Exit(1)


def _facts(data: dict[str, Any], to: list[str], *, sent: bool) -> dict[str, Any]:
    told = ("party", "at", "since", "more", "rows")
    return {**{name: data[name] for name in told}, "to": to, "sent": sent}


def _print(current: Settings, data: dict[str, Any], to: list[str], *, sent: bool) -> None:
    from relay import address, correspondence
    from relay.letters import Letters
    from relay.model import Contact

    relay, at = current.relay, datetime.fromisoformat(data["at"])
    names = {"token": address.mint(), "message_id": f"<{address.mint()}@{relay.domain}>"}
    letter = correspondence.digest(current, data, Contact(relay.postmaster), at=at, **names)
    typer.echo(visible(Letters(relay.domain, relay.name, relay.templates).written(letter)[1].rstrip()))
    if not data["rows"]:
        typer.echo("\nrelay: there is nothing to say, so it goes to nobody.", err=True)
    elif not to:
        typer.echo(
            f"\nrelay: nobody reads it: [parties.{data['party']}] has neither digest.to nor contacts, or all want none.", err=True
        )
    else:
        typer.echo(f"\nrelay: {'goes out now' if sent else 'would go out'} to {', '.join(to)}.", err=True)
