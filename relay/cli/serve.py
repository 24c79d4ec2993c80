"""`relay serve`: the server, with one worker in this process or several below it."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.common import ConfigOption, settings

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from relay.settings import Settings

Work = Callable[[], None]
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
OTHER_FILES = 1024  # beside those of connections that are in: those that knock at once, mails, database, readers
REST = 0.5  # seconds before a worker that died is replaced
WorkersOption = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that share the port.")]


def serve(ctx: typer.Context, workers: WorkersOption = 1, config: ConfigOption = None) -> None:
    """Run the server. SIGTERM finishes what is in flight; SIGHUP reloads the configuration."""
    from relay import app, logs

    current = settings(ctx, config)
    log = logs.configure()
    app.warn(current, log)
    _open_files(current.smtp.connections + OTHER_FILES)
    sockets = bind(current.smtp.listen)
    window = bind([current.metrics.listen])[0] if current.metrics else None
    current = _unprivileged(current, log)  # root was for the ports: nothing below needs it
    asyncio.run(app.prepare(current, log))
    gc.freeze()  # what is loaded now stays: no collection looks through it any more, and workers share its memory
    if workers == 1:
        _alone(current, sockets, window)
    else:
        with TemporaryDirectory(prefix="relay-metrics-") as folder:
            _supervise(current, sockets, workers, _metrics_of(current, window, folder))


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


def _open_files(wanted: int) -> None:
    """Each connection is an open file, and the 1024 that a process may usually have are few; as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


# ── one worker ─────────────────────────────────────────────────────────────────────────────────────────────


def _alone(current: Settings, sockets: list[socket.socket], window: socket.socket | None) -> None:
    from relay import app, logs

    if window is None:
        return asyncio.run(app.serve(current, logs.configure(), sockets))
    from relay import metrics

    meters = metrics.Meters()
    server = metrics.server(window, meters.registry, metrics.State(current))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return asyncio.run(app.serve(current, logs.configure(watch=meters.count), sockets))


# ── several ────────────────────────────────────────────────────────────────────────────────────────────────


def _supervise(current: Settings, sockets: list[socket.socket], workers: int, metrics: Work | None) -> None:
    """Keeps `workers` processes running, and one for metrics; what this process is told by a signal, it tells them."""
    from relay import app

    running: dict[int, Work] = {}
    stopping = False

    def tell(number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = stopping or number != signal.SIGHUP
        for child in running:
            os.kill(child, number)

    for number in SIGNALS:
        signal.signal(number, tell)
    for work in [partial(_worker, current, sockets, bool(metrics))] * workers + ([metrics] if metrics else []):
        running[_fork(work)] = work
    while running:
        child, _status = os.wait()
        work = running.pop(child)
        if metrics:
            from relay.metrics import forget

            forget(child)
        if not stopping:
            app.give_back(current, child)
            time.sleep(REST)
            running[_fork(work)] = work


def _fork(work: Work) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        work()
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _worker(current: Settings, sockets: list[socket.socket], counted: bool) -> None:
    from relay import app, logs

    watch = None
    if counted:
        from relay.metrics import Meters

        watch = Meters().count
    asyncio.run(app.serve(current, logs.configure(watch=watch), sockets))


def _metrics_of(current: Settings, window: socket.socket | None, folder: str) -> Work | None:
    """What the process does that adds up, and tells, what the workers count into the folder."""
    if window is None:
        return None
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # looked at when prometheus_client is imported, in each process by itself

    def tell() -> None:
        from relay import metrics

        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        metrics.server(window, metrics.of_workers(folder), metrics.State(current)).serve_forever()

    return tell
