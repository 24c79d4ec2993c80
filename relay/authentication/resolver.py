"""DNS as authentication asks it: what there is, that there is none, or that nobody answers; remembered as long as it holds."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from relay.settings import DnsSettings

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Records = tuple[str, ...]

PATIENCE = 5.0  # seconds for one answer
_TRY = 1.5  # seconds until the question is asked again
_REMEMBERED = 20_000  # answers
_LONGEST, _LONGEST_NONE = 3600, 900  # seconds that an answer is believed at most; one that there is none
_ALIASES = 8  # that are followed where the nameserver does not
_PAYLOAD = 1232  # bytes of an answer over UDP (DNS flag day 2020); a larger one comes over TCP


class Silent(Exception):
    """DNS does not answer: no server does, or they say that they cannot. The text names the question."""


@dataclass(frozen=True, slots=True)
class _Known:
    records: Records
    until: float


class Resolver:
    """Answers from memory or from the nameservers; the same question is under way once. For one event loop."""

    def __init__(self, settings: DnsSettings) -> None:
        self._asking: dict[tuple[str, Kind], asyncio.Task[_Known]] = {}
        self._known: OrderedDict[tuple[str, Kind], _Known] = OrderedDict()
        self._dns = dns.asyncresolver.Resolver(configure=False)
        if not settings.nameservers:
            with suppress(dns.resolver.NoResolverConfiguration):  # then nobody answers, and mails that need a proof come again
                self._dns.read_resolv_conf("/etc/resolv.conf")
        if settings.nameservers:
            self._dns.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in settings.nameservers]
        self._dns.timeout, self._dns.lifetime = _TRY, PATIENCE
        self._dns.use_edns(0, 0, _PAYLOAD)

    async def find(self, name: str, kind: Kind) -> Records:
        """The records of a name: texts joined, addresses, names without the last point, MX by preference; () for none.

        Raises Silent.
        """
        question = (name.lower().rstrip("."), kind)
        known = self._known.get(question)
        if known is None or known.until <= time.monotonic():
            known = await self._ask(question)
        return known.records

    async def _ask(self, question: tuple[str, Kind]) -> _Known:
        """One task asks for all who want to know; that one of them gives up does not stop it."""
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.create_task(self._answer(*question))
            task.add_done_callback(lambda done: self._learn(question, done))
        return await asyncio.shield(task)

    def _learn(self, question: tuple[str, Kind], done: asyncio.Task[_Known]) -> None:
        self._asking.pop(question, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._known[question] = done.result()
        self._known.move_to_end(question)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _answer(self, name: str, kind: Kind) -> _Known:
        try:
            asked = dns.name.Name([label.encode("utf-8") for label in name.split(".")] + [b""])
        except dns.exception.DNSException:
            return _Known((), time.monotonic() + _LONGEST_NONE)  # no such name can be
        try:
            return await self._resolve(asked, kind)
        except dns.resolver.NXDOMAIN as error:
            return _none(error)
        except (dns.exception.DNSException, OSError) as error:
            raise Silent(f"{name} {kind}: {type(error).__name__}") from error

    async def _resolve(self, asked: dns.name.Name, kind: Kind) -> _Known:
        for _ in range(_ALIASES):
            answer = await self._dns.resolve(asked, kind, raise_on_no_answer=False, search=False)
            if answer.rrset is not None:
                lasts = min(answer.chaining_result.minimum_ttl, _LONGEST)
                return _Known(_RECORDS[kind](answer.rrset), time.monotonic() + lasts)
            if answer.canonical_name == asked:
                return _Known((), time.monotonic() + min(answer.chaining_result.minimum_ttl, _LONGEST_NONE))
            asked = answer.canonical_name
        raise Silent(f"{asked} {kind}: too many aliases")


def _none(error: dns.resolver.NXDOMAIN) -> _Known:
    """That there is no such name, as long as the zone says (RFC 2308)."""
    lasts = [response.resolve_chaining().minimum_ttl for response in error.kwargs["responses"].values()]
    return _Known((), time.monotonic() + min([*lasts, _LONGEST_NONE]))


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


_RECORDS: dict[Kind, Callable[[Any], Records]] = {
    "TXT": lambda found: tuple(sorted(b"".join(record.strings).decode("latin-1") for record in found)),
    "A": lambda found: tuple(record.address for record in found),
    "AAAA": lambda found: tuple(record.address for record in found),
    "MX": lambda found: tuple(_name(record.exchange) for record in sorted(found, key=lambda each: each.preference)),
    "PTR": lambda found: tuple(_name(record.target) for record in found),
}
