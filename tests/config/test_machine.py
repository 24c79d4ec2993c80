"""Secrets that others may read, and whom the server becomes: what `relay check` says of the machine it runs on."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from relay.config import load, machine, secret, start, warnings
from tests.config import BASE, RELAY, certificate, mistakes, pem, with_relay, write

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change owners")
NOBODY = "nobody"


def told(folder: Path, text: str) -> list[str]:
    settings = load(write(folder, text))
    return [*machine.exposed(settings), *machine.user(settings)]


def key(path: Path, mode: int) -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_signing_key_that_others_may_read(tmp_path: Path, mode: int) -> None:
    path = key(tmp_path / "it's a key.pem", mode)
    (said,) = told(tmp_path, BASE + '[dkim]\nkey = "it\'s a key.pem"\n')
    assert said.startswith("dkim.key: ") and f"(mode 0{mode:o})" in said
    os.system(said.partition("): ")[2])  # what it says to do is what helps
    assert path.stat().st_mode & 0o777 == 0o600
    assert told(tmp_path, BASE + '[dkim]\nkey = "it\'s a key.pem"\n') == []


def test_a_tls_key_and_not_its_certificate(tmp_path: Path) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "c.pem").write_bytes(certificate(private))
    (tmp_path / "k.pem").write_bytes(pem(private))
    (tmp_path / "c.pem").chmod(0o644)
    (tmp_path / "k.pem").chmod(0o644)
    (said,) = told(tmp_path, BASE + '[smtp]\ntls = { certificate = "c.pem", key = "k.pem" }\n')
    assert said.startswith("smtp.tls.key: everybody may get at") and said.endswith(f"chmod 600 {tmp_path / 'k.pem'}")


@pytest.mark.parametrize("smarthost", ["file:smarthost", "smtp://me:file:smarthost@mx.example"])
def test_a_file_with_a_secret(tmp_path: Path, smarthost: str) -> None:
    path = tmp_path / "smarthost"
    path.write_text("smtp://me:pass@mx.example" if smarthost.startswith("file:") else "pass")
    path.chmod(0o644)
    (said,) = told(tmp_path, BASE + f'[delivery]\nsmarthost = "{smarthost}"\n')
    assert said == f"delivery.smarthost: everybody may get at {path} (mode 0644): chmod 600 {path}"


def test_a_configuration_with_a_password_in_it(tmp_path: Path) -> None:
    text = BASE + '[delivery]\nsmarthost = "smtp://me:pass@mx.example"\n'
    path = write(tmp_path, text)
    path.chmod(0o644)
    (said,) = told(tmp_path, text)
    assert said.startswith(f"delivery.smarthost: everybody may get at {path} (mode 0644), and a password is in it: chmod 600 ")
    assert "pass@" not in said
    path.chmod(0o600)
    assert told(tmp_path, text) == []


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("smtp://mx.example", False),
        ("smtp://me:env:PASS@mx.example", False),
        ("smtp://me:file:pass@mx.example", False),
        ("smtp://me:env%3Ax@mx.example", False),
        ("smtp://me:p@ss@mx.example", True),
        ("env:URL", False),
        ("file:url", False),
        ("postgresql://relay@db/relay", False),
        ("postgresql://relay:x@db/relay", True),
        ("postgresql://db/relay?user=relay&password=x", True),
        ("sqlite:///a:b@c", False),
        ("s3://bucket/prefix", False),
        ("blobs", False),
    ],
)
def test_what_has_a_secret_in_it(value: str, plain: bool) -> None:
    assert secret.is_plain(value) is plain


@pytest.mark.parametrize("where", ["data", "data/relay.db", "data/spool"])
def test_a_data_folder_that_others_may_read(tmp_path: Path, where: str) -> None:
    data = tmp_path / "data"
    (data / "spool").mkdir(parents=True)
    (data / "relay.db").touch()
    for path in (data, *data.iterdir()):
        path.chmod(0o700)
    (tmp_path / where).chmod(0o755)
    (said,) = told(tmp_path, BASE)
    assert said == f"relay.data: everybody may get at {tmp_path / where} (mode 0755): chmod -R go= {data}"
    os.system(said.partition("): ")[2])
    assert told(tmp_path, BASE) == []


def test_data_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir(mode=0o700)
    (tmp_path / "files").chmod(0o750)
    (tmp_path / "r.db").touch()
    (tmp_path / "r.db").chmod(0o644)
    said = told(tmp_path, with_relay('database = "sqlite:///r.db"\nblobs = "files"'))
    assert [one.partition(":")[0] for one in said] == ["relay.database", "relay.blobs"]
    assert told(tmp_path, with_relay('database = "postgresql://db.example/relay"\nblobs = "s3://bucket/x"')) == []


def test_what_init_makes_is_in_order(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        start.make_key(tmp_path / start.KEY)
    finally:
        os.umask(before)
    assert told(tmp_path, BASE + f'[dkim]\nkey = "{start.KEY}"\n') == []


# ── the user ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_user_that_is_not_there(tmp_path: Path) -> None:
    (said,) = told(tmp_path, with_relay('user = "nosuchuser"'))
    assert said == 'relay.user: "nosuchuser" is no user of this machine: adduser --system --group nosuchuser'
    assert mistakes(tmp_path, with_relay('user = "No Body"'))[0].key == "relay.user"


@ROOT
def test_root_that_stays_root(tmp_path: Path) -> None:
    text = BASE + '[smtp]\nlisten = ["127.0.0.1:25"]\n'
    (said,) = told(tmp_path, text)
    assert said.startswith("relay.user: not set, so a server that root starts stays root")
    assert told(tmp_path, text.replace(RELAY, RELAY + 'user = "nobody"\n')) == []
    assert told(tmp_path, BASE) == []


@ROOT
def test_data_and_keys_of_another(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    text = with_relay(f'user = "{NOBODY}"') + '[dkim]\nkey = "k.pem"\n'
    path = key(tmp_path / "k.pem", 0o640)
    (said,) = told(tmp_path, text)
    assert said.startswith(f"relay.user: {tmp_path / 'data'} belongs to root, and nobody must be able to write there: chown")
    os.system(said.partition("there: ")[2])
    assert (tmp_path / "data").stat().st_uid == pwd.getpwnam(NOBODY).pw_uid
    assert told(tmp_path, text) == [], "root's key may be read by the group of the server"
    path.chmod(0o644)
    assert told(tmp_path, text) == [f"dkim.key: everybody may get at {path} (mode 0644): chmod 640 {path}"]


def test_all_that_is_among_the_warnings(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    assert any(one.startswith("relay.data: ") for one in warnings(load(write(tmp_path, with_relay('user = "nosuchuser"')))))
    assert any(one.startswith("relay.user: ") for one in warnings(load(write(tmp_path, with_relay('user = "nosuchuser"')))))
