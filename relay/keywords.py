"""The words of every language that the relay understands in a mail: commands, days and durations, signs.

A language is one file, `words/CODE.toml`; `en.toml` says which words each of them has. What the relay says itself is in
`templates/`. Keywords of all languages are understood in every mail, so none may mean two commands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"
SOURCE = "en"  # the language in whose words commands are named

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Words of days and durations, in lower case. `weekdays` are seven, Monday first; `months` twelve."""

    weekdays: tuple[Phrases, ...]
    months: tuple[Phrases, ...]
    hours: Phrases
    minutes: Phrases
    days: Phrases
    today: Phrases
    tomorrow: Phrases
    day_after_tomorrow: Phrases
    until: Phrases


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `commands`: English word → spellings, the first is written in letters; `answers` likewise, to the question
    about a held mail, and `statements` to a report. `signs`: see `relay.signs`."""

    code: str
    commands: Mapping[str, Phrases]
    arguments: Arguments
    signs: Mapping[str, Phrases]
    answers: Mapping[str, Phrases]
    statements: Mapping[str, Phrases]


class WordsError(ValueError):
    """A language's file cannot be used: which one, and everything that is wrong in it."""


def load(folder: Path) -> dict[str, Words]:
    """Every language of a folder by code, English first. Raises WordsError for what differs from `en.toml`, and for clashes."""
    paths = sorted(folder.glob("*.toml"), key=lambda path: (path.stem != SOURCE, path.stem))
    tables = {path.stem: _table(path) for path in paths}
    if SOURCE not in tables:
        raise WordsError(f"{folder / SOURCE}.toml: not there; it says which words every language has")
    for path in paths:
        if wrong := "; ".join(_differences(tables[path.stem], tables[SOURCE])):
            raise WordsError(f"{path}: {wrong}")
    languages = {code: _words(code, table) for code, table in tables.items()}
    if wrong := "; ".join(_clashes(languages)):
        raise WordsError(f"{folder}: {wrong}")
    return languages


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordsError(f"{path}: {error}") from error


def _words(code: str, table: Mapping[str, Any]) -> Words:
    commands, signs, answers, statements = (_frozen(table[name]) for name in ("commands", "signs", "answers", "statements"))
    return Words(code, commands, Arguments(**_frozen(table["arguments"])), signs, answers, statements)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


# ── what a file must be like ───────────────────────────────────────────────────────────────────────────────


def _differences(found: Any, like: Any, where: str = "") -> Iterator[str]:
    """What is missing or too much beside the English file, and what is no list of words, each with its place."""
    if isinstance(like, dict):
        yield from _differing_keys(found, like, where)
    elif isinstance(like[0], list):
        if not isinstance(found, list) or len(found) != len(like):
            yield f"{where}: expected {len(like)} lists of words"
        else:
            for at, each in enumerate(found):
                yield from _differences(each, like[at], f"{where}[{at}]")
    elif not isinstance(found, list) or not found or not all(map(_is_phrase, found)):
        yield f"{where}: expected a list of words in lower case, at least one"


def _differing_keys(found: Any, like: Mapping[str, Any], where: str) -> Iterator[str]:
    if not isinstance(found, dict):
        yield f"{where}: expected a table"
        return
    for key in [*like, *(key for key in found if key not in like)]:
        place = f"{where}.{key}" if where else key
        if key not in found:
            yield f"{place} is missing"
        elif key not in like:
            yield f"{place} is not in {SOURCE}.toml"
        else:
            yield from _differences(found[key], like[key], place)


def _is_phrase(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value == " ".join(value.lower().split())


def _clashes(languages: Mapping[str, Words]) -> Iterator[str]:
    meant: dict[str, str] = {}
    for language in languages.values():
        for word, spellings in (*language.commands.items(), *language.answers.items(), *language.statements.items()):
            for spelling in spellings:
                if meant.setdefault(spelling, word) != word:
                    yield f'"{spelling}" means both {meant[spelling]} and {word}'


# ── all of them ────────────────────────────────────────────────────────────────────────────────────────────

LANGUAGES: Mapping[str, Words] = load(FOLDER)
COMMANDS: Phrases = tuple(LANGUAGES[SOURCE].commands)


def merged(phrases: Callable[[Words], Iterable[str]]) -> Phrases:
    """Those words of all languages, each once: `merged(lambda language: language.arguments.until)`."""
    return tuple(dict.fromkeys(phrase for language in LANGUAGES.values() for phrase in phrases(language)))


def spellings(command: str) -> Phrases:
    """What one may write after "#" for a command, in any language."""
    return merged(lambda language: language.commands[command])


def answer(code: str, word: str) -> str:
    """How an answer to the question about a held mail ("yes", "once", "no") is written in a language, or to a report."""
    language = LANGUAGES.get(code, LANGUAGES[SOURCE])
    return (language.answers.get(word) or language.statements[word])[0]


def spelling(code: str, command: str) -> str:
    """How a command is written in letters of a language (one without words writes English); an unknown command as it is."""
    return LANGUAGES.get(code, LANGUAGES[SOURCE]).commands.get(command, (command,))[0]
