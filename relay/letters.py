"""A letter as RFC 5322 bytes: what to say (`model.Letter`) in the words of `templates/`, with its files and pictures.

The bytes are the same for the same letter, so a retry sends what was tried before. They have CRLF line ends only and exactly
one at the end: canonical for DKIM's simple body canonicalisation as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from relay import accounts, brands, excerpts, flowing, markup, mime, outlook, overview
from relay.markup import Picture
from relay.model import Action, Attachment, Clock, Deadline, Entry, EventKind, Letter, Logo, Seat
from relay.receipt import beginning
from relay.wording import ANSWERS, COMMANDS, SOURCE, STATEMENTS, Language, TemplateError, languages

Pictures = Sequence[dict[str, Picture]]  # for each entry, by their ids in its text

UNASKED = frozenset({"digest", "report", "due", "postmaster"})  # letters that answer no mail (RFC 3834, section 5.1)
MUTE = "#mute"  # understood in every language
MAILTO = 950  # characters; some clients cut a mailto link at 1,000
SUBJECT = 600  # characters of it for the percent-encoded subject
ROOM = 0.7  # of smtp.max_size for the files of one letter: base64 makes them a third larger
IN_SHORT = ("receipt",)  # kinds that give the beginnings of texts only
FORWARD = ("accept", "resolved", "close")  # the commands that lead a ticket on
WITH_FILES = ("comment", "pass", "note", "history")  # kinds that carry their entries' files; the others only name them
PREVIEWED = ("pass", "history")  # kinds where a sentence of ours stands before a person's words


@dataclass(frozen=True, slots=True)
class Said:
    """An entry as the templates see it.

    `by` is "Name, Party" as shown; `to`, `mine` and `reason` (a sentence) are of "passed" and "undelivered"; `files` are the
    names of the files that the text does not name, `left_out` of those that would make the letter too large, `kept_back` of
    those that cannot be cleaned of their maker's name, `stays` of those that cannot go on to the parties `stays_from`.
    `status` … `time` are the facts of the kinds called so, in words.
    """

    kind: EventKind
    at: datetime
    internal: bool
    by: str
    to: str
    mine: bool
    reason: str
    text: str
    html: Markup
    files: tuple[str, ...]
    left_out: tuple[str, ...]
    kept_back: tuple[str, ...]
    stays: tuple[str, ...]
    stays_from: tuple[str, ...]
    muted: bool
    status: str
    mail: str
    since: str
    until: str
    reference: str
    name: str
    value: str
    before: str
    stars: str
    time: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the status table: `status` in words, "" where the reader may not know it."""

    party: str
    status: str
    reference: str
    own: bool
    depth: int
    ball: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """An action as offered: the line to write, what it does, and a mailto link ("" when it would be too long).

    `main`: of those in a letter the one that leads on.
    """

    line: str
    meaning: str
    mailto: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Who has the ball, and since when."""

    party: str
    own: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, by whom; `left` in words while the clock stands, "" while it runs."""

    party: str
    own: bool
    kind: Clock
    at: datetime
    over: bool
    left: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a party needs to know: the lines to be filled in, and a mailto link that begins with them ("" when too long)."""

    party: str
    lines: tuple[str, ...]
    mailto: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the reader's mail and what is to be said about it."""

    line: str
    sentence: str


class Letters:
    """Composes letters; built once, since templates and catalogues are read at start. Usable from several threads."""

    def __init__(self, domain: str, name: str, templates: Path | None = None) -> None:
        """For the relay of that domain and name. Raises TemplateError for a broken catalogue in the folder `templates`."""
        self.domain, self.name = domain, mime.clean(name)
        self.languages = languages(templates)
        self.broken: dict[str, TemplateError] = {}  # the admin's templates that letters had to do without, by file name
        self._base64 = mime.Base64Cache()

    def compose(self, letter: Letter) -> bytes:
        """The whole letter, unsigned. Raises TemplateError for a broken template that is built in, ValueError for a file
        without content.
        """
        return self.written(letter)[0]

    def written(self, letter: Letter) -> tuple[bytes, str]:
        """As `compose`, and what its plain text says: when its reader quotes it, we shall know it again."""
        stamp = sha256(letter.message_id.encode("utf-8", "replace")).hexdigest()[:24]
        pictures = self._pictures(letter, stamp)
        language = self._language(letter)
        if letter.kind == "digest":
            letter = overview.titled(letter, language)
        elif letter.kind == "report":
            letter = replace(letter, subject=accounts.subject(letter.subject, language))
        values = self._values(letter, language, pictures) | {
            "brand": brands.worn(letter.brand, self.name, _logo_id(stamp, self.domain))
        }
        text = self._render(language, f"{letter.kind}.txt", values)
        html = self._html(letter, language, values)
        whole: list[Attachment] = []
        if len(html) > excerpts.LARGEST:
            html, pictures = self._smaller(letter, language, pictures, values)
            whole = [excerpts.as_file(_file_name(letter), text)]
        plain = mime.text_part("plain", flowing.flowed(text, _own_lines(values)), "; format=flowed")
        return b"".join([*self._headers(letter), self._body(letter, stamp, pictures, (plain, html), whole)]), text

    def _language(self, letter: Letter) -> Language:
        """The reader's; the source language for one we have no catalogue of, and for the postmaster."""
        code = SOURCE if letter.kind == "postmaster" else letter.language
        return self.languages.get(code, self.languages[SOURCE])

    def _render(self, language: Language, name: str, values: Mapping[str, Any]) -> str:
        """The admin's template, or the built-in one where that is broken."""
        try:
            return mime.clean_text(language.render(name, values))
        except TemplateError as error:
            made = mime.clean_text(language.render(name, values, builtin=True))
            self.broken[name] = error
            return made

    # ── HTML ───────────────────────────────────────────────────────────────────────────────────────────────

    def _html(self, letter: Letter, language: Language, values: Mapping[str, Any]) -> bytes:
        return mime.text_part("html", self._render(language, f"{letter.kind}.html", values))

    def _smaller(
        self, letter: Letter, language: Language, pictures: Pictures, values: Mapping[str, Any]
    ) -> tuple[bytes, list[dict[str, Picture]]]:
        """The HTML with as much of the persons' words as a client shows, the newest first, and the pictures in it."""
        for most in excerpts.SMALLER:
            few, left = excerpts.newest(letter, most)
            shown = [dict[str, Picture]()] * left + list(pictures[left:])
            brief = self._values(few, language, shown[left:])
            less = {name: brief[name] for name in ("entries", "cut_html", "html")} | {"whole": _file_name(letter)}
            html = self._html(letter, language, {**values, **less})
            if len(html) <= excerpts.LARGEST:
                break
        return html, shown

    # ── headers ────────────────────────────────────────────────────────────────────────────────────────────

    def _headers(self, letter: Letter) -> Iterable[bytes]:
        """The header lines before the body's own; RFC 3834 for Auto-Submitted, RFC 2369 §3.2 for List-Unsubscribe."""
        yield mime.header("From", mime.mailbox(letter.sender_name, letter.sender, len("From: ")))
        yield mime.header("To", mime.mailbox(letter.to.name, letter.to.address, len("To: ")))
        yield mime.header("Subject", _subject(letter, "Subject"))
        yield mime.header("Date", format_datetime(letter.date))
        yield mime.header("Message-ID", mime.message_ids([letter.message_id]))
        if references := mime.message_ids(letter.references):
            yield mime.header("In-Reply-To", references.rpartition(" ")[2])
            yield mime.header("References", references)
        if letter.number:
            own = outlook.begun(letter.begun)
            yield mime.header("Thread-Topic", _subject(replace(letter, number="") if own else letter, "Thread-Topic"))
            index = own or outlook.header(letter.conversation or letter.sender)
            yield mime.header("Thread-Index", outlook.thread_index(index, letter.date, first=not references))
            yield mime.header("X-Relay-Chain", mime.clean(letter.number, 40))
        yield mime.header("X-Relay-Loop", self.domain)
        if letter.may_mute:
            yield mime.header("List-Unsubscribe", f"<mailto:{mime.addr_spec(letter.sender)}?subject={quote(MUTE)}>")
        if letter.automatic:
            yield mime.header("Auto-Submitted", "auto-generated" if letter.kind in UNASKED else "auto-replied")
        yield b"MIME-Version: 1.0\r\n"

    # ── body ───────────────────────────────────────────────────────────────────────────────────────────────

    def _body(
        self, letter: Letter, stamp: str, pictures: Pictures, bodies: tuple[bytes, bytes], more: Sequence[Attachment]
    ) -> bytes:
        """mixed(alternative(text, related(html, pictures …)), files …), each level only where it has something to hold."""
        inline: list[bytes] = []
        files: list[bytes] = []
        for entry, shown in zip(_with_files(letter), pictures, strict=False):
            for file in entry.attachments:
                picture = shown.get(file.content_id)
                part = mime.file_part(file, self._base64(file), picture.content_id if picture else "")
                (inline if picture else files).append(part)
        files += [mime.file_part(file, self._base64(file)) for file in (*_extra(letter), *more)]
        if logo := letter.brand.logo:
            inline.append(self._logo(logo, _logo_id(stamp, self.domain)))
        related = mime.multipart("related", f"=_{stamp}_r", [bodies[1], *inline])
        alternative = mime.multipart("alternative", f"=_{stamp}_a", [bodies[0], related])
        return mime.multipart("mixed", f"=_{stamp}_m", [alternative, *files])

    def _pictures(self, letter: Letter, stamp: str) -> list[dict[str, Picture]]:
        """For each entry its pictures that go inline: they are carried by this letter, and the text names them."""
        carried = len(_with_files(letter))
        return [
            {
                file.content_id: Picture(_content_id(file.content_id, count, stamp, self.domain), mime.file_name(file))
                for file in entry.attachments
                if count < carried and file.type.lower().startswith("image/") and file.content_id in named
            }
            for count, entry in enumerate(letter.entries)
            for named in [markup.markers(entry.text)]
        ]

    def _logo(self, logo: Logo, content_id: str) -> bytes:
        name = f"logo.{logo.type.partition('/')[2]}"
        file = Attachment(name, logo.type, len(logo.content), logo.sha256, content=logo.content)
        return mime.file_part(file, self._base64(file), content_id)

    # ── what the templates see ─────────────────────────────────────────────────────────────────────────────

    def _values(self, letter: Letter, language: Language, pictures: Sequence[dict[str, Picture]]) -> dict[str, Any]:
        """Everything a template may use; all of it is data, and only `html` values are markup already."""
        entries = [
            _said(_shortened(entry) if letter.kind in IN_SHORT else entry, shown, language, letter.timezone)
            for entry, shown in zip(letter.entries, pictures, strict=True)
            if not _goes_without_saying(letter, entry)
        ]
        title = _tag(letter) + mime.clean(letter.subject)
        subject = _subject_query(title)
        return {
            "kind": letter.kind,
            "language": language.code,
            "timezone": letter.timezone,
            "relay": mime.clean(letter.brand.name) or self.name,
            "whole": "",
            "number": mime.clean(letter.number, 40),
            "title": title,
            "entries": entries,
            "authors": list(dict.fromkeys(said.by for said in entries if said.by)),
            "several": len({said.at for said in entries}) > 1,
            "passed_by": next((_by(entry) for entry in reversed(letter.entries) if entry.data.get("mine")), ""),
            "seats": [_row(seat, language) for seat in letter.seats],
            "holders": _holders(letter.seats),
            "turn": any(seat.ball and seat.own for seat in letter.seats),
            "turns": [mime.clean(seat.party) for seat in letter.seats if seat.ball and not seat.own],
            "preview": _preview(letter),
            "balls": [Held(mime.clean(ball.party), ball.own, ball.since) for ball in letter.balls],
            "dues": [_due(one, language) for one in letter.deadlines],
            "facts": [(mime.clean(fact.name), mime.clean(fact.value, 1000)) for fact in letter.facts],
            "actions": _offered(letter, language, subject),
            "commands": [_deed(Action(word), language, letter.sender, subject) for word in COMMANDS]
            if letter.kind == "help"
            else [],
            "internal": language.command("internal"),
            "mute": _deed(Action("mute"), language, letter.sender, subject) if letter.may_mute else None,
            "sender": mime.addr_spec(letter.sender),
            "note": mime.addr_spec(letter.note) if letter.note else "",
            "note_mailto": _mailto(letter.note, subject, "") if letter.note else "",
            **_data(letter, language),
            **_held(letter, language, subject),
            **_receipt(letter, language, subject),
            **(overview.values(letter, language, _offer) if letter.kind == "digest" else {}),
            **_report(letter, language, subject),
        }


def _tag(letter: Letter) -> str:
    return f"[{mime.clean(letter.number, 40)}] " if letter.number else ""


def _subject(letter: Letter, field: str) -> str:
    """The subject as that header field has it."""
    tag = _tag(letter)
    return tag + mime.words(mime.clean(letter.subject), len(f"{field}: {tag}"))


def _preview(letter: Letter) -> str:
    """What a list of mails shows beside the subject: the newest words."""
    words = (mime.clean(markup.without_pictures(entry.text), 120) for entry in reversed(letter.entries))
    return next(filter(None, words), "") if letter.kind in PREVIEWED else ""


def _own_lines(values: Mapping[str, Any]) -> frozenset[str]:
    """The long lines that people have written."""
    texts = [values["text"], values["cut"], *(said.text for said in values["entries"])]
    return frozenset(line for text in texts for line in flowing.long_lines(text))


def _file_name(letter: Letter) -> str:
    return f"{mime.clean(letter.number, 40) or 'mail'}.txt"


def _logo_id(stamp: str, domain: str) -> str:
    return f"logo.{stamp}@{domain}"


def _with_files(letter: Letter) -> tuple[Entry, ...]:
    return letter.entries if letter.kind in WITH_FILES else ()


def _extra(letter: Letter) -> list[Attachment]:
    """The letter's own files, but for those that an entry brings already."""
    brought = {(file.name, file.sha256) for entry in _with_files(letter) for file in entry.attachments}
    return [file for file in letter.attachments if (file.name, file.sha256) not in brought]


def _content_id(short: str, entry: int, stamp: str, domain: str) -> str:
    """Minted for this letter, so that no part of the writer's mail shows; every entry may have a "p1" of its own."""
    return f"{short}.{stamp}@{domain}" if entry == 0 else f"{short}.{entry}.{stamp}@{domain}"


def _said(entry: Entry, pictures: dict[str, Picture], language: Language, timezone: str) -> Said:
    text = mime.clean_text(entry.text).strip("\n")
    names = {file.content_id: mime.file_name(file) for file in entry.attachments if file.content_id}
    left = {short: name for short, name in names.items() if short not in pictures}
    return Said(
        kind=entry.kind,
        at=entry.at,
        internal=entry.internal,
        by=_by(entry),
        to=mime.clean(str(entry.data.get("to", ""))),
        mine=bool(entry.data.get("mine")),
        reason=language.failure(str(entry.data.get("reason", ""))),
        text=markup.to_text(text, names),
        html=markup.styled(mime.clean_text(entry.html), pictures, left)
        if entry.html
        else markup.to_html(markup.to_text(text, left), pictures),
        files=tuple(mime.file_name(file) for file in entry.attachments if file.content_id not in markup.markers(text)),
        left_out=tuple(mime.clean(name) for name in entry.data.get("left_out", ())),
        kept_back=tuple(mime.clean(name) for name in entry.data.get("kept_back", ())),
        stays=tuple(mime.clean(name) for name in entry.data.get("stays", ())),
        stays_from=tuple(mime.clean(name) for name in entry.data.get("stays_from", ())),
        muted=bool(entry.data.get("muted")),
        status=language.status(entry.data["status"]) if entry.kind == "status" else "",
        mail=str(entry.data.get("mail", "")),
        since=language.day(entry.data["since"]) if entry.data.get("since") else "",
        until=_until(entry, language, timezone),
        reference=mime.clean(str(entry.data.get("reference", ""))),
        name=mime.clean(str(entry.data.get("name", ""))),
        value=mime.clean(str(entry.data.get("value", "")), 1000),
        before=mime.clean(str(entry.data.get("before", "")), 1000),
        stars=str(entry.data.get("stars", "")),
        time=language.duration(int(entry.data.get("minutes", 0))),
    )


def _until(entry: Entry, language: Language, timezone: str) -> str:
    """The last day, or, for a pause, the time of its end."""
    if entry.kind == "paused":
        return language.moment(datetime.fromisoformat(entry.data["until"]), timezone)
    return language.day(entry.data["until"]) if entry.data.get("until") else ""


def _by(entry: Entry) -> str:
    """ "" where nobody has written it."""
    if entry.kind == "paused":
        return ""
    return ", ".join(dict.fromkeys(filter(None, (mime.clean(entry.who), mime.clean(entry.party)))))


def _goes_without_saying(letter: Letter, entry: Entry) -> bool:
    """What stands in the heading of the letter that brings the ticket, and on its card of facts."""
    if letter.kind != "pass":
        return False
    if entry.kind == "passed":
        return bool(entry.data.get("mine")) and not entry.text
    return entry.kind == "field" and any((f.name, f.value) == (entry.data["name"], entry.data["value"]) for f in letter.facts)


def _shortened(entry: Entry) -> Entry:
    short = beginning(entry.text)
    whole = "".join(short.split()) == "".join(entry.text.split())
    return replace(entry, text=short, html=entry.html if whole else "")


def _row(seat: Seat, language: Language) -> Row:
    status = language.status(seat.status) if seat.status else ""
    return Row(mime.clean(seat.party), status, mime.clean(seat.reference), seat.own, seat.depth, seat.ball)


def _holders(seats: Sequence[Seat]) -> list[str]:
    """The parties right below the reader's own in the table: those the ticket is with."""
    own = next((count for count, seat in enumerate(seats) if seat.own), len(seats))
    below = takewhile(lambda seat: seat.depth > seats[own].depth, seats[own + 1 :])
    return [mime.clean(seat.party) for seat in below if seat.depth == seats[own].depth + 1]


def _due(deadline: Deadline, language: Language) -> Due:
    left = "" if deadline.left is None else language.duration(max(1, int(deadline.left.total_seconds()) // 60))
    return Due(mime.clean(deadline.party), deadline.own, deadline.kind, deadline.at, deadline.over, left)


def _offered(letter: Letter, language: Language, subject: str) -> list[Deed]:
    deeds = [_deed(action, language, letter.sender, subject) for action in letter.actions]
    turn = any(seat.ball and seat.own for seat in letter.seats)
    main = next((count for count, action in enumerate(letter.actions) if turn and action.word in FORWARD), None)
    return [replace(deed, main=count == main) for count, deed in enumerate(deeds)]


def _deed(action: Action, language: Language, recipient: str, subject: str) -> Deed:
    meaning, placeholder = language.meaning(action.word)
    line = language.command(action.word, mime.clean(action.argument))
    mailto = _mailto(recipient, subject, f"{line} " if placeholder and not action.argument else line)
    return Deed(line if action.argument else f"{line} {placeholder}".rstrip(), meaning, mailto)


def _offer(language: Language, recipient: str, title: str, action: Action | None) -> Deed:
    """An action at a ticket that the letter is not of, or None for an answer to it."""
    subject = _subject_query(title)
    return _deed(action, language, recipient, subject) if action else Deed("", "", _mailto(recipient, subject, ""))


def _mailto(recipient: str, subject: str, line: str) -> str:
    """An RFC 6068 link to a new mail that begins with the line; "" when it would be too long for some clients."""
    body = "&body=" + quote(f"{line}\r\n\r\n", safe="") if line else ""
    link = f"mailto:{quote(mime.addr_spec(recipient), safe='@')}?subject={subject}{body}"
    return link if len(link) <= MAILTO else ""


@lru_cache(maxsize=1024)
def _subject_query(title: str) -> str:
    subject = f"Re: {title}"
    while len(coded := quote(subject, safe="")) > SUBJECT:
        subject = subject[:-8]
    return coded


def _receipt(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "receipt" and "opened": see `receipt.data`."""
    data, inside = letter.data, bool(letter.data.get("internal"))
    cut = mime.clean_text(str(data.get("cut", ""))).strip("\n")
    offers = [Action(offer["word"], offer["argument"]) for offer in data.get("offers", ())]
    return {
        "told": [mime.clean(name) for name in data.get("told", ())],
        "kept_inside": inside,
        "stays_inside": inside and any(entry.kind != "mute" for entry in letter.entries[:1]),  # as store.answers_note has it
        "cut": cut,
        "cut_html": markup.to_html(cut, {}),
        "full": _deed(Action("full"), language, letter.sender, subject) if data.get("full") else None,
        "offers": [_deed(action, language, letter.sender, subject) for action in offers],
        "asks": [_question(ask, letter, language, subject) for ask in data.get("asks", ())],
    }


def _question(ask: Mapping[str, Any], letter: Letter, language: Language, subject: str) -> Question:
    lines = tuple(language.command("field", f"{mime.clean(name)}:") for name in ask["names"])
    return Question(mime.clean(ask["party"]), lines, _mailto(letter.sender, subject, "\r\n".join(f"{line} " for line in lines)))


def _held(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "held": the state, who wrote, where to, and the answers that may be given."""
    data = letter.data
    asked = letter.kind == "held" and data.get("state") in ("asked", "unclear")
    words = ("once", "no") if data.get("elsewhere") else ("yes", "once", "no")
    return {
        "state": str(data.get("state", "")),
        "who": mime.clean(str(data.get("who", ""))),
        "where": mime.clean(str(data.get("where", ""))),
        "elsewhere": bool(data.get("elsewhere")),
        "answers": [_answer(word, language, letter.sender, subject) for word in words] if asked else [],
    }


def _answer(word: str, language: Language, recipient: str, subject: str) -> Deed:
    line = language.answer(word)
    return Deed(line, language.say((ANSWERS | STATEMENTS)[word]), _mailto(recipient, subject, line))


def _report(letter: Letter, language: Language, subject: str) -> dict[str, Any]:
    """The values of "report": its period and rows, and the answers that may be given."""
    if letter.kind != "report":
        return {}
    return {
        "period": accounts.period(str(letter.data["period"]), language),
        "accounts": accounts.accounts(letter.data["rows"], language),
        "answers": [_answer(word, language, letter.sender, subject) for word in STATEMENTS],
    }


def _data(letter: Letter, language: Language) -> dict[str, Any]:
    """The values of one kind: undelivered, postmaster; and problems."""
    data = letter.data
    text = mime.clean_text(str(data.get("text", ""))).strip("\n")
    return {
        "problems": [_problem(one, language) for one in data.get("problems", ())],
        "to": mime.clean(str(data.get("to", ""))),
        "reason": language.failure(str(data.get("reason", ""))),
        "others": bool(data.get("others")),
        "what": mime.clean(str(data.get("what", "")), 1000),
        "details": {mime.clean(str(label)): mime.clean(str(value), 1000) for label, value in data.get("details", {}).items()},
        "text": text,
        "html": markup.to_html(text, {}),
    }


def _problem(data: Mapping[str, Any], language: Language) -> Problem:
    facts = {key: mime.clean(str(value)) for key, value in data.items()}
    return Problem(facts.get("line", ""), language.problem(facts))
