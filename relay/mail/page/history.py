"""Where the history of an HTML body begins, told by the tree: the elements that mail clients put before it.

There a banner is put in the words that `reply` knows. The clients' names are data, as in `quotes`.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from relay.mail.page import dom, quotes
from relay.mail.text import banners, dates, labels

BANNER = "-----Original Message-----"
FORWARD = "---------- Forwarded message ----------"

# Elements that open the history: they, and all that follows them, are quoted.
OPENERS = frozenset(
    {
        "divrplyfwdmsg", "appendonsend", "outlookmessageheader", "mail-editor-reference-message-container",
        "mail-editor-reference-message", "olk_src_body_section", "zwchr", "stopspelling", "x-reply-separator",
        "data-marker=__divider__",
    }
)  # fmt: skip
# Containers of a mail that is sent on.
_FORWARDS = frozenset({"moz-forward-container"})
_OUTLOOK_RULE = re.compile(r"#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_MOST_ASKED = 300  # tables, and elements with a line above them, that are looked into
_POINTS = re.compile(r"\b1\.0pt\b[^;]*solid|solid[^;]*\b1\.0pt\b", re.IGNORECASE)
_LABEL = re.compile(r"[^:：]{1,24}[:：]\s?\S")


def open_up(body: LexborNode) -> None:
    """Put a banner before what opens the history, and one before what is forwarded, in the words that `reply` knows."""
    asked = 0
    for node in body.css("[id], [class], [data-marker], div[style], hr[style], blockquote[type], table table"):
        named = dom.names(node)
        if named & _FORWARDS or quotes.is_forward_by_form(node, named):
            if not any(map(banners.is_forwarded, dom.lines(node, 200)[:2])):
                node.insert_before(dom.paragraph(FORWARD))
            return
        asked += node.tag == "table" or "border-top" in (node.attributes.get("style") or "")
        place = _place(node, named, asked <= _MOST_ASKED)
        if place is not None and not banners.is_forwarded(dom.beginning(place)):
            place.insert_before(dom.paragraph(BANNER))
            return


def _place(node: LexborNode, named: frozenset[str], looked_into: bool) -> LexborNode | None:
    """What the banner is put before, where a node opens the history."""
    if named & OPENERS or _is_outlook_rule(node) or (looked_into and _is_ruled_header(node)):
        return node
    return _table_of_head(node) if looked_into and node.tag == "table" else None


def _table_of_head(inner: LexborNode) -> LexborNode | None:
    """Notes shows the head of the earlier mail as a table in a table, whose rows each begin with a label; the outer one."""
    if inner.parent is None or inner.css_first("td, th") is None:
        return None
    cells = (row.css_first("td, th") for row in inner.css("tr")[:8])
    known = labels.fields()
    found = [known.get(" ".join(dom.lines(cell, 60)).rstrip(":：").lower(), "") for cell in cells if cell is not None]
    outer: LexborNode | None = inner.parent
    while outer is not None and outer.tag != "table":
        outer = outer.parent
    return outer if all(found) and {"to", "subject"} <= set(found) else None


def _is_ruled_header(node: LexborNode) -> bool:
    """Outlook's header block: a div with a line above it that holds labels; in another line than Outlook's, with a time too."""
    above = dom.style(node).get("border-top", "") if node.tag == "div" else ""
    if not (_OUTLOOK_RULE.search(above) or _POINTS.search(above)):
        return False
    labelled = [line for line in dom.lines(node, 600)[:6] if _LABEL.match(line)]
    told = _OUTLOOK_RULE.search(above) is not None or any(dates.dated(line) == 2 for line in labelled)
    return len(labelled) >= 3 and told


def _is_outlook_rule(node: LexborNode) -> bool:
    """The rule of Outlook on the web and on phones, which it draws by itself."""
    declared = dom.style(node) if node.tag == "hr" else {}
    return declared.get("width") == "98%" and declared.get("display") == "inline-block"
