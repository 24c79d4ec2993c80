"""The page for partners says what the relay understands."""

from __future__ import annotations

from pathlib import Path

from relay import handbook, keywords
from relay.mail import commands
from relay.wording import COMMANDS, languages


def test_the_page_in_docs_is_the_one_that_the_tables_make() -> None:
    assert (Path(__file__).parent.parent / "docs" / "commands.md").read_text(encoding="utf-8") == handbook.page()


def test_what_the_page_and_the_letters_tell_people_to_write_is_understood() -> None:
    for code, language in languages(None).items():
        for word in COMMANDS:
            found = commands.commands_of(language.command(word, "x"))
            assert [each.word for each in found] == [word], (code, word)


def test_the_page_has_every_language_in_its_own_words() -> None:
    titles = [line for line in handbook.page().split("\n") if line.startswith("# ")]
    assert len(set(titles)) == len(keywords.LANGUAGES)
