"""HTML of a mail → plain text in which quotes are marked with `>`, ready for `reply.split`.

The DOM says what plain text cannot: what nobody sees (`unseen`), where history begins (`history`), what is a quote container
(`quotes`), what the client added below (`endings`), where a picture stood. The text itself is laid out by `layout`; quoted parts,
which are only kept for the record, are taken without layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import lxml.html
from selectolax.lexbor import LexborHTMLParser, LexborNode

from relay.mail.page import dom, endings, history, layout, links, quotes, unseen

LARGEST = 4_000_000  # characters; what is larger is read without a DOM
DEEPEST = 3000  # nested elements of a DOM; deeper trees cost the parser quadratic time
ATTRIBUTES = 400  # of one element
ELEMENTS = 100_000  # of a DOM: a kilobyte of memory each; the largest newsletters have a tenth of it
RULERS = 500  # lines across the page that are drawn

_PLACE = re.compile(f"[ \\t]*{quotes.OPEN}(\\d+){quotes.CLOSE}[ \\t]*")
_PRIVATE = re.compile("[\x00\ue000-\ue003]|&#(?:x0*e00[0-3]|0*5734[4-7]);?", re.IGNORECASE)
_LONG_TAG = re.compile(r"<[^<>]{2000,}+")
_TAG = re.compile(r"<[^<>]*>")
_BLOCK_TAG = re.compile(r"(?i)<(?:/?(?:p|div|tr|li|h\d|blockquote|table)\b|br)[^<>]*>")
_NAMED = (
    f"{key}=[\"']?{value}" if value else key
    for key, _, value in (name.partition("=") for name in sorted(quotes.QUOTES | history.OPENERS))
)
_MARKED = re.compile("<blockquote|" + "|".join(_NAMED), re.IGNORECASE)
_CODE_QUOTE = re.compile(r"(?m)^[ \t]{0,4}(?=>)")


def text(source: str, pictures: Mapping[str, str] | None = None) -> str:
    """The plain text of an HTML body.

    `pictures` names the inline pictures: Content-ID (no angle brackets) → short id; such a picture becomes `[cid:ID]` where it
    stands. Hidden nodes, scripts and styles are gone; quote containers are lines with `> `. Never raises on odd HTML.
    """
    source = _PRIVATE.sub("", source)
    if is_monster(source):
        return _bare(source)
    body, quoted = _tidied(source, pictures or {})
    tree = layout.tree(body) if body is not None else None
    if tree is not None:
        return Page(tree, quoted).text()
    return _put_back(body.text(separator="\n"), quoted) if body is not None else ""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML body whose unseen nodes are gone, ready to be laid out; where a quote stood there is a numbered place."""

    tree: lxml.html.HtmlElement
    quoted: list[str]

    def text(self) -> str:
        """The layout, with the quotes in their places."""
        return _put_back(layout.text(self.tree), self.quoted)


def page(source: str, pictures: Mapping[str, str]) -> Page | None:
    """An HTML body as `text` lays it out; None for what is laid out without a tree, or has nothing to show."""
    source = _PRIVATE.sub("", source)
    if is_monster(source):
        return None
    body, quoted = _tidied(source, pictures)
    tree = layout.tree(body) if body is not None else None
    return Page(tree, quoted) if tree is not None else None


def _tidied(source: str, pictures: Mapping[str, str]) -> tuple[LexborNode | None, list[str]]:
    """The body after all steps on the DOM, and the quotes taken out of it."""
    body = LexborHTMLParser(source).body
    if body is None:
        return None, []
    for tidy in (unseen.drop, history.open_up, _rule, _name_links):
        tidy(body)
    _name_pictures(body, pictures)
    quoted = quotes.cut(body)
    endings.mark(body)
    if quoted:
        _shield_code(body)
    return body, quoted


has_tight_paragraphs = layout.has_tight_paragraphs


def has_signature(source: str) -> bool:
    """Whether the HTML marks a signature by a container of its own."""
    return not is_monster(source) and endings.is_marked(source)


def has_quote(source: str) -> bool:
    """Whether the HTML marks quoted text by a container of its own, or where it begins."""
    return _MARKED.search(source) is not None


def is_monster(source: str) -> bool:
    """Too large, too deep or too full for a DOM, or an element with thousands of attributes: parsers choke on them."""
    crowded = any(len(tag.split()) > ATTRIBUTES for tag in _LONG_TAG.findall(source))
    return crowded or len(source) > LARGEST or source.count("<") > ELEMENTS or layout.is_deep(source, DEEPEST)


def _bare(source: str) -> str:
    """The text without a DOM, in linear time; from the first container of quotes on it is history, wherever that may end."""
    import html as entities  # noqa: PLC0415 - needed for monsters only

    quote = _MARKED.search(source)
    start = source.rfind("<", 0, quote.start() + 1) if quote else len(source)
    pieces = (entities.unescape(_TAG.sub("", _BLOCK_TAG.sub("\n", piece))) for piece in (source[:start], source[start:]) if piece)
    return f"\n{history.BANNER}\n".join(pieces)


# ── the DOM, step by step ──────────────────────────────────────────────────────────────────────────────────


def _rule(body: LexborNode) -> None:
    """A line across the page is a ruler, where it opens no history."""
    for node in body.css("hr")[:RULERS]:
        if not dom.names(node) & history.OPENERS:
            node.replace_with(dom.paragraph("_" * 32))


def _shield_code(body: LexborNode) -> None:
    """Where containers mark the quotes, a `>` at the start of a line of code is none: it is moved in."""
    for node in body.css("pre"):
        for word, opens in list(dom.walk(node)):
            if opens and word.tag == "-text" and _CODE_QUOTE.search(word.text_content or ""):
                word.replace_with(_CODE_QUOTE.sub(" " * 6, word.text_content or ""))


def _name_links(body: LexborNode) -> None:
    """Say a link's address behind its words, unless they are the address."""
    for node in body.css("a[href]"):
        if behind := links.behind(node.attributes.get("href") or "", node.text()):
            node.insert_after(behind)


def _name_pictures(body: LexborNode, pictures: Mapping[str, str]) -> None:
    for node in body.css("img"):
        name = pictures.get(content_id(node.attributes.get("src") or ""))
        alt = (node.attributes.get("alt") or "").strip()
        if name:
            node.replace_with(f"[cid:{name}]")
        elif alt and len(alt) <= 4 and not alt.isascii():  # an emoji drawn as a picture
            node.replace_with(alt)


def content_id(url: str) -> str:
    """The Content-ID that a `cid:` URL names (RFC 2392), or ""."""
    return unquote(url.strip()[4:]).strip("<> ") if url.strip()[:4].lower() == "cid:" else ""


def _put_back(laid_out: str, quoted: list[str]) -> str:
    laid_out = endings.delimit(laid_out)
    if not quoted:
        return laid_out
    return _PLACE.sub(lambda match: f"\n{_marked(quoted[int(match[1])])}\n", laid_out)


def _marked(quote: str) -> str:
    filled = (line.strip() for line in quote.split("\n"))
    return "\n".join(f"> {line}" for line in filled if line) or ">"
