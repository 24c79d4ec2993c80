"""SPF: may this client send for this domain (RFC 7208)? The whole of `check_host`, over the resolver of all."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from relay.authentication import spf_macros, spf_terms
from relay.authentication.names import in_dns
from relay.authentication.resolver import Kind, Records, Resolver, Silent
from relay.authentication.spf_macros import Client, Ip
from relay.authentication.spf_terms import Broken, Mechanism, Record

Result = Literal["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"]
LOOKUPS, VOID, HOSTS = 10, 2, 10  # terms that ask DNS; those that get nothing; names of one MX or PTR (RFC 7208 §4.6.4)
_LOCAL = "postmaster"  # where the sender has no local part (RFC 7208 §4.3)


class _Wrong(Exception):
    """A permerror; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result for a domain, what has decided it, and the records that were read, by their domains."""

    result: Result
    domain: str = ""
    why: str = ""
    records: dict[str, str] = field(default_factory=dict)

    def evidence(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"result": self.result, "domain": self.domain, "why": self.why, "records": self.records}


def identity(mail_from: str, helo: str) -> tuple[str, str]:
    """The domain to ask, in A-labels, and the sender: of the return-path, or of HELO where that is null. "" for none."""
    local, at, domain = mail_from.rpartition("@") if mail_from else (_LOCAL, "@", helo)
    domain = in_dns(domain) if at else ""
    return domain, f"{local or _LOCAL}@{domain}"


def address(peer: str) -> Ip | None:
    """The client's address; an IPv4 one in IPv6 clothes is IPv4. None for something else."""
    try:
        found = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None) or found


async def check(domain: str, client: Client, resolver: Resolver) -> Answer:
    """Whether the client may send for the domain (A-labels). Never raises."""
    asked = _Check(client, resolver)
    try:
        result = await asked.host(domain)
    except Silent as error:
        return Answer("temperror", domain, f"DNS does not answer: {error}", asked.records)
    except (_Wrong, Broken) as error:
        return Answer("permerror", domain, str(error), asked.records)
    return Answer(result, domain, asked.why, asked.records)


class _Check:
    """One evaluation: what it may still ask, and what it has read."""

    def __init__(self, client: Client, resolver: Resolver) -> None:
        self._client, self._resolver = client, resolver
        self._lookups = self._void = 0
        self.why = ""
        self.records: dict[str, str] = {}

    async def host(self, domain: str) -> Result:
        """`check_host` (RFC 7208 §4). Raises _Wrong, Broken or Silent."""
        text = await self._record(domain)
        if text is None:
            return "none"
        record = spf_terms.parse(text)
        for mechanism in record.mechanisms:
            if await self._matches(mechanism, domain):
                self.why = self.why if mechanism.name == "include" else f"{mechanism.name} of {domain}"
                return mechanism.result
        return await self._redirected(record, domain) if record.redirect else "neutral"

    async def _record(self, domain: str) -> str | None:
        if not _is_host(domain):
            return None
        found = [text for text in await self._resolver.find(domain, "TXT") if spf_terms.is_record(text)]
        if len(found) > 1:
            raise _Wrong(f"{domain} has {len(found)} SPF records")
        self.records |= {domain: found[0]} if found else {}
        return found[0] if found else None

    async def _redirected(self, record: Record, domain: str) -> Result:
        self._count()
        target = await self._expanded(record.redirect, domain)
        result = await self.host(target)
        if result == "none":
            raise _Wrong(f"redirect={target} has no record")
        return result

    # ── mechanisms ─────────────────────────────────────────────────────────────────────────────────────────

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name in ("all", "ip4", "ip6"):
            return mechanism.network is None or self._client.ip in mechanism.network
        self._count()
        target = await self._expanded(mechanism.domain, domain) if mechanism.domain else domain
        match mechanism.name:
            case "include":
                return await self._included(target)
            case "a":
                return self._within(await self._asked(target, self._addresses), mechanism)
            case "mx":
                return await self._exchanged(target, mechanism)
            case "ptr":
                return any(_is_below(name, target) for name in await self._validated())
            case _:
                return bool(await self._asked(target, "A"))

    async def _included(self, target: str) -> bool:
        result = await self.host(target)
        if result == "none":
            raise _Wrong(f"include:{target} has no record")
        return result == "pass"

    async def _exchanged(self, target: str, mechanism: Mechanism) -> bool:
        hosts = await self._asked(target, "MX")
        if len(hosts) > HOSTS:
            raise _Wrong(f"mx:{target} has {len(hosts)} hosts")
        for host in hosts:
            if self._within(await self._resolver.find(host, self._addresses), mechanism):
                return True
        return False

    async def _validated(self) -> Sequence[str]:
        """The client's names that lead back to it; without an answer none (RFC 7208 §5.5)."""
        names: list[str] = []
        try:
            found = await self._asked(self._client.ip.reverse_pointer, "PTR")
        except Silent:
            return names
        for name in found[:HOSTS]:
            try:
                back = await self._resolver.find(name, self._addresses)
            except Silent:
                continue
            if self._client.ip in map(ipaddress.ip_address, back):
                names.append(name)
        return names

    # ── what they need ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def _addresses(self) -> Kind:
        return "A" if self._client.ip.version == 4 else "AAAA"

    async def _asked(self, name: str, kind: Kind) -> Records:
        """The records that a term asks for. Raises _Wrong where too many terms get none."""
        found = await self._resolver.find(name, kind)
        if not found:
            self._void += 1
            if self._void > VOID:
                raise _Wrong(f"more than {VOID} look-ups that find nothing")
        return found

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > LOOKUPS:
            raise _Wrong(f"more than {LOOKUPS} look-ups")

    def _within(self, addresses: Records, mechanism: Mechanism) -> bool:
        prefix = mechanism.prefixes[0] if self._client.ip.version == 4 else mechanism.prefixes[1]
        return any(self._client.ip in ipaddress.ip_network(f"{each}/{prefix}", strict=False) for each in addresses)

    async def _expanded(self, spec: str, domain: str) -> str:
        return await spf_macros.expand(spec, domain, self._client, self._best)

    async def _best(self, domain: str) -> str:
        """The value of %{p}: a name of the client, the domain itself or one below it before others (RFC 7208 §7.3)."""
        names = await self._validated()
        exact = [name for name in names if name == domain.lower()]
        below = [name for name in names if _is_below(name, domain)]
        return next(iter([*exact, *below, *names]), "unknown")


def _is_host(domain: str) -> bool:
    """A name of several labels (RFC 7208 §4.3)."""
    return len(domain) <= 253 and re.fullmatch(r"(?:[^.]{1,63}\.)+[^.]{1,63}", domain) is not None


def _is_below(name: str, domain: str) -> bool:
    return name == domain.lower() or name.endswith("." + domain.lower())
