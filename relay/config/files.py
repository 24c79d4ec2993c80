"""The files that relay.toml names: found relative to it, read, and tried, so that `relay serve` meets no surprise."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from relay import brands
from relay.config.secret import reason
from relay.config.units import Wrong, text
from relay.model import Logo

LARGEST_LOGO = 100_000  # bytes: every letter carries it
MIN_RSA = 1024  # bits; verifiers ignore shorter keys (RFC 8301 §3.2)
TLS_EXPECTED = "a certificate chain and its private key, both in PEM, without a passphrase"


def path(value: object, base: Path) -> Path:
    """A path, made absolute from the folder of relay.toml."""
    expected = "a path in quotes"
    if not (found := text(value, expected)):
        raise Wrong(expected)
    return base / found


def data_folder(value: object, base: Path) -> Path:
    """A folder, or a place for one."""
    found = path(value, base)
    if found.exists() and not found.is_dir():
        raise Wrong("a folder", f'"{found}", which is a file')
    return found


def folder(value: object, base: Path) -> Path:
    """A folder that is there."""
    found = path(value, base)
    if not found.is_dir():
        raise Wrong("a folder that is there", f'"{found}", which is {"a file" if found.exists() else "not there"}')
    return found


def readable(value: object, base: Path) -> Path:
    """A file that can be read; `file:PATH`, the way secrets are written, is a path too."""
    found = path(value.removeprefix("file:") if isinstance(value, str) else value, base)
    _read(found)
    return found


def _read(found: Path) -> bytes:
    try:
        return found.read_bytes()
    except OSError as error:
        raise Wrong("a readable file", f'"{found}" ({reason(error)})') from None


def logo(value: object, base: Path) -> Logo:
    """A picture for letters: a PNG, JPEG or GIF file. Raises Wrong."""
    expected = "a PNG, JPEG or GIF file of at most 100 KB"
    if isinstance(value, str) and "://" in value:
        raise Wrong(f"{expected} on this machine: letters load nothing from the web", f'"{value}"')
    content = _read(found := path(value, base))
    if len(content) > LARGEST_LOGO:
        raise Wrong(expected, f'"{found}" with {len(content):,} bytes')
    picture = brands.picture(content)
    if picture is None or not (picture.width and picture.height):
        raise Wrong(expected, f'"{found}", which is none')
    return Logo(found, picture.type, picture.width, picture.height, hashlib.sha256(content).hexdigest(), content)


def dkim_key(value: object, base: Path) -> Path:
    """A PEM file with a private RSA or Ed25519 key (RFC 6376 §3.3, RFC 8463), without a passphrase."""
    found = readable(value, base)
    expected = "a private RSA or Ed25519 key in PEM, without a passphrase"
    try:
        key = load_pem_private_key(_read(found), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Wrong(expected, f'"{found}", which is none') from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Wrong(expected, f'"{found}", a key of another kind')
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA:
        raise Wrong(f"an RSA key of at least {MIN_RSA} bits, better 2048", f'"{found}" with {key.key_size} bits')
    return found


def check_tls(certificate: Path, key: Path) -> None:
    """Try the pair as the server will. Raises Wrong."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, ValueError) as error:
        told = (getattr(error, "reason", "") or "unreadable").lower().replace("_", " ")
        raise Wrong(TLS_EXPECTED, f"files that do not fit ({told})") from None
