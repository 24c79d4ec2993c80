"""Mails and letters at a glance: the lines that the demo prints of each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from relay.demo.letter import Landed
from relay.demo.mails import Draft

SHOWN = 4  # lines of a letter that are shown
WIDTH = 96


def written(draft: Draft) -> list[str]:
    """What was typed, and what the client adds to it."""
    lines = draft.shown.split("\n")
    lines += [f"[attached: {file.name}]" for file in draft.attached]
    lines += ["[a signature]"] if draft.signature else []
    quote = ["[the letter answered, quoted]"] if draft.answers else []
    return quote + lines if draft.below else lines + quote


def landed(letters: Sequence[Landed]) -> Iterator[str]:
    """Letters to others; those that read alike are shown once."""
    alike: dict[tuple[str, ...], list[Landed]] = {}
    for letter in letters:
        alike.setdefault(_face(letter), []).append(letter)
    for (name, subject, names, *lines), each in alike.items():
        yield f"  --> {'; '.join(_boxes(each))}"
        yield f"      From: {name}"
        yield f"      Subject: {subject}"
        yield from (f"      | {line}" for line in lines)
        if names:
            yield f"      Files: {names}"


def receipt(letter: Landed) -> Iterator[str]:
    """A letter to the author about his own mail: the beginning of its words run together, and what a click in it writes."""
    yield f"  <-- receipt to {letter.to}:"
    yield from (f"      | {line}" for line in textwrap.wrap(" ".join(letter.words.split()), WIDTH, max_lines=2, placeholder=" …"))
    yield from (f"      [a click writes: {offer.body}]" for offer in letter.offers)


def _face(letter: Landed) -> tuple[str, ...]:
    """Who wrote it, its subject, its files, and its first lines."""
    lines = [_cut(line) for line in letter.words.split("\n") if line.strip()]
    rest = [f"(and {len(lines) - SHOWN} more lines)"] if len(lines) > SHOWN + 1 else lines[SHOWN:]
    return (letter.author.name, letter.subject, ", ".join(file.name for file in letter.files), *lines[:SHOWN], *rest)


def _boxes(letters: Sequence[Landed]) -> Iterator[str]:
    for box in dict.fromkeys(letter.mailbox for letter in letters):
        yield f"{box}: {', '.join(letter.to for letter in letters if letter.mailbox == box)}"


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"
