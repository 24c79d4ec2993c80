"""Which of a few words a person's answer to a question begins with."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TypeVar

from relay.model import Mail

Word = TypeVar("Word", bound=str)


def word(mail: Mail, spellings: Mapping[Word, Sequence[str]], loose: Container[str] = ()) -> Word | None:
    """What the answer's first line says, or else its subject: the word of the longest spelling; None where it is none of them.

    After a `loose` one the line may go on without a stop.
    """
    first = next((line for line in mail.text.splitlines() if line.strip()), mail.subject)
    said = " ".join(first.lower().strip(" #\t>*\"'«»“”").split())
    found = [
        (len(each), meant) for meant, several in spellings.items() for each in several if _begins(said, each, meant in loose)
    ]
    return max(found)[1] if found else None


def _begins(said: str, phrase: str, loose: bool) -> bool:
    """Whether an answer is that phrase, or goes on after a stop: "no, never heard of him", but not "no idea"."""
    rest = said.removeprefix(phrase)
    goes_on = rest.lstrip()[:1] in (*",.;:!—–-(",) or (loose and rest.startswith(" "))
    return said.startswith(phrase) and (not rest.strip(" .!)") or goes_on)
