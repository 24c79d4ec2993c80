"""What a client adds below a writer's words, told by the tree: its containers of signatures become delimited text.

The clients' names are data, as in `quotes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from relay.mail import dom
from relay.mail.history import BANNER
from relay.mail.quotes import OPEN

SIGN, SIGNED = "\ue002", "\ue003"  # around a signature

# Containers of what a client adds below the words, and a blank that stands right before it.
SIGNATURES = frozenset(
    {
        "gmail_signature", "moz-signature", "applemailsignature", "composer_signature", "ms-outlook-mobile-signature",
        "protonmail_signature_block", "_rc_sig", "zmail_signature", "hw_signature", "signature_old", "bx-mail-signature",
        "acompli_signature", "bloop_sign", "name=messagesignaturesection", "data-marker=__sig_pre__",
        "data-marker=__sig_post__", "data-signature-widget=container", "-x-evo-signature", "cm_signature", "mail-signature",
    }
)  # fmt: skip
_IDS = frozenset({"signature", "x_signature"})  # as a class anybody may have the word
_DASHES_ABOVE = re.compile(r"^\s*+--[ \t\xa0]*\n")  # the delimiter of the client itself
_DASHES_BELOW = re.compile(r"\n[ \t]*--[ \t\xa0]*\n?\s*$")
_SIGN_PREFIX = "gmail_signature_prefix"
_SIGN_BREAK = "linebreakatbeginningofsignature"


def mark(body: LexborNode) -> None:
    """Put a sign before and after each container of a signature."""
    for node in body.css(f".{_SIGN_PREFIX}"):
        node.decompose()
    for node in list(_signatures(body)):
        if OPEN not in node.text():
            node.insert_before(dom.paragraph(SIGN))
            node.insert_after(dom.paragraph(SIGNED))


def _signatures(body: LexborNode) -> Iterator[LexborNode]:
    waiting = [body]
    while waiting:
        node = waiting.pop()
        named = dom.names(node)
        if node.tag == "signature" or named & SIGNATURES or (node.attributes.get("id") or "").lower() in _IDS:
            yield node
        elif _SIGN_BREAK in named:
            after = node.next
            if after is not None and after.tag == "div":
                yield after
        else:
            waiting += list(node.iter(include_text=False))[::-1]


def delimit(text: str) -> str:
    """The laid-out text with a delimiter above each signature that has words above it; a blank quote ends it.

    Without words above it, what the container holds may be the writer's: phones put the cursor there.
    """
    above, *rest = text.split(SIGN)
    said = bool(_words(above))
    out = [above]
    for each in rest:
        signature, _, below = each.partition(SIGNED)
        if said and signature.strip():
            end = "" if _words(below)[:1] in ([], [BANNER]) else ">"
            out[-1] = _DASHES_BELOW.sub("", out[-1])
            out.append(f"\n\n-- \n{_DASHES_ABOVE.sub('', signature).strip()}\n\n{end}\n\n{below}")
        else:
            out.append(signature + below)
        said = said or bool(_words(each))
    return "".join(out)


def _words(text: str) -> list[str]:
    """The filled lines that are no places of quotes."""
    return [line for line in dom.filled(text) if not line.startswith(OPEN)]
