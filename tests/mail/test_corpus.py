"""Every mail of tests/corpus gives what the file beside it says; adding a case is adding two files."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from relay.mail.reader import read
from relay.model import Mail

CORPUS = Path(__file__).parents[1] / "corpus"
MAILS = sorted(CORPUS.rglob("*.eml"))
KEYS = {"text", "kind", "commands", "attachments", "bounce", "absence", "emoji", "why"}


def test_every_mail_has_its_answer_and_every_answer_its_mail() -> None:
    answers = {path.with_suffix("") for path in CORPUS.rglob("*.toml")}
    assert {path.with_suffix("") for path in MAILS} == answers


@pytest.mark.parametrize("path", MAILS, ids=lambda path: str(path.relative_to(CORPUS).with_suffix("")))
def test_a_mail_is_read_as_expected(path: Path) -> None:
    wanted = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    assert wanted.keys() <= KEYS and "why" in wanted and ("text" in wanted or "kind" in wanted)
    mail = read(path.read_bytes())
    assert mail.kind == wanted.get("kind", "reply"), wanted["why"]
    if "text" in wanted:
        assert lines(mail.text) == lines(wanted["text"]), wanted["why"]
    assert [command.word for command in mail.commands] == wanted.get("commands", [])
    assert bounce(mail) == wanted.get("bounce")
    assert (asdict(mail.absence) if mail.absence else None) == wanted.get("absence")
    assert mail.emoji == wanted.get("emoji", "")
    if "attachments" in wanted:
        assert [file.name for file in mail.attachments] == wanted["attachments"]


def lines(text: str) -> list[str]:
    """The filled lines, each with single blanks."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def bounce(mail: Mail) -> dict[str, Any] | None:
    """What the mail says of a letter that did not arrive, as a case writes it."""
    if mail.bounce is None:
        return None
    return {"recipient": mail.bounce.recipient, "class": "permanent" if mail.bounce.permanent else "temporary"}
