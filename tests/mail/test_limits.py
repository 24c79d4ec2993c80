"""Mails built to choke a parser: each is refused, or read at once."""

from __future__ import annotations

import pytest

from relay.errors import Refused
from relay.mail.page import html
from relay.mail.reader import read
from relay.mail.text import length, reply
from tests.mail.samples import mail, multipart, part, plain

UTF8 = "Content-Type: text/plain; charset=utf-8"


def nested(depth: int, kind: str = "mixed") -> bytes:
    """A mail of multiparts each in another."""
    raw = b""
    for level in range(depth):
        raw += f'Content-Type: multipart/{kind}; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode()
    return b"From: a@b.example\r\n" + raw + b"\r\nx\r\n"


BOMBS = {
    "commas": mail("x", "Cc: " + "," * 20_000),
    "a long field": mail("x", "Cc: " + "," * 100_000),
    "addresses": mail("x", "To: " + ",".join(f"u{number}@x.example" for number in range(2000))),
    "header bytes": mail("x", "X: " + "y" * 300_000),
    "header lines": mail("x", *["X: y"] * 50_000),
    "no end of header": b"From: a@b.example\r\n" + b"x" * 500_000,
    "parts": multipart("mixed", *[b"\r\nx"] * 50_000),
    "nested multiparts": nested(5000),
    "nested alternatives": nested(5000, "alternative"),
    "parameters": mail("x", "Content-Type: text/plain" + "; a=b" * 10_000),
    "parameters of a part": multipart("mixed", part("text/plain" + "; a=b" * 5000, "x")),
    "the header of a part": multipart("mixed", b"X: y\r\n" * 20_000 + b"\r\nx"),
    "a long From": mail("x", sender="(" * 100_000 + "a@b.example"),
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        read(raw)
    assert (refusal.value.code, refusal.value.enhanced) == (554, "5.6.0")
    assert len(refusal.value.text) < 200


def test_ordinary_mail_stays_below_every_limit() -> None:
    many = multipart("mixed", plain("Привет."), *[part(f"image/png; name={number}.png", b"x") for number in range(200)])
    assert len(read(many).attachments) == 200
    assert read(nested(20)).text == "x"
    assert read(mail("x", "To: " + ", ".join(f"Иван {number} <u{number}@x.example>" for number in range(300)))).text == "x"


def test_nested_attached_mails_stay_closed() -> None:
    raw = mail(b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"x", "Content-Type: message/rfc822")
    (file,) = read(raw).attachments
    assert file.name == "message.eml"


def test_a_text_full_of_delimiters_is_text() -> None:
    assert read(mail("--x\r\n" * 5000, "Content-Type: text/plain")).text.count("--x") == 5000


TEXTS = [
    "> ",
    ">\n",
    "a:\n",
    "От: x\n",
    "x wrote:\n",
    "On 14.03.2025 10:22, a@b.c wrote: ",
    "--\n",
    "-- \nx\n",
    "_",
    "С уважением,\n",
    "<([",
]


@pytest.mark.parametrize("piece", TEXTS)
def test_long_odd_texts_are_read(piece: str) -> None:
    assert isinstance(reply.split(piece * (200_000 // len(piece))), reply.Reply)


LONG = "The log says 7 of 9.\n" * (length.LINES + 5000)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_million_empty_lines_are_one(ending: str) -> None:
    for gap in (ending * 1_000_000, f" {ending}\t\xa0{ending}" * 500_000):
        assert read(mail(f"Hello.{gap}Bye.{ending}", UTF8)).text == "Hello.\n\nBye."
        assert reply.clean(gap).count("\n") == 21


def test_of_a_text_that_nobody_writes_all_is_kept() -> None:
    found = read(mail(f"#accept\nHere it is:\n{LONG}\n\n\n\nThe end.\n"))
    assert [command.word for command in found.commands] == ["accept"]
    assert found.text.count("of 9.") == length.LINES + 5000 and found.text.endswith("of 9.\n\nThe end.")


@pytest.mark.parametrize(
    "history",
    [
        "-----Original Message-----\nFrom: Anna <anna@shop.example>\nSent: Monday, 2 March 2026 10:15\n\nOld words.\n#close",
        "________________\nFrom: Anna <anna@shop.example>\nSent: Monday, 2 March 2026 10:15\nSubject: x\n\nOld words.",
        "On Mon, 2 Mar 2026 at 10:15, Anna <anna@shop.example> wrote:\n\nOld words.",
        "> Old words.\n>\n> Older.",
    ],
)
@pytest.mark.parametrize("lines", [length.LINES - 3, length.LINES, length.LINES + 5000])
def test_history_below_a_text_that_nobody_writes_is_history(history: str, lines: int) -> None:
    found = reply.split("Words.\n" + "The log says 7 of 9.\n" * lines + f"\n{history}\n", forwarded=False)
    assert "Old words." in found.quoted and "Old" not in f"{found.text}{found.rest}{found.forwarded}"
    assert f"{found.text}\n{found.rest}".count("of 9.") == lines


def test_forwarded_mail_below_a_text_that_nobody_writes_stays() -> None:
    forwarded = "---------- Forwarded message ---------\nFrom: Anna <anna@shop.example>\n\nOld words.\n"
    found = reply.split(f"{LONG}\n{forwarded}")
    assert found.forwarded.endswith("Old words.\n") and "Old words." not in found.quoted


def test_a_command_below_what_is_read_is_told_of_and_internal_guards() -> None:
    found = read(mail(f"{LONG}\n#close\n"))
    assert not found.commands and found.unknown == ("#close",)
    found = read(mail(f"{LONG}\n#internal\n"))
    assert [command.word for command in found.commands] == ["internal"]


PAGES = {
    "deep": "<div>" * 50_000 + "Привет" + "</div>" * 50_000,
    "deep quotes": "Привет" + "<blockquote>x" * 2500,
    "self-closed": "<div/>" * 50_000 + "Привет",
    "attributes": "<div " + " ".join(f"a{number}=1" for number in range(50_000)) + ">Привет</div>",
    "angles": "Привет" + "<" * 200_000,
    "rows": "<table>" + "<tr><td>x<td>y" * 5000 + "</table>Привет",
    "a long cell": "<table><tr><td>" + "x" * 50_000 + "<tr><td>y" * 5000 + "</table>Привет",
    "styles": "Привет" + "<style>" * 50_000,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_monstrous_html_is_read(page: str) -> None:
    assert "Привет" in html.text(page)
    assert len(html.text(page)) < 2_000_000
