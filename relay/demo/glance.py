"""Mails and letters at a glance: the lines that the demo prints of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from relay.demo.letter import Landed
from relay.demo.mails import Draft
from relay.demo.scenario import PEOPLE

SHOWN = 6  # lines of a letter that are shown
WIDTH = 96
SIGNATURE = "[a signature]"


def written(draft: Draft) -> list[str]:
    """What was typed, and what the client adds to it."""
    lines = draft.shown.split("\n")
    lines += [f"[attached: {file.name}]" for file in draft.attached]
    lines += [SIGNATURE] if draft.signature else []
    quote = ["[the letter answered, quoted]"] if draft.answers else []
    return quote + lines if draft.below else lines + quote


def landed(letters: Sequence[Landed]) -> Iterator[str]:
    """Letters to others; those with the same words are shown once, below the names that each mailbox sees as the author."""
    alike: dict[tuple[str, ...], list[Landed]] = {}
    for letter in letters:
        alike.setdefault(_face(letter), []).append(letter)
    for (names, *lines), each in alike.items():
        yield from _readers(each)
        yield from (f"      | {line}" for line in lines)
        if names:
            yield f"      Files: {names}"


def receipt(letter: Landed) -> Iterator[str]:
    """A letter to the author about his own mail: its first line, and what is asked, offered and left out of it."""
    signature = {line.strip() for line in PEOPLE[letter.to].signature.split("\n")} if letter.to in PEOPLE else set()
    lines = list(dict.fromkeys(SIGNATURE if line.strip() in signature else line for line in _filled(letter)))
    told = [both for both in pairwise(lines) if both[1].startswith("  ") or both[1] == SIGNATURE]
    yield f"  <-- receipt to {letter.to}: {lines[0]}"
    yield from (f"      | {_cut(line)}" for line in dict.fromkeys(line for both in told for line in both))


def _face(letter: Landed) -> tuple[str, ...]:
    """Its files, and its first lines."""
    lines = [_cut(line) for line in _filled(letter)]
    rest = [f"(and {len(lines) - SHOWN} more lines)"] if len(lines) > SHOWN + 1 else lines[SHOWN:]
    return (", ".join(file.name for file in letter.files), *lines[:SHOWN], *rest)


def _readers(letters: Sequence[Landed]) -> Iterator[str]:
    seen: dict[tuple[str, str], list[str]] = {}
    for letter in letters:
        seen.setdefault((letter.mailbox, letter.author.name), []).append(letter.to)
    yield from (f"  --> {box}: {', '.join(to)}, from {name}" for (box, name), to in seen.items())


def _filled(letter: Landed) -> list[str]:
    """The lines of its words, without the one that only says again who has written them."""
    again = f": {letter.author.name.replace(' (', ', ').removesuffix(')')}"
    return [line for line in letter.words.split("\n") if line.strip() and not line.endswith(again)]


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
