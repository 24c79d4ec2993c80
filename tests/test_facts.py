"""Facts of the matter over SMTP: read, asked for, shown, corrected; and what pure rules say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from relay import facts, rules
from relay.decision import Case, Turn
from relay.model import Chain, Command, Contact, Fact, Link, Mail, Network
from tests.chains import NOW, chain, line, network
from tests.harness import Relay, Sink, until, write
from tests.test_receipts import receipt
from tests.test_workflow import ANNA, INTAKE, IVAN, OLAF, SERGEI, Play, mailtos

WANTED = 'to = "north"\nfields = ["Equipment", "Contact at the site"]'


@pytest.fixture
def play(make_relay: Callable[..., Relay], sink: Sink) -> Play:
    """A chain Anna → Ivan, whose link wants two facts; Ivan's link to Sergei wants a third."""
    relay = make_relay()
    text = relay.config.read_text().replace('to = "north"', WANTED).replace('to = "fix"', 'to = "fix"\nfields = ["Serial"]')
    relay.config.write_text(text)
    relay.start()
    return Play(relay, sink)


def open_with(relay: Relay, text: str) -> None:
    relay.send(write(f"Anna <{ANNA}>", INTAKE, text), ANNA, INTAKE)


def test_what_is_missing_is_asked_for_once_with_an_answer_to_fill_in(play: Play) -> None:
    told = play.sink.wait(ANNA)
    until(lambda: not play.relay.json("queue", "list"), "an empty queue")
    assert len(play.sink.to(ANNA)) == 1
    assert "#поле Equipment:" in told.text and "#поле Contact at the site:" in told.text
    to, body = next(link for link in mailtos(told) if "Equipment" in link[1])
    filled = body.replace("Equipment: ", "Equipment: pump KB-3").replace("site: ", "site: Olga, gate 2")
    play.relay.send(write(f"Anna <{ANNA}>", to, filled), ANNA, to)
    to_ivan = play.hears(IVAN, "pump KB-3")
    assert "Contact at the site: Olga, gate 2" in to_ivan.text
    play.says(IVAN, "#status")
    assert "Equipment: pump KB-3" in play.hears(IVAN, "Where this ticket stands").text
    play.says(IVAN, "#pass fix")
    assert "Serial" in receipt(play, IVAN).text
    card = play.sink.wait(SERGEI)
    assert "Equipment: pump KB-3" in card.text and card.text.count("pump KB-3") == 1


def test_the_opening_mail_may_say_it_in_plain_lines(play: Play) -> None:
    open_with(play.relay, "The pump drips.\n\n- equipment: pump KB-4\nCONTACT AT THE SITE: Olga\nNot a fact: at all\n")
    card = play.hears(IVAN, "pump KB-4")
    assert "Equipment: pump KB-4" in card.text and "Contact at the site: Olga" in card.text
    told = play.hears(ANNA, "A-2")
    assert "#поле" not in told.text and "Equipment: pump KB-4" in told.text


def test_who_is_asked_may_simply_answer(play: Play) -> None:
    play.says(ANNA, "Equipment: pump KB-5")
    assert "Equipment: pump KB-5" in play.hears(IVAN, "Equipment: pump KB-5").text
    play.says(IVAN, "#status")
    status = play.hears(IVAN, "Where this ticket stands").text
    assert "Equipment: pump KB-5" in status and "Contact at" not in status


def test_a_fact_is_corrected_from_above_and_the_earlier_value_stays_on_the_timeline(play: Play) -> None:
    play.says(ANNA, "#поле Equipment: pump KB-3")
    play.hears(IVAN, "pump KB-3")
    play.says(IVAN, "#field equipment: pump KB-9")  # his upstream's word: not his to change
    assert "comes from another party" in receipt(play, IVAN).text
    play.says(ANNA, "#field Equipment: pump KB-7")
    assert "Equipment: pump KB-7 (before: pump KB-3)" in play.hears(IVAN, "KB-7").text
    play.says(IVAN, "#history")
    history = play.hears(IVAN, "whole conversation").text
    assert "KB-3" in history and "before: pump KB-3" in history
    play.says(IVAN, "#pass other")
    assert "Equipment: pump KB-7" in play.sink.wait(OLAF).text
    assert play.relay.cli("verify").returncode == 0


# ── the rules ──────────────────────────────────────────────────────────────────────────────────────────────


def case(of: Network, matter: Chain, text: str, ticket: int = 1) -> Case:
    mail = Mail("reply", Contact("a@a.example"), text=text)
    return Case(matter, of, Turn(ticket, mail, "M"), False, NOW)


def knowing(matter: Chain, ticket: int, *facts: Fact) -> Chain:
    tickets = tuple(replace(one, facts=facts) if one.id == ticket else one for one in matter.tickets)
    return replace(matter, tickets=tickets)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Equipment: pump", "pump"),
        ("equipment : pump 3: big", "pump 3: big"),
        ("  * EQUIPMENT: pump", "pump"),
        ("*Equipment:* pump", "pump"),
        ("Equipment：pump", "pump"),
        ("Equipment:\npump", None),
        ("The Equipment: pump", None),
        ("Equipment pump", None),
        ("Equipment:", None),
        ("Equipment: a\nEquipment: b", "a"),
        ("Equipment: " + "x" * 3000, None),
    ],
)
def test_lines_that_tell_a_fact(text: str, value: str | None) -> None:
    link = Link("ab", "a", "b", fields=("Equipment",))
    told = facts.told(case(network(link), chain(link), text))
    assert [event.data for event in told] == ([{"name": "Equipment", "value": value}] if value else [])


def test_only_what_is_wanted_below_and_not_known_there_is_read() -> None:
    link = Link("ab", "a", "b", fields=("Серийный номер", "Адрес"))
    of, matter = network(link), chain(link)
    known = knowing(matter, 1, Fact("адрес", "Пятницкая, 12", NOW))
    assert [one.names for one in facts.wanted(case(of, matter, ""))] == [("Серийный номер", "Адрес")]
    assert [one.names for one in facts.wanted(case(of, known, ""))] == [("Серийный номер",)]
    assert facts.told(case(of, known, "Адрес: Ордынка, 3")) == ()
    assert facts.wanted(case(of, matter, "", ticket=2)) == []
    ended = replace(matter, tickets=(matter.tickets[0], replace(matter.tickets[1], status="declined")))
    assert facts.wanted(case(of, ended, "")) == []


def test_a_link_that_shares_no_facts_asks_for_none() -> None:
    link = Link("ab", "a", "b", fields=("Equipment",), share=frozenset({"comments", "status"}))
    assert facts.wanted(case(network(link), chain(link), "Equipment: x")) == []


def test_a_fact_that_the_writer_may_not_see_is_his_to_say() -> None:
    of, matter = line("abc", share=frozenset({"comments", "status"}))
    matter = knowing(matter, 1, Fact("Equipment", "pump", NOW))
    mail = Mail(
        "reply", Contact("b@b.example"), text="Words.", commands=(Command("field", "Equipment: tap", "#field Equipment: tap"),)
    )
    done = rules.decide(matter, of, Turn(2, mail, "M"), NOW)
    assert [event.data for event in done.events if event.kind == "field"] == [{"name": "Equipment", "value": "tap"}]
