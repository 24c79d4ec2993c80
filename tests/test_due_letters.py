"""What letters say of deadlines, in every language, and that a party's name is no markup."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from relay.model import Clock, Deadline, LetterKind
from tests.test_letters import AT, body, compose, shown

KINDS: tuple[LetterKind, ...] = ("due", "status", "history", "pass")


def deadline(own: bool = True, kind: Clock = "resolve", **more: Any) -> Deadline:
    return Deadline("Repairs <b>&", own, kind, AT, **more)


SAID = [
    (deadline(kind="respond"), "Your answer is due by Mar 3, 2025, 2:05 PM.", "Срок вашего ответа: 3 мар. 2025 г., 14:05."),
    (deadline(kind="respond", over=True), "Your answer was due by Mar 3", "Срок вашего ответа истёк: 3 мар."),
    (deadline(), "The work is to be done by Mar 3", "Срок выполнения работы: 3 мар."),
    (deadline(over=True), "The work was to be done by Mar 3", "Срок выполнения работы истёк: 3 мар."),
    (deadline(False, "respond"), "Repairs <b>& has until Mar 3, 2025, 2:05 PM to answer.", "Repairs <b>&: срок ответа 3 мар."),
    (
        deadline(False, "respond", over=True),
        "Repairs <b>& was to answer by Mar 3",
        "Repairs <b>&: ответа нет, его срок истёк: 3 мар.",
    ),
    (deadline(False), "Repairs <b>& has until Mar 3, 2025, 2:05 PM to finish", "Repairs <b>&: срок выполнения работы 3 мар."),
    (
        deadline(False, over=True),
        "Repairs <b>& was to finish the work by Mar 3",
        "Repairs <b>&: работа не выполнена, её срок истёк",
    ),
    (
        deadline(left=timedelta(hours=3, minutes=5)),
        "you have 3 h 5 min of working time left",
        "останется на неё 3 ч 5 мин рабочего",
    ),
    (deadline(False, left=timedelta(seconds=5)), "Repairs <b>& has 1 min of working time left", "1 мин рабочего времени"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("due", "english", "russian"), SAID, ids=lambda value: value if isinstance(value, str) else "")
def test_each_deadline_is_said_in_text_and_html(kind: LetterKind, due: Deadline, english: str, russian: str) -> None:
    for language, words in (("en", english), ("ru", russian)):
        message = compose(kind=kind, language=language, deadlines=(due,), entries=(), automatic=True)
        text, html = body(message, "plain").replace("\xa0", " "), body(message, "html").replace("\xa0", " ")
        assert words in text and words in shown(html) and "<b>&" not in html
        assert "\n\n\n" not in text


def test_a_reminder_says_at_once_how_it_stands() -> None:
    soon = body(compose(kind="due", deadlines=(deadline(), deadline(kind="respond"))), "plain")
    assert soon.startswith("This ticket is due soon.\n\nThe work is to be done by ")
    assert soon.count("put it on hold: while it is, the clock stands.") == 1
    late = body(compose(kind="due", deadlines=(deadline(False), deadline(False, over=True))), "plain")
    assert late.startswith("This ticket is overdue.\n\nRepairs <b>& has until ") and "put it on hold" not in late
