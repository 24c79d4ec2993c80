"""Durations, sizes, addresses and URLs: read, spelt, refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config import secret, units
from relay.model import Contact


@settings(deadline=None)
@given(st.integers(1, 3650 * 86_400))
def test_durations_are_read_as_they_are_spelt(seconds: int) -> None:
    value = timedelta(seconds=seconds)
    assert units.duration(units.spell_duration(value)) == value


@settings(deadline=None)
@given(st.integers(1, 10**15 - 1))
def test_sizes_are_read_as_they_are_spelt(value: int) -> None:
    assert units.size(units.spell_size(value)) == units.size(value) == value


@settings(deadline=None)
@given(st.ip_addresses(), st.integers(0, 65535))
def test_listen_addresses_are_read_as_they_are_spelt(host: Any, port: int) -> None:
    assert units.listen(units.spell_listen((str(host), port))) == (str(host), port)


READERS = [
    units.duration,
    units.size,
    units.domain,
    units.own_domain,
    units.address,
    units.contact,
    units.zone,
    units.clock,
    units.listen,
    units.nameserver,
    units.prefix,
    units.selector,
    units.field,
    units.line,
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: str(read.__name__))
@settings(deadline=None)
@given(
    value=st.one_of(st.none(), st.integers(), st.booleans(), st.text(), st.text("0123456789:[].@<> hdMB"), st.lists(st.text()))
)
def test_a_reader_reads_or_says_what_it_expected(read: Any, value: object) -> None:
    try:
        read(value)
    except units.Wrong as wrong:
        assert wrong.expected


@settings(deadline=None)
@given(value=st.one_of(st.text(), st.from_regex(r"smtps?://[a-z:@%/\[\]?#0-9.]*", fullmatch=True)))
def test_a_smarthost_is_read_or_refused(value: str) -> None:
    try:
        found = secret.smarthost(value, Path("/nowhere"))
    except units.Wrong:
        return
    assert found.host
    assert 0 < found.port < 65536


@settings(deadline=None)
@given(st.from_regex(r"[a-z]+(\+[a-z]+)?://", fullmatch=True), st.text("ab:@/?#%&=", min_size=1))
def test_no_password_is_shown(scheme: str, password: str) -> None:
    assert f"X{password}X" not in secret.masked(f"{scheme}user:X{password}X@host/name")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4 hours", 14_400),
        ("2 days", 172_800),
        ("30 minutes", 1_800),
        ("90 s", 90),
        ("1 week", 604_800),
        ("5 days", 432_000),
        ("1h30m", 5_400),
        ("2hrs 5 mins", 7_500),
        (" 1 Day  4 Hours ", 100_800),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert units.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "4", "hours", "-4 hours", "4 hours ago", "1.5 hours", "٤ hours", "4 hoursx", "0 days", "5 ms"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(units.Wrong):
        units.duration(text)


@pytest.mark.parametrize(
    ("value", "size"), [("25 MB", 25_000_000), ("25mb", 25_000_000), ("1 KiB", 1024), ("2 MiB", 2_097_152), ("7", 7), (7, 7)]
)
def test_sizes(value: object, size: int) -> None:
    assert units.size(value) == size


@pytest.mark.parametrize(
    "text", ["a@b.example", "a.b+c@b.example", "o'neil@b.example", "иван@почта.example", "x" * 64 + "@b.example"]
)
def test_addresses(text: str) -> None:
    assert units.contact(f"Some Body <{text}>") == Contact(text, "Some Body")
    assert units.contact(f"<{text}>") == units.contact(text) == Contact(text)


NO_ADDRESSES = """
    a|@b.example|a@|a b@c.example|.a@b.example|a..b@c.example|a@b|a@-b.example|a@b.1|a@[127.0.0.1]|A <a@b.example
    |A <a@b.example> x|<>|a@b@c.example|a@b.example, c@d.example
"""


@pytest.mark.parametrize("text", ["", "x" * 65 + "@b.example", "я" * 33 + "@b.example", *NO_ADDRESSES.split("|")])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(units.Wrong):
        units.contact(text)
