"""A link of a mail's HTML: whether its words say where it leads, what is to be said behind them, and where it may lead.

What a reader sees must be true: words that are an address are never a link to another one.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

LONGEST = 500  # characters of an address that is said behind the words
# Format and control characters, blanks and what ends an attribute are no part of an address.
_CLEAN = r"[^\s<>\"`\x00-\x20\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ue000-\ue0ff]"
_WEB = re.compile(rf"https?://{_CLEAN}{{1,1990}}", re.IGNORECASE)
_ANY = re.compile(rf"(?:https?://|mailto:|tel:){_CLEAN}{{1,1990}}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|(?:[\w-]{1,63}\.){1,9}[^\W\d_][\w-]{1,62}(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://(?:www\.)?|^www\.", re.IGNORECASE)
_MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^{|}~-]{1,100}@[\w.-]{1,250}")
_PHONE = re.compile(r"\+?[\d\s().-]{3,40}")


def behind(href: str, words: str) -> str:
    """What is said behind a link's words, " <https://…>"; "" where they say it themselves, or it is no address of the web."""
    href, words = href.strip(), words.strip()
    spoken = words and len(href) <= LONGEST and href.lower().startswith(("http://", "https://"))
    return f" <{href}>" if spoken and not (is_address(words) and (_leads_there(href, words) or _wraps(href, words))) else ""


def target(href: str, words: str) -> str:
    """Where a link with those words may lead: its own address or, where a mail scanner has wrapped it, that of its words.

    "" where it may not be a link: another scheme than http, https, mailto and tel, words that are another address, and a mailbox
    or number that they do not say.

    >>> target("https://a.example/x", "the manual"), target("https://evil.example", "https://bank.example")
    ('https://a.example/x', '')
    >>> target("mailto:Ivan@a.example?subject=x", "ivan@a.example"), target("mailto:ivan@a.example", "Ivan")
    ('mailto:ivan@a.example', '')
    """
    href, words = href.strip(), words.strip()
    scheme = href.partition(":")[0].lower()
    if scheme == "mailto":
        return f"mailto:{words}" if _MAILBOX.fullmatch(words) and _mailbox(href) == words.lower() else ""
    if scheme == "tel":
        number = re.sub(r"[^+\d]", "", words)
        return f"tel:{number}" if _PHONE.fullmatch(words) and number == re.sub(r"[^+\d]", "", href) else ""
    if not _WEB.fullmatch(href):
        return ""
    if not is_address(words) or _leads_there(href, words):
        return href
    wrapped = words if "://" in words else f"http://{words}"
    return wrapped if _wraps(href, words) and _WEB.fullmatch(wrapped) else ""


def is_sound(href: str) -> bool:
    """Whether an address is of a scheme that links may have, and has nothing in it that does not belong there."""
    return _ANY.fullmatch(href) is not None


def is_address(words: str) -> bool:
    """Whether the words are an address of the web, or look like one."""
    return _ADDRESS.fullmatch(words.strip()) is not None


def bare(address: str) -> str:
    """An address of the web in lower case, without its scheme, "www." and what may stand at its end."""
    host, slash, path = _SCHEME.sub("", address.strip()).rstrip("/.,;:").partition("/")
    return f"{host}{slash}{unquote(path)}".lower()


def _leads_there(href: str, words: str) -> bool:
    """Whether the address is the one that the words say, or one below it."""
    said, real = bare(words), bare(href)
    return real.startswith(said) and (len(real) == len(said) or real[len(said)] in "/?#")


def _wraps(href: str, words: str) -> bool:
    """Whether the address has that of the words in it, as mail scanners and trackers write it."""
    inner = unquote(unquote(href[8:])).lower()
    return any(f"://{start}{bare(words)}" in inner for start in ("", "www."))


def _mailbox(href: str) -> str:
    return unquote(href[len("mailto:") :].partition("?")[0]).strip().lower()
