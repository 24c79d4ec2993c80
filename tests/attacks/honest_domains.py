"""Domains of honest people, each proven in another way: contacts of one party, "field"."""

from __future__ import annotations

from tests.attacks.keys import key, record, txt
from tests.attacks.zones import HERE, NOBODY, REJECT, add, ed25519
from tests.nameserver import Zone

# How SPF lets him be known, or what kind of key.
SPF = {
    "include.example": "v=spf1 include:_spf.include.example -all",
    "redirect.example": "v=spf1 redirect=_spf.include.example",
    "a.example": "v=spf1 a -all",
    "mx.example": "v=spf1 mx -all",
    "other-a.example": "v=spf1 a:mx.mx.example -all",
    "network.example": "v=spf1 ip4:127.0.0.0/8 ?all",
    "macro.example": "v=spf1 exists:%{i}.%{d} -all",
    "many.example": f"v=spf1 {' '.join(f'ip4:192.0.2.{at}' for at in range(60))} ip4:127.0.0.1 -all",
    "below.example": NOBODY,
}
KEYS = [
    "big.example",
    "small.example",
    "split.example",
    "alias.example",
    "edwards.example",
    "spaced.example",
    "xn--e1afmkfd.example",
]
WORKERS = {domain: f"worker@{domain}" for domain in (*SPF, *KEYS)}
FIELD = '[parties.field]\ncontacts = [{}]\n[links.field]\nfrom = "north"\nto = "field"\n'.format(
    ", ".join(f'"{worker}"' for worker in WORKERS.values())
)


def publish(zone: Zone) -> None:
    """The domains of the party's workers."""
    for domain, spf in SPF.items():
        add(zone, domain, key(domain), spf, REJECT)
    for domain in KEYS:
        add(zone, domain, key(domain))
    zone["_spf.include.example", "TXT"] = [txt(HERE)]
    zone["a.example", "A"] = zone["mx.mx.example", "A"] = ["192.0.2.7", "127.0.0.1"]
    zone["127.0.0.1.macro.example", "A"] = ["127.0.0.2"]
    zone["bounces.below.example", "TXT"] = [txt(HERE)]
    for domain, bits in (("big.example", 4096), ("small.example", 1024)):
        zone[f"k{bits}._domainkey.{domain}", "TXT"] = [record(key(domain, bits))]
    zone["split._domainkey.split.example", "TXT"] = [record(key("split.example"), width=17)]
    zone["alias._domainkey.alias.example", "CNAME"] = ["a.keys.esp.example."]
    zone["a.keys.esp.example", "CNAME"] = ["b.keys.esp.example."]
    zone["b.keys.esp.example", "TXT"] = [record(key("esp.example"))]
    spaced = record(key("spaced.example"), "h=sha256:sha1; n=a note; s=email; t=; x=unknown; ", width=200).replace("; ", " ;  ")
    zone["spaced._domainkey.spaced.example", "TXT"] = [spaced.replace("p=", "p = ", 1)]
    ed25519(zone, "edwards.example")
