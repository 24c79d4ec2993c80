"""ARC: whose seals are believed, and what of what they say."""

from __future__ import annotations

import dkim
import pytest

from relay.mail.seals import claims
from relay.model import Claim
from tests.authentication.post import AT, envelope, judge, mail, p, published, rsa_key, sealed, shown, signed, txt, verdict
from tests.nameserver import Nameserver

NOT = ("no", "no", "no")
OWN = "spf=pass smtp.mailfrom=ivan@north.example; dkim=pass header.d=north.example; dmarc=pass header.from=north.example"
KEYS = published(domain="list.example") | published(domain="other.example") | published(domain="evil.example")
# What a list makes of a mail: the author's own signature is broken.
LISTED = mail(To="list@list.example", Subject="[list] Pump")


def test_dkimpy_agrees_about_what_the_tests_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: float(AT))
    raw = sealed(sealed(sealed(LISTED, OWN), "arc=pass"), "arc=pass", domain="other.example")
    record = f"v=DKIM1; k=rsa; p={p(rsa_key())}".encode()
    assert dkim.arc_verify(raw, dnsfunc=lambda name, timeout=5: record)[0] == b"pass"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (OWN, ("yes", "yes", "yes")),
        ("dmarc=pass (p=NONE) header.from=north.example", ("yes", "no", "no")),
        ("dmarc=pass header.from=NORTH.example", ("yes", "no", "no")),
        ("dmarc=pass header.from=evil.example", NOT),
        ("dmarc=pass header.from=sub.north.example", NOT),
        ("dmarc=fail header.from=north.example", NOT),
        ("dmarc=pass", NOT),
        ("dmarc=pass header.from=north.example; dmarc=fail header.from=north.example", NOT),
        ("dmarc=pass header.from=north.example header.from=evil.example", NOT),
        ("dkim=pass header.i=@north.example header.s=s header.b=abc/+=", ("yes", "no", "yes")),
        ("dkim=pass header.d=mail.north.example", ("yes", "no", "yes")),
        ("dkim=pass header.d=evil.example; dkim=pass header.d=north.example", ("yes", "no", "yes")),
        ("dkim=pass header.d=evil.example", NOT),
        ("dkim=fail header.d=north.example", NOT),
        ("spf=pass (a; b) smtp.mailfrom=b@mail.north.example", ("yes", "yes", "no")),
        ("spf=pass smtp.mailfrom=north.example", ("yes", "yes", "no")),
        ("spf=pass smtp.mailfrom=evil.example", NOT),
        ("spf=pass smtp.helo=north.example", NOT),
        ("spf=softfail smtp.mailfrom=north.example", NOT),
        ("none", NOT),
        ("arc=pass; dmarc=pass header.from=north.example broken", NOT),
    ],
)
def test_what_a_listed_sealer_says(results: str, expected: tuple[str, str, str]) -> None:
    assert shown(verdict(sealed(LISTED, results), KEYS, sealers=["list.example"])) == expected


@pytest.mark.parametrize("sealers", [[], ["other.example"], ["example"], ["sub.list.example"]])
def test_nobody_elses_seal_is_believed_or_asked_for(sealers: list[str]) -> None:
    with Nameserver(KEYS) as server:
        assert shown(judge(sealed(LISTED, OWN), server, sealers=sealers)) == NOT
        assert all("domainkey" not in name for name, _ in server.asked)


def test_strict_alignment_holds_for_what_a_sealer_says_too() -> None:
    zone = KEYS | {("_dmarc.north.example", "TXT"): txt("v=DMARC1; p=none; adkim=s; aspf=s")}
    for results, exactly in (
        ("spf=pass smtp.mailfrom={}", ("yes", "yes", "no")),
        ("dkim=pass header.d={}", ("yes", "no", "yes")),
    ):
        raw = sealed(LISTED, results.format("north.example"))
        assert shown(verdict(raw, zone, sealers=["list.example"])) == exactly
        raw = sealed(LISTED, results.format("mail.north.example"))
        assert shown(verdict(raw, zone, sealers=["list.example"])) == ("no", *exactly[1:])


def test_the_first_of_the_listed_sealers_in_a_row_is_asked() -> None:
    inner = sealed(LISTED, OWN, domain="list.example")
    raw = sealed(inner, "dmarc=fail header.from=north.example", domain="other.example")
    assert shown(verdict(raw, KEYS, sealers=["list.example", "other.example"])) == ("yes", "yes", "yes")
    assert shown(verdict(raw, KEYS, sealers=["other.example"])) == NOT
    assert shown(verdict(raw, KEYS, sealers=["list.example"])) == NOT


def test_what_an_unlisted_sealer_has_said_before_is_not_believed() -> None:
    forged = sealed(LISTED, OWN, domain="evil.example")
    raw = sealed(forged, "arc=pass; dmarc=fail header.from=north.example", domain="list.example")
    assert shown(verdict(raw, KEYS, sealers=["list.example"])) == NOT
    between = sealed(sealed(sealed(LISTED, OWN), OWN, domain="evil.example"), "dmarc=fail header.from=north.example")
    assert shown(verdict(between, KEYS, sealers=["list.example"])) == NOT


def test_a_seal_of_a_mail_changed_since() -> None:
    raw = sealed(LISTED, OWN)
    for old, new in ((b"broken", b"brokem"), (b"[list]", b"[tsil]"), (b"Ivan", b"Iwan"), (b"dmarc=pass", b"dmarc=pazz")):
        assert shown(verdict(raw.replace(old, new), KEYS, sealers=["list.example"])) == NOT


@pytest.mark.parametrize(
    "tag",
    [
        {"l": "5"},
        {"h": "to:subject:date:content-type"},
        {"h": "from:to:date:content-type"},
        {"t": str(AT - 11 * 86400)},
        {"t": str(AT + 7200)},
        {"x": str(AT - 60), "t": str(AT - 3600)},
        {"a": "rsa-sha1"},
        {"h": "from:subject:date:content-type:arc-seal"},
        {"bh": "AAAA"},
    ],
)
def test_the_message_signature_is_held_to_the_same_rules(tag: dict[str, str]) -> None:
    assert shown(verdict(sealed(LISTED, OWN, **tag), KEYS, sealers=["list.example"])) == NOT  # type: ignore[arg-type]


def test_a_doubled_field_takes_seals_away_too() -> None:
    raw = sealed(LISTED, OWN)
    assert shown(verdict(b"Subject: Other\r\n" + raw, KEYS, sealers=["list.example"])) == NOT


def without(raw: bytes, name: bytes) -> bytes:
    """The mail without the first field of that name."""
    start = raw.index(name)
    end = start + 1
    while raw[end : end + 2] != b"\r\n" or raw[end + 2 : end + 3] in (b" ", b"\t"):
        end += 1
    return raw[:start] + raw[end + 2 :]


def test_sets_must_be_whole_and_in_a_row() -> None:
    raw = sealed(sealed(LISTED, OWN), OWN)
    assert shown(verdict(raw, KEYS, sealers=["list.example"]))[0] == "yes"
    changed = [without(raw, name) for name in (b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results")]
    changed += [
        raw.replace(b"i=1;", b"i=3;"),
        raw.replace(b"i=1;", b"i=2;"),
        raw.replace(b"i=1;", b"i=0;"),
        raw.replace(b"i=1;", b"i=x;"),
    ]
    changed += [
        raw.replace(b"i=2; ", b""),
        raw.replace(b"cv=pass", b"cv=none"),
        raw.replace(b"cv=none", b"cv=pass"),
        raw.replace(b"cv=pass;", b""),
    ]
    for each in changed:
        assert shown(verdict(each, KEYS, sealers=["list.example"])) == NOT


def test_a_chain_that_has_failed_is_not_believed() -> None:
    for cv in ("fail", "none"):
        assert shown(verdict(sealed(sealed(LISTED, OWN), OWN, cv=cv), KEYS, sealers=["list.example"])) == NOT


def test_fifty_sets_and_no_more() -> None:
    raw = LISTED
    for _ in range(50):
        raw = sealed(raw, OWN)
    assert shown(verdict(raw, KEYS, sealers=["list.example"])) == ("yes", "yes", "yes")
    assert shown(verdict(sealed(raw, OWN), KEYS, sealers=["list.example"])) == NOT


def test_every_seal_needs_its_key() -> None:
    raw = sealed(sealed(LISTED, OWN, domain="other.example"), OWN)
    sealers = ["list.example", "other.example"]
    assert shown(verdict(raw, KEYS, sealers=sealers)) == ("yes", "yes", "yes")
    assert shown(verdict(raw, published(domain="list.example"), sealers=sealers)) == NOT
    with Nameserver(KEYS, broken=["s1._domainkey.other.example"]) as server:
        assert shown(judge(raw, server, sealers=sealers)) == ("later", "later", "later")


def test_a_believed_seal_speaks_for_a_mail_signed_for_somebody_else() -> None:
    raw = signed(mail(To="list@list.example"))
    assert shown(verdict(raw, KEYS | published())) == ("elsewhere", "no", "elsewhere")
    assert shown(verdict(sealed(raw, "dmarc=pass header.from=north.example"), KEYS | published(), sealers=["list.example"])) == (
        "yes",
        "no",
        "yes",
    )
    assert shown(verdict(sealed(raw, "dmarc=fail header.from=north.example"), KEYS | published(), sealers=["list.example"])) == (
        "elsewhere",
        "no",
        "elsewhere",
    )


def test_authentication_results_are_never_read() -> None:
    for name in ("Authentication-Results", "ARC-Authentication-Results", "X-Original-Authentication-Results", "Received-SPF"):
        raw = f"{name}: list.example; {OWN}\r\n".encode() + LISTED
        assert shown(verdict(raw, KEYS, envelope("b@list.example"), sealers=["list.example"])) == NOT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"i=1; mx.x; spf=pass smtp.mailfrom=a@b.test", (Claim("spf", "pass", "b.test"),)),
        (
            b"i=1; mx.x 1; dmarc=pass action=none header.from=b.test;",
            (Claim("dmarc", "pass", "b.test"), Claim("none", "none", "")),
        ),
        (b'i=1; mx.x; dkim=pass (2048 \\) "bit) header.i="@b.test"', (Claim("dkim", "pass", "b.test"),)),
        (
            b'i=1; mx.x; spf=fail smtp.mailfrom="x; dmarc=pass header.from=b.test"',
            (Claim("spf", "fail", "x; dmarc=pass header.from=b.test"),),
        ),
        (b"i=1; mx.x; spf=fail (x; dmarc=pass header.from=b.test)", (Claim("spf", "fail", ""),)),
        (b"i=1; mx.x; spf=fail (x (y); dmarc=pass header.from=b.test)", (Claim("spf", "fail", ""),)),
        (
            b'i=1; mx.x; spf=fail ("); dmarc=pass header.from="b.test"',
            (Claim("spf", "fail", ""), Claim("dmarc", "pass", "b.test")),
        ),
        (b"i=1; mx.x; spf=fail (x; dmarc=pass header.from=b.test", ()),
        (b'i=1; mx.x; spf=fail smtp.mailfrom="x; dmarc=pass header.from=b.test', ()),
        (b"i=1; mx.x; spf=fail x) dmarc=pass header.from=b.test", ()),
        (b"i=1; mx.x; x dmarc=pass header.from=b.test", ()),
        (b"i=1; dmarc=pass header.from=b.test", ()),
        (b"i=1", ()),
        (b"\xff", ()),
    ],
)
def test_claims(value: bytes, expected: tuple[Claim, ...]) -> None:
    assert claims.read(value) == expected
