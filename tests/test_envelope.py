"""An envelope survives the spool."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from relay.envelope import from_json, to_json
from relay.model import Envelope


def test_there_and_back() -> None:
    when = datetime(2026, 3, 1, 12, 30, 15, 123456, UTC)
    for envelope in (
        Envelope("0ABC", "", ("a@relay.example",), "::1", "x", when),
        Envelope("0ABD", "анна@почта.example", ("a@relay.example", "b@relay.example"), "192.0.2.1", "", when, tls=True),
    ):
        assert from_json(json.loads(json.dumps(to_json(envelope)))) == envelope
