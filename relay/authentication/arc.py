"""The ARC sets of a mail held against their keys, and what those say whose seals are believed (RFC 8617 §5.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from relay.authentication import dkim
from relay.authentication.dkim import Checked
from relay.authentication.names import aligned, in_dns
from relay.authentication.resolver import Resolver
from relay.model import Claim, Sealing

Result = Literal["none", "pass", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """Whether the seals count ("unknown": DNS does not answer), why not, and what they then claim: by whom, of which instance."""

    result: Result = "none"
    why: str = ""
    sealer: str = ""
    instance: int = 0
    claims: tuple[Claim, ...] = ()
    checked: tuple[Checked, ...] = ()

    def evidence(self) -> dict[str, Any]:
        """As plain JSON."""
        claims = [{"method": each.method, "result": each.result, "domain": each.domain} for each in self.claims]
        found = {"result": self.result, "why": self.why, "sealer": self.sealer, "instance": self.instance}
        return found | {"claims": claims, "keys": [each.evidence() for each in self.checked]}

    def says(self, method: str, author: str, *, strict: bool = False) -> bool:
        """Whether it is claimed that this method has passed for the author's domain; for "dmarc" the very one, and once."""
        found = [claim for claim in self.claims if claim.method == method]
        if method == "dmarc":
            return len(found) == 1 and found[0].result == "pass" and in_dns(found[0].domain) == author
        return any(claim.result == "pass" and aligned(in_dns(claim.domain), author, strict=strict) for claim in found)


async def check(sealing: Sealing, sealers: Set[str], resolver: Resolver, now: float) -> Sealed:
    """Asks DNS only where the newest seal is of one of `sealers`: nobody else's is believed."""
    if not sealing.seals:
        return Sealed("fail", sealing.problem) if sealing.problem else Sealed()
    newest = sealing.seals[-1].signature.domain
    if newest not in sealers or sealing.message.domain not in sealers:
        return Sealed("fail", "the newest seal is not of a listed sealer", newest)
    if problem := sealing.message.problem or dkim.age(sealing.message, now):
        return Sealed("fail", f"the newest ARC-Message-Signature does not count: {problem}", newest)
    signatures = (sealing.message, *(seal.signature for seal in sealing.seals))
    checked = tuple(await asyncio.gather(*(dkim.made(signature, resolver) for signature in signatures)))
    if wrong := [each for each in checked if each.result == "fail"]:
        return Sealed("fail", f"a seal of {wrong[0].signature.domain} does not count: {wrong[0].why}", newest, checked=checked)
    if silent := [each for each in checked if each.result == "unknown"]:
        return Sealed("unknown", silent[0].why, newest, checked=checked)
    return _believed(sealing, sealers, checked)


def _believed(sealing: Sealing, sealers: Set[str], checked: tuple[Checked, ...]) -> Sealed:
    """What the first of the listed sealers in a row has found: those behind it have got the mail from it."""
    row = list(takewhile(lambda seal: seal.signature.domain in sealers, reversed(sealing.seals)))
    first = row[-1]
    instance = len(sealing.seals) - len(row) + 1
    return Sealed("pass", "", first.signature.domain, instance, first.claims, checked)
