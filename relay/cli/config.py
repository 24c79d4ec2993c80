"""relay init, relay check, relay config: the configuration made, checked and shown."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.common import ConfigOption, JsonOption, config_path, print_json, settings

if TYPE_CHECKING:
    from relay.errors import ConfigError

DirArgument = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="Where; left out, the current folder.", show_default=False)
]
DomainOption = Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="The relay's own domain.")]
PostmasterOption = Annotated[
    str | None,
    typer.Option("--postmaster", metavar="ADDRESS", help="Who hears of trouble.", show_default="admin@ the domain above"),
]


def init(
    ctx: typer.Context,
    folder: DirArgument = None,
    *,
    domain: DomainOption = "relay.example.com",
    postmaster: PostmasterOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write relay.toml, make a DKIM key, print the DNS records."""
    from relay.config import start

    path = _place(ctx, folder, config)
    domain, postmaster = _named(domain, postmaster)
    if path.exists():
        typer.echo(f"{path} is already there, and was left as it is; name another folder, or move it away first.", err=True)
        raise typer.Exit(1)
    key = path.parent / start.KEY
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        records = start.records(domain, start.make_key(key))
        path.write_text(start.text(domain, postmaster), "utf-8")
    except OSError as error:
        typer.echo(
            f"relay: cannot write {error.filename or path}: {error.strerror}; name a folder that you may write to.", err=True
        )
        raise typer.Exit(1) from None
    if json:
        print_json({"config": str(path), "key": str(key), "records": [asdict(one) for one in records]})
        return
    typer.echo(f"{path} is written, the DKIM key is in {key}.\n\nPublish these DNS records:\n")
    for record in records:
        typer.echo(f"; {record.why}\n{record.name}  IN  {record.type}  {record.value}\n")
    typer.echo(f"Next: put your parties and links into {path}, then run relay check and relay serve.")


def _place(ctx: typer.Context, folder: Path | None, config: Path | None) -> Path:
    given = config or ctx.find_root().obj
    if folder and given:
        raise typer.BadParameter("DIR and --config both say where; give one of them")
    return folder / "relay.toml" if folder else config_path(ctx, config)


def _named(domain: str, postmaster: str | None) -> tuple[str, str]:
    """Domain and postmaster as they may stand in relay.toml; the postmaster is by default admin@ the domain above."""
    from relay import address
    from relay.config import units

    try:
        domain = units.own_domain(domain)
    except units.Wrong as wrong:
        raise typer.BadParameter(f"{domain!r} is not {wrong.expected}", param_hint="--domain") from None
    above = domain.partition(".")[2]
    if postmaster is None and "." not in above:
        raise typer.BadParameter(f"say who: admin@{above} would be no address", param_hint="--postmaster")
    try:
        postmaster = units.address(postmaster or f"admin@{above}")
    except units.Wrong as wrong:
        raise typer.BadParameter(f"{postmaster!r} is not {wrong.expected}", param_hint="--postmaster") from None
    if address.split(postmaster)[1] == domain:
        raise typer.BadParameter(f"{postmaster} would be an address of the relay itself", param_hint="--postmaster")
    return domain, postmaster


def check(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the configuration: every mistake at once."""
    from relay import proofs
    from relay.config import load, warnings
    from relay.errors import ConfigError

    path = config_path(ctx, config)
    try:
        found = load(path)
    except ConfigError as error:
        _refuse(path, error, json)
        raise typer.Exit(1) from None
    doubts = (*warnings(found), *proofs.strays(found.relay.templates))
    if wrong := proofs.mistakes(found.relay.templates):
        _refuse(path, ConfigError(wrong), json)
        raise typer.Exit(1)
    if json:
        counts = {"parties": len(found.parties), "links": len(found.links)}
        print_json({"ok": True, "file": str(path), "mistakes": [], "warnings": doubts, **counts})
        return
    for doubt in doubts:
        typer.echo(f"warning: {doubt}")
    counted = f"{_count(len(found.parties), 'party', 'parties')}, {_count(len(found.links), 'link', 'links')}"
    typer.echo(f"{path} is in order: {counted}")


def _refuse(path: Path, error: ConfigError, json: bool) -> None:
    if json:
        print_json({"ok": False, "file": str(path), "mistakes": [asdict(one) for one in error.mistakes], "warnings": []})
        return
    typer.echo(str(error))
    typer.echo(f"{path}: {_count(len(error.mistakes), 'mistake', 'mistakes')}", err=True)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def config(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Print the configuration as it was understood, without secrets."""
    from relay.config import dump, plain

    found = settings(ctx, config)
    if json:
        print_json(plain(found))
    else:
        typer.echo(dump(found), nl=False)
