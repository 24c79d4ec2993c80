"""What clamd is asked and what its answers mean: the real one, and one that answers oddly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import scanner, scanning
from relay.config.units import clamd as setting
from relay.model import Attachment, Contact, Mail
from relay.scanner import Away, Clamd, TooLarge, Unscanned
from relay.settings import ScanSettings
from tests.clamd import INFECTED, LARGEST, FakeClamd, RealClamd, program


def settings(written: str) -> ScanSettings:
    where, port = setting(written)
    return ScanSettings(path="" if port else where, host=where if port else "", port=port)


@pytest.fixture
def fake() -> Iterator[FakeClamd]:
    made = FakeClamd().start()
    yield made
    made.remove()


@pytest.fixture(scope="module", params=["unix", "tcp"])
def real(request: pytest.FixtureRequest) -> Iterator[RealClamd]:
    if program() is None:
        pytest.skip("clamd is not installed")
    made = RealClamd(tcp=request.param == "tcp").start()
    yield made
    made.remove()


def scan(written: str, content: bytes, seconds: float = 20) -> str:
    return asyncio.run(Clamd(settings(written), seconds).scan(content))


# ── the real one ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_and_an_infected_one(real: RealClamd) -> None:
    assert scan(real.setting, b"a file like any other") == ""
    assert scan(real.setting, b"before " + INFECTED + b" behind").startswith("Pump.Test")
    assert scan(real.setting, b"") == ""
    asyncio.run(Clamd(settings(real.setting)).ping())


@pytest.mark.parametrize("size", [scanner.PIECE - 1, scanner.PIECE, scanner.PIECE + 1, LARGEST])
def test_files_of_any_size_go_there_whole(real: RealClamd, size: int) -> None:
    assert scan(real.setting, bytes(size - len(INFECTED)) + INFECTED).startswith("Pump.Test")
    assert scan(real.setting, bytes(size)) == ""


@pytest.mark.parametrize("size", [LARGEST + 1, 5 * LARGEST, 40 * LARGEST])
def test_a_file_that_is_too_large_for_it(real: RealClamd, size: int) -> None:
    with pytest.raises(TooLarge, match="size limit exceeded"):
        scan(real.setting, bytes(size))


def test_several_at_once(real: RealClamd) -> None:
    async def both() -> list[str]:
        clamd = Clamd(settings(real.setting))
        return await asyncio.gather(*(clamd.scan(INFECTED if number % 2 else b"fine") for number in range(20)))

    assert [bool(one) for one in asyncio.run(both())] == [False, True] * 10


# ── odd answers ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (b"stream: Can't allocate memory ERROR\0", Unscanned, "Can't allocate memory ERROR"),
        (b"INSTREAM size limit exceeded. ERROR\0", TooLarge, "size limit exceeded"),
        (b"UNKNOWN COMMAND\0", Unscanned, "UNKNOWN COMMAND"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n\0", Unscanned, "HTTP/1.1"),
        (b"\xff\xfe\x80\0", Unscanned, "it said"),
        (b"\0", Unscanned, "it said ''"),
        (b"", Away, "hung up without an answer"),
        (b"stream: O", Away, "broke off after 'stream: O'"),
        (b"stream: OK", Away, "broke off"),
        (b"x" * 100_000, Away, "broke off"),
    ],
)
def test_an_answer_that_is_none(fake: FakeClamd, answer: bytes, error: type[Exception], told: str) -> None:
    fake.answer = answer
    with pytest.raises(error, match=re.escape(told)) as caught:
        scan(fake.setting, b"file")
    assert type(caught.value) is error and len(str(caught.value)) < 200


def test_one_that_says_nothing_is_not_waited_for(fake: FakeClamd) -> None:
    fake.let_go.clear()
    with pytest.raises(Away, match=re.escape("no answer within 0.2 s")):
        scan(fake.setting, b"file", 0.2)


def test_one_that_reads_nothing(fake: FakeClamd) -> None:
    fake.deaf, fake.answer = True, b""
    with pytest.raises(Away):
        scan(fake.setting, bytes(5_000_000))


@pytest.mark.parametrize("where", ["unix:/nowhere/clamd.ctl", "127.0.0.1:9", "no-such-host.invalid:3310"])
def test_one_that_is_not_there(where: str) -> None:
    with pytest.raises(Away) as caught:
        scan(where, b"file")
    assert str(caught.value)


def test_a_ping_that_is_answered_oddly(fake: FakeClamd) -> None:
    fake.pong = b"PING\0"
    with pytest.raises(Unscanned, match="it said 'PING'"):
        asyncio.run(Clamd(settings(fake.setting)).ping())


@given(st.binary(max_size=60))
def test_only_one_answer_means_that_nothing_was_found(answer: bytes) -> None:
    try:
        found = scanner.verdict(answer)
    except Unscanned:
        return
    assert (found == "") == (answer == b"stream: OK")


def test_the_bytes_arrive_as_they_are(fake: FakeClamd) -> None:
    content = bytes(range(256)) * 3000
    assert scan(fake.setting, content) == ""
    assert fake.seen == [content]


# ── marks ──────────────────────────────────────────────────────────────────────────────────────────────────


def file(name: str, content: bytes, withheld: str = "") -> Attachment:
    return Attachment(name, "text/plain", len(content), content.hex(), content=content, withheld=withheld)


def test_each_file_is_looked_at_once_and_marked() -> None:
    asked: list[str] = []

    async def ask(one: Attachment) -> str:
        asked.append(one.name)
        if one.content in (b"large", b"away"):
            raise (TooLarge if one.content == b"large" else Away)(one.name)
        return "Pump" if one.content == b"bad" else ""

    files = [file("1", b"good"), file("2", b"bad"), file("3", b"large"), file("4", b"away"), file("5", b"bad")]
    mail = Mail("reply", Contact("a@b.example"), attachments=(*files, file("6", b"exe", "program")))
    marked, trouble = asyncio.run(scanning.look(mail, ask))
    assert [one.withheld for one in marked.attachments] == ["", "infected", "too-large", "unscanned", "infected", "program"]
    assert asked == ["1", "2", "3", "4"] and str(trouble) == "3"
    assert [one.withheld for one in scanning.passed(marked).attachments] == ["", "infected", "", "", "infected", "program"]
    clean = replace(mail, attachments=(files[0],))
    assert asyncio.run(scanning.look(clean, ask)) == (clean, None)
