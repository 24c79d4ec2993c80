"""Raw bytes → the parts of a mail: readings of its body, its files, what machines say in it.

The walk is our own: bodies of attached and returned mails are never read as this mail's, an alternative gives one reading, and
message/* parts stay closed, so that an attached mail is kept byte for byte and cannot be a bomb.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.feedparser import BytesFeedParser
from email.message import Message
from typing import Literal

from relay.mail import charsets, headers, limits

_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
Word = Literal["delivery", "disposition", "feedback", "reaction", "returned"]
# Parts in which a machine speaks to a machine; a report's returned mail is one, but anywhere else it is a file.
_MACHINES: dict[str, Word] = {
    "message/delivery-status": "delivery",
    "message/global-delivery-status": "delivery",
    "message/disposition-notification": "disposition",
    "message/global-disposition-notification": "disposition",
    "message/feedback-report": "feedback",
    "text/vnd.google.email-reaction+json": "reaction",
}
_RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_BODIES = frozenset({"text/plain", "text/html"})
SAID = 200_000


class Part(Message):
    """A MIME part whose message/* stays closed: for the parser it is a leaf, `kind` says what it is.

    `placed` is the Content-ID given to a picture that had none and stands among the texts; else "".
    """

    placed = ""

    def get_content_type(self) -> str:
        """The type for the parser: never message/*, nor a multipart without a boundary."""
        kind = self.kind
        return "application/octet-stream" if kind.startswith("message/") else kind

    @property
    def kind(self) -> str:
        """The declared type, lower case, with the RFC 2045 §5.2 defaults."""
        return super().get_content_type()

    def data(self) -> bytes:
        """The decoded bytes; of a malformed encoding what there is."""
        payload = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""


@dataclass(slots=True)
class Body:
    """One stretch of a mail's body in one or two readings, either of which may be None; `picture`: it is a placed one."""

    plain: str | None = None
    html: str | None = None
    picture: bool = False


@dataclass(slots=True)
class Parts:
    """What a mail consists of; `bodies` follow one another, `machines` are the first of the parts in which machines speak."""

    message: Part
    bodies: list[Body] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    machines: dict[Word, Part] = field(default_factory=dict)

    def said(self, word: Word) -> str:
        """What a machine says in such a part, the first SAID bytes; "" where the mail has none."""
        return charsets.decode(self.machines[word].data()[:SAID]) if word in self.machines else ""


def parse(raw: bytes) -> Parts:
    """The parts of a raw mail. Raises Refused(554, "5.6.0", …) over the structural limits."""
    limits.check(raw)
    try:
        message = _message(raw)
    except RecursionError:
        raise limits.refused("its parts are nested too deep") from None
    parts = Parts(message)
    _walk(message, parts, in_report=False)
    return parts


def _message(raw: bytes) -> Part:
    """What `email.message_from_bytes` gives, which feeds the parser 8 KB at a time and takes half as long again."""
    parser = BytesFeedParser(Part)
    parser.feed(raw)
    return parser.close()


def _children(part: Part) -> list[Part]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []


def _walk(part: Part, parts: Parts, in_report: bool) -> None:
    """Sort a part into bodies, files and what machines say; depth is bounded by `limits`."""
    kind = part.kind
    if kind == "multipart/alternative" and part.is_multipart():
        _alternative(part, parts)
    elif part.is_multipart():
        for child in _children(part):
            if kind == "multipart/mixed" and _is_bare_picture(child):
                parts.bodies.append(_place(child))
            _walk(child, parts, in_report or kind == "multipart/report")
    elif kind in _MACHINES and (in_report or _MACHINES[kind] in ("delivery", "reaction")):
        parts.machines.setdefault(_MACHINES[kind], part)
    elif in_report and kind in _RETURNED:
        parts.machines.setdefault("returned", part)
    elif _is_body(part):
        text = _text(part)
        parts.bodies.append(Body(html=text) if kind == "text/html" else Body(plain=text))
    elif kind not in _SIGNATURES and not kind.startswith("multipart/"):
        parts.files.append(part)


def _alternative(part: Part, parts: Parts) -> None:
    """The children's readings side by side; files among them (pictures, a calendar) are files."""
    body = Body()
    for child in _children(part):
        inner = Parts(parts.message, machines=parts.machines)
        _walk(child, inner, in_report=False)
        body.plain = _joined(inner.bodies, "plain") if body.plain is None else body.plain
        body.html = _joined(inner.bodies, "html") if body.html is None else body.html
        parts.files.extend(inner.files)
    if body.plain is not None or body.html is not None:
        parts.bodies.append(body)


def _joined(bodies: list[Body], reading: Literal["plain", "html"]) -> str | None:
    """One reading of bodies that follow one another, None where no text has it."""
    found = [(body, text) for body in bodies if (text := body.plain if reading == "plain" else body.html) is not None]
    return "\n".join(text for _, text in found) if any(not body.picture for body, _ in found) else None


def _is_bare_picture(part: Part) -> bool:
    """A picture to be shown where it stands, with nothing to name it by: a photo in a mail from a phone."""
    disposition = str(part.get("content-disposition", "")).lower().partition(";")[0].strip()
    return part.kind.startswith("image/") and disposition == "inline" and "content-id" not in part


def _place(picture: Part) -> Body:
    """Give a picture a Content-ID; the stretch of the body that names it."""
    picture.placed = uuid.uuid4().hex
    picture["Content-ID"] = f"<{picture.placed}>"
    return Body(f"[cid:{picture.placed}]", f'<p><img src="cid:{picture.placed}"></p>', picture=True)


def _is_body(part: Part) -> bool:
    if part.kind not in _BODIES:
        return False
    disposition = str(part.get("content-disposition", "")).lower()
    named = "name" in str(part.get("content-type", "")).lower().partition(";")[2] or "filename" in disposition
    return not disposition.lstrip().startswith("attachment") and not (named and file_name(part))


def file_name(part: Message) -> str:
    """The raw file name of a part (RFC 2231 decoded, RFC 2047 not), or ""."""
    view = Message()
    for field_name, raw in part.raw_items():
        if field_name.lower() in ("content-disposition", "content-type") and field_name not in view:
            view[field_name] = headers.unsurrogated(str(raw))
    try:
        return view.get_filename() or ""
    except (ValueError, LookupError, TypeError, AttributeError):  # mangled parameters
        return ""


# ── text ───────────────────────────────────────────────────────────────────────────────────────────────────


def _text(part: Part) -> str:
    text = charsets.decode(part.data(), _parameter(part, "charset"))
    if part.kind == "text/plain" and _parameter(part, "format").lower() == "flowed":
        return unflow(text, _parameter(part, "delsp").lower() == "yes")
    return text


def _parameter(part: Part, name: str) -> str:
    try:
        value = part.get_param(name, "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(value[2] if isinstance(value, tuple) else value or "").strip()


_QUOTE_DEPTH = re.compile(r">*")


def unflow(text: str, delsp: bool = False) -> str:
    """format=flowed text with its soft line breaks joined (RFC 3676); quotes keep their `>`."""
    return "\n".join(_paragraphs(text.replace("\r\n", "\n").split("\n"), delsp))


def _paragraphs(lines: list[str], delsp: bool) -> Iterator[str]:
    gathered: list[str] = []
    depth = 0
    for line in lines:
        mark = _QUOTE_DEPTH.match(line)
        level = mark.end() if mark else 0
        content = line[level:].removeprefix(" ")
        if gathered and (level != depth or content == "-- "):
            yield _quoted(depth, "".join(gathered))
            gathered = []
        depth = level
        soft = content.endswith(" ") and content != "-- "
        gathered.append(content[:-1] if soft and delsp else content)
        if not soft:
            yield _quoted(depth, "".join(gathered))
            gathered = []
    if gathered:
        yield _quoted(depth, "".join(gathered))


def _quoted(depth: int, text: str) -> str:
    return f"{'>' * depth} {text}" if depth else text
