"""`relay evidence`: all that there is of a chain, in one file that proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relay.cli.common import ConfigOption, opened, settings

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.zip", help="The file to be written; it must not be there yet.")]


def evidence(ctx: typer.Context, number: str, file: FileArgument, config: ConfigOption = None) -> None:
    """Write all of a chain into a file: raw mails, what they proved, every event, files, letters, and how to verify it."""
    from relay import evidence as making
    from relay import store
    from storage import private
    from storage.blobs import open_blobs
    from storage.spool import Spool

    current = settings(ctx, config)
    with opened(current) as database, database.snapshot() as connection:
        chain_id = store.find_chain(connection, number)
        if chain_id is None:
            typer.echo(f"relay: there is no chain {number}; `relay chains --all` lists them.", err=True)
            raise typer.Exit(1)
        spool = Spool(current.relay.data / "spool")
        try:
            with private.create(file) as target:
                made = making.write(target, making.Sources(connection, current, spool, open_blobs(current.relay.blobs)), chain_id)
        except FileExistsError:
            typer.echo(f"relay: {file} is there already; name another file, or remove it.", err=True)
            raise typer.Exit(1) from None
        except OSError as error:
            typer.echo(f"relay: {file} cannot be written: {error.strerror or error}", err=True)
            raise typer.Exit(1) from None
        finally:
            spool.close()
    for line in made.missing:
        typer.echo(f"missing: {line}", err=True)
    typer.echo(f"{file}: {made.mails} mails, {made.events} events, {made.files} files, {made.letters} letters")
    typer.echo(f"seal: {made.seal}")
    typer.echo("Write the seal down, or send it to the other side now: it proves later that nothing was changed since.")
    typer.echo("The file holds everything, internal notes and every party's addresses too: it is not for every party's eyes.")
