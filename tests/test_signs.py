"""Signs in free text: what people write when the work moves on, and what only sounds like it."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay import signs, workflow
from relay.keywords import LANGUAGES
from relay.signs import found, read

LIKE: dict[str, list[str]] = {
    "accept": [
        "Принято",
        "Принято, завтра будем",
        "принято завтра будем",
        "Добрый день! Принято в работу.",
        "Приняли, инженер приедет в понедельник.",
        "Понял, принял.",
        "Заявка принята. Мастер будет завтра с 10 до 12.",
        "Заявку № 55123 приняли, ориентировочно среда.",
        "Здравствуйте, Анна.\nПриняли вашу заявку к исполнению.",
        "Ок, принято!",
        "Берём в работу.",
        "accepted, we'll be there tomorrow",
        "Accepted.",
        "Hello John,\n\nWe accept the job. Our engineer will call you.",
        "The ticket is accepted.",
        "We'll take care of it.",
        "OK, accepted. Will be on site on Friday.",
    ],
    "decline": [
        "это не к нам",
        "Добрый день. Это не к нам, обратитесь в другую компанию.",
        "Это не наше оборудование",
        "Лифты не обслуживаем.",
        "К сожалению, вынуждены отказаться от заявки.",
        "Не сможем взять эту заявку, нет людей.",
        "Так как это не наша зона ответственности, отказываемся.",
        "not our equipment, we have to decline",
        "Sorry, we have to decline.",
        "This isn't our responsibility.",
        "We don't service elevators.",
        "We can't take this job, no people left this week.",
    ],
    "start": [
        "приступили",
        "Приступили к работе.",
        "мастер выехал",
        "Мастер уже выехал, будет через час.",
        "Принято, бригада выехала",
        "Начали ремонт, ориентировочно до вечера.",
        "Взяли в работу.",
        "Инженер на объекте.",
        "Выезжаем.",
        "Работы начаты",
        "started working",
        "We have started work on the pump.",
        "We're working on it.",
        "The technician is on his way, he will be there in an hour.",
        "Accepted, our engineer is on site",
        "Work in progress.",
    ],
    "wait": [
        "ждём запчасть до пятницы",
        "Ждём запчасть.",
        "Всё ещё ждём запчасти от поставщика.",
        "Принято, ждем поставку насоса",
        "Заказали деталь, срок две недели.",
        "Запчасть заказана, поставка в среду.",
        "Приступили, но ждём комплектующие.",
        "Ждём, когда привезут запчасть.",
        "Работы приостановлены.",
        "waiting for the part",
        "We are still waiting for the new spare part, should be here on Friday.",
        "Ordered a replacement board, it takes two weeks.",
        "The ticket is on hold.",
        "Awaiting delivery from the supplier.",
    ],
    "resolved": [
        "готово, заменили блок",
        "Готово",
        "ГОТОВО!!!",
        "всё готово)",
        "Сделано.",
        "Добрый день!\n\nРаботы выполнены, акт во вложении.",
        "Заменили подшипник и сальник, насос работает.",
        "Готово. Акт пришлём завтра.",
        "Неисправность устранили.",
        "Течь устранена, проверили под давлением.",
        "Починили, больше не течёт.",
        "Сообщаем, что ремонт завершён.",
        "Насос отремонтировали и запустили.",
        "Все сделали, если будут вопросы — пишите.",
        "Заявка № 17 выполнена.",
        "Готово заменили блок питания",
        "done, replaced the board",
        "Done.",
        "Hi,\n\nall done.\n\nIvan",
        "It's fixed.",
        "The problem has been fixed by our technician.",
        "Replaced the board, everything works again.",
        "Repair completed.",
        "Fixed the leak. Please let me know if you have any questions.",
        "Done, no problems.",
        "We've repaired the pump, it no longer leaks.",
    ],
    "close": [
        "спасибо, всё работает, можно закрывать",
        "Спасибо! Всё работает.",
        "Всё работает, спасибо",
        "Можно закрывать.",
        "Прошу закрыть заявку.",
        "Заявку можно закрыть.",
        "Закрывайте, вопросов больше нет.",
        "Подтверждаем выполнение работ.",
        "Спасибо, помогло!",
        "Добрый день! Замечаний нет.",
        "you can close it",
        "Thanks, it works now. You can close the ticket.",
        "Thank you, everything is working again.",
        "Please close this ticket.",
        "The ticket can be closed.",
        "It works, thank you!",
    ],
    "reopen": [
        "опять течёт",
        "не помогло",
        "Спасибо, но опять течёт.",
        "После ремонта снова не работает.",
        "Добрый день. Насос всё ещё шумит.",
        "Проблема осталась, всё равно не включается",
        "Не помогло, насос так и не качает.",
        "Опять та же ошибка на экране",
        "still not working",
        "It still doesn't start.",
        "It is leaking again.",
        "The problem is back.",
        "That didn't help, the pump stopped again.",
        "Same error again",
        "Thanks, but it is still leaking.",
    ],
    "cancel": [
        "отбой, вопрос снят",
        "Отбой.",
        "Заявка больше не актуальна.",
        "Отмените заявку, пожалуйста.",
        "Прошу отменить заявку",
        "Снимаем заявку, справились сами",
        "Ремонт больше не нужен.",
        "Вопрос больше не актуален, можно закрывать",
        "no longer needed, please cancel",
        "Please cancel this ticket.",
        "We would like to cancel the request.",
        "The repair is no longer needed.",
        "False alarm, sorry!",
    ],
}

UNLIKE = [
    # denied
    "не готово",
    "Ещё не заменили",
    "ещё не готово, работаем",
    "Пока не принято.",
    "Не всё работает, спасибо что спросили",
    "Мастер не выехал",
    "Мы не приступили",
    "Заявка не принята",
    "Ничего не сделано",
    "Не закрывайте заявку!",
    "Заявку пока не закрывайте.",
    "закрывать рано",
    "Работы не выполнены",
    "Заменили блок, но не работает",
    "Не отменяйте заявку",
    "Почти готово",
    "Готово частично",
    "Первая часть готова, осталось подключить насос",
    "готово, но не до конца",
    "Готово. Но один насос пока стоит.",
    "Готово, правда акт подпишем позже",
    "not done yet",
    "It's not fixed.",
    "It isn't fixed",
    "Not resolved, sorry.",
    "don't close it",
    "Please do not close the ticket.",
    "We have not started work.",
    "nothing is done",
    "Almost done",
    "Half of it is done.",
    "Done, except the last valve",
    "Done. However, one pump still has to be checked.",
    "We can not accept that it is done",
    "Do not cancel the request",
    "The ticket hasn't been accepted.",
    # asked
    "готово?",
    "Готово ?",
    "когда будет готово",
    "Когда будет готово?",
    "Мастер выехал?",
    "Принято?",
    "Можно закрывать?",
    "Можно ли закрыть заявку",
    "Сообщите, когда всё будет готово.",
    "Подскажите, работы выполнены",
    "Подтвердите, пожалуйста, что работы выполнены",
    "Что уже сделано",
    "Вы приступили к работе",
    "Готово или нет",
    "Ждём запчасть?",
    "Опять течёт?",
    "Почему опять не работает",
    "Какой статус, заявка принята",
    "Не помогло?",
    "is it done?",
    "Is it done",
    "Done?",
    "Has it been fixed?",
    "When will it be fixed?",
    "Can we close it?",
    "Can you close it?",
    "Please confirm that it is fixed",
    "Please tell us whether the work is completed.",
    "Have you started work on it",
    "Any news? Is the pump fixed",
    "How long are you waiting for the part?",
    "Should we cancel the request?",
    "fixed or not",
    # to come, or only if
    "будет готово завтра",
    "Завтра всё будет готово.",
    "Надеюсь, завтра всё готово",
    "К пятнице готово",
    "Завтра приступаем к работе",
    "Мастер выехал бы, если бы была машина",
    "Планируем, что ремонт будет завершён в среду",
    "если всё готово",
    "Если всё готово, можно закрывать.",
    "Как только заявка выполнена, закройте её",
    "Можно закрыть заявку после оплаты",
    "Если опять течёт, звоните",
    "Нужно, чтобы всё было готово к понедельнику",
    "Должно быть готово",
    "Выезжаем в понедельник",
    "Мы могли бы отменить заявку, если нужно",
    "will be done tomorrow",
    "It will be fixed on Monday.",
    "We'll close it tomorrow",
    "It should be done by Friday",
    "If it's fixed you can close it.",
    "You can close the ticket once it is fixed",
    "Let me know when it's done.",
    "To be done",
    "We are going to start work on Monday",
    "it must be done today",
    "I hope it's fixed",
    "If it leaks again, call us",
    # said by others
    "Клиент говорит, что всё готово",
    "Мне сказали, что работы выполнены.",
    "По словам мастера, насос починили",
    "Вроде починили",
    "Заказчик пишет: опять течёт",
    "Статус «готово» у нас не отображается",
    "На экране написано «Не помогло»",
    "They said it's done.",
    "You said it was fixed",
    "I was told it is fixed.",
    'The display says "done"',
    "Maybe it's fixed",
    "He promised it's done",
    "> Готово\n> Done",
    # the same words in other senses
    "what has to be done",
    "Tell me what has been done.",
    "Well done, thank you!",
    "Thanks for the work done so far.",
    "thanks for working on it",
    "Принято решение заменить насос",
    "Принято решение о замене блока, вышлите счёт",
    "Мы приняли меры",
    "Приняли к сведению",
    "Здесь так принято",
    "Я готов приехать",
    "Готовим счёт",
    "Насос не работает",
    "У нас не включается насос, приезжайте",
    "Закройте кран перед ремонтом",
    "Please close the valve before the repair.",
    "Снова в течение дня перезвоню",
    "Решили заменить насос",
    "Насос снова работает",
    "Отмените встречу на вторник",
    "Please cancel the appointment on Monday",
    "The pump started leaking",
    "It started working",
    "fixed price 500",
    "a resolved path",
    "accepted cards only",
    "Ждём вас завтра",
    "Ждём мастера",
    "waiting for your reply",
    "Thanks for the update",
    "Спасибо!",
    "Добрый день! Насос течёт, пришлите мастера.",
    "Please find the invoice attached.",
    "",
    "   \n\n",
    "?!.,",
    # two that contradict each other
    "Готово. Опять течёт.",
    "Принято. Отбой.",
    "Готово, отмените заявку",
    "It's fixed. Still not working.",
]


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in LIKE.items() for text in texts])
def test_what_people_write_is_met(word: str, text: str) -> None:
    assert read(text) == word


@pytest.mark.parametrize("text", UNLIKE)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    assert read(text) is None


def test_of_several_that_follow_one_another_the_last_counts() -> None:
    assert found("Принято. Приступили к работе.") == ("start", "accept")
    assert found("Готово, можно закрывать") == ("close", "resolved")


def test_a_doubt_about_one_leaves_the_other() -> None:
    assert read("Принято. Будет готово завтра.") == "accept"
    assert read("Ещё не готово, ждём запчасть.") == "wait"


def test_the_first_sentences_count() -> None:
    much = "Насос стоит в подвале.\n"
    assert read(much * 3 + "Готово.") == "resolved"
    assert read(much * 9 + "Готово.") is None
    assert read("Готово.\n" + much * 900 + "Не готово.") == "resolved"
    assert read("Готово " + "насос стоит в подвале " * 900) is None


def test_wrapped_lines_are_one_sentence() -> None:
    assert read("Добрый день, по насосу в котельной на Ленина, дом пять:\nбудет готово") is None
    assert read("По вашей заявке в котельной на улице Ленина, дом пять,\nвсё ещё ждём запчасть") == "wait"


@pytest.mark.parametrize(
    "dress", ["{}", "  {}  ", "*{}*", "- {}", "{}\n\nС уважением,\nИван", "Иван, {}", "{} :)", "\ufeff{}", "{}…"]
)
@pytest.mark.parametrize(("text", "word"), [("готово", "resolved"), ("Accepted", "accept"), ("ОТБОЙ", "cancel")])
def test_dress_does_not_matter(dress: str, text: str, word: str) -> None:
    assert read(dress.format(text)) == word


def test_the_examples_are_true() -> None:
    assert doctest.testmod(signs).failed == 0


# ── the tables ─────────────────────────────────────────────────────────────────────────────────────────────


def test_every_sign_is_a_status_command() -> None:
    assert set(signs.WORDS) == set(workflow.MOVES)
    used = {*signs.WORDS, "harmless", "fillers", "negations", "partly", "futures", "days", "conditions", "questions", "contrasts"}
    assert set(LANGUAGES["en"].signs) == used


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_phrase_of_every_language_can_match(code: str) -> None:
    for kind, phrases in LANGUAGES[code].signs.items():
        for phrase in phrases:
            assert not re.search(r"\.\.\||\|\.\.", phrase), "a gap is no alternative"
            parts = [part.split("|")[0] for part in phrase.split()]
            said = " ".join(part.replace("_", " ").replace("*", "") for part in parts if part not in ("^", "$", "..", "..."))
            pattern = re.compile(signs._pattern(phrase))
            assert pattern.search(f" . {said.replace('ё', 'е')} . "), (kind, phrase)


# ── whatever comes ─────────────────────────────────────────────────────────────────────────────────────────

PIECES = st.sampled_from(
    [word for texts in LIKE.values() for text in texts for word in text.split()] + [".", "?", ",", "\n", "«", '"']
)


@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_any_words_in_any_order(text: str) -> None:
    assert read(text) in (None, *workflow.MOVES)


@given(st.text(max_size=300))
@example("\0")
@example("İ? ſ")
def test_never_raises(text: str) -> None:
    assert read(text) in (None, *workflow.MOVES)


@given(st.lists(PIECES, min_size=1, max_size=8).map(" ".join), st.sampled_from(["?", " ?!", "??"]))
def test_a_question_is_no_sign(text: str, mark: str) -> None:
    if not re.search(r"[.!?\n…«\"]", text):
        assert read(text + mark) is None


@pytest.mark.parametrize(
    "piece", ["готово ", "done, ", "? ", "«", '"', " ", "\n", "ждем ", "спасибо ", "не ", "-", "опять все ", ">\n"]
)
def test_of_a_megabyte_only_the_head_is_read(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert len(signs._stream(text)) <= 2 * signs.HEAD + 10
    assert read(text) in (None, *workflow.MOVES)
