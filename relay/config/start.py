"""What `relay init` makes: a first relay.toml, a DKIM key, and the DNS records that belong to them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from storage import private

SELECTOR = "relay1"
KEY = Path("data") / "dkim" / f"{SELECTOR}.pem"
_STRING = 255  # octets of one character-string in a TXT record (RFC 1035 §3.3)
_START = """\
# The relay's configuration. After a change: relay check, then send SIGHUP to the running relay.
# relay.toml.example explains every key; relay config shows what is in force.

[relay]
domain     = {domain}         # every address of the relay is @ this domain
name       = "Relay"
prefix     = "A"              # chain numbers: [A-17]
postmaster = {postmaster}     # alerts, and mail to postmaster@ and abuse@
language   = "en"             # en or ru; a party may set its own
timezone   = "UTC"            # for example "Europe/Moscow"
data       = "data"           # database, raw mail, attachments, keys

[smtp]
listen = ["127.0.0.1:2525"]   # "0.0.0.0:25" to take mail from the Internet
# tls  = {{ certificate = "fullchain.pem", key = "privkey.pem" }}

[delivery]
# smarthost = "smtp://user:env:SMTP_PASSWORD@mail.example.com:587"   # left out: each recipient's own MX

[dkim]
selector = {selector}
key      = {key}

# Who there is. Put your own firms in place of these two.

[parties.customer]
name     = "The Customer"
contacts = ["Anna Customer <anna@customer.example>"]   # they get the letters, and may write
domains  = ["customer.example"]                        # anyone there may write too

[parties.contractor]
name     = "The Contractor"
contacts = ["Boris Contractor <boris@contractor.example>"]

# Who may pass tickets to whom: a mail from the customer to contractor@ the relay's domain opens one.

[links.contractor]
from = "customer"
to   = "contractor"
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One DNS record to publish; `name` and `value` as they stand in a zone file, `why` in words."""

    name: str
    type: str
    value: str
    why: str


def text(domain: str, postmaster: str) -> str:
    """A small relay.toml that `relay check` takes."""
    values = {"domain": domain, "postmaster": postmaster, "selector": SELECTOR, "key": KEY.as_posix()}
    return _START.format(**{name: json.dumps(value, ensure_ascii=False) for name, value in values.items()})


def make_key(path: Path) -> bytes:
    """The public key (DER) of the RSA key in that PEM file, made with 2048 bits if there is none; others cannot read it."""
    if not path.exists():
        private.folder(path.parent)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with private.create(path) as file:
            file.write(pem)
    key = load_pem_private_key(path.read_bytes(), password=None)
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def records(domain: str, public_key: bytes) -> tuple[Record, ...]:
    """What to publish: MX (RFC 5321), SPF (RFC 7208), DKIM (RFC 6376 §3.6.1), DMARC (RFC 7489) and the way back, PTR."""
    dkim = f"v=DKIM1; k=rsa; p={base64.b64encode(public_key).decode()}"
    return (
        Record(f"{domain}.", "A", "203.0.113.25", "the address of this machine: put yours here, and the same in an AAAA record"),
        Record(f"{domain}.", "MX", f"10 {domain}.", "mail to the relay comes to this machine"),
        Record(
            f"{domain}.",
            "TXT",
            quoted("v=spf1 mx -all"),
            "who may send as the relay; with a smarthost, add its include: before -all",
        ),
        Record(f"{SELECTOR}._domainkey.{domain}.", "TXT", quoted(dkim), "the key that letters are signed with"),
        Record(
            f"_dmarc.{domain}.",
            "TXT",
            quoted(f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}"),
            "what to do with forgeries",
        ),
        Record(
            "25.113.0.203.in-addr.arpa.",
            "PTR",
            f"{domain}.",
            "set by whoever gave you the address: it must lead back to the name",
        ),
    )


def quoted(value: str) -> str:
    """A TXT record's value in character-strings of at most 255 octets, each in quotes."""
    parts = [value[start : start + _STRING] for start in range(0, len(value), _STRING)]
    return " ".join(f'"{part}"' for part in parts)
