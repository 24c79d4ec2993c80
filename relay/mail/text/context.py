"""Answers that stand between the lines of a quote: each with the quoted lines it answers, without which "yes" says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from relay.mail.text.marks import Line
from relay.model import Answered

LINES = 6  # of a quote that are kept above an answer
LONGEST = 600  # characters of them
_SIGNS = re.compile(r"^[ \t]*(?:(?:>|&gt;|\|)[ \t]?)*")


def answered(all_lines: Sequence[Line], tags: Sequence[str]) -> tuple[Answered, ...]:
    """The new passages below quoted lines, each with the paragraph right above it; "" for one that is too long to stand there.

    None where a quote stands above or below one answer as a whole: that one answers all of it.
    """
    found = list(_answers(all_lines, tags))
    between = len(found) > 1 or (found and any(tag == "quoted" for tag in tags[found[-1] :]))
    told = tuple(Answered(_above(all_lines, tags, at), all_lines[at].text.strip()) for at in found if between)
    return told if any(each.quote for each in told) else ()


def _answers(all_lines: Sequence[Line], tags: Sequence[str]) -> Iterator[int]:
    """Where a new passage begins below quoted lines."""
    last = "new"
    for at, (line, tag) in enumerate(zip(all_lines, tags, strict=True)):
        if line.blank:
            continue
        if tag == "new" and last == "quoted":
            yield at
        last = tag


def _above(all_lines: Sequence[Line], tags: Sequence[str], at: int) -> str:
    """The nearest paragraph above without its quote signs; "" when it is too long to stand there."""
    quote: list[str] = []
    for above in range(at - 1, -1, -1):
        line = _SIGNS.sub("", all_lines[above].text).strip()
        if not line and not quote:
            continue
        if not line or not all_lines[above].quoted or tags[above] != "quoted":
            break
        quote.insert(0, line)
    joined = "\n".join(quote)
    return joined if len(quote) <= LINES and len(joined) <= LONGEST else ""
