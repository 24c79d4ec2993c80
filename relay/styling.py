"""Styles of letters: `look.css`, the admin's before the built-in one, is put into the tags of a template when that is read.

Mail clients take styles from the tag alone, or drop the sheet (Gmail in several cases), so every class gets a `style` beside it.
Done once for a template, and not for each letter as css-inline would: it costs a letter nothing, what a person wrote passes no
second parser, and a style may hold what only the letter knows, as `{{ brand.colour }}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import jinja2
from jinja2.ext import Extension

SHEET = "look.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"(?m)^[ \t]*\.([a-z][a-z0-9-]*)\s*\{((?:\{\{[^{}]*\}\}|[^{}])*)\}")
_CLASS = re.compile(r'class="([a-z0-9 -]+)"(?:[ \t]+style="([^"]*)")?')


def rules(sheet: str) -> dict[str, str]:
    """Class name → declarations, of a sheet with nothing but rules of one class each.

    >>> rules(".small { font-size: 13px; }")
    {'small': 'font-size: 13px;'}
    """
    return {name: " ".join(body.split()) for name, body in _RULE.findall(_COMMENT.sub("", sheet))}


def left_over(sheet: str) -> tuple[int, str] | None:
    """The first line of a sheet that is no rule of one class, and its number: nothing of it would reach a letter."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    lines = _RULE.sub(blank, _COMMENT.sub(blank, sheet)).split("\n")
    return next(((number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()), None)


def dressed(source: str, styles: Mapping[str, str]) -> str:
    """The template with a `style` beside every class that has one, before what stood there; lines stay where they are."""

    def dress(match: re.Match[str]) -> str:
        found = [styles[name] for name in match[1].split() if name in styles] + [match[2] or ""]
        style = " ".join(filter(None, found)).replace(": ", ":").replace("; ", ";")
        return f'class="{match[1]}" style="{style}"' if style else match[0]

    return _CLASS.sub(dress, source)


class Styled(Extension):
    """jinja's way to change a template before it is compiled."""

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        self._styles: dict[str, str] | None = None

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """HTML templates get their styles, others stay as they are."""
        return dressed(source, self._known()) if (name or "").endswith(".html") else source

    def _known(self) -> dict[str, str]:
        if self._styles is None:
            self._styles = {}
            for loader in reversed(getattr(self.environment.loader, "loaders", [])):
                with suppress(jinja2.TemplateNotFound):
                    self._styles |= rules(loader.get_source(self.environment, SHEET)[0])
        return self._styles
