"""The better one of the two readings of a body: its plain text, or what its HTML shows.

The plain one is nearer to what was written, unless the HTML says more: pictures, quotes, signatures, paragraphs, or words and
addresses that the plain one has not. Then the plain one is a stub ("this mail is HTML"), or half of the mail. Words decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from html import unescape
from itertools import islice
from urllib.parse import unquote

from relay.mail.page import html, links
from relay.mail.parts.parse import Body
from relay.mail.text import reply, spacing

MANY = 8  # words that are missing in the plain text, of however many
SOME = 3  # of a text that has not many more
ADDRESSES = 100  # of the web that are looked for
_CID = re.compile(r"\[cid:([^\]\s]{1,300})\]", re.IGNORECASE)
_SHORT_CID = re.compile(r"\[cid:p\d+\]")
_DELIMITED = re.compile(r"(?m)^--[ \xa0]?\r?$")
_UNSHOWN = re.compile(
    r"<!--[^-]*+(?:-(?!->)[^-]*+)*+(?:-->)?|<(style|script|title)\b[^<]*+(?:<(?!/\1)[^<]*+)*+(?:</\1[^<>]*+>)?", re.IGNORECASE
)
_BREAKING = re.compile(r"(?i)<(?:/?(?:p|div|tr|td|th|li|h\d|blockquote|table|ul|ol|pre|dd|dt|center)\b|br|hr|img)[^<>]*>")
_TAG = re.compile(r"<[^<>]*>")
_HREF = re.compile(r"<a\s[^<>]{0,2000}?\bhref\s*=\s*[\"']?(https?://[^\"'\s<>]{1,500})", re.IGNORECASE)
_BEHIND = re.compile(r"<(https?://[^<>\s]{1,500})>", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>]{4,500}", re.IGNORECASE)
_URL = re.compile(r"\[cid:[^\]\s]*\]|https?://[^\s<>]+", re.IGNORECASE)
_LEAD = re.compile(r"(?m)^[ \t\xa0>]*(?:\d{1,6}[.)]|[*+•·o§-])\s+")
_UNSPACED = "\u0e00-\u0eff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff"  # writing without blanks, which is wrapped anywhere
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def better(body: Body, pictures: dict[str, str], forwarded: bool | None = None) -> str:
    """The text of a body in its better reading; `pictures` and `forwarded` as for `html.text` and `reply.split`."""
    plain = _CID.sub(lambda match: _short(match, pictures), body.plain or "")
    if body.html is None:
        return plain
    if not plain.strip():
        return html.text(body.html, pictures) or plain
    if html.is_monster(body.html):
        return plain
    if _says_more(body.html, plain, pictures):
        return html.text(body.html, pictures) or plain
    return _fuller(body.html, plain, pictures, forwarded)


def _short(match: re.Match[str], pictures: dict[str, str]) -> str:
    name = pictures.get(match[1])
    return f"[cid:{name}]" if name else match[0]


# ── by form ────────────────────────────────────────────────────────────────────────────────────────────────


def _says_more(source: str, plain: str, pictures: dict[str, str]) -> bool:
    if pictures and "cid:" in source and not _SHORT_CID.search(plain):
        return True
    unmarked = "\n>" not in plain and not plain.startswith(">")
    if (unmarked and html.has_quote(source)) or _tells_paragraphs(source, plain):
        return True
    return _DELIMITED.search(plain) is None and html.has_signature(source)


def _tells_paragraphs(source: str, plain: str) -> bool:
    """Whether lines that all stand alone in the plain text follow one another in the HTML: Outlook's."""
    return html.has_tight_paragraphs(source) and spacing.is_loose(reply.split(plain).text)


# ── by words ───────────────────────────────────────────────────────────────────────────────────────────────


def _fuller(source: str, plain: str, pictures: dict[str, str], forwarded: bool | None) -> str:
    """The plain text, or the HTML's where its new text has words or addresses that the plain one lacks."""
    said = _words(plain)
    if not (_words(_stripped(source)) - said or _lacks(plain, map(unescape, _HREF.findall(source)))):
        return plain
    laid_out = html.text(source, pictures)
    if "\ufffd" in laid_out and "\ufffd" not in plain:
        return plain
    shown, written = _new(laid_out, forwarded), _words(_new(plain, forwarded))
    words = _words(shown)
    missing = (words - said).total()
    if _is_much(missing, words.total()) or (missing and not written):
        return laid_out
    agree = not _is_much((words - written).total(), words.total())
    return laid_out if agree and _lacks(plain, _BEHIND.findall(shown)) else plain


def _is_much(missing: int, of: int) -> bool:
    return missing >= MANY or (missing >= SOME and missing * 5 >= of) or missing * 2 > of


def _new(text: str, forwarded: bool | None) -> str:
    found = reply.split(text, forwarded)
    return f"{found.text}\n{found.rest}\n{found.forwarded}"


def _words(text: str) -> Counter[str]:
    """The words of a text, however its lines run; without the signs of lists and addresses of the web."""
    return Counter(_WORD.findall(_LEAD.sub("", _URL.sub(" ", reply.clean(text))).casefold()))


def _stripped(source: str) -> str:
    """About the words of HTML, at little cost."""
    return unescape(_TAG.sub("", _BREAKING.sub("\n", _UNSHOWN.sub("", source))))


def _lacks(plain: str, addresses: Iterable[str]) -> bool:
    """Whether one of some addresses of the web is not in a text, be it without its scheme, or as what a scanner has wrapped."""
    low = plain.lower()
    wanted = islice(dict.fromkeys(addresses), ADDRESSES)
    unknown = [address for address in wanted if links.bare(address) not in low]
    told = {links.bare(address.rstrip(".,;:)>]")) for address in islice(_WEB.findall(plain), ADDRESSES)} if unknown else set()
    return any(not any(inner in unquote(unquote(address[8:])).lower() for inner in told) for address in unknown)
