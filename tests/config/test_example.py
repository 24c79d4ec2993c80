"""relay.toml.example is right and whole."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from relay.config import load, tables, units
from relay.config.mistakes import keys, table_in
from tests.config import EXAMPLE, mistakes


def tables_of(table: type[tables.Table]) -> list[type[tables.Table]]:
    """The table and every table in it."""
    found = [table]
    for field in keys(table).values():
        inner = [table_in(field.annotation), *map(table_in, get_args(field.annotation))]
        found += [one for part in inner if isinstance(part, type) and issubclass(part, tables.Table) for one in tables_of(part)]
    return list(dict.fromkeys(found))


def test_the_example_loads() -> None:
    found = load(EXAMPLE)
    assert (len(found.parties), len(found.links)) == (4, 3)
    assert found.parties["tea"].name == "Tea & Samovar"


@pytest.mark.parametrize("table", tables_of(tables.Root)[1:], ids=lambda table: str(table.__name__))
def test_the_example_names_every_key(table: type[tables.Table]) -> None:
    code = [line.strip().removeprefix("# ") for line in EXAMPLE.read_text("utf-8").splitlines()]
    for key in keys(table):
        assert any(line.startswith((f"{key} ", f"{key}=")) or f" {key} = " in line for line in code), key


def test_the_commented_keys_of_the_example_are_right_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_DATABASE", "postgresql://u:p@db.example/relay")
    known = {key for table in tables_of(tables.Root) for key in keys(table)}
    lines = []
    for line in EXAMPLE.read_text("utf-8").splitlines():
        bare = line.removeprefix("# ")
        lines.append(bare if bare.partition("=")[0].strip() in known and "=" in bare else line)
    wrong = {one.key for one in mistakes(tmp_path, "\n".join(lines))}
    assert wrong == {"relay.templates", "smtp.tls.certificate", "smtp.tls.key", "dkim.key", "brand.logo"}, (
        "only files that are not there"
    )


def test_the_days_of_the_schema_are_those_that_are_spelt() -> None:
    assert get_args(tables.Day) == units.DAYS
