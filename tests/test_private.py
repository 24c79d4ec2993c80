"""What the relay keeps is for its owner alone, whatever the umask: 0700 and 0600 for all that is below `data`."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import Relay, Sink, until, write
from tests.test_workflow import ANNA, INTAKE, IVAN


@pytest.fixture(params=[0, 0o022, 0o077], ids=oct, autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What stands there with another mode than it should."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*")) if path.exists()}
    return [f"{path} {mode:o}" for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)]


def test_everything_that_a_server_makes(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(new=True, extra='[dkim]\nkey = "data/dkim/relay1.pem"\n')
    (relay.folder / "made").mkdir()
    subprocess.run([sys.executable, "-m", "relay.cli.main", "init", str(relay.folder / "made")], capture_output=True, check=True)
    (relay.folder / "made" / "data").rename(relay.folder / "data")
    relay.start()
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    mail.add_attachment(b"plan", maintype="application", subtype="octet-stream", filename="plan.dat")
    mail.add_attachment(bytes(400_000), maintype="application", subtype="octet-stream", filename="large.dat")
    relay.send(mail, ANNA, INTAKE)
    assert len(sink.wait(IVAN).files) == 2
    relay.send(write("Eve <eve@strange.example>", INTAKE, "Me too."), "eve@strange.example", INTAKE)
    relay.cli("held", "release", "--all")
    _set_one_aside(relay)
    data = relay.folder / "data"
    made_there = {path.relative_to(data).parts[0] for path in data.rglob("*")}
    assert {"relay.db", "relay.db-wal", "relay.db-shm", "spool", "blobs", "dkim", "housekeeping.lock"} <= made_there
    assert [*data.glob("spool/kept/*/*.eml")] and [*data.glob("spool/corrupt/*.txt")] and [*data.glob("blobs/*/*")]
    assert open_to_others(data) == []
    assert relay.stop() == 0
    assert open_to_others(data) == []


def _set_one_aside(relay: Relay) -> None:
    broken = sqlite3.connect(relay.folder / "data" / "relay.db", isolation_level=None)
    broken.execute("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'out of order'); END")
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "Odd."), ANNA, INTAKE)
    broken.close()
    until(lambda: "mail_set_aside" in relay.log, "the mail set aside")


def test_places_of_their_own(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(new=True)
    places = 'data = "a/b/c"\ndatabase = "sqlite:///d/e/relay.db"\nblobs = "f/g"\n'
    relay.config.write_text(relay.config.read_text().replace("[relay]\n", f"[relay]\n{places}"))
    relay.start()
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    mail.add_attachment(b"plan", maintype="application", subtype="octet-stream", filename="plan.dat")
    relay.send(mail, ANNA, INTAKE)
    sink.wait(IVAN)
    for top in ("a", "d", "f"):
        assert open_to_others(relay.folder / top) == []
