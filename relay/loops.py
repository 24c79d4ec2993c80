"""Whether what a ticket's party writes comes from a program that answers our letters, though no header says so. Pure.

| sign | what is seen within an hour |
| --- | --- |
| same | `same` mails of the same text, each after another letter of ours; two more of a few words, or where numbers differ |
| fast | `fast` mails running that each come within `reflex` of another letter of ours, and resemble each other |

| and also | for otherwise |
| --- | --- |
| the party answers whatever it gets | people write at the same time |
| some of these letters come from a program too: its words are repeated, or came too fast | a program answers people: no loop |

Three times as many of the same words need no other program, eight times as many quick ones no resemblance either. A few words
that differ in a number only ("question 7") are different. Who was paused in the last week is known by the first sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Literal

from relay.settings import LoopSettings

Reason = Literal["same", "fast"]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
BEGINNING = 500  # characters of a text that are compared
CERTAIN, CERTAINLY_FAST = 3, 8  # times as many mails need no other program; as many quick ones no resemblance either
MORE = 2  # mails more than `same`, where a person may well write so
LATE = timedelta(seconds=0.1)  # that an answer may be quicker than the word that the letter was taken
_RUN = re.compile(r"[!-~]+")
_VARIES = re.compile(r"[0-9@]|://")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Heard:
    """One mail of the party at the ticket.

    `words` are as `words_of` gives them, None where there is nothing to compare; `exact` is as `exact_of` gives it.
    """

    mail: str
    at: datetime
    words: str | None
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter to the ticket: the mail that it comes from, when it was ordered, and when it left, None while it has not."""

    cause: str
    ordered: datetime
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came from a ticket's party of late and what goes to it, both oldest first."""

    mails: tuple[Heard, ...] = ()
    letters: tuple[Sent, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the latest mail looks like: the sign, the mails that the answered letters come from, whether that alone is enough."""

    reason: Reason
    causes: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """From when until when a ticket's letters wait, by which sign; `times` counts the party's pauses there."""

    reason: Reason
    since: datetime
    until: datetime
    times: int


@lru_cache(maxsize=1024)
def words_of(text: str) -> str:
    """The beginning of a text without what differs from one copy to the next: numbers, dates, ids, addresses, blanks, case.

    Of a few words only blanks and case.
    """
    steady = _RUN.sub(lambda run: " " if _VARIES.search(run[0]) else run[0], text[:BEGINNING])
    words = " ".join(_WORD.findall(steady.casefold()))
    return exact_of(text) if _is_short(words) else words


def exact_of(text: str) -> str:
    """The beginning of a text without blanks and case."""
    return " ".join(text[:BEGINNING].casefold().split())


def suspected(traffic: Traffic, limits: LoopSettings, *, known: bool = False) -> Suspicion | None:
    """What the latest mail of a ticket's party looks like, seen with those before it. `known`: the party was paused of late."""
    if not traffic.mails:
        return None
    return _same(traffic, limits.same, known) or _fast(traffic, limits, known)


def is_loop(suspicion: Suspicion, traffic: Mapping[str, Traffic], reflex: timedelta) -> bool:
    """Whether the letters that such mails answer come from a program as well.

    `traffic` is, for each of `suspicion.causes`, that of the ticket whose party wrote it, as far as it is known.
    """
    if suspicion.certain:
        return True
    found = [(cause, traffic.get(cause, Traffic())) for cause in suspicion.causes]
    if suspicion.reason == "same":
        return any(_is_repeated(cause, there) for cause, there in found)
    return sum(_is_quick(cause, there, reflex) for cause, there in found) >= max(1, len(found) - 1)


def pause(limits: LoopSettings, reason: Reason, times: int, now: datetime) -> Pause:
    """The pause that begins now, the party's `times`-th (from 1): twice as long each time, a day at most."""
    doubled: timedelta = min(limits.pause, DAY) * 2 ** min(times - 1, 17)
    return Pause(reason, now, now + max(limits.pause, min(doubled, DAY)), times)


# ── the signs ──────────────────────────────────────────────────────────────────────────────────────────────


def _same(traffic: Traffic, most: int, known: bool) -> Suspicion | None:
    last = traffic.mails[-1]
    if last.words is None:
        return None
    enough = CERTAIN * most * (2 if _is_short(last.words) else 1)
    equal = [mail for mail in traffic.mails if mail.words == last.words and (known or last.at - mail.at <= HOUR)][-enough:]
    causes = _answered(traffic.letters, equal, HOUR)
    need = 2 if known else most if _is_plain(traffic, equal[-most:], causes[-most:]) else most + MORE
    if len(equal) < need or len(causes) < (1 if known else need) or not (known or _answers_all(traffic, equal[-need])):
        return None
    return Suspicion("same", causes[-need:], len(causes) == enough)


def _is_plain(traffic: Traffic, equal: Sequence[Heard], causes: Sequence[str]) -> bool:
    """Whether no person writes so: the very same text, and not of a few words, or again and again an answer to our answer."""
    if _is_short(equal[-1].words or ""):
        return False
    return len({mail.exact for mail in equal}) == 1 or {mail.mail for mail in traffic.mails} >= set(causes)


def _fast(traffic: Traffic, limits: LoopSettings, known: bool) -> Suspicion | None:
    recent = [mail for mail in traffic.mails if traffic.mails[-1].at - mail.at <= HOUR]
    for need, certain in ((CERTAINLY_FAST * limits.fast, True), (1 if known else limits.fast, False)):
        run = recent[-need:]
        causes = _answered(traffic.letters, run, limits.reflex)
        if len(causes) < need or not (known or _answers_all(traffic, run[0])):
            continue
        if certain or _is_pattern(traffic.mails, need, known):
            return Suspicion("fast", causes, certain)
    return None


def _is_pattern(mails: Sequence[Heard], run: int, known: bool) -> bool:
    """Whether each of the last `run` mails resembles one before it; the first need not, unless the party is known."""
    begin = len(mails) - run + (0 if known else 1)
    return all(any(_resemble(mails[at].words, mail.words) for mail in mails[:at]) for at in range(begin, len(mails)))


def _resemble(one: str | None, other: str | None) -> bool:
    """Whether most of the words of the shorter one are in both; a few words must be the same."""
    if one is None or other is None or _is_short(one) or _is_short(other):
        return one is not None and one == other
    words, others = set(one.split()), set(other.split())
    return one == other or 2 * len(words & others) > min(len(words), len(others))


def _answers_all(traffic: Traffic, first: Heard) -> bool:
    """Whether since that mail no more was to go to the party than it has written."""
    letters = {letter.cause for letter in traffic.letters if first.at < letter.ordered < traffic.mails[-1].at}
    return len(letters) <= sum(mail.at >= first.at for mail in traffic.mails) + 1


def _answered(letters: Sequence[Sent], mails: Sequence[Heard], within: timedelta) -> tuple[str, ...]:
    """What those letters come from that the mails may answer: each the latest `within` that time before it that is left."""
    causes, left = [], list(letters)
    for mail in reversed(mails):
        found = next((letter for letter in reversed(left) if _before(letter, mail, within)), None)
        if found is not None:
            left.remove(found)
            causes.append(found.cause)
    return tuple(reversed(causes))


def _before(letter: Sent, mail: Heard, within: timedelta) -> bool:
    if letter.at is None or letter.cause == mail.mail or letter.ordered > mail.at:
        return False
    return mail.at - within <= letter.at <= mail.at + LATE


def _is_short(words: str) -> bool:
    """Whether a person may well say just that again and again: "ok", "thank you"."""
    return words.count(" ") < 4 and len(words) < 40


# ── who wrote what was answered ────────────────────────────────────────────────────────────────────────────


def _is_repeated(cause: str, there: Traffic) -> bool:
    """Whether its author had said the same before; of a few words, twice before."""
    words = next((mail.words for mail in there.mails if mail.mail == cause), None)
    before = takewhile(lambda mail: mail.mail != cause, there.mails)
    return words is not None and sum(mail.words == words for mail in before) >= (2 if _is_short(words) else 1)


def _is_quick(cause: str, there: Traffic, reflex: timedelta) -> bool:
    """Whether it came within `reflex` of a letter to its author."""
    return any(mail.mail == cause and _answered(there.letters, [mail], reflex) for mail in there.mails)
