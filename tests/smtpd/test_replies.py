"""Every reply over a real socket: the right code, the right enhanced code, and the next client is served at once."""

from __future__ import annotations

import errno
import os
import re
import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from relay.errors import Deferred, Refused, SmtpError
from relay.model import Envelope
from relay.smtpd import session as session_module
from tests.smtpd.house import TICKET, Running, assert_serves, certificate, serving


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path) as house:
        yield house


# ── the way of a good mail ─────────────────────────────────────────────────────────────────────────────────


def test_a_mail_is_stored_accepted_and_answered_with_its_queue_id(running: Running) -> None:
    raw = b"Subject: pump\r\n\r\n.dots..\r\n.\xff\x00\r\n" + b"long" * 5000 + b"\r\n"
    with running.client() as client:
        reply = client.mail(raw.replace(b"\r\n.", b"\r\n.."))
    found = re.fullmatch(r"250 2\.0\.0 OK: queued as ([A-Z0-9]+)", reply)
    assert found
    ((envelope, content),) = running.gate.mails
    assert content == raw
    assert running.spool.read(found[1])[1] == raw
    assert running.spool.waiting() == [found[1]]
    assert (datetime.now(UTC) - envelope.received_at) < timedelta(minutes=1)
    expected = Envelope(found[1], "ann@acme.example", (TICKET,), "127.0.0.1", "client.example", envelope.received_at)
    assert envelope == expected


def test_the_gate_is_asked_when_the_mail_is_on_disk(running: Running) -> None:
    seen: list[list[str]] = []

    async def look(envelope: Envelope) -> None:
        seen.append([envelope.id, *running.spool.waiting()])

    running.gate.then = look
    assert_serves(running)
    ((asked, stored),) = seen
    assert asked == stored


def test_smtplib_sends(running: Running) -> None:
    with smtplib.SMTP("127.0.0.1", running.port) as client:
        client.sendmail("ann@acme.example", [TICKET, f"postmaster@{'relay.example'}"], b"Subject: one\r\n\r\n.\r\n..\r\n")
        client.sendmail("", [TICKET], b"Subject: two\r\n\r\n")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        client.sendmail("анна@почта.example", [TICKET], "Subject: три\r\n\r\nда\r\n".encode(), options)
    envelopes = [envelope for envelope, _ in running.gate.mails]
    assert [each.mail_from for each in envelopes] == ["ann@acme.example", "", "анна@почта.example"]
    assert envelopes[0].rcpt_to == (TICKET, "postmaster@relay.example")
    assert [raw for _, raw in running.gate.mails][::2] == [
        b"Subject: one\r\n\r\n.\r\n..\r\n",
        "Subject: три\r\n\r\nда\r\n".encode(),
    ]


def test_the_extensions(tmp_path: Path) -> None:
    with serving(tmp_path, max_size=12345, tls=certificate(tmp_path)) as running, running.client(ehlo=False) as client:
        offered = {"SIZE 12345", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"}
        lines = client.ask("EHLO client.example").split("\n")
        assert lines[0] == "250-relay.example"
        assert {line[4:] for line in lines[1:]} == offered | {"STARTTLS"}
        client.starttls()
        lines = client.ask("EHLO client.example").split("\n")
        assert {line[4:] for line in lines[1:]} == offered, "no STARTTLS twice, and no AUTH ever"


@pytest.mark.parametrize("half", [False, True], ids=["whole", "half-closed"])
def test_a_whole_conversation_in_one_packet(running: Running, half: bool) -> None:
    """PIPELINING, and what comes after the end of the data is a command again; also from a client that sends and stops."""
    mail = b"MAIL FROM:<ann@acme.example>\r\nRCPT TO:<%b>\r\nDATA\r\nSubject: %d\r\n\r\n..x\r\n.\r\n"
    with running.client(ehlo=False) as client:
        client.send(b"EHLO client.example\r\n" + b"".join(mail % (TICKET.encode(), n) for n in range(5)) + b"NOOP\r\nQUIT\r\n")
        if half:
            client.socket.shutdown(socket.SHUT_WR)
        assert client.reply().startswith("250-relay.example\n")
        for _ in range(5):
            replies = [client.reply() for _ in range(4)]
            assert [reply[:4] for reply in replies] == ["250 ", "250 ", "354 ", "250 "]
        assert [client.reply(), client.reply(), client.reply()] == ["250 2.0.0 OK", "221 2.0.0 Bye", ""]
    assert [raw for _, raw in running.gate.mails] == [b"Subject: %d\r\n\r\n.x\r\n" % n for n in range(5)]


def test_helo_is_enough(running: Running) -> None:
    with running.client(ehlo=False) as client:
        assert client.ask("HELO client.example") == "250 relay.example"
        assert client.mail().startswith("250 2.0.0 ")


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────

COMMANDS = [
    ("NOOP", "250 2.0.0"),
    ("RSET", "250 2.0.0"),
    ("VRFY ann", "252 2.5.0"),
    ("EXPN staff", "502 5.5.1"),
    ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
    ("HELP", "214 2.0.0"),
    ("STARTTLS", "454 4.7.0"),
    ("RCPT TO:<ann@relay.example>", "503 5.5.1"),
    ("DATA", "503 5.5.1"),
    ("QUIT now", "501 5.5.4"),
    ("EHLO", "501 5.5.4"),
    ("HELO", "501 5.5.4"),
    ("GET / HTTP/1.1", "500 5.5.2"),
    ("", "500 5.5.2"),
    ("ПРИВЕТ", "500 5.5.2"),
    ("F\rO\0O", "500 5.5.2"),
    ("NOOP " + "x" * 3000, "500 5.5.2"),
    ("NOOP " + "x" * 300_000, "500 5.5.2"),
    ("MAIL", "501 5.5.4"),
    ("MAIL TO:<ann@acme.example>", "501 5.5.4"),
    ("MAIL FROM:", "553 5.1.3"),
    ("MAIL FROM:<ann>", "553 5.1.3"),
    ("MAIL FROM:<ann@acme.example", "553 5.1.3"),
    ("MAIL FROM:<ann@acme.example>SIZE=1", "553 5.1.3"),
    ("MAIL FROM:<a b@acme.example>", "553 5.1.3"),
    ("MAIL FROM:<a\rb@acme.example>", "553 5.1.3"),
    ("MAIL FROM:<a@b@acme.example>", "553 5.1.3"),
    ("MAIL FROM:<ann@acme.example> SIZE=many", "501 5.5.4"),
    ("MAIL FROM:<ann@acme.example> BODY=BINARYMIME", "501 5.5.4"),
    ("MAIL FROM:<ann@acme.example> COLOUR=RED", "555 5.5.4"),
    ("MAIL FROM:<ann@acme.example> SIZE=99999999999", "552 5.3.4"),
    ("MAIL FROM:<ann@acme.example> SIZE=1000 BODY=8BITMIME SMTPUTF8", "250 2.1.0"),
    ("mail from: <ann@acme.example>", "250 2.1.0"),
    ("MAIL FROM:ann@acme.example", "250 2.1.0"),
    ("MAIL FROM:<>", "250 2.1.0"),
    ('MAIL FROM:<"a b"@[127.0.0.1]>', "250 2.1.0"),
    ("MAIL FROM:<@old.example,@new.example:ann@acme.example>", "250 2.1.0"),
    ("MAIL FROM:<" + "a" * 900 + "@acme.example>", "250 2.1.0"),
]


@pytest.mark.parametrize(("command", "expected"), COMMANDS, ids=[command[:60] or "nothing" for command, _ in COMMANDS])
def test_a_command_gets_one_reply_with_an_enhanced_code(running: Running, command: str, expected: str) -> None:
    with running.client() as client:
        reply = client.ask(command)
        assert reply.startswith(expected + " ")
        assert len(reply) <= 510
        assert reply.isprintable()
        assert client.ask("NOOP") == "250 2.0.0 OK"
    assert_serves(running)


@pytest.mark.parametrize("command", ["MAIL FROM:<a@b.example>", "RCPT TO:<a@b.example>", "DATA"])
def test_helo_comes_first(running: Running, command: str) -> None:
    with running.client(ehlo=False) as client:
        assert client.ask(command).startswith("503 5.5.1 ")


def test_bytes_that_are_no_utf8_are_no_address(running: Running) -> None:
    with running.client(ehlo=False) as client:
        client.send(b"EHLO \xff\xfe\r\n")
        client.reply()
        client.send(b"MAIL FROM:<\xff@acme.example>\r\n")
        assert client.reply().startswith("553 5.1.3 ")
        assert client.mail().startswith("250 2.0.0 ")
    assert running.gate.mails[0][0].helo == "??"


RECIPIENTS = [
    ("TO:<ann@acme.example>", "550 5.1.1 No such address here."),
    ("TO:<ann@relay.example@acme.example>", "553 5.1.3"),
    ("TO:<@relay.example:ann@acme.example>", "550 5.1.1"),
    ("TO:<ann%acme.example@other.example>", "550 5.1.1"),
    ("TO:<>", "501 5.1.3"),
    ("TO:", "553 5.1.3"),
    ("TO:<ann@relay.example> NOTIFY=NEVER", "555 5.5.4"),
    ("TO:<postmaster>", "250 2.1.5"),
    ("TO:<Postmaster>", "250 2.1.5"),
]


@pytest.mark.parametrize(("argument", "expected"), RECIPIENTS)
def test_only_our_addresses_are_recipients(running: Running, argument: str, expected: str) -> None:
    with running.client() as client:
        client.ask("MAIL FROM:<ann@acme.example>")
        assert client.ask(f"RCPT {argument}").startswith(expected)
        assert client.ask(f"RCPT TO:<{TICKET}>") == "250 2.1.5 OK"
        assert client.ask("MAIL FROM:<two@acme.example>").startswith("503 5.5.1 ")


def test_a_mail_with_no_good_recipient_has_no_data(running: Running) -> None:
    with running.client() as client:
        client.send(b"MAIL FROM:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\nRSET\r\n")
        assert [client.reply()[:9] for _ in range(4)] == ["250 2.1.0", "550 5.1.1", "503 5.5.1", "250 2.0.0"]
        assert client.mail().startswith("250 2.0.0 ")


def test_too_many_recipients_wait_for_the_next_mail(tmp_path: Path) -> None:
    with serving(tmp_path, recipients=2) as running, running.client() as client:
        client.ask("MAIL FROM:<ann@acme.example>")
        replies = [client.ask(f"RCPT TO:<t{n}@relay.example>")[:9] for n in range(3)]
        assert replies == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]
        client.ask("DATA")
        client.send(b"\r\n.\r\n")
        assert client.reply().startswith("250 2.0.0 ")
        assert running.gate.mails[0][0].rcpt_to == ("t0@relay.example", "t1@relay.example")


# ── the gate's no ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused(550, "5.7.26", "Authentication failed."), "550 5.7.26 Authentication failed."),
        (Refused(554, "5.6.0", "Sagt\r\n250 ünd"), "554 5.6.0 Sagt??250 ?nd"),
        (Deferred(451, "4.3.0", "Later."), "451 4.3.0 Later."),
        (ConnectionResetError("secret database host"), "451 4.3.0 Cannot take this mail now, please try again later."),
        (OSError(errno.ENOSPC, "secret"), "451 4.3.0 Cannot take this mail now, please try again later."),
        (ZeroDivisionError("secret"), "451 4.3.0 Cannot take this mail now, please try again later."),
    ],
)
def test_the_gates_no_is_the_reply_and_nothing_stays(running: Running, error: Exception, expected: str) -> None:
    async def no(_: object) -> None:
        raise error

    with running.client() as client:
        running.gate.then = no
        assert client.mail() == expected
        assert running.spool.waiting() == []
        running.gate.then, running.gate.known = None, no
        client.ask("MAIL FROM:<ann@acme.example>")
        assert client.ask(f"RCPT TO:<{TICKET}>") == expected
        running.gate.known = None
        client.ask("RSET")
        assert client.mail().startswith("250 2.0.0 ")
    failed = [event["log_level"] for event in running.events("gate_failed")]
    assert failed == ([] if isinstance(error, SmtpError) else ["error"] * 2)


def test_a_fault_of_ours_is_a_plain_451(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> tuple[str, str]:
        raise IndexError("secret")

    with running.client() as client:
        monkeypatch.setattr(session_module, "path", broken)
        assert client.ask("MAIL FROM:<a@b.example>") == "451 4.3.0 Cannot take this mail now, please try again later."
        monkeypatch.undo()
        assert client.mail().startswith("250 2.0.0 ")
    assert [str(event["exc_info"]) for event in running.events("command_failed")] == ["secret"]


# ── the disk's no ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_spool_that_is_gone_is_451_until_it_is_back(running: Running, tmp_path: Path, size: int) -> None:
    with running.client() as client:
        (tmp_path / "spool").rename(tmp_path / "gone")
        assert client.mail(b"x" * size + b"\r\n") == "451 4.3.0 Cannot take this mail now, please try again later."
        (tmp_path / "gone").rename(tmp_path / "spool")
        assert client.mail().startswith("250 2.0.0 ")
    assert len(running.spool.waiting()) == len(running.gate.mails) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_452(running: Running, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(_: int) -> None:
        raise OSError(number, "no space")

    with running.client() as client:
        monkeypatch.setattr(os, "fsync", full)
        assert client.mail().startswith("452 4.3.1 ")
        monkeypatch.undo()
        assert client.mail().startswith("250 2.0.0 ")
    assert len(running.spool.waiting()) == 1


# ── size and line ends ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("line", [b"x" * 98 + b"\r\n", b"x" * 100, b"..\r\n" * 25], ids=["lines", "no line end", "dots"])
def test_too_large_is_read_to_its_end_and_the_session_goes_on(tmp_path: Path, line: bytes) -> None:
    with serving(tmp_path, max_size=10_000) as running, running.client() as client:
        assert client.mail(line * 5000 + b"\r\n").startswith("552 5.3.4 ")
        assert client.mail().startswith("250 2.0.0 ")
        assert len(running.spool.waiting()) == 1


def test_the_limit_counts_what_is_stored(tmp_path: Path) -> None:
    with serving(tmp_path, max_size=300) as running, running.client() as client:
        assert client.mail(b"..\r\n" * 100).startswith("250 "), "the doubled dots do not count"
        assert client.mail(b"..\r\n" * 100 + b"\r\n").startswith("552 5.3.4 ")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n", b"\n\r\n"])
def test_smuggling_is_refused_whole(running: Running, end: bytes) -> None:
    smuggled = b"MAIL FROM:<boss@acme.example>\r\nRCPT TO:<" + TICKET.encode() + b">\r\nDATA\r\n"
    with running.client() as client:
        client.begin()
        client.send(b"one" + end + smuggled + b"two\r\n.\r\nNOOP\r\n")
        assert client.reply().startswith("554 5.6.0 The message has a bare CR or LF")
        assert client.reply() == "250 2.0.0 OK"
        assert client.mail().startswith("250 2.0.0 ")
    assert len(running.gate.mails) == 1
