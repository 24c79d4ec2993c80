"""Signatures and noise: what is cut is never a sentence of the writer's, and nothing goes missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.page import html
from relay.mail.text import formulas, noise, noise_phrases, phrases, reply, signature

SENTENCES = st.sampled_from(
    [
        "Насос заменили вчера вечером.", "Please call the guard at the gate.", "Когда приедет мастер?",
        "С уважением отношусь к просьбе.",
        "The message is confidential, do not tell the customer.", "Отправлено со склада, накладная 118.",
        "Der Monteur kommt morgen.",
        "Sent from the warehouse yesterday.", "Адрес доставки: Ленина, 5.", "Если вы не приедете, звоните охране.", "Спасибо!",
        "Ключи у охраны.",
        "Do not open the external valve.", "The mail was scanned by Olga.", "Please delete the old order.",
    ]
)  # fmt: skip
NAMES = st.sampled_from(["Иван Петров", "Ann Lee", "Jürgen Groß", "Olga", "王伟", "Hélène Dupont"])
BELOW_NAMES = st.lists(
    st.sampled_from(["инженер", "Acme Ltd.", "+7 495 000-11-22", "ann@acme.example", "Facility Manager"]), max_size=3
)
CLOSINGS = st.sampled_from(phrases.flat(phrases.CLOSING)).map(str.capitalize)
GAPS = st.sampled_from(["\n", "\n\n"])


@given(st.lists(SENTENCES, min_size=1, max_size=5), CLOSINGS, NAMES, BELOW_NAMES, GAPS, GAPS)
def test_sentences_above_a_closing_and_a_name_come_out_whole(
    told: list[str], closing: str, name: str, below: list[str], gap: str, between: str
) -> None:
    found = reply.split(between.join(told) + gap + "\n".join([f"{closing},", name, *below]))
    assert [line for line in found.text.split("\n") if line.strip()] == told
    assert found.signature.split("\n") == [f"{closing},", name, *below]


@given(st.lists(SENTENCES, min_size=1, max_size=4), CLOSINGS, NAMES, st.lists(SENTENCES, min_size=1, max_size=3), GAPS, GAPS)
def test_sentences_below_a_closing_are_kept_too(
    told: list[str], closing: str, name: str, later: list[str], gap: str, between: str
) -> None:
    found = reply.split(f"{between.join(told)}\n\n{closing},\n{name}{gap}{between.join(later)}")
    kept = found.text.split("\n")
    assert all(kept.count(line) >= (told + later).count(line) for line in told + later)


LINES = st.one_of(
    SENTENCES,
    NAMES,
    CLOSINGS,
    st.sampled_from(["", "", "-- ", "--", "____________", "P.S. ключ", "+7 495 000-11-22", "Sent from my iPhone"]),
    st.sampled_from([some[0] for row in noise_phrases.NOTICE.values() for some in row.values()]),
    st.sampled_from([some[0] for row in noise_phrases.BANNER.values() for some in row.values()]),
    st.sampled_from(
        [*phrases.flat(noise_phrases.FORMULAS), *phrases.flat(noise_phrases.LIST), *phrases.flat(noise_phrases.SCANNED)]
    ),
)


@given(st.lists(LINES, max_size=14))
def test_every_line_is_in_the_text_or_in_the_signature(lines: list[str]) -> None:
    found = reply.split("\n".join(lines), forwarded=False)
    told = sorted(line for part in (found.text, found.signature, found.quoted) for line in part.split("\n") if line.strip())
    assert told == sorted(line.rstrip() for line in lines if line.strip())


@pytest.mark.parametrize("table", [noise_phrases.NOTICE, noise_phrases.BANNER])
def test_phrases_are_of_kinds_that_say_different_things(table: dict[str, dict[str, tuple[str, ...]]]) -> None:
    for row in table.values():
        told = [formulas.bare(phrase) for some in row.values() for phrase in some]
        assert all(told) and len(set(told)) == len(told)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my desk, it is easier than by phone.",
        "Sent from the warehouse",
        "Отправлено из Москвы вчера",
        "Отправлено с курьером, накладная 118",
        "Enviado desde el almacén",
        "Отправлено через Почту России",
        "Отправлено с мобильной бригадой",
        "Sent via mail on Friday",
        "Sent with spark plugs",
        "Envoyé par mail hier",
        "Sent with tracking https://track.example/118",
    ],
)
def test_a_line_that_names_no_phone_or_program_is_a_sentence(line: str) -> None:
    assert not noise.is_sent_from(line)


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my Pixel 8",
        "Sent from Outlook for iOS<https://aka.ms/o0ukef>",
        "Отправлено из Почты Mail для iOS",
        "Отправлено с моего телефона",
        "Отправлено со смартфона Samsung Galaxy.",
        "Von meinem Samsung Galaxy Smartphone gesendet.",
        "Sent from my BlackBerry 10 smartphone.",
        "Enviado desde mi móvil",
        "发自我的华为手机",
        "Sent from my T-Mobile 4G LTE Device",
    ],
)
def test_a_line_that_names_a_phone_or_a_program_is_none(line: str) -> None:
    assert reply.split(f"Done.\n\n{line}") == reply.Reply("Done.", signature=line)


@pytest.mark.parametrize(
    "text",
    [
        "Договор во вложении. Если вы получили старую версию, удалите её, она с ошибкой.",
        "Цены конфиденциальные.\n\nЕсли вы не согласны, сообщите до пятницы, иначе заявку закроем.",
        "Please treat the price as confidential.\n\nIf you have received the old price list, please destroy it.",
        "The room is marked: strictly prohibited. If you are not on the list, call me.",
        "Do not open attachments from the external sender in ticket 118, it was a phishing mail.\nWe blocked him.",
        "Внешнее письмо с вирусом пришло бухгалтеру. Вложение не открывайте, компьютер отключили от сети.",
        "The user got an external email and clicked links in it. Please check his PC.",
        "This email came from an external sender, should I open attachments?",
        "Проверьте почту.\n\nЭто письмо проверено на вирусы, но антивирус его всё равно блокирует. Что делать?",
        "He cannot unsubscribe.\n\nTo unsubscribe from this list he pressed the link, and nothing happened.",
        "Доступ посторонним строго запрещён, мастеру нужен пропуск.\n\nПерсональные данные пришлите до среды.",
    ],
)
def test_words_of_a_notice_or_a_banner_in_somebodys_sentences_are_kept(text: str) -> None:
    assert reply.split(text, forwarded=False) == reply.Reply(text)


def test_a_notice_right_below_a_sentence_leaves_it() -> None:
    notice = "This email is confidential. If you are not the intended recipient, please delete it."
    assert reply.split(f"Please read my last message again.\n{notice}") == reply.Reply(
        "Please read my last message again.", signature=notice
    )


def test_what_an_announcement_brings_is_no_notice() -> None:
    notice = "This e-mail is confidential. If you have received it in error, please notify the sender and delete it."
    assert reply.split(f"Done.\n\n{notice}") == reply.Reply("Done.", signature=notice)
    asked = f"Please put this below our mails:\n\n{notice}"
    assert reply.split(asked) == reply.Reply(asked)
    assert reply.split(f"Done.\n\n{notice}\n\nThe key is with the guard.").signature == ""


def test_a_card_below_an_announcement_or_in_a_table_is_no_signature() -> None:
    for kept in (
        "Whom to call:\n____________\nPeter Smith\n+44 7700 900555",
        "Users\n----------\nann   ann@acme.example\nbob   bob@acme.example\n----------",
        "Pump 1\n____________\nneeds oil by Friday.",
    ):
        assert reply.split(kept) == reply.Reply(kept)


def test_who_writes_in_the_place_of_the_signature_is_heard() -> None:
    told = html.text('<div id="Signature"><p>Please come on Tuesday.</p><p>Ann</p></div>')
    assert reply.split(told).text == "Please come on Tuesday.\n\nAnn"
    alone = reply.split(html.text('<div id="Signature"><p>Ann Lee</p><p>Acme Ltd.</p></div>'))
    assert alone.text == "" and "Acme Ltd." in alone.signature


@pytest.mark.parametrize("command", ["#accept", "#internal"])
def test_a_command_in_a_marked_signature_does_nothing_but_keeps_inside(command: str) -> None:
    told = reply.split(html.text(f'<p>Done.</p><div class="gmail_signature">Ann<br>{command}</div><p>#решено</p>'))
    assert (command in told.text) is (command == "#internal") and "#решено" in told.text


@pytest.mark.parametrize("line", ["Иван Петров.", "ann@acme.example.", "Acme Ltd."])
def test_what_reaches_a_person_is_no_sentence(line: str) -> None:
    assert not signature.is_sentence(line)
