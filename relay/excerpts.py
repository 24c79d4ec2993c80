"""A letter that would be too long for the screen: its newest words, and the whole as a file beside them."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from relay.model import Attachment, Entry, Letter

LARGEST = 100_000  # bytes of the HTML part as it is sent; Gmail cuts a mail's HTML at 102 KB
SMALLER = (60_000, 30_000, 10_000, 3_000)  # bytes of entries in it, tried one after another
FRAME = 700  # bytes of what stands around the words of an entry


def newest(letter: Letter, most: int) -> tuple[Letter, int]:
    """The letter with its newest entries only, of so many bytes, and how many are left out; longer words are cut."""
    room, kept = most, list[Entry]()
    for entry in reversed(letter.entries):
        size = _size(entry.html or entry.text) + FRAME
        if size > room and kept:
            break
        kept.append(entry if size <= room else replace(entry, text=cut(entry.text, room), html=""))
        room -= size
    data = {**letter.data, **{name: cut(str(letter.data[name]), most) for name in ("text", "cut") if name in letter.data}}
    return replace(letter, entries=tuple(reversed(kept)), data=data), len(letter.entries) - len(kept)


def cut(text: str, most: int) -> str:
    """The first `most` bytes of a text, with … where it goes on."""
    if _size(text) <= most:
        return text
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").rstrip() + " …"


def as_file(name: str, text: str) -> Attachment:
    """A text as a file; by the mark at its beginning editors know the charset."""
    content = text.replace("\n", "\r\n").encode("utf-8-sig", "replace")
    return Attachment(name, "text/plain", len(content), sha256(content).hexdigest(), content=content)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
