"""Macros in SPF records (RFC 7208 §7)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_MACRO = re.compile(r"%(?:\{([a-zA-Z])([0-9]*)(r?)([.\-+,/_=]*)\}|([%_-]))", re.IGNORECASE)
_LITERAL = {"%": "%", "_": " ", "-": "%20"}
_LONGEST = 253


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asked about: the client's address, the sender (with its local part), and the name given in HELO."""

    ip: Ip
    sender: str
    helo: str


async def expand(spec: str, domain: str, client: Client, validated: Callable[[str], Awaitable[str]]) -> str:
    """The domain that a domain-spec means while `domain` is looked at; `validated` gives the value of %{p} for it."""
    if "%" not in spec:
        return spec.removesuffix(".")
    values = _values(domain, client)
    if re.search(r"%\{p", spec, re.IGNORECASE):
        values["p"] = await validated(domain)
    name = _MACRO.sub(lambda match: _expanded(match, values), spec).removesuffix(".")
    while len(name) > _LONGEST and "." in name:
        name = name.partition(".")[2]
    return name


def _values(domain: str, client: Client) -> dict[str, str]:
    local, _, at = client.sender.rpartition("@")
    four = client.ip.version == 4
    address = str(client.ip) if four else ".".join(client.ip.exploded.replace(":", ""))
    return {
        "s": client.sender,
        "l": local,
        "o": at,
        "d": domain,
        "i": address,
        "v": "in-addr" if four else "ip6",
        "h": client.helo,
    }


def _expanded(match: re.Match[str], values: dict[str, str]) -> str:
    letter, count, reverse, delimiters, literal = match.groups()
    if literal:
        return _LITERAL[literal]
    parts = re.split(f"[{re.escape(delimiters or '.')}]", values[letter.lower()])
    if reverse:
        parts.reverse()
    text = ".".join(parts[-int(count) :] if count else parts)
    return quote(text, safe="-._~") if letter.isupper() else text
