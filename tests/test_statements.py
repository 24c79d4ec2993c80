"""Reports beside a running relay: on the command line, by mail, confirmed or disputed by one click."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from relay import app, housekeeping, logs, statements, tabular
from relay.config import load
from relay.days import Days, month_due, month_of
from relay.figures import Kept
from relay.ledger import Stamp
from relay.model import Contact, Mail
from relay.report import Row
from relay.settings import Settings
from storage.database import Database
from tests.harness import DOMAIN, NETWORK, Received, Relay, Sink, new_database, until, write
from tests.test_letters import NASTY, assert_harmless, body, compose, shown

ANNA, IVAN, OLGA, SERGEI = "anna@shop.example", "ivan@north.example", "olga@north.example", "sergei@fix.example"
BOSS, ADMIN = "boss@elsewhere.example", "admin@example.com"
INTAKE = f"north-repairs@{DOMAIN}"
MONTHLY = NETWORK.replace("[parties.north]\n", f'[parties.north]\nreport = {{ to = ["{BOSS}", "{IVAN}"] }}\n')


def play(relay: Relay, sink: Sink) -> None:
    """A ticket's way to north and fix, with something to report."""
    assert relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)[0] == 250
    first = sink.wait(IVAN)
    assert relay.send(write(IVAN, first.thread, "#pass fix\n#time 1h30m", answering=first), IVAN, first.thread)[0] == 250
    passed = sink.wait(SERGEI)
    assert relay.send(write(SERGEI, passed.thread, "Done.\n#resolved\n", answering=passed), SERGEI, passed.thread)[0] == 250
    assert relay.send(write(IVAN, first.thread, "#resolved", answering=first), IVAN, first.thread)[0] == 250
    heard = sink.wait(ANNA, 3)
    assert relay.send(write(ANNA, heard.thread, "#rate 4\n#close", answering=heard), ANNA, heard.thread)[0] == 250


@dataclass
class Played:
    relay: Relay
    sink: Sink


@pytest.fixture
def played(make_relay: Callable[..., Relay], sink: Sink) -> Played:
    relay = make_relay(network=MONTHLY).start()
    play(relay, sink)
    return Played(relay, sink)


def sent(played: Played) -> Received:
    """The report, sent by hand, as the boss gets it."""
    done = played.relay.cli("report", "--party", "north", "--send")
    assert done.returncode == 0 and BOSS in done.stdout, done.stderr
    return played.sink.wait(BOSS)


def say(played: Played, letter: Received, words: str, sender: str = BOSS) -> tuple[int, str]:
    return played.relay.send(write(sender, letter.thread, words, answering=letter), sender, letter.thread)


# ── the command line ───────────────────────────────────────────────────────────────────────────────────────


def test_each_ticket_has_a_row_of_its_own(played: Played) -> None:
    facts = played.relay.json("report")
    assert [(row["number"], row["party"], row["spent"]) for row in facts["tickets"]] == [
        ("A-1", "fix", 0),
        ("A-1", "north", 90),
        ("A-1", "shop", 0),
    ]
    lines = list(csv.DictReader(io.StringIO(played.relay.cli("report", "--tickets", "--csv").stdout)))
    assert [line["number"] for line in lines] == ["A-1"] * 3 and played.relay.cli("report").stdout.count("A-1") == 3
    own = played.relay.json("report", "--party", "shop")["tickets"]
    assert {row["party"] for row in own} == {"shop", "north"}


def test_the_admin_sees_all_and_a_party_itself_and_the_next_one_down(played: Played) -> None:
    found = {row["party"]: row for row in played.relay.json("report")["rows"]}
    assert set(found) == {"shop", "north", "fix"}
    north = found["north"]
    assert (north["received"], north["taken"], north["resolved"], north["spent"]) == (1, 1, 1, 90)
    assert (north["stars"], north["ratings"], north["link"], north["upstream"]) == (4, 1, "north-repairs", "Tea Shop")
    assert "North Service" in (told := played.relay.cli("report").stdout) and "Fix It" in told and "1 h 30 min" in told
    lines = list(csv.DictReader(io.StringIO(played.relay.cli("report", "--csv").stdout)))
    assert {line["party"] for line in lines} == set(found)
    for party, seen in {"shop": {"shop", "north"}, "north": {"north", "fix"}, "fix": {"fix"}, "other": set()}.items():
        assert {row["party"] for row in played.relay.json("report", "--party", party)["rows"]} == seen
    assert "fix" not in str(played.relay.json("report", "--party", "shop")).lower()


def test_a_period_is_days(played: Played) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Moscow")).date()
    before = (today - timedelta(days=1)).isoformat()
    assert played.relay.json("report", "--since", today.isoformat())["rows"] != []
    assert played.relay.json("report", "--month", f"{today:%Y-%m}")["rows"] != []
    assert "Nothing happened" in played.relay.cli("report", "--since", before, "--until", before).stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--since", "yesterday"], "2026-11-23"),
        (["--since", "2026-13-01"], "is no day"),
        (["--until", "0001-01-01"], "is no day"),
        (["--month", "11/2026"], "is no month"),
        (["--since", "2026-02-02", "--until", "2026-02-01"], "is before the first"),
        (["--since", "2999-01-01", "--until", "2999-02-01"], "still to come"),
        (["--party", "nort"], "there is no party 'nort'"),
        (["--csv", "--json"], "one of them"),
        (["--send"], "--party"),
        (["--month", "2026-02", "--since", "2026-02-02"], "two periods"),
    ],
)
def test_wrong_use_says_what_is_right(make_relay: Callable[..., Relay], options: list[str], told: str) -> None:
    done = make_relay().cli("report", *options)
    assert done.returncode == 2 and told in " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stderr).split())


# ── by mail ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_report_comes_with_bars_a_table_and_two_answers(played: Played) -> None:
    letter = sent(played)
    assert letter.thread.startswith("s-") and "Report: " in str(letter.message["Subject"])
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert "North Service for Tea Shop" in letter.text and "Fix It for North Service (fix)" in letter.text
    assert "time spent: 1 h 30 min" in letter.text and "rated: 4 of 5" in letter.text
    links = re.findall(r'href="(mailto:[^"]+)"', letter.html)
    assert [unquote(link).partition("body=")[2].strip() for link in links] == ["confirm", "dispute"]
    (file,) = letter.message.iter_attachments()
    content = bytes(file.get_payload(decode=True)).decode("utf-8-sig")
    assert str(file.get_filename()).endswith(".csv")
    assert [line["name"] for line in csv.DictReader(io.StringIO(content))] == ["North Service", "Fix It"]
    assert "party" not in content.splitlines()[0].split(",")


def test_a_confirmation_is_kept_and_told_back(played: Played) -> None:
    letter = sent(played)
    assert say(played, letter, "confirm\n\nAll fine.")[0] == 250
    assert "have confirmed the report" in played.sink.wait(BOSS, 2).text
    (kept,) = played.relay.json("report", "--statements")
    assert (kept["party"], kept["state"], kept["by"]) == ("north", "confirmed", BOSS) and "All fine." in kept["words"]
    assert kept["rows"][0]["party"] == "north" and played.sink.to(ADMIN) == []


def test_a_dispute_reaches_the_postmaster_with_his_words(played: Played) -> None:
    letter = sent(played)
    assert say(played, letter, "Не согласны: 1:30 было у нас, а не у Fix It.", IVAN)[0] == 250
    until(lambda: any("you dispute the report" in got.text for got in played.sink.to(IVAN)), "what is told back")
    heard = played.sink.wait(ADMIN)
    assert "North Service has disputed its report" in heard.text and "1:30 было у нас" in heard.text and IVAN in heard.text
    (kept,) = played.relay.json("report", "--statements")
    assert (kept["state"], kept["by"]) == ("disputed", IVAN)
    assert "disputed" in played.relay.cli("report", "--statements").stdout
    # He may have been wrong: the last word counts, both are kept, and the postmaster hears of this one, too.
    assert say(played, letter, "confirm")[0] == 250
    assert "has confirmed its report" in played.sink.wait(ADMIN, 2).text
    (kept,) = played.relay.json("report", "--statements")
    assert [one["state"] for one in kept["answers"]] == ["disputed", "confirmed"] and kept["state"] == "confirmed"


def test_what_is_no_persons_clear_word_changes_nothing(played: Played) -> None:
    letter = sent(played)
    assert say(played, letter, "What is this?")[0] == 250
    assert "could not tell" in played.sink.wait(BOSS, 2).text
    for sender in (ANNA, SERGEI, "eve@evil.example"):
        code, text = say(played, letter, "confirm", sender)
        assert (code, text[:5]) == (550, "5.1.1")
    automatic = write(BOSS, letter.thread, "confirm", answering=letter, Auto_Submitted="auto-replied")
    assert played.relay.send(automatic, BOSS, letter.thread)[0] == 250
    (kept,) = played.relay.json("report", "--statements")
    assert (kept["state"], kept["answers"]) == ("asked", [])


def test_the_same_mail_again_says_nothing_new(played: Played) -> None:
    letter = sent(played)
    mail = write(BOSS, letter.thread, "dispute", answering=letter)
    for _ in range(2):
        assert played.relay.send(mail, BOSS, letter.thread)[0] == 250
    (kept,) = played.relay.json("report", "--statements")
    assert [one["state"] for one in kept["answers"]] == ["disputed"]


def test_only_who_proves_it_has_a_word(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=MONTHLY, extra='[dns]\nnameservers = ["127.0.0.1:1"]').start()
    play(relay, sink)
    letter = sent(Played(relay, sink))
    strict = MONTHLY.replace('domains = ["north.example"]\ntrust = "address"', 'domains = ["north.example"]')
    assert strict != MONTHLY
    relay.stop()
    relay.network = strict
    relay.write_config()
    relay.start()
    code, text = say(Played(relay, sink), letter, "confirm")
    assert code in (451, 550) and text[:5] in ("4.7.5", "5.7.26"), text
    assert [one["state"] for one in relay.json("report", "--statements")] == ["asked"]


def test_nothing_to_tell_is_not_sent(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(network=MONTHLY).start()
    done = relay.cli("report", "--party", "north", "--send")
    assert done.returncode == 1 and "nothing to tell" in done.stderr
    assert relay.json("report", "--statements") == []


def test_the_month_before_is_reported_once_when_its_day_has_come(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the days: nothing before 09:00 on the 1st, one report then, also by another node, and none a second time."""
    relay, sink = played.relay, played.sink
    relay.stop()
    current = load(relay.config)
    month = month_of(datetime.now(UTC).astimezone(ZoneInfo("Europe/Moscow")).date())
    first = datetime.combine(month.last + timedelta(days=1), time(9), ZoneInfo("Europe/Moscow")).astimezone(UTC)
    for now, expected in ((first - timedelta(minutes=1), []), (first, [month.name]), (first, [month.name])):
        done_at(monkeypatch, current, now)
        with open_database(current) as database, database.engine.connect() as connection:
            assert [one["period"] for one in statements.listed(connection)] == expected
    assert sink.to(BOSS) == []
    # The letter's time comes.
    with sqlite3.connect(relay.folder / "data" / "relay.db") as database_file:
        database_file.execute("UPDATE letters SET next_try = '2026-01-01 00:00:00.000000' WHERE state = 'due'")
    relay.start()
    assert "Report: " in str(sink.wait(BOSS).message["Subject"])
    assert say(played, sink.to(BOSS)[0], "confirm")[0] == 250


def test_a_missed_report_goes_out_late_but_not_too_late(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    played.relay.stop()
    current = load(played.relay.config)
    month = month_of(datetime.now(UTC).astimezone(ZoneInfo("Europe/Moscow")).date())
    day = datetime.combine(month.last, time(12), UTC)
    for days, expected in ((11, 0), (8, 1)):
        done_at(monkeypatch, current, day + timedelta(days=days))
        with open_database(current) as database, database.engine.connect() as connection:
            assert len(statements.listed(connection)) == expected


def test_of_two_nodes_one_sends_it(make_relay: Callable[..., Relay], sink: Sink, postgres_url: str) -> None:
    relay = make_relay(network=MONTHLY, database=new_database(postgres_url)).start()
    play(relay, sink)
    assert say(Played(relay, sink), sent(Played(relay, sink)), "dispute")[0] == 250
    relay.stop()
    current, stamp = load(relay.config), Stamp(DOMAIN, "", datetime.now(UTC))
    nodes = [Database(current.relay.database) for _ in range(4)]
    told = statements.Statement(current.parties["north"], month_of(datetime(2026, 1, 1).date()), [{"name": "North"}])

    async def all_at_once() -> list[bool]:
        return await asyncio.gather(*(node.write(lambda c: statements.issue(c, told, stamp)) for node in nodes))

    assert sorted(asyncio.run(all_at_once())) == [False, False, False, True]
    for node in nodes:
        node.close()


def done_at(monkeypatch: pytest.MonkeyPatch, current: Settings, now: datetime) -> None:
    """What a server's housekeeping does at that time."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(housekeeping, "datetime", Clock)
    shelves = app.shelves(current)
    keeper = housekeeping.Housekeeping(shelves, None, lambda: current, logs.configure())  # type: ignore[arg-type]
    asyncio.run(keeper._report())
    shelves.database.close()
    shelves.spool.close()


@contextlib.contextmanager
def open_database(current: Settings) -> Iterator[Database]:
    database = Database(current.relay.database)
    yield database
    database.close()


# ── as a letter ────────────────────────────────────────────────────────────────────────────────────────────


def told(language: str, *rows: Row, state: str = "asked") -> EmailMessage:
    data = {"state": state, "period": "2026-11", "rows": [tabular.plain(row) for row in rows], "party": "north", "token": "x"}
    return compose(
        kind="report", language=language, number="", subject="2026-11", note="", data=data, entries=(), seats=(), actions=()
    )


def row(name: str = "North Service", **more: Any) -> Row:
    counts = dict.fromkeys(("received", "taken", "declined", "resolved", "reopened", "ratings"), 0)
    values = {
        "number": "",
        "party": "north",
        "name": name,
        "upstream": "Shop",
        "link": "",
        "response": None,
        "resolve": None,
        "stars": None,
    }
    times = {"held": timedelta(hours=10), "spent": timedelta(0), "respond_within": Kept(), "resolve_within": Kept()}
    return Row(**{**counts, **values, **times, **more})


@pytest.mark.parametrize(("language", "month"), [("en", "November 2026"), ("ru", "ноябрь 2026")])
def test_bars_are_as_long_as_the_times_in_text_and_html(language: str, month: str) -> None:
    message = told(
        language, row(), row("Fix It", upstream="North Service", link="fix", held=timedelta(hours=5), respond_within=Kept(1, 2))
    )
    text, html = body(message, "plain"), body(message, "html")
    assert month in str(message["Subject"])
    bars = [line.split()[0] for line in text.splitlines() if "█" in line]
    assert bars == ["█" * 20, "█" * 10 + "░" * 10]
    widths = re.findall(r'width="(\d+)%" height="10" bgcolor', html)
    assert widths == ["100", "50", "50"]
    assert "Fix It" in html and ("1 of 2" in text or "1 из 2" in text)


@pytest.mark.parametrize("state", ["asked", "confirmed", "disputed", "unclear"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_text_and_html_say_the_same(language: str, state: str) -> None:
    message = told(language, row(), state=state)
    plain, html = re.sub(r"\s+", " ", body(message, "plain")), shown(body(message, "html"))
    assert [word for word in re.findall(r"[\w@#-]+", plain) if word not in html] == []
    assert "{" not in plain + html and "%(" not in plain + html
    assert bool(re.search("[а-я]", plain)) == (language == "ru")


@given(NASTY, NASTY)
def test_no_name_injects_anything(one: str, other: str) -> None:
    message = told("en", row(one, upstream=other), row(other, link=one))
    assert_harmless(body(message, "html"))
    assert all("\n" not in str(value) for value in message.values())


# ── pure ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone", "now", "month"),
    [
        ("Europe/Moscow", "2026-12-01T05:59:59", None),  # 08:59 there
        ("Europe/Moscow", "2026-12-01T06:00:00", "2026-11"),
        ("Europe/Moscow", "2026-12-11T05:59:59", "2026-11"),
        ("Europe/Moscow", "2026-12-11T06:00:00", None),
        ("Pacific/Auckland", "2026-03-31T20:00:00", "2026-03"),  # the 1st there already, summer time
        ("America/Los_Angeles", "2027-01-01T16:59:59", None),
        ("America/Los_Angeles", "2027-01-01T17:00:00", "2026-12"),
        ("Europe/Berlin", "2026-11-01T07:59:59", None),  # winter time began a week before
        ("Europe/Berlin", "2026-11-01T08:00:00", "2026-10"),
        ("UTC", "2028-03-01T09:00:00", "2028-02"),
        ("UTC", "2026-11-20T09:00:00", None),
    ],
)
def test_when_a_month_is_due(zone: str, now: str, month: str | None) -> None:
    found = month_due(zone, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found and found.name) == month


def test_days_are_from_midnight_to_midnight_where_they_are() -> None:
    now = datetime(2026, 12, 24, tzinfo=UTC)
    october = month_of(datetime(2026, 10, 5).date()).period("Europe/Berlin", now)
    assert october.until - october.since == timedelta(days=31, hours=1)  # summer time ends
    assert (Days(now.date(), now.date()).name, october.since.hour) == ("2026-12-24/2026-12-24", 22)
    assert month_of(now.date()).period("UTC", now).until == now


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("confirm", "confirm"),
        ("Подтверждаю.", "confirm"),
        ("согласен", "confirm"),
        ("Не согласен, у нас было 2 дня", "dispute"),
        ("not agreed", "dispute"),
        ("Dispute: see below", "dispute"),
        ("confirmation follows", None),
        ("", None),
    ],
)
def test_the_words_of_an_answer(text: str, meant: str | None) -> None:
    assert statements.word(Mail("reply", Contact(BOSS), subject="Re: Report", text=text)) == meant
