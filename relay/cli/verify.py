"""`relay verify`: whether tickets are what their events say, and files are what their hashes say."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from relay.cli.common import ConfigOption, JsonOption, opened, print_json, settings

if TYPE_CHECKING:
    from relay.verification import Counts, Finding

# What there is to do about a kind of finding.
MENDS = {
    "record": """\
Tickets are made of their events, which are only ever added to: something beside the relay has written to the database.
The relay goes on from what is stored, until that is mended. Nothing has been changed by looking. Copy the data first; then
restore a backup from before, or, where only a ticket differs, write what the events say into its row of the table tickets.""",
    "file": """\
A letter that would carry such a file fails. Where its raw mail is still there, save the file out of it under the path that
stands above (the relay's user must be able to read it); else restore it from a backup. Then verify again.""",
}


def verify(ctx: typer.Context, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Make every ticket anew from its events, and read every file."""
    from relay.verification import Counts
    from relay.verification import verify as run
    from storage.blobs import open_blobs
    from storage.spool import Spool

    current, counts = settings(ctx, config), Counts()
    found: list[Finding] = []
    with opened(current) as database:
        spool = Spool(current.relay.data / "spool")
        for finding in run(database, open_blobs(current.relay.blobs), spool, counts):
            found.append(finding)
            if not as_json:
                typer.echo(finding.text)
        spool.close()
    if as_json:
        findings = [{"kind": one.kind, "text": one.text, **one.facts} for one in found]
        print_json({"ok": not found, **asdict(counts), "findings": findings})
    else:
        _conclude(counts, found)
    raise typer.Exit(1 if found else 0)


def _conclude(counts: Counts, found: list[Finding]) -> None:
    kinds = {one.kind for one in found}
    if kinds & {"ticket", "event", "chain"}:
        typer.echo(f"\n{MENDS['record']}")
    if "file" in kinds:
        typer.echo(f"\n{MENDS['file']}")
    looked_at = ", ".join(_count(number, what) for what, number in asdict(counts).items())
    verdict = f"{_count(len(found), 'things')} not as it should be" if found else "all as they should be"
    typer.echo(f"{chr(10) if found else ''}{looked_at}: {verdict}")


def _count(number: int, things: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {things.removesuffix('s') if number == 1 else things}"
