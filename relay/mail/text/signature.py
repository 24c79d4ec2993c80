"""Where a signature begins in newly written text; what programs and firms add is told in `noise`.

Whoever cuts too much loses a sentence: what is not surely a signature stays text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from relay.mail import commands
from relay.mail.text import noise, phrases, spacing

OPEN, CLOSE = MARKS = ("--\xa0", "--\xa0\xa0")  # what `html` writes around what the HTML says is a signature
_EXACT = re.compile(r"^--[ \xa0]$")  # RFC 3676 §4.3
_DELIMITER = re.compile(r"^[ \t]{0,3}(?:--|—|–|-- )[ \t\xa0]*$")
_UNDERSCORES = re.compile(r"^\s{0,3}_{5,}\s*$")
_FRAME = re.compile(r"^\s{0,3}([-=*_~─━])\1{9,}\s*$")
_POSTSCRIPT = re.compile(r"^\s*(?:P\.?\s?(?:P\.?\s?)?S|З\.?\s?Ы|П\.?\s?С|NB|N\.B)(?:\.|\s?[:,–—-]|\s)\s*\S", re.IGNORECASE)
_CLOSINGS = frozenset(phrases.flat(phrases.CLOSING))
_CONTACT = re.compile(r"@|https?:|www\.|(?:\d[\s()./-]{0,2}){5}", re.IGNORECASE)
_REACHES = re.compile(r"@[\w-]{1,80}\.|www\.|https?:|\+\d[\d\s()./-]{7,}|\b(?:tel|тел|phone|mob|моб|fax)\b", re.IGNORECASE)
_COLUMNS = re.compile(r"[|\t]|\S {3,}\S")
_STOP = re.compile(r"(?:[^\W\d_]{3,}|(?<![^\W\d_])[a-zа-яё]{2}|(?<![\d.])\d{1,4})[»\")]*\s*(?:[.!?:;…。！？]|\.\.\.)+$")
_FIRM = re.compile(r"\b(?:ltd|inc|corp|llc|bros|co|gmbh|ул|пр|стр|корп|обл|str|dr|ing)\.$", re.IGNORECASE)
_PUNCTUATION = " \t\xa0,.!;:-–—*_،，、。！"
MOST = 15  # lines a signature may have after anything but "-- "
LONGEST = 60  # lines it may have after that
NAME = 4  # lines that a name and a post may have where text goes on below


def find(region: Sequence[str], closed_up: bool = False) -> set[int]:
    """Which lines of a region (one run of newly written lines) are signature or noise.

    A line with a `#` is not, for who closes by hand may write a command below; but below a delimiter, which the client has put
    there, only #internal counts: missing that would show what is meant to stay inside.

    `closed_up`: the region was double-spaced and is given without its spare lines.
    """
    spaced = closed_up or spacing.is_spaced(region)
    cut = {at for at in noise.find(region) if not _is_hashed(region[at])}
    for find_more in (_marked, _last, _closing_above, _amid):
        rest = [at for at in range(len(region)) if at not in cut]
        cut |= {rest[at] for at in find_more([region[at] for at in rest], spaced)}
    return cut


def is_of_a_client(signature: str) -> bool:
    """Whether a signature is only what a client adds by itself, such as "Sent from my iPhone": nobody misses it."""
    return all(noise.is_sent_from(line) or _DELIMITER.match(line) for line in signature.splitlines() if line.strip())


def _is_hashed(line: str) -> bool:
    return line.lstrip().startswith(("#", "＃"))


def _taken(lines: Sequence[str], start: int, end: int) -> set[int]:
    """The lines start…end-1 but for what is a command there."""
    delimited = _DELIMITER.match(lines[start]) is not None
    block = range(start, end)
    return {at for at in block if not _is_hashed(lines[at]) or (delimited and not commands.guards(lines[at]))}


def _filled(lines: Sequence[str]) -> list[int]:
    return [at for at, line in enumerate(lines) if line.strip()]


# ── where it stands, one after the other ───────────────────────────────────────────────────────────────────


def _marked(lines: Sequence[str], spaced: bool) -> set[int]:
    """What the HTML says is a signature, wherever it stands, with the delimiter above it."""
    cut: set[int] = set()
    start: int | None = None
    for at, line in enumerate(lines):
        if line == OPEN and start is None:
            start = at
        elif line == CLOSE and start is not None:
            cut |= _taken(lines, _with_delimiter(lines, start), at) | {at}
            start = None
    return cut


def _with_delimiter(lines: Sequence[str], start: int) -> int:
    """Where a marked signature begins together with the delimiter that the client has put above it."""
    above = next((at for at in range(start - 1, -1, -1) if lines[at].strip()), None)
    return start if above is None or not _DELIMITER.match(lines[above]) else above


def _last(lines: Sequence[str], spaced: bool) -> set[int]:
    """The signature at the end, or above the postscript at the end."""
    filled = _filled(lines)[-LONGEST:]
    postscripts = [at for at in filled if _POSTSCRIPT.match(lines[at])]
    for is_one in (_is_exact, _is_other):
        for start in filled:
            end = next((at for at in postscripts if at > start), len(lines))
            if is_one(lines, start, end, spaced):
                return _taken(lines, start, end)
    return set()


def _closing_above(lines: Sequence[str], spaced: bool) -> set[int]:
    """A closing, perhaps with a name, that stood above a signature already cut."""
    for start in _filled(lines)[-NAME - 1 :]:
        if _is_closing(lines[start]) and _is_below_closing(lines[start + 1 :], spaced):
            return _taken(lines, start, len(lines))
    return set()


def _amid(lines: Sequence[str], spaced: bool) -> set[int]:
    """A closing and a name below which the writer has gone on."""
    cut: set[int] = set()
    for start in _filled(lines)[-LONGEST:]:
        if _is_closing(lines[start]) and (count := _name_amid(lines[start + 1 :])):
            cut |= set(range(start, start + 1 + count))
    return cut


def _is_exact(lines: Sequence[str], start: int, end: int, spaced: bool) -> bool:
    return _EXACT.match(lines[start]) is not None


def _is_other(lines: Sequence[str], start: int, end: int, spaced: bool) -> bool:
    line, tail = lines[start], lines[start + 1 : end]
    return (
        (_DELIMITER.match(line) is not None and _is_card(tail) and not _is_separator(lines, start))
        or (_is_closing(line) and _is_below_closing(tail, spaced))
        or (_is_ruled(line, tail) and not _is_announced(lines, start))
    )


# ── what it looks like ─────────────────────────────────────────────────────────────────────────────────────


def _is_announced(lines: Sequence[str], start: int) -> bool:
    """Whether nothing stands above, or what does ends in a colon: then what follows is what the mail is about."""
    above = next((lines[at].rstrip() for at in range(start - 1, -1, -1) if lines[at].strip()), ":")
    return above.endswith((":", "："))


def _is_separator(lines: Sequence[str], start: int) -> bool:
    """Whether bare dashes part a text: there are more of them, with words on both sides, and nothing reaches a person."""
    lines = lines[max(0, start - LONGEST) :]
    dashed = [at for at, line in enumerate(lines) if _DELIMITER.match(line)]
    parts = [lines[first + 1 : end] for first, end in itertools.pairwise([*dashed, len(lines)])]
    return len(dashed) > 1 and all(any(map(str.strip, part)) and not any(map(_CONTACT.search, part)) for part in parts)


def _is_ruled(line: str, tail: Sequence[str]) -> bool:
    """A card below Outlook's underscores, or in a frame of two equal lines: a name first, and what reaches a person."""
    filled = [each for each in tail if each.strip()]
    framed = len(filled) > 2 and _FRAME.match(line) is not None and filled[-1].strip() == line.strip()
    card = filled[:-1] if framed else filled
    return (
        (framed or _UNDERSCORES.match(line) is not None)
        and 1 < len(card) <= MOST
        and not _CONTACT.search(card[0])
        and not card[0].rstrip().endswith((":", "："))
        and all(_is_short(each, words=7) and not is_sentence(each) for each in card)
        and any(map(_REACHES.search, card))
        and not any(map(_COLUMNS.search, card[:1]))
    )


def _name_amid(tail: Sequence[str]) -> int:
    """How many lines below a closing are a name and a post, with a blank line below them; 0 when unsure."""
    first = 1 if tail and not tail[0].strip() else 0
    end = next((at for at in range(first, len(tail)) if not tail[at].strip()), None)
    if end is None or not 0 < end - first <= NAME:
        return 0
    lines = tail[first:end]
    sure = _is_titled(lines[0]) and len(lines[0].split()) > first  # one word apart from the closing may say anything
    return end if sure and not any(is_sentence(line) or _is_hashed(line) or not _is_short(line, words=4) for line in lines) else 0


def _is_titled(line: str) -> bool:
    """Whether every word begins as a name does: with a capital, or a letter of a script that has none."""
    found = line.split()
    return 0 < len(found) <= 4 and all(word[0].isalpha() and not word[0].islower() for word in found)


def _is_below_closing(tail: Sequence[str], spaced: bool) -> bool:
    """A name block, no sentence among it."""
    if any(map(is_sentence, tail)):
        return False
    return _is_name_block(tail) or (spaced and _is_spaced_name_block(tail))


def is_sentence(line: str) -> bool:
    """Whether a word and a stop end the line, and the word is no site, address or form of a firm."""
    last = line.rsplit(maxsplit=1)[-1] if line.strip() else ""
    if len(line.split()) > 1 and _is_titled(line) and last.endswith("."):
        return False  # "Иван Петров."
    return _STOP.search(last[-LONGEST:]) is not None and not (_CONTACT.search(last) or _FIRM.search(last))


def _is_spaced_name_block(tail: Sequence[str]) -> bool:
    """Name, post and firm in paragraphs of one line: few words each, and what reaches a person at the end."""
    filled = [line for line in tail if line.strip()]
    return (
        0 < len(filled) <= MOST
        and all(_is_short(line, words=4) for line in filled)
        and (_CONTACT.search(filled[-1]) is not None or noise.is_sent_from(filled[-1]))
    )


def _is_card(tail: Sequence[str]) -> bool:
    """Few short lines: what stands under a bare "--"."""
    filled = [line for line in tail if line.strip()]
    return len(filled) <= MOST and all(_is_short(line, words=9) for line in filled)


def _is_closing(line: str) -> bool:
    """ "С уважением," alone, or with up to three words of name behind a comma."""
    phrase, _, name = line.strip(_PUNCTUATION).partition(",")
    words = name.split()
    return phrase.lower().strip(_PUNCTUATION) in _CLOSINGS and len(words) <= 3 and not any(word[0].islower() for word in words)


def _is_name_block(tail: Sequence[str]) -> bool:
    """Name, post and firm in one paragraph; after it only what reaches a person: phones, addresses, sites."""
    paragraphs = "\n".join(line.strip() for line in tail).strip("\n").split("\n\n")
    filled = sum(bool(line.strip()) for line in tail)
    first, rest = paragraphs[0].split("\n"), [line for part in paragraphs[1:] for line in part.split("\n") if line]
    return (
        filled <= MOST
        and all(_is_short(line, words=7) and not line.endswith(("?", "!")) for line in first)
        and all(_CONTACT.search(line) or noise.is_sent_from(line) or _DELIMITER.match(line) for line in rest)
    )


def _is_short(line: str, words: int) -> bool:
    return len(line) <= 100 and (len(line.split()) <= words or _CONTACT.search(line) is not None)
