"""RTF: properties, private data and the people of comments and changes go; pictures are cleaned. Microsoft RTF 1.9.1.

A file with embedded objects or binary data cannot be cleaned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from relay.cleaning.inside import Inside, Uncleanable

# A brace, or the word that a group begins with; escaped braces and backslashes are skipped.
_TOKEN = re.compile(rb"\\[\\{}]|[{}]")
_WORD = re.compile(rb"\{\s*(?:\\\*\s*)?\\([a-z]+)")
_DROPPED = frozenset(
    {b"info", b"userprops", b"template", b"docvar", b"generator", b"datastore", b"protusertbl", b"atnid", b"atnauthor"}
    | {b"mailmerge", b"xmlnstbl", b"passwordhash", b"writereservhash", b"windowcaption", b"filetbl", b"factoidname"}
    | {b"annotation_author", b"oldas", b"atndate", b"blipuid", b"private"}
)
_REFUSED = re.compile(rb"\\(?:bin\d|objdata|objemb|object\b)")
_PICTURE = re.compile(rb"\\(?:jpegblip|pngblip)\b")
_PICTURE_START = re.compile(rb"ffd8ff|89504e47", re.IGNORECASE)
_HEX = b"0123456789ABCDEFabcdef \t\r\n"
_REVISORS = re.compile(rb"\{\s*(?:\\\*\s*)?\\revtbl\s*(?:\{[^{}]*\}\s*)*\}")
_REVISOR = re.compile(rb"\{[^{}]*\}")
_MAX_GROUPS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Group:
    """A group, by the places of its braces, and the word it begins with."""

    start: int
    end: int
    word: bytes


def clean(content: bytes, inside: Inside) -> bytes:
    """The document without its makers. Raises Uncleanable where the groups cannot be followed, or hold other files."""
    deeper = inside.deeper()
    if _REFUSED.search(content) or content.count(b"{") > _MAX_GROUPS:
        raise Uncleanable("RTF: with embedded objects, or too many groups")
    *special, whole = _groups(content)
    kept, at = list[bytes](), 0
    for group in sorted(special, key=lambda group: group.start):
        if group.start >= at:
            kept += [content[at : group.start], _rewritten(content[group.start : group.end], group.word, deeper)]
            at = group.end
    return b"".join([*kept, content[at : whole.end]])


def _groups(content: bytes) -> list[_Group]:
    """The groups that are dropped or rewritten, in the order they end; the last is the document."""
    found, opened = list[_Group](), list[tuple[int, bytes]]()
    for token in _TOKEN.finditer(content):
        if token[0] == b"{":
            word = _WORD.match(content, token.start())
            opened.append((token.start(), word[1] if word else b""))
        elif token[0] == b"}":
            start, name = opened.pop()
            if not opened or name in _DROPPED or name in (b"revtbl", b"pict"):
                found.append(_Group(start, token.end(), name))
            if not opened:
                return found
    raise Uncleanable("RTF: a group without an end")


def _rewritten(group: bytes, word: bytes, inside: Inside) -> bytes:
    if word == b"revtbl":  # changes name their author by the place in this list
        if not _REVISORS.fullmatch(group):
            raise Uncleanable("RTF: a list of authors that cannot be read")
        return b"{" + _REVISOR.sub(b"{Author;}", group[1:-1]) + b"}"
    return _picture(group, inside) if word == b"pict" else b""


def _picture(group: bytes, inside: Inside) -> bytes:
    """The picture clean, where it is a JPEG or PNG file: hexadecimal digits at the end of its group."""
    if not _PICTURE.search(group):
        return group
    digits = group[len(group[:-1].rstrip(_HEX)) : -1]
    start = _PICTURE_START.search(digits)
    if not start:
        raise Uncleanable("RTF: a picture that cannot be read")
    before = group[: len(group) - 1 - len(digits) + start.start()]
    return before + inside.clean(bytes.fromhex(digits[start.start() :].decode("ascii"))).hex().encode() + b"}"
