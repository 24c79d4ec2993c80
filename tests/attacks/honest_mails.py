"""Honest mails that look unusual, and the domains that prove them."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from tests.attacks.keys import edwards, key, record, txt
from tests.attacks.signer import SIGNED, canonical_header, headers, seal, sign
from tests.attacks.world import Attack, Case, Draft
from tests.attacks.zones import EVIL, HERE, LISTS, NOBODY, REJECT, add, ed25519
from tests.nameserver import Zone

# Contacts of one party, each of a domain of his own: how SPF or the key lets him be known.
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

Make = Callable[[Case], bytes | Attack]
HONEST: dict[str, tuple[str, Make]] = {}


def honest(author: str = "ivan@north.example") -> Callable[[Make], Make]:
    """Puts a mail into the table, under its function's name."""

    def put(make: Make) -> Make:
        HONEST[make.__name__] = (author, make)
        return make

    return put


def own(case: Case, draft: Draft | None = None, **more: object) -> bytes:
    """With the author's signature."""
    raw = (draft or case.draft).raw
    return sign(raw, key(case.domain), case.domain, **more)  # type: ignore[arg-type]


def foreign(raw: bytes) -> bytes:
    return sign(raw, key(EVIL), EVIL)


# ── canonicalisation and folding ───────────────────────────────────────────────────────────────────────────


@honest()
def relaxed_relaxed(case: Case) -> bytes:
    return own(case)


@honest()
def simple_simple(case: Case) -> bytes:
    return own(case, canon="simple/simple")


@honest()
def relaxed_simple(case: Case) -> bytes:
    return own(case, canon="relaxed/simple")


@honest()
def simple_relaxed(case: Case) -> bytes:
    return own(case, canon="simple/relaxed")


@honest()
def folded_again_on_the_way(case: Case) -> bytes:
    """Every field of the mail, and of the signature, is wrapped anew after signing."""
    signed = own(case)
    head, _, body = signed.partition(b"\r\n\r\n")
    lines = [canonical_header(line, "relaxed").replace(b" ", b"\r\n\t  ") for _, line in headers(head)]
    return (
        b"\r\n".join(lines).replace(b":", b":\r\n ", 1)
        + b"\r\n\r\n"
        + body.replace(b"Said ", b"Said   ").replace(b"here.", b"here. \t")
    )


@honest()
def signature_folded_everywhere(case: Case) -> bytes:
    return own(case, fold=lambda value: value.replace("; ", " ;\r\n\t").replace(":", " :\r\n  ").replace("bh=", "bh =\r\n "))


@honest()
def signature_of_one_line(case: Case) -> bytes:
    signed = own(case, fold=lambda value: value.replace("; ", ";"))
    at = signed.index(b"\r\nFrom:")
    return signed[:at].replace(b"\r\n\t", b"") + signed[at:]


@honest()
def upper_case_names(case: Case) -> bytes:
    signed = own(case, names=[name.upper() for name in SIGNED])
    return signed.replace(b"Subject:", b"SUBJECT:", 1).replace(b"\r\nTo:", b"\r\nTO:", 1)


@honest()
def blank_before_a_colon(case: Case) -> bytes:
    """Obsolete, but to be understood (RFC 5322 §4.5)."""
    return own(case).replace(b"\r\nTo:", b"\r\nTo :", 1)


# ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────


@honest("worker@big.example")
def key_of_4096_bits(case: Case) -> bytes:
    return sign(case.draft.raw, key(case.domain, 4096), case.domain, "k4096")


@honest("worker@small.example")
def key_of_1024_bits(case: Case) -> bytes:
    return sign(case.draft.raw, key(case.domain, 1024), case.domain, "k1024")


@honest("worker@split.example")
def key_split_over_many_strings(case: Case) -> bytes:
    return own(case, selector="split")


@honest("worker@alias.example")
def key_behind_a_cname(case: Case) -> bytes:
    return sign(case.draft.raw, key("esp.example"), case.domain, "alias")


@honest("worker@spaced.example")
def key_record_with_blanks_notes_and_tags(case: Case) -> bytes:
    return own(case, selector="spaced")


@honest("worker@edwards.example")
def key_ed25519(case: Case) -> bytes:
    return sign(case.draft.raw, edwards(case.domain), case.domain, "ed")


@honest("worker@edwards.example")
def key_ed25519_beside_rsa(case: Case) -> bytes:
    return sign(own(case), edwards(case.domain), case.domain, "ed")


# ── several signatures, and what else a signature may say ──────────────────────────────────────────────────


@honest()
def second_signature_good(case: Case) -> bytes:
    return foreign(own(case))


@honest()
def the_good_one_below_a_spoiled_one(case: Case) -> bytes:
    spoiled = own(case, case.draft.having(Subject="Before the list changed it"))
    return spoiled[: spoiled.index(b"From:")] + own(case)


@honest()
def ten_signatures_of_which_the_last_is_good(case: Case) -> bytes:
    raw = own(case)
    for _ in range(9):
        raw = foreign(raw)
    return raw


@honest()
def one_with_l_and_one_without(case: Case) -> bytes:
    return sign(own(case), key(case.domain), case.domain, length=5)


@honest()
def one_expired_and_one_not(case: Case) -> bytes:
    return sign(own(case), key(case.domain), case.domain, tags="t=1700000000; x=1700086400; ")


@honest()
def made_long_ago_and_never_expires(case: Case) -> bytes:
    return own(case, tags="t=1500000000; ")


@honest()
def expires_next_year(case: Case) -> bytes:
    return own(case, tags=f"t={int(time.time())}; x={int(time.time()) + 31_000_000}; ")


@honest()
def made_by_a_clock_that_is_fast(case: Case) -> bytes:
    return own(case, tags=f"t={int(time.time()) + 60}; ")


@honest()
def unknown_tags(case: Case) -> bytes:
    return own(case, tags="q=dns/txt; r=y; z=Subject:Pump|From:a=40b; foo=bar; x_y=; ")


@honest()
def signed_more_often_than_there(case: Case) -> bytes:
    return own(case, names=(*SIGNED, *SIGNED, "From", "Subject", "List-Id", "Cc", "Reply-To"))


@honest()
def identity_below_the_domain(case: Case) -> bytes:
    return own(case, tags=f"i=ivan@mail.{case.domain}; ")


@honest("sam@strict.example")
def strict_and_exact(case: Case) -> bytes:
    return own(case)


@honest()
def signed_by_a_domain_below(case: Case) -> bytes:
    return sign(case.draft.raw, key("sub.north.example"), "sub.north.example")


@honest("nina@nodmarc.example")
def signed_without_a_policy(case: Case) -> bytes:
    return own(case)


@honest("lena@none.example")
def signed_with_a_policy_of_none(case: Case) -> bytes:
    return own(case)


@honest("ursula@a.co.uk")
def signed_under_a_countrys_suffix(case: Case) -> bytes:
    return own(case)


@honest("kira@dkim.example")
def signed_where_that_is_asked_for(case: Case) -> bytes:
    return own(case)


# ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────


@honest()
def mixed_case(case: Case) -> bytes:
    return sign(case.draft.having(From="Ivan <IVAN@North.Example>").raw, key("north.example"), "NORTH.example")


@honest()
def encoded_name_and_comment(case: Case) -> bytes:
    return own(case, case.draft.having(From="=?utf-8?b?0JjQstCw0L0=?=\r\n =?utf-8?q?_P=2E?= (on duty) <ivan@north.example>"))


@honest()
def name_in_utf_8(case: Case) -> bytes:
    return own(case, case.draft.having(From='"Иван, Север" <ivan@north.example>'))


@honest()
def quoted_local_part_that_needs_no_quotes(case: Case) -> bytes:
    return own(case, case.draft.having(From='"ivan"@north.example'))


@honest('"night shift"@north.example')
def quoted_local_part_that_needs_them(case: Case) -> bytes:
    """Anybody of that domain may write."""
    return own(case)


@honest("worker@xn--e1afmkfd.example")
def international_domain(case: Case) -> bytes:
    return own(case)


@honest()
def old_style_comment_as_name(case: Case) -> bytes:
    return own(case, case.draft.having(From="ivan@north.example (Ivan Petrov)"))


# ── the body ───────────────────────────────────────────────────────────────────────────────────────────────


@honest()
def eight_bits(case: Case) -> bytes:
    return own(case, Draft(case.draft.fields, f"Насос течёт.\r\n\r\nSaid {case.word} here.\r\n"))


@honest()
def base64_body(case: Case) -> bytes:
    draft = case.draft.having(Content_Transfer_Encoding="base64")
    return own(case, Draft(draft.fields, base64.encodebytes(case.draft.body.encode()).decode().replace("\n", "\r\n")))


@honest()
def empty_lines_at_the_end(case: Case) -> bytes:
    return own(case) + b"\r\n\r\n\r\n"


@honest()
def lines_that_begin_with_dots(case: Case) -> bytes:
    return own(case, Draft(case.draft.fields, f".\r\n..\r\nSaid {case.word} here.\r\n.end\r\n"), canon="simple/simple")


# ── ways ───────────────────────────────────────────────────────────────────────────────────────────────────


@honest()
def forwarded_by_a_plain_forwarder(case: Case) -> Attack:
    received = "Received: from mx.north.example ([192.0.2.1]) by mail.forward.example; Mon, 23 Nov 2026 10:00:01 +0300\r\n"
    return Attack(f"Return-Path: <ivan@north.example>\r\n{received}".encode() + own(case), "srs0=a=b=c=ivan@forward.example")


@honest()
def results_of_servers_before_us(case: Case) -> bytes:
    return b"Authentication-Results: mx.north.example; dkim=fail; spf=softfail\r\nReceived-SPF: fail\r\n" + own(case)


def _listed(case: Case, raw: bytes, results: str) -> bytes:
    changed = raw.replace(b"Subject: ", b"Subject: [list] ") + b"-- \r\nThe list of the pumps\r\n"
    return seal(changed, key(LISTS), LISTS, results)


@honest()
def changed_by_a_listed_sealer(case: Case) -> Attack:
    found = "spf=pass smtp.mailfrom=north.example; dkim=pass header.d=north.example; dmarc=pass header.from=north.example"
    return Attack(_listed(case, own(case), found), f"list-bounces@{LISTS}")


@honest()
def changed_by_a_listed_sealer_twice(case: Case) -> Attack:
    found = "arc=none; dkim=pass (2048-bit key) header.d=north.example;
 dmarc=pass (p=reject) header.from=north.example"
    first = _listed(case, own(case), found).replace(b"The list", b"The  list")
    return Attack(seal(first + b"Again\r\n", key(LISTS), LISTS, "arc=pass", number=2, verdict="pass"), f"x@{LISTS}")


@honest("pavel@spf.example")
def spf_where_that_is_asked_for(case: Case) -> Attack:
    return Attack(case.draft.raw, case.author)


@honest("worker@below.example")
def return_path_below_the_domain(case: Case) -> Attack:
    return Attack(case.draft.raw, "bounce-17@bounces.below.example")


@honest("worker@include.example")
def footer_of_the_firms_own_list(case: Case) -> Attack:
    return Attack(own(case) + b"-- \r\nThis mail is confidential.\r\n", case.author)


@honest("worker@a.example")
def a_blind_copy_from_the_firms_server(case: Case) -> Attack:
    return Attack(case.draft.having(To="boss@elsewhere.example").raw, case.author)


def _by_spf(domain: str) -> Make:
    return lambda case: Attack(case.draft.raw, f"worker@{domain}", "mail.example")


HONEST |= {f"spf_of_{domain}": (WORKERS[domain], _by_spf(domain)) for domain in SPF if domain != "below.example"}


# ── their domains ─────────────────────────────────────────────────────────────────────────────────────────────────


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
    spaced = record(key("spaced.example"), "h=sha256:sha1; n=a note; s=email; t=; x=unknown; ").replace("; ", " ;  ")
    zone["spaced._domainkey.spaced.example", "TXT"] = [spaced.replace("p=", "p = ", 1)]
    ed25519(zone, "edwards.example")
