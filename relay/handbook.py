"""The page of commands for partners, in every language, from the same tables as the parser and the help mail.

`python -m relay.handbook > docs/commands.md` writes it anew.
"""

from __future__ import annotations

from relay.mail.commands import WORDS
from relay.wording import COMMANDS, Language, languages

TITLES = {"en": "Commands in a mail", "ru": "Команды в письме"}
RULES = {
    "en": "You never need any of these: answering the mail is enough. Each command stands on a line of its own, at the "
    "beginning or the end of what you write. Capitals, a space after `#` and the language do not matter: every keyword is "
    "understood in every mail.",
    "ru": "Знать команды не обязательно: достаточно ответить на письмо. Каждая команда пишется отдельной строкой в начале "
    "или в конце текста. Регистр, пробел после `#` и язык не важны: любое ключевое слово понимается в любом письме.",
}
HEADS = {"en": "| write | what it does |", "ru": "| напишите | что произойдёт |"}


def page() -> str:
    """The whole page, in Markdown."""
    known = languages(None)
    return "\n".join(_section(code, known[code]) for code in WORDS)


def _section(code: str, language: Language) -> str:
    rows = [f"| `{language.command(word)}{_placeholder(language, word)}` | {language.meaning(word)[0]} |" for word in COMMANDS]
    return "\n".join([f"# {TITLES[code]}", "", RULES[code], "", HEADS[code], "| --- | --- |", *rows, ""])


def _placeholder(language: Language, word: str) -> str:
    placeholder = language.meaning(word)[1]
    return f" {placeholder}" if placeholder else ""


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - that is what it is for
