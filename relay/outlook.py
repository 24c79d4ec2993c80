"""The headers by which Outlook and Exchange keep a conversation together.

Thread-Topic is the subject; Thread-Index, base64, is a header of 22 bytes, the same for the whole conversation, and 5 bytes for
a letter in it ([MS-OXOMSG] 2.2.1.3, PidTagConversationIndex). Who has begun the conversation himself has given it its header.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from hashlib import sha256

_BEGINNING = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME, which counts 100 ns
_OPENED = datetime(2020, 1, 1, tzinfo=UTC)  # for every conversation: the time of its opening may not be the reader's to know


HEADER = 22  # bytes


def header(conversation: str) -> bytes:
    """The header of a conversation that letters of ours have begun, whatever it is called."""
    guid = sha256(conversation.encode("utf-8", "replace")).digest()[:16]
    return _filetime(_OPENED).to_bytes(8, "big")[:6] + guid


def begun(thread_index: str) -> bytes:
    """The header in the Thread-Index of a mail; b"" where there is none.

    >>> begun(thread_index(header("A-17"), datetime(2026, 3, 1, tzinfo=UTC), first=False)) == header("A-17")
    True
    """
    try:
        found = base64.b64decode("".join(thread_index.split())[:32], validate=True)  # whatever follows, the header is here
    except (binascii.Error, ValueError):
        return b""
    return found[:HEADER] if len(found) >= HEADER and found[0] == 1 else b""


def thread_index(header: bytes, at: datetime, *, first: bool) -> str:
    """The value of Thread-Index for a letter of that conversation; all but its first mail hang below the first."""
    return base64.b64encode(header if first else header + _child(header, at)).decode()


def _filetime(at: datetime) -> int:
    delta = at - _BEGINNING
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 10


def _child(header: bytes, at: datetime) -> bytes:
    """How long after the header: 31 bits of the difference, behind a bit for which ones, and a byte that may be nothing."""
    apart = max(0, _filetime(at) - (int.from_bytes(header[:6], "big") << 16))
    far = apart >> 49
    bits = (apart >> 23) | 1 << 31 if far else apart >> 18
    return (bits & 0xFFFF_FFFF).to_bytes(4, "big") + b"\0"
