"""Until when an auto-reply says that its writer is away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.machines.absence import months, read
from relay.model import Absence

SENT = "Mon, 23 Feb 2026 10:00:00 +0300"
NEAR = st.dates(date(2026, 2, 24), date(2026, 7, 31))


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("I am out of the office until Monday, 16 March.", "", "2026-03-16"),
        ("I am away from 2nd to 9th March", "2026-03-02", "2026-03-09"),
        ("On vacation March 2 – March 9, 2026", "2026-03-02", "2026-03-09"),
        ("I am out of office. Back on Monday, 16 March", "", "2026-03-15"),
        ("Отсутствую с 02.03.2026 по 09.03.2026", "2026-03-02", "2026-03-09"),
        ("Я в отпуске до понедельника, 16 марта", "", "2026-03-16"),
        ("Ich bin bis 12.3. abwesend", "", "2026-03-12"),
        ("Je suis en congés jusqu'au 1er avril inclus", "", "2026-04-01"),
        ("fuera de la oficina del 2 al 9 de marzo de 2026", "2026-03-02", "2026-03-09"),
        ("Ik ben op vakantie van 2 maart tot en met 9 maart", "2026-03-02", "2026-03-09"),
        ("3月2日から3月9日まで休暇をいただきます", "2026-03-02", "2026-03-09"),
        ("I was on leave until 20 February", "", "2026-02-20"),
        ("on leave until 13/03/2026", "", "2026-03-13"),
    ],
)
def test_days_of_absence(text: str, since: str, until: str) -> None:
    assert read(text, SENT) == Absence(since, until)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "out of office until further notice",
        "out of office until Monday",
        "out of office, our fair is on 12 March",
        "on leave until 03/04/2026",
        "on leave until 31 February",
        "on leave from 9 March to 2 March 2026",
        "on leave until 12 March 2031",
        "в отпуске до 18.30",
        "в отпуске, звоните по номеру 12-03-14",
        "The pump runs until 12 March",
    ],
)
def test_what_is_no_absence_or_not_surely_a_day(text: str) -> None:
    assert read(text, SENT) is None


def test_without_a_date_of_the_mail_the_year_must_be_said() -> None:
    assert read("away: on leave until 12 March", "") is None
    assert read("on leave until 12 March 2026", "no date") == Absence("", "2026-03-12")


def test_a_name_that_is_two_months_in_two_languages_is_none() -> None:
    assert "listopad" not in months() and months()["марта"] == months()["march"] == months()["märz"] == 3


@given(
    NEAR, st.sampled_from([("en", "on leave until"), ("ru", "в отпуске до"), ("de", "abwesend bis"), ("fr", "absent jusqu'au")])
)
def test_any_day_is_read_back_as_it_is_written(day: date, words: tuple[str, str]) -> None:
    language, until = words
    for form in ("long", "d MMMM"):
        assert read(f"{until} {format_date(day, form, locale=language)}.", SENT) == Absence("", day.isoformat())


@given(NEAR, st.integers(0, 60))
def test_any_two_days_in_order_are_an_absence(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    assert read(f"on leave {first:%d.%m.%Y} - {last:%d.%m.%Y}", SENT) == Absence(first.isoformat(), last.isoformat())


@given(st.text(st.sampled_from("0123456789./- \nmarchuntilдо月日年"), max_size=200), st.text(max_size=40))
def test_any_text_is_read(text: str, sent: str) -> None:
    read(f"on leave {text}", sent)
