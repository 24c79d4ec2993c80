"""MIME by hand: header lines, text, files and multiparts as bytes with CRLF, the same bytes for the same input.

The standard library's EmailMessage costs more than a millisecond a letter; a relay writes three for each mail.
Everything here ends up canonical for DKIM's simple body canonicalisation (RFC 6376 §3.4.3).
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from email.header import Header
from functools import lru_cache
from threading import Lock
from urllib.parse import quote

from relay.model import Attachment

LINE = 78  # RFC 5322 §2.1.1: what a line should not exceed; 998 is what it must not
PARAMETER = 900  # the longest file name parameter on one line; few programs join the pieces of RFC 2231 §3
CACHE = 64_000_000  # bytes of base64 kept for the next letter with the same file
OCTETS = "application/octet-stream"

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")  # RFC 6838 §4.2
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_DOT_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u3164\uffa0]")  # printable by category, and yet they show as nothing
# Also what turns letters round by command (Unicode TR9, 2.2); marks of direction, which some languages need, stay.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


# ── cleaning ───────────────────────────────────────────────────────────────────────────────────────────────


def clean(text: str, limit: int = 400) -> str:
    """One line fit for a header: no control, bidi or zero-width characters, single spaces, at most `limit` characters."""
    if not text.isprintable():
        text = "".join(map(_visible, text))
    text = _INVISIBLE.sub("", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char


def clean_text(text: str) -> str:
    """Lines fit for a body: "\\n" line ends, no control characters but tab, no bidi overrides, no lone surrogates."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.encode("utf-8", "replace").decode()


def file_name(attachment: Attachment) -> str:
    """The attachment's name as one clean line without path separators; an attached mail's ends in .eml."""
    name = re.sub(r"[/\\]", "_", clean(attachment.name, 255)).strip(". ") or "file"
    eml = attachment.type.lower().startswith("message/") and not name.lower().endswith(".eml")
    return f"{name}.eml" if eml else name


# ── header lines ───────────────────────────────────────────────────────────────────────────────────────────


def header(name: str, value: str) -> bytes:
    """A header line, folded at its spaces so that lines stay within 78 characters where the words allow it."""
    line, lines = f"{name}:", []
    for word in value.split():
        if len(line) + 1 + len(word) > LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line, ""]).encode()


@lru_cache(maxsize=4096)
def words(text: str, before: int) -> str:
    """Unstructured text as it stands in a header after `before` characters: RFC 2047 encoded-words when it must be."""
    plain = text.isascii() and "=?" not in text and max(map(len, text.split()), default=0) < LINE - before
    if plain:
        return text
    return Header(text, "utf-8", header_name="x" * (before - 2), maxlinelen=LINE - 2).encode(linesep="\n")


def mailbox(name: str, address: str, before: int) -> str:
    """`Name <address>` as RFC 5322 §3.4 writes it; without a name the bare address."""
    name, address = clean(name, 120), addr_spec(address)
    if not name:
        return address
    phrase = words(name, before)
    if phrase == name and not _ATOMS.fullmatch(name):
        phrase = '"' + re.sub(r'([\\"])', r"\\\1", name) + '"'
    return f"{phrase} <{address}>"


@lru_cache(maxsize=4096)
def addr_spec(address: str) -> str:
    """An address that is one address whatever it holds: a local part out of the ordinary is quoted."""
    local, _, domain = "".join(clean(address, len(address)).split()).rpartition("@")
    if not _DOT_ATOM.fullmatch(local) and not _QUOTED.fullmatch(local):
        local = '"' + re.sub(r'([\\"])', r"\\\1", local) + '"'
    domain = re.sub(r"[^\w.:\[\]-]", "", domain)
    return f"{local}@{domain}"


def message_ids(ids: Sequence[str], most: int = 21) -> str:
    """Message-IDs in a row; of many, the first and the last ones, which keep the thread together."""
    known = [f"<{bare[:900]}>" for one in ids if (bare := re.sub(r"[^\x21-\x7e]|[<>]", "", one))]
    return " ".join(known if len(known) <= most else [known[0], *known[1 - most :]])


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────


def text_part(subtype: str, text: str, parameters: str = "") -> bytes:
    """A text/`subtype` part in UTF-8: quoted-printable where most is ASCII, base64 otherwise."""
    data = text.rstrip("\n").replace("\n", "\r\n").encode()
    encoding, body = ("quoted-printable", _quoted_printable(data)) if _mostly_ascii(text) else ("base64", wrapped_base64(data))
    return b'Content-Type: text/%s; charset="utf-8"%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s' % (
        subtype.encode(),
        parameters.encode(),
        encoding.encode(),
        body,
    )


def _mostly_ascii(text: str) -> bool:
    return text.isascii() or len(text.encode("ascii", "ignore")) > 0.8 * len(text)


def _quoted_printable(data: bytes) -> bytes:
    return binascii.b2a_qp(b"\r\n" + data, istext=True)[2:]  # by the first line end the encoder learns to use CRLF


def wrapped_base64(data: bytes) -> bytes:
    """Base64 in lines of 76, without a line end at the end."""
    whole = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([whole[start : start + 76] for start in range(0, len(whole), 76)])


def file_part(attachment: Attachment, encoded: bytes, content_id: str = "") -> bytes:
    """A file (inline when it has a Content-ID) whose `encoded` body is base64.

    RFC 2046 §5.2.1 forbids base64 on message/rfc822, so an attached mail travels as a file named .eml: its bytes survive.
    """
    name = file_name(attachment)
    lines = [f"Content-Type: {_media_type(attachment.type)}", *_name(name)]
    disposition = [f"Content-Disposition: {'inline' if content_id else 'attachment'}", *_filename(name)]
    ids = [f"Content-ID: <{content_id}>"] if content_id else []
    head = [";\r\n ".join(lines), "Content-Transfer-Encoding: base64", ";\r\n ".join(disposition), *ids, "", ""]
    return "\r\n".join(head).encode() + encoded


def _media_type(claimed: str) -> str:
    kind = claimed.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) and not kind.startswith(("message/", "multipart/")) else OCTETS


def _simple(name: str) -> bool:
    return name.isascii() and '"' not in name and "=?" not in name


def _name(name: str) -> list[str]:
    """The older parameter of Content-Type, which Outlook and Gmail read where they do not read the newer one."""
    if _simple(name):
        return [f'name="{name}"']
    coded = Header(name, "utf-8", header_name="name=", maxlinelen=LINE - 4).encode(linesep="\r\n")
    return [f'name="{coded}"']


def _filename(name: str) -> list[str]:
    """The parameter of Content-Disposition: RFC 2183, by RFC 2231 when the name is more than plain ASCII."""
    if _simple(name):
        return [f'filename="{name}"']
    coded = quote(name, safe="")
    if len(coded) <= PARAMETER:
        return [f"filename*=utf-8''{coded}"]
    pieces = re.findall(r".{1,60}(?<!%)(?<!%.)", coded)
    return [f"filename*{count}*={piece}" for count, piece in enumerate(["utf-8''" + pieces[0], *pieces[1:]])]


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """The parts as one multipart/`subtype` part, ending in a line end; a single part stands for itself."""
    if len(parts) == 1:
        return parts[0]
    kind = 'multipart/related; type="text/html"' if subtype == "related" else f"multipart/{subtype}"
    line = b"--" + boundary.encode()
    head = f'Content-Type: {kind};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    pieces = [piece for part in parts for piece in (line, b"\r\n", part, b"\r\n")]
    return b"".join([head, *pieces, line, b"--\r\n"])


class Base64Cache:
    """Files as base64, each encoded once for all the letters of a mail; the least lately used go first."""

    def __init__(self, limit: int = CACHE) -> None:
        self._limit, self._held, self._lock = limit, 0, Lock()
        self._known: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def __call__(self, attachment: Attachment) -> bytes:
        """The content as base64 lines. Raises ValueError when the letter was given a file without its content."""
        if attachment.size and not attachment.content:
            raise ValueError(f"attachment {attachment.name!r} ({attachment.sha256}) came without its content")
        key = (attachment.sha256, len(attachment.content))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        encoded = wrapped_base64(attachment.content)
        if attachment.sha256 and len(encoded) <= self._limit:
            self._keep(key, encoded)
        return encoded

    def _keep(self, key: tuple[str, int], encoded: bytes) -> None:
        with self._lock:
            if key not in self._known:
                self._known[key] = encoded
                self._held += len(encoded)
            while self._held > self._limit:
                self._held -= len(self._known.popitem(last=False)[1])
