"""Mails that would choke a reader, sent to a running relay: each is set aside and said, and nobody else waits for it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.harness import DOMAIN, Relay, Sink, until, write
from tests.mail.samples import mail
from tests.readers.processes import children, is_there, linux, slow

ANNA, IVAN, ADMIN = "anna@shop.example", "ivan@north.example", "admin@example.com"
INTAKE = f"north-repairs@{DOMAIN}"


def bomb() -> bytes:
    return slow(30, "Message-ID: <bomb@shop.example>", f"To: {INTAKE}", sender=f"Anna Chaikina <{ANNA}>")


def set_aside(relay: Relay) -> list[Path]:
    return list((relay.folder / "data" / "spool" / "corrupt").glob("*.txt"))


def test_a_mail_that_hangs_its_reader_is_set_aside_and_stops_nobody(relay: Relay, sink: Sink) -> None:
    with ThreadPoolExecutor(1) as client:
        chewing = client.submit(relay.send, bomb(), ANNA, INTAKE)
        until(lambda: "mail_stored" in relay.log, "the bomb to be stored")
        assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
        assert "The pump leaks." in sink.wait(IVAN).text
        assert not set_aside(relay), "the other mail has waited for the bomb"
        assert chewing.result()[0] == 250
    told = sink.wait(ADMIN)
    assert "took more than 5 s to read" in told.text and ANNA in told.text
    (why,) = set_aside(relay)
    assert why.read_text() == "took more than 5 s to read\n"
    assert why.with_suffix(".eml").read_bytes().endswith(bomb().rpartition(b"\r\n\r\n")[2])
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "And the valve."), ANNA, INTAKE)[0] == 250
    assert "And the valve." in sink.wait(IVAN, 2).text


@linux
def test_a_stopped_server_leaves_no_process(relay: Relay, sink: Sink) -> None:
    with ThreadPoolExecutor(1) as client:
        assert relay.process is not None
        server = relay.process.pid
        chewing = client.submit(relay.send, bomb(), ANNA, INTAKE)
        until(lambda: "mail_stored" in relay.log, "the bomb to be stored")
        readers = children(server)
        assert readers
        for reader in readers:
            os.kill(reader, signal.SIGTERM)  # as a service manager does, which tells the whole group
        assert relay.stop() == 0
        assert not [reader for reader in readers if is_there(reader)]
        chewing.exception()  # his 250 or, after it, the server's good-bye
    assert "took more than 5 s to read" in (set_aside(relay)[0].read_text())


@linux
def test_a_server_that_is_killed_leaves_no_process(relay: Relay) -> None:
    assert relay.process is not None
    readers = children(relay.process.pid)
    assert readers
    relay.stop(signal.SIGKILL)
    until(lambda: not any(map(is_there, readers)), "the readers to end")


@linux
def test_a_reader_that_was_killed_is_replaced(relay: Relay, sink: Sink) -> None:
    assert relay.process is not None
    for reader in children(relay.process.pid):
        os.kill(reader, signal.SIGKILL)
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    assert "The pump leaks." in sink.wait(IVAN).text


def test_relay_read_says_it_and_goes_on() -> None:
    bodies = [("raw", slow(30)), ("raw", mail("Yes.")), ("html", b"<p>Yes.")]
    lines = [json.dumps({"id": kind, "kind": kind, "body": base64.b64encode(body).decode()}) for kind, body in bodies]
    command = [sys.executable, "-m", "relay.cli.main", "read", "--jsonl"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["kind"], each.get("error", "")) for each in answers] == [
        ("unreadable", "took more than 5 s to read"),
        ("reply", ""),
        ("reply", ""),
    ]
