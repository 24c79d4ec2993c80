"""Started by root, run by somebody else: `[relay] user`."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from relay import privileges
from relay.privileges import UserError
from tests.config import pem
from tests.harness import Relay, Sink, until, write
from tests.test_workflow import ANNA, INTAKE, IVAN

NOBODY = "nobody"
CHECKOUT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def python() -> tuple[str, dict[str, str]] | None:
    """A Python that nobody can run, too, and what it needs to find our libraries: that of the tests may be root's own."""
    path = os.pathsep.join([str(CHECKOUT), *(place for place in sys.path if place.endswith("site-packages"))])
    for program in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        environment = os.environ | {"PYTHONPATH": path}
        probe: list[str] = [program, "-c", "import relay.app, lxml.etree"]
        try:
            done = subprocess.run(
                probe,
                check=False,
                user=NOBODY,
                group=pwd.getpwnam(NOBODY).pw_gid,
                extra_groups=[],
                env=environment,
                cwd="/",
                capture_output=True,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return program, {"PYTHONPATH": path}
    return None


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of nobody's, and a Python that he can run."""
    found = python()
    if found is None:
        pytest.skip("there is no Python here that everybody can run")
    monkeypatch.setattr(sys, "executable", found[0])
    for name, value in found[1].items():
        monkeypatch.setenv(name, value)
    made = Path(tempfile.mkdtemp(prefix="relay-nobody-"))
    shutil.chown(made, NOBODY)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def made(folder: Path, sink: Sink) -> Iterator[Relay]:
    """A relay, not started yet, that root starts and nobody runs."""
    with ExitStack() as stack:
        relay = Relay(folder, sink, new=True)
        stack.callback(relay.stop)
        relay.config.write_text(relay.config.read_text().replace("[relay]\n", f'[relay]\nuser = "{NOBODY}"\n'))
        yield relay


def family(pid: int) -> list[int]:
    """That process and all below it."""
    found = [pid]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == pid:
            found += family(int(status.parent.name))
    return found


def ids(pid: int) -> dict[str, list[int]]:
    """Real, effective, saved and file system ids of a process, its groups and its capabilities."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    told: dict[str, Any] = {name: [int(one) for one in lines[name].split()] for name in ("Uid", "Gid", "Groups")}
    return told | {"Capabilities": [int(lines[name], 16) for name in ("CapPrm", "CapEff")]}


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_of_root_is_left_and_mail_works(made: Relay, sink: Sink, workers: int) -> None:
    user, groups = pwd.getpwnam(NOBODY), os.getgroups()
    os.setgroups([0, 4, *groups])  # as a log-in shell of root's has some
    try:
        made.start("--workers", str(workers))
    finally:
        os.setgroups(groups)
    assert made.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    assert "The pump leaks." in sink.wait(IVAN).text
    assert made.process is not None
    processes = family(made.process.pid)
    assert len(processes) > workers, "the server, and who reads for it"
    for pid in processes:
        told = ids(pid)
        assert set(told["Uid"]) == {user.pw_uid} and set(told["Gid"]) == {user.pw_gid}, pid
        assert not {0, 4} & set(told["Groups"]) and told["Capabilities"] == [0, 0], pid
    for path in (made.folder / "data", *(made.folder / "data").rglob("*")):
        found = path.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (user.pw_uid, 0o700 if path.is_dir() else 0o600), path


def test_a_reload_reads_the_configuration_and_the_keys(made: Relay, sink: Sink) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = made.folder / "dkim.pem"
    key.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    key.chmod(0o600)
    shutil.chown(key, NOBODY)
    made.config.write_text(made.config.read_text() + f'\n[dkim]\nkey = "{key}"\n')
    made.start()
    assert made.process is not None
    made.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration_reloaded" in made.log, "the reload")
    made.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    assert sink.wait(IVAN).message["DKIM-Signature"]
    shutil.chown(key, "root")
    made.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration_not_reloaded" in made.log, "the refusal of a key that only root may read")
    assert made.process.poll() is None


def test_a_port_that_only_root_may_open(made: Relay) -> None:
    if not Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip() > "0":
        pytest.skip("here everybody may open every port")
    for port in range(1023, 600, -1):  # one that is free
        made.config.write_text(made.config.read_text().replace(f':{made.port}"', f':{port}"'))
        made.port = port
        try:
            made.start()
            break
        except AssertionError:
            assert "cannot listen" in made.log
            made.process = None
    assert made.process is not None and set(ids(made.process.pid)["Uid"]) == {pwd.getpwnam(NOBODY).pw_uid}


def test_a_held_mail_that_root_releases_can_be_read_by_the_server(made: Relay, sink: Sink) -> None:
    made.start()
    mail = write("Eve <eve@strange.example>", INTAKE, "Let me in.")
    mail.add_attachment(b"plan of the pump", maintype="application", subtype="octet-stream", filename="plan.dat")
    assert made.send(mail, "eve@strange.example", INTAKE)[0] == 250
    done = made.cli("held", "release", "--all")
    assert done.returncode == 0, done.stderr
    assert sink.wait(IVAN).files == {"plan.dat": b"plan of the pump"}


# ── what cannot be ─────────────────────────────────────────────────────────────────────────────────────────


def refused(relay: Relay) -> str:
    done = relay.cli("serve")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_such_user(made: Relay) -> None:
    made.config.write_text(made.config.read_text().replace(NOBODY, "nosuchuser"))
    assert 'relay: [relay] user = "nosuchuser": this machine has no such user; make one (adduser' in refused(made)


def test_data_that_he_cannot_write(made: Relay) -> None:
    (made.folder / "data").mkdir(mode=0o700)
    data = made.folder / "data"
    assert f"relay: the user nobody cannot write to {data}: chown -R nobody: {data}" in refused(made)
    shutil.chown(data, NOBODY)
    (data / "relay.db").touch(0o600)
    assert f"relay: the user nobody cannot write to {data / 'relay.db'}: chown -R nobody: {data}" in refused(made)


def test_data_that_he_cannot_make(made: Relay) -> None:
    shutil.chown(made.folder, "root")
    made.folder.chmod(0o755)
    made.config.chmod(0o644)
    data = made.folder / "data"
    assert f"cannot write to {made.folder}: install -d -m 700 {data} && chown -R nobody: {data}" in refused(made)


def test_files_that_he_cannot_read(made: Relay) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = made.folder / "dkim.pem"
    key.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    key.chmod(0o600)
    made.config.write_text(made.config.read_text() + f'\n[dkim]\nkey = "{key}"\n')
    told = refused(made)
    assert f'dkim.key: found "{key}" (permission denied)' in told and "the server is nobody now" in told
    made.config.chmod(0o600)
    assert "the file: found permission denied" in refused(made)


def test_who_is_not_root_stays_who_he_is(made: Relay) -> None:
    """And says so, if another was named."""
    user = pwd.getpwnam(NOBODY)
    code = f"import os; os.setgid({user.pw_gid}); os.setuid({user.pw_uid}); from relay import privileges as p; " + (
        "print([p.drop(name) for name in ('nobody', 'root', '')], [p.ignored(name) for name in ('nobody', '', 'root')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=made.folder)
    assert done.stdout.startswith("[False, False, False] ['', '', 'only root can become root; the server stays nobody")


def test_root_may_stay_root() -> None:
    assert (privileges.drop(""), privileges.drop("root"), privileges.ignored("root")) == (False, False, "")
    with pytest.raises(UserError, match="no such user"):
        privileges.drop("nosuchuser")
    assert os.geteuid() == 0
