"""What a letter offers by one click: commands and answers as mailto links (RFC 6068), and the same in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote

from relay import mime
from relay.model import Action, Letter
from relay.wording import ANSWERS, STATEMENTS, Language

MAILTO = 950  # characters; some clients cut a mailto link at 1,000
SUBJECT = 600  # characters of it for the percent-encoded subject
FORWARD = ("accept", "resolved", "close")  # the commands that lead a ticket on


@dataclass(frozen=True, slots=True)
class Deed:
    """An action as offered: the line to write, what it does, and a mailto link ("" when it would be too long).

    `main`: of those in a letter the one that leads on.
    """

    line: str
    meaning: str
    mailto: str
    main: bool = False


def offered(letter: Letter, language: Language, subject: str) -> list[Deed]:
    deeds = [deed(action, language, letter.sender, subject) for action in letter.actions]
    turn = any(seat.ball and seat.own for seat in letter.seats)
    main = next((count for count, action in enumerate(letter.actions) if turn and action.word in FORWARD), None)
    return [replace(deed, main=count == main) for count, deed in enumerate(deeds)]


def deed(action: Action, language: Language, recipient: str, subject: str) -> Deed:
    meaning, placeholder = language.meaning(action.word)
    line = language.command(action.word, mime.clean(action.argument))
    link = mailto(recipient, subject, f"{line} " if placeholder and not action.argument else line)
    return Deed(line if action.argument else f"{line} {placeholder}".rstrip(), meaning, link)


def offer(language: Language, recipient: str, title: str, action: Action | None) -> Deed:
    """An action at a ticket that the letter is not of, or None for an answer to it."""
    subject = subject_query(title)
    return deed(action, language, recipient, subject) if action else Deed("", "", mailto(recipient, subject, ""))


def answer(word: str, language: Language, recipient: str, subject: str) -> Deed:
    line = language.answer(word)
    return Deed(line, language.say((ANSWERS | STATEMENTS)[word]), mailto(recipient, subject, line))


def mailto(recipient: str, subject: str, line: str) -> str:
    """An RFC 6068 link to a new mail that begins with the line; "" when it would be too long for some clients."""
    body = "&body=" + quote(f"{line}\r\n\r\n", safe="") if line else ""
    link = f"mailto:{quote(mime.addr_spec(recipient), safe='@')}?subject={subject}{body}"
    return link if len(link) <= MAILTO else ""


@lru_cache(maxsize=1024)
def subject_query(title: str) -> str:
    subject = f"Re: {title}"
    while len(coded := quote(subject, safe="")) > SUBJECT:
        subject = subject[:-8]
    return coded
