"""Mails signed and sealed as servers do it, with dkimpy's canonicalisation and none of the relay's, and their verdicts."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from dkim.canonicalization import CanonicalizationPolicy

from relay.authentication import Authenticator
from relay.mail.reader import read
from relay.model import Envelope, Verdict
from relay.settings import DnsSettings
from tests.nameserver import Nameserver, Zone

Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
OURS = "relay.example"
TO = f"t-abcdefghijklmnopqrstuvwxyz@{OURS}"
COVERED = "from:to:cc:subject:date:message-id:in-reply-to:references:mime-version:content-type:content-transfer-encoding"


@cache
def rsa_key(bits: int = 2048, _number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def p(key: Key) -> str:
    """The p= of a key's record."""
    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        return base64.b64encode(public.public_bytes_raw()).decode()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def txt(*texts: str) -> list[str]:
    """Records of TXT, each in strings of 200."""
    return [" ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200)) or '""' for text in texts]


def published(key: Key | None = None, domain: str = "north.example", selector: str = "s1") -> Zone:
    """The zone with a key."""
    key = key or rsa_key()
    kind = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ed25519"
    return {(f"{selector}._domainkey.{domain}", "TXT"): txt(f"v=DKIM1; k={kind}; p={p(key)}")}


def mail(*, without: Sequence[str] = (), body: str = "The pump is broken.\r\n", **changed: str) -> bytes:
    """A mail; fields by their names with _ for -, in a fixed order; any more come last."""
    fields = {
        "From": "Ivan <ivan@north.example>",
        "To": f"Relay <{TO}>",
        "Subject": "Pump",
        "Date": "Mon, 23 Nov 2026 09:59:00 +0000",
        "Message-ID": "<1@north.example>",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if name not in without)
    return f"{head}\r\n{body}".encode()


def signed(
    raw: bytes,
    key: Key | None = None,
    *,
    domain: str = "north.example",
    covers: str = COVERED,
    form: str = "relaxed/relaxed",
    field: str = "DKIM-Signature",
    **tags: str | None,
) -> bytes:
    """The mail with a signature in front. A tag that is None is left out; `hash_of` is another body to hash."""
    key = key or rsa_key()
    policy = CanonicalizationPolicy.from_c_value(form.encode())
    headers, body = dkim.rfc822_parse(raw)
    body_hash = base64.b64encode(sha256(policy.canonicalize_body(body)).digest()).decode()
    algorithm = "rsa-sha256" if isinstance(key, rsa.RSAPrivateKey) else "ed25519-sha256"
    version = {"v": "1"} if field == "DKIM-Signature" else {}
    given: Mapping[str, str | None] = (
        version | {"a": algorithm, "c": form, "d": domain, "s": "s1", "t": str(AT), "h": covers, "bh": body_hash} | tags
    )
    value = " " + "; ".join(f"{name}={said}" for name, said in given.items() if said is not None) + ";\r\n b="
    chosen = dkim.select_headers(headers, [name.strip() for name in (given["h"] or "").lower().encode().split(b":")])
    return _with(policy, [(name, said) for name, said in chosen], field, value, key) + raw


def _with(policy: CanonicalizationPolicy, data: list[tuple[bytes, bytes]], field: str, value: str, key: Key) -> bytes:
    """A signed field over other fields."""
    canonical = policy.canonicalize_headers([*data, (field.encode(), value.encode())])
    canonical[-1] = (canonical[-1][0], canonical[-1][1].rstrip())
    return f"{field}:{value}{_made(key, b''.join(name + b':' + said for name, said in canonical))}\r\n".encode()


def _made(key: Key, data: bytes) -> str:
    digest = sha256(data).digest()
    if isinstance(key, rsa.RSAPrivateKey):
        return base64.b64encode(key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))).decode()
    return base64.b64encode(key.sign(digest)).decode()


def sealed(raw: bytes, results: str, *, domain: str = "list.example", key: Key | None = None, cv: str = "", **tags: str) -> bytes:
    """The mail with one more ARC set: the results as claimed, over the mail as it is now."""
    key = key or rsa_key()
    headers, _ = dkim.rfc822_parse(raw)
    number = 1 + sum(name.lower() == b"arc-seal" for name, _ in headers)
    own = f"ARC-Authentication-Results: i={number}; mx.{domain}; {results}\r\n".encode()
    message = signed(raw, key, domain=domain, field="ARC-Message-Signature", i=str(number), **tags)[: -len(raw)]
    cv = cv or ("none" if number == 1 else "pass")
    value = f" i={number}; a=rsa-sha256; t={AT}; cv={cv}; d={domain}; s=s1; b="
    return _with(RELAXED, _sets(message + own + raw, number), "ARC-Seal", value, key) + message + own + raw


RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")


def _sets(raw: bytes, newest: int) -> list[tuple[bytes, bytes]]:
    """The fields of the ARC sets in the order of sealing."""
    headers, _ = dkim.rfc822_parse(raw)
    order = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
    found = {}
    for name, value in headers:
        if name.lower() in order:
            number = int(value.replace(b" ", b"").partition(b"i=")[2].partition(b";")[0])
            found[number, order.index(name.lower())] = (name, value)
    return [found[at] for at in sorted(found) if at <= (newest, 1)]


# ── what becomes of them ───────────────────────────────────────────────────────────────────────────────────


def envelope(mail_from: str = "", peer: str = "203.0.113.9", helo: str = "mx.elsewhere.example") -> Envelope:
    return Envelope("1", mail_from, (TO,), peer, helo, NOW)


def judge(raw: bytes, server: Nameserver, came: Envelope | None = None, sealers: Sequence[str] = ()) -> Verdict:
    """The verdict of a relay that has just been started."""

    async def run() -> Verdict:
        settings = DnsSettings((("127.0.0.1", server.port),))
        return await Authenticator(settings, frozenset(sealers), OURS).judge(came or envelope(), read(raw))

    return asyncio.run(run())


def verdict(raw: bytes, zone: Zone, came: Envelope | None = None, sealers: Sequence[str] = ()) -> Verdict:
    with Nameserver(zone) as server:
        return judge(raw, server, came, sealers)


def shown(found: Verdict) -> tuple[str, str, str]:
    """For dmarc, spf, dkim."""
    return found.dmarc, found.spf, found.dkim
