"""DKIM-Signature and ARC-Message-Signature: one field → `model.Signature` (RFC 6376 §3.5, §6.1; RFC 8617 §4.1.2).

Stricter than the RFC in what counts: no `l=`, no SHA-1, and all that `coverage` asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from relay.mail.parts import headers
from relay.mail.parts.part import Part
from relay.mail.seals import bodies, codings, coverage, tags
from relay.mail.seals.bodies import Form
from relay.mail.seals.fields import Field, Header, relaxed
from relay.mail.seals.tags import Malformed
from relay.model import Signature

ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})
_FORMS: dict[str, Form] = {"simple": "simple", "relaxed": "relaxed"}
_ADDRESSED = ("to", "cc")


@dataclass
class Source:
    """A mail that is looked at; its body once for each form and charset, however many signatures there are."""

    raw: bytes
    seen: Part
    header: Header
    hashes: dict[Form, bytes] = field(default_factory=dict)
    boxes: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    fits: dict[str, frozenset[str]] = field(default_factory=dict)

    def body_hash(self, form: Form) -> bytes:
        if form not in self.hashes:
            self.hashes[form] = bodies.digest(self.raw, self.header.body, form)
        return self.hashes[form]

    def fitting(self, charset: str) -> frozenset[str]:
        """The transfer encodings that the body fits."""
        if charset not in self.fits:
            self.fits[charset] = codings.fitting(self.raw, self.header.body, charset)
        return self.fits[charset]

    def addresses(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The addresses in those fields."""
        if names not in self.boxes:
            self.boxes[names] = headers.addresses(self.seen, *names)
        return self.boxes[names]


def dkim(of: Field, source: Source) -> Signature:
    """A DKIM-Signature. Never raises."""
    try:
        given = tags.parse(of.value)
        found = _named(given)
    except Malformed as fault:
        return Signature(problem=f"malformed: {fault}")
    try:
        if tags.needed(given, "v") != "1":
            raise Malformed("v= is not 1")
        identity = given.get("i", "@" + found.domain).rpartition("@")[2].lower()
        if identity != found.domain and not identity.endswith("." + found.domain):
            raise Malformed("i= is not within d=")
        if "dns/txt" not in tags.listed(given.get("q", "dns/txt")):
            raise Malformed("q= is not dns/txt")
        return _read(of, given, found, identity, source)
    except Malformed as fault:
        return _spoilt(found, f"malformed: {fault}")


def message(of: Field, given: dict[str, str], source: Source) -> Signature:
    """An ARC-Message-Signature, whose i= is a number. Raises Malformed."""
    found = _named(given)
    if "arc-seal" in tags.listed(tags.needed(given, "h")):
        raise Malformed("h= has arc-seal")
    return _read(of, given, found, found.domain, source)


def _named(given: dict[str, str]) -> Signature:
    """Whose signature it is."""
    return Signature(
        tags.domain(tags.needed(given, "d"), "d"), tags.domain(tags.needed(given, "s"), "s"), given.get("a", "").lower()
    )


def _spoilt(found: Signature, problem: str) -> Signature:
    return Signature(found.domain, found.selector, found.algorithm, problem=problem)


def _read(of: Field, given: dict[str, str], found: Signature, identity: str, source: Source) -> Signature:
    """The signature with what it covers, or with its first problem. Raises Malformed."""
    names = tags.listed(tags.needed(given, "h"))
    covers = frozenset(names)
    head, body = _canonicalisation(given)
    signed_at, expires = tags.number(given, "t"), tags.number(given, "x")
    if signed_at is not None and expires is not None and expires <= signed_at:
        raise Malformed("x= is not after t=")
    value, hashed = tags.binary(given, "b"), tags.binary(given, "bh")
    signed_at = coverage.dated(source.header, covers) if signed_at is None else signed_at
    unfit = _unfit(given, found.algorithm, signed_at)
    if problem := unfit or coverage.problem(source.header, covers, source.raw, source.seen, source.fitting):
        return _spoilt(found, problem)
    if hashed != source.body_hash(body):
        return _spoilt(found, "the body is not what was signed")
    return Signature(
        found.domain,
        found.selector,
        found.algorithm,
        _digest(of, names, head, source.header),
        value,
        identity,
        covers,
        source.addresses(tuple(name for name in _ADDRESSED if name in covers)),
        signed_at,
        expires,
    )


def _unfit(given: dict[str, str], algorithm: str, signed_at: int | None) -> str:
    if algorithm not in ALGORITHMS:
        return f"its algorithm is {algorithm or 'not said'}"
    if "l" in given:
        return "it covers a part of the body only (l=)"
    return "it does not say when it was made" if signed_at is None else ""


def _canonicalisation(given: dict[str, str]) -> tuple[Form, Form]:
    """The forms of the header and of the body."""
    head, _, body = given.get("c", "simple").lower().partition("/")
    if head not in _FORMS or (body or "simple") not in _FORMS:
        raise Malformed("c= is unknown")
    return _FORMS[head], _FORMS[body or "simple"]


def _digest(of: Field, names: tuple[str, ...], form: Form, header: Header) -> bytes:
    signed = header.selected(names, without=of)
    hashed = sha256(b"".join(each.relaxed if form == "relaxed" else each.raw for each in signed))
    hashed.update(unsigned(of, form))
    return hashed.digest()


def unsigned(of: Field, form: Form) -> bytes:
    """The signature's own field as it is signed: with an empty b=, without CRLF."""
    raw = of.raw[: of.raw.index(b":") + 1] + tags.without_signature(of.value)
    return (relaxed(raw) if form == "relaxed" else raw).removesuffix(b"\r\n")
