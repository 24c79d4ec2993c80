"""Domain names: as they stand in DNS, and whether two are of one organisation (RFC 7489 §3.1, §3.2)."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import idna
from publicsuffixlist import PublicSuffixList

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*{_LABEL}")


@lru_cache(4096)
def in_dns(domain: str) -> str:
    """The name in A-labels (RFC 5890), lower case; "" for what is no name.

    IDNA 2008 without mappings: what looks like another name, or is folded to one by some programs ("straße"), stays itself.
    """
    domain = domain.lower().removesuffix(".")
    if not domain.isascii():
        try:
            domain = idna.encode(domain).decode("ascii")
        except UnicodeError:
            return ""
    return domain if _DOMAIN.fullmatch(domain) else ""


@lru_cache(4096)
def organisation(domain: str) -> str:
    """The registered domain that a name in A-labels belongs to; itself where it is a public suffix.

    Below an unlisted suffix, its last label, everyone is on his own: north.test and evil.test are two.
    """
    return str(_suffixes().privatesuffix(domain) or domain)


@cache
def _suffixes() -> PublicSuffixList:
    """The list that comes with the package, with the suffixes of hosters; reading it takes 30 ms."""
    return PublicSuffixList()


def aligned(one: str, other: str, *, strict: bool = False) -> bool:
    """Whether two names in A-labels are the same, or unless `strict`, of one organisation. "" is aligned with nothing."""
    return bool(one) and (one == other or (not strict and bool(other) and organisation(one) == organisation(other)))
