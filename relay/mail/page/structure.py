"""A tree as `html.Page` has it → reduced HTML: tables, lists, links, emphasis, headings, pictures.

Every tag and attribute is written here, none is taken over. nh3 then reads it all as a browser does, and lets through no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import lxml.html
import nh3
from markupsafe import escape

from relay import markup
from relay.mail.page import links
from relay.mail.page.layout import STYLE, TAG

MOST = 200_000  # characters of HTML that are kept
DATA = "was-data"  # an attribute of the parts of a table that holds data
PICTURE = re.compile(r"\[cid:(p\d+)\]")
INLINE = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "u": "u", "ins": "u", "s": "s", "strike": "s", "del": "s", "sub": "sub",
    "sup": "sup", "code": "code", "tt": "code", "kbd": "code", "samp": "code",
}  # fmt: skip
_KEPT = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "pre"})
_BLOCKS = frozenset(
    {
        "p", "div", "address", "article", "aside", "center", "dd", "details", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "header", "hgroup", "legend", "main", "menu", "nav", "section", "summary", "body", "caption",
    }
)  # fmt: skip
_GRID = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th"})
_CELLS = frozenset({"td", "th"})
_PREFORMATTED = frozenset({"pre", "listing", "plaintext", "xmp"})
TAGS = frozenset(INLINE.values()) | _KEPT | _GRID | {"p", "div", "br", "hr", "li", "a", "img"}
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
}
_STYLES = {
    "b": re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE),
    "i": re.compile(r"font-style\s*:\s*(?:italic|oblique)", re.IGNORECASE),
    "u": re.compile(r"text-decoration[\w-]*\s*:[^;]*\bunderline", re.IGNORECASE),
    "s": re.compile(r"text-decoration[\w-]*\s*:[^;]*\bline-through", re.IGNORECASE),
}
_UNDONE = {
    "b": re.compile(r"font-weight\s*:\s*(?:normal|lighter|[1-5]00)", re.IGNORECASE),
    "i": re.compile(r"font-style\s*:\s*normal", re.IGNORECASE),
    "u": re.compile(r"text-decoration[\w-]*\s*:\s*none", re.IGNORECASE),
}
_ALIGN = re.compile(r"text-align\s*:\s*(left|center|right)\b", re.IGNORECASE)
_RULER = "_" * 32  # what `html` makes of a ruler
_EMPTY_LINES = re.compile(r"(?:<div><br></div>\s*){2,}")
_BREAKS = re.compile(r"(?:<br>\s*){3,}")
_TELLS = re.compile(r"<(?:b|i|u|s|sub|sup|code|h\d|ul|ol|pre|blockquote|table|hr|a)\b")
_BARE = re.compile(r'<a href="([^"]*)">\1</a>')
_SOURCE = re.compile(r"cid:p\d{1,6}")


def rebuilt(tree: lxml.html.HtmlElement, kept: Callable[[str], str], pictures: Collection[str]) -> str:
    """The HTML of a tree; `kept` gives what stays of a text, `pictures` are the short ids that markers may name.

    "" where it is larger than MOST, or tells no more than the words do, whose bare addresses are links and whose markers are
    pictures anyway.
    """
    _mark_data(tree)
    built = _Builder(kept, frozenset(pictures)).element(tree).html
    if len(built) > 2 * MOST:
        return ""
    built = _trimmed(_BREAKS.sub("<br><br>", _EMPTY_LINES.sub("<div><br></div>", built)))
    return sanitised(built) if len(built) <= MOST and _TELLS.search(_BARE.sub("", built)) else ""


def is_styled(element: lxml.html.HtmlElement) -> bool:
    """Whether its style alone is emphasis."""
    style = element.get(STYLE, "")
    return bool(style) and any(sign.search(style) for sign in _STYLES.values())


def sanitised(source: str) -> str:
    """Nothing but TAGS with ATTRIBUTES: links to http, https, mailto and tel, pictures by their short ids (`cid:p1`)."""
    return nh3.clean(
        source,
        tags=set(TAGS),
        attributes={"*": set()} | {tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
        strip_comments=True,
    ).strip()


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Pictures are the mail's own, and `cid:` is for them alone."""
    if name == "src":
        return value if _SOURCE.fullmatch(value) else None
    return value if name != "href" or links.is_sound(value) else None


@dataclass(frozen=True, slots=True)
class _Built:
    """The HTML of a node; whether it shows anything, has blocks in it, is one block."""

    html: str = ""
    filled: bool = False
    blocks: bool = False
    lone: bool = False


def _joined(built: Sequence[_Built]) -> _Built:
    shown = [each for each in built if each.filled]
    lone = len(shown) == 1 and shown[0].lone
    return _Built("".join(each.html for each in built), bool(shown), any(each.blocks for each in built), lone)


def _as_block(tag: str, html: str, attributes: str = "") -> _Built:
    return _Built(f"<{tag}{attributes}>{html}</{tag}>", True, True, True)


class _Builder:
    def __init__(self, kept: Callable[[str], str], pictures: frozenset[str]) -> None:
        self._kept, self._pictures = kept, pictures
        self._linking = False

    def element(self, element: lxml.html.HtmlElement, pre: bool = False) -> _Built:
        """The element with all in it, without its tail. The depth of the tree is bounded by `layout.DEEP`."""
        if not isinstance(element.tag, str):
            return _Built()
        if element.tag == "br":
            return _Built("<br>")
        pre = pre or element.tag in _PREFORMATTED or "white-space:pre" in element.get("style", "")
        return self._wrapped(element, self._inner(element, pre))

    def _inner(self, element: lxml.html.HtmlElement, pre: bool) -> _Built:
        built = [self._words(self._kept(element.text or ""), pre)]
        for child in element:
            tail = self._kept(child.tail or "")
            if child.tag == "a" and not self._linking:
                link, tail = self._link(child, tail, pre)
                built.append(link)
            else:
                built.append(self.element(child, pre))
            built.append(self._words(tail, pre))
        return _joined(built)

    def _words(self, words: str, pre: bool) -> _Built:
        """Text, its addresses as links, its markers of pictures as pictures; lines and blanks kept where they count."""
        if not words:
            return _Built()
        told = str(markup.linked(words) if "://" in words and not self._linking else escape(words))
        if pre:
            told = re.sub(r" (?= )|(?<=\n) ", "\xa0", told.replace("\t", "    ")).replace("\n", "<br>")
        told = PICTURE.sub(lambda match: f'<img src="cid:{match[1]}">' if match[1] in self._pictures else match[0], told)
        return _Built(told, bool(words.strip()))

    def _link(self, element: lxml.html.HtmlElement, tail: str, pre: bool) -> tuple[_Built, str]:
        """A link, and its tail without what `html` has said behind it: the tag tells that.

        Words that are another address are no link; the real one stands behind them and is.
        """
        self._linking = True
        inner = self._inner(element, pre)
        self._linking = False
        words, href = "".join(self._kept(text) for text in element.itertext()), (element.get("href") or "").strip()
        behind, where = links.behind(href, words), links.target(href, words)
        if not (inner.filled and where) or inner.blocks:
            return inner, tail
        said = behind and tail.startswith(behind)
        return _Built(f'<a href="{escape(where)}">{inner.html}</a>', True), tail[len(behind) :] if said else tail

    # ── tags ───────────────────────────────────────────────────────────────────────────────────────────────

    def _wrapped(self, element: lxml.html.HtmlElement, inner: _Built) -> _Built:
        tag = _tag(element)
        if tag in _GRID:
            return _grid(element, tag, inner)
        if tag == "li":
            return _as_block("li", _emphasised(element, inner)) if inner.filled else _Built()
        if tag in _KEPT or tag in _BLOCKS or tag in _PREFORMATTED:
            return _block(element, "pre" if tag in _PREFORMATTED else tag, inner)
        told = _emphasised(element, inner)
        return replace(inner, html=told, lone=inner.lone and told == inner.html)


def _block(element: lxml.html.HtmlElement, tag: str, inner: _Built) -> _Built:
    if not inner.filled:
        return _Built("<div><br></div>") if _is_empty_line(element) else _Built()
    told = _emphasised(element, inner)
    if told.strip() == _RULER:
        return _Built("<hr>", True, True)
    if tag == "pre":
        return _as_block("pre", told.replace("<br>", "\n").replace("\xa0", " "))
    if tag in _KEPT:
        start = _number(element.get("start"), 100_000) if tag == "ol" else None
        return _as_block(tag, told, f' start="{start}"' if start else "")
    if inner.lone and told == inner.html:
        return inner
    return _as_block("div" if _is_tight(element) or inner.blocks else "p", told)


def _is_empty_line(element: lxml.html.HtmlElement) -> bool:
    """A line that its writer left empty; not one whose words were cut."""
    if not _is_tight(element) or any(text.strip() for text in element.itertext()):
        return False
    return element.find(".//br") is not None or "\xa0" in "".join(element.itertext())


def _is_tight(element: lxml.html.HtmlElement) -> bool:
    """Whether it has no room above and below it."""
    return _tag(element) != "p" or "margin" in element.get("style", "")


def _tag(element: lxml.html.HtmlElement) -> str:
    """The element's tag as its writer gave it."""
    return str(element.get(TAG) or element.tag).lower()


def _emphasised(element: lxml.html.HtmlElement, inner: _Built) -> str:
    """What an element shows, in the emphasis of its tag and style."""
    if not inner.filled:
        return inner.html
    style = element.get(STYLE, "")
    named = [INLINE.get(_tag(element), ""), *(tag for tag, sign in _STYLES.items() if sign.search(style))]
    wanted = [tag for tag in dict.fromkeys(named) if tag and not (tag in _UNDONE and _UNDONE[tag].search(style))]
    told = f'"{inner.html}"' if element.tag == "q" else inner.html
    for tag in reversed(wanted):
        told = f"<{tag}>{told}</{tag}>"
    return told


# ── tables ─────────────────────────────────────────────────────────────────────────────────────────────────


def _grid(element: lxml.html.HtmlElement, tag: str, inner: _Built) -> _Built:
    """A part of a table; of one that only arranges the page, its words in blocks."""
    if element.get(DATA) is None:
        boxed = inner.filled and tag in _CELLS and not inner.lone
        return _as_block("div", inner.html) if boxed else inner
    if tag in _CELLS:
        told = _emphasised(element, inner) if inner.filled else ""
        return _Built(f"<{tag}{_of_cell(element)}>{told}</{tag}>", inner.filled, True)
    return _as_block("tbody" if tag == "tfoot" else tag, inner.html) if inner.filled else _Built()


def _mark_data(tree: lxml.html.HtmlElement) -> None:
    """Tell the tables that hold data from those that arrange the page."""
    parts = [element for element in tree.iter("*") if _tag(element) in _GRID]
    for part in parts:
        part.attrib.pop(DATA, None)
    for table in parts:
        if _tag(table) == "table" and (own := _data(table)):
            for part in own:
                part.set(DATA, "")


def _data(table: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """The parts of a table that holds data, with no other table in it and rows of several cells; else nothing."""
    parts = [part for part in table.iter("*") if _tag(part) in _GRID]
    several = any(sum(_tag(cell) in _CELLS for cell in row.iterchildren("*")) > 1 for row in parts if _tag(row) == "tr")
    lone = all(_tag(part) != "table" for part in parts[1:])
    return parts if lone and several and table.get("role") != "presentation" else []


def _of_cell(element: lxml.html.HtmlElement) -> str:
    spans = [(name, _number(element.get(name), 100)) for name in ("colspan", "rowspan")]
    told = "".join(f' {name}="{number}"' for name, number in spans if number and number > 1)
    align = _ALIGN.search(element.get(STYLE, "")) or _ALIGN.search(f"text-align:{element.get('align', '')}")
    return f'{told} align="{align[1].lower()}"' if align else told


def _number(value: str | None, most: int) -> int | None:
    """A whole number up to `most`, or None."""
    return int(value) if value and re.fullmatch(r"[0-9]{1,6}", value) and int(value) <= most else None


def _trimmed(source: str) -> str:
    """Without the empty lines that stand above and below all the words."""
    shown = [found.start() for found in re.finditer(r"(?:^|(?<=>))\s*[^<>\s\xa0]|<img|<hr", source)]
    if not shown:
        return ""
    first = shown[0]
    ends = [found.end() for found in re.finditer(r"[^<>\s\xa0](?=\s*(?:<|$))|<img[^>]*>|<hr>", source)]
    last = ends[-1]
    return f"{_unbroken(source[:first])}{source[first:last]}{_unbroken(source[last:])}"


def _unbroken(source: str) -> str:
    return source.replace("<div><br></div>", "").replace("<br>", "")
