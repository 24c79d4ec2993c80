"""The relay's addresses: minted, parsed and taken out of text."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import address
from relay.address import Address, Kind

DOMAIN = "relay.example.com"
LINKS = {"fix", "north-repairs"}
MAKERS: dict[Kind, Callable[[str, str], str]] = {
    "thread": address.thread,
    "note": address.note,
    "return-path": address.return_path,
    "statement": address.statement,
}
tokens = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26)
kinds = st.sampled_from(sorted(MAKERS))


def odd_case(text: str, flips: int) -> str:
    return "".join(char.upper() if flips >> at & 1 else char for at, char in enumerate(text))


# ── minting ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_has_a_hundred_random_bits_and_never_comes_twice() -> None:
    minted = [address.mint() for _ in range(2000)]
    assert len(set(minted)) == len(minted)
    assert all(re.fullmatch(address.TOKEN, token) for token in minted)
    varied = [len({token[at] for token in minted}) for at in range(26)]
    assert all(count == 32 for count in varied[:25])  # 125 bits; the last character holds the three that are left
    assert varied[25] == 8


@given(tokens, kinds)
def test_an_address_fits_into_a_local_part(token: str, kind: Kind) -> None:
    local, _, domain = MAKERS[kind](token, DOMAIN).rpartition("@")
    assert len(local) <= 64 and domain == DOMAIN


# ── parsing ────────────────────────────────────────────────────────────────────────────────────────────────


@given(tokens, kinds, st.integers(0, 2**50))
def test_what_was_made_is_parsed_whatever_its_case(token: str, kind: Kind, flips: int) -> None:
    made = odd_case(MAKERS[kind](token, DOMAIN), flips)
    assert address.parse(made, DOMAIN, LINKS) == Address(kind, token)
    assert address.parse(f" {made}. ", DOMAIN, ()) == Address(kind, token)


@given(st.sampled_from(sorted(LINKS | address.ROLES)), st.integers(0, 2**40))
def test_links_and_roles_are_parsed_whatever_their_case(local: str, flips: int) -> None:
    kind: Kind = "link" if local in LINKS else "postmaster"
    assert address.parse(odd_case(f"{local}@{DOMAIN}", flips), DOMAIN, LINKS) == Address(kind, local)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "@",
        DOMAIN,
        f"@{DOMAIN}",
        f"nobody@{DOMAIN}",
        f"t-@{DOMAIN}",
        f"t-{'a' * 25}@{DOMAIN}",
        f"t-{'a' * 27}@{DOMAIN}",
        f"t-{'a' * 25}1@{DOMAIN}",
        f"x-{'a' * 26}@{DOMAIN}",
        f"t{'a' * 26}@{DOMAIN}",
        f"t-{'a' * 26}+tag@{DOMAIN}",
        f"t-{'a' * 26}@sub.{DOMAIN}",
        f"t-{'a' * 26}@{DOMAIN}.evil.example",
        f"t-{'a' * 26}@evil.example@{DOMAIN}",
        f"t-{'a' * 26}\n@{DOMAIN}",
        "fix",
        "abuse",
        "postmaster@evil.example",
    ],
)
def test_anything_else_is_none_of_ours(other: str) -> None:
    assert address.parse(other, DOMAIN, LINKS) is None


def test_postmaster_needs_no_domain() -> None:
    assert address.parse("Postmaster", DOMAIN, LINKS) == Address("postmaster", "postmaster")


@given(st.text(max_size=80))
def test_parsing_never_raises(text: str) -> None:
    found = address.parse(text, DOMAIN, LINKS)
    assert found is None or found.kind == "postmaster"


# ── comparing ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("one", "other", "are"),
    [
        ("anna@shop.example", "Anna@SHOP.example", True),
        ("anna@shop.example", " anna@shop.example. ", True),
        ("анна@почта.example", "АННА@ПОЧТА.example", True),
        ("anna@shop.example", "anna@shop.example.evil.example", False),
        ("anna@shop.example", "anna@evil.example", False),
        ("", "", False),
        ("nothing", "nothing", False),
        ("@shop.example", "@shop.example", False),
    ],
)
def test_same_compares_mailboxes(one: str, other: str, are: bool) -> None:
    assert address.same(one, other) is are
    assert address.same(other, one) is are


# ── taking out ─────────────────────────────────────────────────────────────────────────────────────────────

FORMS: list[Callable[[str], str]] = [
    lambda made: made,
    lambda made: made.partition("@")[0],
    lambda made: quote(made, safe=""),
    lambda made: quote(made, safe="").replace("-", "%2D"),
    lambda made: made.replace("@", "=40"),
    lambda made: f"<{made}>",
    lambda made: f"mailto:{made}?subject=Re",
    lambda made: quote(f"<{made}>", safe=""),
    lambda made: quote(quote(f"<{made}>", safe=""), safe=""),
    lambda made: f"_{made}_",
    lambda made: f"*{made}*",
    lambda made: f"see{made}",
    lambda made: f"адрес:{made}",
    lambda made: f"{made}{made}",
]


@given(tokens, kinds, st.sampled_from(FORMS), st.integers(0, 2**90), st.sampled_from(["", " ", "\n", "(", ",", "\xa0"]))
def test_an_address_is_taken_out_in_every_form(
    token: str, kind: Kind, form: Callable[[str], str], flips: int, beside: str
) -> None:
    written = odd_case(form(MAKERS[kind](token, DOMAIN)), flips)
    left = address.scrub(f"Write{beside or ' '}{written}{beside}please", DOMAIN)
    assert token not in left.lower() and left.startswith("Write") and left.endswith("please") and "…" in left


@given(tokens, kinds)
def test_the_domain_goes_with_it(token: str, kind: Kind) -> None:
    made = MAKERS[kind](token, DOMAIN)
    assert address.scrub(f"Write to {made}, <{quote(made)}> or {made.upper()}.", DOMAIN, "X") == "Write to X, <X> or X."


@pytest.mark.parametrize(
    "text",
    [
        "Ask anna@shop.example or +7 495 123-45-67.",
        "Support-Donaudampfschifffahrtsgesellschaftskapitän",
        "Werkstatt-Instandhaltungsbeauftragter",
        "part no. T-1234567890",
        f"fix@{DOMAIN} and postmaster@{DOMAIN}",
        "",
    ],
)
def test_what_is_no_address_of_a_ticket_stays(text: str) -> None:
    assert address.scrub(text, DOMAIN) == text


@given(st.text(max_size=200))
def test_taking_out_twice_is_as_once(text: str) -> None:
    once = address.scrub(text, DOMAIN)
    assert address.scrub(once, DOMAIN) == once
