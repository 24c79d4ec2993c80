"""The page of commands for partners, in every language, from the same tables as the parser and the help mail.

`python -m relay.handbook > docs/commands.md` writes it anew.
"""

from __future__ import annotations

from relay import keywords
from relay.deeds import FROM_ABOVE
from relay.wording import COMMANDS, Language, languages
from relay.workflow import MOVES

TITLE = "Commands in a mail"
RULES = (
    "You never need any of these: answering the mail is enough. Each command stands on a line of its own, at the beginning or "
    "the end of what you write. Capitals, a space after `#` and the language do not matter: every keyword is understood in "
    "every mail."
)
HEADS = ("write", "what it does", "who")
SIDES = {"downstream": "who has the ticket", "upstream": "who has passed it on", "": "everyone"}
SENTENCES = (TITLE, RULES, *HEADS, *SIDES.values())  # what a catalogue has for this page


def page() -> str:
    """The whole page, in Markdown: a section a language that has both its words and its catalogue."""
    known = languages(None)
    return "\n".join(_section(known[code]) for code in keywords.LANGUAGES if code in known)


def _section(language: Language) -> str:
    heads = f"| {' | '.join(map(language.say, HEADS))} |"
    rows = [_row(language, word) for word in COMMANDS]
    return "\n".join([f"# {language.say(TITLE)}", "", language.say(RULES), "", heads, "| --- | --- | --- |", *rows, ""])


def _row(language: Language, word: str) -> str:
    who = language.say(SIDES[_side(word)])
    return f"| `{language.command(word)}{_placeholder(language, word)}` | {language.meaning(word)[0]} | {who} |"


def _side(word: str) -> str:
    """Whose word it is: downstream, upstream, or both ("")."""
    return MOVES[word].side if word in MOVES else "upstream" if word in FROM_ABOVE else ""


def _placeholder(language: Language, word: str) -> str:
    placeholder = language.meaning(word)[1]
    return f" {placeholder}" if placeholder else ""


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - that is what it is for
