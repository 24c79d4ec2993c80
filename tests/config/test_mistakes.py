"""Every mistake that relay.toml can hold: told once, all at once, in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from relay.config import files, load
from relay.errors import ConfigError
from relay.settings import DkimSettings, Tls
from tests.config import BASE, RELAY, certificate, mistakes, pem, with_link, with_party, with_relay, write

MISTAKES: list[tuple[str, str, str, str]] = [  # text, key, a part of found, a part of expected
    ("", "relay", "nothing", "[relay]"),
    ("relay = 3", "relay", "3", "a table"),
    (RELAY.replace("domain", "domane"), "relay.domane", "an unknown key", 'did you mean "domain"?'),
    (RELAY.replace("domain", "domane"), "relay.domain", "nothing", "a domain name"),
    ('[relay]\ndomain = "relay.example"', "relay.postmaster", "nothing", "e-mail address"),
    ("[party.x]\n" + BASE, "party", "an unknown table", 'did you mean "parties"?'),
    (BASE + '[parties.south]\ncontact = ["a@b.example"]', "parties.south.contact", "an unknown key", '"contacts"?'),
    (BASE + "[smtp]\ntls = { cert = 1 }", "smtp.tls.cert", "an unknown key", '"certificate"'),
    (with_relay("name = 5"), "relay.name", "5", "a text"),
    (with_relay('name = ""'), "relay.name", '""', "not empty"),
    (with_relay('name = "a\\nb"'), "relay.name", '"a\\nb"', "one line"),
    (with_relay('prefix = "a"'), "relay.prefix", '"a"', "capital letters"),
    (with_relay('prefix = "ABCDEFGHI"'), "relay.prefix", '"ABCDEFGHI"', "one to eight"),
    (with_relay('prefix = "1A"'), "relay.prefix", '"1A"', "a letter first"),
    (with_relay('language = "de"'), "relay.language", '"de"', '"en" or "ru", or a catalogue of it in [relay] templates'),
    (with_relay('timezone = "Europe/Moskow"'), "relay.timezone", '"Europe/Moskow"', 'did you mean "Europe/Moscow"?'),
    (with_relay('timezone = "/etc/passwd"'), "relay.timezone", '"/etc/passwd"', "a time zone"),
    (with_relay('database = "mysql://h/d"'), "relay.database", '"mysql://h/d"', "postgresql://"),
    (with_relay('database = "sqlite://"'), "relay.database", '"sqlite://"', "sqlite:///PATH"),
    (with_relay('database = "env:RELAY_NOT_SET"'), "relay.database", "env:RELAY_NOT_SET", "environment variable"),
    (with_relay('database = "file:no.such"'), "relay.database", "no such file", "readable text file"),
    (with_relay('blobs = "gs://bucket"'), "relay.blobs", '"gs://bucket"', "s3://"),
    (with_relay('templates = "none"'), "relay.templates", "none", "a folder"),
    (with_relay('data = "relay.toml"'), "relay.data", "a file", "a folder"),
    (RELAY.replace("relay.example", "localhost"), "relay.domain", '"localhost"', "relay.example.com"),
    (RELAY.replace("relay.example", "реле.example"), "relay.domain", '"реле.example"', "xn--"),
    (RELAY.replace("admin@example.test", "admin"), "relay.postmaster", '"admin"', "an e-mail address"),
    (RELAY.replace("example.test", "Relay.example"), "relay.postmaster", "domain of the relay itself", "outside"),
    (BASE + '[smtp]\nlisten = "127.0.0.1:25"', "smtp.listen", '"127.0.0.1:25"', "a list"),
    (BASE + "[smtp]\nlisten = []", "smtp.listen", "a list", "at least one"),
    (BASE + '[smtp]\nlisten = ["127.0.0.1:25", "::1:25"]', "smtp.listen[1]", '"::1:25"', "[::1]:2525"),
    (BASE + '[smtp]\nlisten = ["h:70000"]', "smtp.listen[0]", '"h:70000"', "an address to listen on"),
    (BASE + '[smtp]\nmax_size = "25 megs"', "smtp.max_size", '"25 megs"', '"25 MB"'),
    (BASE + "[smtp]\nmax_size = true", "smtp.max_size", "true", "a size"),
    (BASE + "[smtp]\nmax_size = -1", "smtp.max_size", "-1", "a size"),
    (BASE + "[smtp]\nconnections = 0", "smtp.connections", "0", "at least 1"),
    (BASE + '[smtp]\ncommands = "9"', "smtp.commands", '"9"', "a whole number"),
    (BASE + '[smtp]\nidle = "0 s"', "smtp.idle", '"0 s"', "a duration"),
    (BASE + '[smtp]\ntls = { certificate = "no.pem", key = "no.pem" }', "smtp.tls.key", "no such file", "a readable file"),
    (BASE + '[smtp]\ntls = { certificate = "relay.toml", key = "relay.toml" }', "smtp.tls", "do not fit", "certificate"),
    (BASE + '[smtp]\ntls = { certificate = "relay.toml", key = "relay.toml", required = 1 }', "smtp.tls.required", "1", "true"),
    (BASE + '[delivery]\nretry_for = "4 fortnights"', "delivery.retry_for", '"4 fortnights"', '"5 days"'),
    (BASE + "[delivery]\nretry_for = 5", "delivery.retry_for", "5", "a duration"),
    (BASE + '[delivery]\nretry_for = "99999999 weeks"', "delivery.retry_for", '"99999999 weeks"', "ten years"),
    (BASE + '[delivery]\nsmarthost = "mx.example:25"', "delivery.smarthost", '"mx.example:25"', "smtp://"),
    (BASE + '[delivery]\nsmarthost = "smtp://"', "delivery.smarthost", '"smtp://"', "smtp://"),
    (BASE + '[delivery]\nsmarthost = "smtp://u@mx.example"', "delivery.smarthost", "mx.example", "password"),
    (BASE + '[delivery]\nsmarthost = "smtp://mx.example:99999"', "delivery.smarthost", "99999", "smtp://"),
    (BASE + '[delivery]\nsmarthost = "smtp://[::1"', "delivery.smarthost", "[::1", "smtp://"),
    (BASE + '[delivery]\nsmarthost = "env:RELAY_NOT_SET"', "delivery.smarthost", "not set", "environment variable"),
    (BASE + '[delivery]\nsmarthost = "smtp://u:env:RELAY_NOT_SET@h"', "delivery.smarthost", "not set", "environment"),
    (BASE + '[dns]\nnameservers = ["dns.example"]', "dns.nameservers[0]", '"dns.example"', "the IP address"),
    (BASE + '[dkim]\nkey = "no.pem"', "dkim.key", "no such file", "a readable file"),
    (BASE + '[dkim]\nkey = "relay.toml"', "dkim.key", "relay.toml", "a private RSA or Ed25519 key"),
    (BASE + '[dkim]\nselector = "a b"', "dkim.selector", '"a b"', "a DKIM selector"),
    (BASE + '[metrics]\nlisten = "9125"', "metrics.listen", '"9125"', "an address to listen on"),
    (BASE + '[parties.North]\ncontacts = ["a@b.example"]', "parties.North", '"North"', "a lower-case word"),
    (BASE + '[parties."two words"]\ncontacts = ["a@b.example"]', 'parties."two words"', '"two words"', "a lower-case word"),
    (BASE + "[parties.empty]\ncontacts = []", "parties.empty", "neither contacts", "at least one contact"),
    (with_party('contacts = "x"').replace('contacts = ["eve@extra.example"]\n', ""), "parties.extra.contacts", '"x"', "a list"),
    (BASE.replace("ivan@north.example", "Ivan <ivan@north>"), "parties.north.contacts[0]", '"Ivan <ivan@north>"', "an address"),
    (BASE.replace("ivan@north.example", "a@b.example, c@d.example"), "parties.north.contacts[0]", "c@d", "an address"),
    (BASE.replace("ivan@north.example", "a\\u202e <a@b.example>"), "parties.north.contacts[0]", "a@b", "an address"),
    (BASE.replace("ivan@north.example", "Ann@ACME.example"), "parties.north.contacts[0]", "parties.acme.contacts[0]", "once"),
    (BASE.replace('["ivan', '["Ivan@north.example", "ivan'), "parties.north.contacts[1]", "parties.north.contacts[0]", "once"),
    (BASE.replace("ivan@north", "ivan@relay"), "parties.north.contacts[0]", "the relay itself", "outside"),
    (with_party('desk = { profile = "rt", address = "ann@acme.example" }'), "parties.extra.desk.address", "already", "once"),
    (with_party('desk = { profile = "otrs", address = "a@b.example" }'), "parties.extra.desk.profile", '"otrs"', '"generic"'),
    (with_party('desk = { profile = "rt" }'), "parties.extra.desk.address", "nothing", "the desk takes mail"),
    (with_party('domains = ["a.example", "A.example"]'), "parties.extra.domains[1]", "parties.extra.domains[0]", "once"),
    (with_party('domains = ["relay.example"]'), "parties.extra.domains[0]", "the relay itself", "outside"),
    (with_party('domains = ["@a.example"]'), "parties.extra.domains[0]", '"@a.example"', "a domain name"),
    (
        with_party('language = "русский"'),
        "parties.extra.language",
        '"русский"',
        '"en" or "ru", or a catalogue of it in [relay] templates',
    ),
    (with_party('timezone = "Moscow"'), "parties.extra.timezone", '"Moscow"', "a time zone"),
    (with_party('trust = "dkmi"'), "parties.extra.trust", '"dkmi"', '"dmarc", "spf", "dkim" or "address", did you mean "dkim"?'),
    (with_party("trust = 1"), "parties.extra.trust", "1", '"dmarc"'),
    (with_party('unknown = "drop"'), "parties.extra.unknown", '"drop"', '"hold" or "refuse"'),
    (with_party('digest = { at = "25:00" }'), "parties.extra.digest.at", '"25:00"', '"09:00"'),
    (with_party("digest = { at = 09:00:00 }"), "parties.extra.digest.at", "09:00:00", "in quotes"),
    (with_party("digest = { }"), "parties.extra.digest.at", "nothing", "a time of day"),
    (with_party('digest = { at = "09:00", on = ["monday"] }'), "parties.extra.digest.on[0]", '"monday"', '"mon"'),
    (with_party('report = { to = ["x"] }'), "parties.extra.report.to[0]", '"x"', "an e-mail address"),
    (with_party('report = { at = "09:00" }'), "parties.extra.report.at", "an unknown key", '"to"'),
    (
        with_party('report = { to = ["x@relay.example"] }'),
        "parties.extra.report.to[0]",
        '"x@relay.example"',
        "outside of the relay",
    ),
    (
        with_party("report = {}").replace('contacts = ["eve@extra.example"]', 'domains = ["extra.example"]'),
        "parties.extra.report.to",
        "nobody",
        "at least one address",
    ),
    (with_party('digest = { at = "09:00", to = ["x"] }'), "parties.extra.digest.to[0]", '"x"', "an e-mail address"),
    (
        with_party('digest = { at = "09:00" }').replace('contacts = ["eve@extra.example"]', 'domains = ["extra.example"]'),
        "parties.extra.digest.to",
        "nobody",
        "at least one address",
    ),
    (BASE.replace('to = "north"', 'to = "nroth"'), "links.repairs.to", '"nroth"', 'did you mean "north"?'),
    (BASE.replace('from = "acme"', 'from = "zz"'), "links.repairs.from", '"zz"', "the key of a party"),
    (BASE.replace('to = "north"', 'to = "acme"'), "links.repairs.to", "the party itself", "another party"),
    (BASE.replace('to = "north"', "to = 1"), "links.repairs.to", "1", "a text"),
    (BASE.replace('from = "acme"\n', ""), "links.repairs.from", "nothing", "passes tickets"),
    (with_link('share = ["comment"]'), "links.repairs.share[0]", '"comment"', 'did you mean "comments"?'),
    (with_link('identity = "none"'), "links.repairs.identity", '"none"', '"person", "party" or "hidden"'),
    (with_link('fields = ["A:"]'), "links.repairs.fields[0]", '"A:"', "without a colon"),
    (with_link('fields = ["Site", "site "]'), "links.repairs.fields[1]", "a second time", "once"),
    (with_party('hours = "9-18"'), "parties.extra.hours", '"9-18"', 'hours such as "mon-fri 09:00-18:00"'),
    (with_party('hours = ["mon"]'), "parties.extra.hours", "a list", "hours such as"),
    (with_party('hours = ""'), "parties.extra.hours", '""', "hours such as"),
    (
        with_party('hours = "mon-frd 09:00-18:00"'),
        "parties.extra.hours",
        "mon-frd",
        'mon, tue, wed, thu, fri, sat, sun, did you mean "fri"?',
    ),
    (with_party('hours = "mon 09:00-25:00"'), "parties.extra.hours", "25:00", '"24:00"'),
    (with_party('hours = "mon 09:60-18:00"'), "parties.extra.hours", "09:60", '"24:00"'),
    (with_party('hours = "mon-fri 22:00-06:00"'), "parties.extra.hours", "22:00-06:00", "over midnight in two parts"),
    (
        with_party('hours = "mon-fri 09:00-18:00, wed 17:00-19:00"'),
        "parties.extra.hours",
        "wed 17:00",
        "two parts of wed overlap",
    ),
    (with_party('holidays = ["2027-02-29"]'), "parties.extra.holidays[0]", '"2027-02-29"', '"05-09" for every year'),
    (with_party('holidays = ["1.1."]'), "parties.extra.holidays[0]", '"1.1."', "a day off in quotes"),
    (with_party("holidays = [2027-01-01]"), "parties.extra.holidays[0]", "2027-01-01", "in quotes"),
    (with_party('batch = "2 hours"'), "parties.extra.batch", '"2 hours"', "at most an hour"),
    (with_party("batch = 5"), "parties.extra.batch", "5", '"5 minutes"'),
    (with_party('remind = "never"'), "parties.extra.remind", '"never"', '"hours" or "always"'),
    (with_link('resolve_within = "11 years"'), "links.repairs.resolve_within", '"11 years"', "a duration"),
    (with_link('resolve_within = "600 weeks"'), "links.repairs.resolve_within", '"600 weeks"', "at most ten years"),
    (with_link('respond_within = "soon"'), "links.repairs.respond_within", '"soon"', "a duration"),
    *(
        (BASE.replace("links.repairs", f'links."{key}"'), f"links.{shown}", key, expected)
        for key, shown, expected in [
            ("Repairs", "Repairs", "lower-case"),
            ("a b", '"a b"', "a local part"),
            (".a", '".a"', "a local part"),
            ("a..b", '"a..b"', "a local part"),
            ("ремонт", '"ремонт"', "a local part"),
            ("x" * 65, "x" * 65, "at most 64"),
            ("postmaster", "postmaster", "another key"),
            ("digest", "digest", "another key"),
            *((f"{kind}-{'a' * 26}", f"{kind}-{'a' * 26}", "another key") for kind in "tnbhs"),
        ]
    ),
]


@pytest.mark.parametrize(("text", "key", "found", "expected"), MISTAKES)
def test_a_mistake_says_where_what_and_what_else(tmp_path: Path, text: str, key: str, found: str, expected: str) -> None:
    told = [one for one in mistakes(tmp_path, text) if one.key == key]
    assert len(told) == 1, "each mistake is told once"
    assert found in told[0].found
    assert expected in told[0].expected


@pytest.mark.parametrize("text", [text for text, *_ in MISTAKES])
def test_no_word_of_the_library_reaches_the_reader(tmp_path: Path, text: str) -> None:
    told = "\n".join(map(str, mistakes(tmp_path, text)))
    for word in ("pydantic", "Input should", "http", "valid string", "Extra inputs", "Field required", "another value"):
        assert word not in told


def test_every_mistake_at_once(tmp_path: Path) -> None:
    text = """
        [relay]
        domain = "localhost"
        langauge = "ru"
        [smtp]
        max_size = "huge"
        [parties.north]
        contacts = ["ivan@north.example", "nobody"]
        trust = "hope"
        [parties.south]
        contacts = ["ivan@north.example"]
        [links.Repairs]
        from = "norht"
        to = "south"
    """
    assert {one.key for one in mistakes(tmp_path, text)} == {
        "relay.domain",
        "relay.langauge",
        "relay.postmaster",
        "smtp.max_size",
        "parties.north.contacts[1]",
        "parties.north.trust",
        "parties.south.contacts[0]",
        "links.Repairs",
        "links.Repairs.from",
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[relay]\ndomain = \n", "line 2, column 10"),
        ("[relay]\n  name relay\n", "line 2, column 8"),
        ("[relay]\nname = [1", "line 2, column 10"),
        ('[relay]\nname = "a"\nname = "b"\n', "line 3, column 11"),
    ],
)
def test_broken_toml_says_line_and_column(tmp_path: Path, text: str, where: str) -> None:
    [one] = mistakes(tmp_path, text)
    assert one.key == where
    assert one.expected.startswith("TOML (")


def test_broken_toml_does_not_show_a_secret(tmp_path: Path) -> None:
    [one] = mistakes(tmp_path, '[delivery]\nsmarthost = "smtp://u:topsecret@h" x\n')
    assert "topsecret" not in str(one)


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_bytes(b"[relay]\nname = '\xcf\xf0'\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    [one] = caught.value.mistakes
    assert (one.key, one.found) == ("line 2", "the byte 0xcf")


def test_brackets_without_end(tmp_path: Path) -> None:
    [one] = mistakes(tmp_path, "a = " + "[" * 100_000)
    assert one.expected.startswith("TOML")


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name)
    assert caught.value.mistakes[0].file == str(tmp_path / name)
    assert "relay init" in caught.value.mistakes[0].expected


@pytest.mark.parametrize(
    "line",
    [
        'smarthost = "http://relay:topsecret@mx.example"',
        'smarthost = "smtp://relay:topsecret@mx.example/x"',
        'smarthost = "smtp://relay:top@secret/topsecret@mx.example"',
        'smarthost = "relay:topsecret@mx.example"',
    ],
)
def test_a_mistake_shows_no_password(tmp_path: Path, line: str) -> None:
    told = mistakes(tmp_path, f"{BASE}[delivery]\n{line}\n")
    assert "mx.example" in told[0].found
    assert "topsecret" not in str(told[0])


def test_an_empty_secret_is_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_TEST_EMPTY", " ")
    [one] = mistakes(tmp_path, with_relay('database = "env:RELAY_TEST_EMPTY"'))
    assert "empty" in one.found


def test_dkim_keys(tmp_path: Path) -> None:
    text = f'{BASE}[dkim]\nkey = "k.pem"\n'
    key = tmp_path / "k.pem"
    for good in (rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()):
        key.write_bytes(pem(good))
        assert load(write(tmp_path, text)).dkim == DkimSettings("relay1", key)
    for bad in (pem(ec.generate_private_key(ec.SECP256R1())), pem(ed25519.Ed25519PrivateKey.generate(), b"pass")):
        key.write_bytes(bad)
        [one] = mistakes(tmp_path, text)
        assert one.key == "dkim.key"
        assert "a private RSA or Ed25519 key in PEM, without a passphrase" in one.expected


def test_a_certificate_needs_its_own_key(tmp_path: Path) -> None:
    text = BASE + '[smtp]\ntls = { certificate = "c.pem", key = "k.pem", required = true }\n'
    right, other = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "c.pem").write_bytes(certificate(right))
    key = tmp_path / "k.pem"
    key.write_bytes(pem(right))
    assert load(write(tmp_path, text)).smtp.tls == Tls(tmp_path / "c.pem", key, required=True)
    for wrong in (pem(other), pem(right, b"passphrase"), b""):
        key.write_bytes(wrong)
        [one] = mistakes(tmp_path, text)
        assert (one.key, one.expected) == ("smtp.tls", files.TLS_EXPECTED)
