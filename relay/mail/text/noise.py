"""What stands around a message and nobody has written for it: banners, notices, antivirus lines, list footers, "Sent from …".

A banner stands at the top, all else at the very end. A notice is told by phrases of two kinds ("confidential", "if you have
received", "delete it") beside "this message": one kind alone may be anybody's sentence, and is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from relay.mail.text import formulas, marks
from relay.mail.text.formulas import AROUND, bare, starts

LONGEST = 6000  # characters of one notice; a longer paragraph is no notice
MOST = 40  # paragraphs at the end that are looked at
SHORTEST = 30  # characters of a notice
LINES = 6  # that a banner is wrapped over
WRAPPED = 50  # characters a line has at least that goes on in the next

_LINK = r"<?(?:https?://|www\.|mailto:)[^\s>]{1,500}>?"
_URL = re.compile(rf"[(\[]?{_LINK}[)\]]?", re.IGNORECASE)
_NEUTRAL = re.compile(rf"^[\s|*]*(?:{_LINK}|<#[\w-]{{1,80}}>|\[cid:p\d+\])?[\s|*]*$", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=[.!;,])\s+")
_DELIMITER = re.compile(r"^\s{0,3}(?:--|—|–)\s*$")
_UNDERSCORES = re.compile(r"^\s*_{20,}\s*$")
_COMPLETE = re.compile(r"[.!?;:…。！？*\])>|]\s*$")
_WORDS = re.compile(r"\w+")
_REACHED = re.compile(r"@|https?:|www\.")
_DRESSED = re.compile(r"^\s*(?:[\[(<]\s*([^\[\]()<>]{3,40})[\])>]|\*{2,}\s*([^*]{3,60}?)\s*\*{2,})\s*$")


class _Paragraph(NamedTuple):
    """Filled lines first…end-1 of a region, without rulers."""

    first: int
    end: int


def find(region: Sequence[str]) -> set[int]:
    """Which lines of a region (one run of newly written lines) are noise."""
    filled = [at for at, line in enumerate(region) if line.strip()]
    alone = (at for number, at in enumerate(filled) if _is_apart(region, at) or len(filled) - number <= LINES)
    cut = {at for at in alone if _is_sent_from(region, at, filled[-1])}
    return cut | _top(region, filled) | _bottom(region)


# ── what a phone or program adds ───────────────────────────────────────────────────────────────────────────


def is_sent_from(line: str) -> bool:
    """ "Sent from my iPhone", perhaps with an excuse behind: it names a phone, program or service, else it is a sentence."""
    said = bare(line) if len(line) <= 400 else ""
    if not starts(said, formulas.SENT_FROM) or not formulas.DEVICE.search(said):
        return False
    first, *rest = _BETWEEN.split(_URL.sub(" ", said).strip(AROUND))
    return len(first.split()) <= 12 and all(_is_excuse(part) or _names_device(part) for part in rest)


def _is_excuse(said: str) -> bool:
    return not said.strip(AROUND) or starts(said, formulas.EXCUSES)


def _names_device(said: str) -> bool:
    return len(said.split()) <= 5 and formulas.DEVICE.search(said) is not None


def _is_sent_from(region: Sequence[str], at: int, last: int) -> bool:
    """On a line of its own: a paragraph of its own, or the last line but for links and excuses."""
    if not is_sent_from(region[at]):
        return False
    below = next((i for i in range(at + 1, last + 1) if not _goes_along(region[i])), last + 1)
    before = _is_apart(region, at)
    return below > last or (before and (not region[below - 1].strip() or _DELIMITER.match(region[below - 1]) is not None))


def _is_apart(region: Sequence[str], at: int) -> bool:
    return at == 0 or not region[at - 1].strip() or _DELIMITER.match(region[at - 1]) is not None


def _goes_along(line: str) -> bool:
    """What may stand below such a line: nothing, a link, a delimiter, an excuse."""
    return _NEUTRAL.match(line) is not None or _DELIMITER.match(line) is not None or _is_excuse(bare(line[:400]))


# ── the top ────────────────────────────────────────────────────────────────────────────────────────────────


def _top(region: Sequence[str], filled: Sequence[int]) -> set[int]:
    """The banners at the top, with the rulers around them."""
    cut: set[int] = set()
    rest = list(filled[: LINES * LINES])
    while rest:
        rulers = next((i for i, at in enumerate(rest) if not marks.RULER.match(region[at])), len(rest))
        end = _banner(region, rest[rulers : rulers + LINES])
        if not end:
            break
        cut |= set(rest[: rulers + end])
        rest = rest[rulers + end :]
    if cut and rest and marks.RULER.match(region[rest[0]]):
        cut.add(rest[0])
    return cut


def _banner(region: Sequence[str], filled: Sequence[int]) -> int:
    """How many of these lines are a banner: 0, or as many as it takes to say it and to end the sentence."""
    said = ""
    for count, at in enumerate(filled, 1):
        said = f"{said} {bare(region[at][:LONGEST])}"
        if _says_banner(said) or (count == 1 and _is_short_banner(region[at])):
            return _whole(region, filled, count)
        if not formulas.BANNER.held(said) and _COMPLETE.search(region[at]):
            return 0
    return 0


def _says_banner(said: str) -> bool:
    """It speaks of this mail or begins as a warning, of outside and of care, and nobody says "I" or asks in it."""
    if any(phrase in said for phrase in formulas.FIRST_CONTACT):
        return True
    kinds = formulas.BANNER.held(said).keys()
    opened = "mail" in kinds or starts(said, formulas.WARNING) or said.lstrip().startswith(tuple("[*-=<!"))
    spoken = "?" in said or not formulas.SPEAKERS.isdisjoint(_WORDS.findall(said))
    return opened and {"outside", "care"} <= kinds and not spoken


def _is_short_banner(line: str) -> bool:
    """ "[EXTERNAL]", "*** EXTERNAL EMAIL - USE CAUTION ***"."""
    match = _DRESSED.match(line[:200])
    return match is not None and bare(match[1] or match[2]).split(" - ")[0].strip(AROUND) in formulas.SHORT_BANNER


def _whole(region: Sequence[str], filled: Sequence[int], count: int) -> int:
    """The banner's lines up to the end of its sentence, and those that only go on warning."""
    for above, at in zip(filled[count - 1 :], filled[count:], strict=False):
        wrapped = len(region[above]) > WRAPPED and not _COMPLETE.search(region[above])
        if at != above + 1 or not (wrapped or formulas.BANNER.held(bare(region[at][:LONGEST]))):
            break
        count += 1
    return count


# ── the end ────────────────────────────────────────────────────────────────────────────────────────────────


def _bottom(region: Sequence[str]) -> set[int]:
    """Everything from the first line of what firms, gateways and lists add: up to the end all must be of that kind."""
    start = len(region)
    for part in reversed(_paragraphs(region)):
        lines = region[part.first : part.end]
        begins = _begins(lines, below_underscores=part.first > 0 and _UNDERSCORES.match(region[part.first - 1]) is not None)
        if begins is not None:
            start = part.first + begins
        if begins != 0 and not (begins is None and _goes_with_notice(lines)):
            break
    return _with_heading(region, start) if start < len(region) else set()


def _paragraphs(region: Sequence[str]) -> list[_Paragraph]:
    """The last ones, in order."""
    found: list[_Paragraph] = []
    end: int | None = None
    for at in range(len(region) - 1, -2, -1):
        if at >= 0 and region[at].strip() and not marks.RULER.match(region[at]):
            end = at + 1 if end is None else end
        elif end is not None:
            found.append(_Paragraph(at + 1, end))
            end = None
        if len(found) == MOST:
            break
    return found[::-1]


def _begins(lines: Sequence[str], *, below_underscores: bool) -> int | None:
    """The line of a paragraph from which on it is noise, or None."""
    if sum(map(len, lines)) > LONGEST:
        return None
    if any(map(is_sent_from, lines)) and all(is_sent_from(line) or _goes_along(line) for line in lines):
        return 0
    said = [bare(line) for line in lines]
    if below_underscores and any(word in line for word in formulas.LIST_WORDS for line in said):
        return 0
    found = [at for at in (_formula(said), _notice(said)) if at is not None]
    return min(found) if found else None


def _formula(said: Sequence[str]) -> int | None:
    """The first line that begins as only programs and firms begin one. A paragraph that asks is somebody's."""
    if said[-1].endswith("?"):
        return None
    alone = formulas.FORMULAS + (formulas.LIST if any(map(_REACHED.search, said)) else ())
    return next((at for at, line in enumerate(said) if starts(line, alone) or _is_scanned(line)), None)


def _is_scanned(said: str) -> bool:
    return starts(said, formulas.SCANNED) and any(vendor in said for vendor in formulas.VENDORS)


def _notice(said: Sequence[str]) -> int | None:
    """Where a notice begins: the line of its first phrase, or the one that it is wrapped from."""
    whole = " ".join(said)
    kinds = formulas.NOTICE.held(whole) if len(whole) >= SHORTEST else {}
    if "mail" not in kinds or len(kinds) < 3 or whole.endswith("?"):
        return None
    first = min(at for kind, at in kinds.items() if kind != "mail")
    at = next(number for number, end in enumerate(accumulate(len(line) + 1 for line in said)) if first < end)
    while at and len(said[at - 1]) > WRAPPED and not _COMPLETE.search(said[at - 1]):
        at -= 1
    return at


def _goes_with_notice(lines: Sequence[str]) -> bool:
    """What belongs to a notice above it: links, a heading, a phrase of one kind."""
    if all(map(_NEUTRAL.match, lines)):
        return True
    whole = bare(" ".join(lines)[:LONGEST])
    return _is_heading(whole) or bool(formulas.NOTICE.held(whole).keys() - {"mail"})


def _is_heading(said: str) -> bool:
    return said.strip(AROUND) in formulas.HEADING


def _with_heading(region: Sequence[str], start: int) -> set[int]:
    """From `start` on, with the rulers and the heading above it. What a line with a colon announces is the message's own."""
    at = start
    while at > 0 and (not region[at - 1].strip() or marks.RULER.match(region[at - 1]) or _is_heading(bare(region[at - 1][:200]))):
        at -= 1
    if at > 0 and region[at - 1].rstrip().endswith((":", "：")):
        return set()
    return {i for i in range(at, len(region)) if region[i].strip()}
