"""Signed mails, changed on their way in thousands of ways: what is still believed still says the same."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from relay.authentication import Authenticator
from relay.errors import Refused
from relay.mail.reader import read
from relay.model import Mail
from relay.settings import DnsSettings
from tests.authentication.post import OURS, TO, envelope, mail, published, signed
from tests.nameserver import Nameserver

_FIELD = re.compile(rb"(?m)^[!-9;-~]+:.*\r\n(?:[ \t].*\r\n)*")
BODY = (
    "--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n"
    "--b2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "#accept\r\nThe pump is broken, we come on Monday =D0=B2 10.\r\n\r\nOn Mon, Relay wrote:\r\n> When do you come?\r\n\r\n"
    "--b2\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<p>#accept</p><p>The <b>pump</b> is broken, we come on Monday в 10.</p><blockquote>When do you come?</blockquote>\r\n\r\n"
    "--b2--\r\n--b1\r\nContent-Type: application/pdf; name=plan.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b1--\r\n"
)
WHOLE = mail(
    Content_Type="multipart/mixed; boundary=b1",
    In_Reply_To="<0@relay.example>",
    References="<0@relay.example>",
    Cc="anna@acme.example",
    body=BODY,
)
PLAIN = mail(
    body="#accept\r\nThe pump is broken.\r\n\r\n-- \r\nIvan\r\n",
    Content_Transfer_Encoding="8bit",
    In_Reply_To="<0@relay.example>",
)
CODED = mail(
    body="#accept\r\nThe pump is broken, we come on Monday =D0=B2 10 or, if nobody is there, =\r\n#resolved will do.\r\n",
    Content_Transfer_Encoding="quoted-printable",
)
GMAIL = "to:subject:message-id:date:from:in-reply-to:references:mime-version:from:to:cc:subject:date:message-id:reply-to"
ADDED = [
    b"From: mallory@evil.example",
    b"From: Mallory <ivan@north.example>",
    b"Subject: #close",
    b"To: x@y.example",
    b"Content-Type: text/html",
    b"Content-Type: multipart/mixed; boundary=b2",
    b"Content-Type: text/plain; charset=utf-16",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Disposition: attachment; filename=x.txt",
    b"MIME-Version: 1.0",
    b"In-Reply-To: <9@x>",
    b"References: <9@x>",
    b"Date: Mon, 23 Nov 2026 00:00:00 +0000",
    b"Message-ID: <9@x>",
    b"X-Other: y",
    b"Received: from a by b",
    b"Sender: m@evil.example",
    b"Reply-To: m@evil.example",
    b"Content-Language: ru",
    b"From : mallory@evil.example",
    b"DKIM-Signature: v=1",
    b"Resent-From: m@evil.example",
]
LINES = [
    b"#close\r\n",
    b"Another text.\r\n",
    b"\r\n",
    b"--b1--\r\n",
    b"--b2\r\n\r\nMine\r\n",
    b"\0",
    b" ",
    b"\r",
    b"\n",
    b".\r\n",
    b"=\r\n",
    b"=23",
]


def _flip(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << dice.randrange(8))]) + raw[at + 1 :]


def _insert(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw))
    return raw[:at] + dice.choice(LINES) + raw[at:]


def _cut(raw: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(raw))
    return raw[:start] + raw[start + dice.randrange(1, 200) :]


def _append(raw: bytes, dice: random.Random) -> bytes:
    return raw + b"".join(dice.choices(LINES, k=3))


def _end(raw: bytes, dice: random.Random) -> bytes:
    return raw[: dice.randrange(len(raw))]


def _fields(change: Callable[[list[bytes], random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def changed(raw: bytes, dice: random.Random) -> bytes:
        head, _, body = raw.partition(b"\r\n\r\n")
        fields = _FIELD.findall(head + b"\r\n")
        if fields:
            change(fields, dice)
        return b"".join(fields) + b"\r\n" + body

    return changed


def _add(fields: list[bytes], dice: random.Random) -> None:
    fields.insert(dice.randrange(len(fields) + 1), dice.choice(ADDED) + b"\r\n")


def _double(fields: list[bytes], dice: random.Random) -> None:
    fields.insert(dice.randrange(len(fields) + 1), dice.choice(fields))


def _remove(fields: list[bytes], dice: random.Random) -> None:
    del fields[dice.randrange(len(fields))]


def _shuffle(fields: list[bytes], dice: random.Random) -> None:
    dice.shuffle(fields)


def _replace(fields: list[bytes], dice: random.Random) -> None:
    """A field in the place of another of its name, where there is one."""
    new = dice.choice(ADDED) + b"\r\n"
    name = new.partition(b":")[0].lower()
    fields[:] = [new if field.partition(b":")[0].lower() == name else field for field in fields]


def _fold(fields: list[bytes], dice: random.Random) -> None:
    at = dice.randrange(len(fields))
    fields[at] = fields[at].replace(b" ", dice.choice([b"\r\n ", b"  ", b"\t", b"\r\n \r\n "]), 1)


WAYS = [_flip, _insert, _cut, _append, _end, *map(_fields, (_add, _double, _remove, _shuffle, _replace, _fold))]


def mutants(raw: bytes, count: int) -> Iterator[bytes]:
    for seed in range(count):
        dice = random.Random(seed)
        changed = raw
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            changed = dice.choice(WAYS)(changed or b"\r\n", dice) if len(changed) > 2 else changed
        yield changed


def told(found: Mail) -> tuple[object, ...]:
    """What of a mail is published; the form "relaxed" does not count blanks."""
    files = [(file.name, file.sha256) for file in found.attachments]
    commands = [(command.word, command.argument.split()) for command in found.commands]
    return found.author, found.subject, found.text.split(), found.html.split(), commands, files


@contextmanager
def judging() -> Iterator[Callable[[Mail], str]]:
    """A relay that has been running for a while."""
    with Nameserver(published(), ttl=3600) as server, asyncio.Runner() as runner:
        judged = Authenticator(DnsSettings((("127.0.0.1", server.port),)), frozenset(), OURS)
        yield lambda found: runner.run(judged.judge(envelope(), found)).dmarc


def believed(raw: bytes, count: int) -> tuple[int, list[tuple[bytes, Mail]]]:
    """How many mutants are believed, and those of them that say something else."""
    same, others = 0, []
    with judging() as judge:
        original = read(raw)
        assert judge(original) == "yes"
        for changed in mutants(raw, count):
            try:
                found = read(changed)
            except Refused:
                continue
            if judge(found) == "yes":
                same += 1
                if told(found) != told(original):
                    others.append((changed, found))
    return same, others


@pytest.mark.parametrize(("raw", "count"), [(signed(WHOLE), 2000), (signed(PLAIN, form="simple/simple"), 3000)])
def test_what_is_believed_says_what_was_signed(raw: bytes, count: int) -> None:
    same, others = believed(raw, count)
    assert not others, others[0]
    assert same > count // 50, "some changes do not matter: a field added that nobody reads, others in another order"


def test_a_mail_signed_as_gmail_does_keeps_its_words() -> None:
    """What its Content-Type may still be changed to: another kind of multipart, another charset. Neither adds a word."""
    same, others = believed(signed(WHOLE, covers=GMAIL), 800)
    assert not others and same > 20
    mixed = b"multipart/alternative; boundary=b1"
    changed = signed(WHOLE, covers=GMAIL).replace(b"multipart/mixed; boundary=b1", mixed)
    with judging() as judge:
        found = read(changed)
        assert judge(found) == "yes"
        assert (found.author, found.text, found.commands) == (read(WHOLE).author, read(WHOLE).text, read(WHOLE).commands)


def test_a_text_signed_as_gmail_does_keeps_its_words() -> None:
    same, others = believed(signed(CODED, covers=GMAIL), 1500)
    assert not others, others[0]
    assert same > 30


def test_the_addressee_stays() -> None:
    raw = signed(WHOLE)
    with judging() as judge:
        assert judge(read(raw.replace(TO.encode(), b"mallory@evil.example"))) == "no"
