"""What strangers get and give: no letter for any address that a mail brings along, and no word of theirs for a party."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator

import pytest

from tests.attacks.keys import key
from tests.attacks.signer import sign
from tests.attacks.world import ADMIN, PARTIES, VICTIM, Attack, Case, Draft, World, words, world
from tests.attacks.zones import EVIL
from tests.harness import DOMAIN

ANNA, IVAN = "anna@shop.example", "ivan@north.example"
PEOPLE = {person for people, _, _ in PARTIES.values() for person in people} | {ADMIN, "boss@spare.example"}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("crowd")) as made:
        yield made


# ── backscatter ────────────────────────────────────────────────────────────────────────────────────────────

ASKING = ("Reply-To", "Sender", "Errors-To", "Return-Receipt-To", "Disposition-Notification-To", "Cc", "Bcc", "Mail-Followup-To",
          "X-Confirm-Reading-To", "Resent-From", "Abuse-Reports-To", "List-Unsubscribe", "Delivered-To")  # fmt: skip


def _with(draft: Draft, lines: str) -> bytes:
    return lines.encode() + draft.raw


BAD: dict[str, Callable[[Case], bytes]] = {
    "the victim as author": lambda case: case.draft.having(From=VICTIM).raw,
    "the victim beside the author": lambda case: case.draft.having(From=f"{case.author}, {VICTIM}").raw,
    "the victim everywhere": lambda case: _with(case.draft, "".join(f"{name}: <{VICTIM}>\r\n" for name in ASKING)),
    "no From": lambda case: case.draft.without("From").raw,
    "a command that is none": lambda case: case.draft.having(From=VICTIM, Subject="#resolvd").raw,
    "a command for help": lambda case: Draft(case.draft.having(From=VICTIM).fields, "#help\r\n").raw,
    "too many parts": lambda case: (
        Draft(
            case.draft.having(Content_Type='multipart/mixed; boundary="b"').fields, "--b\r\n\r\nx\r\n" * 20_000 + "--b--\r\n"
        ).raw
    ),
    "a program in a file": lambda case: (
        Draft(case.draft.having(From=VICTIM, Content_Type='application/octet-stream; name="run.exe"').fields, "MZ\r\n").raw
    ),
    "a report": lambda case: (
        Draft(
            case.draft.having(From=VICTIM, Content_Type='multipart/report; report-type=delivery-status; boundary="b"').fields,
            f"--b\r\n\r\nx\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; {VICTIM}\r\n"
            "Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n",
        ).raw
    ),
    "an answer of a program": lambda case: case.draft.having(From=VICTIM, Auto_Submitted="auto-replied").raw,
    "a question for a receipt": lambda case: case.draft.having(From=VICTIM, Disposition_Notification_To=VICTIM).raw,
    "a loop": lambda case: b"Received: by x\r\n" * 80 + case.draft.having(From=VICTIM).raw,
    "bytes": lambda case: bytes(range(256)) * 10 + b"\r\n",
}
PLACES = ("thread", "note", "link", "return-path", "postmaster", "abuse")


def _place(world: World, kind: str) -> str:
    letter = world.sink.to(IVAN)[0]
    own = {
        "thread": world.threads["north"],
        "note": world.notes["north"],
        "link": f"north@{DOMAIN}",
        "return-path": letter.return_path,
    }
    return own.get(kind, f"{kind}@{DOMAIN}")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", BAD)
def test_a_bad_mail_makes_no_letter_to_an_address_that_it_brings(crowd: World, name: str, place: str) -> None:
    case = Case("north", IVAN, _place(crowd, place), "Hello.")
    before = crowd.look()
    answer = crowd.post(Attack(BAD[name](case), VICTIM), case.to)
    assert answer[:3] in ("250", "451", "550", "554")
    told = {recipient for recipient, _ in crowd.letters(before)}
    assert told <= {ADMIN, ANNA, IVAN, "olga@north.example"}


@pytest.mark.parametrize("place", PLACES)
def test_a_good_mail_makes_no_letter_to_an_address_that_it_brings(crowd: World, place: str) -> None:
    author = ANNA if place == "link" else IVAN
    case = Case("north", author, _place(crowd, place), f"#help\r\n#resolvd\r\nWrite to {VICTIM} or mailto:{VICTIM}.")
    lines = "".join(f"{name}: <{VICTIM}>\r\n" for name in ASKING if name != "Cc").encode()
    raw = lines + sign(case.draft.having(Cc=VICTIM).raw, key(case.domain), case.domain)
    before = crowd.look()
    assert crowd.post(Attack(raw, author), case.to)[:3] == "250"
    assert {recipient for recipient, _ in crowd.letters(before)} <= PEOPLE


def test_no_letter_was_ever_tried_to_anybody_but_people_of_the_parties(crowd: World) -> None:
    """After all the mails above, or one if it runs alone."""
    case = Case("north", IVAN, crowd.threads["north"], "Hello.")
    crowd.post(Attack(BAD["the victim as author"](case), VICTIM), case.to)
    crowd.quiet()
    assert {recipient for recipient, _ in crowd.sink.tries} <= PEOPLE


# ── other services' mails to our addresses ─────────────────────────────────────────────────────────────────

SERVICE = "notices.example"
KINDS = {
    "plain": "",
    "marked": "Auto-Submitted: auto-generated\r\n",
    "bulk": "Precedence: bulk\r\nList-Unsubscribe: <https://notices.example/x>\r\n",
    "from nobody": "X-Auto-Response-Suppress: All\r\n",
}


@pytest.mark.parametrize("place", ["thread", "note", "link", "return-path"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_code_that_a_service_sends_to_our_address_reaches_no_party(crowd: World, kind: str, place: str) -> None:
    """Ticket Trick: a party has registered our address there, and waits for the code."""
    case = Case("north", IVAN, _place(crowd, place), "")
    draft = case.draft.having(From=f"Service <noreply@{SERVICE}>", Subject=f"Confirmation code {case.word}")
    lines = KINDS[kind].encode()
    raw = lines + sign(Draft(draft.fields, f"Your code is {case.word}.\r\n").raw, key(SERVICE), SERVICE)
    before = crowd.look()
    answer = crowd.post(Attack(raw, "" if kind == "from nobody" else f"bounce@{SERVICE}"), case.to)
    assert place == "return-path" or answer in {"250 held", "250 done", "550 5.7.1"}
    assert all(case.word not in text for _, _, text in crowd.events(before))
    assert {recipient for recipient, _ in crowd.letters(before)} <= {ADMIN, ANNA, IVAN, "olga@north.example"}


def test_no_code_of_a_service_stands_in_any_letter_not_even_in_the_history(crowd: World) -> None:
    """After all the mails above, or one if it runs alone: the party that has waited for it asks for the whole thread."""
    case = Case("north", IVAN, _place(crowd, "return-path"), f"CODE-OF-A-SERVICE {SERVICE}")
    crowd.post(Attack(case.seeming(f"noreply@{SERVICE}", SERVICE), f"bounce@{SERVICE}"), case.to)
    letters = len(crowd.sink.to(IVAN))
    ask = Case("north", IVAN, crowd.threads["north"], "#history")
    assert crowd.post(Attack(ask.signed(), IVAN), ask.to) == "250 done"
    crowd.sink.wait(IVAN, letters + 1)
    crowd.quiet()
    told = [(letter.recipient, words(letter)) for letter in crowd.sink.received]
    assert {who for who, text in told if "CODE-OF-A-SERVICE" in text or "Your code is" in text} <= {ADMIN}


# ── what the admin sees ────────────────────────────────────────────────────────────────────────────────────

ESCAPES = "\x1b]0;Your shell\x07\x1b[2J\x1b[31m\x9b31m"


def on_a_terminal(world: World, *arguments: str) -> str:
    """What a command writes when it writes to a terminal."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "relay.cli.main", *arguments, "-c", str(world.relay.config)]
    with subprocess.Popen(command, stdin=its, stdout=its, stderr=its) as process:
        os.close(its)
        written = b""
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while chunk := os.read(ours, 4096):
                written += chunk
        os.close(ours)
        assert process.wait(30) == 0, written
    return written.decode()


@pytest.mark.parametrize("command", [("held", "list"), ("held", "show"), ("trace",)], ids=" ".join)
def test_a_strangers_mail_says_nothing_to_the_admins_terminal(crowd: World, command: tuple[str, ...]) -> None:
    """Escapes can rename, clear and colour it, and on some type what is then run."""
    case = Case("north", IVAN, crowd.threads["north"], ESCAPES)
    draft = case.draft.having(From=f"=?utf-8?q?=1B[31mEve=07?= <{case.word}@{EVIL}>", Subject=f"=?utf-8?q?=1B[2J?= {ESCAPES}")
    raw = sign(draft.raw, key(EVIL), EVIL)
    assert crowd.post(Attack(raw), case.to) == "250 held"
    ((mail,),) = crowd.rows("select id from mails where sender = ?", f"{case.word}@{EVIL}")
    shown = on_a_terminal(crowd, *command, *([] if command == ("held", "list") else [mail]))
    assert mail in shown or case.word in shown
    assert [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\r\n\t"] == []


def test_the_postmaster_gets_what_is_written_to_him_and_the_writer_gets_nothing(crowd: World) -> None:
    case = Case("north", IVAN, f"postmaster@{DOMAIN}", "I cannot reach you.")
    before = crowd.look()
    raw = sign(case.draft.having(From=f"someone@{EVIL}").raw, key(EVIL), EVIL)
    assert crowd.post(Attack(raw), case.to) == "250 done"
    assert {recipient for recipient, _ in crowd.letters(before)} == {ADMIN}
