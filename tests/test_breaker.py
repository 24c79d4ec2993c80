"""Loops over SMTP: programs that answer our letters without a header that says so, two relays pointed at each other, hops."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from relay import visibility
from relay.model import Contact, Event, Share
from tests.chains import NOW, line
from tests.harness import DOMAIN, Received, Relay, Sink, new_database, until, write
from tests.robots import Program, Robots, answering, quiet

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
ADMIN = "admin@example.com"
INTAKE = f"repairs@{DOMAIN}"
# A shop and who repairs its things; both hear of every mail of theirs, so that even one program alone has something to answer.
TWO = f"""
[parties.shop]
name = "Tea Shop"
contacts = ["Anna <{ANNA}>"]
trust = "address"
receipts = "all"

[parties.north]
name = "North Service"
contacts = ["Ivan <{IVAN}>"]
trust = "address"
receipts = "all"

[links.repairs]
from = "shop"
to = "north"

[links.back]
from = "north"
to = "shop"
"""
QUIET = TWO.replace('receipts = "all"', "")


def opens(relay: Relay, text: str = "The pump leaks.") -> None:
    code, answer = relay.send(write(f"Anna <{ANNA}>", INTAKE, text), ANNA, INTAKE)
    assert code == 250, answer


def says(relay: Relay, who: str, to: Received, text: str) -> None:
    code, answer = relay.send(write(who, to.thread, text, answering=to), who, to.thread)
    assert code == 250, answer


def pauses(relay: Relay) -> dict[str, dict[str, Any]]:
    return {pause["party"]: pause for pause in relay.json("loops")}


def events(relay: Relay, kind: str) -> list[dict[str, Any]]:
    return [event for event in relay.json("show", "A-1")["events"] if event["kind"] == kind]


# ── programs ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_absence_notices_of_both_sides(
    request: pytest.FixtureRequest, make_relay: Callable[..., Relay], sink: Sink, database: str
) -> None:
    url = new_database(request.getfixturevalue("postgres_url")) if database == "postgresql" else ""
    relay = make_relay(network=QUIET, database=url).start()
    away = answering(relay, ANNA, lambda _: "Ich weile in den Bergen und komme bis zum Herbst nicht ans Netz.")
    asleep = answering(relay, IVAN, lambda _: "This desk sleeps until the snow has melted.\nYours, Ivan")
    with Robots(sink, {ANNA: away, IVAN: asleep}):
        opens(relay)
        assert quiet(sink) <= 10
    assert pauses(relay) and len(sink.to(ADMIN)) == len(events(relay, "paused")) == len(pauses(relay))
    said = events(relay, "comment")
    for who, other in ((ANNA, "snow"), (IVAN, "Bergen")):
        assert sum(other in event["text"] for event in said) >= sum(other in letter.text for letter in sink.to(who)) > 0
    relay.cli("loops", "resume", "--all")
    until(lambda: not relay.json("queue", "list"), "all letters to be sent")
    for letter, other in ((ANNA, "snow"), (IVAN, "Bergen")):  # nothing was dropped
        assert sum(other in received.text for received in sink.to(letter)) == sum(other in event["text"] for event in said)


def test_a_desk_that_acknowledges_every_letter(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay, count = make_relay(network=TWO).start(), itertools.count(1)
    desk = answering(relay, IVAN, lambda _: f"Your ticket has been received.\nIts number is #{next(count)} ({time.time()}).")
    with Robots(sink, {IVAN: desk}):
        opens(relay)
        assert quiet(sink) <= 10
    assert list(pauses(relay)) == ["north"] and pauses(relay)["north"]["reason"] == "same"
    told = [letter for letter in sink.to(ANNA) if "The mails to North Service wait until" in letter.text]
    assert len(told) == 1 and "Your ticket has been received." in told[0].text
    assert told[0].message["From"].addresses[0].display_name == "Ivan (North Service)"
    alert = sink.wait(ADMIN)
    assert "relay loops resume A-1 north" in " ".join(alert.text.split())
    assert "paused: until" in relay.cli("show", "A-1").stdout

    letters = len(sink.to(IVAN))
    says(relay, IVAN, sink.to(IVAN)[0], "This is Ivan himself: I have switched the program off.")
    until(lambda: any("Ivan himself" in letter.text for letter in sink.to(ANNA)), "his words at Anna's")
    says(relay, ANNA, sink.to(ANNA)[-1], "Good, thank you!\nWhen do you come?")
    until(lambda: pauses(relay)["north"]["letters"] >= 3, "letters that wait")
    assert len(sink.to(IVAN)) == letters
    done = relay.cli("loops", "resume", "A-1", "north")
    assert done.returncode == 0 and done.stdout.startswith("A-1 north: "), done.stderr
    until(lambda: any("When do you come?" in letter.text for letter in sink.to(IVAN)), "Anna's words at Ivan's")
    until(lambda: not relay.json("queue", "list"), "an empty queue")
    assert relay.json("loops") == [] and len(sink.to(ADMIN)) == 1
    says(relay, IVAN, sink.to(IVAN)[-1], "At noon.")  # what was before the admin's word does not count any more
    assert relay.json("loops") == []


def test_a_program_that_goes_on_is_paused_at_once_and_for_longer(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=TWO, extra='[loops]\npause = "3 seconds"').start()
    with Robots(sink, {IVAN: answering(relay, IVAN, lambda _: "Your ticket has been received by the desk.")}):
        opens(relay)
        until(lambda: len(sink.to(ADMIN)) == 1, "the first pause")
        first = len(sink.to(IVAN))
        until(lambda: len(sink.to(ADMIN)) == 2, "the second pause")
        assert len(sink.to(IVAN)) <= first + 2
        told = events(relay, "paused")[:2]
    lengths = [datetime.fromisoformat(event["data"]["until"]) - datetime.fromisoformat(event["at"]) for event in told]
    assert [round(length.total_seconds() / 3) for length in lengths] == [1, 2]


def test_colleagues_whose_programs_answer_each_others_notes(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=QUIET.replace(f'["Ivan <{IVAN}>"]', f'["Ivan <{IVAN}>", "Olga <{OLGA}>"]')).start()

    def noting(me: str, text: str) -> Program:
        def note(letter: Received) -> None:
            if "The pump leaks" not in letter.text:
                code, said = relay.send(write(me, letter.note, text), me, letter.note)
                assert code == 250, said

        return note

    opens(relay)
    here = sink.wait(IVAN)
    olgas = noting(OLGA, "Olga has left for lunch and is back at some time in the afternoon.")
    with Robots(sink, {IVAN: noting(IVAN, "My working hours are Monday to Thursday from nine to five."), OLGA: olgas}):
        code, said = relay.send(write(IVAN, here.note, "Do we have seals?"), IVAN, here.note)
        assert code == 250, said
        quiet(sink)
    assert len(sink.received) <= 3 + 10 and list(pauses(relay)) == ["north"]
    told = [letter for letter in sink.to(ANNA) if "wait until" in letter.text]
    assert len(told) == 1 and "lunch" not in told[0].text and "hours" not in told[0].text
    assert told[0].message["Auto-Submitted"] == "auto-replied"
    assert told[0].message["From"].addresses[0].display_name == "Acme Relay"


def test_the_postmasters_own_absence_notice(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=QUIET).start()
    with Robots(sink, {ADMIN: answering(relay, ADMIN, lambda _: "The postmaster is at sea.")}):
        relay.send(write("stranger@else.example", INTAKE, "Let me in."), "stranger@else.example", INTAKE)
        assert quiet(sink) == 1


# ── two relays ─────────────────────────────────────────────────────────────────────────────────────────────

OTHER = "other.example"
PEER = """
[parties.shop]
name = "{name}"
contacts = ["{human}"]
trust = "address"
receipts = "all"

[parties.peer]
name = "Peer of {name}"
contacts = ["{peer}"]
trust = "address"
receipts = "all"

[links.peer]
from = "shop"
to = "peer"

[links.back]
from = "peer"
to = "shop"
"""


def test_two_relays_pointed_at_each_other(make_relay: Callable[..., Relay], sink: Sink) -> None:
    mine, yours, boris = "one@peer.example", "two@peer.example", "boris@fix.example"
    one = make_relay(network=PEER.format(name="One", human=ANNA, peer=yours)).start()
    two = make_relay(network=PEER.format(name="Two", human=boris, peer=mine))
    two.config.write_text(two.config.read_text().replace(f'"{DOMAIN}"', f'"{OTHER}"'))
    two.start()
    thread: dict[str, str] = {}

    def bridge(to: Relay, author: str, intake: str) -> Program:
        """Hands the words of a letter to the other relay's ticket, as the contact that this relay knows there."""

        def carry(letter: Received) -> None:
            thread[letter.recipient] = letter.thread
            place = thread.get(author, intake)
            words = re.split(r"\n— — —", letter.text)[0]
            code, said = to.send(write(author, place, words, str(letter.message["Subject"])), author, place)
            assert code == 250, said

        return carry

    with Robots(sink, {yours: bridge(two, mine, f"back@{OTHER}"), mine: bridge(one, yours, f"back@{DOMAIN}")}):
        code, answer = one.send(write(ANNA, f"peer@{DOMAIN}", "The pump leaks."), ANNA, f"peer@{DOMAIN}")
        assert code == 250, answer
        quiet(sink)
    assert 2 < len(sink.to(mine)) + len(sink.to(yours)) <= 10
    assert pauses(one) or pauses(two)
    says(two, boris, sink.to(boris)[0], "A person at last: the tap is closed.")
    says(one, ANNA, sink.to(ANNA)[0], "And I have a bucket.")
    for relay in (one, two):
        relay.cli("loops", "resume", "--all")
    until(lambda: any("the tap is closed" in letter.text for letter in sink.to(mine)), "Boris' words")
    until(lambda: any("a bucket" in letter.text for letter in sink.to(yours)), "Anna's words")


# ── people ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_people_who_answer_at_once_are_not_paused(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=QUIET).start()
    opens(relay)
    seen = {ANNA: 1, IVAN: 1}
    lines = ["Which floor?", "The third.", "I come at noon.", "Bring a seal, please.", "What size?", "Forty millimetres."]
    for who, text in zip(itertools.cycle((IVAN, ANNA)), lines, strict=False):
        says(relay, who, sink.wait(who, seen[who]), text)
        other = ANNA if who == IVAN else IVAN
        seen[other] += 1
        assert text in sink.wait(other, seen[other]).text
    assert relay.json("loops") == [] and sink.to(ADMIN) == []


# ── hops ───────────────────────────────────────────────────────────────────────────────────────────────────


def hopping(count: int) -> bytes:
    received = b"Received: from a.example by b.example;\r\n Mon, 23 Nov 2026 10:00:00 +0300\r\n" * count
    return received + write(ANNA, INTAKE, f"After {count} servers.").as_bytes().replace(b"\n", b"\r\n")


def test_a_mail_that_has_gone_through_too_many_servers_is_refused(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=QUIET).start()
    code, answer = relay.send(hopping(51), ANNA, INTAKE)
    assert (code, answer[:20]) == (554, "5.4.6 Too many hops:")
    assert relay.send(hopping(50), ANNA, INTAKE)[0] == 250
    assert "After 50 servers." in sink.wait(IVAN).text and len(sink.to(IVAN)) == 1


# ── the command, and who hears of a pause ──────────────────────────────────────────────────────────────────


def test_commands_where_nothing_is_paused(make_relay: Callable[..., Relay]) -> None:
    relay = make_relay(network=QUIET).start()
    for told in (relay.cli("loops"), relay.cli("loops", "list")):
        assert (told.returncode, told.stdout) == (0, "Nothing is paused.\n")
    assert relay.cli("loops", "resume").returncode == 2
    for which in (("A-1", "north"), ("--all",)):
        told = relay.cli("loops", "resume", *which)
        assert told.returncode == 1 and "nothing is paused there" in told.stderr


def paused(ticket: int) -> Event:
    data = {"until": NOW.isoformat(), "reason": "same"}
    return Event(7, "paused", ticket, Contact(""), NOW, data=data)


@pytest.mark.parametrize("share", [frozenset(), frozenset({"comments"})])
def test_neighbours_hear_of_a_pause_whatever_they_share(share: frozenset[Share]) -> None:
    of, matter = line("abc", share=share)
    seen = [visibility.entry(matter, of, matter.ticket(reader), paused(2)) for reader in (1, 2, 3)]
    assert [entry and (entry.data["to"], entry.data["mine"]) for entry in seen] == [
        ("Firm B", False),
        ("Firm B", True),
        ("Firm B", False),
    ]
    assert visibility.entry(matter, of, matter.ticket(1), paused(3)) is None


def test_a_pause_beyond_a_hidden_link_is_not_told() -> None:
    of, matter = line("abcd", "person", "hidden", "person")
    told = {reader: visibility.entry(matter, of, matter.ticket(reader), paused(3)) for reader in (1, 2, 4)}
    assert told[1] is None and told[2] is not None and told[4] is not None
    assert told[2].data["to"] == "Firm C"
    assert visibility.entry(matter, of, matter.ticket(1), paused(4)) is None
    assert visibility.entry(matter, of, matter.ticket(2), paused(4)) is None
