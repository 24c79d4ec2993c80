"""The relay's addresses: mint and parse.

A token is 26 characters of RFC 4648 base32 in lower case, 128 random bits, so it survives clients that fold case.

| address | form of the local part |
| --- | --- |
| thread address of a ticket | `t-TOKEN` |
| note address of a ticket | `n-TOKEN` |
| return-path of a letter (VERP) | `b-TOKEN` |
| where a person decides about a held mail | `h-TOKEN` |
| where a person confirms or disputes a report | `s-TOKEN` |
| a link's intake | the link's key |
| postmaster, abuse | themselves |
| where a party's digest is asked for | digest |
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

Kind = Literal["thread", "note", "return-path", "held", "statement", "link", "postmaster", "digest"]
PREFIXES: dict[str, Kind] = {"t": "thread", "n": "note", "b": "return-path", "h": "held", "s": "statement"}
_PREFIX = f"[{''.join(PREFIXES)}]"
ROLES = frozenset({"postmaster", "abuse"})
DIGEST = "digest"
# Names that a link must not have: they are, or will be, addresses of the relay itself.
RESERVED = ROLES | {"mailer-daemon", "noreply", DIGEST, "relay"}
TOKEN = r"[a-z2-7]{26}"
_ANY_TOKEN = re.compile(TOKEN, re.IGNORECASE)
_TOKEN_BYTES = re.compile(rb"(?<![A-Za-z0-9])" + TOKEN.encode() + rb"(?=@)", re.IGNORECASE)
# Whatever stands around it: it may follow an escape, as in "%3Ct-…". And a token alone, unless it is of a Message-ID.
_SHOWN = re.compile(
    rf"(?i)({_PREFIX}(?:-|%2d|=2d)[a-z2-7]{{5}})[a-z2-7]{{21}}|(?<![a-z0-9])([a-z2-7]{{5}})[a-z2-7]{{21}}(?![a-z0-9@])"
)
_TOKENED = re.compile(rf"({_PREFIX})-({TOKEN})")


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the relay: what it is, and its key (a token in lower case, or a link's key)."""

    kind: Kind
    key: str


def mint() -> str:
    """A new unguessable token: 26 base32 characters, 128 bits from the system's source."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def thread(token: str, domain: str) -> str:
    """The thread address of the ticket with that token."""
    return f"t-{token}@{domain}"


def note(token: str, domain: str) -> str:
    """The note address of the ticket with that token."""
    return f"n-{token}@{domain}"


def return_path(token: str, domain: str) -> str:
    """The VERP return-path of the letter with that token."""
    return f"b-{token}@{domain}"


def held(token: str, domain: str) -> str:
    """The address that takes a person's word about the held mail with that token."""
    return f"h-{token}@{domain}"


def digest(domain: str) -> str:
    """The address that digests come from, and that answers with one."""
    return f"{DIGEST}@{domain}"


def statement(token: str, domain: str) -> str:
    """The address that takes a person's word about the report with that token."""
    return f"s-{token}@{domain}"


def brief(address: str) -> str:
    """The address as a log may show it: enough of a token to find it again, not enough to write to it.

    >>> brief("t-abcdefghijklmnopqrstuvwxyz@relay.example.com")
    't-abcde…@relay.example.com'
    """
    return _SHOWN.sub(r"\1\2…", address) if _ANY_TOKEN.search(address) else address


def split(address: str) -> tuple[str, str]:
    """Local part and domain, both in lower case; ("", "") for something that is no address."""
    local, at, domain = address.strip().lower().rpartition("@")
    return (local, domain.rstrip(".")) if at and local and domain else ("", "")


def same(one: str, other: str) -> bool:
    """Whether two addresses name one mailbox; the local part is compared without case, as every common provider does."""
    return split(one) == split(other) != ("", "")


def parse(address: str, domain: str, links: Container[str]) -> Address | None:
    """What an address of this relay is, or None: another domain, or nothing that the relay has.

    Whether a token exists is not known here. `postmaster` without a domain is allowed by RFC 5321 §2.3.5.
    """
    if address.strip().lower() == "postmaster":
        return Address("postmaster", "postmaster")
    local, at = split(address)
    if not local or at != domain.lower():
        return None
    return _local(local, links)


def _local(local: str, links: Container[str]) -> Address | None:
    if tokened := _TOKENED.fullmatch(local):
        return Address(PREFIXES[tokened[1]], tokened[2])
    if local in ROLES:
        return Address("postmaster", local)
    if local == DIGEST:
        return Address("digest", local)
    return Address("link", local) if local in links else None


def betrays(content: bytes, domain: str) -> bool:
    """Whether a file holds an address with a token of this relay: a letter of ours, attached, gives away who may write where."""
    if f"@{domain}".encode().lower() not in content.lower():
        return False
    return re.search(rf"(?i)\b{_PREFIX}-{TOKEN}@{re.escape(domain)}".encode(), content) is not None


def tokens(text: bytes) -> frozenset[str]:
    """Every token in a text, whatever it is of: an address, or the Message-ID of a letter."""
    return frozenset(found.decode().lower() for found in _TOKEN_BYTES.findall(text))


def mentions(text: str) -> bool:
    """Whether a text has a thread, note or return-path address in it, as each of our letters does."""
    return _ANY_TOKEN.search(text) is not None and re.search(rf"(?i){_PREFIX}-{TOKEN}", text) is not None


def scrub(text: str, domain: str, replacement: str = "…") -> str:
    """`text` without any thread, note or return-path address of this relay, whatever stands around it.

    With the domain it may follow any character; a bare local part must not be a piece of a word, but for the end of an escape:
    links have addresses percent-encoded ("%3Ct-…%40relay.example%3E"), some twice.
    """
    if not _ANY_TOKEN.search(text):
        return text
    hyphen, at = "(?:-|%(?:25)*2d)", "(?:@|=40|%(?:25)*40)"
    whole = rf"{_PREFIX}{hyphen}{TOKEN}{at}{re.escape(domain)}"
    bare = rf"(?:(?<![^\W_])|(?<=[%=][0-9a-f]{{2}})|(?<=%25[0-9a-f]{{2}})){_PREFIX}{hyphen}{TOKEN}"
    return re.sub(f"(?i){whole}|{bare}", replacement, text)
