"""What of an HTML body nobody sees: taken out of the tree before it is read.

Elements that are never shown; what a style (of its own, or of the head's style sheet) hides; words whose inherited size is
nothing or whose colour is that of the ground they stand on. White words alone are kept: phones in dark mode write them so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from relay.mail.page import dom
from relay.mail.page.endings import SIGNATURES
from relay.mail.page.history import OPENERS
from relay.mail.page.quotes import QUOTES

_NEVER = "style, script, title, head, template, noscript, [hidden], object, iframe, svg, textarea, select, datalist"
_HINT = re.compile(r"color|font|text=", re.IGNORECASE)

_LARGEST_SHEET = 100_000  # characters of all style sheets
_MOST_RULES = 300
_MOST_STYLED = 20_000  # elements that get a rule of a sheet, counted a rule at a time
_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?|<!--|-->")
_BRACE = re.compile(r"([^{}]*+)([{}])")
_SIMPLE = re.compile(
    r"[a-z0-9]{0,12}(?:[.#][a-z_][\w-]{0,80}){0,3}(?:\s+[a-z0-9]{0,12}(?:[.#][a-z_][\w-]{0,80}){0,3})?", re.IGNORECASE
)
_TELLING = re.compile(r"display|visib|opacity|color|background|font|height|width|position|indent|clip|hide", re.IGNORECASE)

_NOTHING = re.compile(r"[-+]?(?:0+(?:\.0*)?|\.0+)(?:[a-z]{2,4}|%)?")
_ONE_PIXEL = re.compile(r"1(?:\.0*)?px")
_RELATIVE = re.compile(r"(?:%|(?<!r)em|inherit)$")
_FAR = re.compile(r"-\d{3,}(?:\.\d*)?(?:px|pt|em|rem)?")
_CLIPPED = re.compile(r"rect\(\s*[01](?:px)?(?:[\s,]+[01](?:px)?){3}\s*\)|inset\(\s*(?:50|100)%")
_SIDES = ("left", "top", "right", "bottom")

_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+(\d?\.?\d+%?))?\s*\)")
_NAMED = {
    "white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240), "black": (0, 0, 0), "windowtext": (0, 0, 0),
    "window": (255, 255, 255), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
}  # fmt: skip
_NEAR = 8  # how far each of red, green and blue may be off while nobody sees a difference

_Colour = tuple[int, int, int] | None  # None: not known, and then seen
_WHITE, _BLACK, _BLUE = (255, 255, 255), (0, 0, 0), (0, 0, 238)


class _Look(NamedTuple):
    """How the words of an element look, as far as it decides whether they are seen."""

    colour: _Colour = _BLACK
    ground: _Colour = _WHITE
    tiny: bool = False
    glass: bool = False
    quoted: bool = False  # in a container that a client makes


def drop(body: LexborNode) -> None:
    """Take out of the tree what nobody sees."""
    _apply_sheets(body)
    for node in body.css(_NEVER):
        node.decompose()
    hinted = False
    for node in body.css("[style]"):
        declared = dom.style(node)
        if _is_hidden(declared):
            node.decompose()
        hinted = hinted or _HINT.search(" ".join(declared)) is not None
    if hinted or body.css_first("font, [text], [bgcolor]") is not None:
        _drop_words(body)


def _is_hidden(declared: dict[str, str]) -> bool:
    """Whether a style hides an element with all that is in it."""
    cut = declared.get("overflow", "") in ("hidden", "clip") or declared.get("overflow-y", "") == "hidden"
    return (
        declared.get("display") == "none"
        or declared.get("visibility") in ("hidden", "collapse")
        or declared.get("mso-hide") == "all"
        or _is_nothing(declared.get("opacity"))
        or _is_nothing(declared.get("max-height"))
        or (cut and any(_is_nothing(declared.get(size)) for size in ("height", "width", "max-width")))
        or (cut and any(_ONE_PIXEL.fullmatch(declared.get(size, "")) for size in ("height", "max-height")))
        or (declared.get("position") in ("absolute", "fixed") and any(_is_far(declared.get(side)) for side in _SIDES))
        or any(_is_far(declared.get(side)) for side in ("text-indent", "margin-left", "margin-top"))
        or _CLIPPED.search(declared.get("clip", declared.get("clip-path", ""))) is not None
    )


def _is_nothing(value: str | None) -> bool:
    return value is not None and _NOTHING.fullmatch(value) is not None


def _is_far(value: str | None) -> bool:
    """Off the page."""
    return value is not None and _FAR.fullmatch(value) is not None


# ── style sheets ───────────────────────────────────────────────────────────────────────────────────────────


def _apply_sheets(body: LexborNode) -> None:
    """Put what the style sheets say of an element before its own style; what holds for some screens only is left out."""
    root = body.parent or body
    sheet = "\n".join(node.text() for node in root.css("style"))[:_LARGEST_SHEET]
    styled = 0
    for selector, rule in list(_rules(sheet))[:_MOST_RULES]:
        for node in root.css(selector):
            node.attrs["style"] = f"{rule};{node.attributes.get('style') or ''}"
            styled += 1
            if styled > _MOST_STYLED:
                return


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Simple selectors with what they declare, the last rule first, so that the first one comes to stand before all others."""
    found: list[tuple[str, str]] = []
    depth, selector = 0, ""
    for text, brace in _BRACE.findall(_COMMENT.sub(" ", sheet) + "}"):
        if brace == "{":
            depth += 1
            selector = text.rpartition(";")[2].strip() if depth == 1 else selector
        else:
            if depth == 1 and not selector.startswith("@") and _TELLING.search(text):
                found += [
                    (each.strip(), text.strip())
                    for each in selector.split(",")
                    if each.strip() and _SIMPLE.fullmatch(each.strip())
                ]
            depth = max(0, depth - 1)
    return reversed(found)


# ── words of no size, words in the colour of their ground ──────────────────────────────────────────────────


def _drop_words(body: LexborNode) -> None:
    unseen, pale, plain = [], [], False
    for word, look in _words(body):
        if look.tiny or look.glass:
            unseen.append(word)
        elif _is_near(look.colour, look.ground):
            pale.append((word, look.quoted))
        else:
            plain = plain or not look.quoted
    for word in unseen + [word for word, quoted in pale if plain or quoted]:
        word.decompose()


def _words(body: LexborNode) -> Iterator[tuple[LexborNode, _Look]]:
    """Every text node that is not blank, with the look it inherits. The tree is not changed meanwhile."""
    looks = [_Look()]
    history = False
    for node, opens in dom.walk(body):
        if node.tag == "-text":
            if opens and (node.text_content or "").strip():
                yield node, looks[-1]._replace(quoted=history or looks[-1].quoted)
        elif opens:
            named = dom.names(node)
            history = history or bool(named & OPENERS)
            looks.append(_look(node, looks[-1]._replace(quoted=looks[-1].quoted or _is_of_a_client(node, named))))
        else:
            looks.pop()


def _is_of_a_client(node: LexborNode, named: frozenset[str]) -> bool:
    return node.tag == "blockquote" or bool(named & (QUOTES | SIGNATURES))


def _look(node: LexborNode, above: _Look) -> _Look:
    attributes = node.attributes
    tag = node.tag
    look = above
    if tag == "a" and "href" in attributes:
        look = look._replace(colour=_BLUE, glass=False)
    if not attributes:
        return look
    for key in ("bgcolor", "background"):
        if attributes.get(key):
            look = look._replace(ground=_colour(attributes[key] or "") if key == "bgcolor" else None)
    said = attributes.get("color") if tag == "font" else attributes.get("text") if tag == "body" else None
    if said:
        look = look._replace(colour=_colour(said), glass=False)
    if tag == "font" and attributes.get("size"):
        look = look._replace(tiny=False)
    return _styled(dom.style(node), look) if "style" in attributes else look


def _styled(declared: dict[str, str], look: _Look) -> _Look:
    colour = declared.get("color")
    if colour and colour not in ("inherit", "currentcolor"):
        look = look._replace(colour=_colour(colour), glass=_is_glass(colour))
    ground = declared.get("background-color") or declared.get("background")
    if declared.get("background-image", "none") != "none" or (ground and ("url(" in ground or "gradient" in ground)):
        look = look._replace(ground=None)
    elif ground and not _is_glass(ground) and ground.split()[0] not in ("none", "inherit", "initial", "unset"):
        look = look._replace(ground=_colour(ground))
    size = declared.get("font-size") or (declared.get("font") or "").partition("/")[0]
    if size and (_is_nothing(size) or not _RELATIVE.search(size)):
        look = look._replace(tiny=_is_nothing(size) or _ONE_PIXEL.fullmatch(size) is not None)
    return look


def _colour(value: str) -> _Colour:
    value = value.strip().lower()
    found = _HEX.search(value) or (_HEX.search(f"#{value}") if len(value) in (3, 6) and value not in _NAMED else None)
    if found:
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    mixed = _RGB.search(value)
    if mixed:
        return int(mixed[1]), int(mixed[2]), int(mixed[3])
    return _NAMED.get(value.split()[0] if value else "")


def _is_glass(value: str) -> bool:
    """A colour that lets all light through."""
    mixed = _RGB.search(value)
    return value.split(maxsplit=1)[0] == "transparent" or (mixed is not None and _is_nothing(mixed[4]))


def _is_near(colour: _Colour, ground: _Colour) -> bool:
    return (
        colour is not None
        and ground is not None
        and all(abs(one - other) <= _NEAR for one, other in zip(colour, ground, strict=True))
    )
