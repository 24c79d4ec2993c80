"""Keys as DNS shows them: RSA of any size, from the 512 bits that no library makes any more, and Ed25519."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

Hash = Literal["sha1", "sha256"]
EXPONENT = 65537
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")  # AlgorithmIdentifier rsaEncryption
_PREFIXES = {"sha1": "3021300906052b0e03021a05000414", "sha256": "3031300d060960864801650304020105000420"}  # RFC 8017 §9.2


@dataclass(frozen=True)
class Rsa:
    """A private RSA key: modulus and exponent."""

    modulus: int
    private: int
    kind = "rsa"

    @property
    def size(self) -> int:
        """Its bytes."""
        return (self.modulus.bit_length() + 7) // 8

    @property
    def public(self) -> bytes:
        """SubjectPublicKeyInfo in DER (RFC 5280 §4.1)."""
        numbers = _der(0x30, _integer(self.modulus) + _integer(EXPONENT))
        return _der(0x30, _RSA + _der(0x03, b"\0" + numbers))

    def sign(self, data: bytes, hashed: Hash = "sha256") -> bytes:
        """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)."""
        digest = bytes.fromhex(_PREFIXES[hashed]) + hashlib.new(hashed, data).digest()
        padded = b"\0\1" + b"\xff" * (self.size - len(digest) - 3) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self.private, self.modulus).to_bytes(self.size, "big")


@dataclass(frozen=True)
class Ed25519:
    """A private Ed25519 key (RFC 8463)."""

    private: Ed25519PrivateKey
    kind = "ed25519"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def sign(self, data: bytes, hashed: Hash = "sha256") -> bytes:
        return self.private.sign(hashlib.new(hashed, data).digest())


Key = Rsa | Ed25519


@cache
def key(owner: str, bits: int = 2048) -> Rsa:
    """The one RSA key of that owner and size in this run."""
    if bits < 1024:
        return _small(bits)
    numbers = rsa.generate_private_key(EXPONENT, bits).private_numbers()
    return Rsa(numbers.public_numbers.n, numbers.d)


@cache
def edwards(owner: str) -> Ed25519:
    """The one Ed25519 key of that owner in this run."""
    return Ed25519(Ed25519PrivateKey.generate())


def record(key: Key, tags: str = "", width: int = 255) -> str:
    """A key's TXT record as a zone file has it, in strings of `width` characters; `tags` stand before p=."""
    text = f"v=DKIM1; k={key.kind}; {tags}p={base64.b64encode(key.public).decode()}"
    return txt(text, width)


def txt(text: str, width: int = 255) -> str:
    """A text as the strings of a TXT record (RFC 1035 §3.3)."""
    return " ".join(f'"{text[at : at + width]}"' for at in range(0, len(text), width))


def _small(bits: int) -> Rsa:
    for _ in count():
        p, q = _prime(bits // 2), _prime(bits // 2)
        if (p * q).bit_length() == bits and (p - 1) * (q - 1) % EXPONENT:
            return Rsa(p * q, pow(EXPONENT, -1, (p - 1) * (q - 1)))
    raise AssertionError


def _prime(bits: int) -> int:
    while True:
        candidate = secrets.randbits(bits) | 1 | (3 << (bits - 2))
        if all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7, 11)):
            return candidate


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = (
        bytes([size])
        if size < 128
        else (size.bit_length() + 7 >> 3 | 0x80).to_bytes(1, "big") + size.to_bytes(size.bit_length() + 7 >> 3, "big")
    )
    return bytes([tag]) + length + content


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))
