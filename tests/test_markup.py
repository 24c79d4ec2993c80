"""A person's text as HTML: links, lines and pictures, and nothing else."""

from __future__ import annotations

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.markup import Picture, to_html, to_text


@pytest.mark.parametrize(
    ("text", "address", "after"),
    [
        ("see https://a.example/x?a=1&b=2.", "https://a.example/x?a=1&b=2", "."),
        ("(https://a.example/x)", "https://a.example/x", ")"),
        ("https://a.example/wiki/A_(b), and", "https://a.example/wiki/A_(b)", ", and"),
        ("<http://a.example>", "http://a.example", ">"),
        ("«https://пример.example/путь»", "https://пример.example/путь", "»"),
        ('https://a.example/"onclick=x', "https://a.example/", '"onclick=x'),
    ],
)
def test_addresses_of_the_web_become_links(text: str, address: str, after: str) -> None:
    link = f'<a href="{address}">{address}</a>'
    html = unescape(str(to_html(text, {})))
    assert html == text[: text.index(address)] + link + after


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "xhttps://a.example", "https://"])
def test_nothing_else_is_a_link(text: str) -> None:
    assert "<a" not in to_html(text, {})


def test_markers_of_known_pictures_only() -> None:
    shown = {"p1": Picture("p1.x@relay.example", 'a"b.png')}
    assert to_html("[cid:p1][cid:p2]", shown) == (
        '<img src="cid:p1.x@relay.example" alt="a&#34;b.png" style="max-width:100%;height:auto;">[cid:p2]'
    )
    assert to_text("[cid:p1][cid:p2]", {"p1": "a.png"}) == "[a.png][cid:p2]"


@given(st.text(st.sampled_from("ab <>&\"'\n\t/:.https[cid:p1]{}"), max_size=60))
def test_html_says_what_the_text_says(text: str) -> None:
    html = str(to_html(text, {}))
    bare = html.replace("<br>\n", "\n")
    while "<a href=" in bare:
        start = bare.index("<a href=")
        bare = bare[:start] + bare[bare.index(">", start) + 1 :].replace("</a>", "", 1)
    assert "<" not in bare
    assert unescape(bare).replace("\xa0", " ") == text.replace("\t", "    ")
