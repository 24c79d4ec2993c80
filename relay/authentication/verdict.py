"""A mail and the way it came → whether its author is proven, for each kind of proof a party may ask for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeVar

from relay import address
from relay.authentication import arc, dkim, dmarc, spf
from relay.authentication.arc import Sealed
from relay.authentication.dkim import Checked
from relay.authentication.dmarc import Policy
from relay.authentication.names import aligned, in_dns, organisation
from relay.authentication.resolver import PATIENCE, Resolver
from relay.authentication.spf_macros import Client
from relay.model import Envelope, Mail, Proof, Signature, Verdict
from relay.settings import DnsSettings

_T = TypeVar("_T")
_BEST_FIRST: tuple[Proof, ...] = ("yes", "later", "elsewhere", "no")
_BROUGHT: dict[str, Proof] = {"pass": "yes", "temperror": "later"}
_LATE = f"DNS does not answer within {PATIENCE:g} s"


@dataclass(frozen=True, slots=True)
class Found:
    """What every method has found of a mail whose From is at `author` (A-labels); `ours` is the relay's own domain."""

    author: str
    ours: str
    spf: spf.Answer
    signatures: tuple[Checked, ...]
    policy: Policy
    sealed: Sealed


class Authenticator:
    """Says who is believed. For one event loop; `domain` is the relay's own, `sealers` are believed in their ARC seals."""

    def __init__(self, dns: DnsSettings, sealers: frozenset[str], domain: str) -> None:
        self._resolver = Resolver(dns)
        self._sealers, self._domain = frozenset(filter(None, map(in_dns, sealers))), domain

    async def judge(self, envelope: Envelope, mail: Mail) -> Verdict:
        """What the mail shows of its author, after at most `PATIENCE` seconds. Never raises.

        The age of signatures is that at receipt, so that the answer is the same when a mail is looked at again.
        """
        author = in_dns(address.split(mail.author.address)[1])
        if not author:
            return Verdict(evidence={"from": mail.author.address, "why": "the domain of From is none that DNS may have"})
        found = await self._find(author, envelope, mail)
        proofs = proven(found)
        return Verdict(*proofs, evidence=_evidence(found))

    async def _find(self, author: str, envelope: Envelope, mail: Mail) -> Found:
        """Asks for everything at once. What is not there in time is unknown."""
        now = envelope.received_at.timestamp()
        ours = [signature for signature in mail.signatures if aligned(signature.domain, author)]
        sender = asyncio.create_task(_spf(author, envelope, self._resolver))
        policy = asyncio.create_task(dmarc.policy(author, self._resolver))
        sealed = asyncio.create_task(arc.check(mail.sealing, self._sealers, self._resolver, now))
        checked = [asyncio.create_task(dkim.check(signature, self._resolver, now)) for signature in ours]
        tasks: tuple[asyncio.Task[Any], ...] = (sender, policy, sealed, *checked)
        try:
            await asyncio.wait(tasks, timeout=PATIENCE)
        finally:
            for task in tasks:
                task.cancel()
        return Found(
            author,
            self._domain,
            _result(sender, spf.Answer("temperror", spf.identity(envelope.mail_from, envelope.helo)[0], _LATE)),
            tuple(_result(task, Checked(signature, "unknown", _LATE)) for task, signature in zip(checked, ours, strict=True)),
            _result(policy, Policy(known=False)),
            _result(sealed, Sealed("unknown", _LATE)),
        )


async def _spf(author: str, envelope: Envelope, resolver: Resolver) -> spf.Answer:
    """SPF of the sender, where that can say anything about the author."""
    domain, sender = spf.identity(envelope.mail_from, envelope.helo)
    ip = spf.address(envelope.peer)
    if not aligned(domain, author):
        return spf.Answer("none", domain, f"not asked: {domain or 'the sender'} is not of {organisation(author)}")
    if ip is None:
        return spf.Answer("none", domain, "not asked: the client has no address")
    return await spf.check(domain, Client(ip, sender, envelope.helo), resolver)


# ── the rules ──────────────────────────────────────────────────────────────────────────────────────────────


def proven(found: Found) -> tuple[Proof, Proof, Proof]:
    """The proofs for dmarc, spf and dkim."""
    return _dmarc(found), _either(_by_spf(found), _by_seal(found, "spf")), _either(_by_dkim(found), _by_seal(found, "dkim"))


def _dmarc(found: Found) -> Proof:
    """An aligned pass of either, aligned as the author's domain wants it. Where that is not known now, it must not matter."""
    if found.policy.known:
        return _aligned(found, found.policy)
    strictly, loosely = (_aligned(found, Policy(strict_dkim=strict, strict_spf=strict)) for strict in (True, False))
    return strictly if strictly == loosely else "later"


def _aligned(found: Found, policy: Policy) -> Proof:
    return _either(
        _by_spf(found, strict=policy.strict_spf),
        _by_dkim(found, strict=policy.strict_dkim),
        _by_seal(found, "dmarc"),
        _by_seal(found, "spf", strict=policy.strict_spf),
        _by_seal(found, "dkim", strict=policy.strict_dkim),
    )


def _either(*proofs: Proof) -> Proof:
    """The best of several: what is not known yet may still be a yes, and goes before a signature that was for others."""
    return next((proof for proof in _BEST_FIRST if proof in proofs), "no")


def _by_spf(found: Found, *, strict: bool = False) -> Proof:
    if not aligned(found.spf.domain, found.author, strict=strict):
        return "no"
    return _BROUGHT.get(found.spf.result, "no")


def _by_dkim(found: Found, *, strict: bool = False) -> Proof:
    """A signature by the author's domain, for us or brought by a server that speaks for it: else it may be anybody's copy."""
    ours = [each for each in found.signatures if aligned(each.signature.domain, found.author, strict=strict)]
    passed = [each.signature for each in ours if each.result == "pass"]
    unknown = any(each.result == "unknown" for each in ours)
    if not passed:
        return "later" if unknown else "no"
    brought = _either(_by_spf(found), *(_by_seal(found, method) for method in ("dmarc", "spf", "dkim")))
    if brought == "yes" or any(_is_for(signature, found.ours) for signature in passed):
        return "yes"
    return "later" if unknown or brought == "later" else "elsewhere"


def _is_for(signature: Signature, domain: str) -> bool:
    """Whether one of the relay's addresses stands in To or Cc as signed."""
    return any(address.split(each)[1] == domain.lower() for each in signature.to)


def _by_seal(found: Found, method: str, *, strict: bool = False) -> Proof:
    if found.sealed.result == "unknown":
        return "later"
    return "yes" if found.sealed.result == "pass" and found.sealed.says(method, found.author, strict=strict) else "no"


def _result(task: asyncio.Task[_T], late: _T) -> _T:
    return task.result() if task.done() and not task.cancelled() else late


def _evidence(found: Found) -> dict[str, Any]:
    return {
        "from": found.author,
        "organisation": organisation(found.author),
        "spf": found.spf.evidence(),
        "dkim": [each.evidence() for each in found.signatures],
        "dmarc": found.policy.evidence(),
        "arc": found.sealed.evidence(),
    }
