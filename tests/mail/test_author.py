"""Who wrote a mail: one From with one mailbox that every reader takes for the same, or a refusal."""

from __future__ import annotations

import email.policy
from email import message_from_bytes
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import Refused
from relay.mail.parts import headers
from relay.model import Contact


def author(sender: bytes | str, *more: str) -> Contact:
    raw = sender if isinstance(sender, bytes) else sender.encode()
    fields = "".join(f"{field}\r\n" for field in more).encode()
    return headers.author(message_from_bytes(b"From: " + raw + b"\r\n" + fields + b"\r\nx\r\n"))


@pytest.mark.parametrize(
    ("sender", "address", "name"),
    [
        ("Ivan <ivan@north.example>", "ivan@north.example", "Ivan"),
        ("Ivan <ivan@north.example> (Acme)", "ivan@north.example", "Ivan"),
        ("Ivan\r\n <ivan@north.example>", "ivan@north.example", "Ivan"),
        ("ivan@north.example (Ivan)", "ivan@north.example", "Ivan"),
        ("ivan@north.example (Ivan (Acme))", "ivan@north.example", "Ivan Acme"),
        ("A. B. <ivan@north.example>", "ivan@north.example", "A. B."),
        ("Ivan [North] <ivan@north.example>", "ivan@north.example", "Ivan [North]"),
        ('"Ivan @ North" <ivan@north.example>', "ivan@north.example", "Ivan @ North"),
        ('"john..doe"@north.example', '"john..doe"@north.example', ""),
        ("ivan+pump@north.example", "ivan+pump@north.example", ""),
        ("Иван <ivan@nоrth.example>", "ivan@nоrth.example", "Иван"),  # another domain, that of nobody we know
    ],
)
def test_one_mailbox(sender: str, address: str, name: str) -> None:
    assert author(sender) == Contact(address, name)


@pytest.mark.parametrize(
    "sender",
    [
        '"ivan@north.example" <mallory@evil.example>',
        '"ivan@north.example>" <mallory@evil.example>',
        '"Ivan, ivan@north.example" <mallory@evil.example>',
        "=?utf-8?q?ivan=40north.example?= <mallory@evil.example>",
        "=?utf-8?b?aXZhbkBub3J0aC5leGFtcGxlLA==?= <mallory@evil.example>",
        "=?utf-8?q?Ivan_=3Civan=40north.example=3E?= <mallory@evil.example>",
        "=?utf-8?q?ivan=E2=80=8B=40north.example?= <mallory@evil.example>",
        "=?utf-8?q?ivan=EF=BC=A0north.example?= <mallory@evil.example>",
        "ivan＠north.example <mallory@evil.example>",
        '"ivan @ north.example" <mallory@evil.example>',
        '"mallory@evil.example ivan@north.example" <mallory@evil.example>',
        "mallory@evil.example (ivan@north.example)",
        "(ivan@north.example) mallory@evil.example",
    ],
)
def test_a_name_that_shows_another_address_is_dropped(sender: str) -> None:
    assert author(sender) == Contact("mallory@evil.example", "")


@pytest.mark.parametrize("sender", ["ivan@north.example", '"ivan@north.example"', "=?utf-8?q?IVAN=40north.example?="])
def test_a_name_that_is_the_address_is_none(sender: str) -> None:
    assert author(f"{sender} <ivan@north.example>") == Contact("ivan@north.example", "")


def test_a_name_may_hold_the_address_itself() -> None:
    assert author('"Ivan (ivan@north.example)" <ivan@north.example>').name == "Ivan (ivan@north.example)"


@pytest.mark.parametrize(
    "sender",
    [
        # several mailboxes, groups, lists
        "ivan@north.example <mallory@evil.example>",
        "Ivan <ivan@north.example> <mallory@evil.example>",
        "<ivan@north.example><mallory@evil.example>",
        "Ivan <ivan@north.example>, mallory@evil.example",
        "Group: ivan@north.example;",
        "Group:;",
        "Ivan <ivan@north.example>;",
        "ivan@north.example,",
        ",ivan@north.example",
        "ivan@north.example mallory@evil.example",
        "ivan@north.example:mallory@evil.example",
        "Ivan <ivan@north.example> x",
        "Acme, Inc. <ivan@north.example>",
        "Ivan @ North <ivan@north.example>",
        "Acme: Ivan <ivan@north.example>",
        # an address in angle brackets where only some readers see it
        '"<ivan@north.example>" <mallory@evil.example>',
        "Ivan (or <ivan@north.example>) <mallory@evil.example>",
        'Ivan \\" <ivan@north.example> \\" <mallory@evil.example>',
        '"Ivan <ivan@north.example>',
        "Ivan (<ivan@north.example>",
        "Ivan )<ivan@north.example>",
        # what stands within the address
        "iv(x)an@north.example",
        "ivan(x)@north.example",
        "ivan@(x)north.example",
        "ivan @north.example",
        "ivan@ north.example",
        "<ivan@north.\r\n example>",
        "<@evil.example:ivan@north.example>",
        "ivan@north.example@evil.example",
        '"ivan@north.example"@evil.example',
        '"iv an"@north.example',
        '"iv\\an"@north.example',
        "iv\\an@north.example",
        '"a\\"@evil.example,b"@north.example',
        "=?utf-8?q?ivan?=@north.example",
        "=?utf-8?q?ivan=40north.example?=",
        "<=?utf-8?q?ivan=40north.example?=>",
        "ivan@=?utf-8?q?north?=.example",
        "ivan@[192.0.2.1]",
        "ivan@north..example",
        "ivan@north.example.",
        "@north.example",
        "ivan@",
        "Ivan <>",
        "Ivan",
        "",
        "<<ivan@north.example>>",
        # characters that are not there, or stand for others
        "ivan@north.example\0",
        "ivan\0@north.example",
        "Iv\0an <ivan@north.example>",
        "ivan@north.example\x7f",
        "ivan@north.example\u200b",
        "i\u00advan@north.example",
        "ivan@\u202enorth.example",
        "ivan@\u212aiev.example",
        "\u212airill@north.example",
        "ivan@ｎorth.example",
        "ivan@north。example",
        "ivan@north\u2024example",
        b"ivan\xff@north.example",
        b"ivan@n\xefrth.example",
    ],
)
def test_what_two_readers_could_take_for_two_is_refused(sender: bytes | str) -> None:
    with pytest.raises(Refused) as refusal:
        author(sender)
    assert (refusal.value.code, refusal.value.enhanced) == (554, "5.6.0")


def test_nobody_but_from_says_who_it_is() -> None:
    more = (
        "Reply-To: mallory@evil.example",
        "Sender: mallory@evil.example",
        "Cc: mallory@evil.example",
        "Resent-From: mallory@evil.example",
    )
    assert author("Ivan <ivan@north.example>", *more) == Contact("ivan@north.example", "Ivan")
    with pytest.raises(Refused):
        author("Ivan <ivan@north.example>", "FROM: mallory@evil.example")


PIECES = [
    "ivan@north.example",
    "mallory@evil.example",
    "<",
    ">",
    '"',
    "(",
    ")",
    ",",
    ";",
    ":",
    "\\",
    " ",
    "\r\n ",
    "Ivan",
    "@",
    ".",
    "=?utf-8?q?ivan=40x.example?=",
    "<ivan@north.example>",
    "<mallory@evil.example>",
    '"Ivan"',
    "(Ivan)",
    "\0",
    "\u200b",
    "＠",
]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_whatever_is_taken_other_readers_take_for_the_same(sender: str) -> None:
    try:
        found = author(sender).address
    except Refused:
        return
    raw = b"From: " + sender.encode() + b"\r\n\r\n"
    assert parseaddr(sender.replace("\r\n", ""))[1] == found
    try:
        modern = message_from_bytes(raw, policy=email.policy.default)["From"]
    except AttributeError:
        return  # of ".<a@b.example>" it makes nothing at all
    assert [each.addr_spec for each in modern.addresses] in ([found], [found.replace('"', "")])
    angled = sender.partition("<")[2].partition(">")[0]
    assert angled in ("", found)
