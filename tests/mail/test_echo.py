"""Copies of what we sent to the writer are history, whatever his client put around them."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.text import echo, reply
from tests.mail.words import SENTENCES

LETTER = """\
Добрый день! Насос снова течёт, и вода стоит в подвале по щиколотку.

Когда вы можете приехать? Завтра с утра мы на месте, охрана предупреждена.

Написал: Иван Петров, North Service

— — —
[A-17] Течь в подвале

Acme (вы): принято
  North Service: в работе

Просто ответьте на это письмо: ваш ответ получат все, кто работает над заявкой.

Можно также написать одно из следующего отдельной строкой, в начале или в конце ответа:

  #close (принять работу)
  #cancel причина (отозвать заявку)

Только для коллег: пишите на n-abcdefghijklmnopqrstuvwxyz@relay.example или поставьте отдельной строкой #internal.

Acme Relay передаёт письма между компаниями, которые работают над этой заявкой.
Чтобы больше не получать писем по этой заявке, ответьте строкой: #mute
"""
WORDS = "Завтра в девять буду у вас.\n\nВозьмите ключ у охраны."


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.fill(line, width, break_long_words=False) for line in text.split("\n"))


QUOTINGS = {
    "as it is": LETTER,
    "re-wrapped": wrapped(LETTER, 40),
    "marked": "\n".join(f"> {line}" for line in LETTER.split("\n")),
    "marked and wrapped by a gateway": wrapped("\n".join(f"> {line}" for line in LETTER.split("\n")), 50),
    "one line": " ".join(LETTER.split()),
    "indented": textwrap.indent(LETTER, "    "),
    "double-spaced": LETTER.replace("\n", "\n\n"),
    "links written out": LETTER.replace("@relay.example", "@relay.example<mailto:n-abcdefghijklmnopqrstuvwxyz@relay.example>"),
    "another mark": "\n".join(f"| {line}" for line in LETTER.split("\n")),
}
HEADINGS = {
    "none": "",
    "a language we have no words of": "Acme Relay <t-abcdefghijklmnopqrstuvwxyz@relay.example> დაწერა 2026-03-02 10:15:",
    "labels in it": "გამგზავნი: Acme Relay <t-abcdefghijklmnopqrstuvwxyz@relay.example>\n"
    "გაგზავნილია: 2 მარტი 2026 10:15\nთემა: [A-17] Течь",
    "English": "On Mon, 2 Mar 2026 at 10:15, Acme Relay <t-abcdefghijklmnopqrstuvwxyz@relay.example> wrote:",
    "Outlook": "-----Исходное сообщение-----\nОт: Acme Relay <t-abcdefghijklmnopqrstuvwxyz@relay.example>\n"
    "Отправлено: 2 марта 2026 г. 10:15\nКому: Ольга\nТема: [A-17] Течь в подвале",
}


@pytest.mark.parametrize("quoting", QUOTINGS)
@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("place", ["above", "below"])
def test_a_quoted_letter_is_history(quoting: str, heading: str, place: str) -> None:
    quote = f"{HEADINGS[heading]}\n\n{QUOTINGS[quoting]}"
    text = f"{WORDS}\n\n{quote}" if place == "above" else f"{quote}\n\n{WORDS}"
    assert reply.split(text, False, sent=[LETTER]).text == WORDS


def test_answers_between_the_lines_are_kept_without_any_mark() -> None:
    first, second = LETTER.split("\n\n", 1)
    text = f"{HEADINGS['labels in it']}\n\n{first}\n\nУже едем.\n\n{second}\n\nИ возьмите ключ."
    assert reply.split(text, False, sent=[LETTER]).text == "Уже едем.\n\nИ возьмите ключ."


def test_short_pieces_between_answers_are_known_too() -> None:
    letter = LETTER.replace("Когда вы можете приехать? Завтра с утра", "Когда?\n\nЗавтра с утра")
    text = letter.replace("Когда?\n", "Когда?\n\nВо вторник.\n").replace("щиколотку.\n", "щиколотку.\n\nСочувствуем.\n")
    assert reply.split(text, False, sent=[letter]).text == "Сочувствуем.\n\nВо вторник."
    assert reply.split(f"Когда?\n\n{text}", False, sent=[letter]).text == "Когда?\n\nСочувствуем.\n\nВо вторник."


def test_an_older_letter_below_is_history_too() -> None:
    older = LETTER.replace("Насос снова течёт", "Просим прислать мастера").replace("щиколотку", "пояс")
    text = f"{WORDS}\n\nXX 02-03-2026 YY:\n\n{LETTER}\n\nXX 01-03-2026 ZZ:\n\n{older}"
    found = reply.split(text, False, sent=[LETTER, older])
    assert found.text.startswith(WORDS) and "мастера" not in found.text and "охрана" not in found.text


@pytest.mark.parametrize(
    "text",
    [
        "Завтра с утра мы на месте, охрана предупреждена.",  # a sentence of the letter, said again
        "#close",
        "Вы писали «Насос снова течёт, и вода стоит в подвале по щиколотку» - это уже не так.",
        "[A-17] Течь в подвале",
    ],
)
def test_a_repeated_sentence_is_none(text: str) -> None:
    assert reply.split(text, False, sent=[LETTER]).text == text
    assert reply.split(f"{text}\n\n{LETTER}", False, sent=[LETTER]).text == text


FRAME = f"— — —{LETTER.split('— — —')[1]}"
ITEMS = f"""\
Please tell us which of these parts you need for the repair of the pump at your site:

1. Pump seal kit 40 mm for Grundfos
2. Impeller bronze 125 mm with key
3. Bearing 6305 2RS pair, sealed type

Which make is it? One of these:
Grundfos
Wilo
KSB

And when may we come to the site with the crane?

{FRAME}"""
CHOSEN = "1. Pump seal kit 40 mm for Grundfos\n3. Bearing 6305 2RS pair, sealed type"
REPORT = "Daily report of site five: all pumps are running, no alarms, the pressure is three bar and the flow is fine today."
LONG = "\n".join(f"Pump number {at} runs at {at * 3} bar without any alarm." for at in range(30))


def receipt(said: str) -> str:
    """A letter in which somebody gets his own words back."""
    return f"Your mail has arrived.\n\nThis was taken from it:\n\n{said}\n\nIt went to: North Service.\n\n{FRAME}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


@pytest.mark.parametrize("text", [f"{CHOSEN}\n\n{ITEMS}", f"{CHOSEN}\n\n{quoted(ITEMS)}", f"{quoted(ITEMS)}\n\n{CHOSEN}"])
def test_what_is_chosen_from_a_list_is_an_answer(text: str) -> None:
    assert reply.split(text, False, sent=[ITEMS]).text == CHOSEN


def test_one_of_the_words_offered_is_an_answer() -> None:
    above, below = ITEMS.split("Grundfos\nWilo\nKSB")
    assert reply.split(f"{quoted(above)}\nWilo\n\n{quoted(below)}", False, sent=[ITEMS]).text == "Wilo"
    assert reply.split(f"{above}Wilo\n{below}", False, sent=[ITEMS]).text == "Wilo"


@pytest.mark.parametrize("said", [REPORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("quote", ["", LETTER, quoted(LETTER), "its receipt", "its receipt, marked"])
def test_the_same_report_every_day_is_news_every_day(said: str, quote: str) -> None:
    quote = {"its receipt": receipt(said), "its receipt, marked": quoted(receipt(said))}.get(quote, quote)
    assert reply.split(f"{said}\n\n{quote}", False, sent=[LETTER, receipt(said)]).text == said


def test_a_letter_without_its_middle_is_known_by_the_right_one() -> None:
    first, _, rest = LETTER.split("\n\n", 2)
    short = f"Хорошо.\n\n{rest}"
    assert reply.split(f"Да.\n\n{first}\n\n{rest}", False, sent=[short, LETTER]).text == "Да."


def test_short_questions_are_known_where_something_was_deleted_too() -> None:
    letter = f"Please answer these:\n\nWhen?\n\nWho pays?\n\nWhich crane?\n\nRegards\nIvan\n\n{FRAME}"
    text = (
        letter.replace("When?", "When?\nTuesday.")
        .replace("pays?", "pays?\nYou.")
        .replace("crane?\n\nRegards\nIvan", "crane?\nRed.")
    )
    assert reply.split(text, False, sent=[letter]).text == "Tuesday.\n\nYou.\n\nWhich crane?\nRed."


def test_the_rule_of_a_letter_goes_with_it() -> None:
    text = LETTER.replace("— — —", "Да.\n\n— — —")
    assert reply.split(text, False, sent=[LETTER]).text == "Да."


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6), st.integers(20, 120), st.sampled_from(sorted(HEADINGS)))
def test_what_was_written_above_a_letter_comes_out_alone(said: list[str], width: int, heading: str) -> None:
    words = "\n".join(said)
    found = reply.split(f"{words}\n\n{HEADINGS[heading]}\n\n{wrapped(LETTER, width)}", False, sent=[LETTER])
    assert found.text == words


@given(st.text(), st.lists(st.text(), max_size=3))
def test_it_never_raises_and_names_lines_that_are_there(text: str, sent: list[str]) -> None:
    lines = text.split("\n")
    copies = echo.copied(lines, [*sent, text])
    assert copies.keys() <= set(range(len(lines))) and echo.headings(lines, copies) <= set(range(len(lines)))
