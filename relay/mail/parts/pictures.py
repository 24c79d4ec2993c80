"""Pictures that may be a signature's: small, and placed by a mail program. Sent again by the same person, they are no files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from relay.mail.text import signature
from relay.model import Attachment, Mail

LARGEST = 50_000  # bytes: logos and icons have less; of photos and screenshots only few do
MOST = 30  # of one mail that are looked at: a signature has a logo and a row of icons
# Names that programs give: Outlook's numbers, Apple's, Mail.ru's, an unnamed part's; and what icons are called.
_GIVEN = re.compile(
    r"^(?:image(?:[-_ ]?\d{1,3})?|att\d{5,}|outlook-\w{1,40}|(?:mailru)?sigimg\w{0,40}|pastedgraphic-\d+"
    r"|(?:email[-_ ]?)?signature|(?:logo|icon)[-_ ]?\w{0,20}"
    r"|(?:facebook|fb|instagram|linkedin|twitter|telegram|whatsapp|viber|youtube|vk|skype|tiktok|xing)[-_ ]?\w{0,10}"
    r")\.(?:png|jpe?g|gif|bmp|webp|svg)$",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\[cid:(p\d+)\]")
_IMAGE = re.compile(r"<img src=\"cid:(p\d+)\">")
_MANY_BLANKS = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def suspects(mail: Mail) -> list[Attachment]:
    """The pictures of a mail that may belong to its author's signature; none when the mail says nothing else.

    A file with a name of its own is sent on purpose, and a picture between two sentences, or below a line that ends in a
    colon, is what they are about.
    """
    if not _MARKER.sub("", mail.text).strip():
        return []
    needed = set(_needed(mail.text))
    small = (file for file in mail.attachments if file.type.startswith("image/") and 0 < file.size <= LARGEST)
    return [file for file in small if (file.content_id or _GIVEN.match(file.name)) and file.content_id not in needed][:MOST]


def without(mail: Mail, known: Collection[str]) -> Mail:
    """The mail without those of its `suspects` whose SHA-256 is known, and without their markers in the text."""
    return _taken_out(mail, [file for file in suspects(mail) if file.sha256 in known])


def without_ours(mail: Mail, logos: Collection[str]) -> Mail:
    """The mail without pictures of our letters (by SHA-256) that its client has carried along; one sent on purpose has a name."""
    return _taken_out(
        mail, [file for file in mail.attachments if file.sha256 in logos and (file.content_id or _GIVEN.match(file.name))]
    )


def _taken_out(mail: Mail, gone: Sequence[Attachment]) -> Mail:
    """Without those files, and without what stands for them in the text."""
    if not gone:
        return mail
    markers = {f"[cid:{file.content_id}]" for file in gone if file.content_id}
    text = _MARKER.sub(lambda match: "" if match[0] in markers else match[0], mail.text)
    files = tuple(file for file in mail.attachments if not any(file is each for each in gone))
    html = _IMAGE.sub(lambda match: "" if f"[cid:{match[1]}]" in markers else match[0], mail.html)
    return replace(mail, text=_MANY_BLANKS.sub("\n\n", text).strip("\n"), html=html, attachments=files)


def _needed(text: str) -> Iterator[str]:
    """The short ids of the pictures that the words need."""
    above, waiting = "", list[str]()
    for line in text.splitlines():
        here, words = _MARKER.findall(line), _MARKER.sub("", line).strip()
        if words and here:
            yield from here  # within a line
        if words and signature.is_sentence(words):
            yield from waiting
            waiting.clear()
        if not words and above.endswith((":", "：")):
            yield from here
        elif not words:
            waiting += here
        above = words or above
