"""Honest mails with unusual addresses and bodies, and on unusual ways: forwarded, changed by a list, proven by SPF alone."""

from __future__ import annotations

import base64

from tests.attacks.honest import HONEST, Make, honest, own
from tests.attacks.honest_domains import SPF, WORKERS
from tests.attacks.keys import key
from tests.attacks.signer import seal, sign
from tests.attacks.world import Attack, Case, Draft
from tests.attacks.zones import LISTS

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
    found = "arc=none; dkim=pass (2048-bit key) header.d=north.example;\r\n dmarc=pass (p=reject) header.from=north.example"
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
