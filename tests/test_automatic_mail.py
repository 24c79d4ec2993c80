"""Mails that no person wrote, over SMTP: each is noted for its own party, none is a comment, opens a ticket or is answered."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, until, write

ANNA, IVAN, OLGA, ADMIN = "anna@shop.example", "ivan@north.example", "olga@north.example", "admin@example.com"
INTAKE = f"north-repairs@{DOMAIN}"
DAEMON = "MAILER-DAEMON@mx.north.example"
ANSWERED = "<somebody@client.example>"


def opens(relay: Relay, sink: Sink) -> Received:
    """Anna opens a chain; the letter to Ivan."""
    code, answer = relay.send(write(f"Anna Chaikina <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    assert code == 250, answer
    sink.wait(OLGA)
    sink.wait(ANNA)
    return sink.wait(IVAN)


def automatic(relay: Relay) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = relay.json("show", "A-1")["events"]
    assert [event["text"] for event in events if event["kind"] == "comment"] == ["The pump leaks."]
    return [event for event in events if event["kind"] == "automatic"]


def report(kind: str, group: str, to: str, *, sender: str = DAEMON, returned: str = "") -> bytes:
    """A multipart/report with such a group of fields and the header of a returned mail."""
    return "\r\n".join(
        [
            f"From: {sender}",
            f"To: {to}",
            "Subject: Report",
            f"Message-ID: <{kind}@mx.north.example>",
            "MIME-Version: 1.0",
            f'Content-Type: multipart/report; report-type={kind}; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            "This is a report.",
            "--b",
            f"Content-Type: message/{kind}",
            "",
            "Reporting-MTA: dns; mx.north.example",
            "",
            *group.split("\n"),
            "--b",
            "Content-Type: text/rfc822-headers",
            "",
            f"Message-ID: {returned}",
            "",
            "--b--",
            "",
        ]
    ).encode()


def failed(status: str, recipient: str = IVAN) -> str:
    return f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} no"


def reaction() -> EmailMessage:
    mail = write(f"Ivan Petrov <{IVAN}>", "x@relay.example", "👍 Ivan Petrov reacted via Gmail", "Re: Pump", In_Reply_To=ANSWERED)
    mail.add_alternative('{"emoji": "👍", "version": 1}', subtype="vnd.google.email-reaction+json")
    return mail


def words(text: str, subject: str, **headers: str) -> EmailMessage:
    mail = write(f"Ivan Petrov <{IVAN}>", "x@relay.example", text, subject)
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    return mail


def own_report(kind: str, group: str) -> bytes:
    """A report from Ivan's own address about a mail that is not the relay's."""
    return report(kind, group, "x@relay.example", sender=IVAN, returned="<x@elsewhere.example>")


AUTOMATIC: dict[str, Callable[[], EmailMessage | bytes]] = {
    "auto-reply": lambda: words("I am on leave until 12 March 2027.", "Automatic reply: Pump", In_Reply_To=ANSWERED),
    "read-receipt": lambda: own_report("disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed"),
    "challenge": lambda: words("Show that you are not a robot: https://x.example/", "Verify", Auto_Submitted="auto-replied"),
    "list": lambda: words("Tea!", "News", Precedence="bulk", List_Unsubscribe="<mailto:u@x.example>"),
    "reaction": reaction,
    "spam-notice": lambda: words("A virus was detected.", "Virus detected", Auto_Submitted="auto-generated"),
    "bounce": lambda: own_report("delivery-status", failed("5.1.1", "x@elsewhere.example")),
}


def test_every_kind_is_noted_for_its_party_and_nothing_else_comes_of_it(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    before = len(sink.received)
    for make in AUTOMATIC.values():
        assert relay.send(make(), IVAN, letter.thread)[0] == 250
        assert relay.send(make(), ANNA, INTAKE)[0] in (250, 550)
    noted = automatic(relay)
    assert [event["data"]["mail"] for event in noted] == list(AUTOMATIC)
    assert all(event["internal"] and event["party"] == "north" for event in noted)
    assert noted[0]["data"]["until"] == "2027-03-12"
    assert next(event for event in noted if event["data"]["mail"] == "reaction")["text"] == "👍"
    assert len(relay.json("chains")) == 1
    assert [each for each in sink.received[before:] if each.recipient != ADMIN] == []


def test_a_colleague_reads_of_them_in_the_history_and_nobody_else(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    relay.send(AUTOMATIC["auto-reply"](), IVAN, letter.thread)
    relay.send(AUTOMATIC["reaction"](), IVAN, letter.thread)
    relay.send(write(f"Olga <{OLGA}>", letter.thread, "#history", answering=letter), OLGA, letter.thread)
    told = sink.wait(OLGA, 2)
    assert "Automatic reply, away until Mar 12, 2027:\nI am on leave" in told.text and "Reaction:\n👍" in told.text
    relay.send(write(f"Anna <{ANNA}>", sink.to(ANNA)[0].thread, "#история"), ANNA, sink.to(ANNA)[0].thread)
    theirs = sink.wait(ANNA, 2)
    assert "The pump leaks." in theirs.text and "on leave" not in theirs.text and "👍" not in theirs.text


def test_the_dates_of_an_absence_are_said_in_the_readers_language(relay: Relay, sink: Sink) -> None:
    opens(relay, sink)
    thread = sink.to(ANNA)[0].thread
    away = write(f"Anna <{ANNA}>", thread, "Я в отпуске с 2 по 9 марта 2027 г.", "Автоответ: [A-1] Pump is leaking")
    assert relay.send(away, ANNA, thread)[0] == 250
    relay.send(write(f"Anna <{ANNA}>", thread, "#история"), ANNA, thread)
    said = " ".join(sink.wait(ANNA, 2).text.split())
    assert "Автоматический ответ, отсутствие с 2 мар. 2027 г. до 9 мар. 2027 г.:" in said


# ── delivery reports ───────────────────────────────────────────────────────────────────────────────────────


def test_a_report_to_the_thread_address_reaches_its_letter_by_message_id(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    returned = letter.message["Message-ID"]
    assert relay.send(report("delivery-status", failed("5.1.1"), letter.thread, returned=returned), "", letter.thread)[0] == 250
    for_postmaster = sink.wait(ADMIN)
    assert f"Remove or correct the contact {IVAN} in [parties.north] contacts." in for_postmaster.text
    assert "Остальные" in sink.wait(ANNA, 2).text  # Olga has the same words
    assert automatic(relay) == []
    states = {each["to"]: each["state"] for each in relay.json("show", "A-1")["deliveries"] if each["kind"] == "pass"}
    assert states == {IVAN: "failed", OLGA: "sent"}


def test_a_report_that_names_no_letter_of_that_ticket_is_a_strangers(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    others = sink.to(ANNA)[0].message["Message-ID"]
    for returned in ("<x@elsewhere.example>", others):
        raw = report("delivery-status", failed("5.1.1"), letter.thread, returned=returned).replace(
            b"<report", b"<" + returned[1:4].encode()
        )
        assert relay.send(raw, "", letter.thread)[0] == 250
    until(lambda: len(relay.json("held", "list")) == 2, "the reports to be held")
    assert automatic(relay) == []
    assert all(each["state"] == "sent" for each in relay.json("show", "A-1")["deliveries"])


def test_what_was_given_up_for_now_is_said_too_and_blames_no_address(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    assert relay.send(report("delivery-status", failed("4.4.7"), "x@y.z"), "", letter.return_path)[0] == 250
    assert "contacts" not in sink.wait(ADMIN).text
    sink.wait(ANNA, 2)


def test_of_somebody_who_joined_the_postmaster_hears_that_he_is_no_contact(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    new = "petr@north.example"
    relay.send(write(f"Petr <{new}>", letter.thread, "I come along.", answering=letter), new, letter.thread)
    anna = sink.wait(ANNA, 2)
    relay.send(write(f"Anna <{ANNA}>", anna.thread, "Good.", answering=anna), ANNA, anna.thread)
    lost = sink.wait(new)
    relay.send(report("delivery-status", failed("5.1.1", new), "x@y.z"), "", lost.return_path)
    assert f"{new} is no contact in relay.toml: it has written to A-1 itself" in " ".join(sink.wait(ADMIN).text.split())


def test_a_report_in_prose_to_the_return_path_fails_the_letter(relay: Relay, sink: Sink) -> None:
    letter = opens(relay, sink)
    text = f"I wasn't able to deliver your message.\n\n<{IVAN}>:\nRemote host said: 550 5.1.1 no such user\n"
    assert relay.send(write(DAEMON, letter.return_path, text, "failure notice"), "", letter.return_path)[0] == 250
    assert "550 5.1.1 no such user" in sink.wait(ADMIN).text


@pytest.mark.parametrize("kind", ["challenge", "spam-notice"])
def test_the_postmaster_hears_once_of_a_filter(relay: Relay, sink: Sink, kind: str) -> None:
    letter = opens(relay, sink)
    for number in range(2):
        made = AUTOMATIC[kind]()
        assert isinstance(made, EmailMessage)
        made.replace_header("Message-ID", f"<{number}@filter.example>")
        made.set_content(f"{made.get_content()} {number}")
        assert relay.send(made, "", letter.return_path)[0] == 250
    assert [event["data"]["mail"] for event in automatic(relay)] == [kind] * 2
    assert f"let mail from @{DOMAIN} through" in " ".join(sink.wait(ADMIN).text.split())
    until(lambda: relay.json("queue", "list") == [], "an empty queue")
    assert len(sink.to(ADMIN)) == 1


def test_the_postmaster_hears_once_of_a_program_that_would_open_tickets(relay: Relay, sink: Sink) -> None:
    for count in range(2):
        mail = write(f"Monitor <{ANNA}>", INTAKE, f"Disk {count} is full.", subject=f"Alert {count}")
        mail["Auto-Submitted"] = "auto-generated"
        assert relay.send(mail, ANNA, INTAKE)[0] == 250
    told = sink.wait(ADMIN)
    assert "opened no ticket" in told.text and "Alert 0" in told.text and "auto-reply" in told.text
    opens(relay, sink)
    assert len(sink.to(ADMIN)) == 1
