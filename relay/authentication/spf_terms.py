"""The grammar of SPF records (RFC 7208 §4.5, §5, §6, §12): one record → its mechanisms in order, and where it sends on to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Qualified = Literal["pass", "fail", "softfail", "neutral"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_QUALIFIERS: dict[str, Qualified] = {"": "pass", "+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_MACRO = r"%\{[slodiphv][0-9]*r?[.\-+,/_=]*\}|%[%_-]"
_MACRO_STRING = rf"(?:{_MACRO}|[!-$&-~])*"
_TOP_LABEL = r"(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])"
_DOMAIN_SPEC = re.compile(rf"{_MACRO_STRING}(?:\.{_TOP_LABEL}\.?|{_MACRO})", re.IGNORECASE)
_ZERO = re.compile(r"%\{[a-z]0+[^0-9]", re.IGNORECASE)
_TERM = re.compile(r"([-+?~]?)([a-z][a-z0-9]*)(?:(:)(.*?))?((?:/[^/:{}]*)?(?://[^/:{}]*)?)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_PREFIX = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")
_VALUE = re.compile(_MACRO_STRING, re.IGNORECASE)
# Mechanism: whether it takes a domain ("must", "may" or not at all), and whether a prefix may follow.
_SHAPES = {
    "all": ("", False),
    "include": ("must", False),
    "a": ("may", True),
    "mx": ("may", True),
    "ptr": ("may", False),
    "exists": ("must", False),
}


class Broken(ValueError):
    """No record of this grammar: a permerror. The text shows the term."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`domain` is a domain-spec with macros, "" where the current one is meant; `prefixes` are for IPv4 and IPv6."""

    result: Qualified
    name: str
    domain: str = ""
    prefixes: tuple[int, int] = (32, 128)
    network: Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The mechanisms in order, and the domain-spec of redirect=, "" for none."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""


def is_record(text: str) -> bool:
    """Whether a TXT record is of SPF (RFC 7208 §4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


@lru_cache(2048)
def parse(text: str) -> Record:
    """The record's terms, all checked before any is looked at. Raises Broken."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, text.split(" ")[1:]):
        if found := _MODIFIER.fullmatch(term):
            _modifier(found[1].lower(), found[2], modifiers)
        else:
            mechanisms.append(_mechanism(term))
    return Record(tuple(mechanisms), modifiers.get("redirect", ""))


def _modifier(name: str, value: str, modifiers: dict[str, str]) -> None:
    if name in ("redirect", "exp"):
        if name in modifiers:
            raise Broken(f"{name}= comes twice")
        modifiers[name] = _domain_spec(value)
    elif not _VALUE.fullmatch(value) or _ZERO.search(value):
        raise Broken(f"{name}={value}")


def _mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if match is None:
        raise Broken(term)
    sign, name, colon, domain, prefixes = match.groups(default="")
    name, result = name.lower(), _QUALIFIERS[sign]
    if name in ("ip4", "ip6"):
        return Mechanism(result, name, network=_network(name, domain, prefixes, term))
    if name not in _SHAPES:
        raise Broken(term)
    takes, prefixed = _SHAPES[name]
    if (colon and not takes) or (takes == "must" and not colon):
        raise Broken(term)
    if not prefixed and prefixes:
        domain, prefixes = domain + prefixes, ""
        if not colon:
            raise Broken(term)
    return Mechanism(result, name, _domain_spec(domain) if colon else "", _prefixes(prefixes, term))


def _domain_spec(text: str) -> str:
    if not _DOMAIN_SPEC.fullmatch(text) or _ZERO.search(text):
        raise Broken(f"{text!r} is no domain")
    return text


def _prefixes(text: str, term: str) -> tuple[int, int]:
    match = _PREFIX.fullmatch(text)
    four, six = match.groups() if match else ("", "")
    if match is None or int(four or 0) > 32 or int(six or 0) > 128:
        raise Broken(term)
    return int(four or 32), int(six or 128)


def _network(name: str, address: str, prefix: str, term: str) -> Network:
    """The network of ip4: or ip6:, whose address may have bits behind the prefix."""
    try:
        if "%" in address or not re.fullmatch(r"(/(0|[1-9][0-9]{0,2}))?", prefix):
            raise Broken(term)
        if name == "ip4":
            return ipaddress.IPv4Network(address + prefix, strict=False)
        return ipaddress.IPv6Network(address + prefix, strict=False)
    except ValueError:
        raise Broken(term) from None
