"""`relay evidence`: a chain in one file that proves itself, all of it or what one party may have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from relay.cli.common import ConfigOption, opened, settings

if TYPE_CHECKING:
    from relay.evidence import Made
    from relay.settings import Settings
    from storage.database import Database

FileArgument = Annotated[Path, typer.Argument(metavar="FILE.zip", help="The file to be written; it must not be there yet.")]
PartyOption = Annotated[str, typer.Option("--party", metavar="KEY", help="Only what that party may have.", show_default=False)]


def evidence(ctx: typer.Context, number: str, file: FileArgument, party: PartyOption = "", config: ConfigOption = None) -> None:
    """Write a chain into a file: raw mails, what they proved, the events, files, letters, and how to verify it."""
    current = settings(ctx, config)
    if party and party not in current.parties:
        _no(f"there is no party {party}; the configuration has {', '.join(current.parties)}.")
    with opened(current) as database:
        made = _written(current, database, _chain(database, number, party), file, party)
    for line in made.missing:
        typer.echo(f"missing: {line}", err=True)
    _report(made, file, current.parties[party].name if party else "")


def _chain(database: Database, number: str, party: str) -> int:
    """The id of the chain, which has its salt and a ticket of the party."""
    from relay import ledger, store

    with database.begin() as connection:
        chain_id = store.find_chain(connection, number)
        if chain_id is None:
            _no(f"there is no chain {number}; `relay chains --all` lists them.")
        ledger.salt(connection, chain_id)
        chain = store.load_chain(connection, chain_id)
    if party and party not in (there := {ticket.party: None for ticket in chain.tickets}):
        _no(f"{party} has no ticket in {chain.number}; {', '.join(there)} have.")
    return chain_id


def _written(current: Settings, database: Database, chain_id: int, file: Path, party: str) -> Made:
    from relay.evidence import Sources, write
    from relay.readers.process import ReaderProcess
    from storage import private
    from storage.blobs import open_blobs
    from storage.spool import Spool

    spool = Spool(current.relay.data / "spool")
    with contextlib.closing(spool), ReaderProcess() as reader, database.snapshot() as connection, _told(file):
        sources = Sources(connection, current, spool.find, open_blobs(current.relay.blobs), reader.clean)
        with private.create(file) as target:
            return write(target, sources, chain_id, party)


@contextlib.contextmanager
def _told(file: Path) -> Iterator[None]:
    """Ends the command with 1 when the file cannot be written, and says why; no half of it stays."""
    from storage.blobs import BlobsUnreachableError

    try:
        yield
    except FileExistsError:
        _no(f"{file} is there already; name another file, or remove it.")
    except (OSError, BlobsUnreachableError) as error:
        file.unlink(missing_ok=True)
        _no(f"{file} cannot be written: {getattr(error, 'strerror', None) or error}")


def _no(why: str) -> NoReturn:
    typer.echo(f"relay: {why}", err=True)
    raise typer.Exit(1)


def _report(made: Made, file: Path, name: str) -> None:
    counts = f"{made.mails} mails, {made.events} events, {made.files} files, {made.letters} letters"
    typer.echo(f"{file}: {counts}" + (f"; {made.readable} of the events can be read in it" if name else ""))
    typer.echo(f"chain: {made.final}")
    typer.echo(f"seal: {made.seal}")
    typer.echo("Write them down, or send them to the other side now: they prove later that nothing was changed since.")
    typer.echo("The chain is the same for every party, and goes on in later files; the seal is of this file.")
    if name:
        typer.echo(f"The file holds what {name} has written and may see, its internal notes and the addresses of its ticket too:")
        typer.echo(f"it may be given to {name}, and to nobody else.")
    else:
        typer.echo("The file holds everything, internal notes and every party's addresses too: it is not for every party's eyes.")
        typer.echo("--party KEY writes what one party may have.")
