"""A process that reads: what comes out is what came out before; what hangs, grows or dies is said, and the next mail is read."""

from __future__ import annotations

import io
import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from relay.errors import Refused
from relay.mail.reader import read, read_body
from relay.readers.limits import MB, Limits
from relay.readers.process import Reader, ReaderProcess, Unreadable
from tests.mail.samples import mail, multipart, part, plain
from tests.readers.processes import children, is_there, linux, slow

RAW = multipart("mixed", plain("#resolved\nReplaced.\n\n> When?"), part("image/png; name=a.png", b"12"))


@pytest.fixture
def reader() -> Iterator[ReaderProcess]:
    with ReaderProcess() as process:
        yield process


def its_pid() -> int:
    (pid,) = children(os.getpid())
    return pid


def zipped(size: int) -> bytes:
    """A ZIP file of so many zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * size)
    return file.getvalue()


def test_the_same_comes_out_as_in_this_process(reader: ReaderProcess) -> None:
    assert reader.read(RAW) == read(RAW)
    assert reader.read_body(b"Yes.\n\n> When?", "text") == read_body("Yes.\n\n> When?", "text")
    assert reader.read_body(b"<p>Yes.</p><blockquote>When?", "html").text == "Yes."
    assert reader.clean(b"words") == b"words"
    assert reader.clean(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)) is None


def test_a_refusal_is_the_same_refusal(reader: ReaderProcess) -> None:
    raw = mail("x", "Cc: " + "," * 20_000)
    with pytest.raises(Refused) as here:
        read(raw)
    with pytest.raises(Refused) as there:
        reader.read(raw)
    assert there.value.args == here.value.args


def test_a_mail_as_large_as_may_come_is_read(reader: ReaderProcess) -> None:
    content = os.urandom(17 * MB)
    (file,) = reader.read(multipart("mixed", plain("Look."), part("application/pdf; name=a.pdf", content))).attachments
    assert file.content == content


def test_what_takes_too_long_is_said_and_the_next_mail_is_read() -> None:
    with ReaderProcess(Limits(seconds=1.5)) as reader:
        with pytest.raises(Unreadable, match=r"^took more than 1\.5 s to read$"):
            reader.read(slow(30))
        assert reader.read(RAW).text == "Replaced."


def test_what_takes_too_much_memory_is_said_and_the_next_mail_is_read() -> None:
    with ReaderProcess(Limits(memory=16 * MB)) as reader:
        with pytest.raises(Unreadable, match=r"^took more than 16 MB to read$"):
            reader.read(mail("Hello there. " * 1_000_000))
        assert reader.read(RAW).text == "Replaced."


def test_a_page_that_fills_the_memory_is_said_to_do_that() -> None:
    """The libraries have other names for it."""
    with ReaderProcess(Limits(seconds=60, memory=16 * MB)) as reader:
        for piece in ("<hr>", "<p>x", "<br>"):
            with pytest.raises(Unreadable, match=r"^took more than 16 MB to read$"):
                reader.read(mail(piece * 90_000, "Content-Type: text/html"))


def test_a_file_that_takes_too_long_to_clean_is_not_cleanable() -> None:
    with ReaderProcess() as reader:
        bomb = zipped(190_000_000)
        assert reader.is_stuck(bomb, 0.05)
        assert reader.is_stuck(bomb, 0.0)
        assert not reader.is_stuck(zipped(1000), 30)


@pytest.fixture
def assassin(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[signal.Signals]]:
    """What processes that have begun to read are sent a moment later, one signal for each of them."""
    signals: list[signal.Signals] = []
    exchange = Reader._exchange

    async def watched(reader: Reader, *arguments: Any) -> Any:
        if signals:
            threading.Timer(0.2, os.kill, (its_pid(), signals.pop())).start()
        return await exchange(reader, *arguments)

    monkeypatch.setattr(Reader, "_exchange", watched)
    yield signals
    assert not signals


@linux
def test_one_killed_while_idle_is_replaced(reader: ReaderProcess) -> None:
    reader.start()
    os.kill(its_pid(), signal.SIGKILL)
    assert reader.read(RAW).text == "Replaced."


@linux
def test_one_killed_while_it_reads_is_replaced_and_the_mail_read_again(assassin: list[signal.Signals]) -> None:
    with ReaderProcess(Limits(seconds=60)) as reader:
        assassin.append(signal.SIGKILL)
        assert reader.read(slow(1)).text.startswith("Hello.")


@linux
def test_a_mail_that_ends_its_reader_twice_is_given_up(assassin: list[signal.Signals]) -> None:
    with ReaderProcess(Limits(seconds=60)) as reader:
        assassin += [signal.SIGSEGV, signal.SIGKILL]
        with pytest.raises(Unreadable, match=r"twice \(SIGSEGV\)"):
            reader.read(slow(10))
        assert reader.read(RAW).text == "Replaced."


@linux
def test_what_its_whole_group_is_told_does_not_end_it(reader: ReaderProcess) -> None:
    reader.start()
    before = its_pid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(before, number)
    assert reader.read(RAW).text == "Replaced."
    assert its_pid() == before


@linux
def test_closing_leaves_no_process() -> None:
    with ReaderProcess() as reader:
        reader.start()
        pid = its_pid()
    assert not is_there(pid)
