"""A letter that has landed in a mailbox, as its reader's mail client sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from functools import cached_property
from html import unescape
from urllib.parse import parse_qs, unquote

from relay.mail.parts.flowed import unflow

FOOTER = "— — —"  # what the relay adds to everyone's words stands below this line
_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL | re.IGNORECASE)
_MAILTO = re.compile(r'href="mailto:([^"?]+)\?([^"]+)"')
_NOTE = re.compile(r"\bn-[a-z2-7]{26}@[\w.-]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a letter; `content_id` (without angle brackets) is set for a picture in the text."""

    name: str
    type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Author:
    """Who a letter says that it is from."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A mail that a click on one of the letter's links begins."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Landed:
    """One letter: whose it is, in which mailbox, and its bytes as they came over SMTP (CRLF)."""

    to: str
    mailbox: str
    sender: str
    raw: bytes = field(repr=False)

    @cached_property
    def message(self) -> EmailMessage:
        """The letter, parsed by the standard library."""
        return message_from_bytes(self.raw, policy=policy.default)

    @cached_property
    def author(self) -> Author:
        """Name and address of From."""
        name, address = parseaddr(self.header("From"))
        return Author(name, address)

    def header(self, name: str) -> str:
        """A header's value in words; "" if there is none."""
        # Not by the newer policy: in Python 3.11 it puts blanks between the encoded words of a name.
        found = BytesHeaderParser().parsebytes(self.raw)[name]
        return str(make_header(decode_header(str(found)))) if found is not None else ""

    @property
    def subject(self) -> str:
        """The subject in words."""
        return self.header("Subject")

    @property
    def message_id(self) -> str:
        """With angle brackets."""
        return str(self.message["Message-ID"]).strip()

    @property
    def references(self) -> list[str]:
        """The ids of References."""
        return str(self.message.get("References", "")).split()

    @property
    def date(self) -> datetime:
        """When the relay wrote it."""
        at: datetime = self.message["Date"].datetime
        return at

    @cached_property
    def text(self) -> str:
        """The whole plain text."""
        return self._body("plain")

    @cached_property
    def html(self) -> str:
        """The whole HTML document."""
        return self._body("html")

    @property
    def html_body(self) -> str:
        """What is within its body: that is what clients quote."""
        found = _BODY.search(self.html)
        return found[1].strip() if found else self.html

    @property
    def words(self) -> str:
        """What people wrote: the plain text without what the relay adds below."""
        return self.text.partition(FOOTER)[0].strip("\n")

    @property
    def first_line(self) -> str:
        """The first of these lines."""
        return next((line for line in self.words.split("\n") if line.strip()), "")

    @property
    def is_automatic(self) -> bool:
        """Whether the relay itself writes, and not a person through it."""
        return self.message["Auto-Submitted"] is not None

    @property
    def links(self) -> tuple[Offer, ...]:
        """All that it offers as one click each, the commands in its footer among it."""
        links = [(unquote(to), parse_qs(unescape(query))) for to, query in _MAILTO.findall(self.html)]
        found = [Offer(to, query["subject"][0], query["body"][0].strip()) for to, query in links if "body" in query]
        return tuple(dict.fromkeys(found))

    @property
    def note_address(self) -> str:
        """The note address that the letter tells its reader; "" if none."""
        found = _NOTE.search(self.text)
        return found[0] if found else ""

    @cached_property
    def files(self) -> tuple[Part, ...]:
        """Attachments and pictures."""
        return tuple(
            Part(
                name=part.get_filename() or "unnamed",
                type=part.get_content_type(),
                content=bytes(part.get_payload(decode=True) or b""),
                content_id=str(part.get("Content-ID", "")).strip(" <>"),
            )
            for part in self.message.walk()
            if not part.is_multipart() and (part.get_filename() or part.get_content_maintype() != "text")
        )

    @property
    def legible(self) -> str:
        """What a reader sees of it on the screen."""
        return "\n".join([self.author.name, self.subject, self.text, self.html, *(file.name for file in self.files)])

    @cached_property
    def everything(self) -> str:
        """All that a reader could find in the letter: the raw bytes, and headers, texts and file names decoded."""
        headers = [f"{name}: {self.header(name)}" for name in self.message]
        names = [file.name for file in self.files]
        return "\n".join([self.raw.decode("utf-8", "replace"), *headers, self.text, self.html, *names])

    def _body(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        if part is None:
            return ""
        content = str(part.get_content()).replace("\r\n", "\n")
        return unflow(content) if part.get_param("format") == "flowed" else content
