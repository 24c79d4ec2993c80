"""One matter on its way through four parties, over real SMTP, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, write

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"
SERGEI, VICTOR, OLAF = "sergei@fix.example", "victor@vendor.example", "olaf@other.example"
INTAKE = f"north-repairs@{DOMAIN}"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")


@pytest.fixture(params=["sqlite", "postgresql"])
def relay(request: pytest.FixtureRequest, make_relay: Callable[..., Relay]) -> Relay:
    """A running relay on each database."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    if database:
        from tests.harness import new_database

        database = new_database(database)
    return make_relay(database=database).start()


def opened(relay: Relay, sink: Sink, text: str = "The pump leaks.\nPlease come today.") -> tuple[Received, Received]:
    """A chain that Anna has opened: her acknowledgement and Ivan's letter."""
    code, answer = relay.send(write(f"Anna Chaikina <{ANNA}>", INTAKE, text), ANNA, INTAKE)
    assert code == 250, answer
    return sink.wait(ANNA), sink.wait(IVAN)


def test_an_intake_address_opens_a_chain(relay: Relay, sink: Sink) -> None:
    acknowledgement, letter = opened(relay, sink)
    assert letter.message["Subject"] == "[A-1] Pump is leaking"
    assert letter.message["X-Relay-Chain"] == "A-1"
    assert "The pump leaks.\nPlease come today." in letter.text
    assert letter.message["Auto-Submitted"] is None and letter.message["Reply-To"] is None
    assert letter.message["From"].addresses[0].display_name == "Anna Chaikina (Tea Shop)"
    assert acknowledgement.message["Auto-Submitted"] == "auto-replied"
    assert acknowledgement.message["Subject"] == "[A-1] Pump is leaking"
    assert acknowledgement.thread != letter.thread
    assert sink.wait(OLGA).thread == letter.thread
    assert {ANNA, IVAN, OLGA} == {received.recipient for received in sink.received}
