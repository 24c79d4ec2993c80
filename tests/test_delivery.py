"""Letters out: deferred, refused, expired, returned, broken, in order, and never lost, with a smarthost that says so."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, free_port, postgres, until, write

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
ADMIN = "admin@example.com"
INTAKE = f"north-repairs@{DOMAIN}"


def opens(relay: Relay, text: str = "The pump leaks.") -> None:
    """Anna opens a chain."""
    code, answer = relay.send(write(f"Anna Chaikina <{ANNA}>", INTAKE, text), ANNA, INTAKE)
    assert code == 250, answer


def retry_all(relay: Relay) -> None:
    """An admin who does not want to wait for the backoff."""
    until(lambda: any(letter["attempts"] for letter in relay.json("queue", "list")), "a letter that was tried")
    assert relay.cli("queue", "retry", "--all").returncode == 0


def test_a_deferred_letter_is_tried_again_under_the_same_id(relay: Relay, sink: Sink) -> None:
    sink.answers[OLGA] = ["450 4.2.1 mailbox busy"]
    opens(relay)
    until(lambda: any(letter["reason"] for letter in relay.json("queue", "list")), "the deferral")
    (waiting,) = relay.json("queue", "list")
    assert waiting["to"] == OLGA and waiting["state"] == "due" and "450" in waiting["reason"] and waiting["next_try"]
    retry_all(relay)
    letter = sink.wait(OLGA)
    assert letter.message["Message-ID"] == sink.wait(IVAN).message["Message-ID"] == waiting["message_id"]
    until(lambda: relay.json("queue", "list") == [], "an empty queue")
    assert len(sink.to(OLGA)) == 1 and len(sink.to(IVAN)) == 1


def test_the_backoff_comes_round_by_itself(relay: Relay, sink: Sink) -> None:
    sink.answers[OLGA] = ["450 4.2.1 mailbox busy"]
    opens(relay)
    until(lambda: len(sink.to(OLGA)) == 1, "the second try", 40)


def test_a_refused_letter_is_told_to_those_who_wait(relay: Relay, sink: Sink) -> None:
    sink.answers[IVAN] = ["550 5.1.1 no ivan@north.example here (mx7.north.example)"]
    opens(relay, "The pump leaks badly.")
    notice = next_notice(sink, ANNA)
    assert "North Service" in notice.text and "The pump leaks badly." in notice.text and "Остальные" in notice.text
    assert "mx7" not in notice.raw.decode() and IVAN not in notice.raw.decode()
    assert notice.message["Auto-Submitted"] == "auto-replied"
    told = sink.wait(ADMIN)
    assert IVAN in told.text and "550" in told.text
    assert sink.wait(OLGA).text.count("The pump leaks badly.") == 1
    failed = [letter for letter in relay.json("queue", "list") if letter["state"] == "failed"]
    assert [letter["to"] for letter in failed] == [IVAN]
    relay.cli("queue", "retry", str(failed[0]["id"]))
    assert "The pump leaks badly." in sink.wait(IVAN).text


def next_notice(sink: Sink, recipient: str) -> Received:
    """The letter that says something did not arrive."""
    until(lambda: any("Ваше сообщение " in letter.text for letter in sink.to(recipient)), f"a notice to {recipient}")
    return next(letter for letter in sink.to(recipient) if "Ваше сообщение " in letter.text)


def test_a_letter_whose_time_is_up_fails_and_is_told(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay()
    relay.write_config(delivery='retry_for = "1 second"')
    relay.start()
    sink.answers[IVAN] = ["451 4.7.1 greylisted"] * 5
    opens(relay)
    next_notice(sink, ANNA)
    assert "greylisted" in sink.wait(ADMIN).text


def test_a_delivery_report_reaches_those_who_wait(relay: Relay, sink: Sink) -> None:
    opens(relay, "Please call back.")
    letter = sink.wait(IVAN)
    code, answer = relay.send(report(letter, "failed", "5.1.1", "User unknown at mx7"), "", letter.return_path)
    assert code == 250, answer
    notice = next_notice(sink, ANNA)
    assert "Please call back." in notice.text and "mx7" not in notice.text
    assert "User unknown" in sink.wait(ADMIN).text
    story = relay.json("show", "A-1")
    assert [event["kind"] for event in story["events"]].count("comment") == 1
    assert [d["state"] for d in story["deliveries"] if d["to"] == IVAN] == ["failed"]


def test_a_delayed_report_is_no_failure(relay: Relay, sink: Sink) -> None:
    opens(relay)
    letter = sink.wait(IVAN)
    relay.send(report(letter, "delayed", "4.4.1", "No route"), "", letter.return_path)
    (delivery,) = [d for d in relay.json("show", "A-1")["deliveries"] if d["to"] == IVAN]
    assert delivery["state"] == "sent" and "No route" in delivery["reason"]
    assert sink.to(ADMIN) == []


def report(letter: Received, action: str, status: str, words: str) -> bytes:
    """A delivery status notification (RFC 3464) about a letter."""
    return "\r\n".join(
        [
            "From: Mail Delivery System <mailer-daemon@mx.north.example>",
            f"To: {letter.return_path}",
            "Subject: Undelivered Mail Returned to Sender",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "",
            "I'm sorry to have to inform you that your message could not be delivered.",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.north.example",
            "",
            f"Final-Recipient: rfc822; {letter.recipient}",
            f"Action: {action}",
            f"Status: {status}",
            f"Diagnostic-Code: smtp; 550 {status} {words}",
            "",
            "--b",
            "Content-Type: message/rfc822",
            "",
            letter.raw.decode(),
            "--b--",
            "",
        ]
    ).encode()


def test_an_out_of_office_answer_goes_to_nobody(relay: Relay, sink: Sink) -> None:
    opens(relay)
    letter = sink.wait(IVAN)
    for to in (letter.thread, letter.return_path):
        away = write(f"Ivan <{IVAN}>", to, "I am away until Monday.", "Automatic reply", Auto_Submitted="auto-replied")
        assert relay.send(away, "", to)[0] == 250
    events = relay.json("show", "A-1")["events"]
    assert [event["kind"] for event in events if "away" in event["text"]] == ["automatic"] * 2
    assert all("away" not in received.text for received in sink.received)


def test_an_unreadable_attachment_fails_its_letter_alone(relay: Relay, sink: Sink) -> None:
    sink.answers[IVAN] = ["450 4.2.1 later"]
    mail = write(f"Anna <{ANNA}>", INTAKE, "See the plan.")
    mail.add_attachment(b"plan", maintype="application", subtype="pdf", filename="plan.pdf")
    relay.send(mail, ANNA, INTAKE)
    sink.wait(OLGA)
    until(lambda: any(letter["reason"] for letter in relay.json("queue", "list")), "the deferral")
    (blob,) = [path for path in (relay.folder / "data" / "blobs").rglob("*") if path.is_file()]
    blob.unlink()
    relay.cli("queue", "retry", "--all")
    assert "cannot be read" in sink.wait(ADMIN).text
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "Another matter."), ANNA, INTAKE)[0] == 250
    until(lambda: any("Another matter." in letter.text for letter in sink.to(IVAN)), "the next letter")


def test_a_smarthost_that_is_away_loses_nothing(make_relay: Callable[..., Relay], sink: Sink) -> None:
    sink.stop()
    relay = make_relay().start()
    opens(relay)
    until(lambda: len([x for x in relay.json("queue", "list") if x["reason"]]) == 3, "three deferred letters")
    sink.start()
    relay.cli("queue", "retry", "--all")
    sink.wait(ANNA), sink.wait(IVAN), sink.wait(OLGA)


def test_letters_go_to_the_mx_when_there_is_no_smarthost(tmp_path: Path, sink: Sink) -> None:
    import asyncio

    from relay.errors import Refused
    from relay.settings import DeliverySettings, DnsSettings
    from relay.transport import Lane, mx_route
    from tests.nameserver import Nameserver

    zone = {("north.example", "MX"): ["10 nowhere.north.example.", "20 mx.north.example."], ("null.example", "MX"): ["0 ."]}
    zone |= {("mx.north.example", "A"): ["127.0.0.1"], ("nowhere.north.example", "A"): ["127.0.0.2"]}
    zone |= {("bare.example", "A"): ["127.0.0.1"]}
    with Nameserver(zone) as server:
        route = mx_route(DnsSettings((("127.0.0.1", server.port),)), sink.port)

        async def run() -> None:
            lane = Lane(DOMAIN, route, DeliverySettings().timeout.total_seconds())
            for domain in ("north.example", "bare.example"):
                reply = await lane.send(b"Subject: x\r\n\r\nbody\r\n", f"b@{DOMAIN}", f"ivan@{domain}")
                assert reply.startswith("250")
            for domain, enhanced in (("null.example", "5.1.10"), ("missing.example", "5.1.2")):
                with pytest.raises(Refused) as refused:
                    await lane.send(b"x\r\n", f"b@{DOMAIN}", f"ivan@{domain}")
                assert refused.value.enhanced == enhanced
            await lane.close()

        asyncio.run(run())
    assert [letter.recipient for letter in sink.received] == ["ivan@north.example", "ivan@bare.example"]


def test_sigterm_finishes_what_is_in_flight(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay().start()
    for i in range(5):
        relay.send(write(f"Anna <{ANNA}>", INTAKE, f"Matter {i}."), ANNA, INTAKE)
    assert relay.stop() == 0
    assert "Traceback" not in relay.log
    relay.start()
    sink.wait(IVAN, 5)
    assert len(sink.to(IVAN)) == 5


def test_a_killed_relay_loses_and_doubles_nothing(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay().start()
    taken = 0
    for _ in range(3):
        for _ in range(4):
            relay.send(write(f"Anna <{ANNA}>", INTAKE, f"Matter {taken}."), ANNA, INTAKE)
            taken += 1
        relay.stop(signal.SIGKILL)
        relay.start()
    until(lambda: len(message_ids(sink, IVAN)) >= taken, "all letters", 30)
    assert {f"Matter {i}." for i in range(taken)} <= {line for letter in sink.to(IVAN) for line in letter.text.splitlines()}
    # A letter that was under way may come twice, but then under the same id.
    assert len(message_ids(sink, IVAN)) == taken


def message_ids(sink: Sink, recipient: str) -> set[str]:
    """The ids of the letters that have come to a recipient."""
    return {str(letter.message["Message-ID"]) for letter in sink.to(recipient)}


def test_a_mail_left_in_the_spool_by_a_crash_is_taken_up(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay().start()
    opens(relay, "First.")
    sink.wait(IVAN)
    relay.stop()
    (kept,) = list((relay.folder / "data" / "spool" / "kept").rglob("*.eml"))
    raw = kept.read_bytes().replace(b"First.", b"Second")
    raw = raw.replace(kept.stem.encode(), kept.stem.encode()[:-1] + b"0")
    (relay.folder / "data" / "spool" / "incoming" / f"{kept.stem[:-1]}0.eml").write_bytes(raw)
    relay.start()
    until(lambda: any("Second" in letter.text for letter in sink.to(IVAN)), "the mail from the spool")
    assert list((relay.folder / "data" / "spool" / "incoming").iterdir()) == []


def test_sighup_takes_a_good_file_and_keeps_the_old_one_for_a_bad(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay().start()
    assert relay.process is not None
    good = relay.config.read_text()
    relay.config.write_text(good.replace("north-repairs", "north-help"))
    relay.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration_reloaded" in relay.log, "the reload")
    assert relay.send(write(ANNA, INTAKE, "x"), ANNA, INTAKE)[0] == 550
    assert relay.send(write(ANNA, f"north-help@{DOMAIN}", "x"), ANNA, f"north-help@{DOMAIN}")[0] == 250
    relay.config.write_text(good + "\nthis is no toml")
    relay.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration_not_reloaded" in relay.log, "the refusal")
    assert relay.send(write(ANNA, f"north-help@{DOMAIN}", "y"), ANNA, f"north-help@{DOMAIN}")[0] == 250


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_workers_share_port_and_outbox(
    kind: str, request: pytest.FixtureRequest, make_relay: Callable[..., Relay], sink: Sink
) -> None:
    from tests.harness import new_database

    database = new_database(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""
    relay = make_relay(database=database).start("--workers", "3")
    for i in range(12):
        assert relay.send(write(f"Anna <{ANNA}>", INTAKE, f"Matter {i}."), ANNA, INTAKE)[0] == 250
    until(lambda: len(sink.to(IVAN)) == len(sink.to(OLGA)) == len(sink.to(ANNA)) == 12, "twelve letters each")
    assert sorted(chain["number"] for chain in relay.json("chains")) == sorted(f"A-{i + 1}" for i in range(12))
    assert relay.stop() == 0
    assert len(sink.received) == 36


def test_a_letter_leaves_within_a_second(relay: Relay, sink: Sink) -> None:
    opens(relay)
    sink.wait(IVAN)
    letter = sink.wait(ANNA)
    time.sleep(2.2)  # so that no poll happens to be near
    relay.send(write(f"Anna <{ANNA}>", letter.thread, "Still there?", answering=letter), ANNA, letter.thread)
    answered = time.monotonic()
    assert sink.wait(IVAN, 2).at - answered < 1


def test_a_server_that_hangs_keeps_nobody_else_waiting(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay().start()
    hold = threading.Event()

    async def handle_data(_server: Any, _session: Any, envelope: Any) -> str:
        while IVAN in envelope.rcpt_tos and not hold.is_set():
            await asyncio.sleep(0.05)
        return await Sink.handle_DATA(sink, _server, _session, envelope)

    sink.handle_DATA = handle_data  # type: ignore[method-assign]
    for i in range(80):
        opens(relay, f"Matter {i}.")
    sink.wait(OLGA, 80)  # of the same domain
    sink.wait(ANNA, 80)
    to_fix = f"fix@{DOMAIN}"
    began = time.monotonic()
    assert relay.send(write(f"Olga <{OLGA}>", to_fix, "Another chain."), OLGA, to_fix)[0] == 250
    assert sink.wait(SERGEI).at - began < 3
    assert sink.wait(OLGA, 81).at - began < 3
    assert sink.to(IVAN) == []
    hold.set()
    sink.wait(IVAN, 80)
    numbers = [int(found[1]) for letter in sink.to(IVAN) if (found := re.search(r"Matter (\d+)\.", letter.text))]
    assert numbers == list(range(80))


def test_queue_commands(relay: Relay, sink: Sink) -> None:
    sink.answers = {IVAN: ["450 4.2.1 later"], OLGA: ["450 4.2.1 later"]}
    opens(relay)
    until(lambda: len([x for x in relay.json("queue", "list") if x["reason"]]) == 2, "two deferred letters")
    first, second = relay.json("queue", "list")
    assert relay.cli("queue", "hold", str(first["id"])).returncode == 0
    assert relay.cli("queue", "drop", "--to", second["to"]).returncode == 0
    states = {letter["id"]: letter["state"] for letter in relay.json("queue", "list", "--all")}
    assert states[first["id"]] == "held" and states[second["id"]] == "dropped"
    assert relay.cli("queue", "release", str(first["id"])).returncode == 0
    sink.wait(first["to"])
    assert relay.cli("queue", "retry", "99999").returncode == 1
    assert relay.cli("queue", "drop").returncode == 2
    assert relay.json("queue", "show", str(first["id"]))["to"] == first["to"]
    assert relay.cli("queue", "show", "99999").returncode == 1
    assert sink.to(second["to"]) == []


def test_a_database_that_is_away_is_a_451(make_relay: Callable[..., Relay], sink: Sink) -> None:
    with postgres() as server:
        relay = make_relay(database=server.url).start()
        opens(relay, "Before.")
        sink.wait(IVAN)
        server.stop()
        mail = write(f"Anna <{ANNA}>", INTAKE, "In between.")
        code, answer = relay.send(mail, ANNA, INTAKE)
        assert code == 451 and answer.startswith("4.3.0") and "psycopg" not in answer
        assert list((relay.folder / "data" / "spool" / "incoming").iterdir()) == []
        server.start()
        assert relay.send(mail, ANNA, INTAKE)[0] == 250
        until(lambda: any("In between." in letter.text for letter in sink.to(IVAN)), "the mail that came again")
        assert len(relay.json("chains")) == 2
        relay.stop()


def test_a_mail_that_waits_for_the_database_is_safe_meanwhile(relay: Relay, sink: Sink) -> None:
    locked = sqlite3.connect(relay.folder / "data" / "relay.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    opens(relay, "While it was locked.")
    assert sink.received == []
    assert len(list((relay.folder / "data" / "spool" / "incoming").iterdir())) == 1
    locked.execute("ROLLBACK")
    locked.close()
    assert "While it was locked." in sink.wait(IVAN).text


def test_what_cannot_be_processed_is_set_aside_whole_and_told(relay: Relay, sink: Sink) -> None:
    broken = sqlite3.connect(relay.folder / "data" / "relay.db", isolation_level=None)
    broken.execute("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'out of order'); END")
    mail = write(f"Anna <{ANNA}>", INTAKE, "Nobody else's business.")
    code, answer = relay.send(mail, ANNA, INTAKE)
    assert code == 250, answer
    told = sink.wait(ADMIN)
    assert "set aside" in told.text and "out of order" in told.text and ANNA in told.text
    assert "Nobody else's business." not in told.text and "Nobody else's business." not in relay.log
    aside = relay.folder / "data" / "spool" / "corrupt"
    (raw,) = aside.glob("*.eml")
    assert b"Nobody else's business." in raw.read_bytes()
    assert "out of order" in raw.with_suffix(".txt").read_text()
    assert [found["state"] for found in relay.json("trace", raw.stem)] == ["aside"]
    broken.execute("DROP TRIGGER broken")
    broken.close()
    opens(relay, "The next one.")
    sink.wait(IVAN)
    assert len(sink.to(ADMIN)) == 1


def test_what_nobody_can_be_told_of_is_not_set_aside(relay: Relay, sink: Sink) -> None:
    broken = sqlite3.connect(relay.folder / "data" / "relay.db", isolation_level=None)
    for table in ("events", "mails"):
        broken.execute(f"CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'out of order'); END")
    mail = write(f"Anna <{ANNA}>", INTAKE, "Come soon.")
    assert relay.send(mail, ANNA, INTAKE)[0] == 451
    spool = relay.folder / "data" / "spool"
    assert [*spool.glob("corrupt/*"), *spool.glob("incoming/*")] == []
    for table in ("events", "mails"):
        broken.execute(f"DROP TRIGGER broken_{table}")
    broken.close()
    assert relay.send(mail, ANNA, INTAKE)[0] == 250
    assert "Come soon." in sink.wait(IVAN).text


def test_the_port_is_free_again_and_a_taken_one_is_said(make_relay: Callable[..., Relay], sink: Sink) -> None:
    import subprocess
    import sys

    relay = make_relay().start()
    done = subprocess.run(
        [sys.executable, "-m", "relay.cli.main", "serve", "-c", str(relay.config)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1 and "cannot listen on 127.0.0.1" in done.stderr and "Traceback" not in done.stderr
    assert free_port()


def test_what_was_sent_while_the_database_was_away_is_not_sent_again(make_relay: Callable[..., Relay], sink: Sink) -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def slowly(_server: Any, _session: Any, envelope: Any) -> str:
        begun.set()
        await asyncio.to_thread(go_on.wait, 20)
        return await Sink.handle_DATA(sink, _server, _session, envelope)

    with postgres() as server:
        relay = make_relay(database=server.url).start()
        sink.handle_DATA = slowly  # type: ignore[method-assign]
        opens(relay)
        assert begun.wait(10)
        server.stop()
        go_on.set()
        for who in (ANNA, IVAN, OLGA):
            sink.wait(who)
        until(lambda: "letters_not_marked" in relay.log, "the failure to mark")
        server.start()
        until(lambda: relay.json("queue", "list") == [], "an empty queue", 20)
        assert relay.stop() == 0
    assert len(sink.received) == 3
