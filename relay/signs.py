"""Signs in free text: which status command somebody's own words look like ("готово, заменили блок": resolved). Pure.

Nothing is changed by a sign: the relay only offers the command as one click. So in doubt there is none. The phrases, and the
words that make them doubtful, are in `words/LANGUAGE.toml`; which of them count where is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from relay.keywords import merged

HEAD = 1000  # characters of a text that are looked at
SENTENCES = 5  # of these, the first sentences; a line end is a sentence's end
# Signs that may stand side by side, each line in order: of several the last counts. Any other two contradict each other.
LADDERS = (("accept", "start", "wait", "resolved", "close"), ("close", "cancel"), ("decline",), ("reopen",))
WORDS = tuple(dict.fromkeys(word for ladder in LADDERS for word in ladder))
OVER = {"resolved", "close"}  # say that the work is over: a "not" anywhere beside them is one too many
STATES = {"wait", "decline", "reopen"}  # say how things are: a day or an "if" after them takes nothing away

_WORD = r"[^ .,?]+"
_GAPS = {"..": rf"((?:{_WORD} ){{0,2}})", "...": r"((?:[^ ?]+ ){0,6})"}
_ANCHORS = {"^": r"(?<=[.,?] )", "$": r"(?=[.,?])"}
_QUOTE = re.compile(r'«[^«»]{0,300}»|“[^“”]{0,300}”|„[^„“”]{0,300}[“”]|"[^"\n]{0,300}"')
_WRAPPED = re.compile(r"(?<=[^\n]{50})\n(?=[^\W\d_])")
_TOKEN = re.compile(
    r"(?P<end>[.!?…\n]+)|(?P<pause>[,;:()\[\]–—]|(?<=\s)-+(?=\s))|(?P<word>\d+(?:[.,:/]\d+)*|[^\W_]+(?:['-][^\W_]+)*|\")"
)


def read(text: str) -> str | None:
    """The status command (its English word) that newly written text looks like; None where it looks like none, or in doubt.

    >>> read("Готово, заменили блок"), read("We're waiting for the part."), read("Не готово"), read("Is it done?")
    ('resolved', 'wait', None, None)
    """
    return next(iter(found(text)), None)


def found(text: str) -> tuple[str, ...]:
    """All the commands that the text looks like, the last in the order of work first; () where they contradict each other.

    "Готово, можно закрывать" is close to a customer, resolved to who did the work: take the first that may be used now.
    """
    stream = _stream(text)
    signs = [sign for word in WORDS for sign in _signs(stream, word)]
    own = _blanked(stream, [span for sign in signs for span in sign.own])
    calm = _blanked(own, [match.span() for match in _any_of("harmless").finditer(stream)])
    doubted = {sign.word for sign in signs if _is_doubtful(sign, own, calm)}
    sure = {sign.word for sign in signs} - doubted
    return next((tuple(word for word in reversed(ladder) if word in sure) for ladder in LADDERS if sure <= {*ladder}), ())


# ── where a sign stands ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Sign:
    """A phrase found in the stream: its command, its place, and the places of its own words, without what its gaps let in."""

    word: str
    start: int
    end: int
    own: tuple[tuple[int, int], ...]


def _signs(stream: str, word: str) -> Iterator[_Sign]:
    for phrase in _phrases(word):
        for match in phrase.finditer(stream):
            gaps = [match.span(group) for group in range(1, len(match.groups()) + 1)]
            edges = [match.start(), *(edge for gap in gaps for edge in gap), match.end()]
            yield _Sign(word, match.start(), match.end(), tuple(zip(edges[::2], edges[1::2], strict=True)))


def _is_doubtful(sign: _Sign, own: str, calm: str) -> bool:
    """Whether words beside a sign take it away. `own` is the stream without signs, `calm` without harmless denials as well.

    Within the sign's clause every word counts; outside it, harmless ones do not.
    """
    clause, sentence = _around(own, sign, ".,?"), _around(own, sign, ".?")
    near = own[slice(*clause)]
    around = calm[: clause[0]] + near + calm[clause[1] :]
    within, before, after = around[slice(*sentence)], around[sentence[0] : sign.end], around[sign.end :]
    return own.startswith("?", sentence[1]) or any(
        _any_of(kind).search(place) is not None
        for kind, place in (
            ("negations", around if sign.word in OVER else near),
            ("partly", within if sign.word in OVER else ""),
            ("futures", near),
            ("days", "" if sign.word in STATES else near),
            ("conditions", before if sign.word in STATES else within),
            ("questions", before),
            ("contrasts", after),
        )
    )


def _around(stream: str, sign: _Sign, marks: str) -> tuple[int, int]:
    """The clause (marks ".,?") or sentence (".?") that a sign stands in, from the space before it to the space after it."""
    left = max(stream.rfind(f" {mark} ", 0, sign.start) for mark in marks)
    right = min(at for mark in marks if (at := stream.find(f" {mark} ", sign.end - 1)) >= 0)
    return left + 2, right + 1


def _blanked(stream: str, spans: list[tuple[int, int]]) -> str:
    """The stream with the words of those places made unreadable, and its marks and length left as they are."""
    for start, end in spans:
        stream = stream[:start] + re.sub(r"[^ .,?]", "_", stream[start:end]) + stream[end:]
    return stream


# ── text → stream ──────────────────────────────────────────────────────────────────────────────────────────


def _stream(text: str) -> str:
    """The first sentences as words and marks with single spaces: " . готово , заменили блок . ".

    A sentence ends with "." or "?", a clause with ","; what stands in quotation marks is one `"`; quoted lines are left out.
    """
    text = text.lstrip()
    head = "\n".join(line for line in text[:HEAD].split("\n") if not line.lstrip().startswith((">", "|")))
    plain = _QUOTE.sub(' " ', _WRAPPED.sub(" ", head.replace("’", "'").replace("\xa0", " "))).lower().replace("ё", "е")
    marks = " ".join(_mark(token) for token in _TOKEN.finditer(plain))
    stream = _joined(f" . {marks} {'.' if len(text) <= HEAD else ''} ")
    stream = _joined(_fillers().sub("", stream))
    ends = [match.end() for match in re.finditer(r" [.?](?= )", stream)]
    return stream[: ends[: SENTENCES + 1][-1]] + " "


def _mark(token: re.Match[str]) -> str:
    if token.lastgroup == "end":
        return "?" if "?" in token[0] else "."
    return "," if token.lastgroup == "pause" else token[0]


def _joined(stream: str) -> str:
    """Marks that follow one another become one, the strongest of them."""
    return re.sub(r"(?<= )[.,?](?: +[.,?])+(?= )", lambda run: max(run[0].replace(" ", ""), key=",.?".index), stream)


# ── phrases → patterns ─────────────────────────────────────────────────────────────────────────────────────


@cache
def _phrases(word: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_pattern(phrase)) for phrase in merged(lambda language: language.signs[word]))


@cache
def _any_of(kind: str) -> re.Pattern[str]:
    return re.compile("|".join(_pattern(phrase) for phrase in merged(lambda language: language.signs[kind])))


@cache
def _fillers() -> re.Pattern[str]:
    return re.compile(rf"(?<=[.,?] )(?:{_any_of('fillers').pattern})+")


def _pattern(phrase: str) -> str:
    """A phrase of a language's file (its grammar is told in `words/en.toml`) as a regular expression; its groups are its gaps."""
    return r"(?<= )" + "".join(_GAPS.get(part) or f"(?:{'|'.join(map(_part, part.split('|')))})" for part in phrase.split())


def _part(word: str) -> str:
    if word in _ANCHORS:
        return _ANCHORS[word]
    return re.escape(word.replace("ё", "е")).replace(r"\*", "[^ .,?]*").replace("_", " ") + " "
