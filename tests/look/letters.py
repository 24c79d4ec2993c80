"""The letters that are looked at, and their parts."""

from __future__ import annotations

import base64
import email
import email.policy
import struct
import zlib
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import get_args

from relay import samples
from relay.letters import Letters
from relay.mail.parts.flowed import unflow
from relay.model import Brand, Letter, LetterKind, Logo

COMPOSER = Letters("relay.example", "Acme Relay")
KINDS: tuple[LetterKind, ...] = get_args(LetterKind)
LANGUAGES = ("en", "ru")


def composed(letter: Letter) -> EmailMessage:
    """The letter as a client reads it."""
    message = email.message_from_bytes(COMPOSER.compose(letter), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> EmailMessage:
    """Its text or HTML part."""
    found = message.get_body((kind,))
    assert isinstance(found, EmailMessage)
    return found


def html(message: EmailMessage) -> str:
    """Its HTML."""
    return str(part(message, "html").get_content()).replace("\r\n", "\n")


def raw_text(message: EmailMessage) -> str:
    """Its plain text as it is sent, with soft line ends."""
    return str(part(message, "plain").get_content()).replace("\r\n", "\n")


def text(message: EmailMessage) -> str:
    """Its plain text, joined."""
    return unflow(raw_text(message))


def page(message: EmailMessage) -> str:
    """Its HTML with its pictures, for a browser."""
    shown = html(message)
    for each in message.walk():
        if each["Content-ID"]:
            data = base64.b64encode(bytes(each.get_payload(decode=True) or b"")).decode()
            shown = shown.replace(f"cid:{each['Content-ID'][1:-1]}", f"data:{each.get_content_type()};base64,{data}")
    return shown


def brand(colour: str = "#00aa66") -> Brand:
    """Somebody's colours and logo."""
    content = drawn(120, 36, colour)
    return Brand("North Service", colour, "North Service Ltd, Harbour Road 12, +44 20 7946 0100", logo_of(content, 120, 36))


def logo_of(content: bytes, width: int, height: int) -> Logo:
    """A logo with these bytes."""
    return Logo(Path("logo.png"), "image/png", width, height, sha256(content).hexdigest(), content)


def drawn(width: int, height: int, colour: str) -> bytes:
    """A PNG: a bar of that colour with a light diamond in it."""
    ink, paper = bytes.fromhex(colour[1:]), b"\xff\xff\xff"
    middle = height / 2

    def pixel(x: int, y: int) -> bytes:
        return paper if abs(x - middle) + abs(y - middle) < middle * 0.7 else ink

    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    made = (struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def sample(kind: LetterKind, language: str) -> Letter:
    """The made-up letter of that kind."""
    return samples.letters(language)[kind]
