"""Banners that clients put over history, or over mail that is sent on: phrases between dashes, or alone on a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from relay.mail.text import marks, phrases


def _banner(table: dict[str, tuple[str, ...]]) -> re.Pattern[str]:
    """Phrases between dashes, or alone on a line that ends in a colon."""
    words = phrases.pattern(phrases.flat(table))
    dashed = rf"[-_=–—─]{{2,}}+\s*+[*_]*+(?:{words})\b[^\n]{{0,60}}$"
    return re.compile(rf"^[\s*>]*+(?:{dashed}|(?:{words})\s*:\s*$)", re.IGNORECASE)


_ORIGINAL = _banner(phrases.ORIGINAL)
_FORWARDED = _banner(phrases.FORWARDED)
_ORIGINALS = frozenset(phrases.flat(phrases.ORIGINAL))
_ABOVE = re.compile(phrases.pattern(phrases.flat(phrases.ABOVE)), re.IGNORECASE)
_HIDDEN = frozenset(f"[{phrase}]" for phrase in phrases.flat(phrases.HIDDEN))
_ORNAMENT = re.compile(r"^\s*[-=#*_~<>\[—–─]{2}|[-=#*_~<>\]—–─]\s*$")  # at an end of a line that is a marker
_LEAD = 8  # words that may stand before such a marker without ornaments
_DASHED = re.compile(r"^\s*-{2,}.{1,200}-{2,}\s*$")


def is_original(text: str) -> bool:
    """A banner over history: "-----Исходное сообщение-----", "write above this line"."""
    if not _is_ornate(text):
        return False
    text = marks.plain(text)
    return _ORIGINAL.match(text) is not None or _is_above(text)


def _is_above(text: str) -> bool:
    """ "Write above this line" as the whole line: between ornaments, or after a few words and before "to post a reply"."""
    found = _ABOVE.search(text)
    if found is None:
        return False
    before, after = text[: found.start()], text[found.end() :]
    return _ORNAMENT.search(text) is not None or (len(before.split()) <= _LEAD and _is_purpose(marks.words(after)))


def stands_alone(text: str) -> bool:
    """Whether such a banner is sure by itself; "Original message:" without a dash may be the writer's own."""
    return not text.strip()[0].isalnum() or _is_above(text)


def _is_purpose(words: Sequence[str]) -> bool:
    return not words or words[0].lower() in phrases.PURPOSE


def is_hidden_quote(text: str) -> bool:
    """What stands in the place of a quote that was folded away: "[Quoted text hidden]"."""
    return text.strip().lower() in _HIDDEN


def is_forwarded(text: str) -> bool:
    """A banner over mail that was forwarded on purpose."""
    return _is_ornate(text) and _FORWARDED.match(marks.plain(text)) is not None


def _is_ornate(text: str) -> bool:
    """Short, and with something beside words at an end: what every banner has."""
    stripped = text.strip()
    return 4 <= len(stripped) <= 200 and not (stripped[0].isalnum() and stripped[-1].isalnum())


def is_banner(text: str) -> bool:
    """Words between dashes, whatever they say, or "Original Message" without any: above a header block it is its banner."""
    return len(text) <= marks.LONGEST and (_DASHED.match(text) is not None or text.strip().lower() in _ORIGINALS)
