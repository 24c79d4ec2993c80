"""MIME as mail clients write it, by hand: the standard library would write every client's mail in its own one way."""

from __future__ import annotations

import base64
import html
import quopri
from email.header import Header

LINE = 76  # characters of a folded header (RFC 5322 §2.1.1 asks for at most 78)


def words(text: str, taken: int = 0) -> str:
    """A header's text: encoded words (RFC 2047) where it is more than ASCII; `taken` characters are before it."""
    if text.isascii():
        return text
    return Header(text, "utf-8", maxlinelen=LINE, header_name="x" * max(taken - 2, 1)).encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """`Name <address>`."""
    shown = f'"{name}"' if name.isascii() else words(name, 8)
    return f"{shown}\r\n <{address}>" if name and not name.isascii() else f"{shown} <{address}>" if name else address


def ids(found: list[str]) -> str:
    """Message-IDs, one a line."""
    return "\r\n ".join(found)


def leaf(kind: str, body: bytes, *headers: str, encoding: str = "base64") -> bytes:
    """A part that holds something: Content-Type, the other headers, and the encoded body."""
    head = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", *headers, "", ""]
    return "\r\n".join(head).encode() + _encode(body, encoding)


def text(subtype: str, value: str, *headers: str, encoding: str = "base64", more: str = "") -> bytes:
    """A text/plain or text/html part in UTF-8; `more` are further parameters of its Content-Type."""
    body = value.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    return leaf(f"text/{subtype}; charset=utf-8{more}", body, *headers, encoding=encoding)


def tree(kind: str, boundary: str, *inner: bytes) -> bytes:
    """A multipart; a single part stands for itself."""
    if len(inner) == 1:
        return inner[0]
    line = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return head + b"".join(line + b"\r\n" + part.rstrip(b"\r\n") + b"\r\n" for part in inner) + line + b"--\r\n"


def quoted(lines: str, mark: str = "> ") -> str:
    """Every line behind the mark; blank ones, too."""
    return "\n".join(mark + line for line in lines.rstrip("\n").split("\n"))


def escape(value: str) -> str:
    """Text as HTML."""
    return html.escape(value, quote=False)


def _encode(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(body).replace(b"\n", b"\r\n")
    if encoding == "quoted-printable":
        return quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return body
