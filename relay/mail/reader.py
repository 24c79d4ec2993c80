"""One raw mail → one `model.Mail`: the way it is read, step by step."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from relay.mail import commands, readings
from relay.mail.machines import absence, automatic, bounces
from relay.mail.page import html, rich
from relay.mail.parts import attachments, headers
from relay.mail.parts.parse import Body, Parts, parse
from relay.mail.parts.part import Part
from relay.mail.seals import reading
from relay.mail.text import phrases, reply
from relay.mail.text.reply import Reply
from relay.model import Attachment, Bounce, Command, Contact, Mail, MailKind, Text
from relay.settings import PROGRAMS

_SHORT_CID = re.compile(r"\[cid:(p\d+)\]")
_INDEX = 200  # characters of Thread-Index that are kept: its beginning tells the conversation
_END = 4000  # characters at the end of a long text in which commands are looked for
_PIECE = re.compile(r".{1,1000000}\S*+", re.DOTALL)  # of a text, cut between words
_PREFIX = re.compile(r"^\s*(?:\[[^\]]{1,40}\]\s*)*([^\W\d_]{1,12}(?: [^\W\d_]{1,6})?)(?:\[\d+\]|\^\d+)?\s*[:：]")


def read(raw: bytes, sent: Sequence[str] = (), withhold: frozenset[str] = PROGRAMS) -> Mail:
    """What the relay reads out of one raw mail (RFC 5322 bytes).

    `sent` are the plain texts of letters that its writer has had from us, the latest first: their copies are history.
    `withhold` are the extensions of files that nobody gets.

    Raises Refused(554, "5.6.0", …) for more or fewer than one From, a From that is not exactly one whole mailbox, and
    over the structural limits (`limits`), Refused(554, "5.4.6", …) for too many hops; nothing else.
    """
    parts = parse(raw)
    message = parts.message
    author = headers.author(message, raw)
    subject = headers.first(message, "subject")
    pictures = attachments.inline(parts.files, _sources(parts.bodies))
    placed = frozenset(pictures[part.placed] for part in parts.files if part.placed in pictures)
    whole, found = _read_bodies(parts.bodies, pictures, _is_forward(subject, message), placed, sent)
    kind, bounce = _kind(parts, author, whole, found.text)
    text, given, unknown = _commanded(found)
    given, unknown = _with_subject(subject, given, unknown)
    if all(command.word != "internal" for command in given):
        given = (*given, *_guards(parts.bodies, _is_forward(subject, message), sent))
    files = attachments.read(parts.files, pictures, withhold)
    signatures, sealing = reading.read(raw, message)
    references = headers.ids(message, "references", "in-reply-to")
    return Mail(
        kind=kind,
        author=author,
        subject=subject,
        date=headers.first(message, "date"),
        message_id=next(iter(headers.ids(message, "message-id")), ""),
        references=references,
        answers=headers.ids(message, "in-reply-to"),
        to=headers.addresses(message, "to", "cc"),
        text=text,
        html=_structure(parts.bodies, text, pictures, _is_forward(subject, message), placed=placed, sent=sent)
        if kind == "reply"
        else "",
        quoted=found.quoted,
        signature=found.signature,
        commands=given,
        unknown=unknown,
        attachments=_of_this_mail(files, found, placed),
        bounce=bounce,
        content=_fingerprint(author.address, subject, whole, files),
        loops=tuple(headers.decoded(value) for value in headers.values(message, "x-relay-loop")),
        answered=found.answered,
        absence=absence.read(f"{subject}\n{text}", headers.first(message, "date")) if kind == "auto-reply" else None,
        emoji=automatic.emoji(parts, found.text) if kind == "reaction" else "",
        signatures=signatures,
        sealing=sealing,
        thread_index=headers.first(message, "thread-index")[:_INDEX],
    )


def _kind(parts: Parts, author: Contact, whole: str, text: str) -> tuple[MailKind, Bounce | None]:
    bounce = bounces.find(parts, whole)
    return ("bounce", bounce) if bounce else (automatic.kind(parts, author, text), None)


# ── a body without headers, for `relay read` and for trying ────────────────────────────────────────────────


def read_body(body: str, kind: Literal["text", "html"]) -> Text:
    """New text, quote, signature and commands of a plain or HTML body that has no header. Never raises."""
    found = reply.split(html.text(body) if kind == "html" else body)
    text, given, unknown = _commanded(found)
    return Text(text, rich.fragment(body, text, {}) if kind == "html" else "", found.quoted, found.signature, given, unknown)


def _commanded(found: Reply) -> tuple[str, tuple[Command, ...], tuple[str, ...]]:
    """The text without its commands, forwarded mail below it, and the commands: the author's own, never the forwarded mail's.

    Commands in a signature, or at the end of a text too long to be read, are not done, but told of: a client may put its "-- "
    above what was written last.
    """
    text, given, unknown = commands.extract(found.text)
    last = found.rest.rstrip()[-_END:].splitlines()[-commands.EDGE :]
    missed = (line.strip() for line in (*found.signature.splitlines(), *last) if commands.commands_of(line))
    return "\n\n".join(filter(None, (text, found.rest, found.forwarded))), given, (*unknown, *dict.fromkeys(missed))


def _with_subject(
    subject: str, given: tuple[Command, ...], unknown: tuple[str, ...]
) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """The subject's command before those of the body, unless the body says the same."""
    first, missed = commands.of_subject(subject)
    said = {(command.word, command.argument) for command in given}
    new = (command for command in first if (command.word, command.argument) not in said)
    return (*new, *given), (*(line for line in missed if line not in unknown), *unknown)


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sources(bodies: list[Body]) -> list[str]:
    return [source for body in bodies for source in (body.plain, body.html) if source]


def _is_forward(subject: str, message: Part) -> bool | None:
    """What the subject says: True forwarded, False an answer, None nothing known."""
    prefix = _PREFIX.match(subject)
    word = prefix[1].lower() if prefix else ""
    if word in phrases.FORWARD_PREFIXES:
        return True
    answers = headers.values(message, "in-reply-to") or headers.values(message, "references")
    return False if word in phrases.REPLY_PREFIXES or answers else None


def _read_bodies(
    bodies: list[Body], pictures: dict[str, str], forwarded: bool | None, placed: frozenset[str], sent: Sequence[str]
) -> tuple[str, Reply]:
    """The whole text of a mail in its better reading, and what is new in it."""
    whole = "\n".join(readings.better(body, pictures, forwarded) for body in bodies)
    return whole, reply.split(whole, forwarded, {f"[cid:{name}]" for name in placed}, sent)


def _structure(
    bodies: list[Body],
    text: str,
    pictures: dict[str, str],
    forwarded: bool | None,
    *,
    placed: frozenset[str],
    sent: Sequence[str],
) -> str:
    """The new text as HTML where one body has it all and its HTML says the same, whichever reading was chosen."""
    filled = [body for body in bodies if _is_filled(body)]
    source = filled[0].html if len(filled) == 1 else None
    if not (source and text):
        return ""
    return rich.fragment(source, text, pictures, forwarded, placed={f"[cid:{name}]" for name in placed}, sent=sent)


def _is_filled(body: Body) -> bool:
    """Whether a body may show anything."""
    if body.html is None or len(body.html) > 1000:
        return bool((body.plain or body.html or "").strip())
    return "<img" in body.html or bool(html.text(body.html).strip())


def _guards(bodies: list[Body], forwarded: bool | None, sent: Sequence[str]) -> tuple[Command, ...]:
    """#internal in any reading of the mail, also in the one that says less: whoever wrote it meant it."""
    readings = [body.plain for body in bodies] + [html.text(body.html) for body in bodies if body.html and _may_guard(body.html)]
    suspected = (text for text in readings if text and commands.mentions_internal(text))
    new = (reply.split(text, forwarded, sent=sent) for text in suspected)
    return tuple(guard for found in new for text in (found.text, found.rest) for guard in commands.guards(text))[:1]


def _may_guard(source: str) -> bool:
    """Cheaply whether HTML may hold the word, written out or as character references."""
    low = source.lower()
    return "#" in low and any(sign in low for sign in (*commands.INTERNAL, "&#10", "&#x4"))


# ── files and fingerprint ──────────────────────────────────────────────────────────────────────────────────


def _of_this_mail(files: tuple[Attachment, ...], found: Reply, placed: frozenset[str]) -> tuple[Attachment, ...]:
    """The files without those pictures that stand only in quoted history or in the signature.

    A placed picture is the writer's: where the new text does not show it, it stays as a file.
    """
    new, old = set(_SHORT_CID.findall(found.text + found.forwarded)), set(_SHORT_CID.findall(found.quoted + found.signature))
    dropped, unseen = old - new - placed, placed - new
    kept = (file for file in files if file.content_id not in dropped)
    return tuple(replace(file, content_id="") if file.content_id in unseen else file for file in kept)


def _fingerprint(author: str, subject: str, whole: str, files: tuple[Attachment, ...]) -> str:
    """Hex SHA-256 of who wrote what: the same over other Received lines, transfer encodings and line lengths."""
    hashed = hashlib.sha256(f"{author.lower()}\0{subject}\0".encode("utf-8", "replace"))
    gap = ""
    for piece in _PIECE.finditer(whole):
        if words := " ".join(piece[0].split()):
            hashed.update(f"{gap}{words}".encode("utf-8", "replace"))
            gap = " "
    hashed.update("".join(f"\0{sha256}" for sha256 in sorted(file.sha256 for file in files)).encode())
    return hashed.hexdigest()
