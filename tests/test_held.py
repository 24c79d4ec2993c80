"""Held mails over SMTP: who is asked, what he may answer, and that nobody has anything of them before."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from relay import held
from relay.model import Contact, Mail
from tests.harness import DOMAIN, Received, Relay, Sink, until, write

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
ADMIN, NINA = "admin@example.com", "nina@new.example"
INTAKE = f"north-repairs@{DOMAIN}"
SECRET = "Your code is 778812."


def opened(relay: Relay, sink: Sink) -> Received:
    """North's letter of a new chain."""
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    return sink.wait(IVAN)


def asked(relay: Relay, sink: Sink, *, text: str = SECRET, subject: str = "Code 778812") -> Received:
    """The question to Ivan about a mail of Nina's to his ticket."""
    letter = opened(relay, sink)
    code, answer = relay.send(write(f"Nina New <{NINA}>", letter.thread, text, subject), NINA, letter.thread)
    assert code == 250, answer
    return sink.wait(IVAN, 2)


def answer(relay: Relay, question: Received, words: str, sender: str = IVAN) -> tuple[int, str]:
    return relay.send(write(sender, question.thread, words, answering=question), sender, question.thread)


def test_the_partys_contacts_are_asked_and_nobody_sees_anything_of_the_mail(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink)
    assert f"Nina New <{NINA}> wrote to A-1. One of yours?" in question.text
    assert "A-1" in str(question.message["Subject"]) and question.message["Auto-Submitted"] == "auto-replied"
    assert question.thread.startswith("h-") and sink.wait(OLGA, 2).text == question.text
    (waiting,) = relay.json("held", "list")
    assert waiting["from"] == NINA and waiting["held_for"] == "north"
    assert all("778812" not in letter.raw.decode() for letter in sink.received)
    assert sink.to(NINA) == sink.to(ADMIN) == []


def test_each_answer_is_one_click(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink)
    links = re.findall(r'href="(mailto:[^"]+)"', question.html)
    assert [unquote(link).partition("body=")[2].strip() for link in links] == ["yes", "once", "no"]
    assert all(link.startswith(f"mailto:{question.thread}?") for link in links)


@pytest.mark.parametrize("words", ["yes", "Да, это наш новый инженер"])
def test_yes_lets_the_mail_through_and_its_author_write_from_then_on(relay: Relay, sink: Sink, words: str) -> None:
    question = asked(relay, sink, text="I take over from Ivan.", subject="Hello")
    assert answer(relay, question, words)[0] == 250
    until(lambda: any("I take over from Ivan." in letter.text for letter in sink.to(ANNA)), "Nina's words")
    assert "goes on now, and whatever" in sink.wait(IVAN, 3).text
    letter = sink.to(IVAN)[0]
    assert relay.send(write(NINA, letter.thread, "And I come tomorrow."), NINA, letter.thread)[0] == 250
    until(lambda: any("And I come tomorrow." in letter.text for letter in sink.to(ANNA)), "Nina's next words")
    assert relay.json("held", "list") == []
    assert [one["address"] for one in relay.json("held", "admitted")] == [NINA]
    assert relay.cli("held", "forget", "north", NINA).returncode == 0 and relay.json("held", "admitted") == []


def test_once_lets_one_mail_through(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink, text="The keys are at the gate.", subject="Hello")
    assert answer(relay, question, "один раз")[0] == 250
    until(lambda: any("The keys are at the gate." in letter.text for letter in sink.to(ANNA)), "Nina's words")
    letter = sink.to(IVAN)[0]
    assert relay.send(write(NINA, letter.thread, "And again."), NINA, letter.thread)[0] == 250
    until(lambda: len(relay.json("held", "list")) == 1, "the next one to be held")
    assert sink.to(NINA) == [] and relay.json("held", "admitted") == []


def test_no_drops_the_mail(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink)
    (waiting,) = relay.json("held", "list")
    assert answer(relay, question, "No, never heard of her.\n\n> yes")[0] == 250
    assert "was dropped" in sink.wait(IVAN, 3).text
    assert [mail["state"] for mail in relay.json("trace", waiting["id"])] == ["refused"]
    assert "does not wait any more" in (answer(relay, question, "yes"), sink.wait(IVAN, 4))[1].text
    assert all("778812" not in letter.raw.decode() for letter in sink.received) and sink.to(NINA) == []


def test_an_answer_that_says_neither_is_asked_back(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink)
    assert answer(relay, question, "No idea who that is, ask Olga")[0] == 250
    assert "could not tell" in sink.wait(IVAN, 3).text and len(relay.json("held", "list")) == 1


@pytest.mark.parametrize("sender", [NINA, ANNA, SERGEI, "mallory@elsewhere.example"])
def test_nobody_else_decides(relay: Relay, sink: Sink, sender: str) -> None:
    question = asked(relay, sink)
    code, text = answer(relay, question, "yes", sender)
    assert (code, text[:5]) == (550, "5.1.1") and len(relay.json("held", "list")) == 1


def test_an_automatic_answer_decides_nothing(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink)
    mail = write(IVAN, question.thread, "yes", answering=question, Auto_Submitted="auto-replied")
    assert relay.send(mail, IVAN, question.thread)[0] == 250
    assert len(relay.json("held", "list")) == 1 and len(sink.to(IVAN)) == 2


def test_more_mails_of_the_same_stranger_are_one_question(relay: Relay, sink: Sink) -> None:
    question = asked(relay, sink, text="First.", subject="Hello")
    thread = sink.to(IVAN)[0].thread
    assert relay.send(write(NINA, thread, "Second."), NINA, thread)[0] == 250
    assert len(relay.json("held", "list")) == 2 and len(sink.to(IVAN)) == 2
    answer(relay, question, "yes")
    for words in ("First.", "Second."):
        until(lambda words=words: any(words in letter.text for letter in sink.to(ANNA)), words)  # type: ignore[misc]


def test_a_stranger_at_a_link_is_asked_about_too(relay: Relay, sink: Sink) -> None:
    assert relay.send(write(NINA, INTAKE, "The boiler is cold."), NINA, INTAKE)[0] == 250
    question = sink.wait(ANNA)
    assert INTAKE in question.text and "наш" in question.text
    assert answer(relay, question, "да", ANNA)[0] == 250
    assert "The boiler is cold." in sink.wait(IVAN).text


def test_what_nobody_decides_expires_and_that_is_said(relay: Relay, sink: Sink) -> None:
    asked(relay, sink)
    (waiting,) = relay.json("held", "list")
    relay.stop()
    long_ago = f"{datetime.now(UTC) - timedelta(days=31):%Y-%m-%d %H:%M:%S}"
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database:
        database.execute("UPDATE mails SET received_at = ? WHERE id = ?", (long_ago, waiting["id"]))
    relay.start()
    until(lambda: relay.json("held", "list") == [], "the mail to expire")
    assert "was dropped" in sink.wait(IVAN, 3).text
    assert [mail["state"] for mail in relay.json("trace", waiting["id"])] == ["expired"]


def test_a_mail_let_in_before_a_crash_is_settled_at_the_next_start(relay: Relay, sink: Sink) -> None:
    asked(relay, sink, text="After the crash.", subject="Hello")
    relay.stop()
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database:
        database.execute("UPDATE mails SET state = 'let in' WHERE state = 'held'")
    relay.start()
    until(lambda: any("After the crash." in letter.text for letter in sink.to(ANNA)), "the mail")


def test_held_mails_are_released_by_their_writer(relay: Relay, sink: Sink) -> None:
    thread = opened(relay, sink).thread
    for writer in (NINA, "mallory@elsewhere.example"):
        assert relay.send(write(writer, thread, f"Words of {writer}"), writer, thread)[0] == 250
    assert relay.cli("held", "release", "--from", "new.example").returncode == 0
    until(lambda: any(f"Words of {NINA}" in letter.text for letter in sink.to(ANNA)), "Nina's words")
    assert [mail["from"] for mail in relay.json("held", "list")] == ["mallory@elsewhere.example"]
    assert relay.cli("held", "refuse", "--from", "elsewhere").returncode == 0 and relay.json("held", "list") == []


# ── addresses renewed ──────────────────────────────────────────────────────────────────────────────────────


def test_a_renewed_address_tells_only_its_own_people(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    done = relay.cli("address", "renew", "A-1", "north")
    new = done.stdout.strip()
    assert done.returncode == 0 and new.startswith("t-") and new != letter.thread
    moved = sink.wait(IVAN, 2)
    assert moved.thread == new and new in moved.text
    code, text = relay.send(write(IVAN, letter.thread, "To the old one."), IVAN, letter.thread)
    assert (code, text[:5]) == (550, "5.1.6") and new in text
    for stranger in (NINA, ANNA):
        code, text = relay.send(write(stranger, letter.thread, "Me too."), stranger, letter.thread)
        assert (code, text[:5]) == (550, "5.1.1") and "t-" not in text
    code, text = relay.send(write(IVAN, letter.note, "A note."), IVAN, letter.note)
    assert (code, text[:5]) == (550, "5.1.6") and "n-" in text
    assert relay.send(write(IVAN, new, "To the new one."), IVAN, new)[0] == 250
    until(lambda: any("To the new one." in letter.text for letter in sink.to(ANNA)), "the words")


def test_what_has_no_address_cannot_be_renewed(relay: Relay, sink: Sink) -> None:
    opened(relay, sink)
    assert "no chain A-9" in relay.cli("address", "renew", "A-9", "north").stderr
    assert "vendor has no ticket" in relay.cli("address", "renew", "A-1", "vendor").stderr


# ── pure ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", "yes"),
        ("Yes!", "yes"),
        ("#yes", "yes"),
        ("Да.", "yes"),
        ("да, это Нина", "yes"),
        ("once", "once"),
        ("Один раз", "once"),
        ("no", "no"),
        ("Нет - не знаю такой", "no"),
        ("не наш", "no"),
        ("no idea", None),
        ("yesterday", None),
        ("нетто", None),
        ("", None),
    ],
)
def test_the_words_of_an_answer(text: str, meant: str | None) -> None:
    assert held.word(Mail("reply", Contact(IVAN), subject="Re: A-1", text=text)) == meant


def test_a_clicked_answer_may_stand_in_the_subject() -> None:
    assert held.word(Mail("reply", Contact(IVAN), subject="yes")) == "yes"


@pytest.mark.parametrize("name", ["Code 778812", "http://evil.example", "ivan@north.example", "www.evil.example", "Call <now>"])
def test_a_name_that_tells_more_is_not_shown(name: str) -> None:
    assert held.shown(Contact(NINA, name)) == NINA
    assert held.shown(Contact(NINA, "Nina New")) == f"Nina New <{NINA}>"
