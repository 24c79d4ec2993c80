"""What is accepted, but with a warning."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from relay.config import load, warnings
from tests.config import BASE, RELAY, pem, write


def test_warnings(tmp_path: Path) -> None:
    text = (
        RELAY
        + """
        [metrics]
        listen = "127.0.0.1:9125"
        [parties.north]
        contacts = ["ivan@north.example"]
        digest = { at = "09:00" }
        [parties.south]
        domains = ["south.example"]
        trust = "address"
        [parties.vendor]
        trust = "spf"
        contacts = ["helper@south.example"]
        desk = { profile = "rt", address = "rt@vendor.example" }
        [parties.lonely]
        trust = "address"
        contacts = ["lonely@lonely.example"]
        [links.a]
        from = "north"
        to = "south"
        fields = ["Site"]
        respond_within = "4 hours"
        resolve_within = "2 days"
        [links.b]
        respond_within = "4 hours"
        resolve_within = "2 days"
        from = "south"
        to = "vendor"
        identity = "hidden"
        share = ["comments"]
        fields = ["Serial"]
        """
    )
    told = warnings(load(write(tmp_path, text)))
    assert any(one.startswith('parties.south: trust = "address": whoever knows') for one in told)
    begins = [one.partition(" ")[0].rstrip(":") for one in told]
    assert begins == [
        "dkim",
        "parties.south",
        "parties.lonely",
        "parties.vendor.desk",
        "parties.south",
        "parties.vendor.contacts[0]",
        "links.b.respond_within",
        "links.b.resolve_within",
        "links.b.fields",
        "parties.lonely",
    ]


def test_no_links_is_doubtful(tmp_path: Path) -> None:
    told = warnings(load(write(tmp_path, RELAY)))
    assert [one.partition(":")[0] for one in told] == ["dkim", "links"]


def test_nothing_to_warn_of(tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    (tmp_path / "k.pem").chmod(0o600)
    text = BASE + '[dkim]\nkey = "k.pem"\n'
    assert warnings(load(write(tmp_path, text))) == ()
