"""The DNS of the attack suite. Every mail comes from 127.0.0.1: SPF passes where a domain names that, and fails everywhere else.

Honest domains that only DKIM can prove say `-all`; the forger's own domains prove whatever he likes.
"""

from __future__ import annotations

from tests.attacks.keys import Key, edwards, key, record, txt
from tests.nameserver import Zone

NOBODY, HERE, EVERYBODY = "v=spf1 -all", "v=spf1 ip4:127.0.0.1 -all", "v=spf1 +all"
REJECT = "v=DMARC1; p=reject"
EVIL = "evil.example"  # the forger's own, with everything right about it
LISTS = "lists.example"  # a sealer that the configuration lists
HOMOGLYPH = "xn--nrth-55d.example"  # "north" with a Cyrillic о

# Domains with a key of their own at s1: their SPF and their DMARC record ("" none).
DOMAINS: dict[str, tuple[str, str]] = {
    "shop.example": (NOBODY, REJECT),
    "north.example": (NOBODY, REJECT),
    "fix.example": (NOBODY, REJECT),
    "strict.example": (NOBODY, f"{REJECT}; adkim=s; aspf=s"),
    "mail.strict.example": (HERE, ""),
    "spf.example": (HERE, REJECT),
    "other.spf.example": (NOBODY, ""),
    "soft.example": ("v=spf1 ~all", REJECT),
    "neutral.example": ("v=spf1 ?all", REJECT),
    "twospf.example": (HERE, REJECT),
    "deep.example": ("v=spf1 " + " ".join(f"include:i{at}.deep.example" for at in range(11)) + " ip4:127.0.0.1 -all", REJECT),
    "round.example": ("v=spf1 include:round.example ip4:127.0.0.1 -all", REJECT),
    "dkim.example": (HERE, REJECT),
    "nodmarc.example": (NOBODY, ""),
    "none.example": (NOBODY, "v=DMARC1; p=none"),
    "silent.example": (NOBODY, REJECT),
    "broken.example": (NOBODY, REJECT),
    "a.co.uk": (NOBODY, REJECT),
    "b.co.uk": (HERE, REJECT),
    "a.github.io": (NOBODY, REJECT),
    "b.github.io": (HERE, REJECT),
    EVIL: (EVERYBODY, REJECT),
    HOMOGLYPH: (EVERYBODY, REJECT),
    "north.example.evil.example": (EVERYBODY, REJECT),
    "evilnorth.example": (EVERYBODY, REJECT),
    "sub.north.example": (HERE, ""),
    "example": (EVERYBODY, REJECT),
    "co.uk": (EVERYBODY, REJECT),
    LISTS: (HERE, REJECT),
    "badlists.example": (HERE, REJECT),
    "notices.example": (HERE, REJECT),
}


def zone() -> Zone:
    """The whole, anew: a test may change its copy."""
    made: Zone = {}
    for name, (spf, dmarc) in DOMAINS.items():
        add(made, name, key(name), spf, dmarc)
    _weak(made)
    _odd(made)
    return made


def add(zone: Zone, name: str, owned: Key, spf: str = NOBODY, dmarc: str = REJECT) -> None:
    """A domain with an MX, an SPF record, a key at s1 and, unless "", a DMARC record."""
    zone[name, "MX"] = [f"10 mx.{name}."]
    zone[f"mx.{name}", "A"] = zone[name, "A"] = ["192.0.2.1"]
    zone[name, "TXT"] = [txt(spf)]
    zone[f"s1._domainkey.{name}", "TXT"] = [record(owned)]
    if dmarc:
        zone[f"_dmarc.{name}", "TXT"] = [txt(dmarc)]


def _weak(zone: Zone) -> None:
    """Keys of north.example that prove nothing."""
    here, evil, true = "_domainkey.north.example", key(EVIL), key("north.example")
    for bits in (512, 768):
        zone[f"k{bits}.{here}", "TXT"] = [record(key("north.example", bits))]
    zone[f"revoked.{here}", "TXT"] = [txt("v=DKIM1; k=rsa; p=")]
    zone[f"sha1.{here}", "TXT"] = [record(true, "h=sha1; ")]
    zone[f"tlsrpt.{here}", "TXT"] = [record(true, "s=tlsrpt; ")]
    zone[f"exact.{here}", "TXT"] = [record(true, "t=s; ")]
    zone[f"twice.{here}", "TXT"] = [record(true), record(evil)]
    zone[f"twiceback.{here}", "TXT"] = [record(evil), record(true)]
    zone[f"dkim2.{here}", "TXT"] = [record(evil).replace("v=DKIM1", "v=DKIM2")]
    for at in range(3):
        zone[f"round{at}.{here}", "CNAME"] = [f"round{(at + 1) % 3}.{here}."]


def _odd(zone: Zone) -> None:
    zone["twospf.example", "TXT"] = [txt(HERE), txt(NOBODY)]
    for at in range(11):
        zone[f"i{at}.deep.example", "TXT"] = [txt("v=spf1 ip4:192.0.2.9 -all")]
    zone["_dmarc.evilnone.example", "TXT"] = [txt("v=DMARC1; p=none")]


def ed25519(zone: Zone, name: str) -> None:
    """Puts the domain's Ed25519 key at `ed`."""
    zone[f"ed._domainkey.{name}", "TXT"] = [record(edwards(name))]
