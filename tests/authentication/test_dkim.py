"""DKIM: which signatures count, with keys in a real DNS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from hashlib import sha256

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.parts.part import Part
from relay.mail.reader import read
from relay.mail.seals import bodies, reading, tags
from tests.authentication.post import (
    AT,
    COVERED,
    TO,
    ed25519_key,
    envelope,
    judge,
    mail,
    p,
    published,
    rsa_key,
    shown,
    signed,
    txt,
    verdict,
)
from tests.nameserver import Nameserver, Zone

BELIEVED = ("yes", "no", "yes")
NOT = ("no", "no", "no")
KEY_AT = ("s1._domainkey.north.example", "TXT")
DAY = 86400


def problem(raw: bytes) -> str:
    """Why the first signature does not count, as far as the mail alone can tell."""
    return read(raw).signatures[0].problem


@pytest.mark.parametrize("form", ["simple/simple", "relaxed/relaxed", "simple/relaxed", "relaxed/simple", "relaxed"])
@pytest.mark.parametrize("body", ["The pump.\r\n", "", "\r\n", "no end", " a  b\t\r\n \r\n\r\n", "x\r\n\r\n\r\n", "\t\r\n"])
def test_a_signed_mail_is_believed(form: str, body: str) -> None:
    assert shown(verdict(signed(mail(body=body), form=form), published())) == BELIEVED


def test_dkimpy_agrees_about_what_the_tests_sign() -> None:
    record = f"v=DKIM1; k=rsa; p={p(rsa_key())}".encode()
    assert dkim.verify(signed(mail(), t=None), dnsfunc=lambda name, timeout=5: record)


def test_what_dkimpy_signs_is_believed() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for form in ((b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple")):
        raw = mail(Subject="Long " + "words " * 30)
        front = dkim.sign(raw, b"s1", b"north.example", pem, canonicalize=form, include_headers=COVERED.encode().split(b":"))
        now = replace(envelope(), received_at=datetime.now(UTC))
        assert shown(verdict(front + raw, published(), now)) == BELIEVED


@pytest.mark.parametrize("key", [rsa_key(1024), rsa_key(4096), ed25519_key()])
def test_keys_of_every_strength_that_counts(key: object) -> None:
    assert isinstance(key, type(rsa_key()) | type(ed25519_key()))
    assert shown(verdict(signed(mail(), key), published(key))) == BELIEVED


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([], "it has no key"),
        (["v=DKIM1; p="], "its key does not count: it is revoked (p= is empty)"),
        (["v=DKIM1; p={p}", "v=DKIM1; p={other}"], "its key has 2 records"),
        (["v=DKIM1; p={p}", "v=spf1 -all"], "its key has 2 records"),
        (["v=DKIM2; p={p}"], "its key does not count: it is no DKIM1 record"),
        (["p={p}; v=DKIM1"], "its key does not count: it is no DKIM1 record"),
        (["v=DKIM1; k=rsa"], "its key does not count: it has no p="),
        (["v=DKIM1; k=dsa; p={p}"], "its key does not count: its kind is dsa (k=)"),
        (["v=DKIM1; k=ed25519; p={p}"], "its key does not count"),
        (["v=DKIM1; h=sha1; p={p}"], "its key does not count: it is not for SHA-256 (h=)"),
        (["v=DKIM1; s=tlsrpt; p={p}"], "its key does not count: it is not for mail (s=)"),
        (["v=DKIM1; p={p}; p={p}"], "its key does not count: it has p= twice"),
        (["v=DKIM1; p=AAAA"], "its key does not count: p= is no key"),
        (["v=DKIM1; p=!"], "its key does not count: p= is no base64"),
        (["v=DKIM1; p={other}"], "the signature is wrong"),
        (["v=DKIM1; k=ed25519; p={ed}"], "the signature is wrong"),
        (["v=spf1 -all"], "its key does not count: it is no DKIM1 record"),
    ],
)
def test_keys_that_do_not_count(records: list[str], why: str) -> None:
    names = {"p": p(rsa_key()), "other": p(rsa_key(2048, 1)), "ed": p(ed25519_key())}
    zone: Zone = {KEY_AT: txt(*(record.format(**names) for record in records))}
    found = verdict(signed(mail()), zone if records else {})
    assert shown(found) == NOT
    assert found.evidence["dkim"][0]["why"].startswith(why)


@pytest.mark.parametrize(
    "record",
    [
        "p={p}",
        "v=DKIM1;p={p};",
        " v=DKIM1 ; k=rsa ; h=sha1:sha256 ; s=email:tlsrpt ; n=a note ; t=y ; p={p}",
        "v=DKIM1; s=*; t=s; p={p}",
    ],
)
def test_keys_as_they_are_written(record: str) -> None:
    assert shown(verdict(signed(mail()), {KEY_AT: txt(record.format(p=p(rsa_key())))})) == BELIEVED


def test_a_key_below_1024_bits_does_not_count() -> None:
    import base64

    # 768 bits: cryptography makes no such key, so its record is put together by hand (RFC 8017 A.1.1).
    number = b"\x00" + bytes([0xC1]) + bytes(range(1, 96))
    inner = b"\x02\x61" + number + b"\x02\x03\x01\x00\x01"
    der = b"\x30" + bytes([len(inner)]) + inner
    found = verdict(signed(mail()), {KEY_AT: txt("v=DKIM1; p=" + base64.b64encode(der).decode())})
    assert shown(found) == NOT
    assert "its key does not count" in found.evidence["dkim"][0]["why"]


def test_a_key_for_the_very_domain_only() -> None:
    zone: Zone = {KEY_AT: txt(f"v=DKIM1; t=y:s; p={p(rsa_key())}")}
    assert shown(verdict(signed(mail(), i="ivan@north.example"), zone)) == BELIEVED
    assert shown(verdict(signed(mail(), i="ivan@sub.north.example"), zone)) == NOT
    assert shown(verdict(signed(mail(), i="ivan@sub.north.example"), published())) == BELIEVED


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ({"l": "10"}, "it covers a part of the body only (l=)"),
        ({"l": "0"}, "it covers a part of the body only (l=)"),
        ({"a": "rsa-sha1"}, "its algorithm is rsa-sha1"),
        ({"a": None}, "its algorithm is not said"),
        ({"v": "2"}, "malformed: v= is not 1"),
        ({"v": None}, "malformed: it has no v="),
        ({"d": None}, "malformed: it has no d="),
        ({"d": "no domain"}, "malformed: d= is no domain"),
        ({"s": "a..b"}, "malformed: s= is no domain"),
        ({"h": "to:subject:date:content-type"}, "it does not cover From"),
        ({"h": "from:to:date:content-type"}, "it does not cover Subject"),
        ({"h": "from:to:date:subject"}, "it does not cover content-type"),
        ({"h": ""}, "malformed: it has no h="),
        ({"bh": "AAAA"}, "the body is not what was signed"),
        ({"bh": "A!"}, "malformed: bh= is no base64"),
        ({"t": "now"}, "malformed: t= is no number"),
        ({"t": "1" * 13}, "malformed: t= is no number"),
        ({"x": "-1"}, "malformed: x= is no number"),
        ({"x": str(AT)}, "malformed: x= is not after t="),
        ({"i": "ivan@evil.example"}, "malformed: i= is not within d="),
        ({"i": "ivan@evilnorth.example"}, "malformed: i= is not within d="),
        ({"c": "nowsp/simple"}, "malformed: c= is unknown"),
        ({"q": "http"}, "malformed: q= is not dns/txt"),
        ({"t": None, "h": "from:to:subject:content-type"}, "it does not say when it was made"),
        ({"d": "NORTH.example", "i": "@North.EXAMPLE"}, ""),
        ({"t": None}, ""),
        ({"z": "From:x|To:y"}, ""),
        ({"h": "From : To: Subject\r\n :Date:Content-Type"}, ""),
    ],
)
def test_tags(tag: dict[str, str | None], why: str) -> None:
    raw = signed(mail(), **tag)  # type: ignore[arg-type]
    assert problem(raw) == why
    found = verdict(raw, published())
    assert shown(found) == (NOT if why else found.evidence["dkim"][0]["result"] == "pass" and BELIEVED)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "v=1",
        "v",
        "=",
        ";;",
        "v=1; v=1",
        "v=1; b=\xff; d=x",
        "v=1; a=rsa-sha256; d=north.example; s=s1; h=from; bh=x; b=",
        "v=1;;;;" * 1000,
        "b=" * 1000,
        "\0",
    ],
)
def test_nonsense_is_no_signature(value: str) -> None:
    raw = b"DKIM-Signature: " + value.encode("latin-1") + b"\r\n" + mail()
    assert problem(raw)
    assert shown(verdict(raw, published())) == NOT


# ── time ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tag", "date", "expected"),
    [
        ({"t": str(AT - 9 * DAY)}, "", BELIEVED),
        ({"t": str(AT - 11 * DAY)}, "", NOT),
        ({"t": str(AT + 1800)}, "", BELIEVED),
        ({"t": str(AT + 2 * 3600)}, "", NOT),
        ({"x": str(AT + 60)}, "", BELIEVED),
        ({"t": str(AT - DAY), "x": str(AT - 60)}, "", NOT),
        ({"t": None}, "Mon, 23 Nov 2026 09:00:00 +0000", BELIEVED),
        ({"t": None}, "Thu, 12 Nov 2026 09:00:00 +0000", NOT),
        ({"t": None}, "Tue, 24 Nov 2026 09:00:00 +0000", NOT),
        ({"t": None}, "yesterday", NOT),
        ({"t": None}, "Mon, 23 Nov 99999 09:00:00 +0000", NOT),
        ({"t": str(AT)}, "Thu, 12 Nov 2020 09:00:00 +0000", BELIEVED),
    ],
)
def test_a_copy_of_an_old_mail_is_not_believed(tag: dict[str, str | None], date: str, expected: tuple[str, str, str]) -> None:
    raw = signed(mail(Date=date) if date else mail(), **tag)  # type: ignore[arg-type]
    assert shown(verdict(raw, published())) == expected


# ── what is covered ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "field",
    [
        "Subject: Other",
        "Date: Mon, 23 Nov 2026 09:00:00 +0000",
        "To: x@y.example",
        "Message-ID: <2@x>",
        "In-Reply-To: <3@x>",
        "References: <4@x>",
        "Reply-To: a@b.example",
        "Sender: a@b.example",
        "MIME-Version: 1.0",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: base64",
        "Cc: a@b.example",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_doubled_field_takes_it_all_away(field: str, first: bool) -> None:
    extra = {
        "In_Reply_To": "<a@x>",
        "References": "<a@x>",
        "Reply_To": "q@x.example",
        "Sender": "q@x.example",
        "Cc": "q@x.example",
    }
    raw = signed(
        mail(Content_Transfer_Encoding="8bit", **extra),
        covers="from:subject:to:date:mime-version:content-type:content-transfer-encoding",
    )
    line = field.encode() + b"\r\n"
    raw = line + raw if first else raw.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1)
    assert "twice" in problem(raw)
    assert shown(verdict(raw, published())) == NOT


@pytest.mark.parametrize(
    "field", ["Content-Type: text/html", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=x"]
)
def test_structure_added_to_a_mail_that_had_none(field: str) -> None:
    raw = signed(mail(without=("MIME-Version", "Content-Type")))
    assert shown(verdict(raw, published())) == BELIEVED
    bare = signed(mail(without=("MIME-Version", "Content-Type")), covers="from:to:subject:date")
    for added in (field, field + "\r\nMIME-Version: 1.0"):
        changed = bare.replace(b"\r\n\r\n", b"\r\n" + added.encode() + b"\r\n\r\n", 1)
        assert problem(changed).startswith("it does not cover content-")
        assert shown(verdict(changed, published())) == NOT


PARTS = "--b1\r\nContent-Type: text/plain\r\n\r\nOne\r\n--b2\r\nContent-Type: text/plain\r\n\r\nTwo\r\n--b2--\r\n--b1--\r\n"


@pytest.mark.parametrize(
    ("declared", "counts"),
    [
        ('multipart/mixed; boundary="b1"', True),
        ("multipart/mixed; boundary=b1", True),
        ("multipart/mixed; boundary=b2", False),
        ("multipart/mixed; boundary=b", False),
        ("multipart/mixed", False),
        ("multipart/mixed; boundary=", False),
        ("multipart/mixed; boundary*=utf-8''b2", False),
    ],
)
def test_the_boundary_of_a_mail_signed_as_gmail_does(declared: str, counts: bool) -> None:
    raw = signed(
        mail(Content_Type='multipart/mixed; boundary="b1"', body=PARTS), covers="to:subject:message-id:date:from:mime-version"
    )
    raw = raw.replace(b'multipart/mixed; boundary="b1"', declared.encode())
    assert shown(verdict(raw, published())) == (BELIEVED if counts else NOT)


@pytest.mark.parametrize(
    ("changed", "body", "counts"),
    [
        ({}, "The pump.\r\n", True),
        ({"Content-Type": "text/html"}, "The pump.\r\n", False),
        ({"Content-Type": "text/html"}, "<p>The pump.</p>\r\n", True),
        ({"Content-Type": "application/pdf"}, "The pump.\r\n", False),
        ({"Content-Type": "message/rfc822"}, "From: a@b.example\r\n\r\nx\r\n", False),
        ({"Content-Transfer-Encoding": "base64"}, "The pump.\r\n", False),
        ({"Content-Transfer-Encoding": "base64"}, "VGhlIHB1bXAu\r\nVGhlIHB1bXAu\r\nVGg=\r\n", True),
        ({"Content-Transfer-Encoding": "8bit"}, "The pump.\r\n", True),
        ({"Content-Transfer-Encoding": "x-uuencode"}, "The pump.\r\n", False),
        ({"Content-Type": "text/plain"}, PARTS, False),
        ({"Content-Disposition": "inline"}, "The pump.\r\n", True),
        ({"Content-Disposition": "attachment"}, "The pump.\r\n", False),
        ({"Content-Disposition": "inline; filename=x.txt"}, "The pump.\r\n", False),
    ],
)
def test_structure_that_is_not_covered_must_fit_the_body(changed: dict[str, str], body: str, counts: bool) -> None:
    raw = signed(mail(body=body, **changed), covers="to:subject:message-id:date:from:mime-version")
    assert shown(verdict(raw, published())) == (BELIEVED if counts else NOT)


def test_a_type_taken_away_from_parts() -> None:
    raw = signed(mail(Content_Type='multipart/mixed; boundary="b1"', body=PARTS), covers="to:subject:date:from:mime-version")
    changed = raw.replace(b'Content-Type: multipart/mixed; boundary="b1"\r\n', b"", 1)
    assert problem(changed) == "it does not cover content-type, which is gone"


@pytest.mark.parametrize(
    "broken",
    [
        b"no field\r\n",
        b"X : y\r\n",
        b": y\r\n",
        b"X: a\0b\r\n",
        b"X: a\rb\r\n",
        b"X: a\nFrom: evil@evil.example\r\n",
        b"X: a\r\n \r\n",
        "Поле: y\r\n".encode(),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_no_signature_of_a_malformed_header_counts(broken: bytes, first: bool) -> None:
    raw = signed(mail())
    changed = broken + raw if first else raw.replace(b"\r\nMIME-Version", b"\r\n" + broken + b"MIME-Version")
    found = reading.read(changed, message_from_bytes(changed, _class=Part))[0]
    assert all(each.problem for each in found)


def test_a_mail_saved_with_lf_is_read_as_it_came() -> None:
    raw = signed(mail(Subject="Pump\r\n and engine"))
    assert problem(raw.replace(b"\r\n", b"\n")) == ""
    assert problem(raw.replace(b"\r\n", b"\n", 3))


def test_two_parsers_must_see_the_same_fields() -> None:
    raw = signed(mail())
    other = message_from_bytes(raw.replace(b"Ivan", b"Iwan"), _class=Part)
    assert [each.problem for each in reading.read(raw, other)[0]] == ["its header can be read in two ways"]


# ── for whom ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "covers", "expected"),
    [
        ({"To": "other@else.example"}, COVERED, "elsewhere"),
        ({"To": "other@else.example", "Cc": TO}, COVERED, "yes"),
        ({"To": "any@relay.example"}, COVERED, "elsewhere"),
        ({"To": TO.upper()}, COVERED, "yes"),
        ({"To": "any@sub.relay.example"}, COVERED, "elsewhere"),
        ({"To": '"t@relay.example" <other@else.example>'}, COVERED, "elsewhere"),
        ({}, "from:subject:date:content-type", "elsewhere"),
        ({"Cc": TO}, "from:to:subject:date:content-type", "yes"),
        ({"To": "other@else.example", "Cc": TO}, "from:to:subject:date:content-type", "elsewhere"),
    ],
)
def test_a_mail_signed_for_somebody_else(fields: dict[str, str], covers: str, expected: str) -> None:
    raw = signed(mail(**fields), covers=covers)
    assert shown(verdict(raw, published())) == (expected, "no", expected)
    zone = published() | {("north.example", "TXT"): txt("v=spf1 ip4:192.0.2.1 -all")}
    assert shown(verdict(raw, zone, envelope("ivan@north.example", "192.0.2.1"))) == ("yes", "yes", "yes")


def test_another_domains_signature_says_nothing() -> None:
    zone = published(domain="evil.example") | published(domain="example")
    for domain in ("evil.example", "example"):
        with Nameserver(zone) as server:
            assert shown(judge(signed(mail(), domain=domain), server)) == NOT
            assert all("domainkey" not in name for name, _ in server.asked)


def test_one_good_signature_of_many_is_enough() -> None:
    raw = mail()
    for number in range(9):
        raw = signed(raw, rsa_key(2048, 1), s=f"x{number}")
    good = signed(mail())[: -len(mail())]
    assert shown(verdict(good + raw, published())) == BELIEVED
    assert shown(verdict(raw.replace(mail(), good + mail()), published())) == BELIEVED
    eleventh = signed(raw.replace(mail(), good + mail()), rsa_key(2048, 1), s="x10")
    assert shown(verdict(eleventh, published())) == NOT


def test_every_signature_may_be_the_one() -> None:
    zone = published() | published(ed25519_key(), selector="ed")
    assert shown(verdict(signed(signed(mail(), a="rsa-sha1"), ed25519_key(), s="ed"), zone)) == BELIEVED


# ── canonical forms ────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.sampled_from([b" ", b"\t", b"a", b"\r\n", b"\r\n\r\n", b"bc ", b"\r", b"\n"]), max_size=60).map(b"".join))
def test_bodies_are_hashed_as_dkimpy_does(body: bytes) -> None:
    for form, known in ((dkim.canonicalization.Simple, "simple"), (dkim.canonicalization.Relaxed, "relaxed")):
        assert bodies.digest(b"x" + body, 1, known) == sha256(form.canonicalize_body(body)).digest()  # type: ignore[arg-type]


def test_a_large_body_is_hashed_in_pieces() -> None:
    body = (b"word  word \t\r\n" * 7 + b"\r\n" * 9) * 30_000
    for form, known in ((dkim.canonicalization.Simple, "simple"), (dkim.canonicalization.Relaxed, "relaxed")):
        assert bodies.digest(body, 0, known) == sha256(form.canonicalize_body(body)).digest()  # type: ignore[arg-type]


@given(st.binary(max_size=300))
def test_lists_of_tags_are_read_or_refused(text: bytes) -> None:
    try:
        found = tags.parse(text)
    except tags.Malformed:
        return
    assert all(name and value == value.strip() for name, value in found.items())
