"""What is read out of relay.toml, and the defaults of what is left out."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest

from relay.config import load, secret
from relay.model import Contact, Desk, Digest, Limit, Link, Opening, Report
from relay.settings import PROGRAMS, MetricsSettings, Smarthost
from tests.config import BASE, mistakes, with_relay, write


def test_the_smallest_file_has_every_default(tmp_path: Path) -> None:
    found = load(write(tmp_path, BASE))
    assert (found.relay.name, found.relay.prefix, found.relay.language, found.relay.timezone) == ("Relay", "A", "en", "UTC")
    assert found.relay.data == tmp_path / "data"
    assert found.relay.database == f"sqlite:///{tmp_path}/data/relay.db"
    assert found.relay.blobs == str(tmp_path / "data" / "blobs")
    assert found.relay.templates is None
    assert found.smtp.listen == (("127.0.0.1", 2525),)
    assert (found.smtp.max_size, found.smtp.tls, found.smtp.idle) == (25_000_000, None, timedelta(minutes=5))
    assert found.delivery.smarthost is None
    assert found.delivery.retry_for == timedelta(days=5)
    assert (found.dns.nameservers, found.dkim, found.metrics) == ((), None, None)
    assert found.parties["acme"].name == "acme"
    assert found.parties["acme"].contacts == (Contact("ann@acme.example", "Ann"),)
    assert (found.parties["acme"].trust, found.parties["acme"].unknown) == ("dmarc", "hold")
    assert found.links["repairs"] == Link("repairs", "acme", "north")
    assert found.network.parties is found.parties


def test_defaults_are_those_of_the_settings(tmp_path: Path) -> None:
    found = load(write(tmp_path, BASE))
    assert found.smtp == type(found.smtp)(listen=found.smtp.listen)
    assert found.delivery == type(found.delivery)()


def test_everything_written_out(tmp_path: Path) -> None:
    text = """
        [relay]
        domain = "Relay.Example"
        postmaster = "admin@example.test"
        language = "ru"
        timezone = "Europe/Moscow"
        data = "/srv/relay"
        [smtp]
        listen = ["0.0.0.0:25", "[::1]:2525"]
        max_size = 1000
        idle = "90 s"
        [delivery]
        smarthost = "smtps://re%40lay:p%2Fw@mx.example"
        retry_for = "1 week"
        [dns]
        nameservers = ["9.9.9.9", "127.0.0.1:5353", "[::1]:53"]
        [metrics]
        listen = "127.0.0.1:9125"
        [parties.north]
        name = "Север"
        contacts = ['"Петров, Иван" <ivan@north.example>']
        domains = ["North.example"]
        trust = "address"
        digest = { at = "9:05", on = ["fri", "mon"] }
        hours = "fri-mon 9:00-13:30, FRI 22:00-24:00"
        holidays = ["2027-01-04", "02-29"]
        remind = "always"
        report = {}
        batch = "5 minutes"
        [parties.vendor]
        language = "en"
        timezone = "UTC"
        desk = { profile = "rt", address = "support@desk.example" }
        report = { to = ["boss@vendor.example"] }
        [links."north-to.vendor"]
        from = "north"
        to = "vendor"
        share = ["comments"]
        fields = ["Contact"]
        identity = "hidden"
        respond_within = "1 day 4 hours"
    """
    found = load(write(tmp_path, text))
    assert found.relay.domain == "relay.example"
    assert found.relay.database == "sqlite:////srv/relay/relay.db"
    assert found.smtp.listen == (("0.0.0.0", 25), ("::1", 2525))
    assert (found.smtp.max_size, found.smtp.idle) == (1000, timedelta(seconds=90))
    assert found.delivery.smarthost == Smarthost("mx.example", 465, "re@lay", "p/w", "tls")
    assert found.delivery.retry_for == timedelta(weeks=1)
    assert found.dns.nameservers == (("9.9.9.9", 53), ("127.0.0.1", 5353), ("::1", 53))
    assert found.metrics == MetricsSettings(("127.0.0.1", 9125))
    north, vendor = found.parties["north"], found.parties["vendor"]
    assert (north.language, north.timezone) == ("ru", "Europe/Moscow")
    assert north.contacts == (Contact("ivan@north.example", "Петров, Иван"),)
    assert north.domains == ("north.example",)
    assert north.digest == Digest(time(9, 5), ("fri", "mon"), ("ivan@north.example",))
    daily = [Opening(day, 540, 810) for day in (0, 4, 5, 6)]
    assert north.hours == (*daily[:2], Opening(4, 1320, 1440), *daily[2:])
    assert (north.holidays, north.remind) == (frozenset({"2027-01-04", "02-29"}), "always")
    assert (vendor.hours, vendor.holidays, vendor.remind) == ((), frozenset(), "hours")
    assert (vendor.language, vendor.timezone, vendor.desk) == ("en", "UTC", Desk("rt", "support@desk.example"))
    assert (north.report, vendor.report) == (Report(("ivan@north.example",)), Report(("boss@vendor.example",)))
    assert (north.batch, vendor.batch) == (timedelta(minutes=5), None)
    link = found.links["north-to.vendor"]
    assert (link.share, link.fields, link.identity) == (frozenset({"comments"}), ("Contact",), "hidden")
    assert (link.respond_within, link.resolve_within) == (Limit(days=1, rest=timedelta(hours=4)), None)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_urls_name_the_driver(tmp_path: Path, scheme: str) -> None:
    found = load(write(tmp_path, with_relay(f'database = "{scheme}://relay:pw@db.example/relay"')))
    assert found.relay.database == "postgresql+psycopg://relay:pw@db.example/relay"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "wording").mkdir()
    found = load(write(tmp_path, with_relay('data = "d"\ndatabase = "sqlite:///x/r.db"\nblobs = "b"\ntemplates = "wording"')))
    assert found.relay.data == tmp_path / "d"
    assert found.relay.database == f"sqlite:///{tmp_path}/x/r.db"
    assert found.relay.blobs == str(tmp_path / "b")
    assert found.relay.templates == tmp_path / "wording"


def test_s3_stays_as_it_is(tmp_path: Path) -> None:
    assert load(write(tmp_path, with_relay('blobs = "s3://bucket/prefix"'))).relay.blobs == "s3://bucket/prefix"


def test_a_byte_order_mark_and_crlf_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load(path).relay.domain == "relay.example"


def test_secrets_from_environment_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_TEST_DB", "postgresql://u:p@db.example/relay")
    (tmp_path / "host").write_text("smtp://u:p@mx.example:587\n")
    text = with_relay('database = "env:RELAY_TEST_DB"') + '[delivery]\nsmarthost = "file:host"\n'
    found = load(write(tmp_path, text))
    assert found.relay.database == "postgresql+psycopg://u:p@db.example/relay"
    assert found.delivery.smarthost == Smarthost("mx.example", 587, "u", "p")


def test_the_password_alone_may_be_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_TEST_PW", "a%41@/")
    (tmp_path / "pw").write_text("from file\n")
    assert secret.smarthost("smtp://u:env:RELAY_TEST_PW@mx.example:25", tmp_path).password == "a%41@/"
    assert secret.smarthost("smtp://u:file:pw@mx.example", tmp_path).password == "from file"
    assert secret.smarthost("smtp://u:env%3AX@mx.example", tmp_path).password == "env:X"


def test_smarthost_defaults(tmp_path: Path) -> None:
    assert secret.smarthost("smtp://127.0.0.1", tmp_path) == Smarthost("127.0.0.1", 25)
    assert secret.smarthost("smtps://[::1]", tmp_path) == Smarthost("::1", 465, security="tls")
    assert secret.smarthost("smtp://mailer:2526/", tmp_path) == Smarthost("mailer", 2526)


def test_the_files_that_nobody_gets(tmp_path: Path) -> None:
    assert load(write(tmp_path, BASE)).files.withhold == PROGRAMS
    assert load(write(tmp_path, BASE + '[files]\nwithhold = [".EXE", "settingcontent-ms"]\n')).files.withhold == {
        "exe",
        "settingcontent-ms",
    }
    assert load(write(tmp_path, BASE + "[files]\nwithhold = []\n")).files.withhold == frozenset()
    (mistake,) = mistakes(tmp_path, BASE + '[files]\nwithhold = ["exe", "*.js"]\n')
    assert (mistake.key, mistake.expected) == ("files.withhold[1]", 'an extension such as "exe"')


def test_a_catalogue_beside_the_templates_is_a_language(tmp_path: Path) -> None:
    (tmp_path / "wording").mkdir()
    (tmp_path / "wording" / "de.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
    found = load(write(tmp_path, with_relay('language = "de"\ntemplates = "wording"')))
    assert {found.relay.language} == {party.language for party in found.parties.values()} == {"de"}
