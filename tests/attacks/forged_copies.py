"""Forgeries by copy: true mails of the author's with other words in them, or brought to where he has not sent them."""

from __future__ import annotations

import time

from tests.attacks.forged_signatures import true
from tests.attacks.forging import forgery, variants
from tests.attacks.world import FORGER, Case

# ── of another mail ────────────────────────────────────────────────────────────────────────────────────────


@forgery("unproven")
def body_replaced_under_an_old_signature(case: Case) -> bytes:
    old = true(case, type(case.draft)(case.draft.fields, "Thank you!\r\n").raw)
    return old.replace(b"Thank you!\r\n", case.draft.body.encode())


@forgery("unproven")
def body_and_its_hash_replaced(case: Case) -> bytes:
    old, new = true(case, type(case.draft)(case.draft.fields, "Thank you!\r\n").raw), case.signed()
    return old.replace(_hash(old), _hash(new)).replace(b"Thank you!\r\n", case.draft.body.encode())


def _hash(raw: bytes) -> bytes:
    return raw.partition(b"bh=")[2].partition(b";")[0]


@forgery("unproven")
def subject_replaced(case: Case) -> bytes:
    return case.signed().replace(f"s{case.word}".encode(), b"#resolved")


@variants("doubled above", {name: name for name in ("Subject", "To", "Date", "Message-ID", "Content-Type")}, "unproven", "broken")
def _above(case: Case, name: str) -> bytes:
    values = {"Subject": "#resolved", "Content-Type": "text/html", "Message-ID": "<other@client.example>"}
    return f"{name}: {values.get(name, dict(case.draft.fields)[name])}\r\n".encode() + case.signed()


@variants(
    "doubled below", {name: name for name in ("Subject", "Content-Type", "Content-Transfer-Encoding")}, "unproven", "broken"
)
def _below(case: Case, name: str) -> bytes:
    values = {"Subject": "#resolved", "Content-Type": "text/html", "Content-Transfer-Encoding": "base64"}
    return case.signed().replace(b"\r\n\r\n", f"\r\n{name}: {values[name]}\r\n\r\n".encode(), 1)


@forgery("unproven", "held")
def replay_of_what_he_wrote_to_somebody_else(case: Case) -> bytes:
    return true(case, case.draft.having(To="friend@elsewhere.example").raw)


@forgery("unproven", "held")
def replay_of_what_he_wrote_to_a_list_a_month_ago(case: Case) -> bytes:
    old = case.draft.having(To="everybody@elsewhere.example", Date="Fri, 23 Oct 2026 10:00:00 +0300")
    return true(case, old.raw, tags=f"t={int(time.time()) - 30 * 86_400}; ")


@forgery("unproven", "held")
def replay_with_our_address_put_into_cc(case: Case) -> bytes:
    signed = true(case, case.draft.having(To="friend@elsewhere.example").raw)
    return f"Cc: {case.to}\r\n".encode() + signed


@forgery("unproven", "held")
def replay_of_an_answer_to_somebody_who_calls_himself_our_address(case: Case) -> bytes:
    """The forger has written to him under that display name, and he has answered."""
    return true(case, case.draft.having(To=f'"{case.to}" <{FORGER}>').raw)
