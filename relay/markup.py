"""What a person wrote, as HTML: escaped, with its lines, spaces, links and inline pictures. Text is data, never markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
_SHORT_IMAGE = re.compile(r'<img src="cid:([A-Za-z0-9._-]+)">')
_START = re.compile(r"<(table|th|td|p|ul|ol|pre|blockquote|h[1-6]|hr)((?: [a-z]+=\"[^\"]*\")*)>")
# How the tags of `mail.structure` look in a letter; mail clients take styles from the tag alone.
_STYLES = {
    "table": "border-collapse:collapse;margin:8px 0;",
    "th": "padding:4px 10px;border:1px solid #999999;vertical-align:top;",
    "td": "padding:4px 10px;border:1px solid #999999;vertical-align:top;",
    "p": "margin:0 0 12px 0;",
    "ul": "margin:4px 0;padding-left:28px;",
    "ol": "margin:4px 0;padding-left:28px;",
    "pre": "margin:8px 0;font-family:Consolas,Menlo,monospace;font-size:14px;white-space:pre-wrap;",
    "blockquote": "margin:4px 0 4px 28px;",
    "h1": "margin:16px 0 8px 0;font-size:20px;",
    "h2": "margin:16px 0 8px 0;font-size:18px;",
    "hr": "border:0;border-top:1px solid #999999;",
}
_SMALL_HEADING = "margin:12px 0 8px 0;font-size:16px;"
_TABLE = ' cellpadding="0" cellspacing="0" border="0"'
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


def without_pictures(text: str) -> str:
    """The text without any marker."""
    return _MARKER.sub("", text)


def to_html(text: str, pictures: Mapping[str, Picture]) -> Markup:
    """The text as safe HTML: line breaks and runs of spaces kept, http(s) addresses as links, markers as `<img>`."""
    return _joined(text, pictures, _plain)


def styled(fragment: str, pictures: Mapping[str, Picture], names: Mapping[str, str]) -> Markup:
    """Safe HTML of `mail.structure` as a letter shows it: its pictures by their ids there, or by `names` as [name.png].

    It must be what `structure.sanitised` gives; only styles of our own are put in.
    """

    def image(match: re.Match[str]) -> str:
        if picture := pictures.get(match[1]):
            return str(_IMAGE.format(picture.content_id, picture.name))
        return str(escape(f"[{names.get(match[1], f'cid:{match[1]}')}]"))

    def dressed(match: re.Match[str]) -> str:
        tag = match[1]
        return f'<{tag}{match[2]}{_TABLE if tag == "table" else ""} style="{_STYLES.get(tag, _SMALL_HEADING)}">'

    return Markup(_START.sub(dressed, _SHORT_IMAGE.sub(image, fragment)))  # noqa: S704 - sanitised when it was read


def linked(text: str) -> Markup:
    """The text escaped, its http(s) addresses as links."""
    return _joined(text, {}, escape)


def _joined(text: str, pictures: Mapping[str, Picture], plain: Callable[[str], Markup]) -> Markup:
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
            done += [plain(text[at : match.start()]), token]
            at = match.start() + len(url) if url else match.end()
    return Markup("").join([*done, plain(text[at:])])


def _plain(text: str) -> Markup:
    spaced = re.sub(r"(?m)^ | (?= )", "\xa0", text.replace("\t", "    "))
    return Markup(str(escape(spaced)).replace("\n", "<br>\n").replace("\xa0", "&nbsp;"))  # noqa: S704 - escaped just before


def _without_punctuation(url: str) -> str:
    """The address without the sentence's punctuation after it; a closing bracket stays when the address opened it."""
    while url[-1] in ".,;:!?'…" or (url[-1] in _PAIRS and url.count(url[-1]) > url.count(_PAIRS[url[-1]])):
        url = url[:-1]
    return url
