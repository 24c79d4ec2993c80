"""Floods: too many mails, connections, recipients; who says nothing, who guesses. Everybody else is served."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.model import Envelope
from relay.settings import LimitSettings, SmtpSettings
from relay.smtpd import connections as connections_module
from relay.smtpd import session as session_module
from relay.smtpd.connections import Connections
from relay.smtpd.minute import MINUTE, LastMinute
from tests.smtpd.house import TICKET, Client, assert_serves, certificate, serving, wait_until

NOBODY = frozenset[str]()
HERE, THERE = "127.0.0.1", "127.0.0.2"  # every address in 127/8 is this machine, on Linux
ROOM = "421 4.7.0 Idle while others wait"


# ── mails a minute ─────────────────────────────────────────────────────────────────────────────────────────


def test_mails_a_minute_from_one_address(tmp_path: Path) -> None:
    with serving(tmp_path, LimitSettings(mails_a_minute_per_address=3, own=NOBODY)) as running, running.client(HERE) as client:
        for _ in range(3):
            assert client.mail().startswith("250 ")
        assert client.ask("MAIL FROM:<ann@acme.example>").startswith("451 4.7.1 Too many mails within a minute from your address")
        assert client.ask(f"RCPT TO:<{TICKET}>").startswith("503 "), "refused before its data"
        with running.client(HERE) as again:
            assert again.ask("MAIL FROM:<ann@acme.example>").startswith("451 4.7.1 ")
        with running.client(THERE) as other:
            assert other.mail().startswith("250 ")
        assert [event["reason"] for event in running.events("limit_reached")] == ["mails_a_minute_per_address"] * 2


def test_mails_of_ones_own_servers_are_limited_in_all_only(tmp_path: Path) -> None:
    limits = LimitSettings(mails_a_minute=5, mails_a_minute_per_address=1, own=frozenset({HERE}))
    with serving(tmp_path, limits) as running, running.client(HERE) as client:
        for _ in range(5):
            assert client.mail().startswith("250 ")
        assert client.ask("MAIL FROM:<ann@acme.example>").startswith("451 4.7.1 Too many mails within a minute, ")
        with running.client(THERE) as other:
            assert other.ask("MAIL FROM:<ann@acme.example>").startswith("451 4.7.1 ")


def test_new_limits_hold_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, LimitSettings(mails_a_minute=1)) as running, running.client() as client:
        assert client.mail().startswith("250 ")
        assert client.ask("MAIL FROM:<ann@acme.example>").startswith("451 ")
        running.server.reload(running.settings, LimitSettings(mails_a_minute=2))
        assert client.mail().startswith("250 ")


PEERS = st.sampled_from(["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"])
SOURCE = {"::ffff:192.0.2.1": "192.0.2.1", "2001:db8::2": "2001:db8::1"}


@given(st.lists(st.tuples(PEERS, st.floats(0, 30))), st.integers(1, 5), st.integers(1, 5))
def test_within_any_minute_no_more_come_than_may(mails: list[tuple[str, float]], whole: int, each: int) -> None:
    """And not one fewer."""
    minute, limits = LastMinute(), LimitSettings(mails_a_minute=whole, mails_a_minute_per_address=each, own=NOBODY)
    came: list[tuple[str, float]] = []
    now = 0.0
    for peer, pause in mails:
        now += pause
        source = SOURCE.get(peer, peer)
        recent = [whose for whose, at in came if at > now - MINUTE]
        expected = (
            "mails_a_minute" if len(recent) >= whole else "mails_a_minute_per_address" if recent.count(source) >= each else None
        )
        assert minute.add(peer, limits, now) == expected
        if expected is None:
            came.append((source, now))
        assert len(minute._mails) <= whole and len(minute._of) <= whole


# ── who guesses, and who does not listen ───────────────────────────────────────────────────────────────────


def test_a_client_that_guesses_addresses_is_sent_away(tmp_path: Path) -> None:
    with serving(tmp_path, LimitSettings(own=NOBODY)) as running, running.client() as client:
        asked = []

        async def known(address: str) -> None:
            asked.append(address)

        running.gate.known = known
        client.ask("MAIL FROM:<ann@acme.example>")
        client.send(b"".join(b"RCPT TO:<t%d@elsewhere.example>\r\n" % number for number in range(200)))
        replies = [client.reply()[:9] for _ in range(21)]
        assert replies == ["550 5.1.1"] * 19 + ["421 4.7.0", ""]
        assert len(asked) == 20
        assert_serves(running)


def test_ones_own_server_may_bring_what_strangers_guess(tmp_path: Path) -> None:
    with serving(tmp_path) as running, running.client() as client:
        client.ask("MAIL FROM:<ann@acme.example>")
        assert {client.ask(f"RCPT TO:<t{number}@elsewhere.example>")[:9] for number in range(50)} == {"550 5.1.1"}
        client.ask("RSET")
        assert client.mail().startswith("250 ")


def test_thousands_of_recipients_that_there_are(tmp_path: Path) -> None:
    with serving(tmp_path, LimitSettings(own=NOBODY)) as running, running.client() as client:
        client.ask("MAIL FROM:<ann@acme.example>")
        client.send(f"RCPT TO:<{TICKET}>\r\n".encode() * 1100)
        replies = [client.reply()[:9] for _ in range(1002)]
        assert replies == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 900 + ["421 4.7.0", ""]
        assert len(running.events("limit_reached")) == 900
        assert [event["log_level"] for event in running.events("limit_reached")].count("warning") == 1, "a flood floods no log"


def test_a_client_that_does_not_listen_is_sent_away(tmp_path: Path) -> None:
    with serving(tmp_path, LimitSettings(mails_a_minute_per_address=1, own=NOBODY)) as running, running.client() as client:
        assert client.mail().startswith("250 ")
        client.send(b"MAIL FROM:<ann@acme.example>\r\n" * 500)
        assert [client.reply()[:9] for _ in range(21)] == ["451 4.7.1"] * 19 + ["421 4.7.0", ""]


# ── a full house ───────────────────────────────────────────────────────────────────────────────────────────


class Guest:
    """A connection that has been waited for so long."""

    def __init__(self, peer: str, lag: float) -> None:
        self.peer, self.since, self.gone = peer, -lag, False

    def make_room(self) -> None:
        self.gone = True


def enter(house: Connections, guest: Guest, settings: SmtpSettings) -> str | None:
    limit = house.make_room(guest.peer, settings, 0.0)
    if limit is None:
        house.enter(guest)
    return limit


def full(*guests: Guest, **limits: Any) -> tuple[Connections, SmtpSettings]:
    house = Connections()
    for guest in guests:
        assert enter(house, guest, SmtpSettings(listen=())) is None
    return house, SmtpSettings(listen=(), **limits)


def test_who_has_kept_us_waiting_longest_goes() -> None:
    guests = [Guest("192.0.2.1", lag) for lag in (2.0, 9.0, 0.0, 5.0)]
    house, settings = full(*guests, connections_per_address=4)
    for _ in range(3):
        assert enter(house, Guest("192.0.2.1", 0.0), settings) is None
    assert enter(house, Guest("192.0.2.1", 0.0), settings) == "connections_per_address", "nobody is left who could go"
    assert [guest.gone for guest in guests] == [True, True, False, True]
    assert len(house) == 4


def test_an_address_that_is_full_makes_room_for_itself_alone() -> None:
    own, other = Guest("192.0.2.1", 0.5), Guest("192.0.2.2", 99.0)
    house, settings = full(own, other, connections_per_address=1, connections=2)
    assert enter(house, Guest("192.0.2.1", 0.0), settings) == "connections_per_address"
    assert not own.gone and not other.gone


def test_who_has_most_connections_makes_room() -> None:
    few, many = Guest("192.0.2.2", 99.0), [Guest("192.0.2.1", 2.0), Guest("192.0.2.1", 3.0)]
    house, settings = full(few, *many, connections=3)
    assert enter(house, Guest("192.0.2.3", 0.0), settings) is None
    assert (few.gone, many[0].gone, many[1].gone) == (False, False, True)


def test_who_has_many_does_not_push_out_who_has_few() -> None:
    few, many = Guest("192.0.2.2", 99.0), [Guest("192.0.2.1", 0.0), Guest("192.0.2.1", 0.0)]
    house, settings = full(few, *many, connections=3)
    assert enter(house, Guest("192.0.2.1", 0.0), settings) == "connections"
    assert enter(house, Guest("192.0.2.3", 0.0), settings) is None
    assert few.gone


def test_who_has_more_than_the_one_who_comes_need_not_have_been_idle_for_long() -> None:
    many = [Guest("192.0.2.1", 0.5), Guest("192.0.2.1", 0.3), Guest("192.0.2.1", 0.1)]
    house, settings = full(*many, connections=3)
    assert enter(house, Guest("192.0.2.2", 0.0), settings) is None
    assert enter(house, Guest("192.0.2.2", 0.0), settings) == "connections", "they have two each soon: it is no flood any more"
    assert [guest.gone for guest in many] == [True, False, False]


@given(st.lists(st.tuples(PEERS, st.sampled_from([0.0, 0.5, 2.0, 9.0]), st.booleans())), st.integers(1, 6), st.integers(1, 3))
def test_no_more_are_in_than_may(comings: list[tuple[str, float, bool]], whole: int, each: int) -> None:
    house, settings = Connections(), SmtpSettings(listen=(), connections=whole, connections_per_address=each)
    inside: list[Guest] = []
    for peer, lag, leaves in comings:
        if leaves and inside:
            house.leave(inside.pop())
        guest = Guest(peer, lag)
        if enter(house, guest, settings) is None:
            inside.append(guest)
        assert all(one.since <= -0.5 for one in inside if one.gone)
        inside = [one for one in inside if not one.gone]
        assert len(house) == len(inside) <= whole
        assert all(len(those) <= each for those in house._by_source.values())
        assert all(house._by_source.values()), "who has none is forgotten"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is long."""
    monkeypatch.setattr(connections_module, "LONG", 0.05)


def a_moment() -> None:
    time.sleep(0.1)


@pytest.mark.parametrize("limit", [{"connections": 2}, {"connections_per_address": 2}])
def test_the_idle_one_goes_and_not_the_one_that_works(tmp_path: Path, limit: dict[str, Any], soon: None) -> None:
    with serving(tmp_path, **limit) as running, running.client() as busy, running.client() as idle:
        busy.begin()
        a_moment()
        assert_serves(running)
        assert idle.reply().startswith(ROOM)
        assert idle.reply() == ""
        busy.send(b"Subject: pump\r\n\r\nleaks\r\n.\r\n")
        assert busy.reply().startswith("250 "), "it was receiving DATA"


def test_who_waits_for_our_reply_stays(tmp_path: Path, soon: None) -> None:
    asked, release = threading.Event(), threading.Event()

    async def slowly(_: object) -> None:
        asked.set()
        while not release.is_set():
            await asyncio.sleep(0.01)

    with serving(tmp_path, connections=2) as running, running.client() as asking, running.client() as mailing:
        mailing.begin()
        running.gate.known = running.gate.then = slowly
        asking.ask("MAIL FROM:<ann@acme.example>")
        asking.send(f"RCPT TO:<{TICKET}>\r\n".encode())
        assert asked.wait(10)
        asked.clear()
        mailing.send(b"x\r\n.\r\n")
        assert asked.wait(10)
        a_moment()
        with Client(running.port) as third:
            assert third.reply().startswith("421 4.7.0 Too many connections")
        release.set()
        assert asking.reply() == "250 2.1.5 OK"
        assert mailing.reply().startswith("250 ")


def test_a_byte_now_and_then_is_no_command(tmp_path: Path, soon: None) -> None:
    with serving(tmp_path, connections=1) as running, running.client() as dripping:
        for byte in b"NOOP":
            dripping.send(bytes([byte]))
            time.sleep(0.03)
        assert_serves(running)
        assert dripping.reply().startswith(ROOM)


def test_data_that_crawls_goes_when_the_house_is_full(tmp_path: Path, soon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "HURRY", 0.0)
    with serving(tmp_path, connections=1) as running, running.client() as crawling:
        crawling.begin()
        for byte in b"Subject: slow":
            crawling.send(bytes([byte]))
            time.sleep(0.01)
        assert_serves(running)
        assert crawling.reply().startswith(ROOM)
        assert len(running.gate.mails) == 1


def test_a_client_that_does_not_read_makes_room(tmp_path: Path, soon: None) -> None:
    with serving(tmp_path, connections=1, commands=10**9) as running, running.client() as deaf:
        deaf.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                deaf.send(b"HELP\r\n" * 10_000)
        wait_until(lambda: all(time.monotonic() - session.since > 0.1 for session in running.server._sessions))
        assert_serves(running)
        wait_until(lambda: not running.server._sessions)


def test_a_client_that_only_connects_to_the_tls_door_makes_room(tmp_path: Path, soon: None) -> None:
    with serving(tmp_path, connections=1, tls=certificate(tmp_path)) as running, running.client() as half:
        assert half.ask("STARTTLS").startswith("220 ")
        a_moment()
        assert_serves(running)


def test_a_crowd_that_says_nothing_keeps_nobody_out(tmp_path: Path, soon: None) -> None:
    with serving(tmp_path, connections=60, connections_per_address=30) as running:
        crowd = [Client(running.port, THERE) for _ in range(300)]
        try:
            assert {each.reply()[:3] for each in crowd} == {"220", "421"}
            a_moment()
            for source in (HERE, THERE):
                with running.client(source) as honest:
                    assert honest.mail().startswith("250 ")
            assert running.events("turned_away") or running.events("cut_off")
            warnings = [e for e in running.log.entries if e["log_level"] == "warning"]
            assert len(warnings) <= 2, "a flood floods no log"
        finally:
            for each in crowd:
                each.close()
        wait_until(lambda: not running.server._sessions)
        assert not running.events("session_broke")


# ── who sends all at once ──────────────────────────────────────────────────────────────────────────────────


def test_a_thousand_commands_at_once_take_turns_with_the_others(tmp_path: Path) -> None:
    with serving(tmp_path, commands=10**9) as running, running.client() as eager, running.client() as other:
        eager.send(b"NOOP\r\n" * 20_000)
        assert other.mail().startswith("250 ")
        eager.send(b"QUIT\r\n")
        replies = 0
        while eager.reply() == "250 2.0.0 OK":
            replies += 1
        assert replies == 20_000


def test_large_mails_of_one_do_not_hold_up_another(tmp_path: Path) -> None:
    started, release = list[str](), threading.Event()

    async def slowly(envelope: Envelope) -> None:
        started.append(envelope.mail_from)
        while envelope.mail_from.endswith("@flood.example") and not release.is_set():
            await asyncio.sleep(0.01)

    def send(client: Client, domain: str) -> None:
        for command in (f"MAIL FROM:<ann@{domain}>", f"RCPT TO:<{TICKET}>", "DATA"):
            client.ask(command)
        client.send(b"x" * 1_100_000 + b"\r\n.\r\n")

    with serving(tmp_path) as running:
        running.gate.then = slowly
        flood = [running.client() for _ in range(6)]
        try:
            for client in flood:
                send(client, "flood.example")
            wait_until(lambda: len(running.spool.waiting()) == 6)
            with running.client() as honest:
                send(honest, "acme.example")
                assert honest.reply().startswith("250 ")
            assert len(started) == 3
            release.set()
            assert all(client.reply().startswith("250 ") for client in flood)
        finally:
            release.set()
            for client in flood:
                client.close()
