"""The headers by which Outlook and Exchange keep a conversation together.

Thread-Topic is the subject; Thread-Index, base64, is a header of 22 bytes, the same for the whole conversation, and 5 bytes for
a letter in it ([MS-OXOMSG] 2.2.1.3, PidTagConversationIndex).
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from hashlib import sha256

_BEGINNING = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME, which counts 100 ns
_OPENED = datetime(2020, 1, 1, tzinfo=UTC)  # for every conversation: the time of its opening may not be the reader's to know


def thread_index(conversation: str, at: datetime, *, first: bool) -> str:
    """The value of Thread-Index for a letter of that conversation; all but its first letter hang below the first.

    >>> len(base64.b64decode(thread_index("t-abc@relay.example", datetime(2026, 3, 1, tzinfo=UTC), first=False)))
    27
    """
    guid = sha256(conversation.encode("utf-8", "replace")).digest()[:16]
    header = _filetime(_OPENED).to_bytes(8, "big")[:6] + guid
    return base64.b64encode(header if first else header + _child(at)).decode()


def _filetime(at: datetime) -> int:
    delta = at - _BEGINNING
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 10


def _child(at: datetime) -> bytes:
    """How long after the header: 31 bits of the difference, behind a bit for which ones, and a byte that may be nothing."""
    apart = max(0, _filetime(at) - _filetime(_OPENED))
    far = apart >> 49
    bits = (apart >> 23) | 1 << 31 if far else apart >> 18
    return (bits & 0xFFFF_FFFF).to_bytes(4, "big") + b"\0"
