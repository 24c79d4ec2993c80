"""`relay demo`: a chain of firms on this machine, played before the reader's eyes."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

FolderOption = Annotated[Path, typer.Option("--folder", "-d", metavar="DIR", help="Where; an earlier demo there is replaced.")]
StayOption = Annotated[bool, typer.Option("--stay", help="Serve on until Ctrl-C, to write by hand.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="The relay's port; 0 takes any free one.")]


def demo(folder: FolderOption = Path("demo"), stay: StayOption = False, port: PortOption = 0) -> None:
    """Play a ticket's way through a chain of firms, and leave their mailboxes to look at."""
    from relay.demo.place import Unusable
    from relay.demo.story import Failed, run

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show Cyrillic still shows the demo
    try:
        asyncio.run(run(folder, port, stay, typer.echo))
    except Unusable as error:
        typer.echo(f"relay: {error}", err=True)
        raise typer.Exit(1) from None
    except Failed as error:
        typer.echo(f"\nrelay: the demo failed: {error}\nThe relay's log is {folder / 'relay.log'}.", err=True)
        raise typer.Exit(1) from None
