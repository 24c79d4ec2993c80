"""From what pydantic found to sentences for the one who wrote the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, time
from types import NoneType
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from relay.config.secret import masked
from relay.config.tables import Root, Table
from relay.config.units import Wrong, near
from relay.errors import Mistake

Where = Sequence[str | int]
SECRETS = frozenset({"smarthost", "database", "blobs"})
_LONGEST = 80  # characters of a value that are shown
_EXPECTED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "too_short": "at least one entry",
}


def from_validation(file: str, error: ValidationError) -> Iterator[Mistake]:
    """Every mistake that pydantic found, in our words."""
    for detail in error.errors(include_url=False):
        found, expected = _told(detail)
        yield Mistake(file, dotted(detail["loc"]), found, expected)


def _told(detail: ErrorDetails) -> tuple[str, str]:
    """What was found and what was expected."""
    where, kind, value = detail["loc"], detail["type"], detail["input"]
    if kind == "extra_forbidden":
        known = keys(_table(where[:-1]))
        return "an unknown table" if isinstance(value, dict) else "an unknown key", _one_of(list(known), str(where[-1]))
    if kind == "missing":
        return "nothing", keys(_table(where[:-1]))[str(where[-1])].description or "a value"
    context: dict[str, Any] = detail.get("ctx", {})
    if isinstance(wrong := context.get("error"), Wrong):
        return wrong.found or shown(value, where), wrong.expected
    return shown(value, where), _expected(kind, context, value)


def _expected(kind: str, context: dict[str, Any], value: object) -> str:
    if kind == "literal_error":
        return _one_of(re.findall(r"'([^']*)'", str(context["expected"])), str(value))
    if kind == "greater_than_equal":
        return f"a whole number, at least {context['ge']}"
    return _EXPECTED.get(kind, "another value")


def _one_of(known: list[str], word: str) -> str:
    quoted = [f'"{one}"' for one in known]
    either = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
    return either + near(word, known)


def shown(value: object, where: Where = ()) -> str:
    """A value as it stands in the file, shortened; a secret's URL without its secret."""
    if isinstance(value, str):
        secret = next((one for one in reversed(where) if isinstance(one, str)), "") in SECRETS
        plain = masked(value) if secret else value
        return json.dumps(plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…", ensure_ascii=False)
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def dotted(where: Where) -> str:
    """`("parties", "north", "contacts", 1)` as `parties.north.contacts[1]`; a key that TOML would quote is quoted."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in where)
    return text.removeprefix(".")


def _key(step: str) -> str:
    return step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else json.dumps(step, ensure_ascii=False)


def keys(table: type[Table]) -> dict[str, FieldInfo]:
    """The keys that a table may have, as they are written in the file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _table(where: Where) -> type[Table]:
    """The table that stands at a place of the file."""
    annotation: Any = Root
    for step in where:
        if isinstance(annotation, type) and issubclass(annotation, Table):
            annotation = keys(annotation)[str(step)].annotation
        else:
            annotation = get_args(annotation)[-1]
        annotation = table_in(annotation)
    assert isinstance(annotation, type) and issubclass(annotation, Table)
    return annotation


def table_in(annotation: Any) -> Any:
    """`Tls` out of `Tls | None`; anything else as it is."""
    inside = get_args(annotation)
    return inside[0] if inside[1:] == (NoneType,) else annotation
