"""A signer that does what it is told, wrong things too: DKIM (RFC 6376) and ARC (RFC 8617) on bytes, by no library."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable

from tests.attacks.keys import Hash, Key

Header = tuple[bytes, bytes]
SIGNED = ("From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Content-Transfer-Encoding", "MIME-Version")


def sign(
    raw: bytes,
    key: Key,
    domain: str,
    selector: str = "s1",
    *,
    names: Iterable[str] = SIGNED,
    canon: str = "relaxed/relaxed",
    hashed: Hash = "sha256",
    length: int | None = None,
    tags: str = "",
    fold: Callable[[str], str] = lambda value: value,
    field: str = "DKIM-Signature",
    version: str = "v=1; ",
) -> bytes:
    """`raw` with a signature on top. `tags` are more of them ("t=1; x=2; "), `length` is l=, `fold` rewrites the field's value
    before it is signed. A name that the mail has not, or has less often, signs that it is not there.
    """
    body = canonical_body(raw.partition(b"\r\n\r\n")[2], canon)
    body = body if length is None else body[:length]
    bh = base64.b64encode(hashlib.new(hashed, body).digest()).decode()
    counted = "" if length is None else f"l={length}; "
    value = (
        f"{version}a={key.kind}-{hashed}; c={canon}; d={domain}; s={selector}; {tags}{counted}h={':'.join(names)}; bh={bh}; b="
    )
    own = f"{field}: {fold(value)}".encode()
    signed = canonical_headers(raw, names, canon) + canonical_header(own, canon)
    return own + _wrapped(key.sign(signed, hashed)) + b"\r\n" + raw


def seal(
    raw: bytes,
    key: Key,
    domain: str,
    results: str,
    *,
    selector: str = "s1",
    number: int = 1,
    verdict: str = "none",
    names: Iterable[str] = SIGNED,
) -> bytes:
    """`raw` with one more ARC set on top; `results` is what the sealer says it has found, `verdict` cv=."""
    stated = f"ARC-Authentication-Results: i={number}; {domain}; {results}".encode() + b"\r\n"
    signed = sign(raw, key, domain, selector, field="ARC-Message-Signature", version=f"i={number}; ", names=names)
    message_signature = signed[: len(signed) - len(raw)]
    own = f"ARC-Seal: i={number}; a={key.kind}-sha256; cv={verdict}; d={domain}; s={selector}; b=".encode()
    before = [each for at in range(1, number) for each in _arc_set(raw, at)]
    lines = [*before, stated, message_signature]
    covered = b"".join(canonical_header(line.removesuffix(b"\r\n"), "relaxed") + b"\r\n" for line in lines)
    top = own + _wrapped(key.sign(covered + canonical_header(own, "relaxed"))) + b"\r\n"
    return top + message_signature + stated + raw


def canonical_body(body: bytes, canon: str) -> bytes:
    """RFC 6376 §3.4.3 and §3.4.4."""
    if canon.endswith("relaxed"):
        body = b"\r\n".join(re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n"))
        return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n" if body.strip(b"\r\n") else b""
    return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n"


def canonical_headers(raw: bytes, names: Iterable[str], canon: str) -> bytes:
    """The fields that `names` names, the lowest of a name first, each with its CRLF (RFC 6376 §5.4.2)."""
    left = headers(raw)
    chosen = []
    for name in names:
        at = next((at for at in reversed(range(len(left))) if left[at][0].strip().lower() == name.lower().encode()), None)
        if at is not None:
            chosen.append(canonical_header(left.pop(at)[1], canon) + b"\r\n")
    return b"".join(chosen)


def canonical_header(line: bytes, canon: str) -> bytes:
    """A field, without its last CRLF (RFC 6376 §3.4.1 and §3.4.2)."""
    if not canon.startswith("relaxed"):
        return line
    name, _, value = line.partition(b":")
    return name.strip().lower() + b":" + re.sub(rb"[ \t\r\n]+", b" ", value).strip()


def headers(raw: bytes) -> list[Header]:
    """Name and whole field of each header field, folding kept, from the top."""
    fields: list[bytes] = []
    for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line[:1] in b" \t" and fields and line:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return [(line.partition(b":")[0], line) for line in fields]


def _arc_set(raw: bytes, number: int) -> list[bytes]:
    """The fields of one ARC set in the order in which they are sealed."""
    of = [line for _, line in headers(raw) if line.lower().startswith(b"arc-") and b"i=%d;" % number in line]
    order = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
    return [next(line for line in of if line.lower().startswith(name)) for name in order]


def _wrapped(signature: bytes) -> bytes:
    """Base64 on lines of its own; blanks in b= are ignored."""
    text = base64.b64encode(signature)
    return b"".join(b"\r\n\t" + text[at : at + 70] for at in range(0, len(text), 70))
