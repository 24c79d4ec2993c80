"""Digests: when they go out, what stands in them, once for each moment, and by mail, on request and at the command line."""

from __future__ import annotations

import csv
import io
import sqlite3
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import address, correspondence, digest, digester, health, sheet, workflow
from relay.digest import DAYS, LATE, SCREEN, Matter, View
from relay.ledger import Stamp
from relay.letters import Letters
from relay.model import Chain, Contact, Digest, Event, Limit, Network, Party
from relay.settings import DeliverySettings, DnsSettings, RelaySettings, Settings, SmtpSettings
from relay.store import DIGESTS, LETTERS, MAILS
from storage.database import Database
from storage.migrations import migrate
from tests.chains import DOMAIN, NOW, chains, knows, line, links_of, way
from tests.harness import NETWORK, Received, Relay, Sink, new_database, until, write

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
ADMIN = "admin@example.com"
INTAKE, DIGEST = f"north-repairs@{DOMAIN}", f"digest@{DOMAIN}"

# ── when ───────────────────────────────────────────────────────────────────────────────────────────────────

ZONES = ("UTC", "Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Asuncion", "Africa/Cairo",
         "Pacific/Apia", "Asia/Kathmandu", "Antarctica/Troll", "America/Havana")  # fmt: skip
digests = st.builds(
    lambda at, on: Digest(at, tuple(on), ()),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sets(st.sampled_from(DAYS), min_size=1),
)
zones = st.sampled_from([zone for zone in ZONES if zone in available_timezones()])
nows = st.datetimes(datetime(2011, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
DAILY = Digest(time(9), DAYS, ())


@given(digests, zones, st.dates(date(2011, 1, 1), date(2030, 12, 31)))
def test_each_day_has_one_moment_in_their_order(given_digest: Digest, zone: str, day: date) -> None:
    found = ZoneInfo(zone)
    moments = [digest.moment(given_digest, found, day + timedelta(days=each)) for each in range(4)]
    assert all(early <= late for early, late in pairwise(moments))
    wall = datetime.combine(day, given_digest.at)
    shown = moments[0].astimezone(found).replace(tzinfo=None)
    before = (moments[0] - timedelta(seconds=1)).astimezone(found).replace(tzinfo=None)
    assert shown == wall or before < wall < shown  # the clocks jump over the time just there


@given(digests, zones, nows, st.one_of(st.none(), st.timedeltas(timedelta(), timedelta(days=40))))
def test_what_is_due_is_the_latest_moment_and_not_long_ago(
    given_digest: Digest, zone: str, now: datetime, ago: timedelta | None
) -> None:
    last = None if ago is None else now - ago
    found = digest.due(given_digest, zone, last, now)
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (today + timedelta(days=each) for each in range(-3, 3))
    moments = [digest.moment(given_digest, ZoneInfo(zone), day) for day in days if DAYS[day.weekday()] in given_digest.on]
    missed = [at for at in moments if now - LATE <= at <= now and (last is None or at > last)]
    assert found == max(missed, default=None)


@given(digests, zones, nows, st.lists(st.timedeltas(timedelta(minutes=1), timedelta(days=3)), max_size=12))
def test_whatever_the_downtimes_each_moment_goes_out_at_most_once_and_in_order(
    given_digest: Digest, zone: str, now: datetime, pauses: list[timedelta]
) -> None:
    last, sent = now, []
    for pause in pauses:
        now += pause
        for _ in range(2):  # a second look at the same time finds nothing more
            if (moment := digest.due(given_digest, zone, last, now)) is not None:
                sent.append(moment)
                last = moment
        assert len(sent) == len(set(sent)) and sent == sorted(sent)
    assert len(sent) <= len(pauses)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T03:00:00+02:00"),  # does not exist
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T02:30:00+02:00"),  # twice
        ("Europe/Berlin", date(2026, 3, 30), time(2, 30), "2026-03-30T02:30:00+02:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-04T02:30:00+11:00"),  # half an hour
        ("Pacific/Apia", date(2011, 12, 30), time(9), "2011-12-31T00:00:00+14:00"),  # a whole day left out
    ],
)
def test_when_clocks_change(zone: str, day: date, at: time, expected: str) -> None:
    assert digest.moment(Digest(at, DAYS, ()), ZoneInfo(zone), day) == datetime.fromisoformat(expected)


def test_after_a_weekend_down_only_the_last_one_of_twelve_hours_goes_out() -> None:
    moscow = ZoneInfo("Europe/Moscow")
    friday, monday = datetime(2026, 1, 30, 9, tzinfo=moscow), datetime(2026, 2, 2, 11, tzinfo=moscow)
    assert digest.due(DAILY, "Europe/Moscow", friday, monday) == datetime(2026, 2, 2, 9, tzinfo=moscow)
    assert digest.due(DAILY, "Europe/Moscow", friday, monday.replace(hour=22)) is None
    assert digest.due(replace(DAILY, on=("fri",)), "Europe/Moscow", friday, monday) is None


# ── what ───────────────────────────────────────────────────────────────────────────────────────────────────


def happened(chain: Chain, *more: Event) -> tuple[Event, ...]:
    """The events that made the chain, and more after them, all numbered."""
    passed = [
        Event(0, "passed", ticket.parent, Contact("x@x.example"), NOW, data={"link": ticket.link, "ticket": ticket.id})
        for ticket in chain.tickets
        if ticket.parent is not None
    ]
    return tuple(replace(event, id=number) for number, event in enumerate([*passed, *more], 1))


def event(kind: Any, ticket: int, hours: int, **more: Any) -> Event:
    return Event(0, kind, ticket, Contact(f"t{ticket}@x.example", f"Person {ticket}"), NOW + timedelta(hours=hours), **more)


def rows(network: Network, chain: Chain, events: tuple[Event, ...], party: str, after: int = 0, **more: Any) -> Any:
    now_so = workflow.replay(chain, events)
    return digest.rows(View(network, party, after, NOW + timedelta(days=2), **more), [Matter(now_so, events)])


def test_who_has_the_ball_decides_the_section() -> None:
    network, chain = line("abc")
    events = happened(chain, event("comment", 2, 1, text="We look into it.\n> old words"))
    found = {party: rows(network, chain, events, party, after=99)[0] for party in "abc"}
    assert [found[party].section for party in "abc"] == ["others", "others", "yours"]
    assert [ball.party for ball in found["a"].balls] == ["Firm C"] and not found["a"].new
    assert found["a"].words == "We look into it." and [seat.party for seat in found["a"].seats] == ["Firm B", "Firm C"]
    assert [action.word for action in found["c"].actions] == ["accept", "decline", "start", "wait", "resolved"]


def test_what_is_new_resolved_over_and_overdue() -> None:
    network, chain = line("ab")
    events = happened(chain, event("status", 2, 1, data={"ticket": 2, "status": "resolved", "until": None}))
    assert [rows(network, chain, events, party)[0].section for party in "ab"] == ["yours", "new"]
    assert rows(network, chain, events, "b", after=1)[0].section == "resolved"
    assert rows(network, chain, events, "b", after=2)[0].section == "others"
    closed = happened(chain, *events[1:], event("status", 1, 2, data={"ticket": 2, "status": "closed", "until": None}))
    assert rows(network, chain, closed, "b", after=2)[0].section == "resolved"
    assert rows(network, chain, closed, "b", after=3) == ()


def test_what_is_overdue_for_those_who_may_know_it() -> None:
    network, chain = line("abc")
    limited = replace(network.links["bc"], resolve_within=Limit(rest=timedelta(hours=4)))
    network = replace(network, links={**network.links, "bc": limited})
    found = {party: rows(network, chain, happened(chain), party, after=99)[0] for party in "abc"}
    assert [(found[party].section, found[party].due) for party in "abc"] == [
        ("others", None),
        ("overdue", NOW + timedelta(hours=4)),
        ("overdue", NOW + timedelta(hours=4)),
    ]
    waiting = happened(chain, event("status", 3, 1, data={"ticket": 3, "status": "waiting", "until": None}))
    assert rows(network, chain, waiting, "c", after=99)[0].due is None


def test_nothing_internal_stands_in_a_digest() -> None:
    network, chain = line("ab")
    events = happened(chain, event("comment", 2, 1, text="Seen."), event("comment", 2, 2, text="He is a crook.", internal=True))
    assert rows(network, chain, events, "b")[0].words == "Seen."


def test_behind_a_hidden_link_there_is_nobody() -> None:
    network, chain = line("abc", "person", "hidden")
    events = happened(chain, event("comment", 3, 1, text="From behind."))
    (row,) = rows(network, chain, events, "a")
    assert [ball.party for ball in row.balls] == ["Firm B"] and [seat.party for seat in row.seats] == ["Firm B"]
    assert (row.said.who, row.said.party, row.words) == ("Firm B", "Firm B", "From behind.")


@given(chains, st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans()), max_size=8), st.integers(0, 20))
def test_a_digest_names_only_those_whom_its_party_may_know(
    made: tuple[Network, Chain], said: list[tuple[int, bool, bool]], after: int
) -> None:
    """What may be known is told from the links alone."""
    network, chain = made
    spoken = [
        event("comment", (at % len(chain.tickets)) + 1, hours, text=f"words of {at % len(chain.tickets) + 1}.", internal=inside)
        if not moved
        else event(
            "status", (at % len(chain.tickets)) + 1, hours,
            data={"ticket": (at % len(chain.tickets)) + 1, "status": "resolved", "until": None},
        )
        for hours, (at, inside, moved) in enumerate(said)
    ]  # fmt: skip
    events, links = happened(chain, *spoken), links_of(network, chain)
    for ticket in chain.tickets:
        ways = {other.id: way(links, ticket.id, other.id) for other in chain.tickets if other.id != ticket.id}
        known = {f"Firm {chain.ticket(other).party.upper()}" for other, links_to in ways.items() if knows(links_to)}
        known.add(f"Firm {ticket.party.upper()}")
        for row in rows(network, chain, events, ticket.party, after):
            named = {ball.party for ball in row.balls} | {seat.party for seat in row.seats}
            named |= {hold.party for hold in row.held} | ({row.said.party} if row.said else set())
            assert named <= known, (named, known)
            words = {f"words of {other}." for other, links_to in ways.items() if all("comments" in x.share for x in links_to)}
            assert row.words in words | {"", f"words of {ticket.id}."}
            assert row.thread == ticket.thread


# ── how it looks ───────────────────────────────────────────────────────────────────────────────────────────

SUBJECT = "Насос повысительный второго подъёма опять течёт, просьба приехать как можно скорее и захватить сальники"


def long_digest(count: int, subject: str = SUBJECT, **more: Any) -> dict[str, Any]:
    """A digest with so many rows as `digester.collect` makes it."""
    row = {
        "section": "yours", "number": "A-1", "subject": subject, "reference": "=1+1", "status": "in progress", "until": "",
        "thread": address.thread(address.mint(), DOMAIN), "since": NOW.isoformat(), "new": False, "due": NOW.isoformat(),
        "balls": [{"party": "North", "own": True, "since": NOW.isoformat()}],
        "seats": [{"party": "@Fix", "status": "waiting", "reference": "R\u202e-7"}],
        "last": {"who": "Иван", "party": "North", "at": NOW.isoformat(), "words": "<b>Слова</b> " * 15},
        "held": [{"party": "North", "own": True, "minutes": 70}, {"party": "@Fix", "own": False, "minutes": 2}],
        "actions": [{"word": word, "argument": ""} for word in ("accept", "decline", "start", "wait", "resolved")],
    }  # fmt: skip
    made = {
        "party": "north",
        "name": "North",
        "asked": False,
        "unheard": False,
        "again": False,
        "muted": False,
        "since": NOW.isoformat(),
        "event": 1,
        "more": 0,
    }
    return (
        made | {"at": (NOW + timedelta(days=3)).isoformat(), "rows": [row | {"number": f"A-{at}"} for at in range(count)]} | more
    )


def written(settings: Settings, data: dict[str, Any]) -> EmailMessage:
    names = {"token": address.mint(), "message_id": f"<{address.mint()}@{DOMAIN}>"}
    letter = correspondence.digest(settings, data, Contact(IVAN), at=NOW, **names)
    parsed = BytesParser(policy=policy.default).parsebytes(Letters(DOMAIN, "Acme Relay").compose(letter))
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_letter_shows_a_screen_and_has_the_whole_as_a_table(given_settings: Settings) -> None:
    message = written(given_settings, long_digest(40))
    text, html = body(message, "plain"), body(message, "html")
    assert text.count("[A-") == SCREEN and "Здесь не показано: 30." in text and "Ждут вас: 40" in text
    assert len(html.encode()) < 102_000 and html.count("mailto:") == SCREEN * 6 + 1 and "<b>Слова" not in html
    assert message["Subject"] == "Сводка на 4 мар. 2026 г., ждут вас: 40" and message["Auto-Submitted"]
    assert (
        message["From"].addresses[0].addr_spec == DIGEST and message["List-Unsubscribe"] == f"<mailto:{DIGEST}?subject=%23mute>"
    )
    (file,) = message.iter_attachments()
    table = list(csv.reader(io.StringIO(file.get_payload(decode=True).decode("utf-8-sig"))))  # type: ignore[union-attr]
    assert file.get_filename() == "digest-2026-03-04.csv" and len(table) == 41 and {len(row) for row in table} == {14}
    assert table[1][:5] == ["Ждут вас", "A-0", SUBJECT, "'=1+1", "в работе"] and table[1][9:11] == ["3", "'@Fix: ожидание, № R-7"]


def test_a_digest_that_fits_has_no_table(given_settings: Settings) -> None:
    message = written(given_settings, long_digest(SCREEN))
    assert list(message.iter_attachments()) == [] and "не показано" not in body(message, "plain")


@given(st.text())
def test_no_cell_is_a_formula_and_none_hides_anything(text: str) -> None:
    (row,) = csv.reader(io.StringIO(sheet.as_csv([[text, "x"]])))
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r")) and row[1] == "x"
    assert not {unicodedata.category(char) for char in row[0]} & {"Cc", "Cf", "Cs"}


# ── once ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def given_settings(tmp_path: Path) -> Settings:
    party = Party(
        "north", "North", "ru", "Europe/Moscow", contacts=(Contact(IVAN, "Ivan"),), digest=Digest(time(9), DAYS, (OLGA,))
    )
    relay = RelaySettings(DOMAIN, "Acme Relay", "A", ADMIN, "en", "Europe/Moscow", tmp_path, "sqlite://", "")
    nothing = (DeliverySettings(), DnsSettings(), None, None)
    return Settings(tmp_path / "relay.toml", relay, SmtpSettings(()), *nothing, {"north": party}, {})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'relay.db'}"
    return new_database(request.getfixturevalue("postgres_url")).replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture
def databases(url: str) -> Iterator[list[Database]]:
    """What four nodes have of one database."""
    opened = [Database(url) for _ in range(4)]
    migrate(opened[0])
    yield opened
    for database in opened:
        database.close()


def test_many_nodes_make_one(databases: list[Database], given_settings: Settings) -> None:
    moment, data = NOW.replace(hour=6), long_digest(3)

    def send(database: Database) -> bool:
        with database.begin() as connection:
            return digester.send(connection, given_settings, data, moment, Stamp(DOMAIN, "", NOW))

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(send, databases)) == [False, False, False, True]
    letters = databases[0].read_now(lambda c: c.execute(LETTERS.select()).all())
    assert [(letter.kind, letter.recipient, letter.data["event"]) for letter in letters] == [("digest", OLGA, 1)]


def test_moments_count_from_the_first_look_and_nothing_goes_to_nobody(
    databases: list[Database], given_settings: Settings
) -> None:
    database, day = databases[0], timedelta(days=1)
    with database.begin() as connection:
        assert digester.unbegun(connection, given_settings) == ["north", digester.POSTMASTER]
        assert digester.due(connection, given_settings, NOW) == {}
        for party in ("north", digester.POSTMASTER):
            digester.begin(connection, party, NOW)
        assert digester.unbegun(connection, given_settings) == [] and digester.due(connection, given_settings, NOW) == {}
        tomorrow = NOW + day
        assert digester.due(connection, given_settings, tomorrow) == {
            "north": tomorrow.replace(hour=6),
            digester.POSTMASTER: tomorrow.replace(hour=5),
        }
        data = digester.collect(connection, given_settings, "north", tomorrow)
        assert data["rows"] == [] and data["since"] == NOW.isoformat()
        assert digester.send(connection, given_settings, data, tomorrow.replace(hour=6), Stamp(DOMAIN, "", tomorrow))
        assert list(digester.due(connection, given_settings, tomorrow)) == [digester.POSTMASTER]
        assert connection.execute(LETTERS.select()).all() == []


# ── the postmaster's ───────────────────────────────────────────────────────────────────────────────────────

TUESDAY, MONDAY = NOW + timedelta(days=2), NOW + timedelta(days=1)


def test_the_postmaster_hears_when_there_is_something_to_say_and_on_mondays(
    databases: list[Database], given_settings: Settings
) -> None:
    since = digester.Since(NOW, 0)
    with databases[0].begin() as connection:
        assert health.statement(connection, given_settings, since, TUESDAY, TUESDAY) is None
        calm = health.statement(connection, given_settings, since, MONDAY, MONDAY)
        assert calm and "all is well" in calm["what"] and {"Mails", "Disk", "Version"} <= set(calm["details"])
        mail = {"id": "M1", "received_at": TUESDAY, "state": "held", "reason": "", "sender": "nina@new.example", "subject": ""}
        connection.execute(
            MAILS.insert().values(
                **mail, message_id="", envelope={"from": "", "to": [], "peer": "", "helo": ""}, held_for="north", token=None
            )
        )
        told = health.statement(connection, given_settings, since, TUESDAY, TUESDAY)
        assert told and told["details"]["Held mails"] == "1 wait for a decision: 1 for North (relay held list)"
        assert told["details"]["Mails"] == "1 held" and "look at" in told["what"]


# ── by mail ────────────────────────────────────────────────────────────────────────────────────────────────


def opened(relay: Relay, sink: Sink) -> Received:
    """North's letter of a new chain."""
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    return sink.wait(IVAN)


def the_digests(sink: Sink, who: str, count: int = 1) -> list[Received]:
    def found() -> list[Received]:
        return [letter for letter in sink.to(who) if letter.thread == DIGEST]

    until(lambda: len(found()) >= count, f"{count} digests to {who}")
    return found()


def test_the_command_line_shows_and_sends_it(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    shown = relay.cli("digest", "north")
    assert shown.returncode == 0 and "[A-1] Pump is leaking" in shown.stdout and letter.thread in shown.stdout
    facts = relay.json("digest", "north")
    assert [row["number"] for row in facts["rows"]] == ["A-1"] and facts["to"] == [IVAN, OLGA] and not facts["sent"]
    assert relay.cli("digest", "north", "--send").returncode == 0
    (sent,) = the_digests(sink, OLGA)
    assert "Waiting for you: 1" in sent.text and "The pump leaks." in sent.text and "Tea Shop" in sent.text
    assert sent.message["Auto-Submitted"] and letter.thread in sent.html and "t-" not in sent.text.replace(letter.thread, "")
    assert the_digests(sink, IVAN)[0].text == sent.text
    assert "nothing to say" in relay.cli("digest", "vendor", "--send").stderr and sink.to("victor@vendor.example") == []
    assert relay.cli("digest", "nobody").returncode == 1


def test_a_mail_to_the_digests_address_is_answered_with_one(relay: Relay, sink: Sink) -> None:
    opened(relay, sink)
    assert relay.send(write(OLGA, DIGEST, "", "digest"), OLGA, DIGEST)[0] == 250
    (got,) = the_digests(sink, OLGA)
    assert "[A-1] Pump is leaking" in got.text and "has reached nobody" not in got.text
    mail = write(ANNA, DIGEST, "When will they come?")
    for _ in range(2):  # brought again by her server
        assert relay.send(mail, ANNA, DIGEST)[0] == 250
    (russian,) = the_digests(sink, ANNA)
    assert "Новые: 1" in russian.text and "никто не получил" in russian.text
    assert relay.send(write(SERGEI, DIGEST, ""), SERGEI, DIGEST)[0] == 250
    assert "Nothing waits" in the_digests(sink, SERGEI)[0].text
    relay.stop()
    assert len(the_digests(sink, ANNA)) == 1


def test_strangers_get_no_digest_and_no_letter(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    for who in ("mallory@elsewhere.example", ADMIN):
        code, text = relay.send(write(who, DIGEST, "Hello"), who, DIGEST)
        assert (code, text[:5]) == (550, "5.7.1")
    report = write("MAILER-DAEMON@mx.example", DIGEST, "Failed", "Undelivered", Auto_Submitted="auto-replied")
    assert relay.send(report, "", DIGEST)[0] == 550
    away = write(IVAN, DIGEST, "I am away.", Auto_Submitted="auto-replied")
    assert relay.send(away, IVAN, DIGEST)[0] == 250
    assert relay.send(write(IVAN, letter.thread, "Coming."), IVAN, letter.thread)[0] == 250
    until(lambda: any("Coming." in one.text for one in sink.to(ANNA)), "the words")
    assert {one.recipient for one in sink.received} == {ANNA, IVAN, OLGA}
    assert all(one.thread != DIGEST for one in sink.received)


def test_who_asks_must_show_what_his_party_asks_for(make_relay: Any, sink: Sink) -> None:
    strict = NETWORK.replace('domains = ["north.example"]\ntrust = "address"', 'domains = ["north.example"]\ntrust = "spf"')
    relay = make_relay(network=strict, extra='[dns]\nnameservers = ["127.0.0.1:9"]').start()
    code, text = relay.send(write(IVAN, DIGEST, ""), IVAN, DIGEST)
    assert (code, text[:5]) in ((451, "4.7.5"), (550, "5.7.26")) and sink.to(IVAN) == []


def test_who_wants_no_more_digests_gets_none_until_he_writes_again(relay: Relay, sink: Sink) -> None:
    opened(relay, sink)
    assert relay.cli("digest", "north", "--send").returncode == 0
    (got,) = the_digests(sink, OLGA)
    assert got.message["List-Unsubscribe"] == f"<mailto:{DIGEST}?subject=%23mute>" and "#mute" in got.text
    for who, subject, words in ((OLGA, "#mute", ""), (IVAN, "Re: Digest", "#тихо")):
        assert relay.send(write(who, DIGEST, words, subject), who, DIGEST)[0] == 250
    told = the_digests(sink, OLGA, 2)[1]
    assert "no more digests of North Service" in told.text and "A-1" not in told.text and told.message["List-Unsubscribe"] is None
    assert relay.json("digest", "north")["to"] == [] and "all want none" in relay.cli("digest", "north").stderr
    assert relay.cli("digest", "north", "--send").returncode == 1
    assert relay.send(write(OLGA, DIGEST, ""), OLGA, DIGEST)[0] == 250
    again = the_digests(sink, OLGA, 3)[2]
    assert "you get the digests of North Service again" in again.text and "[A-1]" in again.text
    assert relay.json("digest", "north")["to"] == [OLGA]
    assert len(the_digests(sink, IVAN, 2)) == 2


def test_the_postmaster_hears_of_digests_that_nobody_wants(make_relay: Any, sink: Sink) -> None:
    asking = NETWORK.replace("[parties.north]", f'[parties.north]\ndigest = {{ at = "09:00", to = ["{OLGA}"] }}')
    relay = make_relay(network=asking).start()
    assert relay.send(write(OLGA, DIGEST, "", "#mute"), OLGA, DIGEST)[0] == 250
    assert "Nobody of North Service gets its digests any more" in sink.wait(ADMIN).text


@pytest.mark.parametrize("command", ["#digest", "#сводка"])
def test_a_command_in_any_mail_asks_for_it(relay: Relay, sink: Sink, command: str) -> None:
    letter = opened(relay, sink)
    mail = write(IVAN, letter.thread, f"#accept\n{command}\n\nWe come at ten.", answering=letter)
    assert relay.send(mail, IVAN, letter.thread)[0] == 250
    (got,) = the_digests(sink, IVAN)
    assert "accepted" in got.text and "We come at ten." in got.text  # as it stands after this very mail
    assert all(command not in one.text for one in sink.to(ANNA))


def test_who_only_writes_at_one_ticket_gets_the_status_of_that_one(relay: Relay, sink: Sink) -> None:
    letter, nina = opened(relay, sink), "nina@new.example"
    assert relay.send(write(nina, letter.thread, "I take over."), nina, letter.thread)[0] == 250
    question = sink.wait(IVAN, 2)
    assert relay.send(write(IVAN, question.thread, "yes", answering=question), IVAN, question.thread)[0] == 250
    assert relay.send(write(nina, letter.thread, "More.\n#digest"), nina, letter.thread)[0] == 250
    assert len(the_digests(sink, nina)) == 1
    assert relay.cli("held", "forget", "north", nina).returncode == 0
    assert relay.send(write(nina, letter.thread, "Again.\n#digest"), nina, letter.thread)[0] == 250
    until(lambda: any("Where this ticket stands" in one.text for one in sink.to(nina)), "the status")
    assert len(the_digests(sink, nina)) == 1


def test_a_digest_missed_while_the_relay_was_down_goes_out_once(make_relay: Any, sink: Sink) -> None:
    at = datetime.now(ZoneInfo("Europe/Moscow")) - timedelta(minutes=5)
    asked = f'unknown = "hold"\ndigest = {{ at = "{at:%H:%M}", on = {list(DAYS)}, to = ["boss@holding.example"] }}'
    network = NETWORK.replace("[parties.fix]", f"{asked}\n[parties.fix]").replace("'", '"')
    relay = make_relay(network=network).start()
    opened(relay, sink)
    until(lambda: begun(relay) == 2, "the first look")
    relay.stop()
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database:
        database.execute(
            "UPDATE digests SET due = ? WHERE party = 'north'", (f"{datetime.now(UTC) - timedelta(days=3):%F %T.%f}",)
        )
    for _ in range(2):
        relay.start()
        (got,) = the_digests(sink, "boss@holding.example")
        until(lambda: begun(relay) == 3, "the row of that moment")
        relay.stop()
    assert "[A-1] Pump is leaking" in got.text and len(the_digests(sink, "boss@holding.example")) == 1


def begun(relay: Relay) -> int:
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database:
        return int(database.execute(f"SELECT count(*) FROM {DIGESTS.name}").fetchone()[0])
