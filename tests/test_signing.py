"""DKIM signatures, verified by dkimpy, and by hand where it lacks the algorithm."""

from __future__ import annotations

import base64
from hashlib import sha256

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from relay.letters import Letters
from relay.signing import Signer, public_record
from tests.test_letters import attached, entry, letter

COMPOSER = Letters("relay.example", "Acme Relay", None)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


RSA = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
SIGNER = Signer("relay.example", "relay1", RSA)


def verified(message: bytes) -> bool:
    def txt(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"relay1._domainkey.relay.example."
        return public_record(RSA).encode()

    return bool(dkim.verify(message, dnsfunc=txt))


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_signed_letters_verify(size: int) -> None:
    files = (attached("a.bin", "application/octet-stream", bytes(range(256)) * (size // 256 + 1)),)
    message = COMPOSER.compose(letter(subject="Насос", entries=(entry(attachments=files),)))
    signed = SIGNER.sign(message)
    assert signed.endswith(message) and signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;")
    assert verified(signed)
    assert not verified(signed[:-40] + b"X" + signed[-39:])
    assert max(map(len, signed.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "header", [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"References", b"In-Reply-To", b"X-Relay-Chain"]
)
def test_a_changed_header_fails(header: bytes) -> None:
    signed = SIGNER.sign(COMPOSER.compose(letter()))
    assert not verified(signed.replace(b"\r\n" + header + b": ", b"\r\n" + header + b": x", 1))


def test_a_second_from_fails() -> None:
    signed = SIGNER.sign(COMPOSER.compose(letter()))
    assert not verified(b"From: evil@x.example\r\n" + signed)


@pytest.mark.parametrize("body", [b"", b"\r\n", b"text", b"text\r\n", b"text\r\n\r\n\r\n"])
def test_messages_of_other_makes_verify_too(body: bytes) -> None:
    assert verified(SIGNER.sign(b"From: a@relay.example\r\nSubject: \tx \r\n  y\r\n\r\n" + body))


def test_no_length_and_the_same_bytes_each_time() -> None:
    message = COMPOSER.compose(letter())
    signed = SIGNER.sign(message)
    assert signed == SIGNER.sign(message)
    value = signed.partition(b"\r\nFrom:")[0].replace(b"\r\n", b"")
    tags = dict(tag.strip().split(b"=", 1) for tag in value.partition(b":")[2].split(b";"))
    assert b"l" not in tags and tags[b"d"] == b"relay.example" and tags[b"s"] == b"relay1"
    assert tags[b"h"].replace(b" ", b"").split(b":").count(b"from") == 2


def test_ed25519_by_hand() -> None:
    """RFC 8463 §3: the signature is over the SHA-256 of the canonical headers."""
    key = ed25519.Ed25519PrivateKey.generate()
    message = b"From: a@relay.example\r\nSubject: x\r\n\r\ntext\r\n"
    signed = Signer("relay.example", "relay1", pem(key)).sign(message)
    header = signed[: -len(message)]
    value = b" ".join(header.partition(b":")[2].split())
    unsigned, _, signature = value.rpartition(b"b=")
    body_hash = base64.b64encode(sha256(b"text\r\n").digest())
    assert b"bh=" + body_hash + b";" in unsigned
    lines = [b"from:a@relay.example", b"subject:x", b"dkim-signature:" + unsigned + b"b="]
    digest = sha256(b"\r\n".join(lines)).digest()
    given = base64.b64decode(signature.replace(b" ", b""))
    key.public_key().verify(given, digest)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(given, sha256(b"other").digest())
    published = public_record(pem(key)).partition("p=")[2]
    assert base64.b64decode(published) == key.public_key().public_bytes_raw()


def test_keys_that_cannot_be_used_are_named() -> None:
    encrypted = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    bad = {b"nonsense": "PEM", encrypted: "passphrase", pem(ec.generate_private_key(ec.SECP256R1())): "RSA or Ed25519"}
    for key, words in bad.items():
        with pytest.raises(ValueError, match=words):
            Signer("relay.example", "relay1", key)
