"""What is wrong with the wording of letters: every template tried on made-up letters of every kind and language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from relay import samples, wording
from relay.errors import Mistake
from relay.letters import Letters
from relay.wording import TemplateError

_REMEDY = "a template that works; until it is mended, letters go out in the built-in wording"
_REMEDIES = {
    ".po": "a catalogue in gettext's form (.po), in UTF-8, its sentences with the facts of the English ones",
    ".css": "rules of one class each, such as .small { font-size: 13px; }, in UTF-8",
}


def mistakes(templates: Path | None) -> tuple[Mistake, ...]:
    """Every mistake in the templates and catalogues of that folder and in the built-in ones: which file, which line, and why."""
    composer = Letters("relay.example", "Relay", templates)
    return tuple(dict.fromkeys(map(_mistake, (*composer.broken.values(), *_tried(composer)))))


def strays(templates: Path | None) -> tuple[str, ...]:
    """A sentence for each file of the folder that stands for no built-in one: nobody reads it, unless another includes it."""
    known = {path.name for path in wording.builtin().iterdir()}
    names = sorted(path.name for path in templates.iterdir() if path.suffix in (".txt", ".html", ".css")) if templates else []
    return tuple(_stray(name, known) for name in names if name not in known)


def _stray(name: str, known: set[str]) -> str:
    near = get_close_matches(name, known, 1, 0.6)
    hint = f', did you mean "{near[0]}"?' if near else ""
    return f'relay.templates: no letter is made with "{name}" unless another template includes it{hint}'


def _tried(composer: Letters) -> Iterator[TemplateError]:
    for code in composer.languages:
        for letter in samples.letters(code).values():
            composer.broken.clear()
            try:
                composer.compose(replace(letter, language=code))
            except TemplateError as error:
                yield error
            yield from composer.broken.values()


def _mistake(error: TemplateError) -> Mistake:
    return Mistake(error.file, f"line {error.line}", error.reason, _REMEDIES.get(Path(error.file).suffix, _REMEDY))
