"""The command `relay`: one table of commands, each a function of its own file.

What a command needs is imported inside it, so that `relay --help` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from relay import __version__
from relay.cli import address, config, demo, digest, evidence, held, look, loops, queue, read, report, serve, verify
from relay.cli.common import ConfigOption

COMMANDS: dict[str, Callable[..., None]] = {
    "init": config.init,
    "check": config.check,
    "config": config.config,
    "serve": serve.serve,
    "demo": demo.demo,
    "chains": look.chains,
    "show": look.show,
    "trace": look.trace,
    "read": read.read,
    "verify": verify.verify,
    "digest": digest.digest,
    "report": report.report,
    "evidence": evidence.evidence,
}
GROUPS: dict[str, typer.Typer] = {"queue": queue.app, "held": held.app, "address": address.app, "loops": loops.app}

# Objects made, net, before the youngest are looked through for garbage. With the usual 700 that happens hundreds of times while
# modules are loaded, which are none, and costs a fifth of a start.
MANY = 50_000

app = typer.Typer(
    name="relay",
    help="A ticket relay over plain e-mail: joins the tickets of a chain of firms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"relay {__version__}")
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)]


@app.callback()
def root(ctx: typer.Context, config: ConfigOption = None, version: VersionOption = False) -> None:
    """Remember the configuration that was named before the command."""
    ctx.obj = config


def run() -> None:
    """Run the command line; exit 0 done, 1 the answer is no or something failed, 2 wrong use."""
    gc.set_threshold(MANY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without some letters shows the others all the same
    atexit.register(gc.freeze)  # what the process leaves behind is the system's to clear away, not the collector's
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last place that can say what happened
        from relay.logs import veil  # a server's last words stand in its log

        if os.environ.get("RELAY_DEBUG"):
            typer.echo(veil(traceback.format_exc()), err=True)
        else:
            told = veil(" ".join(str(error).split())) or "no more is known"
            typer.echo(f"relay: {type(error).__name__}: {told} (RELAY_DEBUG=1 shows where)", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
