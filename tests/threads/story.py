"""Two chains of three parties under the same subject, with all that happens to tickets, and some mails that are of neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.harness import DOMAIN, Relay, Sink
from tests.test_reminders import age
from tests.threads.people import Person

NETWORK = """
[parties.shop]
name = "Чайная лавка"
language = "ru"
contacts = ["Анна <anna@shop.example>", "Борис <boris@shop.example>"]
trust = "address"
remind = "always"

[parties.north]
name = "North Service"
contacts = ["Ivan <ivan@north.example>", "Olga <olga@north.example>"]
domains = ["north.example"]
trust = "address"
remind = "always"

[parties.fix]
name = "Fix It"
contacts = ["Sergei <sergei@fix.example>"]
trust = "address"

[links.north-repairs]
from = "shop"
to = "north"
respond_within = "4 hours"
resolve_within = "2 days"

[links.fix]
from = "north"
to = "fix"
identity = "hidden"
"""
SUBJECT = "Насос течёт, цех № 7"
INTAKE = f"north-repairs@{DOMAIN}"
FIX = f"fix@{DOMAIN}"
LONG = 22  # mails that one person writes, of which his colleague sees nothing: more than are looked at


@dataclass
class Cast:
    """Those who write, each with a program of his own."""

    anna: Person
    boris: Person
    ivan: Person
    olga: Person
    sergei: Person
    stranger: Person

    @property
    def readers(self) -> list[Person]:
        """Those whose mailboxes are looked at."""
        return [self.anna, self.boris, self.ivan, self.olga, self.sergei]


def play(make_relay: Callable[..., Relay], sink: Sink) -> Cast:
    """Plays it all, on a relay of its own."""
    relay = make_relay(network=NETWORK).start()

    def person(name: str, address: str) -> Person:
        return Person(name, address, relay, sink)

    cast = Cast(
        person("Анна", "anna@shop.example"),
        person("Борис", "boris@shop.example"),
        person("Ivan", "ivan@north.example"),
        person("Olga", "olga@north.example"),
        person("Sergei", "sergei@fix.example"),
        person("Petr", "petr@elsewhere.example"),
    )
    cast.anna.program, cast.sergei.program = "outlook", "phone"
    for scene in (_opened, _passed_on, _answered, _asked, _inside, _declined, _renewed, _strangers, _late, _again, _lost, _apart):
        scene(cast, relay, sink)
    return cast


def _opened(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    cast.anna.opens(INTAKE, SUBJECT, "Насос снова течёт.", "A-1", cast.boris)
    cast.ivan.answers(cast.ivan.got("Насос снова течёт."), "We are coming.")
    cast.boris.got("We are coming.")


def _passed_on(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    cast.ivan.answers(cast.ivan.got("Насос снова течёт."), "Sergei knows it.", FIX)
    cast.sergei.got("Sergei knows it.")
    cast.anna.got("Sergei knows it.")


def _answered(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    cast.sergei.answers(cast.sergei.got("Sergei knows it."), "Which of the pumps?")
    cast.anna.answers(cast.anna.got("Which of the pumps?"), "Левый.")
    cast.olga.answers(cast.olga.got("Левый."), "#accept\nIt is the left one, we have taken it over.", program="link")
    for each in (cast.anna, cast.boris, cast.sergei):
        each.got("the left one, we have")


def _asked(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    for words in ("#status", "#history", "#help", "#digest", "#wiat for parts"):
        cast.ivan.asks(cast.ivan.got("Левый."), words)
    cast.anna.asks(cast.anna.got("the left one, we have"), "#статус")
    cast.sergei.got("for parts")


def _inside(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    note = cast.ivan.got("Левый.").note
    cast.ivan.answers(cast.ivan.got("Левый."), "They pay late.", to=note)
    cast.olga.answers(cast.olga.got("They pay late."), "They always do.")
    cast.ivan.got("They always do.")


def _declined(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    """Sergei gives it back, and gets it again: another ticket in the same matter."""
    cast.sergei.answers(cast.sergei.got("the left one, we have"), "#decline no time")
    cast.ivan.answers(cast.ivan.got("no time"), "#pass fix\nPlease, after all.")
    cast.sergei.answers(cast.sergei.got("Please, after all."), "#accept\nWell then.")
    cast.ivan.got("Well then.")


def _renewed(cast: Cast, relay: Relay, _sink: Sink) -> None:
    for who, party in ((cast.sergei, "fix"), (cast.anna, "shop")):
        new = relay.cli("address", "renew", "A-1", party).stdout.split()[-1]
        who.answers(who.got(new), f"This is {who.name}, at the new address.")
    cast.ivan.got("This is Sergei")
    cast.sergei.got("This is Анна")


def _strangers(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    """One writes to Ivan's ticket, and Olga lets him in; one to the intake of Anna's party."""
    letter = cast.ivan.got("This is Sergei")
    cast.stranger.answers(letter, "I have seen that pump.")
    cast.olga.asks(cast.olga.got("One of yours?"), "once")
    cast.anna.got("I have seen that pump.")
    cast.stranger.opens(INTAKE, "Буфет", "Чайник не греет.", "")
    cast.anna.asks(cast.anna.got(INTAKE), "нет")


def _late(cast: Cast, relay: Relay, _sink: Sink) -> None:
    """Two days go by."""
    age(relay, 49)
    cast.ivan.got("This ticket is overdue.")
    cast.anna.got("Срок по этой заявке")


def _again(cast: Cast, _relay: Relay, _sink: Sink) -> None:
    """The same subject once more; and somebody writes a lot, which his colleague sees nothing of until another answers."""
    cast.anna.opens(INTAKE, SUBJECT, "Второй насос тоже.", "A-2")
    second = cast.ivan.got("Второй насос тоже.")
    for count in range(LONG):
        cast.ivan.answers(second, f"Part {count} has come.")
        cast.anna.got(f"Part {count} has come.")
    cast.anna.answers(cast.anna.got(f"Part {LONG - 1} has come."), "Сколько их ещё?")
    cast.olga.got("Сколько их ещё?")


def _lost(cast: Cast, _relay: Relay, sink: Sink) -> None:
    """A letter that does not arrive."""
    sink.answers[cast.sergei.address] = ["550 5.1.1 no such user"]
    cast.ivan.asks(cast.ivan.got("This is Sergei"), "Are you there?")


def _apart(cast: Cast, relay: Relay, sink: Sink) -> None:
    """A report, which is of no ticket, and what is said about it."""
    before = len(cast.ivan.letters)
    done = relay.cli("report", "--send", "--party", "north")
    assert done.returncode == 0, done.stderr
    asked = sink.wait(cast.ivan.address, before + 1)
    cast.ivan.asks(asked, "confirm")
