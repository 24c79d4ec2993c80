"""Where a signature begins in newly written text, and the lines that phones add.

Whoever cuts too much loses a sentence: what is not surely a signature stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from relay.mail import commands, phrases, spacing

_EXACT = re.compile(r"^--[ \xa0]$")  # RFC 3676 §4.3
_DELIMITER = re.compile(r"^[ \t]{0,3}(?:--|—|–|-- )[ \t\xa0]*$")
_SENT_FROM = tuple(phrases.flat(phrases.SENT_FROM))
_CLOSINGS = frozenset(phrases.flat(phrases.CLOSING))
_URL = re.compile(r"<?(?:https?://|www\.|mailto:)[^\s>]{1,300}>?", re.IGNORECASE)
_SENTENCE = re.compile(r"[,.!?;:]\s+\w")
_CONTACT = re.compile(r"@|https?:|www\.|(?:\d[\s()./-]{0,2}){5}", re.IGNORECASE)
_STOP = re.compile(r"[^\W\d_]{3,}[»\")]*\s*(?:[.!?:;…]|\.\.\.)+$")
_FIRM = re.compile(r"\b(?:ltd|inc|corp|llc|bros)\.$", re.IGNORECASE)
_PUNCTUATION = " \t\xa0,.!;:-–—*_"
_AROUND = _PUNCTUATION + "[]()<>"
MOST = 15  # lines a signature may have after anything but "-- "
LONGEST = 60  # lines it may have after that


def find(region: Sequence[str], closed_up: bool = False) -> set[int]:
    """Which lines of a region (one run of newly written lines) are signature.

    A line with a `#` is not, for who closes by hand may write a command below; but below a delimiter, which the client has put
    there, only #internal counts: missing that would show what is meant to stay inside.

    `closed_up`: the region was double-spaced and is given without its spare lines.
    """
    filled = [at for at, line in enumerate(region) if line.strip()]
    cut = _block(region, filled, closed_up or spacing.is_spaced(region)) or set()
    cut |= {at for at in filled if at not in cut and _is_sent_from(region, at, filled[-1])}
    delimited = bool(cut) and _DELIMITER.match(region[min(cut)]) is not None
    return {at for at in cut if not _is_hashed(region[at]) or (delimited and not commands.guards(region[at]))}


def is_of_a_client(signature: str) -> bool:
    """Whether a signature is only what a client adds by itself, such as "Sent from my iPhone": nobody misses it."""
    return all(_starts_sent_from(line) or _DELIMITER.match(line) for line in signature.splitlines() if line.strip())


def _is_hashed(line: str) -> bool:
    return line.lstrip().startswith(("#", "＃"))


def _block(region: Sequence[str], filled: Sequence[int], spaced: bool) -> set[int] | None:
    for start in filled[-LONGEST:]:
        if _EXACT.match(region[start]):
            return set(range(start, len(region)))
    for start in filled[-MOST - 1 :]:
        line, tail = region[start], region[start + 1 :]
        if (_DELIMITER.match(line) and _is_card(tail)) or (_is_closing(line) and _is_below_closing(tail, spaced)):
            return set(range(start, len(region)))
    return None


def _is_below_closing(tail: Sequence[str], spaced: bool) -> bool:
    """A name block; where each line stands alone, no sentence among it."""
    if not spaced:
        return _is_name_block(tail)
    return not any(map(_is_sentence, tail)) and (_is_name_block(tail) or _is_spaced_name_block(tail))


def _is_sentence(line: str) -> bool:
    """Whether a word and a stop end the line, and the word is no site, address or form of a firm."""
    last = line.rsplit(maxsplit=1)[-1] if line.strip() else ""
    return _STOP.search(last[-LONGEST:]) is not None and not (_CONTACT.search(last) or _FIRM.search(last))


def _is_spaced_name_block(tail: Sequence[str]) -> bool:
    """Name, post and firm in paragraphs of one line: few words each, and what reaches a person at the end."""
    filled = [line for line in tail if line.strip()]
    return (
        0 < len(filled) <= MOST
        and all(_is_short(line, words=4) for line in filled)
        and (_CONTACT.search(filled[-1]) is not None or _starts_sent_from(filled[-1]))
    )


def _is_card(tail: Sequence[str]) -> bool:
    """Few short lines: what stands under a bare "--"."""
    filled = [line for line in tail if line.strip()]
    return len(filled) <= MOST and all(_is_short(line, words=9) for line in filled)


def _is_closing(line: str) -> bool:
    """ "С уважением," alone, or with up to three words of name behind a comma."""
    phrase, _, name = line.lower().strip(_PUNCTUATION).partition(",")
    return phrase.strip(_PUNCTUATION) in _CLOSINGS and len(name.split()) <= 3


def _is_name_block(tail: Sequence[str]) -> bool:
    """Name, post and firm in one paragraph; after it only what reaches a person: phones, addresses, sites."""
    paragraphs = "\n".join(line.strip() for line in tail).strip("\n").split("\n\n")
    filled = sum(bool(line.strip()) for line in tail)
    first, rest = paragraphs[0].split("\n"), [line for part in paragraphs[1:] for line in part.split("\n") if line]
    return (
        filled <= MOST
        and all(_is_short(line, words=7) and not line.endswith(("?", "!")) for line in first)
        and all(_CONTACT.search(line) or _starts_sent_from(line) or _DELIMITER.match(line) for line in rest)
    )


def _is_short(line: str, words: int) -> bool:
    return len(line) <= 100 and (len(line.split()) <= words or _CONTACT.search(line) is not None)


def _is_sent_from(region: Sequence[str], at: int, last: int) -> bool:
    """ "Sent from my iPhone" on a line of its own: a paragraph of its own, or the last line."""
    if not _starts_sent_from(region[at]):
        return False
    after = at == last or not region[at + 1].strip() or _DELIMITER.match(region[at + 1]) is not None
    before = at == 0 or not region[at - 1].strip() or _DELIMITER.match(region[at - 1]) is not None
    return after and (before or at == last)


def _starts_sent_from(line: str) -> bool:
    if len(line) > 300:
        return False
    bare = line.strip(_AROUND).lower()
    if not bare.startswith(_SENT_FROM):
        return False
    bare = _URL.sub(" ", bare).strip(_AROUND)
    return len(bare.split()) <= 10 and not _SENTENCE.search(bare)
