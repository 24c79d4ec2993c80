"""Tells what was newly written in a mail from quoted history and signature: the heart of the product.

What we sent to the writer ourselves is known, however it is quoted (`echo`); the rest is told by its form.

The text is read line by line, once. Lines behind `>` are quoted. A mark (attribution, header block, banner: see `marks`) is
history itself; when a `>` quote follows it, only that quote belongs to it, and what stands below or between is new; when none
follows, all the rest is history. Mail that was forwarded on purpose stays: it is what the mail is about. When in doubt, keep.

Of a text longer than anybody writes only the first lines are read so (`length`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from relay import address
from relay.mail.text import banners, blocks, context, echo, length, marks, signature, spacing
from relay.mail.text.marks import Line
from relay.model import Answered

LARGEST = 100_000  # characters of a text that is tried a second way
WIDTH = 72  # columns a gateway leaves a line at least
Tag = Literal["new", "quoted", "forwarded", "signature", "spare"]

_BREAKS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f\ufeff\u200b\u2060\u00ad]")
_MANY_BLANKS = re.compile(r"\n[ \t\xa0]*\n(?:[ \t\xa0]*\n)+")
_GAP = re.compile(r"\n(?:[ \t\xa0]*+\n){20}(?:[ \t\xa0]*+\n)++")  # so many empty lines that more say nothing
_OURS = re.compile(rf"\b[tn]-{address.TOKEN}@", re.IGNORECASE)
_BRACKETED_URL = re.compile(r"^\s*(?:[(<\[]\s*https?://\S+|\S*https?://\S+\s+>)\s*[)>\]]?\s*>?\s*$")
_DEQUOTE = re.compile(r"(?m)^[ \t]{0,4}(?:>|&gt;)[ \t]?")


@dataclass(frozen=True, slots=True)
class Reply:
    """What was newly written, and what was cut from it: quoted history (with its attributions) and signature.

    `forwarded` is mail that was sent on purpose below the new text: it is kept, but its commands are not the author's.
    `rest` is what is new below the lines that are read of a very long text: it is kept, too, and holds no commands.
    `answered` is what passages answer that stood between quoted lines. `tags` say of each line of the cleaned text what it is,
    as far as it is read.
    """

    text: str
    quoted: str = ""
    signature: str = ""
    forwarded: str = ""
    rest: str = ""
    answered: tuple[Answered, ...] = ()
    tags: tuple[Tag, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A mark on lines first…end-1; `forward` says that what follows was sent on purpose."""

    first: int
    end: int
    forward: bool = False
    block: bool = False


def split(text: str, forwarded: bool | None = None, placed: Collection[str] = (), sent: Sequence[str] = ()) -> Reply:
    """New text, quoted history and signature of a mail's plain text (or of `html.text`, which marks quotes with `>`).

    `forwarded` is what the subject says: True "Fwd:", False "Re:", None nothing known. `placed` are lines that stand for the
    writer's own pictures and are never signature. `sent` are the plain texts of letters that he has had from us, the latest
    first. Never raises; linear time.
    """
    text, rest = length.parted(clean(text))
    all_lines, known = _knowing(marks.lines(text), sent)
    found = _read(all_lines, forwarded, placed, known)
    if known or rest:
        return _with_rest(found, rest, all_lines, forwarded) if rest else found
    alone = not (found.text or found.forwarded) and found.quoted
    if alone and forwarded is not False and len(text) < LARGEST and not _has_mark(text):
        # One quote and nothing else answers nobody: the client has quoted the reply itself.
        found = _read(marks.lines(_DEQUOTE.sub("", text)), forwarded, placed)
    return found


def clean(text: str) -> str:
    """`text` with LF line ends and without control and invisible characters."""
    return _GAP.sub("\n" * 21, _INVISIBLE.sub("", _BREAKS.sub("\n", text.replace("\r\n", "\n"))))


def _has_mark(text: str) -> bool:
    all_lines = marks.lines(text)
    return any(_find(all_lines, at, True, None, False) for at, line in enumerate(all_lines) if not line.blank and not line.quoted)


def _knowing(all_lines: list[Line], sent: Sequence[str]) -> tuple[list[Line], set[int]]:
    """The lines, and which of them copy our letters or head such a copy.

    Lines of a letter that is there to its end are as good as behind `>`: what stands below may be new.
    """
    texts = [line.text for line in all_lines]
    copies = echo.copied(texts, sent) if sent else {}
    closed = [line._replace(quoted=True) if copies.get(at) and not line.blank else line for at, line in enumerate(all_lines)]
    return closed, copies.keys() | echo.headings(texts, copies)


def _read(all_lines: list[Line], forwarded: bool | None, placed: Collection[str], known: Collection[int] = ()) -> Reply:
    tags = _tags(all_lines, forwarded, known)
    for run in _runs(all_lines, tags, placed):
        _sign(all_lines, tags, run)
    return Reply(
        text=_join(all_lines, tags, "new"),
        quoted=_join(all_lines, tags, "quoted"),
        signature=_join(all_lines, tags, "signature"),
        forwarded=_join(all_lines, tags, "forwarded"),
        answered=context.answered(all_lines, tags),
        tags=tuple(tags),
    )


def _join(all_lines: Sequence[Line], tags: Sequence[Tag], wanted: Tag) -> str:
    of_that = (line.text for line, tag in zip(all_lines, tags, strict=True) if tag == wanted)
    kept = "\n".join(text.rstrip() for text in of_that if text not in signature.MARKS)
    return _MANY_BLANKS.sub("\n\n", kept).strip("\n")


# ── new or quoted ──────────────────────────────────────────────────────────────────────────────────────────


def _tags(all_lines: list[Line], forwarded: bool | None, known: Collection[int]) -> list[Tag]:
    """A tag for every line, "signature" not yet among them."""
    tags: list[Tag] = ["quoted" if line.quoted or at in known else "new" for at, line in enumerate(all_lines)]
    before_quote = _before_quote(all_lines)
    at, above = 0, False
    while at < len(all_lines):
        line = all_lines[at]
        if line.blank or line.quoted:
            at += 1
            continue
        mark = _find(all_lines, at, before_quote[at], forwarded, above)
        if mark is None:
            above = above or at not in known
            if _is_torn(all_lines, at) or banners.is_hidden_quote(line.text):
                tags[at] = "quoted"
            at += 1
            continue
        if mark.forward and not _is_ours(all_lines, mark):
            tags[mark.first :] = ["forwarded"] * (len(tags) - mark.first)
            break
        first = _with_rulers(all_lines, tags, mark.first, mark.block)
        local = before_quote[mark.end - 1]
        end = mark.end if local else len(tags)
        tags[first:end] = ["quoted"] * (end - first)
        at = end
    return tags


def _find(all_lines: Sequence[Line], at: int, before_quote: bool, forwarded: bool | None, above: bool) -> _Mark | None:
    """The mark on line `at` (for an attribution: that ends there), with what follows it."""
    text = all_lines[at].text
    if banners.is_forwarded(text):
        return _Mark(at, at + 1, forward=True)
    if banners.is_original(text):
        below = _filled(all_lines, at + 1)
        end = blocks.header_block(all_lines, below) if below is not None else None
        if end or before_quote or banners.stands_alone(text):
            return _Mark(at, end or at + 1, forward=forwarded is True)
    addressed = blocks.ruled_addressees(all_lines, at)
    if addressed is not None and (end := _attribution_below(all_lines, addressed)) is not None:
        return _Mark(at, end)
    end = blocks.header_block(all_lines, at)
    if end is not None and (above or forwarded is not False or _has_address(all_lines[at:end])):
        alone = not above and not _is_answered_below(all_lines, end)
        return _Mark(
            at, end, forward=forwarded is True or (forwarded is None and (alone or _is_led_in(all_lines, at))), block=True
        )
    first = marks.attribution(all_lines, at, before_quote)
    return None if first is None else _Mark(first, at + 1, forward=False)


def _is_answered_below(all_lines: Sequence[Line], at: int) -> bool:
    """Whether a quote begins there and something stands below it."""
    below = _filled(all_lines, at)
    quoted = below is not None and all_lines[below].quoted
    return quoted and any(not line.quoted and not line.blank for line in all_lines[at:])


def _is_led_in(all_lines: Sequence[Line], at: int) -> bool:
    """Whether the writer's words lead to what is below: the line above ends in a colon."""
    above = marks.filled_above(all_lines, at)
    return above is not None and all_lines[above].text.rstrip().endswith((":", "："))


def _attribution_below(all_lines: Sequence[Line], at: int) -> int | None:
    """One past the attribution that begins on line `at`; `at` itself where a quote does, its attribution among it."""
    below = _filled(all_lines, at)
    if below is None or all_lines[below].quoted:
        return None if below is None else at
    before_quote = _before_quote(all_lines[below : below + 2 * marks.WINDOW])[: marks.WINDOW]
    lasts = enumerate(before_quote, below)
    return next((last + 1 for last, before in lasts if marks.attribution(all_lines, last, before) == below), None)


def _has_address(block: Sequence[Line]) -> bool:
    """Whether a block that stands above all else names an address: else it is rather a form than an answer without a word."""
    return any("@" in line.text for line in block)


def _filled(all_lines: Sequence[Line], at: int) -> int | None:
    return next((i for i in range(at, min(len(all_lines), at + 5)) if not all_lines[i].blank), None)


def _before_quote(all_lines: Sequence[Line]) -> list[bool]:
    """For each line: is the next filled line below it quoted?"""
    answers, below = [False] * len(all_lines), False
    for at in range(len(all_lines) - 1, -1, -1):
        answers[at] = below
        if not all_lines[at].blank:
            below = all_lines[at].quoted
    return answers


def _with_rulers(all_lines: Sequence[Line], tags: Sequence[Tag], first: int, block: bool) -> int:
    """Where the mark begins together with the rulers right above it, and with the banner above a header block."""
    start = at = first
    while at > 0 and tags[at - 1] == "new" and (all_lines[at - 1].blank or marks.RULER.match(all_lines[at - 1].text)):
        at -= 1
        if not all_lines[at].blank:
            start = at
    banner = block and at > 0 and tags[at - 1] == "new" and banners.is_banner(all_lines[at - 1].text)
    return at - 1 if banner else start


def _is_torn(all_lines: Sequence[Line], at: int) -> bool:
    """The end of a quoted line that a gateway wrapped out of the quote: right between two quoted lines, and the
    line above is as long as it may be and ends amid a sentence, or amid a link."""
    if not (0 < at < len(all_lines) - 1 and all_lines[at - 1].quoted and all_lines[at + 1].quoted):
        return False
    above, text = all_lines[at - 1].text, all_lines[at].text.strip()
    opened = "http" in above and any(above.rfind(o) > above.rfind(c) and c in text for o, c in ("()", "[]", "<>"))
    full = len(above.rstrip()) + 1 + len(text.split()[0]) > WIDTH and len(text) < WIDTH
    amid = text[0].islower() and (above.rstrip()[-1].isalnum() or above.rstrip().endswith(","))
    return (full and amid) or (opened and " " not in text) or _BRACKETED_URL.match(text) is not None


def _is_ours(all_lines: Sequence[Line], mark: _Mark) -> bool:
    """A letter of a relay, sent on: its readers have it already, or must not."""
    return any(_OURS.search(line.text[:500]) for line in all_lines[mark.first : mark.end + 12])


# ── below the lines that are read ──────────────────────────────────────────────────────────────────────────


def _with_rest(found: Reply, rest: str, all_lines: Sequence[Line], forwarded: bool | None) -> Reply:
    """What is below a mark without an end is history, or forwarded; all else is the writer's, but for quotes."""
    last = next((line for line in reversed(all_lines) if not line.blank), None)
    if found.tags[-1] == "forwarded":
        return replace(found, forwarded=f"{found.forwarded}\n{rest}")
    if found.tags[-1] == "quoted" and last is not None and not last.quoted:
        return replace(found, quoted=f"{found.quoted}\n{rest}")
    start, forward = _history(rest, forwarded)
    new, quoted = length.unquoted(rest[:start])
    return replace(
        found,
        rest=_MANY_BLANKS.sub("\n\n", new).strip("\n"),
        quoted=f"{found.quoted}\n{quoted}{'' if forward else rest[start:]}".strip("\n"),
        forwarded=rest[start:] if forward else "",
    )


def _history(rest: str, forwarded: bool | None) -> tuple[int, bool]:
    """Where history without `>` begins, and whether it was sent on purpose; the end where there is none."""
    for at, above, below in length.suspects(rest):
        around = above + below
        before_quote = _before_quote(around)
        mark = _find(around, len(above), before_quote[len(above)], forwarded, above=True)
        if mark is not None and not before_quote[mark.end - 1]:
            return at, mark.forward and not _is_ours(around, mark)
    return len(rest), False


# ── signature ──────────────────────────────────────────────────────────────────────────────────────────────


def _runs(all_lines: Sequence[Line], tags: Sequence[Tag], placed: Collection[str]) -> Iterator[list[int]]:
    """The runs of new lines between quotes and the writer's pictures: each may end in a signature."""
    run: list[int] = []
    for at, (line, tag) in enumerate(zip(all_lines, tags, strict=True)):
        if tag == "new" and line.text not in placed:
            run.append(at)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _sign(all_lines: Sequence[Line], tags: list[Tag], run: Sequence[int]) -> None:
    """Tag what is signature in a run, and what only double spacing has put there."""
    spare = {run[at] for at in spacing.spare([all_lines[at].text for at in run])}
    for at in spare:
        tags[at] = "spare"
    rest = [at for at in run if at not in spare]
    for found in signature.find([all_lines[at].text for at in rest], closed_up=bool(spare)):
        tags[rest[found]] = "signature"
