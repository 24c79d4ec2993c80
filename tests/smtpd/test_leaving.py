"""How connections end, and how the server stops and reloads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay.model import Envelope
from tests.smtpd.house import Client, Running, assert_serves, certificate, leave, serving, wait_until


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as house:
        yield house


@pytest.mark.parametrize("sent", [b"", b"EHLO", b"MAIL FROM:<ann@acme.example>\r\n"])
@pytest.mark.parametrize("abrupt", [False, True])
def test_a_client_that_leaves_is_forgotten(tmp_path: Path, sent: bytes, abrupt: bool) -> None:
    with serving(tmp_path, connections=1) as running:
        with running.client() as client:
            client.send(sent)
            leave(client, abrupt)
        wait_until(lambda: not running.server._sessions)
        assert_serves(running)
        assert not running.events("the session broke")


@pytest.mark.parametrize("abrupt", [False, True])
def test_a_client_that_leaves_within_data_leaves_nothing(running: Running, abrupt: bool) -> None:
    with running.client() as client:
        client.begin()
        client.send(b"half a mail\r\n")
        leave(client, abrupt)
    assert_serves(running)
    assert len(running.gate.mails) == 1


def test_a_client_that_leaves_before_the_reply_does_not_stop_the_mail(running: Running) -> None:
    reached, left = threading.Event(), threading.Event()

    async def wait(_: Envelope) -> None:
        reached.set()
        while not left.is_set():
            await asyncio.sleep(0.01)

    running.gate.then = wait
    with running.client() as client:
        client.begin()
        client.send(b"whole\r\n.\r\n")
        assert reached.wait(10)
        leave(client, True)
    wait_until(lambda: not running.server._sessions)
    left.set()
    wait_until(lambda: len(running.gate.mails) == 1)


def test_stop_sends_the_idle_away_and_lets_a_mail_finish(running: Running) -> None:
    with running.client() as idle, running.client() as busy:
        busy.begin()
        busy.send(b"first half, ")
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        assert idle.reply().startswith("421 4.3.2 ")
        with pytest.raises(ConnectionError):
            Client(running.port)
        busy.send(b"second half\r\n.\r\n")
        assert busy.reply().startswith("250 2.0.0 ")
        assert busy.reply().startswith("421 4.3.2 ")
        stopping.join(10)
        assert not stopping.is_alive()
    assert running.gate.mails[0][1] == b"first half, second half\r\n"


def test_stop_does_not_wait_for_a_tls_handshake(tmp_path: Path) -> None:
    with serving(tmp_path, tls=certificate(tmp_path)) as running, running.client() as half:
        assert half.ask("STARTTLS").startswith("220 ")
        running.stop()
        assert half.socket.recv(100) == b""


def test_stop_waits_no_longer_than_asked(running: Running) -> None:
    async def forever(_: Envelope) -> None:
        await asyncio.sleep(3600)

    running.gate.then = forever
    with running.client() as receiving, running.client() as accepting:
        receiving.begin()
        accepting.begin()
        accepting.send(b"stored\r\n.\r\n")
        wait_until(lambda: len(running.spool.waiting()) == 1)
        running.stop(grace=0.1)
        assert receiving.reply() == ""
        assert accepting.reply() == ""
    assert len(running.spool.waiting()) == 1, "stored and not answered: found again at the next start"


def test_new_settings_are_for_new_connections(running: Running, tmp_path: Path) -> None:
    with running.client() as old:
        running.server.reload(replace(running.settings, max_size=10, tls=certificate(tmp_path)))
        assert old.mail().startswith("250 ")
        with running.client(ehlo=False) as new:
            assert "250-STARTTLS" in new.ask("EHLO client.example")
            assert new.mail().startswith("552 5.3.4 ")


def test_unusable_tls_files_change_nothing(running: Running, tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    tls.key.write_text("no key")
    with pytest.raises(OSError, match="PEM"):
        running.server.reload(replace(running.settings, tls=tls))
    assert_serves(running)
