"""Mails that no client wrote: real ones with bytes flipped, parts cut, headers doubled, boundaries and encodings broken.

`mutant(seed)` is the same mail for the same seed, so that one that fails can be looked at again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.mail.samples import mail, multipart, page, part, plain

CORPUS = Path(__file__).parents[1] / "corpus"
ODD = (
    *(
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff\xfe",
        b"=?utf-8?b?",
        b"?=",
        b"--",
        b">",
        b"> ",
        b"<",
        b"</",
        b"&#x",
        b"&",
        b'"',
        b"\\",
    ),
    *(
        b"(",
        b"<!--",
        b"<blockquote>",
        b"<table><tr><td>",
        b"<div style='display:none'>",
        b"-- \r\n",
        b"#accept\r\n",
        b"#internal\r\n",
    ),
    *(
        b"On Mon, Ivan wrote:\r\n",
        b"-----Original Message-----\r\n",
        b"Content-Type: multipart/mixed\r\n",
        b"\xe2\x80\xae",
        b"[cid:p1]",
    ),
    *(
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"charset=utf-7",
        b"format=flowed; delsp=yes",
    ),
)
_FIELD = re.compile(rb"(?m)^[A-Za-z-]+:.*(?:\r?\n[ \t].*)*\r?\n")
_BOUNDARY = re.compile(rb'boundary="?[^"\r\n;]+')
_WORDS = re.compile(rb"(?i)base64|quoted-printable|utf-8|koi8-r|text/plain|text/html|multipart/\w+|alternative|attachment|inline")
_OTHERS = (
    *(
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"utf-16",
        b"iso-2022-jp",
        b"idna",
        b"nonsense",
        b"text/html",
        b"text/plain",
    ),
    *(b"message/rfc822", b"message/delivery-status", b"multipart/alternative", b"multipart/report", b"inline", b"image/png", b""),
)
Mutation = Callable[[random.Random, bytes], bytes]


@cache
def originals() -> tuple[bytes, ...]:
    """The mails of the corpus, and some that are put together."""
    html = "<div>Да.<br><blockquote>Когда?</blockquote></div><img src='cid:a@x'><table><tr><td>x<td>y</table>"
    picture = part("image/png; name=a.png", b"\x89PNG 12", "Content-ID: <a@x>", "Content-Disposition: inline")
    status = "Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    made = (
        multipart("mixed", plain("#resolved\nГотово.\n\n> Когда?"), part("application/pdf; name=a.pdf", b"%PDF" + bytes(300))),
        multipart("related", page(html), picture),
        multipart("alternative", plain("Да.\n\n> Когда?"), page(html)),
        multipart("report", plain("Not delivered."), part("message/delivery-status", status), part("message/rfc822", mail("x"))),
        mail(
            "Да. \nИ ещё.\n> Когда?\n", "Content-Type: text/plain; charset=utf-8; format=flowed", "Subject: =?utf-8?q?Re:_=41?="
        ),
    )
    return (*(path.read_bytes() for path in sorted(CORPUS.rglob("*.eml"))), *made)


def mutant(seed: int) -> bytes:
    """One of the originals after some mutations."""
    chance = random.Random(seed)
    raw = chance.choice(originals())
    for _ in range(chance.randint(1, 6)):
        raw = chance.choice(MUTATIONS)(chance, raw)
    return raw


def _place(chance: random.Random, raw: bytes) -> int:
    return chance.randrange(len(raw) + 1)


def flip(chance: random.Random, raw: bytes) -> bytes:
    """Some bytes become others."""
    changed = bytearray(raw)
    for _ in range(min(chance.randint(1, 20), len(raw))):
        changed[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(changed)


def cut(chance: random.Random, raw: bytes) -> bytes:
    """A stretch is missing."""
    start = _place(chance, raw)
    return raw[:start] + raw[start + chance.randint(1, max(len(raw) // 3, 1)) :]


def insert(chance: random.Random, raw: bytes) -> bytes:
    """Something odd stands in it, once or many times."""
    start = _place(chance, raw)
    return raw[:start] + chance.choice(ODD) * chance.choice((1, 1, 1, 2, 50, 3000)) + raw[start:]


def double(chance: random.Random, raw: bytes) -> bytes:
    """A header field stands twice."""
    fields = list(_FIELD.finditer(raw))
    return raw if not fields else raw[: (found := chance.choice(fields)).end()] + found[0] + raw[found.end() :]


def repeat(chance: random.Random, raw: bytes) -> bytes:
    """A stretch stands there again, up to fifty times."""
    start = _place(chance, raw)
    end = start + chance.randint(1, 2000)
    return raw[:end] + raw[start:end] * chance.choice((1, 2, 50)) + raw[end:]


def unbound(chance: random.Random, raw: bytes) -> bytes:
    """A boundary is declared wrongly."""
    return _BOUNDARY.sub(lambda match: match[0][: chance.randint(9, len(match[0]))], raw, count=1)


def misname(chance: random.Random, raw: bytes) -> bytes:
    """An encoding, charset or type is another."""
    found = list(_WORDS.finditer(raw))
    return raw if not found else raw[: (word := chance.choice(found)).start()] + chance.choice(_OTHERS) + raw[word.end() :]


def shuffle(chance: random.Random, raw: bytes) -> bytes:
    """Two stretches have changed places."""
    first, second, third = sorted(_place(chance, raw) for _ in range(3))
    return raw[:first] + raw[second:third] + raw[first:second] + raw[third:]


MUTATIONS: tuple[Mutation, ...] = (flip, cut, insert, double, repeat, unbound, misname, shuffle)
