"""Statuses and commands over SMTP: who may do what from where, and what each party hears of it."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, until, write

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"
SERGEI, OLAF = "sergei@fix.example", "olaf@other.example"
INTAKE = f"north-repairs@{DOMAIN}"


def address_name(who: str) -> str:
    """A first name for an address."""
    return who.partition("@")[0].title()


class Play:
    """A chain Anna → Ivan → Sergei, and what each of them writes."""

    def __init__(self, relay: Relay, sink: Sink) -> None:
        self.relay, self.sink = relay, sink
        self.count: dict[str, int] = {}
        relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
        sink.wait(IVAN), sink.wait(ANNA)

    def says(self, who: str, text: str) -> None:
        """An answer to the first letter that he got."""
        letter = self.sink.wait(who)
        mail = write(f"{address_name(who)} <{who}>", letter.thread, text)
        code, answer = self.relay.send(mail, who, letter.thread)
        assert code == 250, answer

    def statuses(self) -> dict[str, str]:
        return {ticket["party"]: ticket["status"] for ticket in self.relay.json("show", "A-1")["tickets"]}

    def hears(self, who: str, words: str) -> Received:
        """The letter to him that has these words."""
        until(lambda: any(words in letter.text for letter in self.sink.to(who)), f"{words!r} to {who}")
        return next(letter for letter in self.sink.to(who) if words in letter.text)


@pytest.fixture
def play(relay: Relay, sink: Sink) -> Play:
    """A chain of three on a running relay."""
    return Play(relay, sink)


def test_the_life_of_a_ticket(play: Play) -> None:
    for text, status, told in (
        ("#accept", "accepted", "принята"),
        ("# В РАБОТЕ", "in progress", "в работе"),
        ("#wait until 2031-12-05 for the part", "waiting", "5 дек. 2031"),
        ("#start\nThe part is here.", "in progress", "The part is here."),
        ("Готово.\n\n#решено", "resolved", "решена"),
    ):
        play.says(IVAN, text)
        play.hears(ANNA, told)
        assert play.statuses() == {"shop": "new", "north": status}
    play.says(ANNA, "#вернуть it still drips")
    play.hears(IVAN, "it still drips")
    assert play.statuses() == {"shop": "new", "north": "in progress"}
    play.says(IVAN, "Now it is.\n\n#resolved")
    play.hears(ANNA, "Now it is.")
    play.says(ANNA, "#rate 4 quick")
    play.hears(IVAN, "4 of 5")
    play.says(ANNA, "#закрыть")
    play.hears(IVAN, "closed")
    assert play.statuses() == {"shop": "closed", "north": "closed"}
    assert play.relay.json("chains") == []
    play.says(ANNA, "#вернуть it drips again")
    play.hears(IVAN, "it drips again")
    assert play.statuses() == {"shop": "in progress", "north": "in progress"}


def test_what_stands_on_the_line_of_a_command_gets_through(play: Play) -> None:
    play.says(IVAN, "#принято, выезжаем завтра")
    assert "принята" in play.hears(ANNA, "выезжаем завтра").text
    play.says(IVAN, "#started #time 2h on the way")
    play.hears(IVAN, "on the way")
    assert play.statuses() == {"shop": "new", "north": "in progress"}
    play.says(IVAN, "#решено, но #закрыть пока не надо")
    play.hears(IVAN, "More than one # stands on this line")
    play.hears(ANNA, "#закрыть пока не надо")
    play.says(IVAN, "It runs.\n\n-- \nIvan\n#решено")
    play.hears(IVAN, "This stands in your signature")
    assert play.statuses() == {"shop": "new", "north": "in progress"}


def test_a_party_in_the_middle_is_downstream_of_one_and_upstream_of_others(play: Play) -> None:
    play.says(IVAN, "#accept\n#pass fix please")
    play.says(SERGEI, "#accept")
    play.says(SERGEI, "#resolved")
    play.hears(IVAN, "Fix It: resolved")
    assert play.statuses() == {"shop": "new", "north": "accepted", "fix": "resolved"}
    play.says(IVAN, "#close")
    play.hears(SERGEI, "Fix It: closed")
    play.says(IVAN, "#resolved")
    play.hears(ANNA, "решена")
    assert play.statuses() == {"shop": "new", "north": "resolved", "fix": "closed"}


def test_what_was_given_back_can_be_passed_to_another(play: Play) -> None:
    play.says(IVAN, "#pass fix")
    play.says(SERGEI, "#decline no time")
    play.hears(IVAN, "no time")
    play.says(IVAN, "#pass other")
    assert "The pump leaks." in play.sink.wait(OLAF).text
    assert play.statuses() == {"shop": "new", "north": "new", "fix": "declined", "other": "new"}
    play.says(IVAN, "#pass fix once more, please")
    until(lambda: len([t for t in play.relay.json("show", "A-1")["tickets"] if t["party"] == "fix"]) == 2, "a second ticket")


def test_closing_at_the_top_closes_what_hangs_below_and_tells_them(play: Play) -> None:
    play.says(IVAN, "#pass fix\n#pass other")
    play.sink.wait(SERGEI), play.sink.wait(OLAF)
    play.says(ANNA, "#close thank you all")
    for who in (IVAN, OLGA, SERGEI, OLAF):
        play.hears(who, "closed")
    assert set(play.statuses().values()) == {"closed"}


def test_a_word_that_could_mean_two_tickets_is_asked_about(play: Play) -> None:
    play.says(IVAN, "#pass fix\n#pass other")
    play.says(SERGEI, "#resolved")
    play.says(OLAF, "#resolved")
    play.hears(IVAN, "Other Hands: resolved")
    play.says(IVAN, "#close")
    notice = play.hears(IVAN, "which one")
    assert "#close fix" in notice.text and "#close other" in notice.text
    assert play.statuses()["fix"] == "resolved"
    choice = next(link for link in mailtos(notice) if "#close fix" in link[1])
    play.relay.send(write(f"Ivan <{IVAN}>", choice[0], choice[1]), IVAN, choice[0])
    play.hears(SERGEI, "closed")
    assert play.statuses()["fix"] == "closed" and play.statuses()["other"] == "resolved"


def mailtos(letter: Received) -> list[tuple[str, str]]:
    """Address and body of the mailto links of a letter."""
    links = [html.unescape(found) for found in re.findall(r'href="(mailto:[^"]+)"', letter.html)]
    assert all(len(link) < 1000 for link in links)
    return [(unquote(urlsplit(link).path), parse_qs(urlsplit(link).query).get("body", [""])[0]) for link in links]


@pytest.mark.parametrize(
    ("who", "text", "reason"),
    [
        (ANNA, "#accept", "другой стороне"),
        (IVAN, "#close", "other side"),
        (IVAN, "#reopen", "other side"),
        (ANNA, "#reopen", "Сейчас это невозможно"),
        (IVAN, "#accept\n#decline", "contradict"),
        (IVAN, "#wait " + "x" * 1500, "too long"),
        (IVAN, "#time soon", "1h30m"),
        (IVAN, "#ref", "missing"),
        (IVAN, "#field Equipment", "colon"),
        (ANNA, "#rate 5", "другой стороне|невозможно"),
        (IVAN, "#full", "Nothing was cut"),
        (IVAN, "#internal\n#resolved", "internal mail"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_is_said(play: Play, who: str, text: str, reason: str) -> None:
    before = play.statuses()
    play.says(who, f"{text}\n\nMy words.")
    until(lambda: any(re.search(reason, letter.text) for letter in play.sink.to(who)), f"{reason} to {who}")
    if "#internal" not in text:
        play.hears(IVAN if who == ANNA else ANNA, "My words.")
    assert play.statuses() == before


def test_nothing_happens_to_a_ticket_that_is_over(play: Play) -> None:
    play.says(ANNA, "#cancel a mistake")
    play.hears(IVAN, "cancelled")
    for text in ("#accept", "#resolved", "#pass fix"):
        play.says(IVAN, text)
    until(lambda: len([x for x in play.sink.to(IVAN) if x.message["Auto-Submitted"]]) == 3, "three notices")
    assert play.statuses() == {"shop": "cancelled", "north": "cancelled"}


def test_numbers_times_and_facts(play: Play) -> None:
    play.says(IVAN, "#pass fix")
    play.sink.wait(SERGEI)
    play.says(SERGEI, "#номер FX-77\n#время 1ч30м на месте\n#поле Equipment: pump KB-3")
    told = play.hears(IVAN, "FX-77")
    assert "1 h 30 min" in told.text and "на месте" in told.text and "Equipment: pump KB-3" in told.text
    to_anna = play.hears(ANNA, "FX-77")
    assert "Equipment: pump KB-3" in to_anna.text
    assert "30" not in to_anna.text.partition("— — —")[0] and "на месте" not in to_anna.text
    assert {t["party"]: t["reference"] for t in play.relay.json("show", "A-1")["tickets"]}["fix"] == "FX-77"


def test_history_status_and_help_come_to_the_one_who_asks(play: Play) -> None:
    play.says(IVAN, "#accept")
    play.says(ANNA, "Thank you.")
    play.hears(IVAN, "Thank you.")
    before = len(play.sink.to(ANNA)) + len(play.sink.to(OLGA))
    play.says(IVAN, "#history")
    history = play.hears(IVAN, "whole conversation")
    assert "The pump leaks." in history.text and "Thank you." in history.text and "accepted" in history.text
    play.says(IVAN, "#статус")
    assert "Tea Shop: new" in play.hears(IVAN, "Where this ticket stands").text
    play.says(IVAN, "#HELP")
    helped = play.hears(IVAN, "Each command stands")
    assert all(f"#{word}" in helped.text for word in ("accept", "pass", "internal", "rate", "history"))
    assert len(play.sink.to(ANNA)) + len(play.sink.to(OLGA)) == before
    assert all(x.message["Auto-Submitted"] == "auto-replied" for x in (history, helped))


def test_what_was_cut_can_be_published(play: Play) -> None:
    play.says(IVAN, "See below.\n\n-- \nIvan\nRoom 12, ask for the key")
    assert "Room 12" not in play.hears(ANNA, "See below.").text
    play.says(IVAN, "#full")
    play.hears(ANNA, "Room 12, ask for the key")


def test_what_was_cut_is_published_without_what_was_internal(play: Play) -> None:
    play.says(IVAN, "#internal\nThey never pay on time.")
    quote = "On Mon, 23 Nov 2026 at 10:00, Ivan <ivan@north.example> wrote:\n> They never pay on time.\n> The key is at the desk."
    play.says(IVAN, f"See below.\n\n{quote}")
    play.hears(ANNA, "See below.")
    play.says(IVAN, "#full")
    assert "never pay" not in play.hears(ANNA, "The key is at the desk.").text


def test_the_buttons_do_what_they_say(play: Play) -> None:
    letter = play.sink.wait(IVAN)
    offered = {body.split()[0]: (to, body) for to, body in mailtos(letter) if body.startswith("#")}
    assert {"#accept", "#decline", "#start", "#wait", "#resolved", "#pass"} <= set(offered)
    to, body = offered["#start"]
    play.relay.send(write(f"Ivan <{IVAN}>", to, body + "\n\n-- \nSent from my phone"), IVAN, to)
    play.hears(ANNA, "в работе")
    assert play.statuses()["north"] == "in progress"
