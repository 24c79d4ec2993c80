"""New text told from history and signature, in the forms of the common clients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.page import html
from relay.mail.text import reply

NEW = "Добрый день!\nНасос заменили, давление держит."
OLD = "Просим сообщить, когда приедет бригада.\nАкт нужен до пятницы."
QUOTED = "\n".join(f"> {line}" for line in OLD.split("\n"))

# The last line of an attribution or block, then the history as that client shows it.
ATTRIBUTIONS = {
    "Gmail ru": "пн, 23 нояб. 2026 г. в 10:00, Мария Ли <maria@acme.example>:",
    "Gmail ru wrapped": "пн, 23 нояб. 2026 г. в 10:00, Отдел приёма заявок по оборудованию <\nservice.desk@acme.example>:",
    "Gmail en": "On Mon, Nov 23, 2026 at 10:00 AM Maria Lee <maria@acme.example> wrote:",
    "Gmail en wrapped": "On Mon, Nov 23, 2026 at 10:00 AM Maria Lee of the Service Desk <\nmaria@acme.example> wrote:",
    "Apple ru": "23 нояб. 2026 г., в 10:00, Мария Ли <maria@acme.example> написал(а):",
    "Apple en": "On 23 Nov 2026, at 10:00, Maria Lee <maria@acme.example> wrote:",
    "Thunderbird ru": "23.11.2026 10:00, Мария Ли пишет:",
    "Thunderbird en": "On 11/23/26 10:00, Maria Lee wrote:",
    "Yandex": "23.11.2026, 10:00, «Мария Ли» <maria@acme.example>:",
    "Mail.ru": "Понедельник, 23 ноября 2026, 10:00 +03:00 от Мария Ли <maria@acme.example>:",
    "Mail.ru en": "Monday, November 23, 2026 10:00 AM +03:00 from Maria Lee <maria@acme.example>:",
    "The Bat!": "Вы писали 23 ноября 2026 г., 10:00:",
    "Rambler": "23.11.2026, 10:00, Мария Ли <maria@acme.example> написал(а):",
    "Roundcube": "Maria Lee писал 2026-11-23 10:00:",
    "Zoho": "---- On Mon, 23 Nov 2026 10:00:00 +0300 maria@acme.example wrote ----",
    "Proton": "On Monday, November 23rd, 2026 at 10:00, Maria Lee <maria@acme.example> wrote:",
    "German": "Am Mo., 23. Nov. 2026 um 10:00 Uhr schrieb Maria Lee <maria@acme.example>:",
    "Kazakh": "2026 ж. 23 қар., дс 10:00 Maria Lee <maria@acme.example> жазды:",
    "Turkish": "Maria Lee <maria@acme.example>, 23 Kas 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "Chinese": "Maria Lee <maria@acme.example> 于2026年11月23日周一 10:00写道：",
    "without any known word": "सोम, 23 नव॰ 2026 को 10:00 बजे Maria Lee <maria@acme.example> ने लिखा:",
}

BLOCKS = {
    "Outlook ru": "От: Мария Ли <maria@acme.example>\nОтправлено: 23 ноября 2026 г. 10:00\nКому: Иван\nТема: Насос",
    "Outlook en": "From: Maria Lee <maria@acme.example>\nSent: Monday, November 23, 2026 10:00 AM\nTo: Ivan\nSubject: Pump",
    "bold": "*От:* Мария Ли <maria@acme.example>\n*Отправлено:* 23 ноября 2026 г. 10:00\n*Кому:* Иван\n*Тема:* Насос",
    "another order": "Кому: Иван <ivan@north.example>\nТема: Насос\nОт: Мария Ли\nДата: Пн, 23 нояб. 2026 10:00",
    "with a ruler": "________________\nFrom: Maria Lee <maria@acme.example>\nSent: Monday\nTo: Ivan\nSubject: Pump",
    "with a banner": "-----Исходное сообщение-----\nОт: Мария Ли\nОтправлено: 23.11.2026 10:00\nКому: Иван\nТема: Насос",
    "Samsung": "-------- Original message --------\nFrom: Maria\nDate: 23/11/2026 10:00\nTo: Ivan\nSubject: Pump",
    "wrapped values": "От: Мария\nОтправлено: 23.11.2026 10:00\nКому: Иван <i@x.example>;\n Пётр <p@x.example>\nТема: Насос",
    "French": "De : Maria Lee <maria@acme.example>\nEnvoyé : lundi 23 novembre 2026 10:00\nÀ : Ivan\nObjet : Pompe",
    "banner alone": "-----Original Message-----",
    "a desk's marker": "##- Please type your reply above this line -##",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_answer_above_an_attributed_quote(attribution: str, gap: str) -> None:
    found = reply.split(f"{NEW}\n\n{attribution}{gap}{QUOTED}\n")
    assert found.text == NEW
    assert attribution in found.quoted
    assert QUOTED in found.quoted


@pytest.mark.parametrize("name", [name for name in ATTRIBUTIONS if name != "without any known word"])
def test_answer_above_history_that_is_not_marked(name: str) -> None:
    assert reply.split(f"{NEW}\n\n{ATTRIBUTIONS[name]}\n\n{OLD}\n").text == NEW


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_answer_below_the_quote(attribution: str) -> None:
    assert reply.split(f"{attribution}\n{QUOTED}\n\n{NEW}\n").text == NEW


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_answer_above_a_header_block(block: str) -> None:
    found = reply.split(f"{NEW}\n\n{block}\n\n{OLD}\n")
    assert found.text == NEW
    assert OLD in found.quoted


def test_answers_between_the_quoted_lines_are_all_kept() -> None:
    text = f"{ATTRIBUTIONS['Gmail ru']}\n> Когда приедете?\nЗавтра.\n\n> Сколько человек?\n\nДвое.\n> Спасибо"
    assert reply.split(text).text == "Завтра.\n\nДвое."


def test_the_initials_of_the_bat_are_quote_signs() -> None:
    assert reply.split("Monday, November 23, 2026, 10:00:00 AM, you wrote:\n\nМЛ> Когда?\n\nЗавтра.").text == "Завтра."


def test_reply_and_attribution_on_one_line() -> None:
    assert reply.split("Thanks! On Mon, Nov 23, 2026 at 10:00 AM, maria@acme.example wrote:\n> Pump?").text == "Thanks!"


def test_our_own_letter_is_history_even_when_forwarded() -> None:
    sender = "Acme <t-aaaaaaaaaaaaaaaaaaaaaaaaaa@relay.example>"
    banner = "---------- Forwarded message ---------"
    assert reply.split(f"{NEW}\n\n{banner}\nОт: {sender}\nDate: 23.11.2026 10:00\nSubject: x\n\n{OLD}").text == NEW


FORWARD = (
    f"---------- Forwarded message ---------\nFrom: Maria <maria@acme.example>\nDate: 23.11.2026 10:00\nSubject: Pump\n\n{OLD}"
)


@pytest.mark.parametrize("above", ["", "К сведению.\n\n"])
def test_forwarded_mail_stays(above: str) -> None:
    assert reply.split(above + FORWARD) == reply.Reply(above.strip(), forwarded=FORWARD)


def test_a_block_with_nothing_above_is_a_forward_unless_the_subject_says_reply() -> None:
    whole = f"{BLOCKS['Outlook ru']}\n\n{OLD}"
    assert reply.split(whole) == reply.Reply("", forwarded=whole)
    assert reply.split(whole, forwarded=True) == reply.Reply("", forwarded=whole)
    assert reply.split(whole, forwarded=False) == reply.Reply("", quoted=whole)


# Lines that only look like marks: a sentence is never lost to a wrong guess.
KEPT = [
    "Тема: замена насоса\nДата: 23.11.2026\nАдрес: Ленина, 5\nКонтакт: Иван",
    "Кому: бригаде\nОт: диспетчера\nТема: выезд\nВыезжать в восемь.",
    "Клиент пишет:\nнасос стоит.\nЧто ответить?",
    "В понедельник 23.11.2026 в 10:00 клиент написал:\nнасос стоит",
    "Пишите до 23.11.2026 10:00 на ivan@north.example:\nимя\nтелефон",
    "График работ на 23.11.2026 10:00:\nнасос\nдвигатель",
    "Вот журнал:\n2026-11-23 10:00:00 error from root@host.example:\nfailed",
    "On average it works:\nnine times of ten.",
    "Работы:\n-- насос\n-- двигатель\nИтого два часа.",
    "Таблица:\n----\nнасос\n----\nвсё",
    "| узел | цена |\n| насос | 5 |",
    "Sent from my desk, it is easier than by phone.\nCall me.",
    "From: our store, not theirs.\nTo: be continued",
    ">>> скидки <<<\nтолько сегодня",
    "С уважением отношусь к вашему труду, но насос стоит.",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_a_mark_is_kept(text: str) -> None:
    assert reply.split(text) == reply.Reply(text)


def test_a_sentence_with_a_date_right_above_a_quote_is_kept() -> None:
    assert (
        reply.split("По вашему вопросу от 23.11.2026:\n> насос стоит\nЗаменим.").text
        == "По вашему вопросу от 23.11.2026:\nЗаменим."
    )


SIGNATURES = [
    "-- \nИван Петров\nСеверСервис",
    "--\nИван Петров\n+7 495 000-00-00",
    "—\nIvan Petrov\nNorth",
    "Отправлено с iPhone",
    "Sent from my iPhone",
    "Отправлено из мобильной Яндекс Почты",
    "Отправлено из мобильного приложения Яндекс.Почты: https://mail.example/app",
    "Получить Outlook для iOS<https://aka.example/o>",
    "Von meinem iPhone gesendet",
    "С уважением,\nИван Петров\nинженер\n+7 495 000-00-00",
    "Best regards,\nIvan\n\nNorth Service, +7 495 000-00-00",
]


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("below", ["", f"\n\n{ATTRIBUTIONS['Yandex']}\n{QUOTED}", f"\n\n{BLOCKS['Outlook ru']}\n\n{OLD}"])
def test_signatures_are_cut(signature: str, below: str) -> None:
    found = reply.split(f"{NEW}\n\n{signature}{below}")
    assert found.text == NEW
    assert found.signature.split() == signature.split()


def test_a_command_below_a_closing_is_kept_but_in_a_signature_only_what_keeps_the_mail_inside() -> None:
    assert reply.split("Готово.\n\nС уважением,\nИван\n#решено").text == "Готово.\n\n#решено"
    for delimiter in ("-- ", "--"):
        signed = reply.split(f"Готово.\n{delimiter}\nИван\n#решено")
        assert (signed.text, signed.signature) == ("Готово.", f"{delimiter}\nИван\n#решено".replace("-- ", "--"))
        assert reply.split(f"Готово.\n{delimiter}\nИван\n#внутреннее").text == "Готово.\n#внутреннее"


# ── a blank line after every line: Outlook's plain text ────────────────────────────────────────────────────

CARD = "Иван Петров\nдиспетчер, North Service\nтел. 8 495 000-56-78"
SIGNED = f"С уважением,\n{CARD}"
ASKED = "Ольга, добрый день!\n\nЗаявку приняли. Перекройте воду.\nМастер будет сегодня."


def spaced(text: str, empty: str = " ") -> str:
    """`text` as Outlook writes it: a blank line after every paragraph, an empty paragraph being `empty`."""
    return "".join(f"{line or empty}\n\n" for line in text.split("\n"))


@pytest.mark.parametrize("empty", [" ", "\xa0", ""])
@pytest.mark.parametrize("below", ["", BLOCKS["Outlook ru"] + f"\n\n{OLD}", f"{ATTRIBUTIONS['Gmail ru']}\n{QUOTED}"])
def test_double_spaced_text_is_read_as_if_it_were_single_spaced(empty: str, below: str) -> None:
    found = reply.split(spaced(f"{ASKED}\n\n{SIGNED}\n", empty) + below)
    assert (found.text, found.signature) == (ASKED, SIGNED)


def test_an_empty_paragraph_below_all_tells_the_spacing_too() -> None:
    found = reply.split(spaced(f"Приняли.\nМастер будет сегодня.\n{SIGNED}\n") + f"{BLOCKS['Outlook ru']}\n\n{OLD}")
    assert (found.text, found.signature) == ("Приняли.\nМастер будет сегодня.", SIGNED)


def test_paragraphs_of_one_line_stay_apart_and_their_signature_is_cut() -> None:
    found = reply.split("Приняли.\n\nМастер будет сегодня.\n\n" + SIGNED.replace("\n", "\n\n"))
    assert found.text == "Приняли.\n\nМастер будет сегодня."
    assert found.signature.split("\n\n") == SIGNED.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Готово.\n\nС уважением,\n\nИван\n\nЗавтра позвоню",
        "Готово.\n\nС уважением,\n\nИван\n\nЗавтра позвоню.\n\nтел. 8 495 000-56-78",
        "Готово.\n\nСпасибо!\n\nКлючи у охраны\n\nПришлите акт в двух экземплярах, пожалуйста\n\nivan@north.example",
        "Добрый день!\n\nНасос стоит.\n\nКогда приедете?",
    ],
)
def test_a_sentence_among_paragraphs_of_one_line_is_kept(text: str) -> None:
    assert reply.split(text) == reply.Reply(text)


@pytest.mark.parametrize(
    ("above", "signed", "below"),
    [
        ("Готово.", "С уважением,\nИван", "P.S. Не забудьте, что акт нужно подписать."),
        ("Готово.", "С уважением,\nИван Петров\nинженер", "Завтра позвоню"),
        ("Готово.", "С уважением,\n\nИван Петров", "Завтра позвоню.\n\nтел. 8 495 000-56-78"),
        ("Насос\nдвигатель", "С уважением,\n\nИван", "P.S. Акт подпишите"),
        ("Готово.", "-- \nИван\nСевер", "P.S. Ключ у охраны"),
    ],
)
def test_what_is_written_below_a_signature_is_kept(above: str, signed: str, below: str) -> None:
    found = reply.split(f"{above}\n\n{signed}\n\n{below}")
    assert found.text == f"{above}\n\n{below}"
    assert found.signature.split() == signed.split()


@pytest.mark.parametrize(
    "last", ["Завтра позвоню.", "Новый номер 8 495 000-56-78, звоните.", "Мастеру нужен пропуск!", "Когда вас ждать?"]
)
def test_a_sentence_below_a_double_spaced_name_is_kept(last: str) -> None:
    assert last in reply.split(spaced(f"Готово.\n\nС уважением,\nИван\n{last}")).text


# ── HTML ───────────────────────────────────────────────────────────────────────────────────────────────────

P = "<p>Добрый день!<br>Насос заменили, давление держит.</p>"
H = "<p>Просим сообщить, когда приедет бригада.</p><p>Акт нужен до пятницы.</p>"
BLOCK = "<b>От:</b> Мария Ли<br><b>Отправлено:</b> 23 ноября 2026 г. 10:00<br><b>Кому:</b> Иван<br><b>Тема:</b> Насос"
ATTR = "пн, 23 нояб. 2026 г. в 10:00, Мария Ли &lt;maria@acme.example&gt;:"
PAGES = {
    "Gmail": f'<div dir="ltr">{P}</div><br><div class="gmail_quote"><div class="gmail_attr">{ATTR}<br></div>'
    f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{H}</blockquote></div>',
    "Outlook": f"<div>{P}<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm'>"
    f"<p class=MsoNormal>{BLOCK}</p></div></div>{H}</div>",
    "Outlook, unknown language": f"<div>{P}</div><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>Xx: М<br>Y: 1</div>{H}",
    "Outlook through another Outlook": f"<div>{P}</div><div id='x_divRplyFwdMsg'>Xxx: Мария</div><div>{H}</div>",
    "old Outlook": f"{P}<div class=OutlookMessageHeader dir=ltr>{BLOCK}</div>{H}",
    "Thunderbird": f'{P}<div class="moz-cite-prefix">23.11.2026 10:00, М пишет:</div><blockquote type="cite">{H}</blockquote>',
    "Apple": f'{P}<br><blockquote type="cite"><div>{ATTR}</div><br>{H}</blockquote>',
    "Yandex": f"<div>{P}</div><div>23.11.2026, 10:00, «М» &lt;m@acme.example&gt;:</div><blockquote>{H}</blockquote>",
    "Mail.ru": f"{P}<br><br>Понедельник, 23 ноября 2026, 10:00 +03:00 от Мария Ли &lt;maria@acme.example&gt;:<br>"
    f'<blockquote style="border-left:1px solid #0857A6; margin:10px">{H}</blockquote>',
    "Yahoo": f'<div>{P}</div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>{ATTR}</div>{H}</div>',
    "Zimbra": f'{P}<hr id="zwchr"><div>{BLOCK}</div>{H}',
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_html_of_the_clients(page: str) -> None:
    found = reply.split(html.text(f"<html><head><title>x</title></head><body>{page}</body></html>"))
    assert found.text == NEW
    assert "Акт нужен до пятницы." in found.quoted


def test_html_answers_between_quotes() -> None:
    quote = '<blockquote class="gmail_quote">Когда?</blockquote>'
    page = f'<div class="gmail_quote"><div class="gmail_attr">{ATTR}</div>{quote}<div>Завтра.</div>{quote}<div>Двое.</div></div>'
    assert reply.split(html.text(page)).text == "Завтра.\n\nДвое."


def test_html_indentation_is_no_quote() -> None:
    page = '<div>Список:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>насос</div></blockquote>'
    assert reply.split(html.text(page)).text == "Список:\nнасос"


NBSP = "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            f"<p class=MsoNormal>Да.<o:p></o:p></p><p class=MsoNormal>Ждём.</p>{NBSP}<p class=MsoNormal>Иван</p>",
            "Да.\nЖдём.\n\nИван",
        ),
        (
            "<p style='margin:0'>Да.</p><p style='margin:0cm 0cm .0001pt'>Ждём.</p><p style='margin:0'><br></p><p>Иван</p>",
            "Да.\nЖдём.\n\nИван",
        ),
        ("<p>Да.</p><p>Ждём.</p>", "Да.\n\nЖдём."),
        ("<p style='margin:0 0 1em'>Да.</p><p style='margin:0 0 1em'>Ждём.</p>", "Да.\n\nЖдём."),
    ],
)
def test_html_paragraphs_stand_apart_as_they_are_shown(page: str, text: str) -> None:
    assert reply.split(html.text(page)).text == text


def test_html_forward_stays() -> None:
    page = (
        f'<div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>x</div>{H}</div></div>'
    )
    assert "Акт нужен до пятницы." in reply.split(html.text(page)).forwarded


# ── properties ─────────────────────────────────────────────────────────────────────────────────────────────

SENTENCE = st.sampled_from(["Приедем завтра.", "Pump replaced", "Цена 500 руб.", "Да", "see photo 12", "Ждём акт, счёт и ключи"])
ATTRIBUTION = st.sampled_from(sorted(ATTRIBUTIONS.values()))
QUOTE = st.lists(SENTENCE, min_size=1, max_size=4).map(lambda lines: [f"> {line}" for line in lines])


@given(st.lists(st.tuples(st.lists(SENTENCE, max_size=3), ATTRIBUTION, QUOTE), max_size=5), st.lists(SENTENCE, max_size=3))
def test_no_new_line_is_lost_and_no_quoted_one_left(blocks: list[tuple[list[str], str, list[str]]], last: list[str]) -> None:
    lines = [line for new, attribution, quote in blocks for line in [*new, "", attribution, *quote, ""]] + last
    new = [line for each, _, _ in blocks for line in each] + last
    found = reply.split("\n".join(lines))
    assert [line for line in found.text.split("\n") if line] == new


PIECES = st.sampled_from([*BLOCKS.values(), *ATTRIBUTIONS.values(), FORWARD, QUOTED, NEW, "", "--", "> ", "&gt;", "#x"])


@given(st.text(max_size=400) | st.lists(PIECES, max_size=12).map("\n".join))
def test_never_raises_and_loses_no_line_altogether(text: str) -> None:
    found = reply.split(text)
    told = f"{found.text}\n{found.quoted}\n{found.signature}\n{found.forwarded}"
    shown, given_ = ["".join(each.split()).replace(">", "").replace("&gt;", "") for each in (told, reply.clean(text))]
    assert sorted(shown) == sorted(given_)


@given(st.text(max_size=300))
def test_html_never_raises(source: str) -> None:
    assert isinstance(html.text(f"<div>{source}<blockquote>{source}"), str)


def test_digits_that_are_no_numbers_do_no_harm() -> None:
    assert reply.split("мая ² 5 ³ мая:\n> x").quoted.endswith("> x")


@given(st.lists(SENTENCE | st.just("") | st.just("С уважением,"), max_size=8))
def test_double_spacing_changes_no_sentence(lines: list[str]) -> None:
    """Where the single-spaced form keeps a sentence, the double-spaced one keeps it, too."""
    single, double = (
        [line for line in reply.split(form).text.split("\n") if line] for form in ("\n".join(lines), spaced("\n".join(lines)))
    )
    assert not set(single) - set(double)
