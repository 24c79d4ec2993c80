"""What the tests of the configuration share: small files with one thing in them, right or wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from relay.config import load
from relay.errors import ConfigError, Mistake

EXAMPLE = Path(__file__).parents[2] / "relay.toml.example"
RELAY = '[relay]\ndomain = "relay.example"\npostmaster = "admin@example.test"\n'
PARTIES = '[parties.acme]\ncontacts = ["Ann <ann@acme.example>"]\n[parties.north]\ncontacts = ["ivan@north.example"]\n'
BASE = RELAY + PARTIES + '[links.repairs]\nfrom = "acme"\nto = "north"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "relay.toml"
    path.write_text(text, "utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[Mistake]:
    path = write(folder, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert {one.file for one in caught.value.mistakes} == {str(path)}
    return list(caught.value.mistakes)


def with_relay(line: str) -> str:
    return BASE.replace("[relay]\n", f"[relay]\n{line}\n")


def with_party(lines: str) -> str:
    return f'{BASE}[parties.extra]\ncontacts = ["eve@extra.example"]\n{lines}\n'


def with_link(lines: str) -> str:
    return f"{BASE}{lines}\n"


def pem(key: Any, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


def certificate(key: ed25519.Ed25519PrivateKey) -> bytes:
    """A self-signed certificate for that key, in PEM."""
    name, now = x509.Name([]), datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.DNSName("relay.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    return builder.add_extension(alternative, critical=True).sign(key, None).public_bytes(Encoding.PEM)
