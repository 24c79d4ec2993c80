"""Fixtures: a running relay with a sink behind it, and a PostgreSQL for the tests that run on both databases."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bucket import Bucket
from tests.harness import Relay, Sink, postgres, postgres_programs


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests, one for all of xdist's processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(shared: Path) -> None:
    """Most tests start the relay in processes of its own. Where Python may not keep what it compiles beside the sources
    (PYTHONDONTWRITEBYTECODE), each of them would compile all of it anew: the run keeps it in a folder of its own.
    """
    if sys.dont_write_bytecode:
        os.environ["PYTHONPYCACHEPREFIX"] = str(shared / "compiled")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A smarthost on loopback."""
    running = Sink().start()
    yield running
    running.stop()


@pytest.fixture
def make_relay(tmp_path: Path, sink: Sink) -> Iterator[Callable[..., Relay]]:
    """Makes relays, not started yet, that are stopped after the test."""
    with contextlib.ExitStack() as stack:
        made: list[Relay] = []

        def make(**options: Any) -> Relay:
            folder = tmp_path / f"relay{len(made)}"
            folder.mkdir()
            made.append(Relay(folder, sink, **options))
            stack.callback(made[-1].stop)
            return made[-1]

        yield make


@pytest.fixture
def relay(make_relay: Callable[..., Relay]) -> Relay:
    """A running relay on SQLite."""
    return make_relay().start()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server that the tests started."""
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres() as server:
        yield server.url


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket for `s3://files/relay`."""
    server = Bucket()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    keys = {"ENDPOINT_URL": server.url, "ALLOW_HTTP": "true", "ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "x"}
    for key, value in keys.items():
        monkeypatch.setenv(f"AWS_{key}", value)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
