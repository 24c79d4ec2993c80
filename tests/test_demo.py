"""`relay demo`, run as a command: what it says, what it leaves in the mailboxes, and how it goes on by hand."""

from __future__ import annotations

import email.policy
import mailbox
import os
import re
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest

from relay.config import load
from relay.demo.checks import CLAIMS, Played
from relay.demo.letter import Landed
from relay.demo.scenario import EMMA, IVAN, MARIA, OLGA, PEOPLE, POSTMASTER, STEPS, SUMMARIES

ROOT = Path(__file__).parent.parent
PATIENCE = 120  # seconds after which a demo that hangs is a failed one
PHOTO = (
    "Content-Type: image/jpeg\r\nContent-Disposition: attachment;\r\n"
    " filename*=utf-8''%D1%81%D0%B0%D0%BC%D0%BE%D0%B2%D0%B0%D1%80.jpg\r\n\r\nExif\0"
)
PARTIES = ("customer", "contractor", "plumbers", "repairs", "vendor")


@dataclass(frozen=True)
class Left:
    """What a demo has left: its folder, and what it has said."""

    folder: Path
    said: str

    def letters(self, box: str) -> list[EmailMessage]:
        maildir = mailbox.Maildir(self.folder / "mailboxes" / box, create=False)
        return [_parsed(maildir.get_bytes(key)) for key in maildir.keys()]  # noqa: SIM118 - no dictionary

    def words(self, box: str) -> str:
        """Every text of every letter in the mailbox, and all of them raw."""
        parts = [part for letter in self.letters(box) for part in letter.walk() if part.get_content_maintype() == "text"]
        raw = b"".join(path.read_bytes() for path in (self.folder / "mailboxes" / box).rglob("*") if path.is_file())
        return "\n".join([*(part.get_content() for part in parts), raw.decode(errors="replace")])


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "relay.cli.main", "demo", *arguments]


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = _command("--folder", str(folder))
    return subprocess.run(
        command, check=False, env=_environment(), cwd=folder.parent, capture_output=True, encoding="utf-8", timeout=PATIENCE
    )


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("somewhere") / "demo"
    done = _run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return Left(folder, done.stdout)


def test_each_step_reaches_those_it_should_and_nobody_else(left: Left) -> None:
    wanted = Counter(address for step in STEPS for address in (*step.reaches, *([step.by] if step.told else [])))
    wanted += Counter(address for summary in SUMMARIES for address in summary.reaches)
    got = Counter(str(letter["Delivered-To"]) for box in (*PARTIES, "postmaster") for letter in left.letters(box))
    assert got == wanted
    assert {str(letter["Delivered-To"]) for letter in left.letters("contractor")} == {IVAN, MARIA}
    assert {str(letter["Delivered-To"]) for letter in left.letters("postmaster")} == {POSTMASTER}


def test_the_internal_notes_are_read_by_colleagues_only(left: Left) -> None:
    secrets = ["14 300", "долг за февраль", "Деньги за февраль", "в 11:40"]
    assert all(secret in left.words("contractor") for secret in secrets)
    for box in ("customer", "plumbers", "repairs", "vendor", "postmaster"):
        assert not [secret for secret in secrets if secret in left.words(box)]


def test_each_party_has_one_thread_address_and_one_subject(left: Left) -> None:
    letters = {box: [letter for letter in left.letters(box) if letter["X-Relay-Chain"]] for box in PARTIES}
    senders = {box: {letter["From"].addresses[0].addr_spec for letter in found} for box, found in letters.items()}
    assert all(len(found) == 1 for found in senders.values())
    assert len(set.union(*senders.values())) == len(PARTIES)
    assert {str(letter["Subject"]) for found in letters.values() for letter in found} == {"[A-1] Самовар на 200 чашек течёт"}


def test_who_is_hidden_stands_in_no_letter_to_the_customer_and_she_in_none_to_him(left: Left) -> None:
    assert {name.split(" (")[0] for name in _senders(left, "customer")} == {"The relay", "Иван Петров", "North Service"}
    assert _senders(left, "repairs") == {"The relay", "North Service", "Emma Clarke (Boiler Works)"}
    for secret in (
        "Мастеров",
        "Сергей",
        "Repairs",
        "Трубин",
        "Quick Plumbers",
        "Emma",
        "Clarke",
        "Boiler",
        "РМ-482",
        "2 ч 30 мин",
    ):
        assert secret not in left.words("customer")
    for secret in ("Ольга", "Самоварова", "Чайная", "samovar.example", "Трубин", "Quick Plumbers"):
        assert secret not in left.words("repairs")


def _senders(left: Left, box: str) -> set[str]:
    return {letter["From"].addresses[0].display_name for letter in left.letters(box)}


def test_photos_say_where_they_come_from_to_those_only_who_may_know(left: Left) -> None:
    taken_by = {box: _pictures(left, box) for box in ("customer", "contractor", "repairs", "vendor")}
    assert {name for name, raw in taken_by["contractor"].items() if b"Exif" in raw} == {"самовар.jpg"}
    assert taken_by["customer"].keys() == {"IMG_2041.jpeg"}
    assert b"Exif" not in taken_by["customer"]["IMG_2041.jpeg"]
    assert b"Exif" not in taken_by["repairs"]["самовар.jpg"]
    assert b"Sergey Masterov" in taken_by["vendor"]["IMG_2041.jpeg"]


def _pictures(left: Left, box: str) -> dict[str, bytes]:
    parts = [part for letter in left.letters(box) for part in letter.walk() if part.get_content_maintype() == "image"]
    return {str(part.get_filename()): bytes(part.get_payload(decode=True)) for part in parts}


def test_the_rating_is_seen_by_the_contractor_only(left: Left) -> None:
    assert "Быстро и чисто" in left.words("contractor")
    assert not [box for box in ("plumbers", "repairs", "vendor") if "Быстро и чисто" in left.words(box)]


def test_the_vendor_gets_the_files_of_those_before_him(left: Left) -> None:
    names = [part.get_filename() for letter in left.letters("vendor") for part in letter.walk() if part.get_filename()]
    assert sorted(filter(None, names)) == ["IMG_2041.jpeg", "самовар.jpg"]


def test_it_ends_with_a_digest_and_a_report(left: Left) -> None:
    ours = [letter for letter in left.letters("contractor") if not letter["X-Relay-Chain"]]
    digest, report = (next(one for one in ours if str(one["From"]).find(sender) >= 0) for sender in ("<digest@", "<s-"))
    shown = {name: str(one.get_body(("plain",)).get_content()) for name, one in (("digest", digest), ("report", report))}  # type: ignore[union-attr]
    assert "[A-1] Самовар на 200 чашек течёт" in shown["digest"]
    assert "North Service (заказчик: Чайная «Самовар»)" in shown["report"] and "5 из 5" in shown["report"]
    (table,) = report.iter_attachments()
    assert re.fullmatch(r"report-\d{4}-\d\d-01_\d{4}-\d\d-\d\d\.csv|report-\d{4}-\d\d\.csv", table.get_filename() or "")


def test_the_page_shows_every_letter_and_runs_nothing(left: Left) -> None:
    page = (left.folder / "index.html").read_text("utf-8")
    assert page.count("<iframe") == page.count('<iframe sandbox="" srcdoc="') == sum(len(left.letters(box)) for box in PARTIES)
    assert "<script" not in page
    assert "cid:" not in page
    links = [unquote(link) for link in re.findall(r'href="((?:files|sent)/[^"]+)"', page)]
    assert links
    assert not [link for link in links if not (left.folder / link).is_file()]


def test_it_says_what_it_has_checked_and_where_things_are(left: Left) -> None:
    assert "The internal notes are in no other party's mailbox" in left.said
    assert "Of those hidden from a party, no name" in left.said
    assert str(left.folder / "index.html") in left.said
    assert all(step.what in " ".join(left.said.split()) for step in STEPS)
    assert all(person.name in left.said for person in PEOPLE.values())


def test_words_that_several_get_are_said_once_below_the_names_that_each_sees(left: Left) -> None:
    answer = left.said.partition("\n11. ")[2].partition("\n12. ")[0]
    assert "--> customer: olga@samovar.example, from North Service\n  --> contractor" in answer
    assert answer.count("Yes, we have two") == 2  # as it was typed, and as it was read
    assert left.said.count("<-- receipt to") == sum(step.told for step in STEPS)
    assert "      |   #решено (работа выполнена)" in left.said


def test_it_stays_for_mail_written_by_hand(left: Left) -> None:
    with subprocess.Popen(
        _command("--stay", "-d", str(left.folder)), env=_environment(), stdout=subprocess.PIPE, encoding="utf-8"
    ) as stays:
        try:
            said = _until(stays, lambda line: line.startswith("New letters are shown here"))
            hint = re.search(r"swaks --server 127\.0\.0\.1:(\d+) --from olga@samovar\.example --to (\S+)", said)
            assert hint
            _write(int(hint[1]), OLGA, hint[2], "Wann kommt der Meister?")
            shown = _until(stays, lambda line: "Wann kommt der Meister?" in line)
            busy = _run(left.folder)
        finally:
            stays.send_signal(signal.SIGINT)
        assert stays.wait(PATIENCE) == 0
    assert "-->" in shown
    assert busy.returncode == 1
    assert "a demo is running" in busy.stderr


def _until(running: subprocess.Popen[str], found: Callable[[str], bool]) -> str:
    """All that is said up to the first line that is `found`."""
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        if found(line):
            return "".join(said)
    pytest.fail("".join(["the demo ended too early:\n", *said]))


def _write(port: int, sender: str, recipient: str, text: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, "By hand"
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=PATIENCE) as client:
        client.send_message(mail)


@pytest.mark.parametrize(
    ("claim", "leak"),
    [
        ("The internal notes", "Деньги за февраль пришли\r\nсегодня в 11:40, отправляйте."),
        ("Nobody's own mail address", "Write to Ivan@North.example."),
        ("Nor is the Message-ID", "abc@mail.north.example"),
        ("Of those hidden", "Write to Иван."),
        ("Of those hidden", "It is for Чайная\r\n«Самовар»."),
        ("Nor is what their photos", PHOTO),
        ("Each party knows", f"t-{'a' * 26}@relay.example"),
        ("No letter came twice", ""),
        ("Every letter's DKIM", "unsigned"),
    ],
)
def test_its_checks_find_what_they_look_for(left: Left, claim: str, leak: str) -> None:
    settings = load(left.folder / "relay.toml")
    own = Landed(IVAN, "contractor", "", _raw(f"t-{'a' * 26}@relay.example"))
    played = Played(settings, [own, *[Landed(EMMA, "vendor", "", _raw(leak))] * 2], {"<abc@mail.north.example>": "contractor"})
    check = next(check for name, check in CLAIMS.items() if name.startswith(claim))
    assert list(check(played))


def _raw(text: str) -> bytes:
    kind = "" if text.startswith("Content-Type") else "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    return f"From: a@relay.example\r\nMessage-ID: <1@relay.example>\r\n{kind}{text}\r\n".encode()


@pytest.mark.parametrize("occupied", ["folder", "file"])
def test_it_leaves_alone_what_is_not_its_own(tmp_path: Path, occupied: str) -> None:
    place = tmp_path / "demo"
    kept = place / "thesis.txt" if occupied == "folder" else place
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("years of work")
    done = _run(place)
    assert done.returncode == 1
    assert str(place) in done.stderr
    assert "--folder" in done.stderr
    assert kept.read_text() == "years of work"
    assert [path.name for path in tmp_path.rglob("*")] == (["demo", "thesis.txt"] if occupied == "folder" else ["demo"])
