"""What the relay says: every sentence in every language, and an admin's own templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from relay import accounts, handbook, keywords, overview, proofs, wording
from relay.letters import Letters
from relay.model import LetterKind, Status
from tests.test_letters import body, letter, read

FOLDER = wording.builtin()
CATALOGUES = sorted(FOLDER.glob("*.po"))


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def spoken() -> set[tuple[str | None, str]]:
    """Every (context, sentence) that a letter may need."""
    methods = [("**.txt", "jinja2"), ("**.html", "jinja2")]
    options = {"**.txt": {"trimmed": "true", "silent": "false"}, "**.html": {"trimmed": "true", "silent": "false"}}
    found = {
        (context, message)
        for _, _, message, _, context in extract_from_dir(str(FOLDER), methods, options)
        if isinstance(message, str)
    }
    sentences = [
        *wording.PROBLEMS.values(),
        wording.GENERIC,
        *wording.HINTS.values(),
        *wording.UNITS.values(),
        *wording.FAILURES.values(),
        wording.UNDELIVERED,
    ]
    return (
        found
        | {(None, sentence) for sentence in sentences}
        | {(None, meaning) for meaning, _ in wording.COMMANDS.values()}
        | {(None, meaning) for meaning in (wording.ANSWERS | wording.STATEMENTS).values()}
        | {(None, sentence) for sentence in accounts.SENTENCES}
        | {("argument", argument) for _, argument in wording.COMMANDS.values() if argument}
        | {(None, sentence) for sentence in handbook.SENTENCES}
        | {(None, sentence) for sentence in overview.SENTENCES}
        | {("status", status) for status in get_args(Status)}
    )


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogues_are_whole(path: Path) -> None:
    known = catalogue(path)
    wanted = spoken()
    assert [sentence for context, sentence in wanted if not (found := known.get(sentence, context)) or not found.string] == []
    assert [
        (message.context, message.id) for message in known if message.id and (message.context, message.id) not in wanted
    ] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_translations_use_the_same_facts(path: Path) -> None:
    for message in catalogue(path):
        if message.id:
            assert set(re.findall(r"%\(\w+\)s", str(message.string))) == set(re.findall(r"%\(\w+\)s", str(message.id)))


def test_a_language_has_both_a_catalogue_and_a_file_of_words() -> None:
    assert {path.stem for path in CATALOGUES} | {wording.SOURCE} == set(keywords.LANGUAGES)


def test_russian_is_there_and_the_sentences_were_found() -> None:
    assert "ru" in [path.stem for path in CATALOGUES]
    assert (None, "To add something, just answer this mail.") in spoken()


@pytest.mark.parametrize("kind", get_args(LetterKind))
def test_every_kind_has_both_templates(kind: str) -> None:
    assert (FOLDER / f"{kind}.txt").is_file() and (FOLDER / f"{kind}.html").is_file()


@pytest.mark.parametrize("reason", [*wording.PROBLEMS, "something new"])
def test_every_problem_is_said_in_both_languages(reason: str) -> None:
    speaking = wording.languages(None)
    facts = {"reason": reason, "party": "Repairs {x} %s", "nearest": "north", "links": "north, south"}
    said = {code: language.problem(facts) for code, language in speaking.items()}
    assert re.search("[а-я]", said["ru"]) and not re.search("[а-я]", said["en"])
    assert all("north" in sentence and "%(" not in sentence for sentence in said.values())
    assert ("Repairs {x} %s" in said["en"]) == ("%(party)s" in wording.PROBLEMS.get(reason, ""))


def test_no_sentence_names_a_fact_that_was_not_given() -> None:
    assert "%" not in wording.languages(None)["ru"].problem({"reason": "already-passed"})


def test_an_admins_template_replaces_one_file(tmp_path: Path) -> None:
    (tmp_path / "comment.txt").write_text('{% extends "base.txt" %}{% block words %}Own: {{ entries[0].text }}{% endblock %}')
    message = read(Letters("relay.example", "Acme Relay", tmp_path).compose(letter()))
    assert body(message, "plain").startswith("Own: Hello,")
    assert "Anna Smith, Shop" in body(message, "html")


def test_an_admins_catalogue_replaces_one_sentence_and_adds_a_language(tmp_path: Path) -> None:
    sentence = "Just answer this mail: your answer reaches everyone who works on this ticket."
    for code, said in (("ru", "Ответьте на письмо."), ("de", "Antworten Sie einfach.")):
        (tmp_path / f"{code}.po").write_text(
            f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "{sentence}"\nmsgstr "{said}"\n'
        )
    composer = Letters("relay.example", "Acme Relay", tmp_path)
    russian = body(read(composer.compose(letter(language="ru"))), "plain")
    assert "Ответьте на письмо." in russian and "#передать" in russian
    assert "Antworten Sie einfach." in body(read(composer.compose(letter(language="de"))), "plain")


@pytest.mark.parametrize(
    ("source", "line", "why"),
    [
        ("one\n{% if %}", 2, "Expected an expression"),
        ("one\ntwo\n{{ no_such_value }}", 3, "no_such_value"),
        ("{{ 1 / 0 }}", 1, "ZeroDivisionError"),
        ('{% extends "missing.txt" %}', 1, "missing.txt"),
    ],
)
def test_a_broken_template_gives_way_to_the_built_in_one_and_says_where(tmp_path: Path, source: str, line: int, why: str) -> None:
    (tmp_path / "comment.txt").write_text(source)
    (tmp_path / "comment.html").write_text('{% extends "base.html" %}{% block words %}Own{% endblock %}')
    composer = Letters("relay.example", "Acme Relay", tmp_path)
    message = read(composer.compose(letter()))
    assert body(message, "plain") == body(read(Letters("relay.example", "Acme Relay").compose(letter())), "plain")
    assert "Own" in body(message, "html")
    (error,) = composer.broken.values()
    assert str(error).startswith(f"{tmp_path / 'comment.txt'}:{line}: ") and why in error.reason
    (mistake,) = proofs.mistakes(tmp_path)
    assert mistake.file == str(tmp_path / "comment.txt") and mistake.key == f"line {line}" and why in mistake.found


def test_the_built_in_templates_have_no_mistake_in_any_language() -> None:
    assert proofs.mistakes(None) == () == proofs.strays(None)


@pytest.mark.parametrize("name", [*sorted(path.name for path in FOLDER.glob("*.html")), "base.txt", "said.txt"])
def test_a_mistake_in_any_template_is_found(tmp_path: Path, name: str) -> None:
    source = (FOLDER / name).read_text("utf-8")
    at = source.rindex("{% end")
    (tmp_path / name).write_text(source[:at] + "{{ nonsense }}" + source[at:], "utf-8")
    found = proofs.mistakes(tmp_path)
    assert found and all(one.file == str(tmp_path / name) and "nonsense" in one.found for one in found)


def test_a_style_sheet_of_ones_own_is_used_and_checked(tmp_path: Path) -> None:
    (tmp_path / "look.css").write_text(".words { font-size: 21px; }\n\np.words { color: red; }\n")
    html = body(read(Letters("relay.example", "Acme Relay", tmp_path).compose(letter())), "html")
    assert 'class="words" style="font-size:21px;"' in html and 'class="small" style="padding:' in html
    (mistake,) = proofs.mistakes(tmp_path)
    assert (mistake.file, mistake.key) == (str(tmp_path / "look.css"), "line 3") and "p.words" in mistake.found


def test_a_file_that_no_letter_is_made_with_is_named(tmp_path: Path) -> None:
    (tmp_path / "coment.txt").write_text("Hello")
    (told,) = proofs.strays(tmp_path)
    assert "coment.txt" in told and 'did you mean "comment.txt"?' in told


@pytest.mark.parametrize("said", ["%(nobody)s", "100 %"])
def test_a_sentence_with_a_fact_that_is_none_is_a_mistake(tmp_path: Path, said: str) -> None:
    (tmp_path / "ru.po").write_text(f'msgid ""\nmsgstr ""\n\nmsgid "Files: %(files)s"\nmsgstr "{said}"\n')
    (mistake,) = proofs.mistakes(tmp_path)
    assert (mistake.file, mistake.key) == (str(tmp_path / "ru.po"), "line 4")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'msgid "x"\nmsgstr "y\nnonsense\n', 2),
        (b"garbage here\nnot po", 1),
        ('msgid "x"\nmsgstr "ы"\n'.encode("cp1251"), 2),
        (b'msgid ""\nmsgstr "Content-Type: text/plain; charset=no-such\\n"\n\nmsgid "a %(b)s"\nmsgstr "%(c)s"\n', 4),
    ],
)
def test_a_broken_catalogue_says_where_and_letters_go_out_without_it(tmp_path: Path, content: bytes, line: int) -> None:
    (tmp_path / "ru.po").write_bytes(content)
    (mistake,) = proofs.mistakes(tmp_path)
    assert (mistake.file, mistake.key) == (str(tmp_path / "ru.po"), f"line {line}")
    composer = Letters("relay.example", "Acme Relay", tmp_path)
    assert "Чтобы ответить" in body(read(composer.compose(letter(language="ru"))), "plain")
    assert [*composer.broken] == ["ru.po"]


@pytest.mark.parametrize(
    ("name", "content", "line"), [("look.css", b".a { b: c; }\nfoo bar {", 2), ("base.txt", b"a\n\xef\xf0", 2)]
)
def test_other_files_that_cannot_be_used_are_told_with_their_place(tmp_path: Path, name: str, content: bytes, line: int) -> None:
    (tmp_path / name).write_bytes(content)
    assert {(mistake.file, mistake.key) for mistake in proofs.mistakes(tmp_path)} == {(str(tmp_path / name), f"line {line}")}
    composer = Letters("relay.example", "Acme Relay", tmp_path)
    composer.compose(letter(language="ru"))
    assert {Path(error.file).name for error in composer.broken.values()} == {name}
