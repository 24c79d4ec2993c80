"""One signature held against its key (RFC 6376 §6.1), and against the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from relay.authentication import keys
from relay.authentication.resolver import Resolver, Silent
from relay.model import Signature

Result = Literal["pass", "fail", "unknown"]
LATE = 10 * 86400  # seconds after which a signed mail may be somebody else's copy of it; servers try again for five days
EARLY = 3600  # seconds that a clock may be ahead


@dataclass(frozen=True, slots=True)
class Checked:
    """A signature, what became of it ("unknown": DNS does not answer), why, and the record of its key as it was ("" for none)."""

    signature: Signature
    result: Result
    why: str = ""
    record: str = ""

    def evidence(self) -> dict[str, Any]:
        """As plain JSON."""
        found = {"domain": self.signature.domain, "selector": self.signature.selector, "result": self.result}
        return found | {"why": self.why, "record": self.record}


async def check(signature: Signature, resolver: Resolver, now: float) -> Checked:
    """Whether a signature counts at `now` (Unix seconds). Asks for its key only where that decides."""
    if problem := signature.problem or age(signature, now):
        return Checked(signature, "fail", problem)
    return await made(signature, resolver)


async def made(signature: Signature, resolver: Resolver) -> Checked:
    """Whether a signature is made with its domain's key."""
    try:
        records = await resolver.find(f"{signature.selector}._domainkey.{signature.domain}", "TXT")
    except Silent as error:
        return Checked(signature, "unknown", f"DNS does not answer: {error}")
    if len(records) != 1:
        return Checked(signature, "fail", f"its key has {len(records)} records" if records else "it has no key")
    why = keys.fault(signature, records[0])
    return Checked(signature, "fail" if why else "pass", why, records[0])


def age(signature: Signature, now: float) -> str:
    """Why it is not of these days; "" when it is."""
    if signature.expires is not None and signature.expires < now:
        return "it has expired (x=)"
    if signature.signed_at is None or signature.signed_at < now - LATE:
        return "it is older than ten days"
    return "it is made in the future" if signature.signed_at > now + EARLY else ""
