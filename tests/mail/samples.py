"""Mails as clients write them, put together from headers and parts; every text is our own."""

from __future__ import annotations

import base64

BOUNDARY = "=-frontier"


def mail(body: str | bytes = "Готово.\r\n", *fields: str, sender: str = "Ivan Petrov <ivan@north.example>") -> bytes:
    """A raw mail with a From, the given header fields and a body (UTF-8)."""
    header = "\r\n".join([f"From: {sender}", *fields])
    return header.encode() + b"\r\n\r\n" + (body.encode() if isinstance(body, str) else body)


def multipart(kind: str, *parts: bytes, fields: tuple[str, ...] = (), boundary: str = BOUNDARY) -> bytes:
    """A raw multipart mail of those parts."""
    return mail(joined(boundary, *parts), *fields, f'Content-Type: multipart/{kind}; boundary="{boundary}"')


def joined(boundary: str, *parts: bytes) -> bytes:
    """The body of a multipart."""
    return (
        b"".join(b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts) + b"--" + boundary.encode() + b"--\r\n"
    )


def part(kind: str, content: str | bytes, *fields: str) -> bytes:
    """One part, base64 unless it is a message."""
    data = content.encode() if isinstance(content, str) else content
    if kind.startswith(("message/", "multipart/")):
        return "\r\n".join([f"Content-Type: {kind}", *fields]).encode() + b"\r\n\r\n" + data
    head = [f"Content-Type: {kind}", *fields, "Content-Transfer-Encoding: base64"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + base64.encodebytes(data)


def plain(text: str) -> bytes:
    """A text/plain part in UTF-8."""
    return part("text/plain; charset=utf-8", text)


def page(html: str) -> bytes:
    """A text/html part in UTF-8."""
    return part("text/html; charset=utf-8", html)
