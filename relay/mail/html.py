"""HTML of a mail → plain text in which quotes are marked with `>`, ready for `reply.split`.

The DOM says what plain text cannot: what is a quote container, what is hidden, where a picture stood. The text itself is laid
out by inscriptis; quoted parts, which are only kept for the record, are taken without layout.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import lxml.html
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from selectolax.lexbor import LexborHTMLParser, LexborNode

from relay.mail import marks, signature

LARGEST = 4_000_000  # characters; what is larger is read without a DOM
DEEPEST = 3000  # nested elements of a DOM; deeper trees cost the parser quadratic time
DEEP = 200  # nested elements that are laid out, when quotes are cut: the layout is recursive
ATTRIBUTES = 400  # of one element
SIGNED = 50  # elements that call themselves a signature; more are a page's layout
ROWS = 1000  # of a table that is aligned

_LAYOUT = ParserConfig(css=CSS_PROFILES["strict"])
_BANNER = "-----Original Message-----"
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"[ \\t]*{_OPEN}(\\d+){_CLOSE}[ \\t]*")
_SIGNATURE_START = re.compile(f"[ \\t]*{_OPEN}{_CLOSE}[ \\t]*")
_SIGNATURE_END = re.compile(f"[ \\t]*{_CLOSE}{_OPEN}[ \\t]*")
_PRIVATE = re.compile("[\x00\ue000\ue001]")
_NESTING = re.compile(r"<(/?)([a-z][^\s/<>]{0,30})[^<>]*?(/?)>", re.IGNORECASE)
# Elements that never hold others of their kind, or hold nothing.
_FLAT = frozenset(
    {
        "p", "li", "td", "th", "tr", "br", "img", "hr", "meta", "input", "link", "col", "base", "wbr", "area", "embed", "source",
        "track", "param", "dd", "dt", "option", "body", "html", "head",
    }
)  # fmt: skip
_LONG_TAG = re.compile(r"<[^<>]{2000,}+")
_TAG = re.compile(r"<[^<>]*>")
_BLOCK_TAG = re.compile(r"(?i)<(?:/?(?:p|div|tr|li|h\d|blockquote|table)\b|br)[^<>]*>")
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:\.0*)?(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|opacity\s*:\s*0(?:\.0*)?\s*(?:;|!|$)|max-height\s*:\s*0(?:px)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_WHITE = re.compile(r"(?:^|;)\s*color\s*:\s*(?:#fff(?:fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))", re.IGNORECASE)
_RULE_ABOVE = re.compile(
    r"border-top\s*:[^;]*(?:solid[^;]*#(?:e1e1e1|b5c4df)|#(?:e1e1e1|b5c4df)[^;]*solid|1\.0pt[^;]*solid)", re.IGNORECASE
)
_INDENT = re.compile(r"border\s*:\s*(?:none|0)|margin\s*:\s*0(?:px|pt)?\s+0(?:px|pt)?\s+0(?:px|pt)?\s+40px", re.IGNORECASE)
_SIDE_RULE = re.compile(r"border-left\s*:(?!\s*(?:none|0))", re.IGNORECASE)

_ZERO = r"(?:0(?:\.0\d*)?|\.0\d*)[a-z]*"
_NO_ROOM = rf"margin(?:-bottom)?\s*:(?:\s*(?:{_ZERO}|auto)){{1,4}}\s*(?:[;!\"']|$)"
_TIGHT = re.compile(_NO_ROOM, re.IGNORECASE)
_TIGHT_PARAGRAPH = re.compile(rf"<p\s[^<>]{{0,200}}(?:class=[\"']?Mso|{_NO_ROOM})", re.IGNORECASE)
_PREFORMATTED = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)

# Containers of quoted text by a word of their class or id; Outlook on the web puts x_ before foreign ones.
_QUOTES = frozenset(
    {
        "gmail_quote", "gmail_attr", "moz-cite-prefix", "yahoo_quoted", "yahoo-quoted-begin", "protonmail_quote",
        "tutanota_quote", "mail-quote", "mail_quote", "zmail_extra", "ms-outlook-mobile-reference-message", "quoted-text",
        "quoted_text",
        "mailru-blockquote", "mail-quote-collapse", "skiff_quote", "freemail_quote", "ik_mail_quote", "history_container",
        "airmail_ext_on", "replyheader",
    }
)  # fmt: skip
# Elements that open the history: they, and all that follows them, are quoted.
_OPENERS = frozenset(
    {
        "divrplyfwdmsg", "appendonsend", "outlookmessageheader", "mail-editor-reference-message-container",
        "mail-editor-reference-message", "olk_src_body_section", "zwchr", "stopspelling", "x-reply-separator",
    }
)  # fmt: skip
# Signatures by a word of their class, id or name, and by an attribute that stands for nothing else.
_SIGNATURES = frozenset(
    {
        "gmail_signature", "moz-signature", "applemailsignature", "signature", "ms-outlook-mobile-signature",
        "protonmail_signature_block", "tutanota_signature", "sig", "bloop_sign", "k9mail-signature", "-x-evo-signature-wrapper",
        "-x-evo-signature", "edo-signature", "front-signature", "sh-signature", "email-signature", "emailsignature",
        "mail_signature",
        "mail-signature", "composer_signature", "mb_sig", "skiff_signature", "ik_mail_signature", "zmailsignature",
        "bluemail_signature",
        "outlooksignature", "missive_signature", "newton_signature", "yahoo-signature", "ymail_signature",
    }
)  # fmt: skip
_SIGNATURE_NODES = (
    '#_rc_sig, [name="messageSignatureSection"], [data-smartmail="gmail_signature"], [data-signature-widget="container"], '
    '[data-marker^="__SIG_P"], [id^="Zm-_Id_-Sgn"], #lineBreakAtBeginningOfSignature + *'
)
_AUTOMATIC = "_MailAutoSig"  # Outlook's bookmark
_SIGNED = re.compile(r"signature|_mailautosig|__sig_p|-sgn|_?sig\d*[\"'\s>]|bloop_sign", re.IGNORECASE)
_MARKED = re.compile("<blockquote|" + "|".join(map(re.escape, sorted(_QUOTES))), re.IGNORECASE)
_SIDES = frozenset({"gmail_quote", "zmail_extra", "gmail_quote_container"})


def text(source: str, pictures: Mapping[str, str] | None = None) -> str:
    """The plain text of an HTML body.

    `pictures` names the inline pictures: Content-ID (no angle brackets) → short id; such a picture becomes `[cid:ID]` where it
    stands. Hidden nodes, scripts and styles are gone; quote containers are lines with `> `. Never raises on odd HTML.
    """
    source = _PRIVATE.sub("", source)
    if is_monster(source):
        return _bare(source)
    tree = LexborHTMLParser(source)
    body = tree.body
    if body is None:
        return ""
    for tidy in (_drop_unseen, _open_history, _name_links):
        tidy(body)
    _name_pictures(body, pictures or {})
    quoted = _cut_quotes(body) if _MARKED.search(source) else []
    if _SIGNED.search(source):
        _mark_signatures(body)
    return _put_back(_laid_out(body), quoted)


def has_signature(source: str) -> bool:
    """Whether the HTML marks a signature by a container of its own."""
    if is_monster(source) or not _SIGNED.search(source):
        return False
    body = LexborHTMLParser(source).body
    return body is not None and any(node.text().strip() for first, last in _signatures(body) for node in (first, last))


def has_quote(source: str) -> bool:
    """Whether the HTML marks quoted text by a container of its own."""
    return _MARKED.search(source) is not None


def has_tight_paragraphs(source: str) -> bool:
    """Whether paragraphs stand without room between them, as Outlook writes them: an empty one sets them apart."""
    return _TIGHT_PARAGRAPH.search(source) is not None


def is_monster(source: str) -> bool:
    """Too large or too deep for a DOM, or an element with thousands of attributes: parsers take quadratic time on them."""
    crowded = any(len(tag.split()) > ATTRIBUTES for tag in _LONG_TAG.findall(source))
    return crowded or len(source) > LARGEST or _is_deep(source, DEEPEST)


def _is_deep(source: str, deepest: int) -> bool:
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


def _bare(source: str) -> str:
    """The text without a DOM, in linear time: for what is too large or too deep to be laid out."""
    import html as entities  # noqa: PLC0415 - needed for monsters only

    return entities.unescape(_TAG.sub("", _BLOCK_TAG.sub("\n", source)))


# ── the DOM, step by step ──────────────────────────────────────────────────────────────────────────────────


def _drop_unseen(body: LexborNode) -> None:
    for node in body.css("style, script, title, head, template, noscript, [hidden], object, iframe, svg, textarea, select"):
        node.decompose()
    for node in body.css("[style]"):
        style = node.attributes.get("style") or ""
        if _HIDDEN.search(style) or (_WHITE.search(style) and not _has_background(node)):
            node.decompose()
    for node in body.css("hr"):
        if not _names(node) & _OPENERS:
            node.replace_with(_paragraph("_" * 32))


def _has_background(node: LexborNode | None) -> bool:
    while node is not None:
        attributes = node.attributes
        if "background" in (attributes.get("style") or "").lower() or attributes.get("bgcolor"):
            return True
        node = node.parent
    return False


def _open_history(body: LexborNode) -> None:
    """Put a banner before what opens the history, in the words that `reply` knows."""
    for node in body.css("[id], [class], div[style]"):
        if (_names(node) & _OPENERS or _is_ruled_header(node)) and not marks.is_forwarded(_beginning(node)):
            node.insert_before(_paragraph(_BANNER))
            return


def _is_ruled_header(node: LexborNode) -> bool:
    """Outlook's header block: a div with a line above it that holds labels."""
    return _RULE_ABOVE.search(node.attributes.get("style") or "") is not None and _beginning(node, 400).count(":") >= 3


def _name_links(body: LexborNode) -> None:
    """Say a link's address behind its words, unless they are the address."""
    for node in body.css("a[href^='http']"):
        href, shown = (node.attributes.get("href") or "").strip(), node.text().strip()
        if shown and len(href) <= 500 and not re.match(r"https?://|www\.", shown) and shown.strip("/") not in href:
            node.insert_after(f" <{href}>")


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


def _cut_quotes(body: LexborNode) -> list[str]:
    """Take the outermost quotes out of the tree, a numbered place left where each stood; their texts."""
    quotes = list(_outermost_quotes(body))
    texts = [node.text(separator="\n") for node in quotes]
    for number, node in enumerate(quotes):
        node.replace_with(_paragraph(f"{_OPEN}{number}{_CLOSE}"))
    return texts


def _outermost_quotes(body: LexborNode) -> Iterator[LexborNode]:
    """In the order of the document; what is in a quote is not looked at."""
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if _is_quote(node):
            yield node
        else:
            waiting += list(node.iter(include_text=False))[::-1]


def _is_quote(node: LexborNode) -> bool:
    tag, names = node.tag, _names(node)
    if tag == "blockquote":
        style = node.attributes.get("style") or ""
        own = not (names & _QUOTES or "type" in node.attributes or "cite" in node.attributes)
        quote = not (own and _INDENT.search(style) and not _SIDE_RULE.search(style))
    else:
        # Between the blockquotes of such a container stand the answers.
        quote = bool(names & _QUOTES) and not (names & _SIDES and node.css_first("blockquote") is not None)
    return quote and not marks.is_forwarded(_beginning(node))


def _mark_signatures(body: LexborNode) -> None:
    """Put the signature delimiters that `signature` knows around what the HTML marks as a signature."""
    for first, last in _signatures(body):
        if _is_all_signature(first, last):
            first.insert_before(_paragraph(f"{_OPEN}{_CLOSE}"))
            last.insert_after(_paragraph(f"{_CLOSE}{_OPEN}"))


def _is_all_signature(first: LexborNode, last: LexborNode) -> bool:
    """Neither a quote within, nor all that the mail says: some write in the place that is meant for the signature."""
    text = first.text(separator="\n") + last.text(separator="\n")
    if _OPEN in text or _BANNER in text:
        return False
    return not _is_first(first) or not any(map(signature.is_sentence, text.split("\n")))


def _is_first(node: LexborNode) -> bool:
    """Whether nothing is said above an element."""
    for each in (node, *_above(node)):
        before = each.prev
        while before is not None:
            if (before.text() or "").strip():
                return False
            before = before.prev
    return True


def _signatures(body: LexborNode) -> list[tuple[LexborNode, LexborNode]]:
    """First and last element of each signature; what is in another one is not named."""
    found = [node for node in body.css("[id], [class]") if _names(node) & _SIGNATURES] + body.css(_SIGNATURE_NODES)
    if len(found) > SIGNED:
        return []
    marked = {node.mem_id for node in found}
    outer = {node.mem_id: node for node in found if not any(above.mem_id in marked for above in _above(node))}
    return [(node, node) for node in outer.values()] + _automatic_signature(body)


def _automatic_signature(body: LexborNode) -> list[tuple[LexborNode, LexborNode]]:
    """The paragraphs over which Outlook's bookmark reaches, when it begins one."""
    spans = body.css(f'a[name="{_AUTOMATIC}"], [style*="mso-bookmark:{_AUTOMATIC}"]')
    blocks = [next((above for above in (node, *_above(node)) if above.tag in ("p", "div", "table")), node) for node in spans]
    begins = bool(blocks) and blocks[0].text().strip().startswith(spans[0].text().strip())
    return [(blocks[0], blocks[-1])] if begins else []


def _above(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _names(node: LexborNode) -> frozenset[str]:
    attributes = node.attributes
    if "class" not in attributes and "id" not in attributes:
        return frozenset()
    words = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".lower().split()
    return frozenset(word.removeprefix("x_").removeprefix("x_").rstrip("0123456789").rstrip("_") for word in words)


def _beginning(node: LexborNode, length: int = 160) -> str:
    filled = (line.strip() for line in node.text(separator="\n")[:4000].split("\n"))
    joined = "\n".join(line for line in filled if line)
    return joined[:length] if length > 160 else joined.split("\n", 1)[0][:length]


def _paragraph(words: str) -> LexborNode:
    node = LexborHTMLParser(f"<p>{words}</p>").css_first("p")
    assert node is not None
    return node


# ── layout ─────────────────────────────────────────────────────────────────────────────────────────────────


def _laid_out(body: LexborNode) -> str:
    markup = body.html or ""
    if not markup.strip():
        return ""
    if _is_deep(markup, DEEP):
        return body.text(separator="\n")
    tree = lxml.html.document_fromstring(markup)
    for element in tree.iter("*"):
        _plain_style(element)
    for table in list(tree.iter("table")):
        if _is_layout(table):
            for part in table.iter("table", "tbody", "thead", "tfoot", "tr", "td", "th"):
                part.tag = "div"
    return str(Inscriptis(tree, _LAYOUT).get_text())


def _plain_style(element: lxml.html.HtmlElement) -> None:
    """Only whether paragraphs stand apart and blanks count is left of a style: a padding could fill the memory."""
    style = element.attrib.pop("style", "")
    kept = []
    if element.tag == "p" and (_TIGHT.search(style) or element.get("class", "").startswith("Mso")):
        kept.append("margin-top:0em;margin-bottom:0em")  # a zero without a unit is none for inscriptis
        if _is_empty_line(element):
            element.append(lxml.html.Element("br"))
    if _PREFORMATTED.search(style):
        kept.append("white-space:pre")
    if kept:
        element.set("style", ";".join(kept))


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
    return (
        len(rows) > ROWS
        or any(len(row) > 20 for row in rows)
        or any(len(cell.text_content()) > 120 for row in rows for cell in row)
    )


def _put_back(laid_out: str, quoted: list[str]) -> str:
    laid_out = _SIGNATURE_END.sub(signature.CLOSE, _SIGNATURE_START.sub(signature.OPEN, laid_out))
    if not quoted:
        return laid_out
    return _PLACE.sub(lambda match: f"\n{_marked(quoted[int(match[1])])}\n", laid_out)


def _marked(quote: str) -> str:
    filled = (line.strip() for line in quote.split("\n"))
    return "\n".join(f"> {line}" for line in filled if line) or ">"


def is_stub(plain: str, source: str) -> bool:
    """Whether the plain text beside an HTML body only says that there is HTML: far shorter than what the HTML shows."""
    if len(plain) > 400 or len(plain) * 20 > len(source) or is_monster(source):
        return False
    body = LexborHTMLParser(source).body
    if body is None:
        return False
    body.strip_tags(["style", "script", "title"])
    return len(body.text(separator=" ").split()) > 4 * len(plain.split()) + 20
