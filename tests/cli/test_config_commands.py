"""relay init, check and config, as a person runs them: each in a process of its own."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key

import relay
from tests.config import BASE, EXAMPLE

ROOT = Path(__file__).parents[2]
CALL = "from relay.cli.main import run; run()"


def run(*arguments: str, folder: Path, code: str = CALL, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `relay ARGUMENTS` does in that folder."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "COLUMNS": "200", **environment}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)


def written(folder: Path, text: str = BASE, name: str = "relay.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


# ── init ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_init_makes_what_check_takes(tmp_path: Path) -> None:
    done = run("init", "new/relay", "--domain", "Tickets.Acme.example", "--postmaster", "ops@acme.example", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    home = tmp_path / "new" / "relay"
    made = tomllib.loads((home / "relay.toml").read_text("utf-8"))["relay"]
    assert (made["domain"], made["postmaster"]) == ("tickets.acme.example", "ops@acme.example")
    checked = run("check", "--json", folder=home)
    assert checked.returncode == 0
    assert json.loads(checked.stdout)["mistakes"] == []
    assert not any("unsigned" in one for one in json.loads(checked.stdout)["warnings"])


def test_init_keeps_the_key_to_the_owner(tmp_path: Path) -> None:
    assert run("init", folder=tmp_path).returncode == 0
    key = tmp_path / "data" / "dkim" / "relay1.pem"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (key, key.parent, key.parent.parent)] == [0o600, 0o700, 0o700]
    private = load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(private, RSAPrivateKey)
    assert private.key_size == 2048


def test_init_prints_records_that_belong_to_the_key(tmp_path: Path) -> None:
    done = run("init", "--json", folder=tmp_path)
    told = json.loads(done.stdout)
    records = {(one["name"], one["type"]): one["value"] for one in told["records"]}
    assert records["relay.example.com.", "MX"] == "10 relay.example.com."
    assert records["relay.example.com.", "TXT"] == '"v=spf1 mx -all"'
    assert records["_dmarc.relay.example.com.", "TXT"].startswith('"v=DMARC1; p=')
    assert "PTR" in {kind for _, kind in records}
    parts = re.findall(r'"([^"]*)"', records["relay1._domainkey.relay.example.com.", "TXT"])
    assert max(map(len, parts)) <= 255
    version, kind, key = "".join(parts).split("; ")
    assert (version, kind) == ("v=DKIM1", "k=rsa")
    public = load_der_public_key(base64.b64decode(key.removeprefix("p="), validate=True))
    private = load_pem_private_key(Path(tmp_path, told["key"]).read_bytes(), password=None)
    assert isinstance(public, RSAPublicKey)
    assert public == private.public_key()


def test_init_tells_the_records_to_a_person(tmp_path: Path) -> None:
    told = run("init", folder=tmp_path).stdout
    for part in ("MX  10 relay.example.com.", '"v=spf1', '"v=DKIM1', '"v=DMARC1', "PTR"):
        assert part in told


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "mine = true\n")
    done = run("init", folder=tmp_path)
    assert done.returncode == 1
    assert "relay.toml is already there" in done.stderr
    assert path.read_text() == "mine = true\n"
    assert list(tmp_path.iterdir()) == [path]


def test_init_keeps_a_key_that_is_there(tmp_path: Path) -> None:
    assert run("init", folder=tmp_path).returncode == 0
    key = (tmp_path / "data" / "dkim" / "relay1.pem").read_bytes()
    (tmp_path / "relay.toml").unlink()
    assert run("init", folder=tmp_path).returncode == 0
    assert (tmp_path / "data" / "dkim" / "relay1.pem").read_bytes() == key


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--domain", "localhost"], "a domain name"),
        (["--domain", "acme.example"], "--postmaster"),
        (["--postmaster", "nobody"], "an e-mail address"),
        (["--postmaster", "me@relay.example.com"], "the relay itself"),
        (["here", "-c", "there.toml"], "give one of them"),
    ],
)
def test_init_used_wrongly(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run("init", *arguments, folder=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_writes_where_config_says(tmp_path: Path) -> None:
    assert run("-c", "sub/my.toml", "init", folder=tmp_path).returncode == 0
    assert run("check", "-c", "sub/my.toml", folder=tmp_path).returncode == 0


# ── check ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_check_of_the_example(tmp_path: Path) -> None:
    done = run("check", "-c", str(EXAMPLE), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == f"{EXAMPLE} is in order: 4 parties, 3 links"
    assert all(one.startswith("warning: ") for one in lines[:-1])


def test_check_tells_every_mistake(tmp_path: Path) -> None:
    written(tmp_path, BASE.replace('to = "north"', 'to = "nobody"').replace("admin@", "admin"))
    done = run("check", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        'relay.toml: relay.postmaster: found "adminexample.test"; expected an e-mail address such as ivan@north.example',
        'relay.toml: links.repairs.to: found "nobody"; expected the key of a party under [parties]',
    ]
    assert done.stderr == "relay.toml: 2 mistakes\n"
    as_json = json.loads(run("check", "--json", folder=tmp_path).stdout)
    assert not as_json["ok"]
    assert [one["key"] for one in as_json["mistakes"]] == ["relay.postmaster", "links.repairs.to"]
    assert set(as_json["mistakes"][0]) == {"file", "key", "found", "expected"}


def test_check_counts_in_json(tmp_path: Path) -> None:
    written(tmp_path)
    told: dict[str, Any] = json.loads(run("check", "--json", folder=tmp_path).stdout)
    assert (told["ok"], told["parties"], told["links"]) == (True, 2, 1)


@pytest.mark.parametrize("command", ["check", "config"])
def test_without_a_file(tmp_path: Path, command: str) -> None:
    done = run(command, folder=tmp_path)
    assert done.returncode == 1
    assert "relay.toml: the file: found no such file or directory" in done.stdout + done.stderr


# ── config ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_config_prints_what_was_understood(tmp_path: Path) -> None:
    written(tmp_path, BASE + '[delivery]\nsmarthost = "smtp://u:env:RELAY_TEST_PW@mx.example"\n')
    done = run("config", folder=tmp_path, RELAY_TEST_PW="topsecret")
    assert done.returncode == 0
    found = tomllib.loads(done.stdout)
    assert found["delivery"] == {
        "smarthost": "smtp://u:***@mx.example:25",
        "retry_for": "5 days",
        "connections": 8,
        "timeout": "1 minute",
    }
    as_json = run("config", "--json", folder=tmp_path, RELAY_TEST_PW="topsecret")
    assert json.loads(as_json.stdout)["delivery"] == found["delivery"]
    assert "topsecret" not in done.stdout + as_json.stdout


def test_config_with_mistakes(tmp_path: Path) -> None:
    written(tmp_path, BASE.replace("[relay]", "[relay]\nprefix = 1"))
    done = run("config", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "relay.toml: relay.prefix: found 1; expected " in done.stderr


# ── the command line itself ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "a.toml", "config"],
        ["--config", "a.toml", "config"],
        ["config", "-c", "a.toml"],
        ["config", "--config", "a.toml"],
        ["-c", "b.toml", "config", "-c", "a.toml"],
    ],
)
def test_config_is_named_before_or_after_the_command(tmp_path: Path, arguments: list[str]) -> None:
    for name in ("relay", "a", "b"):
        written(tmp_path, BASE.replace("[relay]", f'[relay]\nname = "from {name}"'), f"{name}.toml")
    assert tomllib.loads(run(*arguments, folder=tmp_path).stdout)["relay"]["name"] == "from a"
    assert tomllib.loads(run("config", folder=tmp_path).stdout)["relay"]["name"] == "from relay"


@pytest.mark.parametrize("arguments", [["chek"], ["check", "extra"], ["check", "--jsno"], ["-c"], []])
def test_wrong_use_is_2(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert ("Error: " if arguments else "Usage: ") in done.stderr + done.stdout


def test_version(tmp_path: Path) -> None:
    done = run("--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"relay {relay.__version__}\n")


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom relay.cli.main import app\napp(['--help'], standalone_mode=False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = run(folder=tmp_path, code=code)
    assert (done.returncode, "check" in done.stdout) == (0, True)
    assert "typer" in done.stderr.split()
    heavy = {"sqlmodel", "sqlalchemy", "alembic", "pydantic", "cryptography", "aiosmtpd", "aiosmtplib", "jinja2"}
    assert not heavy & set(done.stderr.split())


BROKEN = "import relay.config\ndef load(path): raise ValueError('out of\\nreach')\nrelay.config.load = load\n" + CALL


def test_the_unexpected_is_one_line(tmp_path: Path) -> None:
    done = run("check", folder=tmp_path, code=BROKEN)
    assert done.returncode == 1
    assert done.stderr == "relay: ValueError: out of reach (RELAY_DEBUG=1 shows where)\n"


def test_the_unexpected_with_its_traceback(tmp_path: Path) -> None:
    done = run("check", folder=tmp_path, code=BROKEN, RELAY_DEBUG="1")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "ValueError: out of" in done.stderr
