"""Which lines of a mail are copies of letters that we sent to its writer: history, whatever his client put around them.

Words are compared, not lines, so that wrapping, quote signs and layout change nothing. A letter counts as quoted when most of it
is there from its beginning, or a piece of what stands around the words in each letter; then the lines that lie wholly within
copied runs are copies. What stands around is alike in all letters, so it counts for the one that fits it best.

A sentence that somebody repeats is no copy: each word of the letter is found once, and where the copy is marked, what is not
marked is the writer's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from relay import address
from relay.mail.text import dates

GRAM = 4  # words by which runs are found
SHARED = 3  # such runs that mail and letter have at least
PIECE = 12  # words a block of copied lines must have
FRAME = 8  # words of what stands around that tell that the letter is quoted
LAST = 8  # words at the end of which one must be there for the letter to be whole
CANDIDATES = 8  # places in the letter that are tried for one run
HEADING = 8  # lines a client may put above what it quotes
LETTERS = 8  # the latest ones that are looked at
LONGEST = 20_000  # words of one letter

_WORD = re.compile(r"[^\W_]+")
# Where a link leads: clients write it behind what is shown, rewrite or drop it.
_TARGET = re.compile(r"[<\[(](?:https?:|mailto:|cid:)[^\s<>\])]{0,2000}[>\])]|https?://\S{1,2000}", re.IGNORECASE)
_RULE = re.compile(r"(?m)^— — —$")
_EMPTY = re.compile(r"^[\s>|\-—–_=*]*$")
_MARK = re.compile(r"^[ \t]*[>|][\s>|]*$")
_MARKED = re.compile(r"^[ \t]{0,8}[>|]")
_LABELLED = re.compile(r"^[\s*_|>]{0,12}[^\W\d_][^:：<>@]{0,24}[:：](?!//)")


class _Run(NamedTuple):
    """Words start…end-1 of the mail are those from `at` on of the letter."""

    start: int
    end: int
    at: int


class _Mail(NamedTuple):
    words: list[str]
    of_line: list[int]  # the number of each word's line
    marked: list[bool]  # of each line, whether it has a quote sign


class _Letter(NamedTuple):
    words: list[str]
    frame: int  # where what stands around begins
    places: dict[tuple[str, ...], list[int]]  # of GRAM words
    lines: dict[tuple[str, ...], list[int]]  # of whole lines of fewer words


def copied(lines: Sequence[str], sent: Iterable[str]) -> dict[int, bool]:
    """The lines that are copies of letters: number → whether the letter stands there to its end.

    `sent` are the letters' plain texts, the latest first. Linear time in both.
    """
    mail = _numbered(lines)
    found: dict[int, bool] = {}
    explained: set[int] = set()  # words of the mail that a better fitting letter has
    for _, text, all_runs in sorted(_matched(mail.words, sent), key=lambda one: one[0], reverse=True):
        runs = list(_without(all_runs, explained))
        if not runs or not _is_quoted(letter := _letter(text), runs):
            continue
        whole = any(run.at + run.end - run.start >= len(letter.words) - LAST for run in runs)
        first, again = _lines_of(runs, mail, letter)
        explained |= {word for line in first for word in line}
        copies = {mail.of_line[line.start] for line in (*first, *again)}
        for at in copies | _rulers(lines, copies):
            found[at] = found.get(at, False) or whole
    return found


def headings(lines: Sequence[str], copies: Iterable[int]) -> set[int]:
    """The lines right above a copy that name where it comes from, in whatever language: "label: value" below one another.

    One of them has an address or a date; or a line alone has a thread address of ours.
    """
    known = set(copies)
    return {at for first in sorted(known) if first - 1 not in known for at in _heading(lines, first, known)}


def _numbered(lines: Sequence[str]) -> _Mail:
    words, of_line = [], []
    for at, line in enumerate(lines):
        found = _words(line)
        words += found
        of_line += [at] * len(found)
    return _Mail(words, of_line, [_MARKED.match(line) is not None for line in lines])


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
    filled = [at for at, line in enumerate(lines) if line.strip() and not (at in found and _EMPTY.match(line))]
    found |= {at for at, below in pairwise(filled) if below in copies and _RULE.match(lines[at].strip())}
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


def _fit(letter: _Letter, runs: Iterable[_Run]) -> tuple[int, int]:
    """How well a letter fits the mail: how far its words run into what stands around them, then how many of them are there."""
    sizes = [(run.end - run.start, _has_frame(letter, run.at, run.end - run.start)) for run in runs]
    return max((size for size, framed in sizes if framed), default=0), sum(size for size, _ in sizes)


def _matched(words: Sequence[str], sent: Iterable[str]) -> Iterator[tuple[tuple[int, int], str, list[_Run]]]:
    """Each letter that may be quoted: how well it fits, its text, and the runs."""
    mine = _grams(words)
    for text in list(sent)[:LETTERS] if len(mine) >= SHARED else ():
        if len(mine & _grams(_words(text)[:LONGEST])) < SHARED:
            continue  # to look closer costs ten times as much
        letter = _letter(text)
        if runs := list(_runs(words, letter)):
            yield _fit(letter, runs), text, runs


def _grams(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(GRAM)), strict=False))


def _without(runs: Iterable[_Run], explained: Container[int]) -> Iterator[_Run]:
    """What is left of the runs without those words."""
    for run in runs:
        start = run.start
        for word in range(run.start, run.end + 1):
            if word == run.end or word in explained:
                if word - start >= GRAM:
                    yield _Run(start, word, run.at + start - run.start)
                start = word + 1


def _is_quoted(letter: _Letter, runs: Sequence[_Run]) -> bool:
    most = sum(run.end - run.start for run in runs) * 2 >= len(letter.words) >= PIECE
    return (most and any(run.at == 0 for run in runs)) or any(_has_frame(letter, run.at, run.end - run.start) for run in runs)


def _has_frame(letter: _Letter, at: int, length: int) -> bool:
    return at + length - max(at, letter.frame) >= FRAME


def _lines_of(runs: Sequence[_Run], mail: _Mail, letter: _Letter) -> tuple[list[range], list[range]]:
    """The words of each line that is a copy, and of each that is so a second time.

    First those of long blocks, then what stands between these in the letter as well.
    """
    place = {word: run.at + word - run.start for run in runs for word in range(run.start, run.end)}
    worded = list(_by_line(mail.of_line))
    blocks = [block for block in _blocks(worded, place) if sum(map(len, block)) >= PIECE]
    if strict := _is_marked(mail, blocks):
        blocks = [kept for block in blocks if (kept := _marked(mail, block, place))]
    first, again = _once(blocks, place, letter)
    sure = {line.start: line for line in first}
    between = _between(worded, sure, place, mail, letter)
    return [*first, *(line for line in between if not strict or mail.marked[mail.of_line[line.start]])], again


def _is_marked(mail: _Mail, blocks: Iterable[Sequence[range]]) -> bool:
    """Whether most of what is copied stands behind quote signs."""
    sizes = [(len(line), mail.marked[mail.of_line[line.start]]) for block in blocks for line in block]
    return sum(size for size, marked in sizes if marked) * 2 > sum(size for size, _ in sizes)


def _marked(mail: _Mail, block: Iterable[range], place: Mapping[int, int]) -> list[range]:
    """The lines of a block with quote signs, and what a gateway has wrapped out of one: the next words right below it."""
    kept: list[range] = []
    for line in block:
        at = mail.of_line[line.start]
        torn = kept and mail.of_line[kept[-1].start] == at - 1 and place[line[0]] == place[kept[-1][-1]] + 1
        kept += [line] if mail.marked[at] or torn else []
    return kept


def _once(blocks: Iterable[list[range]], place: Mapping[int, int], letter: _Letter) -> tuple[list[range], list[range]]:
    """The lines of the longest blocks, and of those that say the same again with what stands around; others repeat it."""
    first: list[range] = []
    again: list[range] = []
    taken: set[int] = set()
    for block in sorted(blocks, key=lambda block: sum(map(len, block)), reverse=True):
        places = {place[word] for line in block for word in line}
        if len(places & taken) * 2 <= len(places):
            first += block
            taken |= places
        elif sum(at >= letter.frame for at in places) >= FRAME:
            again += block
    return sorted(first, key=lambda line: line.start), again


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


def _between(
    worded: Iterable[range], sure: Mapping[int, range], place: Mapping[int, int], mail: _Mail, letter: _Letter
) -> Iterator[range]:
    """The lines between sure ones that stand there in the letter as well, beside others that do.

    Who has deleted what stood above or below may mean what he has left as an answer: a line of few words needs both sides.
    """
    gap: list[range] = []
    low = 0
    for line in (*worded, None):
        if line is not None and line.start not in sure:
            gap.append(line)
            continue
        high = len(letter.words) if line is None else place[line[0]]
        found = list(_found(gap, mail.words, letter, low, high))
        there = {low - 1, high, *(at for each, start in found for at in range(start, start + len(each)))}
        for each, start in found:
            sides = (start - 1 in there) + (start + len(each) in there)
            if sides == 2 or (sides and len(each) >= GRAM):
                yield each
        gap, low = [], 0 if line is None else place[line[-1]] + 1


def _found(gap: Sequence[range], words: Sequence[str], letter: _Letter, low: int, high: int) -> Iterator[tuple[range, int]]:
    for line in reversed(gap):  # upwards: a greeting above the quote is the writer's
        if (start := _found_between(words[line.start : line.stop], letter, low, high)) is not None:
            yield line, start
            high = start


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
