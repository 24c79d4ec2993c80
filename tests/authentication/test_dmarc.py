"""DMARC: what alignment a domain asks for, organisations, and what is said while DNS does not answer."""

from __future__ import annotations

import pytest

from relay.authentication.names import aligned, in_dns, organisation
from tests.authentication.post import TO, envelope, judge, mail, published, shown, signed, txt, verdict
from tests.nameserver import Nameserver, Zone

IN = "192.0.2.10"
BELIEVED, NOT = ("yes", "no", "yes"), ("no", "no", "no")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("north.example", "north.example"),
        ("a.b.north.example", "north.example"),
        ("north.test", "north.test"),
        ("x.north.test", "north.test"),
        ("test", "test"),
        ("a.b.co.uk", "b.co.uk"),
        ("co.uk", "co.uk"),
        ("north.github.io", "north.github.io"),
        ("github.io", "github.io"),
        ("a.xn--80a1acny.xn--p1ai", "xn--80a1acny.xn--p1ai"),
        ("xn--p1ai", "xn--p1ai"),
        ("a.b.xn--gmqw5a.hk", "b.xn--gmqw5a.hk"),
    ],
)
def test_organisations(name: str, expected: str) -> None:
    assert organisation(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("North.Example.", "north.example"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("straße.example", "xn--strae-oqa.example"),
        ("ｎorth.example", ""),
        ("n\u200borth.example", ""),
        ("north..example", ""),
        ("[192.0.2.1]", ""),
        ("a b", ""),
        ("-a.example", ""),
        ("", ""),
        ("x" * 64 + ".example", ""),
        ("_dmarc.north.example", "_dmarc.north.example"),
    ],
)
def test_names_as_dns_has_them(name: str, expected: str) -> None:
    assert in_dns(name) == expected


def test_two_of_one_organisation_and_two_that_are_not() -> None:
    assert aligned("mail.north.example", "north.example") and aligned("a.north.co.uk", "b.north.co.uk")
    assert not aligned("mail.north.example", "north.example", strict=True)
    assert not any(aligned(*pair) for pair in [("north.test", "evil.test"), ("co.uk", "evil.co.uk"), ("", ""), ("", "x.test")])
    assert not aligned("github.io", "evil.github.io") and not aligned("a.github.io", "b.github.io")


@pytest.mark.parametrize(
    ("record", "below", "exactly"),
    [
        (None, "yes", "yes"),
        ("v=DMARC1; p=none", "yes", "yes"),
        ("v=DMARC1; p=reject; adkim=r; aspf=r", "yes", "yes"),
        ("v=DMARC1; p=reject; adkim=s; aspf=s", "no", "yes"),
        ("v=DMARC1;p=reject;adkim=s;aspf=s;", "no", "yes"),
        ("V=DMARC1; p=reject; ADKIM=s; aspf=S", "no", "yes"),
        ("v=DMARC1; rua=mailto:a@b.example; adkim=s; aspf=s", "no", "yes"),
        ("v=DMARC1; adkim=s; aspf=s", "yes", "yes"),
        ("v=DMARC1; p=often; adkim=s; aspf=s", "yes", "yes"),
        ("v=DMARC1; p=none; adkim=s; adkim=s; aspf=s", "yes", "yes"),
        ("v=DMARC2; p=none; adkim=s; aspf=s", "yes", "yes"),
        ("p=none; v=DMARC1; adkim=s; aspf=s", "yes", "yes"),
        ("v=DMARC1; p=none; adkim=x; aspf=x", "yes", "yes"),
    ],
)
@pytest.mark.parametrize("domain", ["north.example", "sub.north.example"])
def test_alignment_as_the_domain_wants_it(record: str | None, below: str, exactly: str, domain: str) -> None:
    zone = published(domain=domain) | published(domain="mail.north.example")
    zone |= {(name, "TXT"): txt(f"v=spf1 ip4:{IN} -all") for name in (domain, "mail.north.example")}
    zone |= {("_dmarc.north.example", "TXT"): txt(record, "another=record")} if record else {}
    raw = mail(From=f"ivan@{domain}")
    for at, expected in ((domain, exactly), ("mail.north.example", below)):
        assert shown(verdict(signed(raw, domain=at), zone)) == (expected, "no", "yes")
        assert shown(verdict(raw, zone, envelope(f"ivan@{at}", IN))) == (expected, "yes", "no")
    assert shown(verdict(raw, zone)) == NOT


def test_the_domains_own_record_goes_before_its_organisations() -> None:
    zone = published(domain="mail.north.example") | {
        ("_dmarc.sub.north.example", "TXT"): txt("v=DMARC1; p=none"),
        ("_dmarc.north.example", "TXT"): txt("v=DMARC1; p=none; adkim=s"),
    }
    found = verdict(signed(mail(From="ivan@sub.north.example"), domain="mail.north.example"), zone)
    assert found.dmarc == "yes" and found.evidence["dmarc"]["name"] == "_dmarc.sub.north.example"


def test_several_records_are_none() -> None:
    strict = "v=DMARC1; p=reject; adkim=s"
    zone = published(domain="mail.north.example") | {("_dmarc.north.example", "TXT"): txt(strict, strict + "; pct=1")}
    assert verdict(signed(mail(), domain="mail.north.example"), zone).dmarc == "yes"


def test_a_proof_of_another_organisation_of_the_same_suffix_says_nothing() -> None:
    for one, other in (("north.test", "evil.test"), ("north.co.uk", "evil.co.uk"), ("a.github.io", "b.github.io")):
        zone = published(domain=other) | {(other, "TXT"): txt(f"v=spf1 ip4:{IN} -all")}
        assert shown(verdict(signed(mail(From=f"ivan@{one}"), domain=other), zone, envelope(f"ivan@{other}", IN))) == NOT


def test_a_domain_of_other_letters() -> None:
    zone = published(domain="xn--80a1acny.example")
    assert shown(verdict(signed(mail(From="ivan@почта.example"), domain="xn--80a1acny.example"), zone)) == BELIEVED
    assert shown(verdict(signed(mail(From="ivan@xn--80a1acny.example"), domain="xn--80a1acny.example"), zone)) == BELIEVED
    assert shown(verdict(signed(mail(From="ivan@nоrth.example"), domain="north.example"), published())) == NOT


# ── while DNS does not answer ──────────────────────────────────────────────────────────────────────────────

SPF: Zone = {("north.example", "TXT"): txt(f"v=spf1 ip4:{IN} -all")}
KEY = "s1._domainkey.north.example"


@pytest.mark.parametrize(
    ("broken", "mail_from", "to", "expected"),
    [
        ([], "ivan@north.example", TO, ("yes", "yes", "yes")),
        ([KEY], "", TO, ("later", "no", "later")),
        ([KEY], "ivan@north.example", TO, ("yes", "yes", "later")),
        (["north.example"], "ivan@north.example", TO, ("yes", "later", "yes")),
        (["north.example"], "ivan@north.example", "other@else.example", ("later", "later", "later")),
        (["north.example"], "ivan@evil.example", "other@else.example", ("elsewhere", "no", "elsewhere")),
        (["_dmarc.north.example"], "ivan@north.example", TO, ("yes", "yes", "yes")),
        (["_dmarc.north.example"], "b@mail.north.example", "other@else.example", ("yes", "yes", "yes")),
        ([KEY, "_dmarc.north.example"], "b@mail.north.example", TO, ("later", "yes", "later")),
        (["_dmarc.north.example"], "", "other@else.example", ("elsewhere", "no", "elsewhere")),
        ([KEY, "north.example", "_dmarc.north.example"], "ivan@north.example", TO, ("later", "later", "later")),
    ],
)
def test_without_an_answer_nothing_is_said_but_what_is_proven(
    broken: list[str], mail_from: str, to: str, expected: tuple[str, str, str]
) -> None:
    zone = SPF | published() | {("mail.north.example", "TXT"): txt(f"v=spf1 ip4:{IN} -all")}
    with Nameserver(zone, broken=broken) as server:
        assert shown(judge(signed(mail(To=to)), server, envelope(mail_from, IN))) == expected


def test_no_answer_for_a_mail_that_proves_nothing() -> None:
    with Nameserver({}, broken=["_dmarc.north.example"]) as server:
        assert shown(judge(mail(), server, envelope("ivan@evil.example"))) == NOT
    with Nameserver({}) as server:
        assert shown(judge(signed(mail()), server, envelope("ivan@north.example"))) == NOT


def test_evidence_is_plain_json() -> None:
    import json

    found = verdict(signed(mail()), SPF | published(), envelope("ivan@north.example", IN))
    told = json.loads(json.dumps(found.evidence))
    assert told == found.evidence
    assert told["spf"]["records"] == {"north.example": f"v=spf1 ip4:{IN} -all"}
    assert told["dkim"][0]["record"].startswith("v=DKIM1; k=rsa; p=")
