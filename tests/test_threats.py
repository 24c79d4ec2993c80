"""docs/threats.md: every row of its tables names tests, and every test that it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threats.md"
COLUMNS = ["attack", "what the relay does", "shown by"]
_TEST = re.compile(r"`(?:(?P<test>tests/[^`:]+\.py::[^`\[]+)(?P<own>\[[^`]+\])?|(?P<other>\[[^`]+\]))`")


@dataclass(frozen=True)
class Threat:
    """One row: the attack, what is done about it, and the tests that show it, as pytest names them."""

    attack: str
    answer: str
    tests: tuple[str, ...]


def threats(page: str) -> list[Threat]:
    """The rows of all tables of the page."""
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in page.splitlines() if line.startswith("|")]
    for row in rows:
        assert len(row) == len(COLUMNS), row
    told = [row for row in rows if row != COLUMNS and set("".join(row)) != {"-"}]
    return [Threat(attack, answer, tuple(_named(tests))) for attack, answer, tests in told]


def _named(cell: str) -> Iterator[str]:
    """The tests of a cell: parameters alone are of the test before them."""
    test = ""
    for found in _TEST.finditer(cell):
        test = found["test"] or test
        yield test + (found["own"] or found["other"] or "")


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """The tests that pytest finds in the files that the page names, with and without their parameters."""
    files = sorted({test.partition("::")[0] for threat in threats(PAGE.read_text(encoding="utf-8")) for test in threat.tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-o", "addopts=-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = {line.strip() for line in done.stdout.splitlines() if "::" in line}
    return found | {test.partition("[")[0] for test in found}


def test_there_are_fifty_and_none_is_told_twice() -> None:
    attacks = [threat.attack for threat in threats(PAGE.read_text(encoding="utf-8"))]
    assert len(attacks) >= 50
    assert len(set(attacks)) == len(attacks)


def test_every_row_says_what_is_done_and_names_a_test() -> None:
    for threat in threats(PAGE.read_text(encoding="utf-8")):
        assert threat.attack and threat.answer and threat.tests, threat


def test_every_test_that_is_named_is_there(collected: set[str]) -> None:
    named = {test for threat in threats(PAGE.read_text(encoding="utf-8")) for test in threat.tests}
    assert sorted(named - collected) == []


def test_a_row_without_a_test_is_seen() -> None:
    page = "| attack | what the relay does | shown by |\n| --- | --- | --- |\n"
    page += "| a | b | test_x |\n| c | d | `tests/a.py::b[x]`, `[y]` |\n"
    assert [threat.tests for threat in threats(page)] == [(), ("tests/a.py::b[x]", "tests/a.py::b[y]")]
