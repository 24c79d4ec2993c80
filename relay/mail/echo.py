"""Which lines of a mail are copies of letters that we sent to its writer: history, whatever his client put around them.

Words are compared, not lines, so that wrapping, quote signs and layout change nothing. A letter counts as quoted when most of it
is there, or a piece of what stands around the words in each letter; then the lines that lie wholly within copied runs are copies.
A sentence that somebody repeats is not one: each word of the letter is found once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from relay import address
from relay.mail import dates

GRAM = 4  # words by which runs are found
PIECE = 12  # words a block of copied lines must have
FRAME = 8  # words of what stands around that tell that the letter is quoted
LAST = 8  # words at the end of which one must be there for the letter to be whole
CANDIDATES = 8  # places in the letter that are tried for one run
HEADING = 8  # lines a client may put above what it quotes
LETTERS = 20  # the latest ones that are looked at
LONGEST = 20_000  # words of one letter

_WORD = re.compile(r"[^\W_]+")
# Where a link leads: clients write it behind what is shown, rewrite or drop it.
_TARGET = re.compile(r"[<\[(](?:https?:|mailto:|cid:)[^\s<>\])]{0,2000}[>\])]|https?://\S{1,2000}", re.IGNORECASE)
_RULE = re.compile(r"(?m)^— — —$")
_EMPTY = re.compile(r"^[\s>|\-—–_=*]*$")
_MARK = re.compile(r"^[ \t]*[>|][\s>|]*$")
_LABELLED = re.compile(r"^[\s*_|>]{0,12}[^\W\d_][^:：<>@]{0,24}[:：](?!//)")


class _Run(NamedTuple):
    """Words start…end-1 of the mail are those from `at` on of the letter."""

    start: int
    end: int
    at: int


class _Letter(NamedTuple):
    words: list[str]
    frame: int  # where what stands around begins
    places: dict[tuple[str, ...], list[int]]  # of GRAM words
    lines: dict[tuple[str, ...], list[int]]  # of whole lines of fewer words


def copied(lines: Sequence[str], sent: Iterable[str]) -> dict[int, bool]:
    """The lines that are copies of letters: number → whether the letter stands there to its end.

    `sent` are the letters' plain texts, the latest first. Linear time in both.
    """
    words, of_line = _numbered(lines)
    found: dict[int, bool] = {}
    for text in list(sent)[:LETTERS] if words else ():
        letter = _letter(text)
        runs = list(_runs(words, letter))
        if not _is_quoted(letter, runs):
            continue
        whole = any(run.at + run.end - run.start >= len(letter.words) - LAST for run in runs)
        copies = {of_line[line.start] for line in _lines_of(runs, of_line, words, letter)}
        for at in copies | _rulers(lines, copies):
            found[at] = found.get(at, False) or whole
    return found


def headings(lines: Sequence[str], copies: Iterable[int]) -> set[int]:
    """The lines right above a copy that name where it comes from, in whatever language: "label: value" below one another.

    One of them has an address or a date; or a line alone has a thread address of ours.
    """
    known = set(copies)
    return {at for first in sorted(known) if first - 1 not in known for at in _heading(lines, first, known)}


def _numbered(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """The words of the lines, and of each the number of its line."""
    words, of_line = [], []
    for at, line in enumerate(lines):
        found = _words(line)
        words += found
        of_line += [at] * len(found)
    return words, of_line


def _words(text: str) -> list[str]:
    return _WORD.findall(_TARGET.sub(" ", text).casefold().replace("ё", "е"))


def _letter(text: str) -> _Letter:
    words = _words(text)[:LONGEST]
    rule = _RULE.search(text)
    frame = len(_words(text[: rule.start()])) if rule else len(words) // 2
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(words) - GRAM + 1):
        here = places.setdefault(tuple(words[at : at + GRAM]), [])
        if len(here) < CANDIDATES:
            here.append(at)
    return _Letter(words, frame, places, _short_lines(text))


def _short_lines(text: str) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    at = 0
    for line in map(_words, text.split("\n")):
        if 0 < len(line) < GRAM:
            found.setdefault(tuple(line), []).append(at)
        at += len(line)
    return found


def _rulers(lines: Sequence[str], copies: set[int]) -> set[int]:
    """Blank lines, rulers and bare quote signs between copied lines; of signs, those next to one as well."""
    found: set[int] = set()
    for steps in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        beside = False
        for at in steps:
            beside = at in copies or (beside and _MARK.match(lines[at]) is not None)
            found |= {at} if beside else set()
    known = sorted(found)
    for above, below in pairwise(known):
        if below - above > 1 and all(_EMPTY.match(line) for line in lines[above + 1 : below]):
            found |= set(range(above + 1, below))
    return found - copies


def _runs(words: Sequence[str], letter: _Letter) -> Iterator[_Run]:
    """The longest runs of words that mail and letter share, one after another in the mail."""
    at = 0
    while at + GRAM <= len(words):
        starts = letter.places.get(tuple(words[at : at + GRAM]), ())
        length, start = max(((_shared(words, at, letter.words, start), -start) for start in starts), default=(0, 0))
        if length:
            yield _Run(at, at + length, -start)
        at += length or 1


def _shared(words: Sequence[str], at: int, others: Sequence[str], start: int) -> int:
    most = min(len(words) - at, len(others) - start)
    return next((count for count in range(GRAM, most) if words[at + count] != others[start + count]), most)


def _is_quoted(letter: _Letter, runs: Sequence[_Run]) -> bool:
    most = sum(run.end - run.start for run in runs) * 2 >= len(letter.words) >= PIECE
    return most or any(run.at + run.end - run.start - max(run.at, letter.frame) >= FRAME for run in runs)


def _lines_of(runs: Sequence[_Run], of_line: Sequence[int], words: Sequence[str], letter: _Letter) -> Iterator[range]:
    """The words of each line that is a copy: first those of long blocks, then what stands between these in the letter as well."""
    place = {word: run.at + word - run.start for run in runs for word in range(run.start, run.end)}
    worded = list(_by_line(of_line))
    sure = {line.start: line for block in _blocks(worded, place) if sum(map(len, block)) >= PIECE for line in block}
    yield from sure.values()
    high, lows = len(letter.words), _ends_above(worded, sure, place)
    for line, low in zip(reversed(worded), reversed(lows), strict=True):  # upwards: a greeting above the quote is the writer's
        if line.start in sure:
            high = place[line[0]]
        elif (start := _found_between(words[line.start : line.stop], letter, low, high)) is not None:
            yield line
            high = start


def _blocks(worded: Iterable[range], place: Mapping[int, int]) -> Iterator[list[range]]:
    """Lines that lie wholly within runs, one after another as in the letter."""
    block: list[range] = []
    for line in worded:
        inside = all(word in place for word in line)
        if block and not (inside and place[line[0]] > place[block[-1][-1]]):
            yield block
            block = []
        block += [line] if inside else []
    yield block


def _ends_above(worded: Sequence[range], sure: Container[int], place: Mapping[int, int]) -> list[int]:
    """For each line where in the letter the next sure line above it ends."""
    found, end = [], 0
    for line in worded:
        found.append(end)
        end = place[line[-1]] + 1 if line.start in sure else end
    return found


def _found_between(line: Sequence[str], letter: _Letter, low: int, high: int) -> int | None:
    """The last place of a line's words in the letter between two places; fewer than GRAM words must be a whole line there."""
    if len(line) >= GRAM:
        starts: Sequence[int] = letter.places.get(tuple(line[:GRAM]), ())
    else:
        starts = letter.lines.get(tuple(line), ())
        starts = starts[max(0, (end := bisect_right(starts, high - len(line))) - 1) : end]
    fitting = (at for at in reversed(starts) if low <= at and at + len(line) <= high)
    return next((at for at in fitting if letter.words[at : at + len(line)] == list(line)), None)


def _by_line(of_line: Sequence[int]) -> Iterator[range]:
    """The numbers of the words of each line that has any."""
    edges = [0, *(at for at, (one, other) in enumerate(pairwise(of_line), 1) if one != other), len(of_line)]
    yield from (range(start, end) for start, end in pairwise(edges) if end > start)


def _heading(lines: Sequence[str], first: int, known: set[int]) -> Iterable[int]:
    at = first
    while at > 0 and first - at < 2 and not lines[at - 1].strip():
        at -= 1
    below = at
    while at > 0 and below - at < HEADING and at - 1 not in known and lines[at - 1].strip() and _is_labelled(lines[at - 1]):
        at -= 1
    told = lines[at:below]
    tells = any("@" in line or dates.dated(line) for line in told)
    return range(at, first) if (len(told) > 1 and tells) or any(map(address.mentions, told)) else ()


def _is_labelled(line: str) -> bool:
    return len(line) < 1000 and (_LABELLED.match(line) is not None or address.mentions(line))
