"""The quotes in an HTML body, told by the tree: the containers that mail clients put around them are taken out of it.

The clients' names are data: a class, an id, or `name=value` of another attribute (see `dom.names`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from relay.mail.page import dom
from relay.mail.text import banners, blocks, dates, marks

OPEN, CLOSE = "\ue000", "\ue001"  # around the number of a quote that was taken out


# Containers of quoted text.
QUOTES = frozenset(
    {
        "gmail_quote", "gmail_attr", "moz-cite-prefix", "yahoo_quoted", "yahoo-quoted-begin", "protonmail_quote",
        "tutanota_quote", "mail-quote", "mail_quote", "zmail_extra", "ms-outlook-mobile-reference-message", "quoted-text",
        "quoted_text", "quoted_header", "reply-intro", "bx-mail-quote", "mail-app-auto-quote", "wmi-quote",
        "mailru-blockquote", "mail-quote-collapse", "skiff_quote", "freemail_quote", "ik_mail_quote", "history_container",
        "airmail_ext_on", "replyheader", "ntes-mailmaster-quote", "bloop_original_html", "name=quote", "name=messagereplysection",
        "data-marker=__headers__", "data-marker=__quoted_text__",
    }
)  # fmt: skip
# Among them those that hold blockquotes, between which the answers stand.
_AROUND = frozenset(
    {
        "gmail_quote", "gmail_quote_container", "zmail_extra", "protonmail_quote", "mail-quote", "mail-app-auto-quote",
        "name=messagereplysection", "ik_mail_quote",
    }
)  # fmt: skip
_OUTLOOK_SIDE = re.compile(r"solid\s+blue\s+1\.5pt|blue\s+1\.5pt\s+solid", re.IGNORECASE)
_INDENT = re.compile(r"0(?:px|pt)?\s+0(?:px|pt)?\s+0(?:px|pt)?\s+40px")
_NO_BORDER = re.compile(r"none|0(?:px)?(?:\s|$)")
_QUOTING = re.compile(r"quot|cit|reply", re.IGNORECASE)
_ADDRESSED = re.compile(r"<[^<>@]{1,120}@[^<>@]{1,120}>")
_DASHED = re.compile(r"[-—]{5,}\s*\w")
_TOLD = re.compile(r"[\d@]")  # what an attribution has
_MOST_BARE = 30  # blockquotes without a name that are looked at for an attribution
_MOST_ASKED = 300  # quotes whose line above is looked at
_NEAREST = 20  # siblings that are looked at
_ABOVE = 8  # lines above a blockquote


# ── containers of quotes ───────────────────────────────────────────────────────────────────────────────────


def cut(body: LexborNode) -> list[str]:
    """Take the outermost quotes out of the tree, a numbered place left where each stood; their texts."""
    quotes = list(_outermost(body))
    texts = ["\n".join(dom.lines(node)) for node in quotes]
    for number, node in enumerate(quotes):
        node.replace_with(dom.paragraph(f"{OPEN}{number}{CLOSE}"))
    return texts


@dataclass(slots=True)
class _Survey:
    """Where blockquotes stand in a tree, found in one walk, by the nodes' `mem_id`."""

    around: set[int] = field(default_factory=set)  # all that is around a blockquote
    first: dict[int, LexborNode] = field(default_factory=dict)  # a node → the first blockquote among its children
    attributed: set[int] = field(default_factory=set)  # the nodes among whose children is Gmail's attribution
    bare: bool = False  # whether blockquotes without a name are quotes
    asked: int = 0

    def line_above(self, node: LexborNode | None) -> list[LexborNode]:
        """As `_line_above`, for as many quotes as a mail that people write has."""
        self.asked += 1
        return _line_above(node) if self.asked <= _MOST_ASKED else []


def _survey(body: LexborNode) -> _Survey:
    blockquotes = body.css("blockquote")
    found = _Survey(bare=any(_is_bare(node, dom.names(node)) for node in blockquotes) and _tells_bare_ones(body))
    for node in blockquotes:
        above = node.parent
        if above is not None:
            found.first.setdefault(above.mem_id, node)
        while above is not None and above.mem_id not in found.around:
            found.around.add(above.mem_id)
            above = above.parent
    found.attributed = {node.parent.mem_id for node in body.css(".gmail_attr, .x_gmail_attr") if node.parent is not None}
    return found


def _outermost(body: LexborNode) -> Iterator[LexborNode]:
    """In the order of the document; what is in a quote is not looked at. The tree is not changed meanwhile."""
    survey = _survey(body)
    waiting, quoted = [body], False
    while waiting:
        node = waiting.pop()
        named = dom.names(node)
        if _is_quote(node, named, survey) and (quoted or not _is_sent_on(node, named, survey)):
            quoted = True
            if node.tag == "blockquote" and not _is_bare(node, named):
                yield from _attribution(node, survey)
            yield node
            continue
        if named & _AROUND and node.mem_id not in survey.attributed:
            yield from _attribution(survey.first.get(node.mem_id), survey, known=True)
        waiting += list(node.iter(include_text=False))[::-1]


def _is_sent_on(node: LexborNode, named: frozenset[str], survey: _Survey) -> bool:
    """Whether a container holds a mail that was forwarded, and is no answer to one that was."""
    if not (banners.is_forwarded(dom.beginning(node)) or is_forward_by_form(node, named)):
        return False
    above = marks.lines(_said(survey.line_above(node)) or _said(survey.line_above(node.parent)))
    return marks.attribution(above, len(above) - 1, True) is None


def _is_quote(node: LexborNode, named: frozenset[str], survey: _Survey) -> bool:
    if node.tag == "blockquote":
        return not _is_indent(node, named) and (survey.bare or not _is_bare(node, named) or not _is_led_in(node, survey))
    if named & _AROUND & QUOTES:
        return not _holds_quotes(node, named, survey)
    side = dom.style(node).get("border-left", "") if node.tag == "div" else ""
    return bool(named & QUOTES) or _OUTLOOK_SIDE.search(side) is not None


def _holds_quotes(node: LexborNode, named: frozenset[str], survey: _Survey) -> bool:
    """Whether answers may stand between the blockquotes of a container: Gmail's anywhere in it, others' among its children."""
    return node.mem_id in (survey.around if "gmail_quote" in named else survey.first)


def _is_indent(node: LexborNode, named: frozenset[str]) -> bool:
    """A writer's own indentation: the button of a web mail."""
    if named & QUOTES or "type" in node.attributes or "cite" in node.attributes:
        return False
    declared = dom.style(node)
    ruled = any(not _NO_BORDER.match(declared[side]) for side in ("border-left", "border-right") if side in declared)
    unframed = _NO_BORDER.match(declared.get("border", "")) is not None or _INDENT.match(declared.get("margin", "")) is not None
    return unframed and not ruled


def _is_bare(node: LexborNode, named: frozenset[str]) -> bool:
    """A blockquote of which nothing says that a client has made it: perhaps the writer's own citation."""
    attributes = node.attributes
    if named & QUOTES or "type" in attributes or "cite" in attributes or any(map(_QUOTING.search, named)):
        return False
    return "border" not in (attributes.get("style") or "").lower()


def _is_led_in(node: LexborNode, survey: _Survey) -> bool:
    """Whether the writer's own words lead to a blockquote and go on after it: above it a colon, or words on both sides."""
    above = _said(survey.line_above(node))
    return bool(above) and (above.endswith((":", "：")) or any(_said([after]) for after in _siblings(node, forwards=True)))


def _tells_bare_ones(body: LexborNode) -> bool:
    """Whether blockquotes without a name are quotes: an attribution or a header block stands right above one of them."""
    above: deque[str] = deque(maxlen=60)
    asked = 0
    for node, opens in dom.walk(body):
        if node.tag == "-text":
            above.append((node.text_content or "")[-400:].replace("\n", " ") if opens else "")
        elif dom.is_block(node):
            if opens and node.tag == "blockquote" and _is_bare(node, dom.names(node)):
                asked += 1
                if _is_attributed("".join(above)):
                    return True
                if asked == _MOST_BARE:
                    return False
            above.append("\n")
    return False


def _is_attributed(text: str) -> bool:
    above = marks.lines("\n".join(dom.filled(text)[-_ABOVE:]))
    last = len(above) - 1
    if above[last].blank:
        return False
    headed = any(blocks.header_block(above, at) is not None or banners.is_original(above[at].text) for at in range(len(above)))
    return headed or marks.attribution(above, last, True) is not None


def _attribution(quote: LexborNode | None, survey: _Survey, known: bool = False) -> list[LexborNode]:
    """The nodes of the line right above a quote that say who wrote it, in any language: address or time, and a colon.

    In a container that is `known` to begin so, a digit or an @ is enough.
    """
    above = survey.line_above(quote)
    said = _said(above)
    ends = said.endswith((":", "：")) and (_ADDRESSED.search(said) is not None or dates.dated(said) == 2)
    short = len(said.split()) <= 16 and len(said) <= marks.LONGEST
    return above if short and (ends or (known and _TOLD.search(said))) else []


def _line_above(node: LexborNode | None) -> list[LexborNode]:
    """The siblings that make the line right above a node: one block, or words up to a break."""
    found: list[LexborNode] = []
    for before in _siblings(node) if node is not None else ():
        if dom.is_block(before):
            return [before] if not found and _said([before]) else found[::-1]
        if found or _said([before]):
            found.append(before)
    return found[::-1]


def _siblings(node: LexborNode, forwards: bool = False) -> Iterator[LexborNode]:
    """The nearest siblings before a node, or after it."""
    near = node.next if forwards else node.prev
    for _ in range(_NEAREST):
        if near is None:
            return
        yield near
        near = near.next if forwards else near.prev


def _said(nodes: list[LexborNode]) -> str:
    return " ".join(" ".join(dom.lines(node, marks.LONGEST + 1)) for node in nodes).strip()


def is_forward_by_form(node: LexborNode, named: frozenset[str]) -> bool:
    """A forward in any language: Gmail's line of dashes in the place of an attribution, or Apple's cited block, which begins with
    words and a colon and goes on with a header block."""
    if "gmail_attr" in named:
        return _DASHED.match(dom.beginning(node)) is not None
    if node.tag != "blockquote" or "type" not in node.attributes:
        return False
    first, *more = marks.lines("\n".join(dom.lines(node, 600)[:8]))
    worded = first.text.endswith((":", "：")) and _TOLD.search(first.text) is None
    return worded and bool(more) and blocks.header_block(more, 0) is not None
