"""Own name, colour and logo: legible, inlined, and never from beyond a hidden link."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import brands, visibility
from relay.config import dump, load
from relay.model import Brand, Chain, Identity, Link, Network, Party, Ticket
from tests.config import BASE, mistakes, with_party, write
from tests.look.letters import COMPOSER, brand, drawn, html, sample, text
from tests.test_letters import read

GIF = b"GIF89a\x0a\x00\x05\x00\x80\x00\x00" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x14\x00\x28\x03" + b"\0" * 20


@given(st.from_regex("#[0-9a-f]{6}", fullmatch=True))
def test_the_ink_is_legible_on_every_colour(colour: str) -> None:
    assert brands.contrast(brands.ink(colour), colour) >= 4.5


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (drawn(12, 7, "#00aa66"), brands.Picture("image/png", 12, 7)),
        (GIF, brands.Picture("image/gif", 10, 5)),
        (JPEG, brands.Picture("image/jpeg", 40, 20)),
        (b"<svg/>", None),
        (b"", None),
        (b"\xff\xd8\xff", None),
        (b"\x89PNG\r\n\x1a\n", None),
    ],
)
def test_a_picture_is_told_by_its_first_bytes(content: bytes, found: brands.Picture | None) -> None:
    assert brands.picture(content) == found


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader_of_pictures(tail: bytes) -> None:
    for head in (b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xff"):
        brands.picture(head + tail)


# ── in relay.toml ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given_brand", "key", "found", "expected"),
    [
        ('colour = "green"', "colour", '"green"', '"#0a6"'),
        ('colour = "#12345"', "colour", '"#12345"', '"#0a6"'),
        ('colour = "#ffffc0"', "colour", "contrast to white is 1.0", "a darker colour"),
        ('logo = "none.png"', "logo", "no such file", "a readable file"),
        ('logo = "relay.toml"', "logo", "relay.toml", "PNG, JPEG or GIF"),
        ('logo = "https://north.example/logo.png"', "logo", "https://north.example/logo.png", "nothing from the web"),
        ('logo = "large.png"', "logo", "150,000 bytes", "100 KB"),
        ('footer = "a\\nb"', "footer", '"a\\nb"', "one line"),
        ('color = "#0a6"', "color", "an unknown key", 'did you mean "colour"?'),
    ],
)
def test_every_mistake_of_a_brand_is_told(tmp_path: Path, given_brand: str, key: str, found: str, expected: str) -> None:
    (tmp_path / "large.png").write_bytes(drawn(4, 4, "#00aa66").ljust(150_000, b"\0"))
    for place, toml in (
        ("brand", BASE + f"[brand]\n{given_brand}"),
        ("parties.extra.brand", with_party(f"brand = {{ {given_brand} }}")),
    ):
        (one,) = mistakes(tmp_path, toml)
        assert one.key == f"{place}.{key}" and found in one.found and expected in one.expected


def test_what_is_left_out_comes_from_the_relay_or_the_party(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(drawn(40, 20, "#00aa66"))
    own = '[brand]\ncolour = "#0A6"\nfooter = "Acme Ltd"\nlogo = "logo.png"\n'
    found = load(path := write(tmp_path, with_party('name = "Extra"\nbrand = { footer = "Extra Ltd" }') + own))
    assert found.brand.logo is not None and (found.brand.colour, found.brand.logo.width) == ("#00aa66", 40)
    assert found.parties["extra"].brand == Brand("Extra", "#00aa66", "Extra Ltd")
    path.write_text(dump(found), "utf-8")
    assert load(path) == found


# ── in letters ─────────────────────────────────────────────────────────────────────────────────────────────


def seen(reader: int, *, identity: Identity = "person") -> Brand | None:
    """Whose brand the ticket gets, in a chain shop → north → repairs and deep, all with brands."""
    parties = {key: Party(key, key, brand=Brand(key)) for key in ("shop", "north", "repairs", "deep")}
    links = {
        key: Link(key, up, key, identity=identity) for up, key in (("shop", "north"), ("north", "repairs"), ("north", "deep"))
    }
    tickets = (
        Ticket(1, "shop"),
        Ticket(2, "north", 1, "north"),
        Ticket(3, "repairs", 2, "repairs"),
        Ticket(4, "deep", 2, "deep"),
    )
    chain = Chain(1, "A-1", "x", datetime(2026, 3, 2, tzinfo=UTC), tickets)
    return visibility.brand(chain, Network("relay.example", parties, links), chain.ticket(reader))


@pytest.mark.parametrize("identity", ["person", "party", "hidden"])
def test_a_reader_sees_the_brand_of_the_one_he_deals_with_and_no_other(identity: Identity) -> None:
    assert seen(1, identity=identity) == Brand("north")
    assert seen(2, identity=identity) is None  # two below him: it is nobody's
    assert seen(3, identity=identity) is None is seen(4, identity=identity)  # never of who stands above


def test_the_brand_is_in_the_letter_and_its_logo_inlined() -> None:
    letter = sample("opened", "en")
    message = read(
        COMPOSER.compose(type(letter)(**{name: getattr(letter, name) for name in letter.__slots__} | {"brand": brand()}))
    )
    made = html(message)
    (logo,) = [part for part in message.walk() if part["Content-ID"]]
    assert f'src="cid:{logo["Content-ID"][1:-1]}" alt="North Service" width="120" height="36"' in made
    assert logo.get_content_disposition() == "inline" and "#00aa66" in made
    assert "North Service passes mail on" in text(message) and "Harbour Road 12" in text(message)
