"""A mail's tree → text as it is shown, laid out by inscriptis.

Styles are left out but for what sets paragraphs apart: a padding could fill the memory. A tree too deep for the layout, which is
recursive, gives its words without one.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import lxml.html
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.html_properties import Display  # type: ignore[import-untyped]
from inscriptis.model.canvas import Canvas  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from inscriptis.model.html_document_state import HtmlDocumentState  # type: ignore[import-untyped]
from inscriptis.model.html_element import HtmlElement  # type: ignore[import-untyped]
from inscriptis.model.tag import CustomHtmlTagHandlerMapping  # type: ignore[import-untyped]
from inscriptis.model.tag.table_tag import table_start_handler, td_end_handler  # type: ignore[import-untyped]
from selectolax.lexbor import LexborNode

DEEP = 200  # nested elements that are laid out, when quotes are cut
ROWS = 1000  # of a table that is aligned
WIDE = 20  # cells of a row that are
MOST_STRUCK = 20  # pieces of text, and elements, in words that are struck out

_STRUCK = "struck"
STRIKE = "~"  # before and behind what is struck out
TAG, STYLE = "was-tag", "was-style"  # attributes of a laid-out element: what the layout has taken from it

_BLOCKS = ("section", "center", "dl", "dt", "details", "summary", "form", "fieldset", "legend", "caption")  # others it knows


def _open_table(state: HtmlDocumentState, attributes: dict[str, str]) -> None:
    """A table begins on a line of its own, also in an element that does not."""
    state.tags[-1].canvas.flush_inline()
    table_start_handler(state, attributes)


def _close_cell(state: HtmlDocumentState) -> None:
    """A cell has no room above and below its paragraphs."""
    td_end_handler(state)
    if state.current_table:
        _trim(state.tags[-1].canvas)


def _trim(cell: Canvas) -> None:
    filled = [at for at, line in enumerate(cell.blocks) if line.strip()]
    cell.blocks[:] = cell.blocks[filled[0] : filled[-1] + 1] if filled else []


def _strike(state: HtmlDocumentState, _: object = None) -> None:
    state.tags[-1].write(STRIKE)


_BREAKING = frozenset({"br", "p", "div", "li", "ul", "ol", "table", "tr", "td", "th", "pre", "blockquote", "hr", _STRUCK})
_LAYOUT = ParserConfig(
    css=CSS_PROFILES["strict"]
    | {tag: HtmlElement(display=Display.block) for tag in _BLOCKS}
    | {"dd": HtmlElement(display=Display.block, padding_inline=4)},
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping={"table": _open_table, _STRUCK: _strike},
        end_tag_mapping={"td": _close_cell, "th": _close_cell, _STRUCK: _strike},
    ),
)
_NESTING = re.compile(r"<(/?)([a-z][^\s/<>]{0,30})[^<>]*?(/?)>", re.IGNORECASE)
# Elements that never hold others of their kind, or hold nothing.
_FLAT = frozenset(
    {
        "p", "li", "td", "th", "tr", "br", "img", "hr", "meta", "input", "link", "col", "base", "wbr", "area", "embed", "source",
        "track", "param", "dd", "dt", "option", "body", "html", "head",
    }
)  # fmt: skip
_ZERO = r"(?:0(?:\.0\d*)?|\.0\d*)[a-z]*"
_NO_ROOM = rf"margin(?:-bottom)?\s*:(?:\s*(?:{_ZERO}|auto)){{1,4}}\s*(?:[;!\"']|$)"
_TIGHT = re.compile(_NO_ROOM, re.IGNORECASE)
_TIGHT_PARAGRAPH = re.compile(rf"<p\s[^<>]{{0,200}}(?:class=[\"']?Mso|{_NO_ROOM})", re.IGNORECASE)
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # for a tree
_PREFORMATTED = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)


def tree(body: LexborNode) -> lxml.html.HtmlElement | None:
    """What is laid out of a body; None where it is empty, or too deep for that."""
    markup = body.html or ""
    if not markup.strip() or is_deep(markup, DEEP):
        return None
    made = lxml.html.document_fromstring(markup)
    for table in list(made.iter("table")):
        if _is_long(table):
            _write_rows(table)
    for element in made.iter("*"):
        element.attrib.pop(TAG, None)
        _plain_style(element)
    for element in made.iter("s", "strike", "del"):
        if _is_shown_struck(element):
            element.set(TAG, element.tag)
            element.tag = _STRUCK
    for first in made.xpath("//ol[@start]/li[1][not(@value)]"):
        first.set("value", _fit(first.getparent().get("start")))
    for table in list(made.iter("table")):
        if _is_layout(table):
            for part in table.iter("table", "tbody", "thead", "tfoot", "tr", "td", "th"):
                part.set(TAG, part.tag)
                part.tag = "div"
    return made


def text(laid: lxml.html.HtmlElement) -> str:
    """The words of a tree with its lines, lists and tables."""
    return str(Inscriptis(laid, _LAYOUT).get_text())


def _fit(value: str) -> str:
    """A value that may be put into a tree: lxml reads control characters, and refuses to write them."""
    return UNFIT.sub("", value)


def _plain_style(element: lxml.html.HtmlElement) -> None:
    """Only whether paragraphs stand apart and blanks count is left of a style: a padding could fill the memory."""
    style = _fit(element.attrib.pop("style", ""))
    element.set(STYLE, style)
    kept = []
    if element.tag == "p" and (_TIGHT.search(style) or element.get("class", "").startswith("Mso")):
        kept.append("margin-top:0em;margin-bottom:0em")  # a zero without a unit is none for inscriptis
        if _is_empty_line(element):
            element.append(lxml.html.Element("br"))
    if _PREFORMATTED.search(style):
        kept.append("white-space:pre")
    if kept:
        element.set("style", ";".join(kept))


def _is_shown_struck(element: lxml.html.HtmlElement) -> bool:
    """Whether struck words get a sign on either side: they are on one line, and no command."""
    words = "".join(islice(element.itertext(), MOST_STRUCK)).strip()
    inner = [each.tag for each in islice(element.iter("*"), MOST_STRUCK)]
    short = len(words) <= 200 and len(inner) < MOST_STRUCK
    return bool(words) and short and "#" not in words and _BREAKING.isdisjoint(inner)


def _is_empty_line(paragraph: lxml.html.HtmlElement) -> bool:
    """Outlook's empty paragraph: a no-break space and nothing else; outside of tables, where it fills a cell."""
    text = paragraph.text_content()
    return (
        "\xa0" in text and not text.strip() and paragraph.getparent().tag not in ("td", "th") and paragraph.find(".//br") is None
    )


def _is_layout(table: lxml.html.HtmlElement) -> bool:
    """A table that arranges the page: around another one, with long cells, or very wide.

    Aligned as data it would fill the memory.
    """
    if table.find(".//table") is not None:
        return True
    rows = [list(row.iterchildren("td", "th")) for row in table.iter("tr")]
    return any(len(row) > WIDE for row in rows) or _has_long_cells(rows)


def _has_long_cells(rows: list[list[lxml.html.HtmlElement]]) -> bool:
    return any(len(cell.text_content()) > 120 for row in rows for cell in row)


def _is_long(table: lxml.html.HtmlElement) -> bool:
    """A table of data with more rows than are aligned."""
    rows = [list(row.iterchildren("td", "th")) for row in table.iter("tr")]
    return len(rows) > ROWS and table.find(".//table") is None and not _has_long_cells(rows)


def _write_rows(table: lxml.html.HtmlElement) -> None:
    """Each row of a table as a line of its own, its cells two blanks apart."""
    for row in table.iter("tr"):
        for inner in row.iter("br", "p", "div", "li"):
            inner.text, inner.tail = f" {inner.text or ''}", f" {inner.tail or ''}"
        cells = [" ".join(cell.text_content().split()) for cell in row.iterchildren("td", "th")]
        tail = row.tail
        row.clear()
        row.text, row.tail, row.tag = "  ".join(cells), tail, "div"
        row.set("style", "white-space:pre")
    for part in table.iter("table", "tbody", "thead", "tfoot"):
        part.tag = "div"


def has_tight_paragraphs(source: str) -> bool:
    """Whether paragraphs stand without room between them, as Outlook writes them: an empty one sets them apart."""
    return _TIGHT_PARAGRAPH.search(source) is not None


def is_deep(source: str, deepest: int) -> bool:
    """Whether elements are nested deeper than that; a closing tag counts only for its own kind."""
    if source.count("<") <= deepest:
        return False
    open_tags: Counter[str] = Counter()
    depth = 0
    alone = 0
    for closing, tag, slash in _NESTING.findall(source):
        name = tag.lower()
        if slash:
            alone += name not in _FLAT  # "<o:p/>": closed for its writer, open for the parser
        elif name not in _FLAT and not (closing and not open_tags[name]):
            step = -1 if closing else 1
            open_tags[name] += step
            depth += step
        if depth > deepest or alone > 5000:
            return True
    return False
