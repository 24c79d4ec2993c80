"""The ARC sets of a mail (RFC 8617 §4, §5.2), up to their keys."""

from __future__ import annotations

from hashlib import sha256

from relay.mail.seals import claims, signatures, tags
from relay.mail.seals.fields import Field, Header
from relay.mail.seals.signatures import Source
from relay.model import Seal, Sealing, Signature

RESULTS, MESSAGE, SEAL = "arc-authentication-results", "arc-message-signature", "arc-seal"
_NAMES = (RESULTS, MESSAGE, SEAL)
_MOST = 50


def read(source: Source) -> Sealing:
    """Every set and the newest message signature. Never raises."""
    named = source.header.named
    if not any(name in named for name in _NAMES):
        return Sealing()
    try:
        sets = _sets(source.header)
        newest = sets[-1][MESSAGE]
        return Sealing(_seals(sets), signatures.message(newest, tags.parse(newest.value), source))
    except ValueError as fault:
        return Sealing(problem=f"malformed: {fault}")


def _sets(header: Header) -> list[dict[str, Field]]:
    """The fields of each instance, from 1. Raises ValueError unless every set is whole and none is missing."""
    found = {name: header.named.get(name, []) for name in _NAMES}
    count = len(found[SEAL])
    if count > _MOST or any(len(fields) != count for fields in found.values()):
        raise ValueError("its ARC sets are not whole, or too many")
    numbered = {name: {_instance(field): field for field in fields} for name, fields in found.items()}
    if any(set(fields) != set(range(1, count + 1)) for fields in numbered.values()):
        raise ValueError("its ARC sets are not numbered in a row")
    return [{name: numbered[name][number] for name in _NAMES} for number in range(1, count + 1)]


def _instance(field: Field) -> int:
    if field.name == RESULTS:
        return claims.instance(field.value)
    number = tags.number(tags.parse(field.value), "i")
    if not number:
        raise ValueError(f"{field.name} has no i=")
    return number


def _seals(sets: list[dict[str, Field]]) -> tuple[Seal, ...]:
    """Each seal signs all sets up to its own, in the form "relaxed" (RFC 8617 §5.1.1)."""
    hashed, seals = sha256(), []
    for number, fields in enumerate(sets, 1):
        hashed.update(fields[RESULTS].relaxed + fields[MESSAGE].relaxed)
        own = hashed.copy()
        own.update(signatures.unsigned(fields[SEAL], "relaxed"))
        seals.append(Seal(_signature(fields[SEAL], number, own.digest()), claims.read(fields[RESULTS].value)))
        hashed.update(fields[SEAL].relaxed)
    return tuple(seals)


def _signature(field: Field, number: int, digest: bytes) -> Signature:
    given = tags.parse(field.value)
    if given.get("cv") != ("pass" if number > 1 else "none"):
        raise ValueError(f"cv= of ARC-Seal {number} is {given.get('cv', 'missing')}")
    if "h" in given or "bh" in given:
        raise ValueError(f"ARC-Seal {number} has h= or bh=")
    algorithm = tags.needed(given, "a").lower()
    if algorithm not in signatures.ALGORITHMS:
        raise ValueError(f"the algorithm of ARC-Seal {number} is {algorithm}")
    domain, selector = (tags.domain(tags.needed(given, name), name) for name in ("d", "s"))
    return Signature(domain, selector, algorithm, digest, tags.binary(given, "b"), domain)
