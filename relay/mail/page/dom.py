"""Small questions to a node of a mail's HTML: its names, its style, its lines. Each walk goes once over what it looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

# What clients put before the names of a mail they show or quote: Outlook "x_", Yahoo "ydp" and a number, Roundcube "v1".
_FOREIGN = re.compile(r"^(?:x_|ydp[0-9a-f]{1,16}(?=[^0-9a-f])|v\d{1,2}(?=[a-z]))+")
_NAMING = ("name", "data-marker", "data-signature-widget")
_BLOCKS = frozenset(
    {
        "p", "div", "br", "tr", "table", "li", "ul", "ol", "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "dd",
        "dt", "body", "td", "th", "center",
    }
)  # fmt: skip
_NONE: frozenset[str] = frozenset()
_BLANKS = re.compile(r"\s+")


def names(node: LexborNode) -> frozenset[str]:
    """The words of a node's class and id in lower case, without foreign prefixes and numbers; other names as `name=value`."""
    attributes = node.attributes
    if not attributes:
        return _NONE
    named = _words(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
    others = {f"{key}={(attributes[key] or '').lower()}" for key in _NAMING if key in attributes}
    return named | others if others else named


@lru_cache(maxsize=1000)
def _words(text: str) -> frozenset[str]:
    return frozenset(_FOREIGN.sub("", word).rstrip("0123456789").rstrip("_-") for word in text.lower().split())


def style(node: LexborNode) -> dict[str, str]:
    """The declarations of a node's style attribute, in lower case; the last of a property counts."""
    return declarations(node.attributes.get("style") or "")


def declarations(text: str) -> dict[str, str]:
    """`color: red; …` as a mapping; `!important` counts first."""
    plain: dict[str, str] = {}
    important: dict[str, str] = {}
    for declaration in text.lower().split(";"):
        name, _, value = declaration.partition(":")
        value, mark, _ = value.partition("!important")
        (important if mark else plain)[name.strip()] = value.strip()
    return plain | important


def walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below `root` and itself in the order of the document, as it opens (True) and closes (False)."""
    last = root.mem_id  # nodes compare by their whole HTML
    node: LexborNode | None = root
    while node is not None:
        yield node, True
        below = node.first_child
        if below is not None:
            node = below
            continue
        while node is not None:
            yield node, False
            if node.mem_id == last:
                return
            after = node.next
            if after is not None:
                node = after
                break
            node = node.parent


def lines(node: LexborNode, most: int | None = None) -> list[str]:
    """The filled lines of a node as they are shown; of a long one those of about the first `most` characters."""
    pieces: list[str] = []
    size = 0
    for each, opens in walk(node):
        if each.tag == "-text":
            if opens:
                piece = _BLANKS.sub(" ", (each.text_content or "")[:most])
                pieces.append(piece)
                size += len(piece) + 1
        elif each.tag in _BLOCKS:
            pieces.append("\n")
            size += 1
        else:
            size += 1
        if most is not None and size > most:
            break
    return filled("".join(pieces))


def beginning(node: LexborNode) -> str:
    """The first filled line of a node."""
    return next(iter(lines(node, 400)), "")[:160]


def filled(text: str) -> list[str]:
    """The lines of a text that say something, without blanks around them."""
    return [stripped for line in text.split("\n") if (stripped := line.strip())]


def is_block(node: LexborNode) -> bool:
    """Whether a node stands on lines of its own."""
    return node.tag in _BLOCKS


def paragraph(words: str) -> LexborNode:
    """A new paragraph of those words, to be put into a tree."""
    node = LexborHTMLParser(f"<p>{words}</p>").css_first("p")
    assert node is not None
    return node
