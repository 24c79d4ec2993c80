"""Honest mails with unusual signatures: folded, of other keys, several, with tags that few use."""

from __future__ import annotations

import time

from tests.attacks.honest import foreign, honest, own
from tests.attacks.keys import edwards, key
from tests.attacks.signer import SIGNED, canonical_header, headers, sign
from tests.attacks.world import Case

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
    return spoiled[: spoiled.index(b"\r\nFrom:") + 2] + own(case)


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
def made_days_ago_and_never_expires(case: Case) -> bytes:
    """Servers try again for days."""
    return own(case, tags=f"t={int(time.time()) - 5 * 86_400}; ")


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
