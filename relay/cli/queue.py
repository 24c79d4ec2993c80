"""`relay queue`: the letters that wait, and what to do with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, remember_config, settings, table

if TYPE_CHECKING:
    from relay.settings import Settings

app = typer.Typer(help="Letters that wait: list, show, retry, hold, release, drop.", no_args_is_help=True)

IdsArgument = Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Letters, by number.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Letters to addresses that contain this.")]
AllOption = Annotated[bool, typer.Option("--all", help="All that the command applies to.")]

# What a command does: from which states, to which, and in which word it is told.
DEEDS = {
    "retry": (("due", "failed", "held"), "due", "will be tried now"),
    "hold": (("due",), "held", "held"),
    "release": (("held",), "due", "released"),
    "drop": (("due", "held", "failed"), "dropped", "dropped"),
}


app.callback()(remember_config)


@app.command("list")
def list_(
    ctx: typer.Context,
    to: ToOption = None,
    everything: AllOption = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the letters that wait, with reason, next try and expiry; --all also those that are done with."""
    from relay import lookups
    from relay.store import LETTERS

    current = settings(ctx, config)
    where: list[Any] = [] if everything else [LETTERS.c.state.in_((*lookups.WAITING, "joined", "failed"))]
    where += [LETTERS.c.recipient.contains(to, autoescape=True)] if to else []
    with database(current) as connection:
        found = lookups.queue(connection, current, *where)
    if as_json:
        print_json(found)
    else:
        columns = ("id", "kind", "to", "state", "attempts", "next_try", "expires_at", "reason")
        table(columns, [tuple(row[column] for column in columns) for row in found], "No letter waits.")


@app.command()
def show(ctx: typer.Context, letter: int, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show one letter."""
    from relay import lookups
    from relay.store import LETTERS

    current = settings(ctx, config)
    with database(current) as connection:
        found = lookups.queue(connection, current, LETTERS.c.id == letter)
    if not found:
        typer.echo(f"relay: there is no letter {letter}; `relay queue list` names those that wait.", err=True)
        raise typer.Exit(1)
    if as_json:
        print_json(found[0])
    else:
        table(("", ""), list(found[0].items()))


@app.command()
def retry(
    ctx: typer.Context, ids: IdsArgument = None, to: ToOption = None, everything: AllOption = False, config: ConfigOption = None
) -> None:
    """Try letters again now: waiting, held or failed ones."""
    _do("retry", settings(ctx, config), ids or [], to, everything)


@app.command()
def hold(
    ctx: typer.Context, ids: IdsArgument = None, to: ToOption = None, everything: AllOption = False, config: ConfigOption = None
) -> None:
    """Keep letters back until they are released."""
    _do("hold", settings(ctx, config), ids or [], to, everything)


@app.command()
def release(
    ctx: typer.Context, ids: IdsArgument = None, to: ToOption = None, everything: AllOption = False, config: ConfigOption = None
) -> None:
    """Let held letters go."""
    _do("release", settings(ctx, config), ids or [], to, everything)


@app.command()
def drop(
    ctx: typer.Context, ids: IdsArgument = None, to: ToOption = None, everything: AllOption = False, config: ConfigOption = None
) -> None:
    """Give letters up for good; they stay on record as dropped."""
    _do("drop", settings(ctx, config), ids or [], to, everything)


def _do(word: str, current: Settings, ids: list[int], to: str | None, everything: bool) -> None:
    if not (ids or to or everything):
        typer.echo(f"relay: {word} which letters? Give their numbers, --to ADDRESS, or --all.", err=True)
        raise typer.Exit(2)
    from sqlalchemy import select, update

    from relay import joining
    from relay.store import BY_ITSELF, LETTERS

    states, becomes, told = DEEDS[word]
    where: list[Any] = [LETTERS.c.state.in_(states), BY_ITSELF]
    where += [LETTERS.c.id.in_(ids)] if ids else []
    where += [LETTERS.c.recipient.contains(to, autoescape=True)] if to else []
    values: dict[str, Any] = {"state": becomes} | ({"next_try": datetime.now(UTC)} if becomes == "due" else {})
    # A retried letter that had failed gets its whole time again.
    values |= {"created_at": datetime.now(UTC), "attempts": 0} if word == "retry" else {}
    with database(current, writing=True) as connection:
        done = connection.execute(update(LETTERS).where(*where).values(**values).returning(LETTERS.c.id)).scalars().all()
        along = dict(joining.follow(connection, done, becomes)) if done else {}
        left = set(ids) - {*done, *along}
        apart = connection.execute(select(LETTERS.c.id, LETTERS.c.joined_to).where(LETTERS.c.id.in_(left), ~BY_ITSELF)).all()
    for letter in sorted({*done, *along}):
        typer.echo(f"letter {letter}: {told}{f', with letter {along[letter]}' if letter in along else ''}")
    for letter, first in sorted(apart):
        typer.echo(f"relay: not {told}: {letter}, which goes with letter {first}; say {first} to mean all of it", err=True)
    missing = sorted(left - {letter for letter, _ in apart})
    if missing or not done:
        listed = ", ".join(map(str, missing)) or "none"
        typer.echo(f"relay: not {told}: {listed} (no such letter, or not {', '.join(states)})", err=True)
    if left or not done:
        raise typer.Exit(1)
