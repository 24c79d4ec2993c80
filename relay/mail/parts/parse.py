"""Raw bytes → the parts of a mail: readings of its body, its files, what machines say in it.

The walk is our own: bodies of attached and returned mails are never read as this mail's, an alternative gives one reading, and
message/* parts stay closed, so that an attached mail is kept byte for byte and cannot be a bomb. What is packed otherwise
(`unpacking`) is opened on the way.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from email.feedparser import BytesFeedParser
from typing import Literal

from relay.mail.parts import charsets, coded, head, headers, invitation, kinds, limits, unpacking
from relay.mail.parts.flowed import unflow
from relay.mail.parts.part import Part, file_name

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
_ENRICHED = frozenset({"text/enriched", "text/richtext"})
_BODIES = frozenset({"text/plain", "text/html"}) | _ENRICHED
_CALENDAR = "text/calendar"
_ENTITIES = 4  # that are read anew: without their boundary, out of a signed part, out of winmail.dat
_TAG = re.compile(r"<[^<>]*>")
_PICTURE_TAG = re.compile(r"(?i)<img\b")
SAID = 200_000  # bytes of what a machine says that are looked at


@dataclass(slots=True)
class Body:
    """One stretch of a mail's body in one or two readings, either of which may be None; `picture`: it is a placed one."""

    plain: str | None = None
    html: str | None = None
    picture: bool = False


@dataclass(slots=True)
class Parts:
    """What a mail consists of; `bodies` follow one another, `machines` are the first of the parts in which machines speak.

    `spare` are bodies for a mail that has none of its own: of its winmail.dat, of its invitation. `anew` counts what was read
    anew.
    """

    message: Part
    bodies: list[Body] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    machines: dict[Word, Part] = field(default_factory=dict)
    spare: list[Body] = field(default_factory=list)
    anew: int = 0

    def inner(self) -> Parts:
        """An empty one for a part of this mail."""
        return Parts(self.message, machines=self.machines, anew=self.anew)

    def said(self, word: Word) -> str:
        """What a machine says in such a part, the first SAID bytes; "" where the mail has none."""
        return charsets.decode(self.machines[word].data()[:SAID]) if word in self.machines else ""


def parse(raw: bytes) -> Parts:
    """The parts of a raw mail. Raises Refused(554, "5.6.0", …) over the structural limits."""
    message = _entity(raw)
    parts = Parts(message)
    _walk(message, parts, in_report=False)
    if parts.spare and not any(_says_something(body) for body in parts.bodies):
        parts.bodies.append(parts.spare[0])
    parts.files = unpacking.without_repeats(parts.files)
    return parts


def _entity(raw: bytes) -> Part:
    """What `email.message_from_bytes` gives; a body that has no parts is not taken apart into its lines."""
    raw = head.even(raw)
    limits.check(raw)
    end = head.end(raw)
    entity = _parsed(raw[:end])
    if entity.get_content_maintype() == "multipart" or entity.get_payload():  # of a header that no empty line ends
        return _parsed(raw)
    entity.set_payload(raw[end:].decode("ascii", "surrogateescape"))
    return entity


def _parsed(raw: bytes) -> Part:
    """All at once: fed 8 KB at a time, the parser takes half as long again."""
    try:
        parser = BytesFeedParser(Part)
        parser.feed(raw)
        return parser.close()
    except RecursionError:
        raise limits.refused("its parts are nested too deep") from None


def _walk(part: Part, parts: Parts, in_report: bool) -> None:
    """Sort a part into bodies, files and what machines say.

    Depth is bounded by `limits`, and by `_ENTITIES` where one is read anew.
    """
    kind = part.kind
    if kind == "multipart/alternative" and part.is_multipart():
        _alternative(part, parts)
    elif part.is_multipart():
        for child in part.children():
            if kind == "multipart/mixed" and _is_bare_picture(child):
                parts.bodies.append(_place(child))
            _walk(child, parts, in_report or kind == "multipart/report")
    elif kind in _MACHINES and (in_report or _MACHINES[kind] in ("delivery", "reaction")):
        parts.machines.setdefault(_MACHINES[kind], part)
    elif in_report and kind in _RETURNED:
        parts.machines.setdefault("returned", part)
    elif entity := _read_anew(part, parts):
        _walk(entity, parts, in_report)
    elif kind.startswith("multipart/") or _is_body(part):
        _body(part, parts)
    else:
        _file(part, parts)


def _alternative(part: Part, parts: Parts) -> None:
    """The children's readings side by side; files among them (pictures, a calendar) are files."""
    body = Body()
    for child in part.children():
        if unpacking.is_other_reading(child):
            continue
        inner = parts.inner()
        _walk(child, inner, in_report=False)
        body.plain = _joined(inner.bodies, "plain") if body.plain is None else body.plain
        body.html = _joined(inner.bodies, "html") if body.html is None else body.html
        parts.files.extend(inner.files)
        parts.spare.extend(inner.spare)
        parts.anew = inner.anew
    if body.plain is not None or body.html is not None:
        parts.bodies.append(body)


def _joined(bodies: list[Body], reading: Literal["plain", "html"]) -> str | None:
    """One reading of bodies that follow one another, None where no text has it."""
    found = [(body, text) for body in bodies if (text := body.plain if reading == "plain" else body.html) is not None]
    return "\n".join(text for _, text in found) if any(not body.picture for body, _ in found) else None


def _is_bare_picture(part: Part) -> bool:
    """A picture to be shown where it stands, with nothing to name it by: a photo in a mail from a phone."""
    if part.disposition != "inline" or "content-id" in part:
        return False
    octets = part.kind == "application/octet-stream"
    return part.kind.startswith("image/") or (octets and kinds.of(part.kind, part.data()).startswith("image/"))


def _place(picture: Part) -> Body:
    """Give a picture a Content-ID; the stretch of the body that names it."""
    picture.placed = uuid.uuid4().hex
    picture["Content-ID"] = f"<{picture.placed}>"
    return Body(f"[cid:{picture.placed}]", f'<p><img src="cid:{picture.placed}"></p>', picture=True)


def _read_anew(part: Part, parts: Parts) -> Part | None:
    """The entity that a part holds and the parser could not see: one signed and packed, a multipart whose boundary is lost."""
    if parts.anew >= _ENTITIES:
        return None
    raw = unpacking.hidden_entity(part, is_whole=part is parts.message)
    if raw is None:
        return None
    parts.anew += 1
    return _entity(raw)


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────


def _is_body(part: Part) -> bool:
    if part.kind not in _BODIES or part.bare is not None:
        return False
    disposition = str(part.get("content-disposition", "")).lower()
    named = "name" in str(part.get("content-type", "")).lower().partition(";")[2] or "filename" in disposition
    return not disposition.lstrip().startswith("attachment") and not (named and file_name(part))


def _body(part: Part, parts: Parts) -> None:
    """The text of a part, and the files written into it."""
    data, found = coded.split(part.data()) if part.kind != "text/html" else (part.data(), [])
    text = _text(part, data)
    if part.kind == "text/html" or (part.kind.startswith("multipart/") and kinds.is_page(text)):
        parts.bodies.append(Body(html=text))
    else:
        parts.bodies.append(Body(plain=text))
    for name, content in found:
        _file(Part.of("application/octet-stream", content, charsets.decode(name)), parts)


def _text(part: Part, data: bytes) -> str:
    declared = part.parameter("charset")
    if part.kind == "text/html" and charsets.is_vague(declared):
        declared = charsets.of_page(data) or declared
    text = charsets.decode(data, declared)
    if part.kind in _ENRICHED:
        return _TAG.sub("", text)
    if part.kind == "text/plain" and part.parameter("format").lower() == "flowed":
        return unflow(text, part.parameter("delsp").lower() == "yes")
    return text


def _says_something(body: Body) -> bool:
    page = _TAG.sub("", _PICTURE_TAG.sub("picture <", body.html or "")).replace("&nbsp;", "")
    return bool((body.plain or "").strip() or page.strip())


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────


def _file(part: Part, parts: Parts) -> None:
    """A part that is no body: a file, several in one, or nothing that anybody wants."""
    if parts.anew < _ENTITIES and (opened := unpacking.outlook(part)):
        plain, html, files = opened
        parts.anew += 1
        parts.files.extend(files)
        if plain is not None or html is not None:
            parts.spare.insert(0, Body(plain, html))
        return
    if unpacking.is_wrapping(part):
        return
    parts.files.append(unpacking.forked(part))
    if part.kind == _CALENDAR:
        author = next(iter(headers.addresses(parts.message, "from")), "")
        parts.spare.append(Body(invitation.text(charsets.decode(part.data(), part.parameter("charset")), author)))
