"""What Prometheus and whoever watches over the server are told, by a real server, with one worker and with several."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from relay import metrics
from relay.config import load
from tests.harness import DOMAIN, Relay, Sink, free_port, until, write
from tests.readers.processes import children, linux

ANNA, INTAKE = "anna@shop.example", f"north-repairs@{DOMAIN}"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(params=[[], ["--workers", "2"]], ids=["one worker", "two"])
def watched(request: pytest.FixtureRequest, make_relay: Callable[..., Relay], port: int) -> Relay:
    """A relay with a window, whose probe for "is it there" has been counted."""
    return make_relay(extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n').start(*request.param)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def meter(port: int, name: str) -> float:
    """The value of a metric, with its labels as they are written; 0 when there is none yet."""
    status, text = get(port, "/metrics")
    assert status == 200
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_what_happens_is_counted(watched: Relay, sink: Sink, port: int) -> None:
    for number in range(3):
        assert watched.send(write(f"Anna <{ANNA}>", INTAKE, f"Pump {number} leaks."), ANNA, INTAKE)[0] == 250
    assert watched.send(b"", ANNA, f"nobody@{DOMAIN}")[0] == 550
    assert watched.send(write("Eve <eve@evil.example>", INTAKE, "Let me in."), "eve@evil.example", INTAKE)[0] == 250
    sink.wait("ivan@north.example", 3)
    until(lambda: meter(port, 'relay_letters_total{outcome="sent"}') >= 6, "the letters to be counted")
    assert meter(port, 'relay_mails_total{outcome="done"}') == 3
    assert meter(port, 'relay_mails_total{outcome="held"}') == meter(port, "relay_held_mails") == 1
    assert meter(port, 'relay_answers_total{code="250",command="DATA",status="2.0.0"}') == 4
    assert meter(port, 'relay_answers_total{code="550",command="RCPT",status="5.1.1"}') == 1
    assert meter(port, "relay_mail_bytes_total") > 1000
    assert meter(port, "relay_connections_total") >= 6
    assert meter(port, "relay_database_up") == meter(port, "relay_spool_writable") == 1
    until(lambda: meter(port, "relay_open_connections") == 0, "the connections to end")
    with socket.create_connection(("127.0.0.1", watched.port)) as client:
        assert client.recv(3) == b"220"
        assert meter(port, "relay_open_connections") == 1
    text = get(port, "/metrics")[1]
    assert not re.search(r"\bt-[a-z2-7]{26}|@|shop|north|evil", text), "whom it is about stands in no metric"
    assert '"debug"' not in watched.log, "what is only counted is not written"


def test_letters_that_wait_and_how_long(make_relay: Callable[..., Relay], sink: Sink, port: int) -> None:
    sink.answers["ivan@north.example"] = ["451 4.3.0 Later."] * 20
    watched = make_relay(extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n').start()
    watched.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    until(lambda: meter(port, 'relay_letters_total{outcome="deferred"}') >= 1, "a letter to be deferred")
    until(lambda: meter(port, 'relay_letters_waiting{state="due"}') >= 1, "it to wait")
    assert meter(port, 'relay_letters_waiting{state="held"}') == 0
    assert watched.cli("queue", "hold", "--all").returncode == 0
    assert meter(port, 'relay_letters_waiting{state="held"}') >= 1
    assert meter(port, "relay_oldest_due_letter_seconds") == 0


def test_healthz_says_what_is_wrong(watched: Relay, port: int) -> None:
    assert get(port, "/healthz") == (200, "ok\n")
    data = watched.folder / "data"
    (data / "spool" / "tmp").rename(data / "away")
    status, why = get(port, "/healthz")
    assert (status, why.partition(":")[0]) == (503, "the spool cannot be written")
    assert meter(port, "relay_spool_writable") == 0
    (data / "away").rename(data / "spool" / "tmp")
    assert get(port, "/healthz") == (200, "ok\n")
    assert get(port, "/")[0] == 404


def test_a_database_that_is_away_is_said(make_relay: Callable[..., Relay], port: int) -> None:
    away = make_relay(database=f"postgresql://relay@127.0.0.1:{free_port()}/relay")
    (away.folder / "data" / "spool" / "tmp").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", port), backlog=5) as bound:
        window = metrics.server(bound, CollectorRegistry(), metrics.State(load(away.config)))
        threading.Thread(target=window.serve_forever, daemon=True).start()
        status, why = get(port, "/healthz")
        assert (status, why.partition(":")[0]) == (503, "the database does not answer")
        assert "relay_database_up 0.0" in get(port, "/metrics")[1]
        assert "relay_held_mails" not in get(port, "/metrics")[1]
        window.shutdown()


def test_a_database_that_hangs_is_said(make_relay: Callable[..., Relay], monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(metrics, "PATIENCE", 0.05)
    monkeypatch.setattr(metrics, "_counts", lambda _connection: release.wait(20))
    state = metrics.State(load(make_relay().config))
    for _ in range(20):
        assert "the database does not answer within 0.05 s" in state.wrong()
    assert state._asker._work_queue.qsize() == 0, "however many ask, one question waits"
    release.set()


@linux
def test_a_worker_that_died_has_no_open_connections(make_relay: Callable[..., Relay], port: int) -> None:
    watched = make_relay(extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n').start("--workers", "2")
    with socket.create_connection(("127.0.0.1", watched.port)) as client:
        assert client.recv(3) == b"220"
        until(lambda: meter(port, "relay_open_connections") == 1, "the connection to be counted")
        before = meter(port, "relay_connections_total")
        assert watched.process is not None
        first = children(watched.process.pid)
        for worker in sorted(first)[:2]:
            os.kill(worker, signal.SIGKILL)
        until(lambda: len(children(watched.process.pid) - first) == 2, "new workers to come")  # type: ignore[union-attr]
        until(watched.answers, "the relay to answer")
        until(lambda: meter(port, "relay_open_connections") == 0, "the dead worker's connections to be forgotten")
        assert meter(port, "relay_connections_total") > before


@linux
def test_the_window_is_opened_again_when_its_process_dies(make_relay: Callable[..., Relay], port: int) -> None:
    watched = make_relay(extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n').start("--workers", "2")
    assert watched.process is not None
    os.kill(max(children(watched.process.pid)), signal.SIGKILL)
    until(lambda: get(port, "/healthz")[0] == 200, "the window to open again")
    watched.process.send_signal(signal.SIGHUP)
    until(lambda: watched.log.count("configuration_reloaded") == 2, "both workers to read the configuration")
    assert get(port, "/healthz")[0] == 200
    assert watched.stop() == 0


def test_without_metrics_there_is_no_window_and_a_taken_port_is_said(make_relay: Callable[..., Relay], port: int) -> None:
    make_relay().start()
    with pytest.raises(OSError, match="refused"):
        get(port, "/metrics")
    with socket.create_server(("127.0.0.1", port)):
        told = make_relay(extra=f'[metrics]\nlisten = "127.0.0.1:{port}"\n').cli("serve")
    assert told.returncode == 1 and f"cannot listen on 127.0.0.1:{port}" in told.stderr
