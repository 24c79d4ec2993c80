"""Text compared with the phrases of `noise_phrases`: without capitals, accents and the hyphen of "e-mail"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from relay.mail.text import noise_phrases, phrases

AROUND = " \t\xa0,.!;:-–—*_[]()<>"
_EMAIL = re.compile(r"\be[-‐‑–](?=mail|posta)")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "´": "'"})
_WORD = re.compile(r"(?<!\w)\w")
_UNSPACED = re.compile(r"[\u2e80-\ud7ff]")  # scripts that put no blanks between words
KEY = 3  # characters that a phrase is looked up by


def bare(text: str) -> str:
    """`text` as phrases are compared: lower case, no accents, single blanks.

    >>> bare("Это  E-Mail à l’Évêque")
    "это email a l'eveque"
    """
    plain = text
    if not text.isascii():
        plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(_EMAIL.sub("e", plain.lower().translate(_APOSTROPHES)).split())


class Phrases:
    """A table language → kind → phrases, ready to be looked for: a phrase begins where a word does."""

    def __init__(self, table: Mapping[str, Mapping[str, tuple[str, ...]]]) -> None:
        self._by_key: dict[str, list[tuple[str, str, str]]] = {}
        self._unspaced: list[tuple[str, str, str]] = []
        for language, row in table.items():
            for kind, some in row.items():
                for phrase in map(bare, some):
                    self._by_key.setdefault(phrase[:KEY], []).append((phrase, language, kind))
                    if _UNSPACED.match(phrase):
                        self._unspaced.append((phrase, language, kind))

    def held(self, said: str) -> dict[str, int]:
        """The kinds of phrases that a bare text holds, and where each begins, in the language of which it holds most."""
        found: dict[str, dict[str, int]] = {}
        for at, language, kind in self._matches(said):
            row = found.setdefault(language, {})
            row[kind] = min(at, row.get(kind, at))
        return max(found.values(), key=len, default={})

    def _matches(self, said: str) -> Iterator[tuple[int, str, str]]:
        for word in _WORD.finditer(said):
            at = word.start()
            for phrase, language, kind in self._by_key.get(said[at : at + KEY], ()):
                if said.startswith(phrase, at):
                    yield at, language, kind
        if _UNSPACED.search(said):
            yield from ((said.find(phrase), language, kind) for phrase, language, kind in self._unspaced if phrase in said)


def starts(said: str, beginnings: tuple[str, ...]) -> bool:
    """Whether a bare text begins with one of these."""
    return said.strip(AROUND).startswith(beginnings)


def _bared(some: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(bare, some))


NOTICE, BANNER = Phrases(noise_phrases.NOTICE), Phrases(noise_phrases.BANNER)
SENT_FROM = _bared(phrases.flat(phrases.SENT_FROM))
EXCUSES = _bared(phrases.flat(noise_phrases.EXCUSES))
HEADING = frozenset(_bared(phrases.flat(noise_phrases.HEADING)))
SCANNED = _bared(phrases.flat(noise_phrases.SCANNED))
FORMULAS = _bared(phrases.flat(noise_phrases.FORMULAS))
LIST = _bared(phrases.flat(noise_phrases.LIST))
VENDORS = _bared(noise_phrases.VENDORS)
LIST_WORDS = _bared(noise_phrases.LIST_WORDS)
FIRST_CONTACT = _bared(noise_phrases.FIRST_CONTACT)
WARNING = _bared(noise_phrases.WARNING)
SPEAKERS = frozenset(_bared(noise_phrases.SPEAKERS))
SHORT_BANNER = frozenset(_bared(noise_phrases.SHORT_BANNER))
_DEVICES = _bared(noise_phrases.DEVICES)
_SPELT = "|".join(re.escape(each) for each in _DEVICES if not _UNSPACED.match(each))
_DRAWN = "|".join(re.escape(each) for each in _DEVICES if _UNSPACED.match(each))
DEVICE = re.compile(rf"(?<![^\W\d_])(?:{_SPELT})|{_DRAWN}")
