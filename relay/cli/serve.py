"""`relay serve`: the server, with one worker in this process or several below it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.common import ConfigOption, settings

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from relay.settings import Settings

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
REST = 0.5  # seconds before a worker that died is replaced
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that share the port.")]


def serve(ctx: typer.Context, workers: WorkersOption = 1, config: ConfigOption = None) -> None:
    """Run the server. SIGTERM finishes what is in flight; SIGHUP reloads the configuration."""
    from relay import app, logs

    current = settings(ctx, config)
    log = logs.configure()
    app.warn(current, log)
    sockets = bind(current.smtp.listen)
    current = _unprivileged(current, log)  # root was for the ports: nothing below needs it
    asyncio.run(app.prepare(current, log))
    if workers == 1:
        asyncio.run(app.serve(current, log, sockets))
    else:
        _supervise(current, sockets, workers)


def _unprivileged(current: Settings, log: FilteringBoundLogger) -> Settings:
    """The configuration as the user of `[relay] user` reads it, who this process is from here on, as at every SIGHUP."""
    from relay import config, privileges
    from relay.errors import ConfigError

    try:
        if why := privileges.ignored(current.relay.user):
            log.warning("user_ignored", why=why)
        if not privileges.drop(current.relay.user):
            return current
        privileges.check_runnable()
        privileges.check_writable(current.relay.data)
        return config.load(current.path)
    except ConfigError as error:
        told = f"{error}\nrelay: the server is {current.relay.user} now, who must be able to read these files"
    except privileges.UserError as error:
        told = f"relay: {error}"
    typer.echo(told, err=True)
    raise typer.Exit(1)


def bind(listen: Iterable[tuple[str, int]]) -> list[socket.socket]:
    """Bound, not yet listening: a client that comes before we are ready is told so by its own system."""
    return [_bound(host, port) for host, port in listen]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        typer.echo(
            f"relay: cannot listen on {host}:{port}: {error.strerror}. Is another server there, or the port below 1024?", err=True
        )
        raise typer.Exit(1) from None
    return bound


def _supervise(current: Settings, sockets: list[socket.socket], workers: int) -> None:
    """Keeps `workers` processes running; what this process is told by a signal, it tells them."""
    from relay import app

    running: set[int] = set()
    stopping = False

    def tell(number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = stopping or number != signal.SIGHUP
        for child in running:
            os.kill(child, number)

    for number in SIGNALS:
        signal.signal(number, tell)
    running.update(_fork(current, sockets) for _ in range(workers))
    while running:
        child, _status = os.wait()
        running.discard(child)
        if not stopping:
            app.give_back(current, child)
            time.sleep(REST)
            running.add(_fork(current, sockets))


def _fork(current: Settings, sockets: list[socket.socket]) -> int:
    child = os.fork()
    if child:
        return child
    from relay import app, logs

    status = 1
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        asyncio.run(app.serve(current, logs.configure(), sockets))
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)
