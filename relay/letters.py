"""A letter as RFC 5322 bytes: what to say (`model.Letter`) in the words of `templates/`, with its files and pictures.

The bytes are the same for the same letter, so a retry sends what was tried before. They have CRLF line ends only and exactly
one at the end: canonical for DKIM's simple body canonicalisation as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from relay import accounts, brands, excerpts, flowing, markup, mime, outlook, overview, styling, values
from relay.markup import Picture
from relay.model import Attachment, Entry, Letter, Logo
from relay.wording import SOURCE, Language, TemplateError, languages, text_of

Pictures = Sequence[dict[str, Picture]]  # for each entry, by their ids in its text

UNASKED = frozenset({"digest", "report", "due", "postmaster"})  # letters that answer no mail (RFC 3834, section 5.1)
MUTE = "#mute"  # understood in every language
ROOM = 0.7  # of smtp.max_size for the files of one letter: base64 makes them a third larger
WITH_FILES = ("comment", "pass", "note", "history")  # kinds that carry their entries' files; the others only name them


class Letters:
    """Composes letters; built once, since templates and catalogues are read at start. Usable from several threads."""

    def __init__(self, domain: str, name: str, templates: Path | None = None) -> None:
        """For the relay of that domain and name, in the wording of the folder `templates` where that has any."""
        self.domain, self.name = domain, mime.clean(name)
        self.languages = languages(templates)
        self.catalogues = tuple(error for language in self.languages.values() for error in language.broken)
        # The admin's files that letters have to do without, by file name; of templates, those that were tried.
        self.broken = {Path(error.file).name: error for error in (*self.catalogues, *_sheet(templates))}
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
        seen = values.values(letter, self.name, language, pictures) | {
            "brand": brands.worn(letter.brand, self.name, _logo_id(stamp, self.domain))
        }
        text = self._render(language, f"{letter.kind}.txt", seen)
        html = self._html(letter, language, seen)
        whole: list[Attachment] = []
        if len(html) > excerpts.LARGEST:
            html, pictures = self._smaller(letter, language, pictures, seen)
            whole = [excerpts.as_file(_file_name(letter), text)]
        plain = mime.text_part("plain", flowing.flowed(text, _own_lines(seen)), "; format=flowed")
        return b"".join([*self._headers(letter), self._body(letter, stamp, pictures, (plain, html), whole)]), text

    def _language(self, letter: Letter) -> Language:
        """The reader's; the source language for one we have no catalogue of, and for the postmaster."""
        code = SOURCE if letter.kind == "postmaster" else letter.language
        return self.languages.get(code, self.languages[SOURCE])

    def _render(self, language: Language, name: str, seen: Mapping[str, Any]) -> str:
        """The admin's template, or the built-in one where that is broken."""
        try:
            return mime.clean_text(language.render(name, seen))
        except TemplateError as error:
            made = mime.clean_text(language.render(name, seen, builtin=True))
            self.broken[name] = error
            return made

    # ── HTML ───────────────────────────────────────────────────────────────────────────────────────────────

    def _html(self, letter: Letter, language: Language, seen: Mapping[str, Any]) -> bytes:
        return mime.text_part("html", self._render(language, f"{letter.kind}.html", seen))

    def _smaller(
        self, letter: Letter, language: Language, pictures: Pictures, seen: Mapping[str, Any]
    ) -> tuple[bytes, list[dict[str, Picture]]]:
        """The HTML with as much of the persons' words as a client shows, the newest first, and the pictures in it."""
        for most in excerpts.SMALLER:
            few, left = excerpts.newest(letter, most)
            shown = [dict[str, Picture]()] * left + list(pictures[left:])
            brief = values.values(few, self.name, language, shown[left:])
            less = {name: brief[name] for name in ("entries", "cut_html", "html")} | {"whole": _file_name(letter)}
            html = self._html(letter, language, {**seen, **less})
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


def _sheet(templates: Path | None) -> Iterable[TemplateError]:
    """What is wrong with the admin's style sheet."""
    path = templates and templates / styling.SHEET
    if not path or not path.is_file():
        return
    try:
        left = styling.left_over(text_of(path))
    except TemplateError as error:
        yield error
        return
    if left:
        yield TemplateError(str(path), left[0], f"{left[1]!r} is no rule of one class")


def _subject(letter: Letter, field: str) -> str:
    """The subject as that header field has it."""
    tag = values.tag(letter)
    return tag + mime.words(mime.clean(letter.subject), len(f"{field}: {tag}"))


def _own_lines(seen: Mapping[str, Any]) -> frozenset[str]:
    """The long lines that people have written."""
    texts = [seen["text"], seen["cut"], *(said.text for said in seen["entries"])]
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
