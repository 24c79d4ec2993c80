"""What the commands share: the options -c and --json, and the configuration behind them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from relay.settings import Settings
    from storage.database import Database

DEFAULT = Path("relay.toml")
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The configuration.", show_default=str(DEFAULT)),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def remember_config(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Keeps the configuration that was named before the command."""
    root = ctx.find_root()
    root.obj = config or root.obj


def config_path(ctx: typer.Context, config: Path | None) -> Path:
    """The file named after the command, else before it, else relay.toml in the current folder."""
    given = config or ctx.find_root().obj
    return given if isinstance(given, Path) else DEFAULT


def settings(ctx: typer.Context, config: Path | None) -> Settings:
    """The configuration, checked; with mistakes in it they go to stderr and the command ends with 1."""
    from relay.config import load
    from relay.errors import ConfigError

    try:
        return load(config_path(ctx, config))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def print_json(value: object) -> None:
    """A value as indented JSON on stdout, in UTF-8."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextlib.contextmanager
def database(current: Settings, *, writing: bool = False) -> Iterator[Connection]:
    """A transaction beside a running server. Ends the command with 1 when there is no database yet."""
    with opened(current) as store, store.begin() if writing else store.engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def opened(current: Settings) -> Iterator[Database]:
    """The database, for commands that need more than one transaction. Ends the command with 1 when there is none yet."""
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from storage.database import Database

    url = current.relay.database
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        typer.echo(f"relay: there is no database at {url} yet: `relay serve` makes it.", err=True)
        raise typer.Exit(1)
    store = Database(url)
    try:
        yield store
    except (OperationalError, ProgrammingError) as error:
        typer.echo(
            f"relay: the database cannot be used: {str(error.orig).strip()}. Has `relay serve` been started once?", err=True
        )
        raise typer.Exit(1) from None
    finally:
        store.close()


BLANKS = "\n\t\xa0\u202f"


def visible(text: str) -> str:
    """A stranger's text for a terminal: what would steer it, and what nobody sees, stands there as an escape."""
    shown = (char if char.isprintable() or char in BLANKS else char.encode("unicode_escape").decode() for char in text)
    return "".join(shown)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], nothing: str = "") -> None:
    """Columns for eyes; `nothing` is said when there are no rows."""
    if not rows:
        typer.echo(nothing)
        return
    cells = [tuple(str(cell if cell is not None else "") for cell in row) for row in [heads, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
