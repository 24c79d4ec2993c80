"""What a client adds below a writer's words, told by the tree: its containers of signatures get the delimiters of `signature`.

The clients' names are data, as in `quotes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from relay.mail.page import dom
from relay.mail.page.history import BANNER
from relay.mail.page.quotes import CLOSE, OPEN
from relay.mail.text import signature

MOST = 50  # elements that call themselves a signature; more are a page's layout

# Signatures by a word of their class or id, or by another attribute that names them.
SIGNATURES = frozenset(
    {
        "gmail_signature", "moz-signature", "applemailsignature", "composer_signature", "ms-outlook-mobile-signature",
        "protonmail_signature_block", "tutanota_signature", "_rc_sig", "zmail_signature", "zmailsignature", "hw_signature",
        "signature", "signature_old", "sig", "bx-mail-signature", "acompli_signature", "bloop_sign", "k9mail-signature",
        "-x-evo-signature-wrapper", "-x-evo-signature", "cm_signature", "edo-signature", "front-signature", "sh-signature",
        "email-signature", "emailsignature", "mail_signature", "mail-signature", "mb_sig", "skiff_signature", "ik_mail_signature",
        "bluemail_signature", "outlooksignature", "missive_signature", "newton_signature", "yahoo-signature", "ymail_signature",
        "name=messagesignaturesection", "data-marker=__sig_pre__", "data-marker=__sig_post__", "data-signature-widget=container",
    }
)  # fmt: skip
_NODES = 'signature, [data-smartmail="gmail_signature"], [id^="Zm-_Id_-Sgn"], [id$="lineBreakAtBeginningOfSignature"] + div'
_PREFIX = ".gmail_signature_prefix"  # the delimiter of the client itself
_AUTOMATIC = "_MailAutoSig"  # Outlook's bookmark
_SIGNED = re.compile(r"signature|_mailautosig|__sig_p|-sgn|_?sig\d*[\"'\s>]|bloop_sign", re.IGNORECASE)
_START = re.compile(f"[ \\t]*{OPEN}{CLOSE}[ \\t]*")
_END = re.compile(f"[ \\t]*{CLOSE}{OPEN}[ \\t]*")


def is_marked(source: str) -> bool:
    """Whether the HTML marks a signature by a container of its own; costs a tree only where it may."""
    body = LexborHTMLParser(source).body if _SIGNED.search(source) else None
    return body is not None and any(node.text().strip() for first, last in _signatures(body) for node in (first, last))


def mark(body: LexborNode) -> None:
    """Put a place before and after each container of a signature, which `delimit` knows."""
    for node in body.css(_PREFIX):
        node.decompose()
    for first, last in _signatures(body):
        if _is_all_signature(first, last):
            first.insert_before(dom.paragraph(f"{OPEN}{CLOSE}"))
            last.insert_after(dom.paragraph(f"{CLOSE}{OPEN}"))


def delimit(text: str) -> str:
    """The laid-out text with the delimiters of `signature` in those places."""
    return _END.sub(signature.CLOSE, _START.sub(signature.OPEN, text))


def _is_all_signature(first: LexborNode, last: LexborNode) -> bool:
    """Neither a quote within, nor all that the mail says: some write in the place that is meant for the signature."""
    text = first.text(separator="\n") + last.text(separator="\n")
    if OPEN in text or BANNER in text:
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
    named = body.css("[id], [class], [name], [data-marker], [data-signature-widget]")
    found = [node for node in named if dom.names(node) & SIGNATURES] + body.css(_NODES)
    if len(found) > MOST:
        return []
    marked = {node.mem_id for node in found}
    outer = {node.mem_id: node for node in found if not any(above.mem_id in marked for above in _above(node))}
    return [(node, node) for node in outer.values()] + _automatic(body)


def _automatic(body: LexborNode) -> list[tuple[LexborNode, LexborNode]]:
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
