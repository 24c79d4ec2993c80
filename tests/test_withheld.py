"""Programs over SMTP: nobody gets them, their sender is told in his language, and the mail is kept whole."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from relay.wording import PROBLEMS, languages
from tests.harness import Relay, Sink, until, write
from tests.mail.test_files import EXE, JPEG, zipped
from tests.test_workflow import ANNA, IVAN, Play

OLGA = "olga@north.example"
REASONS = ("file-program", "file-disguised", "file-in-archive", "file-infected", "file-too-large")


@pytest.fixture
def play(make_relay: Callable[..., Relay], sink: Sink) -> Play:
    relay = make_relay()
    relay.start()
    return Play(relay, sink)


def mail(sender: str, to: str, text: str, **files: bytes) -> EmailMessage:
    made = write(sender, to, text)
    for name, content in files.items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def test_a_program_goes_to_nobody_and_its_sender_is_told(play: Play) -> None:
    thread = play.sink.wait(ANNA).thread
    files = {"setup_exe": EXE, "photo_jpg": JPEG, "act_pdf": EXE, "driver_zip": zipped("setup.exe")}
    play.relay.send(mail(f"Anna <{ANNA}>", thread, "The papers.", **files), ANNA, thread)
    for who in (IVAN, OLGA):
        assert play.hears(who, "The papers.").files == {"photo.jpg": JPEG}
    told = play.hears(ANNA, "setup.exe").text
    assert "программа, сценарий или ярлык" in told and "act.pdf" in told and "в этом архиве" in told
    assert "Файлы: photo.jpg\n" in told


def test_colleagues_do_not_get_it_either(play: Play) -> None:
    thread = play.sink.wait(IVAN).thread
    play.relay.send(mail(f"Ivan <{IVAN}>", thread, "#internal\n\nTry this.", run_bat=b"echo", log_txt=b"pump"), IVAN, thread)
    assert set(play.hears(OLGA, "Try this.").files) == {"log.txt"}
    assert "The file run.bat was not sent on: it is a program" in play.hears(IVAN, "run.bat").text
    until(lambda: not play.relay.json("queue", "list"), "an empty queue")
    assert all("run.bat" not in letter.text for letter in play.sink.to(OLGA))


def test_the_mail_is_kept_whole_and_the_file_is_not_among_the_blobs(play: Play) -> None:
    thread = play.sink.wait(ANNA).thread
    play.relay.send(mail(f"Anna <{ANNA}>", thread, "The tool.", setup_exe=EXE), ANNA, thread)
    play.hears(ANNA, "setup.exe")
    data = Path(play.relay.config).parent / "data"
    assert any(b"setup.exe" in kept.read_bytes() for kept in (data / "spool" / "kept").rglob("*.eml"))
    assert not [blob for blob in (data / "blobs").rglob("*") if blob.is_file() and blob.read_bytes() == EXE]


def test_an_empty_list_lets_everything_through(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay(extra="[files]\nwithhold = []\n")
    relay.start()
    play = Play(relay, sink)
    thread = play.sink.wait(ANNA).thread
    relay.send(mail(f"Anna <{ANNA}>", thread, "The tool.", setup_exe=EXE), ANNA, thread)
    assert play.hears(IVAN, "The tool.").files == {"setup.exe": EXE}


@pytest.mark.parametrize("reason", REASONS)
def test_it_is_said_in_both_languages(reason: str) -> None:
    said = languages(None)
    english, russian = (said[code].problem({"reason": reason, "file": "a.exe"}) for code in ("en", "ru"))
    assert english == PROBLEMS[reason] % {"file": "a.exe"}
    assert russian.startswith("Файл a.exe не отправлен дальше: ")
