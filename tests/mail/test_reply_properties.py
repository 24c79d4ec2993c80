"""Whatever a person writes above, between or below a quote comes out whole and alone, in any language and style of quote."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from babel.dates import format_date, format_time
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.mail.text import labels, phrases, reply

OWN = (
    "Приедем завтра после обеда.",
    "The pump is fine, please close the ticket.",
    "Цена за две штуки 1 200 руб., срок 5 дней",
    "Bitte um Rückruf unter 030 1234567",
    "Ok",
    "水泵已经修好了。",
    "המשאבה עובדת.",
    "Ждём акт, счёт и ключи; кто их привезёт?",
    "- two gaskets",
    "1. schedule the visit",
    "https://acme.example/akt/4471",
    "Смотрите п. 4.2, там всё написано: сроки, цена, адрес.",
)
THEIRS = (
    "Добрый день!",
    "Is it done?",
    "Пришлите номер насоса: 4471",
    "10:15 - выезд",
    "Wie geht es weiter",
    "С уважением",
    "",
    "ok",
)
NAMES = ("Ivan Petrov", "Иван Петров", "Петров Иван Сергеевич", "Anna-Maria de la Cruz", "山田太郎", "Support", "O'Neil, Kate")
SIGNS = ("> ", ">", ">> ", "> > ", "  > ", "ИП> ", "| ", "&gt; ")
ORDERS = (
    "{on} {date}, {time}, {name} <{address}> {wrote}:",
    "{on} {date} {time} {name} <{address}> {wrote}:",
    "{date} {time}, {name} <{address}> {wrote}:",
    "{name} <{address}> {wrote} ({date} {time}):",
    "{on} {date} {time} {wrote} {name} <{address}>:",
    "{date}, {time}, {name} <{address}>:",
    "{name} <{address}>:",
)
WITHOUT_ADDRESS = ("{on} {date} {time}, {name} {wrote}:", "{on} {date} {time} {wrote} {name}:", "{name} {wrote} {date} {time}:")
LANGUAGES = sorted(phrases.WROTE)
WITHOUT_DATES = {"tl", "tg"}  # Babel names their months otherwise, or not at all

own = st.lists(st.sampled_from(OWN) | st.just(""), min_size=1, max_size=5).map("\n".join)
theirs = st.lists(st.sampled_from(THEIRS), min_size=1, max_size=5).filter(any)
moments = st.datetimes(datetime(2019, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))


def attributions(orders: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Attributions in every language of the table, with dates as that language writes them."""
    return st.builds(
        attribution, st.sampled_from(LANGUAGES), st.sampled_from(orders), moments, st.sampled_from(NAMES), st.integers(0, 20)
    )


def attribution(language: str, order: str, moment: datetime, name: str, chance: int) -> str:
    locale = "en" if language in WITHOUT_DATES else language
    on, wrote = phrases.ON.get(language, ("",)), phrases.WROTE[language]
    date = format_date(moment, ("full", "long", "medium", "short")[chance % 4], locale=locale)
    time = moment.strftime("%H:%M:%S") if chance % 3 == 0 else format_time(moment, "short", locale=locale)
    words = {"on": on[chance % len(on)].capitalize(), "wrote": wrote[chance % len(wrote)], "date": date, "time": time}
    return order.format(**words, name=name, address="ivan@north.example").strip()


def filled(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def quote(lines: list[str], sign: str) -> str:
    return "\n".join(f"{sign}{line}" for line in lines)


@settings(deadline=None)  # the first one loads the locales
@given(own, attributions(ORDERS + WITHOUT_ADDRESS), theirs, st.sampled_from(SIGNS[:6]), st.sampled_from(["", "\n"]))
def test_what_is_above_a_marked_quote_comes_out_whole_and_alone(
    above: str, who: str, lines: list[str], sign: str, gap: str
) -> None:
    found = reply.split(f"{above}\n\n{who}\n{gap}{quote(lines, sign)}\n", forwarded=False)
    assert filled(found.text) == filled(above)


@settings(deadline=None)
@given(own, own, attributions(ORDERS), theirs, st.sampled_from(SIGNS))
def test_what_is_above_and_below_a_marked_quote_comes_out(above: str, below: str, who: str, lines: list[str], sign: str) -> None:
    found = reply.split(f"{above}\n\n{who}\n{quote(lines, sign)}\n\n{below}", forwarded=False)
    assert filled(found.text) == filled(above) + filled(below)


@settings(deadline=None)
@given(st.lists(st.tuples(theirs, own), min_size=1, max_size=4), attributions(ORDERS), st.sampled_from(SIGNS))
def test_answers_between_the_quoted_lines_come_out(pairs: list[tuple[list[str], str]], who: str, sign: str) -> None:
    body = "\n\n".join(f"{quote(lines, sign)}\n\n{answer}" for lines, answer in pairs)
    found = reply.split(f"{who}\n{body}", forwarded=False)
    assert filled(found.text) == [line for _, answer in pairs for line in filled(answer)]


@settings(deadline=None)
@given(own, st.lists(st.tuples(attributions(ORDERS), theirs), min_size=1, max_size=4))
def test_a_quote_within_a_quote_is_quoted(above: str, levels: list[tuple[str, list[str]]]) -> None:
    lines: list[str] = []
    for depth, (who, quoted) in enumerate(levels):
        lines += [f"{'>' * depth} {who}".strip(), *(f"{'>' * (depth + 1)} {line}" for line in quoted)]
    found = reply.split("\n".join([above, "", *lines]), forwarded=False)
    assert filled(found.text) == filled(above)


@settings(deadline=None)
@given(own, attributions(ORDERS[:3]), theirs)
def test_history_without_any_sign_is_cut_below_a_whole_attribution(above: str, who: str, lines: list[str]) -> None:
    found = reply.split("\n".join([above, "", who, "", *lines]), forwarded=False)
    assert filled(found.text) == filled(above)


@pytest.mark.parametrize("language", sorted(labels.HEADERS))
@pytest.mark.parametrize("frame", ["{}: {}", "*{}:* {}", "{} : {}", "{}:\t{}", "**{}:** {}"])
@pytest.mark.parametrize("banner", ["", "________________________________\n", "-----Message-----\n"])
def test_what_is_above_a_header_block_comes_out_whole_and_alone(language: str, frame: str, banner: str) -> None:
    row = labels.HEADERS[language]
    values = {
        "from": "Ivan Petrov <ivan@north.example>",
        "date": "02.03.2026 10:15",
        "to": "olga@acme.example",
        "subject": "Re: 4",
    }
    for place in range(max(len(forms) for forms in row.values())):
        block = "\n".join(frame.format(row[name][place % len(row[name])].capitalize(), value) for name, value in values.items())
        found = reply.split(f"{OWN[0]}\n\n{OWN[1]}\n\n{banner}{block}\n\nIs it done?\nIvan", forwarded=False)
        assert filled(found.text) == [OWN[0], OWN[1]]


MARKS = (
    "From: a@b.example",
    "Тема: акт",
    "Дата: 02.03.2026 10:15",
    "-- ",
    "--",
    "______",
    "> x",
    ">> y",
    "| z",
    ": z",
    ">>> 1",
    "> 5 bar",
)
BANNERS = ("---- Original Message ----", "---- Forwarded message ----", "Sent from my iPhone")
LINES = st.sampled_from([*OWN, *THEIRS, *MARKS, *BANNERS])


@settings(deadline=None)
@given(
    st.lists(LINES | attributions(ORDERS + WITHOUT_ADDRESS) | st.text("ab> |:@.1\n\t", max_size=20), max_size=25),
    st.sampled_from([True, False, None]),
)
def test_each_line_is_in_one_place(lines: list[str], forwarded: bool | None) -> None:
    text = "\n".join(lines)
    found = reply.split(text, forwarded)
    parts = [line for part in (found.text, found.quoted, found.signature, found.forwarded) for line in unmarked(part)]
    assert Counter(parts) == Counter(unmarked(text))


def unmarked(text: str) -> list[str]:
    """The filled lines without quote signs: a mail that is one quote and nothing else is read without them."""
    return [bare for line in text.split("\n") if (bare := line.replace("&gt;", ">").lstrip("> \t").rstrip())]


@settings(deadline=None)
@given(st.text(max_size=500), st.sampled_from([True, False, None]))
def test_never_raises(text: str, forwarded: bool | None) -> None:
    assert reply.split(text, forwarded) == reply.split(text, forwarded)
