"""The words of languages: whole, without clashes, and one file more is one language more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relay import keywords, wording, workflow
from relay.keywords import FOLDER, LANGUAGES, WordsError, load

ROOT = Path(__file__).parents[1]
# English → a made-up German, as far as the tests look; what is not here keeps its English word with an "e" after it.
GERMAN = {"accept": "angenommen", "pass": "weitergeben", "monday": "montag", "today": "heute", "until": "bis", "hours": "stunden"}


def german() -> str:
    """A third language's file, made of the English one."""
    lines = (FOLDER / "en.toml").read_text("utf-8").split("\n")
    for english, word in GERMAN.items():
        lines = [line.replace(f'"{english}"', f'"{word}", "{english}"') for line in lines]
    return "\n".join(lines).replace('"^ false alarm"', '"^ fehlalarm $"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The built-in languages and a third one."""
    shutil.copytree(FOLDER, tmp_path / "words")
    (tmp_path / "words" / "de.toml").write_text(german(), "utf-8")
    return tmp_path / "words"


def test_the_built_in_languages_are_whole() -> None:
    assert list(LANGUAGES) == [path.stem for path in sorted(FOLDER.glob("*.toml"))] and list(LANGUAGES)[:2] == ["en", "ru"]
    assert set(keywords.COMMANDS) == set(wording.COMMANDS) >= set(workflow.MOVES)
    assert all(set(language.commands) == set(keywords.COMMANDS) for language in LANGUAGES.values())


def test_english_words_name_the_commands() -> None:
    assert all(word in spellings for word, spellings in LANGUAGES["en"].commands.items())


def test_a_language_is_one_file_more(folder: Path) -> None:
    found = load(folder)
    assert list(found) == ["en", "de", "ru"]
    assert found["de"].commands["accept"] == ("angenommen", "accept", "accepted")
    assert found["de"].arguments.weekdays[0] == ("montag", "monday", "mon") and found["de"].arguments.until == (
        "bis",
        "until",
        "till",
    )


TRY = """
from datetime import date
from relay import arguments, keywords, signs, wording
from relay.mail import commands
print(list(keywords.LANGUAGES), commands.commands_of("#Angenommen gern")[0].word, arguments.day("montag", date(2026, 11, 23))[0])
print(arguments.duration("2 stunden"), "bis" in arguments.UNTIL, wording.languages(None)["de"].command("pass"))
print(signs.read("Fehlalarm!"), signs.read("Fehlalarm?"))
"""


def test_a_language_is_two_files_more_for_the_whole_relay(folder: Path, tmp_path: Path) -> None:
    skip = shutil.ignore_patterns("__pycache__", "words")
    shutil.copytree(ROOT / "relay", tmp_path / "relay", ignore=skip)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    folder.rename(tmp_path / "relay" / "words")
    (tmp_path / "templates" / "de.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n')
    done = subprocess.run([sys.executable, "-c", TRY], cwd=tmp_path, env={}, check=False, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "['en', 'de', 'ru'] accept 2026-11-30",
        "(120, '') True #weitergeben",
        "cancel None",
    ], done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('mute = ["mute"]\n', "", "de.toml: commands.mute is missing"),
        ('mute = ["mute"]', "mute = []", "commands.mute: expected a list of words"),
        ('mute = ["mute"]', 'mute = "mute"', "commands.mute: expected a list of words"),
        ('mute = ["mute"]', 'mute = ["Mute"]', "lower case"),
        ('mute = ["mute"]', 'mute = ["mute"]\nsing = ["sing"]', "commands.sing is not in en.toml"),
        ('mute = ["mute"]', 'mute = ["принято"]', '"принято" means both mute and accept'),
        ('["may"],', "", "arguments.months: expected 12 lists"),
        ('["may"],', "[],", r"arguments.months\[4\]: expected a list of words"),
        ('contrasts = ["but", ', "contrasts = [5, ", "signs.contrasts: expected a list of words"),
        ("[arguments]", "[argumnets]", "arguments is missing; argumnets is not in en.toml"),
        ("[arguments]", "[arguments", "de.toml: "),
    ],
)
def test_what_is_wrong_in_a_file_is_said(folder: Path, old: str, new: str, said: str) -> None:
    text = (folder / "de.toml").read_text("utf-8")
    assert old in text
    (folder / "de.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(WordsError, match=said):
        load(folder)


def test_everything_wrong_is_said_at_once(folder: Path) -> None:
    (folder / "de.toml").write_text("[commands]\n", "utf-8")
    with pytest.raises(WordsError) as caught:
        load(folder)
    assert all(f"commands.{word} is missing" in str(caught.value) for word in keywords.COMMANDS)
    assert "arguments is missing" in str(caught.value)


def test_without_english_nothing_says_what_a_language_needs(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match=r"en\.toml: not there"):
        load(tmp_path)


def test_a_language_without_words_of_its_own_writes_english_ones() -> None:
    assert keywords.spelling("sv", "accept") == "accept" and keywords.spelling("ru", "accept") == "принято"
    assert keywords.spelling("ru", "no such command") == "no such command"
