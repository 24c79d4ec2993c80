"""What a person wrote, as HTML: escaped, with its lines, spaces, links and inline pictures. Text is data, never markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

# A marker of an inline picture, or an address of the web; format and control characters end an address.
_TOKENS = re.compile(
    r"\[cid:(?P<picture>[A-Za-z0-9._-]+)\]"
    r"|(?<!\w)(?P<url>https?://[^\s<>\"“”«»\x00-\x20\x7f\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\[cid:([A-Za-z0-9._-]+)\]")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_LINK = Markup('<a href="{0}">{0}</a>')
_IMAGE = Markup('<img src="cid:{}" alt="{}" style="max-width:100%;height:auto;">')


@dataclass(frozen=True, slots=True)
class Picture:
    """An inline picture of a letter: its Content-ID without brackets, and its file name."""

    content_id: str
    name: str


def markers(text: str) -> frozenset[str]:
    """The short ids of the inline pictures that the text names: `[cid:p1]` names "p1"."""
    return frozenset(_MARKER.findall(text))


def to_text(text: str, names: Mapping[str, str]) -> str:
    """The text with the markers of known pictures as `[name.png]`; any other marker is the writer's own text."""
    return _MARKER.sub(lambda match: f"[{names[match[1]]}]" if match[1] in names else match[0], text)


def to_html(text: str, pictures: Mapping[str, Picture]) -> Markup:
    """The text as safe HTML: line breaks and runs of spaces kept, http(s) addresses as links, markers as `<img>`."""
    done, at = [], 0
    for match in _TOKENS.finditer(text):
        token, url = Markup(""), match["url"]
        if url:
            url = _without_punctuation(url)
            token = _LINK.format(url)
        elif match["picture"] in pictures:
            picture = pictures[match["picture"]]
            token = _IMAGE.format(picture.content_id, picture.name)
        if token:
            done += [_plain(text[at : match.start()]), token]
            at = match.start() + len(url) if url else match.end()
    return Markup("").join([*done, _plain(text[at:])])


def _plain(text: str) -> Markup:
    spaced = re.sub(r"(?m)^ | (?= )", "\xa0", text.replace("\t", "    "))
    return Markup(str(escape(spaced)).replace("\n", "<br>\n").replace("\xa0", "&nbsp;"))  # noqa: S704 - escaped just before


def _without_punctuation(url: str) -> str:
    """The address without the sentence's punctuation after it; a closing bracket stays when the address opened it."""
    while url[-1] in ".,;:!?'…" or (url[-1] in _PAIRS and url.count(url[-1]) > url.count(_PAIRS[url[-1]])):
        url = url[:-1]
    return url
