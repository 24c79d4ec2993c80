"""Who is not let in, and what he is told: the contract's table of replies, over SMTP, and nothing of it kept or leaked."""

from __future__ import annotations

import contextlib
import smtplib
import sqlite3
from collections.abc import Callable

import pytest

from tests.harness import DOMAIN, Relay, Sink, until, write

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
ADMIN, STRANGER = "admin@example.com", "mallory@elsewhere.example"
INTAKE = f"north-repairs@{DOMAIN}"


def nothing_kept(relay: Relay) -> bool:
    """No chain, no held mail, no letter, no raw mail."""
    data = relay.folder / "data"
    raw = [path for path in (data / "spool").rglob("*") if path.is_file()]
    with contextlib.closing(sqlite3.connect(data / "relay.db")) as database:
        kept = "SELECT id FROM chains UNION SELECT id FROM letters UNION SELECT id FROM mails WHERE state = 'held'"
        return database.execute(kept).fetchall() == raw == []


@pytest.mark.parametrize(
    "recipient",
    [
        f"nobody@{DOMAIN}",
        f"t-{'a' * 26}@{DOMAIN}",
        f"n-{'a' * 26}@{DOMAIN}",
        f"b-{'a' * 26}@{DOMAIN}",
        "north-repairs@elsewhere.example",
        "victim@gmail.example",
        f"victim%gmail.example@{DOMAIN}",
    ],
)
def test_what_the_relay_does_not_have_is_refused_at_rcpt(relay: Relay, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        client.ehlo("client.example")
        client.mail(ANNA)
        code, answer = client.rcpt(recipient)
        assert (code, answer.split()[0]) == (550, b"5.1.1"), answer
        assert client.rcpt(INTAKE)[0] == 250  # the connection goes on


FROMS = {
    "none": "",
    "two": f"From: {ANNA}\r\nFrom: {IVAN}\r\n",
    "two mailboxes": f"From: {ANNA}, {IVAN}\r\n",
    "a group": f"From: friends: {ANNA};\r\n",
    "no address": "From: Anna\r\n",
    "empty": "From: \r\n",
    "zero width": "From: Anna <an\u200bna@shop.example>\r\n",
    "nul": f"From: an\0na@shop.example <{ANNA}\0>\r\n",
}


@pytest.mark.parametrize("kind", FROMS)
def test_a_from_that_is_not_one_mailbox_is_refused(relay: Relay, sink: Sink, kind: str) -> None:
    raw = f"{FROMS[kind]}To: {INTAKE}\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 10:00:00 +0300\r\n\r\nHello\r\n".encode()
    code, answer = relay.send(raw, ANNA, INTAKE)
    assert code == 554 and answer.startswith("5.6.0 ") and len(answer.split()) > 4, answer
    assert nothing_kept(relay) and sink.received == []
    assert relay.send(write(ANNA, INTAKE, "The next client."), ANNA, INTAKE)[0] == 250


def test_too_many_parts_are_refused(relay: Relay) -> None:
    parts = "".join("--b\r\n\r\nx\r\n" for _ in range(20_000))
    head = f'From: {ANNA}\r\nTo: {INTAKE}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    code, answer = relay.send(f"{head}{parts}--b--\r\n".encode(), ANNA, INTAKE)
    assert code == 554 and answer.startswith("5.6.0 ")
    assert nothing_kept(relay)


def test_too_large_is_said_at_mail_and_after_data(make_relay: Callable[..., Relay]) -> None:
    relay = make_relay()
    relay.write_config(smtp='max_size = "100 KB"')
    relay.start()
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        client.ehlo("client.example")
        assert client.esmtp_features["size"] == "100000"
        code, answer = client.mail(ANNA, ["SIZE=100001"])
        assert code == 552 and answer.startswith(b"5.3.4 ")
    code, text = relay.send(write(ANNA, INTAKE, "x" * 70 + "\n" + ("y" * 70 + "\n") * 2000), ANNA, INTAKE)
    assert code == 552 and text.startswith("5.3.4 ")
    assert nothing_kept(relay)
    assert relay.send(write(ANNA, INTAKE, "Small."), ANNA, INTAKE)[0] == 250


def test_a_stranger_is_refused_where_the_party_wants_it(relay: Relay, sink: Sink) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#pass fix", answering=letter), IVAN, letter.thread)
    passed = sink.wait(SERGEI)
    before = len(sink.received)
    for stranger in (STRANGER, ANNA):  # who is of another party is a stranger here, too
        code, answer = relay.send(write(stranger, passed.thread, "Let me in."), stranger, passed.thread)
        assert code == 550 and answer.startswith("5.7.1 "), answer
        assert "fix" not in answer.lower() and "sergei" not in answer.lower()
    events = relay.json("show", "A-1")["events"]
    assert all("Let me in." not in event["text"] for event in events)
    told = sink.wait(SERGEI, 2)  # of another party's use of his address, not of the stranger's; but not who it was
    assert "A-1" in told.text and "anna" not in told.text.lower() and "shop" not in told.text.lower()
    assert relay.json("held", "list") == [] and len(sink.received) == before + 1


@pytest.mark.parametrize("stranger", [SERGEI])
def test_somebody_of_another_party_is_held_and_the_postmaster_decides(relay: Relay, sink: Sink, stranger: str) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    code, answer = relay.send(write(stranger, letter.thread, "I am new at North."), stranger, letter.thread)
    assert code == 250, answer
    told = sink.wait(ADMIN)
    (held,) = relay.json("held", "list")
    assert held["id"] in answer and held["id"] in told.text and held["from"] == stranger
    assert "I am new at North." in relay.cli("held", "show", held["id"]).stdout
    assert all("I am new at North." not in received.text for received in sink.received)
    assert relay.cli("held", "release", held["id"]).returncode == 0
    until(lambda: any("I am new at North." in received.text for received in sink.to(ANNA)), "the released mail")
    assert relay.json("held", "list") == [] and sink.to(stranger) == []
    assert relay.cli("held", "release", held["id"]).returncode == 1


def test_a_held_mail_can_be_refused(relay: Relay, sink: Sink) -> None:
    assert relay.send(write(STRANGER, INTAKE, "Buy now."), STRANGER, INTAKE)[0] == 250
    sink.wait(ANNA)
    (held,) = relay.json("held", "list")
    assert relay.cli("held", "refuse", "--all").returncode == 0
    assert relay.json("held", "list") == [] and relay.json("chains", "--all") == []
    assert [mail["state"] for mail in relay.json("trace", held["id"])] == ["refused"]
    assert relay.cli("held", "list").stdout.strip() == "No mail is held."
    assert relay.cli("held", "release").returncode == 2


def test_a_new_ticket_cannot_be_internal(relay: Relay, sink: Sink) -> None:
    code, answer = relay.send(write(ANNA, INTAKE, "#internal\nBetween us."), ANNA, INTAKE)
    assert code == 550 and answer.startswith("5.7.1 ")
    assert nothing_kept(relay) and sink.received == []


def test_another_partys_address_in_a_mail_is_ignored_and_said(relay: Relay, sink: Sink) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    acknowledgement, letter = sink.wait(ANNA), sink.wait(IVAN)
    mail = write(f"Anna <{ANNA}>", acknowledgement.thread, "Any news?", Cc=letter.thread)
    assert relay.send(mail, ANNA, acknowledgement.thread, letter.thread)[0] == 250
    assert "Any news?" in sink.wait(IVAN, 2).text
    notice = sink.wait(ANNA, 2)
    assert notice.message["Auto-Submitted"] == "auto-replied" and letter.thread not in notice.raw.decode()
    assert [event["kind"] for event in relay.json("show", "A-1")["events"]].count("comment") == 2


@pytest.mark.parametrize("text", ["#acept", "#pass nowhere", "#передать fxi", "#pass vendor", "#pass north-repairs"])
def test_a_command_that_cannot_be_done_is_said_and_the_words_go_through(relay: Relay, sink: Sink, text: str) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, f"Words.\n\n{text}", answering=letter), IVAN, letter.thread)
    assert "Words." in sink.wait(ANNA, 2).text
    notice = sink.wait(IVAN, 2)
    assert text in notice.text and notice.message["Auto-Submitted"] == "auto-replied"
    assert str(letter.message["Message-ID"]) in str(notice.message["References"])
    assert len(relay.json("show", "A-1")["tickets"]) == 2
    if text.endswith("fxi"):
        assert "fix" in notice.text
    assert "vendor" not in notice.text.replace(text, "").lower()  # other parties' links are nobody's business


def test_a_misspelt_internal_stays_inside(relay: Relay, sink: Sink) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#intenral\nThey never pay.", answering=letter), IVAN, letter.thread)
    assert "They never pay." in sink.wait(OLGA, 2).text
    assert "#intenral" in sink.wait(IVAN, 2).text
    assert all("never pay" not in received.raw.decode() for received in sink.to(ANNA))


def test_mail_to_the_postmaster_goes_to_the_postmaster(relay: Relay, sink: Sink) -> None:
    for to in (f"postmaster@{DOMAIN}", f"Abuse@{DOMAIN}", "postmaster"):
        assert relay.send(write(STRANGER, to, f"About {to}."), STRANGER, to)[0] == 250
    sink.wait(ADMIN, 3)
    assert [
        f"About {to}." in letter.text
        for to, letter in zip((f"postmaster@{DOMAIN}", f"Abuse@{DOMAIN}", "postmaster"), sink.to(ADMIN), strict=True)
    ]
    assert {received.recipient for received in sink.received} == {ADMIN}


def test_a_letter_of_ours_that_comes_back_is_not_taken_in(relay: Relay, sink: Sink) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    sink.wait(OLGA)
    back = letter.raw.replace(b"From: ", b"X-Was-From: ", 1)
    for to in (letter.thread, INTAKE):
        code, answer = relay.send(f"From: {IVAN if to == letter.thread else ANNA}\r\n".encode() + back, IVAN, to)
        assert code == 250, answer
        assert "came back" in relay.json("trace", answer.split()[-1])[0]["reason"]
    assert len(relay.json("show", "A-1")["events"]) == 2 and len(relay.json("chains", "--all")) == 1


def test_an_automatic_mail_opens_nothing(relay: Relay, sink: Sink) -> None:
    away = write(ANNA, INTAKE, "I am away.", Auto_Submitted="auto-replied")
    for sender in (ANNA, ""):
        assert relay.send(away, sender, INTAKE)[0] == 250
    told = sink.wait("admin@example.com")
    assert "has opened no ticket" in told.text and relay.json("chains", "--all") == [] and sink.received == [told]


def test_what_is_not_acted_on_is_said_at_the_start(make_relay: Callable[..., Relay]) -> None:
    relay = make_relay()
    relay.config.write_text(relay.config.read_text().replace('trust = "address"', "", 1))  # of the shop
    relay.start()
    assert "parties.north: trust" in relay.log and "parties.shop: trust" not in relay.log
    checked = relay.cli("check")
    assert checked.returncode == 0 and "parties.north: trust" in checked.stdout


def test_trace_and_show_answer_what_became_of_it(relay: Relay, sink: Sink) -> None:
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    _, answer = relay.send(mail, ANNA, INTAKE)
    queue_id = answer.split()[-1]
    letter = sink.wait(IVAN)
    sink.wait(OLGA), sink.wait(ANNA)
    until(lambda: all(x["state"] == "sent" for x in relay.json("trace", queue_id)[0]["letters"]), "all letters sent")
    for name in (
        queue_id,
        queue_id.lower(),
        mail["Message-ID"],
        mail["Message-ID"].strip("<>"),
        "A-1",
        "[a-1]",
        letter.message["Message-ID"],
    ):
        (found,) = relay.json("trace", name)
        assert (found["id"], found["state"], found["chain"]) == (queue_id, "done", "A-1")
        assert sorted(x["to"] for x in found["letters"]) == sorted([ANNA, IVAN, OLGA])
    assert queue_id in relay.cli("trace", "A-1").stdout and letter.thread in relay.cli("show", "a-1").stdout
    assert "North Service" in relay.cli("chains").stdout
    for unknown in (("trace", "<no@such>"), ("show", "A-99")):
        done = relay.cli(*unknown)
        assert done.returncode == 1 and "Traceback" not in done.stderr and unknown[1] in done.stderr
    assert relay.cli("show").returncode == 2
    lines = [line for line in relay.log.splitlines() if queue_id in line]
    assert any("mail_settled" in line for line in lines) and sum("letter_sent" in line for line in lines) == 3
    assert letter.thread.partition("@")[0] not in relay.log


def test_the_configuration_is_named_before_between_or_after(relay: Relay) -> None:
    import subprocess
    import sys

    given = ["-c", str(relay.config)]
    for words in ([*given, "queue", "list"], ["queue", *given, "list"], ["queue", "list", *given], ["held", *given, "list"]):
        done = subprocess.run([sys.executable, "-m", "relay.cli.main", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
