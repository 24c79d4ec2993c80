"""`relay held`: mails that wait for a person's decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.common import ConfigOption, JsonOption, database, print_json, remember_config, settings, table

if TYPE_CHECKING:
    from relay.model import Mail
    from relay.settings import Settings

app = typer.Typer(help="Mails that wait for a decision: list, show, release, refuse.", no_args_is_help=True)

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Mails, by queue id.")]
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
    _the_held(current, [mail], everything=False)
    spool = Spool(current.relay.data / "spool")
    try:
        _, raw = spool.read(mail)
    except NotInSpool as error:
        typer.echo(f"relay: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        spool.close()
    typer.echo(raw.decode(errors="replace"))


@app.command()
def release(ctx: typer.Context, ids: IdsArgument = None, everything: AllOption = False, config: ConfigOption = None) -> None:
    """Let held mails through, as if their writers were of the party."""
    current = settings(ctx, config)
    for mail in _the_held(current, ids or [], everything=everything):
        state = _release(current, mail)
        typer.echo(f"mail {mail}: {state}")


@app.command()
def refuse(ctx: typer.Context, ids: IdsArgument = None, everything: AllOption = False, config: ConfigOption = None) -> None:
    """Drop held mails: nothing of them is forwarded. Their writers are not told; the raw mails stay in the spool."""
    from sqlalchemy import update

    from relay.store import MAILS

    current = settings(ctx, config)
    for mail in _the_held(current, ids or [], everything=everything):
        with database(current, writing=True) as connection:
            connection.execute(update(MAILS).where(MAILS.c.id == mail).values(state="refused"))
        typer.echo(f"mail {mail}: refused")


def _the_held(current: Settings, ids: list[str], *, everything: bool) -> list[str]:
    """The ids that were meant. Exits with 2 when none were named, with 1 when one is not held."""
    from relay import lookups

    if not (ids or everything):
        typer.echo("relay: which mails? Give their queue ids, or --all.", err=True)
        raise typer.Exit(2)
    with database(current) as connection:
        held = [mail["id"] for mail in lookups.held(connection)]
    if strange := [mail for mail in ids if mail not in held]:
        typer.echo(f"relay: not held: {', '.join(strange)}; `relay held list` names those that are.", err=True)
        raise typer.Exit(1)
    return held if everything else ids


def _read(raw: bytes, sent: list[str], current: Settings) -> Mail:
    """The mail, read as the server reads it, with those of its files marked that cannot be cleaned for a hidden link."""
    from relay.readers.limits import LIMITS
    from relay.readers.process import ReaderProcess

    with ReaderProcess() as process:
        mail = process.read(raw, sent, current.files.withhold)
        files = (replace(file, stuck=process.is_stuck(file.content, LIMITS.seconds)) for file in mail.attachments)
        return replace(mail, attachments=tuple(files))


def _scanned(mail: Mail, current: Settings, mail_id: str) -> Mail:
    """The mail without infected files. Where the scanner does not answer, who lets the mail through decides, and is told."""
    import asyncio

    from relay import scanning
    from relay.scanner import Clamd

    if current.scan is None:
        return mail
    clamd = Clamd(current.scan)
    marked, trouble = asyncio.run(scanning.look(mail, lambda file: clamd.scan(file.content)))
    if trouble is not None:
        typer.echo(f"relay: mail {mail_id}: not all of its files have been looked at: the scanner: {trouble}", err=True)
    return scanning.passed(marked)


def _release(current: Settings, mail_id: str) -> str:
    from relay import lookups, privileges, store
    from relay.envelope import from_json
    from relay.errors import Refused
    from relay.intake import tokens_of
    from relay.ledger import Stamp
    from relay.settle import UNSCANNED, settle
    from storage.blobs import open_blobs
    from storage.spool import Spool

    privileges.drop(current.relay.user)  # the server must be able to read what is written here
    spool, blobs = Spool(current.relay.data / "spool"), open_blobs(current.relay.blobs)
    fields, raw = spool.read(mail_id)
    spool.close()
    envelope, stamp = from_json(fields), Stamp(current.relay.domain, mail_id, datetime.now(UTC))
    with database(current) as connection:
        sent = store.shown(connection, tokens_of(envelope, raw), current.relay.domain)
        why = next((row["reason"] for row in lookups.held(connection) if row["id"] == mail_id), "")
    mail = _scanned(_read(raw, sent, current), current, mail_id)
    for file in (one for one in mail.attachments if not one.withheld):
        blobs.put(file.sha256, file.content)
    with database(current, writing=True) as connection:
        outcome = settle(connection, current, envelope, mail, stamp, released=why != UNSCANNED)  # that one is of the party
    return str(outcome) if isinstance(outcome, Refused) else "released"
