"""A ticket's mails are one conversation in its reader's mail program, and those of two tickets are two."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, get_args

import pytest

from relay.model import LetterKind
from tests.harness import Relay, Sink
from tests.threads import programs
from tests.threads.people import Person
from tests.threads.programs import Dovecot, Threads, dovecot, fill, message_id
from tests.threads.story import SUBJECT, Cast, play

READERS = ("anna", "boris", "ivan", "olga", "sergei")


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Everyone's mailbox, after the story."""
    sink, made = Sink().start(), []

    def make(**options: Any) -> Relay:
        made.append(Relay(tmp_path_factory.mktemp("relay"), sink, **options))
        return made[0]

    try:
        yield play(make, sink)
    finally:
        for relay in made:
            relay.stop()
        sink.stop()


@pytest.fixture(scope="module")
def server(cast: Cast) -> Iterator[Dovecot]:
    """Dovecot with these mailboxes."""
    if programs.dovecot_program() is None:
        pytest.skip("Dovecot is not installed")
    with dovecot() as running:
        for name in READERS:
            fill(running.folder / name, reader(cast, name).mailbox)
        yield running.start()


def reader(cast: Cast, name: str) -> Person:
    found = getattr(cast, name)
    assert isinstance(found, Person)
    return found


def told(person: Person, threads: Threads) -> list[list[str]]:
    """Threads in words, for comparison and for the one who reads a failure."""
    mails = enumerate(person.mailbox)
    words = {message_id(mail): f"{at}. {mail['From'].addresses[0].username[:6]}: {mail['Subject']}" for at, mail in mails}
    return sorted(sorted(words[one] for one in ids) for ids in threads)


@pytest.mark.parametrize("name", READERS)
def test_each_ticket_is_one_thread_in_dovecot(cast: Cast, server: Dovecot, name: str) -> None:
    person = reader(cast, name)
    assert told(person, server.threads(name, "REFS")) == told(person, person.conversations)


@pytest.mark.parametrize("name", READERS)
def test_none_is_torn_apart_where_subjects_count_too(cast: Cast, server: Dovecot, name: str) -> None:
    """THREAD=REFERENCES takes "[A-1] Pump" and "[A-2] Pump" for one subject (RFC 5256 §2.1), whatever else they are."""
    person = reader(cast, name)
    threads = server.threads(name, "REFERENCES")
    assert [ids for ids in person.conversations if not any(ids <= thread for thread in threads)] == []


@pytest.mark.skipif(not shutil.which("neomutt"), reason="neomutt is not installed")
@pytest.mark.parametrize("name", READERS)
def test_each_ticket_is_one_thread_in_neomutt(cast: Cast, tmp_path: Path, name: str) -> None:
    person = reader(cast, name)
    folder = fill(tmp_path / "mails", person.mailbox)
    firsts = [min(ids) for ids in person.conversations]
    assert told(person, programs.neomutt(folder, firsts)) == told(person, person.conversations)


@pytest.mark.parametrize("name", READERS)
def test_each_ticket_is_one_conversation_in_gmail(cast: Cast, name: str) -> None:
    """But for the mail that opened it, which had no number in its subject."""
    person = reader(cast, name)
    mails, openings = person.mailbox, {message_id(mail) for mail in person.mailbox if mail["Subject"] == SUBJECT}
    expected = {frozenset(ids - openings) for ids in person.conversations} | {frozenset({one}) for one in openings}
    assert told(person, programs.gmail(mails)) == told(person, expected)


@pytest.mark.parametrize("name", READERS)
def test_each_ticket_is_one_conversation_in_outlook(cast: Cast, name: str) -> None:
    """What a reader wrote counts if he uses Outlook, or got it from a colleague who does."""
    person = reader(cast, name)
    mails = [mail for mail in person.mailbox if of_outlook(person, mail)]
    ids = {message_id(mail) for mail in mails}
    expected = {frozenset(kept) for each in person.conversations if (kept := each & ids)}
    assert told(person, programs.outlook(mails)) == told(person, expected)


def test_what_outlook_calls_a_conversation_stays_with_its_party(cast: Cast) -> None:
    def headers(mails: Iterable[EmailMessage]) -> set[str]:
        return {str(mail["Thread-Index"])[:28] for mail in mails if mail["Thread-Index"]}

    inside = headers(cast.anna.mailbox)
    assert headers(kept.mail for kept in cast.anna.wrote) == inside  # her own, and none of ours
    for person in (cast.ivan, cast.olga, cast.sergei):
        assert headers(person.mailbox) and not headers(person.mailbox) & inside


def of_outlook(person: Person, mail: EmailMessage) -> bool:
    return not wrote(person, mail) or mail["Thread-Index"] is not None or person.program == "outlook"


def wrote(person: Person, mail: EmailMessage) -> bool:
    return any(message_id(kept.mail) == message_id(mail) for kept in person.wrote)


@pytest.mark.parametrize("name", READERS)
def test_a_letter_answers_what_its_reader_has(cast: Cast, name: str) -> None:
    """Unless nothing of its conversation is in his mailbox yet; so nothing hangs on mails that only colleagues have."""
    person, seen = reader(cast, name), set[str]()
    conversations = person.conversations
    for mail in person.mailbox:
        begun = any(message_id(mail) in ids and ids & seen for ids in conversations)
        if begun and not wrote(person, mail):
            assert str(mail["In-Reply-To"]) in seen, mail["Subject"]
        seen.add(message_id(mail))


def test_the_story_has_every_kind_of_letter(cast: Cast) -> None:
    """But the postmaster's, which are of nobody's ticket; and every reader has more than one conversation, but for one."""
    with sqlite3.connect(cast.anna.relay.folder / "data" / "relay.db") as database:
        kinds = {kind for (kind,) in database.execute("SELECT DISTINCT kind FROM letters")}
    assert set(get_args(LetterKind)) - kinds <= {"postmaster"}
    counted = {name: len(reader(cast, name).conversations) for name in READERS}
    assert counted == {"anna": 3, "boris": 3, "ivan": 4, "olga": 3, "sergei": 1}
