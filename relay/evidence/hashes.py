"""The hash chain of a matter's events: what is computed over which bytes. Pure.

| | |
| --- | --- |
| salt | HMAC-SHA256 of "event ID" under the chain's secret, in hex: without it an event of few words could be guessed |
| digest | SHA-256 of the salt followed by the event as `canonical` JSON |
| hash | of a line: SHA-256 of "NUMBER BEFORE DIGEST", where BEFORE is the hash of the line before it |

So the chain can be checked, and compared, by those who may not see every event. Whatever changes here, or in `log.Log.event`,
changes the hashes of every chain, and those that people have exchanged prove nothing any more.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

FIRST = "0" * 64  # stands in the first line for the hash of the line before
REF = 16  # hex digits that name a ticket


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8 without blanks, its keys sorted, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def salt(secret: str, event_id: int) -> str:
    """The salt of an event, 64 hex digits."""
    return _keyed(secret, f"event {event_id}")


def ticket(secret: str, ticket_id: int) -> str:
    """A name for a ticket that does not tell, as a number would, how many there are."""
    return _keyed(secret, f"ticket {ticket_id}")[:REF]


def digest(salt: str, event: Mapping[str, Any]) -> str:
    """The digest of an event."""
    return sha256(salt.encode() + canonical(event)).hexdigest()


def following(number: int, before: str, digest: str) -> str:
    """The hash of a line."""
    return sha256(f"{number} {before} {digest}".encode()).hexdigest()


def _keyed(secret: str, what: str) -> str:
    return hmac.new(secret.encode(), what.encode(), sha256).hexdigest()
