"""TLS, and the limits that keep one client from hurting the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from relay.smtpd import connections as connections_module
from relay.smtpd import session as session_module
from tests.smtpd.house import Client, Running, assert_serves, certificate, serving, wait_until


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as house:
        yield house


# ── TLS ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_mail_over_tls(tmp_path: Path) -> None:
    raw = b"x" * 2_000_000 + b"\r\n"
    with serving(tmp_path, tls=certificate(tmp_path, required=True)) as running, running.client() as client:
        for command in ("MAIL FROM:<a@b.example>", "HELO client.example", "VRFY ann"):
            assert client.ask(command).startswith("530 5.7.0 ")
        client.starttls()
        assert client.ask("MAIL FROM:<a@b.example>").startswith("503 5.5.1 "), "who he is was said in the clear"
        client.ask("EHLO client.example")
        assert client.ask("STARTTLS").startswith("503 5.5.1 ")
        assert client.mail(raw).startswith("250 2.0.0 ")
        assert client.ask("QUIT") == "221 2.0.0 Bye"
        ((envelope, content),) = running.gate.mails
        assert envelope.tls
        assert content == raw


def test_commands_sent_with_starttls_are_thrown_away(tmp_path: Path) -> None:
    with serving(tmp_path, tls=certificate(tmp_path)) as running, running.client() as client:
        client.send(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\n")
        client.wrap()
        assert client.ask("NOOP") == "250 2.0.0 OK", "the next reply answers the next command"
        assert client.ask("MAIL FROM:<a@b.example>").startswith("503 5.5.1 "), "no EHLO has been heard"


def test_tls_that_fails_ends_that_connection_alone(tmp_path: Path) -> None:
    with serving(tmp_path, tls=certificate(tmp_path)) as running:
        with running.client() as client:
            client.ask("STARTTLS")
            client.send(b"EHLO in the clear\r\n" * 10)
            assert client.socket.recv(1000)[:1] in (b"", b"\x15"), "nothing, or a TLS alert"
        assert_serves(running)
        assert not running.events("session_broke")


# ── limits ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("limit", [{"connections": 2}, {"connections_per_address": 2}])
def test_too_many_connections(tmp_path: Path, limit: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "LONG", 1e9)
    with serving(tmp_path, **limit) as running, running.client() as one, running.client():
        with Client(running.port) as third:
            assert third.reply().startswith("421 4.7.0 ")
            assert third.reply() == ""
        assert one.mail().startswith("250 2.0.0 ")
        one.ask("QUIT")
        assert one.reply() == ""
        assert_serves(running)


def test_too_many_commands(tmp_path: Path) -> None:
    with serving(tmp_path, commands=3) as running, running.client() as client:
        assert [client.ask("NOOP")[:9] for _ in range(4)] == ["250 2.0.0"] * 3 + ["421 4.7.0"]
        assert client.reply() == ""


def test_nothing_is_done_after_the_goodbye(tmp_path: Path) -> None:
    with serving(tmp_path, tls=certificate(tmp_path)) as running, running.client() as client:
        client.starttls()
        client.ask("EHLO client.example")
        mail = b"MAIL FROM:<ann@acme.example>\r\nRCPT TO:<postmaster>\r\nDATA\r\n.\r\n"
        client.send(b"GET /\r\n" * 5 + mail * 2)
        assert [client.reply()[:9] for _ in range(6)] == ["500 5.5.2"] * 4 + ["502 5.5.1", ""]
        client.close()
        wait_until(lambda: not running.server._sessions)
        assert running.gate.mails == []
        assert {entry["log_level"] for entry in running.log.entries} <= {"info", "debug"}


def test_too_much_nonsense(running: Running) -> None:
    with running.client() as client:
        assert [client.ask("GET /")[:9] for _ in range(5)] == ["500 5.5.2"] * 4 + ["502 5.5.1"]
        assert client.reply() == ""


@pytest.mark.parametrize("half", [b"", b"NOO", b"MAIL FROM:<ann@acme.example>\r\n"])
def test_an_idle_client_is_sent_away(tmp_path: Path, half: bytes) -> None:
    with serving(tmp_path, idle=timedelta(seconds=0.2)) as running, running.client() as client:
        client.send(half)
        if half.endswith(b"\n"):
            client.reply()
        assert client.reply().startswith("421 4.4.2 ")
        assert client.reply() == ""


def test_data_that_stops_is_sent_away_and_nothing_stays(tmp_path: Path) -> None:
    with serving(tmp_path, idle=timedelta(seconds=0.2)) as running, running.client() as client:
        client.begin()
        client.send(b"half a mail\r\n")
        assert client.reply().startswith("421 4.4.2 ")
        assert running.spool.waiting() == []


def test_data_that_crawls_is_sent_away(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "PATIENCE", 0.0)
    monkeypatch.setattr(session_module, "SLOWEST", 1e9)
    with running.client() as client:
        client.begin()
        client.send(b"x")
        assert client.reply().startswith("421 4.4.2 ")
        assert client.reply() == ""
    monkeypatch.undo()
    assert_serves(running)
    assert not running.events("command_failed")


def test_the_client_may_be_idle_while_we_work(tmp_path: Path) -> None:
    with serving(tmp_path, idle=timedelta(seconds=0.1)) as running, running.client() as client:
        running.gate.then = lambda _: asyncio.sleep(0.5)
        assert client.mail().startswith("250 2.0.0 ")


def test_a_client_that_reads_nothing_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "LINGER", 0.1)
    with serving(tmp_path, idle=timedelta(seconds=0.3), connections=1, commands=10**9) as running, running.client() as client:
        client.socket.settimeout(0.5)
        with pytest.raises(OSError, match=r"timed out|reset|Broken pipe"):
            while True:
                client.send(b"HELP\r\n" * 10_000)
        wait_until(lambda: not running.server._sessions)
        assert_serves(running)


def test_a_slow_client_keeps_nobody_waiting(running: Running) -> None:
    with running.client() as slow:
        slow.begin()
        for byte in b"Subject: slow\r\n\r\n..":
            slow.send(bytes([byte]))
            assert_serves(running)
        slow.send(b"\r\n.\r\n")
        assert slow.reply().startswith("250 2.0.0 ")
    assert running.gate.mails[-1][1] == b"Subject: slow\r\n\r\n.\r\n"


def test_many_clients_at_once(running: Running) -> None:
    def send(number: int) -> None:
        with running.client() as client:
            for _ in range(5):
                assert client.mail(b"%d\r\n" % number).startswith("250 2.0.0 ")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(running.spool.waiting()) == len(running.gate.mails) == 150
