"""Public keys out of DNS, and whether a signature is one's (RFC 6376 §3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from relay.mail.seals import tags
from relay.model import Signature

SMALLEST, LARGEST = 1024, 8192  # bits of an RSA key; a larger one takes long
_SHA256 = Prehashed(SHA256())
_PUBLIC = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class Unusable(ValueError):
    """A record that holds no key for mail; the text says why."""


@dataclass(frozen=True)
class Key:
    """A key, and whether it is for its very domain only (t=s)."""

    public: _PUBLIC
    exact: bool


def fault(signature: Signature, record: str) -> str:
    """Why a signature is not made with the key of `record`; "" when it is."""
    try:
        key = read(record)
    except ValueError as error:
        return f"its key does not count: {error}"
    if key.exact and signature.identity != signature.domain:
        return "its key is for the very domain only (t=s), its i= is below it"
    if not _made(signature, key.public):
        return "the signature is wrong"
    return ""


def _made(signature: Signature, key: _PUBLIC) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if signature.algorithm != "rsa-sha256":
                return False
            key.verify(signature.value, signature.digest, padding.PKCS1v15(), _SHA256)
        else:
            if signature.algorithm != "ed25519-sha256":
                return False
            key.verify(signature.value, signature.digest)
    except InvalidSignature:
        return False
    return True


@lru_cache(1024)
def read(record: str) -> Key:
    """The key of a TXT record. Raises ValueError with the reason for one that is not for mail, revoked, broken or weak."""
    given = tags.parse(record.encode("utf-8"))
    if given.get("v", "DKIM1") != "DKIM1" or ("v" in given and next(iter(given)) != "v"):
        raise Unusable("it is no DKIM1 record")
    if "sha256" not in tags.listed(given.get("h", "sha256")):
        raise Unusable("it is not for SHA-256 (h=)")
    if not {"*", "email"}.intersection(tags.listed(given.get("s", "*"))):
        raise Unusable("it is not for mail (s=)")
    if "p" not in given:
        raise Unusable("it has no p=")
    if not given["p"]:
        raise Unusable("it is revoked (p= is empty)")
    return Key(_public(given.get("k", "rsa").lower(), tags.binary(given, "p")), "s" in tags.listed(given.get("t", "")))


def _public(kind: str, data: bytes) -> _PUBLIC:
    if kind == "ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(data)
    if kind != "rsa":
        raise Unusable(f"its kind is {kind} (k=)")
    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise Unusable("p= is no key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise Unusable("p= is no RSA key")
    if not SMALLEST <= key.key_size <= LARGEST:
        raise Unusable(f"it has {key.key_size} bits")
    return key
