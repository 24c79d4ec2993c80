"""The new part of an HTML body as safe HTML that says what its plain text says, or nothing.

Every piece of text is numbered where it stands, so that the lines which `reply.split` keeps name the pieces that stay; all others
go, with the elements that they leave empty. What comes out is read once more, as any HTML is: unless it has the very words of
the text, it is not used, and the plain text stands alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import lxml.html

from relay import address
from relay.mail import commands
from relay.mail.page import html, layout, structure
from relay.mail.text import reply
from relay.mail.text.reply import Reply

LARGEST = 1_000_000  # characters of a body whose structure is looked at
TAGS = 50_000  # in it
PIECES = 10_000  # of text in it
_OPEN, _CLOSE = "\ue002", "\ue003"  # around the number of a piece; `html` takes them out of what is read
_NUMBER = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_PIECE = re.compile(r"[^\s\ue000-\ue001][^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*")
_PLACE = "\ue000"  # of a quote
_STRUCTURE = frozenset({"a", "li", "td", "th", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}) | structure.INLINE.keys()
_BEHIND = re.compile(r"<(?:https?:|mailto:)[^<>\s]*>", re.IGNORECASE)
_LEAD = re.compile(r"(?m)^[ \t\xa0]*(?:\d{1,6}[.)]|[*+•·o§-])\s+")
_WORD = re.compile(r"[^\W_]+")


def fragment(
    source: str,
    text: str,
    pictures: Mapping[str, str],
    forwarded: bool | None = None,
    *,
    placed: Collection[str] = (),
    sent: Sequence[str] = (),
) -> str:
    """Safe HTML of what is new in an HTML body, which must say what `text` says, the mail's new text in its chosen reading.

    `pictures` as for `html.text` (a picture is `<img src="cid:p1">`), the rest as for `reply.split`. "" where the HTML adds
    nothing to the text, is too large, says something else, or has an address of the relay. Never raises; what it gives has only
    `structure.TAGS` and `structure.ATTRIBUTES`.
    """
    page = html.page(source, pictures) if len(source) <= LARGEST and source.count("<") <= TAGS else None
    if page is None or not _is_structured(page.tree) or _number(page.tree) > PIECES:
        return ""
    kept = _kept(page.text(), forwarded, placed, sent)
    if not kept:
        return ""
    made = reply.clean(structure.rebuilt(page.tree, lambda piece: _only(kept, piece), pictures.values()))
    if not made or address.mentions(made):
        return ""
    again = html.text(made, {name: name for name in pictures.values()})
    return made if words(again) == words(text) else ""


def words(text: str) -> Counter[str]:
    """The words of a text, however its lines run; without the signs of lists and of what is struck out, and what is behind links.

    Those signs part no word: of "1<s>st</s>", which is laid out as "1~st~", a browser shows "1st".
    """
    return Counter(_WORD.findall(_LEAD.sub("", _BEHIND.sub(" ", reply.clean(text))).replace(layout.STRIKE, "")))


def _is_structured(tree: lxml.html.HtmlElement) -> bool:
    return any(
        str(element.get(layout.TAG) or element.tag) in _STRUCTURE or structure.is_styled(element) for element in tree.iter("*")
    )


def _number(tree: lxml.html.HtmlElement) -> int:
    """Put a number before every line of every text of the tree; how many there are."""
    count = 0

    def numbered(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"{_OPEN}{count}{_CLOSE}{match[0]}"

    for node in tree.iter():
        if node.text and isinstance(node.tag, str) and _PLACE not in node.text:
            node.text = _PIECE.sub(numbered, layout.UNFIT.sub(" ", node.text))
        if node.tail:
            node.tail = _PIECE.sub(numbered, layout.UNFIT.sub(" ", node.tail))
    return count


def _kept(laid_out: str, forwarded: bool | None, placed: Collection[str], sent: Sequence[str]) -> frozenset[str]:
    """The numbers that stand on the lines which are new, and no commands."""
    all_lines = reply.clean(laid_out).split("\n")
    found = reply.split(_NUMBER.sub("", laid_out), forwarded, placed, sent)
    if len(found.tags) != len(all_lines):
        return frozenset()
    new = [line for line, tag in zip(all_lines, found.tags, strict=True) if tag in ("new", "forwarded")]
    return frozenset(number for line in _without_commands(new, found) for number in _NUMBER.findall(line))


def _without_commands(new: list[str], found: Reply) -> list[str]:
    """Those of the numbered lines that are still there when the commands are gone, in order."""
    left = "\n".join([commands.extract(found.text)[0], found.forwarded]).split("\n")
    wanted = [bare for line in left if (bare := "".join(line.split()))][::-1]
    stays = []
    for line in new:
        if wanted and "".join(_NUMBER.sub("", line).split()) == wanted[-1]:
            stays.append(line)
            wanted.pop()
    return stays


def _only(kept: frozenset[str], text: str) -> str:
    """What stays of a numbered text; the blanks between its pieces do."""
    lead, *rest = _NUMBER.split("" if _PLACE in text else text)
    return lead + "".join(
        piece if number in kept else _blanks(piece) for number, piece in zip(rest[::2], rest[1::2], strict=True)
    )


def _blanks(piece: str) -> str:
    return piece[len(piece.rstrip()) :]
