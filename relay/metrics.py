"""What Prometheus is told, and whoever watches over servers: /metrics and /healthz at `[metrics] listen`.

What happens is counted from the log (`COUNTED` says which event is what), so that nothing else needs to know of metrics; what
there is just now is asked of the database when somebody looks. Workers count in files of a private folder, which are added up;
PROMETHEUS_MULTIPROC_DIR must name it in the environment before this module is imported. No label names a person, an address or
a party.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from tempfile import TemporaryFile
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector, make_wsgi_app
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import Connection, func, select
from structlog.typing import EventDict, WrappedLogger

from relay.settings import Settings
from relay.store import LETTERS, MAILS
from storage.database import Database

PATIENCE = 5.0  # seconds that the database has for its answer, and a client for its question
WAITING = ("due", "claimed", "held")

# ── what happens ───────────────────────────────────────────────────────────────────────────────────────────

COUNTERS = {
    "connections": ("Connections made to the SMTP server", ()),
    "connections_turned_away": ("Connections answered 421 at once, by the limit that was reached", ("reason",)),
    "connections_cut_off": ("Connections that were in and were closed by the relay", ("reason",)),
    "limits_reached": ("What was answered 4xx for a limit, by the limit's key", ("limit",)),
    "answers": ("Replies to MAIL, RCPT and DATA, by code and enhanced code", ("command", "code", "status")),
    "mails": ("Mails that were settled, by what became of them", ("outcome",)),
    "mail_bytes": ("Bytes of mail stored", ()),
    "letters": ("Tries to send a letter, by what became of them", ("outcome",)),
}
Labels = tuple[str, ...]
Counting = tuple[str, Callable[[EventDict], Labels]]  # the counter, and its labels' values


def _one(value: str) -> Callable[[EventDict], Labels]:
    return lambda _event: (value,)


def _of(key: str) -> Callable[[EventDict], Labels]:
    return lambda event: (str(event[key]),)


def _answer(event: EventDict) -> Labels:
    code, status = (*str(event["reply"]).split(maxsplit=2), "")[:2]
    return str(event["command"]), code, status


COUNTED: Mapping[str, Counting] = {
    "connected": ("connections", lambda _event: ()),
    "turned_away": ("connections_turned_away", _of("reason")),
    "cut_off": ("connections_cut_off", _of("reason")),
    "limit_reached": ("limits_reached", _of("reason")),
    "answered": ("answers", _answer),
    "mail_settled": ("mails", _of("state")),
    "mail_set_aside": ("mails", _one("aside")),
    "mail_stored": ("mail_bytes", lambda _event: ()),
    "letter_sent": ("letters", _one("sent")),
    "letter_deferred": ("letters", _one("deferred")),
    "letter_refused": ("letters", _one("failed")),
    "letter_expired": ("letters", _one("failed")),
    "letter_cannot_be_written": ("letters", _one("failed")),
}


class Meters:
    """One process's counters; `count` is a structlog processor."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"relay_{name}", told, labels, registry=self.registry) for name, (told, labels) in COUNTERS.items()
        }
        told = "SMTP connections that are open"
        self._open = Gauge("relay_open_connections", told, registry=self.registry, multiprocess_mode="livesum")

    def count(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Counts what the log tells, and changes nothing of it."""
        name = event["event"]
        if name in COUNTED:
            counter, labels = COUNTED[name]
            values = labels(event)
            metric = self._counters[counter]
            (metric.labels(*values) if values else metric).inc(event["size"] if name == "mail_stored" else 1)
        if name in ("connected", "disconnected"):
            self._open.inc(1 if name == "connected" else -1)
        return event


def of_workers(folder: str) -> CollectorRegistry:
    """What all workers have counted into the folder."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return registry


def forget(worker: int) -> None:
    """What was open in a worker that has died, by its process id, is not open any more."""
    mark_process_dead(worker)  # type: ignore[no-untyped-call]


# ── what there is ──────────────────────────────────────────────────────────────────────────────────────────


class State:
    """Database and spool, asked when somebody looks: a collector of Prometheus, and what is wrong."""

    def __init__(self, settings: Settings) -> None:
        self._spool = settings.relay.data / "spool"
        self._database = Database(settings.relay.database)
        self._asker, self._lock = ThreadPoolExecutor(1, "metrics"), threading.Lock()
        self._asked: Future[dict[str, Any]] | None = None

    def collect(self) -> Iterator[Metric]:
        """The gauges; those out of the database only when it answers."""
        found, why = self._look()
        yield _gauge("relay_database_up", "Whether the database answers", not why)
        yield _gauge("relay_spool_writable", "Whether a mail could be stored", not self._unwritable())
        if found is None:
            return
        letters = GaugeMetricFamily("relay_letters_waiting", "Letters of the outbox that are not sent yet", labels=["state"])
        for state in WAITING:
            letters.add_metric([state], found["letters"].get(state, 0))
        yield letters
        yield _gauge("relay_held_mails", "Mails that wait for a person's decision", found["held"])
        oldest = "Seconds for which the letter has been due that has been longest; 0 when none is due"
        yield _gauge("relay_oldest_due_letter_seconds", oldest, found["oldest"])

    def wrong(self) -> list[str]:
        """What keeps the relay from taking mail; empty when nothing does."""
        return [why for why in (self._look()[1], self._unwritable()) if why]

    def _look(self) -> tuple[dict[str, Any] | None, str]:
        """What the database says, or why it does not. One question at a time, however many ask."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._asker.submit(self._database.read_now, _counts)
            asked = self._asked
        try:
            return asked.result(PATIENCE), ""
        except TimeoutError:
            return None, f"the database does not answer within {PATIENCE:g} s"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            return None, f"the database does not answer: {_brief(error)}"

    def _unwritable(self) -> str:
        try:
            with TemporaryFile(dir=self._spool / "tmp", buffering=0) as file:
                file.write(b"x")
        except OSError as error:
            return f"the spool cannot be written: {_brief(error)}"
        return ""


def _counts(connection: Connection) -> dict[str, Any]:
    now = datetime.now(UTC)
    states = select(LETTERS.c.state, func.count()).where(LETTERS.c.state.in_(WAITING)).group_by(LETTERS.c.state)
    due = select(func.min(LETTERS.c.next_try)).where(LETTERS.c.state == "due", LETTERS.c.next_try <= now)
    since = connection.execute(due).scalar()
    return {
        "letters": dict(connection.execute(states).tuples().all()),
        "held": connection.execute(select(func.count()).where(MAILS.c.state == "held")).scalar_one(),
        "oldest": (now - since).total_seconds() if since else 0.0,
    }


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=float(value))


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


# ── the window ─────────────────────────────────────────────────────────────────────────────────────────────


def server(bound: socket.socket, registry: CollectorRegistry, state: State) -> WSGIServer:
    """Serves /metrics and /healthz on a bound socket, once its `serve_forever` is called."""
    registry.register(state)
    ProcessCollector(registry=registry)
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start)
        if environ["PATH_INFO"] == "/healthz":
            wrong = state.wrong()
            return _text(start, "503 Service Unavailable" if wrong else "200 OK", "\n".join(wrong) or "ok")
        return _text(start, "404 Not Found", "There are /metrics and /healthz.")

    window = _Window(("", 0), _Visitor, bind_and_activate=False)
    window.take(bound)
    window.set_app(answer)
    return window


def _text(start: StartResponse, status: str, text: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{text}\n".encode()]


class _Window(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def take(self, bound: socket.socket) -> None:
        """Uses this socket, without asking the DNS for a name of ours."""
        self.socket.close()
        self.socket = bound
        self.server_name, self.server_port = bound.getsockname()[:2]
        self.setup_environ()
        self.server_activate()


class _Visitor(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Who looks is not logged."""
