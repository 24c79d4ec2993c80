"""DKIM signatures (RFC 6376, RFC 8463): dkimpy's canonicalisation, the key operation by `cryptography`.

dkimpy's own RSA is pure Python and takes tens of milliseconds; the same signature takes one here, with the key read once.
"""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable
from hashlib import sha256

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from dkim.canonicalization import CanonicalizationPolicy

# From twice: a second From, added on the way, breaks the signature.
SIGNED = (
    b"from",
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"x-relay-chain",
)
SMALLEST = 1024  # bits of an RSA key that verifiers accept at all (RFC 8301 §3.2)
_POLICY = CanonicalizationPolicy.from_c_value(b"relaxed/simple")
_Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Signer:
    """Signs letters for one domain and selector; the key is read once. Usable from several threads."""

    def __init__(self, domain: str, selector: str, pem: bytes) -> None:
        """Raises ValueError when `pem` is not an unencrypted private RSA (≥ 1024 bits) or Ed25519 key."""
        self._algorithm, self._sign = _operation(_load(pem))
        self._domain, self._selector = domain.encode("idna"), selector.encode("ascii")

    def sign(self, message: bytes) -> bytes:
        """The message with a DKIM-Signature in front; the same bytes each time, as it carries no time of signing.

        `message` has CRLF line ends. All of the body is signed (no `l=`), and only headers that are there, From twice.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        headers, _ = dkim.rfc822_parse(head + b"\r\n\r\n")
        names = [name.lower() for name, _ in headers]
        signed = [name for name in SIGNED if name in names]
        unsigned = self._header(b":".join(signed), base64.b64encode(sha256(_canonical(body)).digest()))
        digested = dkim.select_headers(_POLICY.canonicalize_headers([*headers]), signed)
        own = _POLICY.canonicalize_headers([(b"dkim-signature", unsigned)])[0][1].rstrip()
        data = b"".join(name + b":" + value for name, value in [*digested, (b"dkim-signature", own)])
        return b"DKIM-Signature:" + unsigned + _folded(base64.b64encode(self._sign(data))) + b"\r\n" + message

    def _header(self, signed: bytes, body_hash: bytes) -> bytes:
        """The value up to and with an empty `b=`."""
        return b" v=1; a=%s; c=relaxed/simple; q=dns/txt;\r\n d=%s; s=%s;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            self._algorithm,
            self._domain,
            self._selector,
            _folded(signed.replace(b":", b": ")).replace(b": ", b":"),
            body_hash,
        )


def public_record(pem: bytes) -> str:
    """The TXT value to publish at SELECTOR._domainkey.DOMAIN for a private key. Raises ValueError as `Signer` does."""
    public = _load(pem).public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(public.public_bytes_raw()).decode()}"
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def _load(pem: bytes) -> _Key:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the DKIM key is encrypted; store it without a passphrase, readable by the relay only") from error
    except Exception as error:
        raise ValueError("the DKIM key is not a private key in PEM form (-----BEGIN PRIVATE KEY-----)") from error
    if not isinstance(key, _Key):
        raise ValueError(f"the DKIM key is of a kind that mail servers do not know ({type(key).__name__}); use RSA or Ed25519")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < SMALLEST:
        raise ValueError(f"the DKIM key has {key.key_size} bits; mail servers want {SMALLEST} or more, 2048 is usual")
    return key


def _operation(key: _Key) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The algorithm's name and its signing function over the canonical headers; Ed25519 signs their SHA-256 (RFC 8463 §3)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b"ed25519-sha256", lambda data: key.sign(sha256(data).digest())
    return b"rsa-sha256", lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _canonical(body: bytes) -> bytes:
    """Our letters are canonical by construction: then nothing is copied, which counts with large files."""
    if body.endswith(b"\r\n") and not body.endswith(b"\r\n\r\n"):
        return body
    canonical: bytes = _POLICY.canonicalize_body(body)
    return canonical


def _folded(value: bytes) -> bytes:
    """The value in lines of 72; white space inside h= and b= does not count."""
    return "\r\n ".join(textwrap.wrap(value.decode(), 72)).encode()
