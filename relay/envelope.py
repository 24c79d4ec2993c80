"""An envelope as plain JSON and back: what the spool keeps in a mail's first line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from relay.model import Envelope

_FIELDS = tuple(field.name for field in fields(Envelope))


def to_json(envelope: Envelope) -> dict[str, Any]:
    """Every field of the envelope; times as ISO 8601."""
    values = {name: getattr(envelope, name) for name in _FIELDS}
    return values | {"rcpt_to": list(envelope.rcpt_to), "received_at": envelope.received_at.isoformat()}


def from_json(values: Mapping[str, Any]) -> Envelope:
    """The envelope that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    known = {"rcpt_to": tuple(values["rcpt_to"]), "received_at": datetime.fromisoformat(values["received_at"])}
    return Envelope(**{**values, **known})
