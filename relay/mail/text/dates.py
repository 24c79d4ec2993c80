"""Dates as mail clients write them, in any language: how surely a line holds one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from relay.mail.text import phrases

_NUMERIC = re.compile(
    r"(?<!\d)(?:\d{4}([./-])\d{1,2}\1\d{1,2}(?!\d)|\d{1,2}([./-])\d{1,2}\2\d{2,4}(?!\d)"
    r"|\d{1,2}\. \d{1,2}\. \d{2,4}(?!\d)|\d{4}\s?[年년]|\d{1,2}-[^\W\d_]{3,4}\.?-\d{2,4}(?!\d))"
)
TIME = re.compile(r"(?<!\d)\d{1,2}(?::|\.|h| h |点|時|시)\d{2}(?!\d)")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:19|20|1[34]|25)\d\d(?!\d)")  # 1404: Persian; 2569: Thai
TOKEN = re.compile(rf"\d+|{phrases.WORD}")
_OF = frozenset({"de", "of", "av", "th", "st", "nd", "rd", "г", "р"})
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
DIGIT = re.compile(r"\d")


def dated(text: str) -> int:
    """How surely `text` holds a point in time: 2 a whole date (or year and time), 1 a day of a month, 0 none."""
    if not DIGIT.search(text):
        return 0
    text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    if _NUMERIC.search(text) or (_YEAR.search(text) and _CLOCK.search(text)):
        return 2
    if not _day_of_month(text):
        return 0
    return 2 if _YEAR.search(text) or TIME.search(text) else 1


def _day_of_month(text: str) -> bool:
    tokens = TOKEN.findall(text.lower())
    names = phrases.months()
    return any(token in names and _beside_number(tokens, at) for at, token in enumerate(tokens))


def _beside_number(tokens: Sequence[str], at: int) -> bool:
    near = [tokens[i] for i in (at - 1, at + 1) if 0 <= i < len(tokens)]
    if at >= 2 and tokens[at - 1] in _OF:
        near.append(tokens[at - 2])
    return any(token.isdecimal() and 1 <= int(token[:4]) <= 31 for token in near)
