"""Commands in newly written text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import keywords
from relay.mail.commands import extract, nearest
from relay.model import Command

READ = [
    ("#accept", "accept", ""),
    ("#принято", "accept", ""),
    ("# Принято", "accept", ""),
    ("#в работе", "start", ""),
    ("#В  РАБОТЕ с утра", "start", "с утра"),
    ("#pass North-Repairs Прошу взять", "pass", "North-Repairs Прошу взять"),
    ("#передать vendor", "pass", "vendor"),
    ("＃internal", "internal", ""),
    ("\xa0#внутреннее", "internal", ""),
    ("*#internal*", "internal", ""),
    ("#internal: не пересылать", "internal", "не пересылать"),
    ("#решено.", "resolved", ""),
    ("#mute", "mute", ""),
    ("#Тихо", "mute", ""),
    ("#wait until 2026-11-30 нет насоса", "wait", "until 2026-11-30 нет насоса"),
    ("#время 1ч30м сварка", "time", "1ч30м сварка"),
    ("#field Адрес: Ленина, 5", "field", "Адрес: Ленина, 5"),
    ("#поле Серийный номер: AB-12", "field", "Серийный номер: AB-12"),
]


@pytest.mark.parametrize(("line", "word", "argument"), READ)
@pytest.mark.parametrize("form", ["{}", "{}\n\nЗаменили насос.", "Заменили насос.\n\n{}", "Добрый день!\n{}\nЗаменили насос."])
def test_a_command_is_taken_out_of_the_text(line: str, word: str, argument: str, form: str) -> None:
    text, found, unknown = extract(form.format(line))
    assert found == (Command(word, argument, line.strip()),)
    assert "#" not in text
    assert "＃" not in text
    assert unknown == ()


SHARED = [
    ("#принято #время 2ч", [("accept", ""), ("time", "2ч")]),
    ("#Принято, #в работе; #time 2h сварка", [("accept", ""), ("start", ""), ("time", "2h сварка")]),
    ("#время 2ч #решено", [("time", "2ч"), ("resolved", "")]),
    ("*#accept* #internal", [("accept", ""), ("internal", "")]),
    ("#accept #ref 12/#4", [("accept", ""), ("ref", "12/#4")]),
    ("#решено насос #5", [("resolved", "насос #5")]),
    ("#status https://x.example/a#close", [("status", "https://x.example/a#close")]),
]


@pytest.mark.parametrize(("line", "given"), SHARED)
def test_several_commands_may_share_a_line(line: str, given: list[tuple[str, str]]) -> None:
    text, found, unknown = extract(f"{line}\n\nЗаменили насос.")
    assert ([(each.word, each.argument) for each in found], text, unknown) == (given, "Заменили насос.", ())


@pytest.mark.parametrize(
    "line", ["#решено, но #закрыть пока не надо", "#отказ см. #статус", "#принято #врема 2ч", "#accept" + " #time 1h" * 20]
)
def test_a_line_with_commands_that_may_mean_two_things_stays_and_is_told(line: str) -> None:
    assert extract(f"Добрый день!\n{line}") == (f"Добрый день!\n{line}", (), (line,))


@pytest.mark.parametrize("line", ["#отказ для своих #internal", "#принято и #внутреннее тоже", "#internal see #status"])
def test_internal_among_other_words_of_a_line_is_told_wherever_it_stands(line: str) -> None:
    long = "\n".join(f"строка {number}" for number in range(20))
    for text in (line, f"{long}\n{line}\n{long}"):
        assert extract(text) == (text, (), (line,))


@pytest.mark.parametrize("line", ["#intrenal", "# внутренее", "#internl only", "#interal: они не платят"])
def test_a_misspelt_internal_is_told_wherever_it_stands(line: str) -> None:
    long = "\n".join(f"строка {number}" for number in range(20))
    for text in (line, f"{long}\n{line}\n{long}"):
        assert extract(text) == (text, (), (line,))
    for other in ("#acept", "#интервью", "#5 pump"):
        assert extract(f"{long}\n{other}\n{long}")[2] == ()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("#отмена", "cancel"),
        ("#Принял, выезжаем", "accept"),
        ("#отказываюсь", "decline"),
        ("#Done", "resolved"),
        ("#on hold until friday", "wait"),
        ("#возврат течёт снова", "reopen"),
    ],
)
def test_other_forms_of_a_word_are_understood(line: str, word: str) -> None:
    assert [each.word for each in extract(line)[1]] == [word]


@pytest.mark.parametrize("word", keywords.COMMANDS)
def test_every_spelling_in_every_language_is_known(word: str) -> None:
    for phrase in keywords.spellings(word):
        assert extract(f"#{phrase.upper()} x")[1] == (Command(word, "x", f"#{phrase.upper()} x"),)


@pytest.mark.parametrize(
    "text",
    [
        "#5 pump",
        "# heading text",
        "#1",
        "see https://x.example/a#pass now",
        "text #pass x",
        "#ref#pass",
        "#насос стоит",
        "№5",
        "##",
    ],
)
def test_other_lines_with_a_hash_stay_text(text: str) -> None:
    assert extract(text) == (text, (), ())


@pytest.mark.parametrize("line", ["#acept", "#внутренее", "#в работу", "#интернал #internal"[10:-1], "#resolv", "#pas north"])
def test_a_near_miss_stays_and_is_told(line: str) -> None:
    assert extract(f"Добрый день!\n{line}") == (f"Добрый день!\n{line}", (), (line.strip(),))


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("#acept", "accept"),
        ("#Принто", "accept"),
        ("#внутренее", "internal"),
        ("#в работу", "start"),
        ("#resolv now", "resolved"),
        ("#стату пожалуйста", "status"),
        ("#pas north", "pass"),
        ("# mut", "mute"),
        ("for us only (#internal)", "internal"),
        ("#intrnal", "internal"),
        ("#5 pump", ""),
        ("#насос стоит", ""),
        ("The pump leaks.", ""),
        ("", ""),
    ],
)
def test_the_nearest_command_of_a_line(line: str, word: str) -> None:
    assert nearest(line) == word


SPELLINGS = st.sampled_from([spelling for word in keywords.COMMANDS for spelling in keywords.spellings(word)])


@given(SPELLINGS, st.integers(0, 10), st.text("abcабв #(", max_size=2), st.sampled_from(["", "  ", "so (", "x "]))
def test_every_line_that_is_told_has_a_nearest_command(spelling: str, at: int, wrong: str, before: str) -> None:
    for line in extract(f"{before}#{spelling[:at]}{wrong}{spelling[at + 1 :]}")[2]:
        assert nearest(line) in keywords.COMMANDS


def test_commands_stand_at_the_ends_only() -> None:
    long = "\n".join(f"строка {number}" for number in range(20))
    text = f"#принято\n#номер 12\n{long}\n#close\n{long}\n#решено"
    kept, found, _ = extract(text)
    assert [each.word for each in found] == ["accept", "ref", "resolved"]
    assert "#close" in kept


LINES = st.sampled_from(["#принято", "#pass north", "#5 pump", "Насос стоит.", "", "#acept", "1 #close"])


@given(st.lists(LINES, max_size=12))
def test_no_line_of_text_is_lost(lines: list[str]) -> None:
    kept, found, _ = extract("\n".join(lines))
    assert [line for line in kept.split("\n") if line] + [each.line for each in found] == sorted(
        (line for line in lines if line), key=lambda line: line in ("#принято", "#pass north")
    )


@given(st.text(max_size=300))
def test_never_raises(text: str) -> None:
    extract(text)
    extract(f"#{text}")
