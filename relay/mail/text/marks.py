"""The lines of a text, and the attributions that mail clients put before a quote, told by their structure.

An attribution is a line (or up to four, when wrapped) that holds a date, an address or a name, and perhaps "wrote", and ends in
a colon or stands right before a quote. Header blocks are in `blocks`, banners in `banners`. Every rule looks at a bounded number
of lines, so a text is read in linear time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from relay.mail.text import dates, phrases

LONGEST = 400  # characters an attribution may have, all its lines joined
TAIL = 60  # characters at its end where "wrote" and the colon stand
NARROWEST = 50  # columns a wrapped line and the word below it have at least
INDENT = 2  # blanks before an excerpt at least
WINDOW = 4  # lines it may be wrapped over

_ROOM = r"[ \t\xa0\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]{0,4}"  # blanks, and marks of direction
QUOTED = re.compile(rf"^{_ROOM}(?:>|&gt;|[^\W\d_a-zа-яё]{{1,3}}>(?=[>\s]|$))")  # "ИП>": The Bat! with initials
_OTHER_SIGN = re.compile(r"^[ \t\xa0]{0,4}([|│┃¦}»›]|:(?=\s|$))")
_COMPARISON = re.compile(
    r"^[ \t]{0,4}>(?:>>[ \t]\S.*(?<!>)$|=?[ \t]?\d{1,6}(?:[.,]\d{1,3})?(?=[ \t]*(?:[%°€$₽£–—-]|[^\W\d_]|$)))"
)  # "> 5 bar", or the prompt of Python
RULER = re.compile(r"^[\s>]*+[-_=*~─—–]{2,}+[\s\-_=*~─—–]*+$")
ADDRESS = re.compile(r"[\w.+%'=/&-]{1,120}@[\w-]{1,80}(?:\.[\w-]{1,80}){0,8}")
_ADDRESS_END = re.compile(r"@[^\s<>()\[\]]{1,160}")
_WRAPPED_ADDRESS = re.compile(r"[<(\[][^<>()\[\]]{0,160}@[^<>()\[\]]{1,160}[>)\]]")
_ENDING = r"(?:\s?[(/][^\s()]{1,8}\)?|/[^\W\d_]{1,10})?"  # "(а)", "(-ла)", "/a" after "wrote"
_WORDS = phrases.pattern(phrases.flat(phrases.WROTE))
_WROTE = re.compile(rf"(?<![^\W\d_])(?:{_WORDS})(?![^\W\d_])|(?:写道|寫道|写到|のメール|書きました|작성)", re.IGNORECASE)
_WROTE_LAST = re.compile(rf"(?:(?<![^\W\d_])|(?<=[>)]))(?:{_WORDS}){_ENDING}[\s:：*_.\-–—]*$", re.IGNORECASE)
_TORN_END = re.compile(rf">\s?(?:{_WORDS}){_ENDING}\s?[:：]$", re.IGNORECASE)  # "> wrote:", from "<a@b.example\n> wrote:"
_GLUED = re.compile(rf"(?<=[>\w])(?:{'|'.join(map(re.escape, phrases.WROTE['en']))})\s*:$", re.IGNORECASE)
_HINT = re.compile(r"[@\d]")
_COLON = re.compile(r"[:：]\s*[*_]*\s*$")
_TRIM = re.compile(r"^[\s*_>\-–—─=]+")
_ON = frozenset(phrases.flat(phrases.ON))
_ODD = dict.fromkeys((0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))) | dict.fromkeys((0xA0, 0x202F), " ")

_DASHED = re.compile(r"^\s*-{2,}.{1,200}-{2,}\s*$")
# An attribution that shares its line with the reply: "thanks On Wed, Apr 4, 2012 at 3:59 PM, a@b.example wrote:"
_GAP = re.compile(r"[:：][ \xa0]{2,9}(?=\S)")  # between Yahoo's attribution and the first line of its quote
_SHARED = re.compile(r"(?:[\s-])((?:On|Le|Am|El|Il|Op|Em|Den|W dniu)\s)")


class Line(NamedTuple):
    """One line as the rules see it: its text, whether it is blank, and whether a `>` marks it as quoted."""

    text: str
    blank: bool
    quoted: bool


def lines(text: str) -> list[Line]:
    """`text` cut into lines; where reply and attribution share one, it becomes two."""
    found: list[Line] = []
    for raw in _parted(text):
        stripped = raw.strip()
        quoted = (">" in stripped[:4] or stripped[:1] == "&") and _is_quoted(raw, stripped)
        cut = None if quoted or "@" not in raw else _shared(raw)
        if cut is None:
            found.append(Line(raw, not stripped, quoted))
        else:
            found += [Line(raw[:cut].rstrip(" \t-"), False, False), Line(raw[cut:], False, False)]
    return _with_other_signs(_without_prompts(_without_comparisons(found)))


def _parted(text: str) -> Iterator[str]:
    """The lines of a text; the quote that Yahoo begins behind the colon of its attribution is a line of its own."""
    for raw in text.split("\n"):
        cut = _behind_colon(raw) if "@" in raw[:LONGEST] else 0
        yield from (raw[:cut].rstrip(), raw[cut:]) if cut else (raw,)


def _behind_colon(raw: str) -> int:
    """Where a quote begins behind the attribution on its line; 0 where none does."""
    gap = _GAP.search(raw[:LONGEST])
    head = raw[: gap.end()].strip() if gap else ""
    if gap is None or not head[:1].isalnum() or _is_quoted(raw, head) or not _WROTE.search(head):
        return 0
    return gap.end() if _is_attribution(head, dates.dated(head), before_quote=False, wrapped=False) else 0


def _is_quoted(raw: str, stripped: str) -> bool:
    """Behind a quote sign; an ornament, ">>> offer <<<", is none."""
    if stripped.startswith(">>") and (stripped.endswith("<<") or _is_groupwise(stripped)):
        return False
    return bool(stripped) and QUOTED.match(raw) is not None and not _TORN_END.match(stripped)


def _is_groupwise(text: str) -> bool:
    """The attribution of GroupWise: ">>> Ivan Petrov <ivan@a.example> 02.03.2026 10:15 >>>"."""
    return len(text) <= LONGEST and text.startswith(">>>") and text.endswith(">>>") and dates.dated(text) == 2


def _without_comparisons(all_lines: list[Line]) -> list[Line]:
    """Where each `>` is a comparison ("> 5 bar") or a prompt (">>> import") in a text of one's own, it marks no quote."""
    quoted = [at for at, line in enumerate(all_lines) if line.quoted]
    if not quoted or not all(_COMPARISON.match(all_lines[at].text) for at in quoted):
        return all_lines
    above = filled_above(all_lines, quoted[0])
    if above is None or attribution(all_lines, above, True) is not None:
        return all_lines
    return [line._replace(quoted=False) for line in all_lines]


def _without_prompts(all_lines: list[Line]) -> list[Line]:
    """Where each `>` goes on an excerpt, indented as the line right above it ("  $ mysql", "  > SHOW"), it marks no quote."""
    begins = [at for at, line in enumerate(all_lines) if line.quoted and not (at and all_lines[at - 1].quoted)]
    if not begins or not all(at and _goes_on_indented(all_lines, at) for at in begins):
        return all_lines
    return [line._replace(quoted=False) for line in all_lines]


def _goes_on_indented(all_lines: Sequence[Line], at: int) -> bool:
    text, above = all_lines[at].text, all_lines[at - 1]
    indent = len(text) - len(text.lstrip())
    same = not above.blank and len(above.text) - len(above.text.lstrip()) == indent
    return indent >= INDENT and same and attribution(all_lines, at - 1, True) is None


def _with_other_signs(all_lines: list[Line]) -> list[Line]:
    """Where an attribution stands above a line behind a bar or a colon, that is the sign of its quote, to the end."""
    for at, line in enumerate(all_lines):
        sign = _OTHER_SIGN.match(line.text)
        above = filled_above(all_lines, at) if sign and not line.quoted else None
        if sign is None or above is None or _OTHER_SIGN.match(all_lines[above].text):
            continue
        if _tells_who(all_lines[above].text) and attribution(all_lines, above, True) is not None:
            same = [other.text.lstrip().startswith(sign[1]) for other in all_lines[at:]]
            below = [other._replace(quoted=other.quoted or told) for other, told in zip(all_lines[at:], same, strict=True)]
            return all_lines[:at] + below
    return all_lines


def _tells_who(text: str) -> bool:
    return "@" in text or _WROTE.search(text[-LONGEST:]) is not None


def filled_above(all_lines: Sequence[Line], at: int) -> int | None:
    return next((i for i in range(at - 1, max(-1, at - 4), -1) if not all_lines[i].blank), None)


# ── attributions ───────────────────────────────────────────────────────────────────────────────────────────


def attribution(all_lines: Sequence[Line], last: int, before_quote: bool) -> int | None:
    """The first line of the attribution whose last line is `last`, or None.

    Of the windows that are one, the shortest with a date wins: a name and address that were wrapped away from
    their date are joined to it, and a new sentence above stays out.
    """
    if _is_groupwise(all_lines[last].text.strip()):
        return last
    if not _may_end(all_lines[last].text, before_quote):
        return None
    if not (before_quote or all_lines[last].text.strip().startswith("--") or _is_hinted(all_lines, last)):
        return None
    found: int | None = None
    best, joined, apart = 0, "", False
    for first in _upwards(all_lines, last):
        apart = apart or (first < last and all_lines[first + 1].blank)
        if apart and ((best and _names_one(joined)) or not _goes_on(all_lines[first].text)):
            break
        if best and _names_one(joined) and not _is_wrapped(all_lines[first].text.strip(), joined):
            break
        joined = f"{all_lines[first].text.strip()} {joined}".strip()
        if len(joined) > LONGEST:
            break
        date, told = dates.dated(joined), _tells_who(joined)
        rank = (2 if told else 1 if not apart else 0) if date else int(told)
        if rank > best and _is_attribution(joined, date, before_quote, wrapped=first < last):
            found, best = first, rank
        if best == 2:
            break
    return found


def _upwards(all_lines: Sequence[Line], last: int) -> Iterator[int]:
    """The lines an attribution that ends at `last` may have, from the last up; one blank line may part two of them."""
    at = last
    for _ in range(WINDOW):
        if at < 0 or all_lines[at].quoted or all_lines[at].blank:
            return
        yield at
        at -= 2 if at and all_lines[at - 1].blank else 1


def _goes_on(text: str) -> bool:
    """Whether a line may be the beginning of an attribution that a blank line has torn: dated, and amid a sentence."""
    ending = text.rstrip()[-1:]
    return ending in {"<", "("} or (dates.dated(text) > 0 and ending not in {".", "!", "?", ":"})


def _is_wrapped(text: str, below: str) -> bool:
    """Whether `below` was wrapped away from `text`: that is as long as it may be, or holds only date and names."""
    strange = [word for word in words(ADDRESS.sub(" ", _WROTE.sub(" ", text))) if not _is_known(word)]
    return len(text) + len(below.split(maxsplit=1)[0]) > NARROWEST or all(_may_be_name(word) for word in strange)


def _names_one(text: str) -> bool:
    """Whether an attribution without its date names somebody by itself: more than "wrote" or "<ivan@a.example> wrote"."""
    return not text.startswith(("<", "(")) and bool(words(_WROTE.sub(" ", text)))


def _is_hinted(all_lines: Sequence[Line], last: int) -> bool:
    """Whether there is a digit or an @ at all: most lines that end in a colon are done with here."""
    return any(_HINT.search(line.text) for line in all_lines[max(0, last - WINDOW + 1) : last + 1])


def _may_end(text: str, before_quote: bool) -> bool:
    if len(text) > LONGEST:
        return False
    text = plain(text)
    if _COLON.search(text[-TAIL:]):
        return True
    told = before_quote or _HINT.search(text) is not None or text.lstrip().startswith("--") or text.rstrip().endswith("--")
    return told and (_WROTE_LAST.search(text[-TAIL:]) is not None or (before_quote and ("@" in text or dates.dated(text) > 0)))


def _is_attribution(text: str, date: int, before_quote: bool, wrapped: bool) -> bool:
    text = plain(text)
    if _DASHED.match(text):
        return _WROTE.search(text) is not None
    core = _TRIM.sub("", text)
    colon = _COLON.search(core) is not None
    last = _WROTE_LAST.search(core[-TAIL:]) is not None or _GLUED.search(core[-TAIL:]) is not None
    wrote = last or _WROTE.search(core) is not None
    address = _address(core, wrote or (before_quote and date == 2))
    sure = address or (before_quote and wrote and (colon or last) and date == 2)
    strict = wrapped or not sure or not (wrote or before_quote)
    if core.count(">") > core.count("<") or not (_starts_well(core, date, strict, wrote) and _is_short(core)):
        return False
    bracketed = _WRAPPED_ADDRESS.search(core) is not None
    named = before_quote or bracketed or (wrote and _only_names(core, throughout=True))
    return named and (
        (colon and date == 2 and (address or wrote))
        or (before_quote and date > 0 and (address or wrote or colon))
        or (address and wrote and (before_quote or (colon and (date > 0 or bracketed))))
        or (address and last and date == 2)
        or (before_quote and colon and bracketed and not date)
        or (before_quote and wrote and (colon or last) and _only_names(core))
    )


def plain(text: str) -> str:
    """Without marks of direction, odd blanks and the HTML entities that a client left in its plain text."""
    text = text if text.isascii() else unicodedata.normalize("NFC", text.translate(_ODD))
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&nbsp;", " ")


def _address(core: str, told: bool) -> bool:
    """An address as an attribution gives it: in brackets, or at the end; anywhere where more is `told`, such as "wrote"."""
    if "@" not in core:
        return False
    if _WRAPPED_ADDRESS.search(core):
        return True
    bare = ADDRESS.search(core)
    return bare is not None and (told or len(core) - bare.end() <= 3)


def words(text: str) -> list[str]:
    """The words of a text, numbers aside."""
    return [token for token in dates.TOKEN.findall(text) if not token.isdecimal()]


def _is_known(word: str) -> bool:
    word = word.lower()
    return len(word) == 1 or word in _ON or word in phrases.weekdays() or word in phrases.months() or word in _FILLERS


def _starts_well(core: str, date: int, strict: bool, wrote: bool) -> bool:
    """An attribution starts with its date or with a name, not with a sentence; `strict`: with nothing else at all."""
    if not date:
        return True
    digit = dates.DIGIT.search(core)
    start = digit.start() if digit else 0
    at = core.find("@")
    if 0 <= at < start:
        between = _ADDRESS_END.split(core[at:start], maxsplit=1)[-1]
        return wrote or not strict or all(map(_is_known, words(between)))
    before = _WROTE.sub(" ", core[:start])
    strange = [word for word in words(before) if not _is_known(word) and word.lower() not in phrases.PRONOUNS]
    return not strange if strict and not _is_name(strange) else len(strange) <= 4


def _is_short(core: str) -> bool:
    rest = _WROTE.sub(" ", ADDRESS.sub(" ", core))
    return sum(not _is_known(word) for word in words(rest)) <= 10


def _only_names(core: str, throughout: bool = False) -> bool:
    """Beside date and "wrote" there is nothing but what may be a name: it starts with a capital, or its script has no case."""
    rest = _WROTE.sub(" ", _WROTE_LAST.sub(" ", ADDRESS.sub(" ", core)))
    strange = [word for word in words(rest) if not _is_known(word)]
    after = [word for word in words(_WROTE.split(core)[-1]) if not _is_known(word)]
    if throughout and len(strange) > 2 and not all(map(_may_be_name, strange)):
        return False
    return len(strange) <= 6 and all(_may_be_name(some[0]) for some in (strange, after) if some)


def _may_be_name(word: str) -> bool:
    return not word[0].islower() or word in phrases.PRONOUNS


def _is_name(words: Sequence[str]) -> bool:
    return 2 <= len(words) <= 3 and all(not word[0].islower() for word in words)


_FILLERS = frozenset(
    {
        "am", "pm", "gmt", "utc", "msk", "est", "pst", "cet", "uhr", "kl", "ore", "alle", "las", "los", "les", "года", "год",
        "году", "времени", "by", "von", "van", "der", "den", "del", "from", "via", "и", "and", "du", "de", "la", "le",
        "da", "om", "heeft", "het",
        "volgende", "je", "użytkownik", "tarihinde", "saat", "klo", "kello", "tháng", "ngày", "lúc", "óra", "keltezéssel",
        "időpontban", "mailto",
    }
)  # fmt: skip


def _shared(line: str) -> int | None:
    """Where in `line` an attribution begins that follows the reply on the same line, or None."""
    if len(line) > LONGEST or not _WROTE_LAST.search(line[-TAIL:]):
        return None
    for match in reversed(list(_SHARED.finditer(line))):
        tail = line[match.start(1) :]
        if dates.dated(tail) == 2 and _is_attribution(tail, 2, False, wrapped=False):
            return match.start(1) if words(line[: match.start(1)]) else None
    return None
