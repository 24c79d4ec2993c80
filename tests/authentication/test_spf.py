"""SPF: a table of records and clients, asked over a real DNS; the cases are those that RFC 7208 names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.authentication import spf, spf_terms
from relay.authentication.resolver import Resolver
from relay.authentication.spf_macros import Client
from relay.settings import DnsSettings
from tests.authentication.post import TO, envelope, mail, shown, txt, verdict
from tests.nameserver import Nameserver, Zone

IN, OUT = "192.0.2.10", "203.0.113.9"
SIX = "2001:db8::10"

HOSTS: Zone = {
    ("mx.test", "A"): [IN],
    ("mx.test", "AAAA"): [SIX],
    ("far.test", "A"): ["198.51.100.1"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["mx.test.", "liar.test."],
    ("9.113.0.203.in-addr.arpa", "PTR"): ["mx.test."],
    ("liar.test", "A"): [OUT],
    ("pass.test", "TXT"): txt(f"v=spf1 ip4:{IN} -all"),
    ("fail.test", "TXT"): txt("v=spf1 -all"),
    ("soft.test", "TXT"): txt("v=spf1 ~all"),
    ("neutral.test", "TXT"): txt("v=spf1 ?all"),
    ("bare.test", "TXT"): txt("v=spf1"),
    ("none.test", "TXT"): txt("verification=1"),
    ("two.test", "TXT"): txt("v=spf1 +all", "v=spf1 -all"),
    ("wrong.test", "TXT"): txt("v=spf1 ip4:1.2.3 -all"),
    ("loop.test", "TXT"): txt("v=spf1 include:loop.test -all"),
    ("alias.test", "CNAME"): ["pass.test."],
    ("ivan._at.x.test", "A"): ["127.0.0.2"],
    ("10.2.0.192._ip.x.test", "A"): ["127.0.0.2"],
    ("0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2._ip.x.test", "A"): ["127.0.0.2"],
    ("in-addr.192.0.2.10.x.test", "A"): ["127.0.0.2"],
    ("mx.test.p.test", "A"): ["127.0.0.2"],
    ("helo.example.h.test", "A"): ["127.0.0.2"],
    ("many.test", "MX"): [f"{n} h{n}.test." for n in range(11)],
    ("ten.test", "MX"): [f"{n} h{n}.test." for n in range(9)] + ["99 mx.test."],
    ("null.test", "MX"): ["0 ."],
    ("one.test", "MX"): ["5 far.test.", "10 mx.test."],
} | {(f"h{n}.test", "A"): ["198.51.100.2"] for n in range(11)}

CASES = [
    # mechanisms
    ("+all", IN, "pass"),
    ("all", IN, "pass"),
    ("-all", IN, "fail"),
    ("~all", IN, "softfail"),
    ("?all", IN, "neutral"),
    ("", IN, "neutral"),
    ("ALL", IN, "pass"),
    (f"ip4:{IN} -all", IN, "pass"),
    ("ip4:192.0.2.0/24 -all", IN, "pass"),
    ("ip4:192.0.2.99/24 -all", IN, "pass"),
    ("ip4:192.0.2.0/24 -all", OUT, "fail"),
    ("ip4:192.0.2.0/24 -all", SIX, "fail"),
    ("ip4:0.0.0.0/0 -all", OUT, "pass"),
    (f"ip6:{SIX} -all", SIX, "pass"),
    ("ip6:2001:db8::/32 -all", SIX, "pass"),
    ("ip6:2001:db8::/32 -all", IN, "fail"),
    ("ip6:::ffff:192.0.2.10 -all", IN, "fail"),
    (f"ip4:{IN} -all", f"::ffff:{IN}", "pass"),
    ("a:mx.test -all", IN, "pass"),
    ("a:mx.test -all", SIX, "pass"),
    ("a:mx.test -all", OUT, "fail"),
    ("a -all", IN, "fail"),
    ("a:mx.test/24 -all", "192.0.2.77", "pass"),
    ("a:mx.test/24//64 -all", "2001:db8::77", "pass"),
    ("a:mx.test//64 -all", "192.0.2.77", "fail"),
    ("a:mx.test/0 -all", OUT, "pass"),
    ("a:MX.TEST -all", IN, "pass"),
    ("a:mx.test. -all", IN, "pass"),
    ("mx:one.test -all", IN, "pass"),
    ("mx:one.test -all", OUT, "fail"),
    ("mx:mx.test -all", IN, "fail"),
    ("mx:null.test -all", IN, "fail"),
    ("mx:one.test/24 -all", "198.51.100.200", "pass"),
    ("mx:many.test -all", IN, "permerror"),
    ("mx:ten.test -all", IN, "pass"),
    ("ptr:mx.test -all", IN, "pass"),
    ("ptr:test -all", IN, "permerror"),
    ("ptr:x.test -all", IN, "fail"),
    ("ptr:mx.test -all", OUT, "fail"),
    ("ptr:liar.test -all", IN, "fail"),
    ("ptr -all", "198.51.100.77", "fail"),
    ("exists:mx.test -all", OUT, "pass"),
    ("exists:nowhere.test -all", IN, "fail"),
    ("exists:mx.test -all", "2001:db8:1::1", "pass"),
    ("include:pass.test -all", IN, "pass"),
    ("include:pass.test ?all", OUT, "neutral"),
    ("include:fail.test ~all", IN, "softfail"),
    ("-include:pass.test +all", IN, "fail"),
    ("include:soft.test -all", IN, "fail"),
    ("include:neutral.test -all", IN, "fail"),
    ("include:none.test -all", IN, "permerror"),
    ("include:nowhere.test -all", IN, "permerror"),
    ("include:wrong.test -all", IN, "permerror"),
    ("include:two.test -all", IN, "permerror"),
    ("include:bare.test -all", IN, "fail"),
    ("include:alias.test -all", IN, "pass"),
    ("include:loop.test -all", IN, "permerror"),
    # modifiers
    ("redirect=pass.test", IN, "pass"),
    ("redirect=pass.test", OUT, "fail"),
    ("redirect=none.test", IN, "permerror"),
    ("redirect=fail.test all", IN, "pass"),
    ("redirect=bare.test", IN, "neutral"),
    ("redirect=pass.test redirect=fail.test", IN, "permerror"),
    ("exp=why.test -all", IN, "fail"),
    ("exp=a.test exp=b.test -all", IN, "permerror"),
    ("moo=%{x} all", IN, "permerror"),
    ("moo=%{l}cow all", IN, "pass"),
    ("moo=%{t} all", IN, "permerror"),
    ("redirect= all", IN, "permerror"),
    ("redirect=%{l}.nowhere.test", IN, "permerror"),
    # syntax: all of a record is read before any of it counts
    (f"ip4:{IN} foo -all", IN, "permerror"),
    (f"ip4:{IN} -all x:y", IN, "permerror"),
    ("all:x -all", IN, "permerror"),
    ("all/8", IN, "permerror"),
    ("ip4:192.0.2.0/33 -all", IN, "permerror"),
    ("ip4:192.0.2.0/024 -all", IN, "permerror"),
    ("ip4: -all", IN, "permerror"),
    ("ip4 -all", IN, "permerror"),
    ("ip4:192.0.2 -all", IN, "permerror"),
    ("ip4:192.0.2.256 -all", IN, "permerror"),
    ("ip6:2001:db8::/129 -all", IN, "permerror"),
    ("ip4:2001:db8::1 -all", IN, "permerror"),
    ("ip4:192.0.2.1//24 -all", IN, "permerror"),
    ("ip6:fe80::1%eth0 -all", IN, "permerror"),
    ("a: -all", IN, "permerror"),
    ("a:mx.test/33 -all", IN, "permerror"),
    ("a:mx.test/ -all", IN, "permerror"),
    ("a:mx.test//129 -all", IN, "permerror"),
    ("a:mx -all", IN, "permerror"),
    ("a:mx.1 -all", IN, "permerror"),
    ("a/24 -all", IN, "fail"),
    ("a//64 -all", IN, "fail"),
    ("include -all", IN, "permerror"),
    ("exists -all", IN, "permerror"),
    ("include:x.test/24 -all", IN, "permerror"),
    ("ptr/24 -all", IN, "permerror"),
    ("- all", IN, "permerror"),
    ("+-all", IN, "permerror"),
    ("=x all", IN, "permerror"),
    ("ip4:192.0.2.10\tall", IN, "permerror"),
    ("ß all", IN, "permerror"),
    ("a:%{a}.test -all", IN, "permerror"),
    ("a:%{d0}.test -all", IN, "permerror"),
    ("a:%x.test -all", IN, "permerror"),
    ("a:%{d -all", IN, "permerror"),
    ("exists:%{c}.test -all", IN, "permerror"),
    ("  all  ", IN, "pass"),
    # macros
    ("exists:%{l}._at.x.test -all", OUT, "pass"),
    ("exists:%{ir}._ip.x.test -all", IN, "pass"),
    ("exists:%{ir}._ip.x.test -all", SIX, "pass"),
    ("exists:%{v}.%{i}.x.test -all", IN, "pass"),
    ("exists:%{p}.p.test -all", IN, "pass"),
    ("exists:%{h}.h.test -all", OUT, "pass"),
    ("a:%{d1r}.mx.test -all", IN, "fail"),
    ("a:mx.%{d1} -all", IN, "pass"),
    ("a:mx.%{o1} -all", IN, "pass"),
    ("include:%{l}.nowhere.test -all", IN, "permerror"),
    ("exists:%{L}%{l1r-}._at.x.test -all", IN, "fail"),
    ("exists:%%%_%-.x.test -all", IN, "fail"),
    # limits
    (" ".join(f"a:h{n}.test" for n in range(10)) + " -all", IN, "fail"),
    (" ".join(f"a:h{n}.test" for n in range(11)) + " -all", IN, "permerror"),
    ("a:n1.test a:n2.test -all", IN, "fail"),
    ("a:n1.test a:n2.test a:n3.test -all", IN, "permerror"),
    ("a:n1.test exists:n2.test mx:n3.test all", IN, "permerror"),
    # DNS that does not answer
    ("include:broken.test -all", IN, "temperror"),
    ("a:broken.test -all", IN, "temperror"),
    ("all a:broken.test", IN, "pass"),
    ("mx:broken.test -all", IN, "temperror"),
    ("redirect=broken.test", IN, "temperror"),
    ("exists:broken.test all", IN, "temperror"),
    ("foo a:broken.test", IN, "permerror"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Nameserver]:
    with Nameserver(dict(HOSTS), broken=["broken.test"]) as running:
        yield running


def asked(server: Nameserver, ip: str, domain: str = "under.test", sender: str = "ivan") -> spf.Answer:
    client = spf.address(ip)
    assert client is not None

    async def run() -> spf.Answer:
        resolver = Resolver(DnsSettings((("127.0.0.1", server.port),)))
        return await spf.check(domain, Client(client, f"{sender}@{domain}", "helo.example"), resolver)

    return asyncio.run(run())


@pytest.mark.parametrize(("terms", "ip", "expected"), CASES)
def test_a_record(server: Nameserver, terms: str, ip: str, expected: str) -> None:
    server.zone["under.test", "TXT"] = txt("something=else", f"v=spf1 {terms}")
    assert asked(server, ip).result == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], "none"),
        (["v=spf10 +all"], "none"),
        (["v=spf1"], "neutral"),
        (["V=SPF1 +ALL"], "pass"),
        (["v=spf1 +all", "v=spf1 +all x=y"], "permerror"),
        ([" v=spf1 +all"], "none"),
    ],
)
def test_which_record_it_is(server: Nameserver, records: list[str], expected: str) -> None:
    server.zone["under.test", "TXT"] = txt(*records, "other")
    assert asked(server, IN).result == expected


def test_a_record_in_several_strings_is_one(server: Nameserver) -> None:
    server.zone["under.test", "TXT"] = ['"v=spf1 ip4:192.0." "2.10 -all"']
    assert asked(server, IN).result == "pass"


def test_a_record_too_large_for_a_datagram(server: Nameserver) -> None:
    server.zone["under.test", "TXT"] = txt("v=spf1 " + "ip4:198.51.100.1 " * 100 + f"ip4:{IN} -all")
    assert asked(server, IN).result == "pass"


@pytest.mark.parametrize("domain", ["test", "a..test", "x" * 64 + ".test", "", "[192.0.2.10]"])
def test_names_that_have_no_record(server: Nameserver, domain: str) -> None:
    assert asked(server, IN, domain).result in ("none", "permerror")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_record_is_read_or_broken(text: str) -> None:
    with suppress(spf_terms.Broken):
        assert spf_terms.parse("v=spf1 " + text)


@pytest.mark.parametrize(
    ("mail_from", "helo", "expected"),
    [
        ("ivan@north.example", "mx.evil.example", ("north.example", "ivan@north.example")),
        ("Ivan@NORTH.example", "x", ("north.example", "Ivan@north.example")),
        ("иван@почта.example", "x", ("xn--80a1acny.example", "иван@xn--80a1acny.example")),
        ("", "mx.north.example", ("mx.north.example", "postmaster@mx.north.example")),
        ("", "[192.0.2.1]", ("", "postmaster@")),
        ("postmaster", "mx.north.example", ("", "postmaster@")),
        ("@north.example", "x", ("north.example", "postmaster@north.example")),
        ('"a@b"@north.example', "x", ("north.example", '"a@b"@north.example')),
    ],
)
def test_who_is_asked_about(mail_from: str, helo: str, expected: tuple[str, str]) -> None:
    assert spf.identity(mail_from, helo) == expected


@pytest.mark.parametrize(
    ("mail_from", "helo", "expected"),
    [
        ("ivan@north.example", "x", "yes"),
        ("b-1@bounces.north.example", "x", "yes"),
        ("ivan@evil.example", "x", "no"),
        ("", "mx.north.example", "yes"),
        ("", "mx.evil.example", "no"),
    ],
)
def test_spf_is_for_the_author_only_where_it_is_of_his_domain(mail_from: str, helo: str, expected: str) -> None:
    names = ("north.example", "bounces.north.example", "evil.example", "mx.north.example", "mx.evil.example")
    zone: Zone = {(name, "TXT"): txt(f"v=spf1 ip4:{IN} -all") for name in names}
    assert shown(verdict(mail(To=TO), zone, envelope(mail_from, IN, helo))) == (expected, expected, "no")
    assert shown(verdict(mail(To=TO), zone, envelope(mail_from, OUT, helo))) == ("no", "no", "no")
    assert shown(verdict(mail(To=TO), zone, envelope(mail_from, "nowhere", helo))) == ("no", "no", "no")
