"""Every kind of letter: its text to the letter, its HTML free of what mail programs drop, legible, and never too long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings

from relay import brands, styling, wording
from relay.mail import reader
from relay.mail.parts.flowed import unflow
from relay.model import Entry, LetterKind
from tests.look import dropped
from tests.look.draw import GOLDEN
from tests.look.letters import COMPOSER, KINDS, LANGUAGES, brand, composed, html, part, raw_text, sample, text
from tests.test_letters import NASTY, assert_harmless, shown, tags

EVERY = [(kind, language) for kind in KINDS for language in LANGUAGES]


def styles(tag: dict[str, str | None]) -> dict[str, str]:
    """The declarations of a tag."""
    pairs = (one.partition(":") for one in (tag.get("style") or "").split(";") if one.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


# ── texts ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_plain_text_is_as_it_was_looked_at(kind: LetterKind, language: str) -> None:
    golden = (GOLDEN / f"{kind}-{language}.txt").read_text("utf-8")
    assert raw_text(composed(sample(kind, language))) == golden, "if that is meant: python -m tests.look.draw --golden"


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_our_sentences_have_72_columns_and_a_persons_lines_stay(kind: LetterKind, language: str) -> None:
    letter = sample(kind, language)
    written = "\n".join([*(entry.text for entry in letter.entries), str(letter.data.get("text", ""))]).split("\n")
    lines = raw_text(composed(letter)).split("\n")
    assert [line for line in lines if len(line.rstrip()) > 73 and line not in written] == []
    assert part(composed(letter), "plain").get_param("format") == "flowed"
    if kind in ("comment", "pass", "note", "history"):
        assert {line for line in written if line.strip()} <= set(lines)


# ── HTML ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_nothing_that_mail_programs_drop_is_relied_on(kind: LetterKind, language: str) -> None:
    for tag, attributes in tags(html(composed(replace(sample(kind, language), brand=brand())))):
        assert tag not in dropped.TAGS, f"{tag} is dropped by {dropped.TAGS.get(tag)}"
        allowed = {name for one in (attributes.get("class") or "").split() for name in dropped.INSTEAD.get(one, ())}
        for name, value in styles(attributes).items():
            if not (tag == "img" and name == "max-width"):
                assert name not in dropped.STYLES.keys() - allowed, f"{tag}: {name} is dropped by {dropped.STYLES.get(name)}"
            if name.startswith("padding") and tag not in dropped.PADDED:
                assert "press" in (attributes.get("class") or "") or tag in ("ul", "ol", "body") or value == "0", (tag, name)
            assert not re.search(r"url\(|var\(|calc\(|[0-9]r?em\b|[0-9]v[wh]\b", value), (tag, name, value)


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_nothing_is_remote_and_nothing_acts(kind: LetterKind, language: str) -> None:
    made = html(composed(replace(sample(kind, language), brand=brand())))
    assert_harmless(made)
    assert not re.search(r"@import|@font-face|src=\"?http|url\(", made)
    assert not re.search("[\U0001f000-\U0001faff\u2600-\u27bf]", made + text(composed(sample(kind, language))))
    (sheet,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    assert len(sheet) < dropped.SHEET and sheet.count("{") == sheet.count("}")


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_a_screen_reader_has_what_it_needs(kind: LetterKind, language: str) -> None:
    made = html(composed(replace(sample(kind, language), brand=brand())))
    assert f'<html lang="{"en" if kind == "postmaster" else language}">' in made
    assert re.search(r"<title>[^<]+</title>", made)
    for tag, attributes in tags(made):
        if tag == "table":
            assert attributes.get("role") == "presentation" or attributes.get("class") in ("facts", "seats")
        assert tag != "img" or attributes.get("alt")
        assert tag != "th" or attributes.get("scope") == "row"


class Inks(HTMLParser):
    """Every piece of text with its colour and the colour of its ground, as a browser would inherit them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, str, str]] = [("", brands.BLACK, brands.WHITE)]
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        _, ink, ground = self.open[-1]
        if tag not in ("br", "img", "meta"):
            self.open.append((tag, styles(attributes).get("color", ink), attributes.get("bgcolor") or ground))

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1 and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append((data.strip(), *self.open[-1][1:]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", ["#00aa66", "#ffcc00", "#000000", brands.COLOUR])
def test_every_word_has_contrast(kind: LetterKind, colour: str) -> None:
    inks = Inks()
    made = html(composed(replace(sample(kind, "en"), brand=brand(colour)))).partition("</head>")[2]
    inks.feed(made)
    assert [one for one in inks.found if brands.contrast(one[1], one[2]) < 4.5] == []
    assert any(ground == colour for _, _, ground in inks.found) == ('class="main"' in made)


def test_every_word_has_contrast_in_the_dark() -> None:
    sheet = (
        (wording.builtin() / "base.html")
        .read_text("utf-8")
        .partition("prefers-color-scheme: dark) {")[2]
        .partition("</style>")[0]
    )
    inks = set(re.findall(r"[{;] (?:color): (#[0-9a-f]{6})", sheet))
    grounds = set(re.findall(r"background-color: (#[0-9a-f]{6})", sheet))
    assert len(inks) >= 4 and len(grounds) == 3
    assert [(ink, ground) for ink in inks for ground in grounds if brands.contrast(ink, ground) < 4.5] == []


def test_every_class_of_the_sheet_is_used_and_dark_rules_name_only_such() -> None:
    folder = wording.builtin()
    known = styling.rules((folder / "look.css").read_text("utf-8")).keys()
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.html"))
    used = {name for found in re.findall(r'class="([^"]*)"', sources) for name in found.split()}
    assert used == set(known)
    (sheet,) = re.findall(r"<style>(.*?)</style>", sources, re.DOTALL)
    assert set(re.findall(r"(?<!brand)\.([a-z]+)\b", sheet)) <= used


def worse(data: Mapping[str, Any], evil: str) -> dict[str, Any]:
    """The rows of a digest or a report with that in place of all that people have written."""
    written = ("subject", "reference", "name", "upstream", "link")
    last = {"last": {"who": evil, "party": evil, "at": "2026-03-02T09:05:00+00:00", "words": evil}}
    seats = {"seats": [{"party": evil, "status": "new", "reference": evil}]}
    held = {"held": [{"party": evil, "own": False, "minutes": 5}, {"party": evil, "own": True, "minutes": 5}]}
    in_digest = last | seats | held
    rows = [
        row | {key: evil for key in written if key in row} | (in_digest if "last" in row else {}) for row in data.get("rows", ())
    ]
    return {**data, "rows": rows} if rows else dict(data)


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_names_and_words_are_shown_as_text(kind: LetterKind) -> None:
    evil = "<b onclick=x>&amp;</b>\u202e\u0007 {{ 7 * 7 }} =cmd|' /C calc'!A0"
    letter = sample(kind, "en")
    spoilt = replace(
        letter,
        subject=letter.subject if kind == "report" else evil,  # a period
        sender_name=evil,
        data=worse(letter.data, evil),
        entries=tuple(replace(one, who=evil, party=evil, text=evil) for one in letter.entries),
        seats=tuple(replace(one, party=evil, reference=evil) for one in letter.seats),
        brand=replace(brand(), name=evil, footer=evil),
    )
    message = composed(spoilt)
    assert_harmless(html(message))
    head = html(message).partition("</head>")[0]
    assert "<b" not in head and "onclick=x&gt;" in html(message) and "49" not in re.findall(r"7 \* 7|49", shown(html(message)))
    assert not re.search("[\u202e\u0007]", str(message["Subject"]) + str(message["From"]) + str(message["Thread-Topic"]))


# ── long ones ──────────────────────────────────────────────────────────────────────────────────────────────


def long_thread(count: int, words: str) -> tuple[Entry, ...]:
    (first, *_) = sample("history", "en").entries
    return tuple(replace(first, text=f"Entry {number}.\n{words}") for number in range(count))


@pytest.mark.parametrize(
    ("count", "words"),
    [(2, "a"), (400, "word " * 60), (40, "Насос течёт. " * 400), (3, "& < > " * 20_000), (1, "  x" * 100_000), (3000, "")],
)
@pytest.mark.parametrize("kind", ["history", "pass", "comment", "opened", "note"])
def test_no_letter_is_cut_by_gmail_and_nothing_is_lost(kind: LetterKind, count: int, words: str) -> None:
    letter = replace(sample(kind, "ru"), entries=long_thread(count, words))
    message = composed(letter)
    sent = part(message, "html")
    assert len(sent.as_bytes()) < dropped.CLIPPED and len(html(message).encode()) < dropped.CLIPPED
    plain = text(message)
    assert all(f"Entry {number}." in plain for number in range(count))
    assert (f"Entry {count - 1}." in shown(html(message)) and "#решено" in plain) or kind in ("note", "opened", "pass")
    files = {one.get_filename(): one for one in message.iter_attachments()}
    if count > 2 or len(words) > 90_000:
        whole = bytes(files["A-17.txt"].get_payload(decode=True)).decode("utf-8-sig").replace("\r\n", "\n")
        assert re.sub(r"\s+", " ", whole).strip() == re.sub(r"\s+", " ", plain).strip()
        assert "A-17.txt" in shown(html(message)) and "</html>" in html(message)
    else:
        assert "A-17.txt" not in files


@pytest.mark.parametrize("kind", ["receipt", "undelivered", "postmaster"])
def test_long_words_beside_a_thread_are_cut_in_the_html_too(kind: LetterKind) -> None:
    letter = sample(kind, "en")
    endless = "a & b\n" * 30_000
    message = composed(replace(letter, data={**letter.data, "text": endless, "cut": endless}))
    assert len(html(message).encode()) < dropped.CLIPPED and text(message).count("a & b") == 30_000
    assert [one.get_filename() for one in message.iter_attachments()] == [f"{letter.number or 'mail'}.txt"]


# ── quoted again ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_what_a_reader_quotes_is_known_again_with_nothing_left(kind: LetterKind, language: str) -> None:
    letter = replace(sample(kind, language), brand=brand())
    message, sent = composed(letter), COMPOSER.written(letter)[1]
    quoted = (
        f'<div>Thanks.</div><div class="x">{html(message).partition("<body")[2].partition(">")[2].partition("</body>")[0]}</div>'
    )
    raw = f"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{quoted}".encode()
    mail = reader.read(raw, sent=[sent])
    assert mail.text == "Thanks."


def test_the_preview_stands_first_unseen_and_is_not_read_twice() -> None:
    letter = sample("pass", "en")
    *before, newest = letter.entries
    message = composed(replace(letter, entries=(*before, replace(newest, text=f"[cid:p1] {newest.text}"))))
    made = html(message)
    above = made.partition("<table")[0]
    assert '<div class="preview" style="display:none' in above and ">We have looked at it" in above
    raw = message.as_bytes()
    assert reader.read(raw).text.count("Do you have both") <= 1
    assert shown(made).count("Do you have both in stock?") == 2 and 'class="preview"' not in html(
        composed(sample("comment", "en"))
    )


@settings(max_examples=60, deadline=None)
@given(NASTY)
def test_flowed_text_comes_back_as_it_was(words: str) -> None:
    letter = sample("comment", "en")
    (first, *_) = letter.entries
    message = composed(replace(letter, entries=(replace(first, text=words),)))
    sent = COMPOSER.written(replace(letter, entries=(replace(first, text=words),)))[1]
    assert unflow(raw_text(message)).split() == sent.split() or ">" in words
