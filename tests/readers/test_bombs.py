"""Mails that would choke a reader, sent to a running relay: each is set aside and said, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relay.readers import pool
from tests.harness import DOMAIN, Relay, Sink, until, write
from tests.mail.samples import mail
from tests.readers.processes import children, is_there, linux, slow

ANNA, IVAN, ADMIN = "anna@shop.example", "ivan@north.example", "admin@example.com"
INTAKE, FIX = f"north-repairs@{DOMAIN}", f"fix@{DOMAIN}"


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
        assert chewing.result()[0] == 250
    told = sink.wait(ADMIN)
    assert "took more than 5 s to read" in told.text and ANNA in told.text
    (why,) = set_aside(relay)
    assert why.read_text() == "took more than 5 s to read\n"
    assert why.with_suffix(".eml").read_bytes().endswith(bomb().rpartition(b"\r\n\r\n")[2])
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "And the valve."), ANNA, INTAKE)[0] == 250
    assert "And the valve." in sink.wait(IVAN, 2).text


def test_many_bombs_of_one_keep_nobody_else_waiting(relay: Relay, sink: Sink) -> None:
    """They come by a server of one's own, so that all clients have one address."""
    with ThreadPoolExecutor(3) as clients:
        chewing = [clients.submit(relay.send, bomb(), ANNA, INTAKE) for _ in range(3)]
        until(lambda: relay.log.count("mail_stored") == 3, "the bombs to be stored")
        for number in range(5):
            assert relay.send(write(f"Ivan <{IVAN}>", FIX, f"Valve {number} leaks."), IVAN, FIX)[0] == 250
        assert "Valve 4 leaks." in sink.wait("sergei@fix.example", 5).text
        assert len(set_aside(relay)) < 3, "the other mails have waited for the bombs"
        assert {each.result()[0] for each in chewing} == {250}
    until(lambda: len(set_aside(relay)) == 3, "the bombs to be set aside", 60)


def test_whose_mails_pile_up_unread_is_told_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CROWD", 2)
    monkeypatch.setattr(pool, "CROWDS", 3)

    async def run() -> None:
        readers = pool.Readers(count=1)
        reading = [asyncio.create_task(readers.read(bomb, source=source)) for source in ("a", "a", "a", "b")]
        await asyncio.sleep(0)
        crowded = [readers.crowded(source) for source in "abc"]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        readers.close()
        assert crowded == [True, True, False]

    asyncio.run(run())


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
