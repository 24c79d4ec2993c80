"""What holds for every kind of file: no canary, the same again, never an exception."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.cleaning import clean
from tests.cleaning import looking, papers, pictures

FILES: dict[str, Callable[[], bytes]] = {
    "jpeg": pictures.jpeg,
    "progressive jpeg": lambda: pictures.jpeg(progressive=True),
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "moving webp": lambda: pictures.webp(animated=True),
    "tiff": pictures.tiff,
    "plain tiff": lambda: pictures.tiff(None),
    "fax": lambda: pictures.tiff("tiff_deflate"),
    "avif": pictures.avif,
    "heic": pictures.heic,
    "jp2": pictures.jp2,
    "mp4": pictures.mp4,
    "mov": lambda: pictures.mp4(order=b"mdat"),
    "mp3": pictures.mp3,
    "flac": pictures.flac,
    "wave": pictures.wave,
    "pdf": papers.pdf,
    "docx": papers.docx,
    "xlsx": papers.xlsx,
    "pptx": papers.pptx,
    "odt": papers.odt,
    "zip": papers.archive,
    "rtf": papers.rtf,
    "svg": papers.svg,
    "html": papers.html,
}
BUILT = {kind: build() for kind, build in FILES.items()}
EACH = pytest.mark.parametrize("kind", FILES)


def cleaned(content: bytes) -> bytes:
    """The file, clean; it must be cleanable."""
    found = clean(content)
    assert found is not None
    return found


@EACH
def test_nothing_says_who_made_it(kind: str) -> None:
    assert looking.holds(BUILT[kind])
    assert not looking.holds(cleaned(BUILT[kind]))


@EACH
def test_clean_files_come_out_as_they_are(kind: str) -> None:
    once = cleaned(BUILT[kind])
    assert clean(once) == once


@EACH
def test_the_same_every_time(kind: str) -> None:
    assert clean(BUILT[kind]) == clean(bytes(bytearray(BUILT[kind])))


@given(st.binary(max_size=300), st.sampled_from([content[:12] for content in BUILT.values()] + [b""]))
def test_no_bytes_raise(content: bytes, start: bytes) -> None:
    clean(start + content)


@EACH
@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4))
def test_damaged_files_do_not_raise(kind: str, places: list[tuple[float, int]]) -> None:
    damaged = bytearray(BUILT[kind])
    for place, value in places:
        damaged[int(place * len(damaged))] = value
    once = clean(bytes(damaged))
    assert once is None or clean(once) is not None


@EACH
def test_cut_off_files_are_not_cleanable_or_hold_nothing(kind: str) -> None:
    content = BUILT[kind]
    for end in range(len(content) // 20, len(content), len(content) // 20):
        once = clean(content[:end])
        assert once is None or not looking.holds(once)
