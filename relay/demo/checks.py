"""What the demo claims about the letters, checked on the letters themselves: each check returns what is wrong."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import dkim
import pikepdf

from relay import cleaning
from relay.config import start
from relay.demo.letter import FOOTER, Landed, Part
from relay.demo.mails import PICTURE, Draft, content
from relay.demo.scenario import HIDDEN, NUMBERS, PEOPLE, STEPS
from relay.settings import Settings

_OURS = re.compile(r"\b[tn]-[a-z2-7]{26}(?=@)")
CARRYING = ("comment", "pass", "note")  # kinds of letters that bring somebody's words and files


@dataclass(frozen=True, slots=True)
class Played:
    """What the final checks look at: every letter that landed, and every mail that was sent (Message-ID → author's party)."""

    settings: Settings
    letters: Sequence[Landed]
    sent: dict[str, str] = field(default_factory=dict)


# ── one letter ─────────────────────────────────────────────────────────────────────────────────────────────


def typed(words: str) -> list[str]:
    """The lines that readers must get: no command lines, no places of pictures, no blank lines."""
    lines = (line.strip() for line in PICTURE.sub("", words).split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def carries(letter: Landed, kind: str, draft: Draft, before: Iterable[str]) -> list[str]:
    """What the letter of that kind lacks of the mail, or has of it and should not have: lines written `before`, commands."""
    wrong = [f"its text lacks the line: {line}" for line in typed(draft.words) if line not in letter.words]
    wrong += [
        f"a command came along: {line}" for line in draft.words.split("\n") if line.startswith("#") and line in letter.words
    ]
    if kind != "pass":
        wrong += [f"quoted text came along: {line}" for line in before if line in letter.words]
    if letter.text.count(FOOTER) != 1:
        wrong.append("an earlier letter came along")
    return wrong + _files(letter, kind, draft)


def _files(letter: Landed, kind: str, draft: Draft) -> list[str]:
    """Each as it was sent, or, across a hidden link, without what it says of its maker."""
    got = {(file.name, file.content) for file in letter.files}
    sent = {file.name: {content(file), cleaning.clean(content(file))} for file in draft.files}
    wrong = [
        f"the file {name} is missing, or not as it was sent"
        for name, forms in sent.items()
        if not any((name, form) in got for form in forms)
    ]
    if kind != "pass":
        wrong += [f"a file came along that was not sent: {name}" for name, form in got if form not in sent.get(name, set())]
        wrong += [f"a file came twice: {file.name}" for file in letter.files[len(got) :]]
    return wrong


# ── all of them ────────────────────────────────────────────────────────────────────────────────────────────


def _notes(played: Played) -> Iterable[str]:
    for step in (step for step in STEPS if step.internal):
        for line in typed(step.words):
            yield from _found(played.letters, line, PEOPLE[step.by].party)


def _addresses(played: Played) -> Iterable[str]:
    for person in PEOPLE.values():
        if person.party:
            yield from _found(played.letters, person.address, person.party)


def _hidden(played: Played) -> Iterable[str]:
    settings = played.settings
    for letter in played.letters:
        for party in HIDDEN.get(letter.mailbox, ()):
            people = [person for person in PEOPLE.values() if person.party == party]
            numbers = [NUMBERS[party]] if party in NUMBERS else []
            whole = [settings.parties[party].name, *numbers, *(person.address.partition("@")[2] for person in people)]
            words = [word for person in people for word in person.name.split()]
            found = [each for each in whole if _plain(each) in _plain(letter.everything)]
            found += [word for word in words if re.search(rf"(?i)\b{re.escape(word)}\b", letter.legible)]
            yield from (f"{each!r} stands in the {letter.mailbox}'s mailbox, in {letter.message_id}" for each in found)


def _makers(played: Played) -> Iterable[str]:
    by = {file.name: PEOPLE[step.by].party for step in STEPS for file in step.files}
    for letter in played.letters:
        for file in letter.files:
            if by.get(file.name) in HIDDEN.get(letter.mailbox, ()) and (found := _maker(file)):
                yield f"{file.name} in the {letter.mailbox}'s mailbox says who made it: {found}"


def _maker(file: Part) -> str:
    """What a picture or a PDF says of its maker; "" if nothing."""
    if file.type == "application/pdf":
        with pikepdf.open(io.BytesIO(file.content)) as document:
            return ", ".join(f"{key} {value}" for key, value in document.docinfo.items())
    return "Exif" if b"Exif\0" in file.content else ""


def _message_ids(played: Played) -> Iterable[str]:
    for message_id, party in played.sent.items():
        yield from _found(played.letters, message_id.strip("<>"), party)


def _found(letters: Iterable[Landed], what: str, party: str) -> Iterable[str]:
    """Where something of that party stands in another party's mailbox (the postmaster may know)."""
    wanted = _plain(what)
    for letter in letters:
        if letter.mailbox not in (party, "postmaster") and wanted in _plain(letter.everything):
            yield f"{what!r} of the {party} stands in the {letter.mailbox}'s mailbox, in {letter.message_id}"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _tickets(played: Played) -> Iterable[str]:
    whose: dict[str, str] = {}
    for letter in played.letters:
        for found in set(_OURS.findall(letter.everything)):
            if whose.setdefault(found, letter.mailbox) != letter.mailbox:
                yield f"the ticket address {found} stands in two mailboxes, {whose[found]} and {letter.mailbox}"


def _once(played: Played) -> Iterable[str]:
    came = Counter((letter.to, letter.message_id) for letter in played.letters)
    yield from (f"the letter {message_id} came to {to} {times} times" for (to, message_id), times in came.items() if times > 1)


def _signed(played: Played) -> Iterable[str]:
    assert played.settings.dkim is not None
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(start.make_key(played.settings.dkim.key))
    for letter in played.letters:
        if not dkim.verify(letter.raw, dnsfunc=lambda _name, **_: record):
            yield f"the DKIM signature of {letter.message_id} does not verify"


CLAIMS: dict[str, Callable[[Played], Iterable[str]]] = {
    "The internal notes are in no other party's mailbox, in no part of any letter": _notes,
    "Nobody's own mail address is in another party's mailbox": _addresses,
    "Nor is the Message-ID of anybody's mail": _message_ids,
    "Of those hidden from a party, no name, address, domain or number is in its mailbox": _hidden,
    "Nor is what their photos and papers say of who made them: author, camera, place": _makers,
    "Each party knows its own ticket's addresses only": _tickets,
    "No letter came twice": _once,
    "Every letter's DKIM signature verifies": _signed,
}
