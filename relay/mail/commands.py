"""The commands that a mail may hold, read out of newly written text; their words in every language are in `keywords`.

A command is a line of its own among the first or last lines: `#word argument`. Only recognised words are commands; a line
`#5 pump` stays text, and a near miss of a word stays text and is reported. Several may share a line, `#accept #time 2h`, where
it is plain how far each of them goes; else the line stays text and is reported, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher, get_close_matches

from relay import keywords
from relay.model import Command

EDGE = 5  # filled lines at either end of a text among which commands stand
_KEYWORDS = {phrase: word for word in keywords.COMMANDS for phrase in keywords.spellings(word)}
_ALTERNATIVES = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in sorted(_KEYWORDS, key=len, reverse=True))
_LEAD = r"^[\s*_\ufeff\u200b]{0,8}[#＃]\s?"
_COMMAND = re.compile(rf"{_LEAD}({_ALTERNATIVES})(?![^\W_])[*_]{{0,3}}(?::\s*|[.!,;]?(?:\s+|$))(.*)$", re.IGNORECASE)
_HASH = re.compile(r"(?:^|(?<=[\s,;.+&(*_]))[#＃](?=\s?[^\W\d_])")  # where in an argument another command may begin
_BETWEEN = " \t\xa0,;.+&*_"
_VALUED = frozenset({"time", "rate", "ref"})  # their argument is a value, so that the next # begins the next command
MOST = 8  # commands of a line
_CANDIDATE = re.compile(rf"{_LEAD}([^\W\d_]{{1,20}}(?:\s[^\W\d_]{{1,20}})?)(?![\w/#])", re.IGNORECASE)
INTERNAL = keywords.spellings("internal")
_INTERNAL = re.compile(rf"[#＃]\s?(?:{'|'.join(map(re.escape, INTERNAL))})(?![^\W_])", re.IGNORECASE)
CLOSENESS = 0.75


def extract(text: str) -> tuple[str, tuple[Command, ...], tuple[str, ...]]:
    """`text` without its command lines, the commands in order, and the lines that look like a misspelt command."""
    lines = text.split("\n")
    edges = _edges(lines)
    found = {at: given for at in edges if (given := commands_of(lines[at]))}
    found |= {at: (command,) for at, line in enumerate(lines) if at not in found and (command := _internal(line)) is not None}
    unknown = tuple(line.strip() for at, line in enumerate(lines) if at not in found and _is_suspect(at in edges, line))
    if not found:
        return text, (), unknown
    found = dict(sorted(found.items()))
    kept = "\n".join(line for at, line in enumerate(lines) if at not in found)
    return (
        re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", kept).strip("\n"),
        tuple(each for given in found.values() for each in given),
        unknown,
    )


def of_subject(subject: str) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """The command that a subject is, or the near miss that it begins with, as in `extract`.

    A mailto link may carry it there. It must begin the subject: one after "Re:" or a tag would be said again by every answer.
    """
    return extract(subject)[1:] if subject.startswith(("#", "＃")) else ((), ())


def _internal(line: str) -> Command | None:
    """#internal counts wherever it has a line of its own: what it guards must not hang on how long the mail is."""
    given = commands_of(line)
    return given[0] if len(given) == 1 and given[0].word == "internal" and not given[0].argument else None


def _is_suspect(edge: bool, line: str) -> bool:
    """A misspelt or unclear command where commands stand, or #internal in any place, misspelling and dress: "x (#internal)"."""
    return (edge and is_near_miss(line)) or mentions_internal(line) or _is_misspelt_internal(line)


def _is_misspelt_internal(line: str) -> bool:
    """Whether no other keyword is nearer; few lines are near enough to compare them with all."""
    match = _CANDIDATE.match(line[:200]) if "#" in line or "＃" in line else None
    if match is None or not any(get_close_matches(each, INTERNAL, 1, CLOSENESS) for each in _tried(match)):
        return False
    return _KEYWORDS.get(_nearest(line) or "") == "internal"


def mentions_internal(text: str) -> bool:
    """Whether the word stands anywhere in a text, in any dress."""
    return ("#" in text or "＃" in text) and _INTERNAL.search(text) is not None


def commands_of(line: str) -> tuple[Command, ...]:
    """The commands that a line is, none for a line of text and for one that may be meant in two ways. Arguments keep their case.

    >>> [(each.word, each.argument) for each in commands_of("#accept, #time 2h welding")]
    [('accept', ''), ('time', '2h welding')]
    >>> commands_of("#resolved, but please do not #close yet")
    ()
    """
    first = _command(line[:2000]) if "#" in line or "＃" in line else None
    if first is None or not ("#" in first.argument or "＃" in first.argument):
        return () if first is None else (first,)
    begins = [match.start() for match in _HASH.finditer(line[:2000])][1:]
    if len(begins) >= MOST:
        return ()
    ends = [at for at in begins if _command(line[at:2000])]
    if any(is_near_miss(line[at:]) for at in begins if at not in ends):
        return ()
    pieces = [line[start:end].rstrip(_BETWEEN) for start, end in zip([0, *ends], [*ends, len(line)], strict=True)]
    given = tuple(command for piece in pieces if (command := _command(piece)) is not None)
    plain = all(not command.argument or command.word in _VALUED for command in given[:-1])
    return given if plain and len(given) == len(pieces) else ()


def _command(text: str) -> Command | None:
    match = _COMMAND.match(text)
    return Command(_KEYWORDS[" ".join(match[1].lower().split())], (match[2] or "").strip(), text.strip()) if match else None


def guards(text: str) -> tuple[Command, ...]:
    """#internal in a reading of the mail that was not the one chosen: it counts all the same."""
    _, given, unknown = extract(text) if mentions_internal(text) else ("", (), ())
    suspects = [Command("internal", "", line) for line in unknown if mentions_internal(line)]
    return (*(command for command in given if command.word == "internal"), *suspects)[:1]


def is_near_miss(line: str) -> bool:
    """Whether a line that is no command looks like a misspelt one: its word is a letter or two off."""
    return _nearest(line) is not None


def nearest(line: str) -> str:
    """The English word of the command that a line of `Mail.unknown` comes nearest to; "" where it comes near none.

    >>> nearest("#acept"), nearest("#в роботе"), nearest("as said (#internal)"), nearest("#5 pump")
    ('accept', 'start', 'internal', '')
    """
    return _KEYWORDS.get(_nearest(line) or "", "internal" if mentions_internal(line) else "")


def _nearest(line: str) -> str | None:
    """The keyword that a line's first word, or its first two, comes nearest to."""
    match = _CANDIDATE.match(line[:200]) if "#" in line or "＃" in line else None
    if match is None:
        return None
    close = [
        (each, found) for each in _tried(match) if len(each) >= 3 for found in get_close_matches(each, _KEYWORDS, 1, CLOSENESS)
    ]
    return max(close, key=lambda pair: SequenceMatcher(None, pair[1], pair[0]).ratio())[1] if close else None


def _tried(match: re.Match[str]) -> tuple[str, ...]:
    """What may be a keyword: both words, or the first."""
    words = match[1].lower().split()
    return tuple(dict.fromkeys((" ".join(words), words[0])))


def _edges(lines: Sequence[str]) -> list[int]:
    """The lines among which commands may stand: EDGE filled ones at either end, command lines not counted."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    top, bottom = _reach(lines, filled), _reach(lines, filled[::-1])
    return sorted({*top, *bottom})


def _reach(lines: Sequence[str], order: Sequence[int]) -> list[int]:
    reached: list[int] = []
    others = 0
    for at in order:
        others += not commands_of(lines[at])
        if others > EDGE:
            break
        reached.append(at)
    return reached
