"""Mails in a row as one letter, for a party that asks for it: never for people who answer each other, and nothing is lost."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness import DOMAIN, NETWORK, PATIENCE, Received, Relay, Sink, new_database, until, write

ANNA, IVAN, OLGA, ADMIN = "anna@shop.example", "ivan@north.example", "olga@north.example", "admin@example.com"
INTAKE = f"north-repairs@{DOMAIN}"
WAITS = "waits for others to join it (batch)"
Make = Callable[..., Relay]


def network(batch: str) -> str:
    return NETWORK.replace('name = "North Service"', f'name = "North Service"\nbatch = "{batch}"')


@pytest.fixture
def relay(make_relay: Make) -> Relay:
    """North has its letters joined for an hour: long enough for nothing to leave by itself."""
    return make_relay(network=network("1 hour")).start()


def opened(relay: Relay, sink: Sink) -> tuple[Received, Received]:
    """The letters of a new chain to Anna and to Ivan."""
    code, answer = relay.send(write(f"Anna Chaikina <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    assert code == 250, answer
    sink.wait(OLGA)
    return sink.wait(ANNA), sink.wait(IVAN)


def says(relay: Relay, letter: Received, *texts: str, sender: str = f"Anna Chaikina <{ANNA}>") -> None:
    """A mail for each text, each with a file that says the same."""
    for text in texts:
        mail = write(sender, letter.thread, text, answering=letter)
        mail.add_attachment(f"file of: {text}\n".encode(), maintype="text", subtype="csv", filename=f"{text.split()[0]}.csv")
        code, answer = relay.send(mail, re.sub(r".*<|>", "", sender), letter.thread)
        assert code == 250, answer


def waiting(relay: Relay, to: str = IVAN) -> list[dict[str, Any]]:
    """The letters to him that wait."""
    found: list[dict[str, Any]] = relay.json("queue", "list", "--to", to)
    return found


def let_go(relay: Relay) -> None:
    assert relay.cli("queue", "retry", "--all").returncode == 0


FIVE = ("One valve.", "Two pumps.", "Three pipes.", "Four screws.", "Five photos.")


def test_five_mails_in_a_row_are_one_letter(make_relay: Make, sink: Sink) -> None:
    relay = make_relay(network=network("8 seconds")).start()
    anna, ivan = opened(relay, sink)
    says(relay, anna, *FIVE)
    first, *others = waiting(relay)
    assert (first["state"], first["reason"], first["with"]) == ("due", WAITS, first["id"]) and first["next_try"]
    for other in others:
        assert (other["state"], other["reason"]) == ("joined", f"goes with letter {first['id']}: {WAITS}")
        assert (other["with"], other["next_try"]) == (first["id"], first["next_try"])
    assert len(others) == 4
    assert "waits for others" in relay.cli("queue", "list").stdout
    letter, olgas = sink.wait(IVAN, 2), sink.wait(OLGA, 2)
    assert [line for line in letter.text.splitlines() if line in FIVE] == list(FIVE)
    assert letter.text.count("Anna Chaikina, Tea Shop:") == 5 and "Written by" not in letter.text
    assert all(words in letter.html for words in FIVE)
    assert letter.files == {f"{text.split()[0]}.csv": f"file of: {text}\n".encode() for text in FIVE}
    assert letter.message["Message-ID"] == olgas.message["Message-ID"] == first["message_id"]
    assert letter.message["In-Reply-To"] == ivan.message["Message-ID"] and letter.message["Subject"] == ivan.message["Subject"]
    until(lambda: waiting(relay) == [], "all of them to be marked")
    deliveries = [row for row in relay.json("show", "A-1")["deliveries"] if row["to"] == IVAN and row["kind"] == "comment"]
    assert [(row["state"], row["with"]) for row in deliveries] == [("sent", first["id"])] * 5
    assert len({row["sent_at"] for row in deliveries}) == 1 and all("sunk" in row["reason"] for row in deliveries)
    assert f"sent with {first['id']}" in relay.cli("show", "A-1").stdout
    assert len(relay.json("trace", str(letter.message["Message-ID"]))) == 5
    assert (len(sink.to(IVAN)), len(sink.to(OLGA))) == (2, 2)


def test_the_answer_to_a_joined_letter_finds_what_it_answers(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE)
    let_go(relay)
    letter = sink.wait(IVAN, 2)
    quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
    answer = write(f"Ivan Petrov <{IVAN}>", letter.thread, f"I bring two.\n\n{quoted}", answering=letter)
    assert relay.send(answer, IVAN, letter.thread)[0] == 250
    heard = sink.wait(ANNA, 2)
    assert heard.text.startswith("I bring two.") and "valve" not in heard.text
    says(relay, anna, "Thank you.")
    last = sink.wait(IVAN, 3)
    assert last.message["In-Reply-To"] == answer["Message-ID"]
    assert str(last.message["References"]).split()[-2] == letter.message["Message-ID"]
    assert len(str(last.message["References"]).split()) == 3


def test_those_who_answer_each_other_wait_for_nothing(relay: Relay, sink: Sink) -> None:
    anna, ivan = opened(relay, sink)
    says(relay, anna, "One valve.", "Two pumps.")
    assert len(waiting(relay)) == 2
    says(relay, ivan, "Which pump?", sender=f"Ivan Petrov <{IVAN}>")
    both = sink.wait(IVAN, 2)
    assert "One valve." in both.text and "Two pumps." in both.text
    assert "Which pump?" in sink.wait(ANNA, 2).text
    says(relay, anna, "The red one.")
    assert "The red one." in sink.wait(IVAN, 3).text and "The red one." in sink.wait(OLGA, 3).text
    says(relay, anna, "Upstairs.")
    assert "Upstairs." in sink.wait(IVAN, 4).text


def test_a_note_of_the_party_itself_shows_that_somebody_is_there(relay: Relay, sink: Sink) -> None:
    anna, ivan = opened(relay, sink)
    says(relay, anna, "One valve.")
    note = write(f"Ivan Petrov <{IVAN}>", ivan.note, "Let us wait for more.", answering=ivan)
    assert relay.send(note, IVAN, ivan.note)[0] == 250
    assert "One valve." in sink.wait(IVAN, 2).text
    texts = [sink.wait(OLGA, count).text for count in (2, 3)]
    assert sum("One valve." in text for text in texts) == sum("Let us wait" in text for text in texts) == 1
    assert not any("One valve." in text and "Let us wait" in text for text in texts)


def test_an_internal_note_of_others_neither_shows_nor_moves_what_waits(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, "One valve.")
    note = write(f"Anna Chaikina <{ANNA}>", anna.note, "They are too dear.", answering=anna)
    assert relay.send(note, ANNA, anna.note)[0] == 250
    (first,) = waiting(relay)
    assert first["reason"] == WAITS
    says(relay, anna, "Two pumps.")
    let_go(relay)
    letter = sink.wait(IVAN, 2)
    assert "One valve." in letter.text and "Two pumps." in letter.text and "dear" not in letter.raw.decode()


def test_what_has_to_be_acted_on_goes_at_once_and_takes_along_what_waits(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, "One valve.", "Two pumps.")
    says(relay, anna, "#cancel we have bought a new one")
    letter = sink.wait(IVAN, 2)
    assert [word in letter.text for word in ("One valve.", "Two pumps.", "cancelled")] == [True] * 3
    assert len(sink.to(IVAN)) == 2 and waiting(relay) == []


def test_the_party_above_waits_only_where_it_asks_for_it(make_relay: Make, sink: Sink) -> None:
    relay = make_relay(network=network("1 hour")).start()
    _, ivan = opened(relay, sink)
    says(relay, ivan, "On my way.", sender=f"Ivan Petrov <{IVAN}>")
    letter = sink.wait(ANNA, 2)
    assert letter.text.startswith("On my way.")
    (sent,) = [row for row in relay.json("show", "A-1")["deliveries"] if row["to"] == ANNA and row["kind"] == "comment"]
    assert sent["with"] is None


# ── what can go wrong ──────────────────────────────────────────────────────────────────────────────────────


def test_what_waits_outlives_a_crash(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE[:3])
    relay.stop(signal.SIGKILL)
    relay.start("--workers", "2")
    says(relay, anna, *FIVE[3:])
    assert len(waiting(relay)) == 5
    let_go(relay)
    letter = sink.wait(IVAN, 2)
    assert [line for line in letter.text.splitlines() if line in FIVE] == list(FIVE)
    until(lambda: waiting(relay, "") == [], "an empty queue")
    assert (len(sink.to(IVAN)), len(sink.to(OLGA))) == (2, 2)


def test_a_joined_letter_that_was_tried_is_sent_again_as_it_was(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE[:3])
    sink.answers[IVAN] = ["450 4.2.1 mailbox busy"]
    let_go(relay)
    olgas = sink.wait(OLGA, 2)
    until(lambda: any(row["attempts"] for row in waiting(relay)), "a try")
    tried = waiting(relay)
    assert all(row["attempts"] == 1 and "mailbox busy" in row["reason"] for row in tried) and len(tried) == 3
    relay.stop(signal.SIGKILL)
    relay.start()
    says(relay, anna, *FIVE[3:])
    assert [row["with"] for row in waiting(relay)] == [tried[0]["id"]] * 3 + [waiting(relay)[3]["id"]] * 2
    let_go(relay)
    again, new = sink.wait(IVAN, 2), sink.wait(IVAN, 3)
    if "Four" in again.text:
        again, new = new, again
    assert again.message["Message-ID"] == olgas.message["Message-ID"] and again.text == olgas.text
    assert [line for line in new.text.splitlines() if line in FIVE] == list(FIVE[3:])
    assert again.files.keys() == {"One.csv", "Two.csv", "Three.csv"} and new.files.keys() == {"Four.csv", "Five.csv"}


def test_a_refused_joined_letter_is_told_to_the_author_of_each_mail(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE[:3])
    sink.answers[IVAN] = ["550 5.1.1 no such user"]
    let_go(relay)
    until(lambda: len(sink.to(ANNA)) == 4, "a notice about each mail")
    assert all(any(text in letter.text for letter in sink.to(ANNA)) for text in FIVE[:3])
    assert "could not be delivered" in sink.wait(ADMIN).text and len(sink.to(ADMIN)) == 1
    failed = waiting(relay)
    assert [row["state"] for row in failed] == ["failed"] * 3
    assert relay.cli("queue", "retry", str(failed[0]["id"])).returncode == 0
    letter = sink.wait(IVAN, 2)
    assert [line for line in letter.text.splitlines() if line in FIVE] == list(FIVE[:3])


def test_a_returned_joined_letter_concerns_all_its_mails(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE[:2])
    let_go(relay)
    letter = sink.wait(IVAN, 2)
    until(lambda: waiting(relay) == [], "it to be marked")
    report = (
        b"From: mailer-daemon@north.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo such user.\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; north.example\r\n\r\nFinal-Recipient: rfc822; "
        + IVAN.encode()
        + b"\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert relay.send(report, "", letter.return_path)[0] == 250
    until(lambda: len(sink.to(ANNA)) == 3, "a notice about each mail")
    assert [row["state"] for row in waiting(relay)] == ["failed"] * 2


def test_an_admin_means_the_whole_letter(relay: Relay, sink: Sink) -> None:
    anna, _ = opened(relay, sink)
    says(relay, anna, *FIVE[:3])
    first, second, third = (row["id"] for row in waiting(relay))
    refused = relay.cli("queue", "drop", str(second))
    assert refused.returncode == 1 and f"{second}, which goes with letter {first}" in refused.stderr
    held = relay.cli("queue", "hold", str(first), str(third))
    assert held.returncode == 0 and f"letter {third}: held, with letter {first}" in held.stdout
    says(relay, anna, FIVE[3])
    assert [row["state"] for row in waiting(relay)] == ["held", "joined", "joined", "due"]
    assert relay.cli("queue", "drop", str(waiting(relay)[3]["id"])).returncode == 0
    assert relay.cli("queue", "release", "--to", IVAN).returncode == 0
    letter = sink.wait(IVAN, 2)
    assert [line for line in letter.text.splitlines() if line in FIVE] == list(FIVE[:3])
    assert relay.cli("queue", "drop", "--to", OLGA).returncode == 0
    states = [row["state"] for row in relay.json("queue", "list", "--all", "--to", OLGA)]
    assert states == ["sent", *["dropped"] * 4] and len(sink.to(OLGA)) == 1


def test_what_would_be_too_large_together_goes_in_turn_and_whole(make_relay: Make, sink: Sink) -> None:
    relay = make_relay(network=network("1 hour"))
    relay.write_config(smtp='max_size = "100 KB"')
    relay.start()
    anna, _ = opened(relay, sink)
    for name in ("first", "second", "third"):
        mail = write(ANNA, anna.thread, f"The {name} photo.", answering=anna)
        mail.add_attachment(name.encode() * 5000, maintype="application", subtype="octet-stream", filename=f"{name}.bin")
        assert relay.send(mail, ANNA, anna.thread)[0] == 250
    both = sink.wait(IVAN, 2)
    assert both.files.keys() == {"first.bin", "second.bin"} and "Too large" not in both.text
    (third,) = waiting(relay)
    assert third["reason"] == WAITS and third["with"] is None


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_several_workers_join_and_send_everything_once(
    backend: str, make_relay: Make, sink: Sink, request: pytest.FixtureRequest
) -> None:
    url = new_database(request.getfixturevalue("postgres_url")) if backend == "postgresql" else ""
    relay = make_relay(network=network("2 seconds"), database=url).start("--workers", "2")
    anna, _ = opened(relay, sink)
    texts = [f"Word-{count} of many." for count in range(30)]
    says(relay, anna, *texts)
    until(lambda: waiting(relay, "") == [], "an empty queue", 2 * PATIENCE)
    for reader in (IVAN, OLGA):
        said = [line for letter in sink.to(reader) for line in letter.text.splitlines() if line in texts]
        assert sorted(said) == sorted(texts)
        assert len(sink.to(reader)) < len(texts)
