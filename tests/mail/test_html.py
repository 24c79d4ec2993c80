"""HTML in whatever nesting: a person's words come out once, quoted ones marked, hidden ones never."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.mail.page import html
from relay.mail.text import reply

ATTRIBUTION = "On Tue, Mar 17, 2026 at 10:02 AM Support &lt;support@north.example&gt; wrote:"
OWN = st.sampled_from(
    [
        "<p>{}</p>",
        "<div>{}</div>",
        "<div><b>{}</b></div>",
        "<ul><li>{}</li></ul>",
        "<table><tr><td>{}</td></tr></table>",
        "<h2>{}</h2>",
    ]
)
QUOTED = st.sampled_from(
    [
        f'<div class="gmail_quote"><div class="gmail_attr">{ATTRIBUTION}</div><blockquote>{{}}</blockquote></div>',
        f'<div class="moz-cite-prefix">{ATTRIBUTION}</div><blockquote type="cite"><p>{{}}</p></blockquote>',
        f"<div>{ATTRIBUTION}</div><blockquote><div>{{}}</div></blockquote>",
        '<div class="yahoo_quoted"><div>{}</div></div>',
        '<div name="quote"><blockquote>{}</blockquote></div>',
    ]
)
HIDDEN = st.sampled_from(
    [
        '<div style="display:none">{}</div>',
        '<span style="color:#fff">{}</span>',
        '<p class="gone">{}</p>',
        '<div style="font-size:0"><b>{}</b></div>',
        '<div style="position:absolute;left:-9999px"><p>{}</p></div>',
        "<div hidden>{}</div>",
        "<script>{}</script>",
    ]
)
LEAF = st.one_of(
    st.tuples(st.just("own"), OWN), st.tuples(st.just("quoted"), QUOTED), st.tuples(st.just("hidden"), HIDDEN)
)  # fmt: skip
AROUND = st.sampled_from(
    [
        "<div>{}</div>",
        '<div dir="rtl">{}</div>',
        '<div class="WordSection1">{}</div>',
        "<center>{}</center>",
        "<table><tr><td>{}</td></tr></table>",
    ]
)
TREE = st.recursive(LEAF, lambda inner: st.tuples(AROUND, st.lists(inner, max_size=4)), max_leaves=12)


def written(tree: Any, number: Iterator[int], words: dict[str, list[str]]) -> str:
    """The HTML of a tree; its words by kind, each of its own."""
    head, tail = tree
    if isinstance(tail, list):
        return str(head).format("".join(written(each, number, words) for each in tail))
    word = f"{head}word{next(number)}x"
    words[head].append(word)
    return str(tail).format(word)


@settings(max_examples=300, deadline=None)
@given(st.lists(TREE, min_size=1, max_size=4))
def test_words_come_out_once_and_hidden_ones_never(trees: list[Any]) -> None:
    words: dict[str, list[str]] = {"own": ["ownwordfirst"], "quoted": [], "hidden": []}
    number = count()
    body = "".join(written(tree, number, words) for tree in trees)
    shown = html.text(f"<html><head><style>.gone{{display:none}}</style></head><body><p>ownwordfirst</p>{body}</body></html>")
    assert "hidden" not in shown
    fresh = "\n".join(line for line in shown.split("\n") if not line.startswith(">"))
    assert re.findall(r"(?:own|quoted)word\w+", fresh) == words["own"]
    assert re.findall(r"ownword\w+", reply.split(shown).text) == words["own"]


PIECES = [
    "<div class=gmail_quote>", "<blockquote type=cite>", "<blockquote>", "<table><tr><td>", "<hr>", "<br>", "a: ", "<pre>\n> x",
    "</div>", "</pre>", "<div id=Signature>", "<div class=gmail_signature>", "<div id=appendonsend>",
    "&#xe000;7&#xe001;", "&#xe002;", "\ue003",
    "<style>.a{color:#fff", "<p class=a style='color:rgb(1'>", "---------- Forwarded message ---------",
    "<font color=' '>", "</blockquote>", "<body style='font:'>",
    "<br id=lineBreakAtBeginningOfSignature>", "<table><tr><td>To<tr><td>Subject",
    "</table>",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_odd_html_never_raises(source: str) -> None:
    assert isinstance(reply.split(html.text(source)).text, str)


BOMBS = {
    "nested containers": "<div class=gmail_quote>" * 2500 + "a<br>" * 90_000 + "<blockquote>x",
    "words before a quote": "<b>x</b>" * 35_000 + "<blockquote type=cite>x</blockquote>" * 7_000,
    "empty quotes": ("<br>" * 100 + "<blockquote type=cite></blockquote>") * 900,
    "nested headers": "<div style='border-top:solid #E1E1E1 1.0pt'>" * 2500 + "a" * 500_000,
    "rules of sheets": "<style>" + "p{color:red}" * 3000 + "</style>" + "<p>a</p>" * 20_000,
    "a long sheet": "<style>" + "x" * 90_000 + "</style>a",
    "rulers": "<hr>" * 90_000 + "a",
}


@pytest.mark.parametrize("page", BOMBS.values(), ids=BOMBS.keys())
def test_pages_built_to_choke_are_read(page: str) -> None:
    assert html.text(page).strip()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ('<p style="color:#fff">Да.</p>', "Да."),
        ('<p>Да.</p><p style="color:#fff">нет</p>', "Да."),
        ('<p>Да.</p><p style="color:#fff;background:#003">и так</p>', "Да.\n\nи так"),
        ('<p>Да.</p><div style="background:#fff"><p style="color:#fff">нет</p></div>', "Да."),
        ('<div style="font-size:0"><div style="font-size:13px">Да.</div>нет</div>', "Да."),
        ("<style>@media print{.a{display:none}}</style><p class=a>Да.</p>", "Да."),
        ("<style>.a{display:none}</style><p class=a style='display:block'>Да.</p>", "Да."),
    ],
)
def test_what_is_seen(page: str, text: str) -> None:
    assert html.text(page).strip() == text


def test_a_page_too_large_for_a_tree_keeps_its_history_apart() -> None:
    page = f"<p>New words.</p>{'<p>x</p>' * 60_000}<div class='gmail_quote'>Old words.<blockquote>Older.</blockquote></div>"
    assert html.is_monster(page)
    found = reply.split(html.text(page))
    assert found.text.startswith("New words.") and "Old" not in found.text and "Old words." in found.quoted


@pytest.mark.parametrize("odd", ["\x01", "&#1;", "\ufffe", "&#x1f;"])
def test_control_characters_in_attributes_do_no_harm(odd: str) -> None:
    assert html.text(f"<p style='color:red{odd}'>Words</p><ol start='3{odd}'><li>x</ol>").split()[0] == "Words"


def test_a_table_of_thousands_of_rows_keeps_each_row_on_a_line() -> None:
    rows = "".join(f"<tr><td><p>Pump {at}</p></td><td><b>{at}</b>.5 bar<br>cold</td><td></td></tr>" for at in range(2500))
    found = html.text(f"<p>All pumps:</p><table><tbody>{rows}</tbody></table><p>End.</p>").split("\n")
    filled = [line.rstrip() for line in found if line.strip()]
    assert filled == ["All pumps:", *(f"Pump {at}  {at}.5 bar cold" for at in range(2500)), "End."]
