"""Text compared with the phrases of `noise_phrases`: without capitals, accents and the hyphen of "e-mail"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from relay.mail import noise_phrases, phrases

AROUND = " \t\xa0,.!;:-–—*_[]()<>"
_EMAIL = re.compile(r"\be[-‐‑–](?=mail|posta)")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "´": "'"})
Kinds = list[dict[str, tuple[str, ...]]]


def bare(text: str) -> str:
    """`text` as phrases are compared: lower case, no accents, single blanks.

    >>> bare("Это  E-Mail à l’Évêque")
    "это email a l'eveque"
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(_EMAIL.sub("e", plain.lower().translate(_APOSTROPHES)).split())


def holds(said: str, table: Kinds) -> dict[str, int]:
    """The kinds of phrases that a bare text holds, and where each begins, in the language of which it holds most."""
    best: dict[str, int] = {}
    for row in table:
        found = {
            kind: min(map(said.find, there)) for kind, some in row.items() if (there := [each for each in some if each in said])
        }
        best = max(best, found, key=len)
    return best


def starts(said: str, beginnings: tuple[str, ...]) -> bool:
    """Whether a bare text begins with one of these."""
    return said.strip(AROUND).startswith(beginnings)


def _bared(some: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(bare, some))


def _kinds(table: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Kinds:
    return [{kind: _bared(some) for kind, some in row.items()} for row in table.values()]


NOTICE, BANNER = _kinds(noise_phrases.NOTICE), _kinds(noise_phrases.BANNER)
SENT_FROM = _bared(phrases.flat(phrases.SENT_FROM))
EXCUSES = _bared(phrases.flat(noise_phrases.EXCUSES))
HEADING = frozenset(_bared(phrases.flat(noise_phrases.HEADING)))
SCANNED = _bared(phrases.flat(noise_phrases.SCANNED))
ALONE = _bared(phrases.flat(noise_phrases.FORMULAS) + phrases.flat(noise_phrases.LIST))
VENDORS = _bared(noise_phrases.VENDORS)
LIST_WORDS = _bared(noise_phrases.LIST_WORDS)
FIRST_CONTACT = _bared(noise_phrases.FIRST_CONTACT)
SHORT_BANNER = frozenset(_bared(noise_phrases.SHORT_BANNER))
DEVICE = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(map(re.escape, _bared(noise_phrases.DEVICES)))})")
