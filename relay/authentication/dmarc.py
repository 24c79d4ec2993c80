"""What a domain asks for in its DMARC record: how exactly a proof must name it (RFC 7489 §6.3). Its p= decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.authentication.names import organisation
from relay.authentication.resolver import Resolver, Silent
from relay.mail.seals import tags

_WISHES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True)
class Policy:
    """The record in force and the name it stands at, both "" for none; `known` is False where DNS does not answer."""

    name: str = ""
    record: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    known: bool = True

    def evidence(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"name": self.name, "record": self.record, "known": self.known}


async def policy(domain: str, resolver: Resolver) -> Policy:
    """The policy for mails from `domain` (A-labels): its own, or its organisation's."""
    try:
        for each in dict.fromkeys((domain, organisation(domain))):
            name = f"_dmarc.{each}"
            records = [record for record in await resolver.find(name, "TXT") if _is_dmarc(record)]
            if records:
                return _read(name, records[0]) if len(records) == 1 else Policy()
    except Silent:
        return Policy(known=False)
    return Policy()


def _is_dmarc(record: str) -> bool:
    name, _, value = record.partition(";")[0].partition("=")
    return name.strip().lower() == "v" and value.strip() == "DMARC1"


def _read(name: str, record: str) -> Policy:
    """The policy of a record; none of a malformed one."""
    try:
        given = {key.lower(): value.lower() for key, value in tags.parse(record.encode("utf-8")).items()}
    except tags.Malformed:
        return Policy()
    if given.get("p") not in _WISHES and "rua" not in given:
        return Policy()
    return Policy(name, record, given.get("adkim") == "s", given.get("aspf") == "s")
