"""Mails that no client wrote are read or refused, in time and within their memory; and what was not broken is not lost.

A few hundred of each here; `FUZZ_EXAMPLES=20000 python -m pytest -s tests/mail/test_fuzz.py` tries as many as that, and names
those that took more than a second.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.errors import Refused
from relay.model import Mail
from relay.readers.process import ReaderProcess, Unreadable
from tests.mail.mutants import MUTATIONS, mutant
from tests.mail.samples import joined, mail, page, part, plain

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
SLOW = 1.0  # seconds


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderProcess]:
    with ReaderProcess() as process:
        yield process


def test_mutants_are_read_or_refused(reader: ReaderProcess) -> None:
    refused, slow, failed = 0, {}, {}
    for seed in range(EXAMPLES):
        raw, begun = mutant(seed), time.monotonic()
        try:
            assert isinstance(reader.read(raw), Mail)
        except Refused as refusal:
            refused += 1
            assert refusal.args[:2] == (554, "5.6.0")
        except Unreadable as error:
            failed[seed] = str(error)
        if (took := time.monotonic() - begun) > SLOW:
            slow[seed] = round(took, 1)
    print(f"\n{EXAMPLES} mutants: {refused} refused, {len(failed)} unreadable; over {SLOW:g} s: {slow or 'none'}")
    assert not failed


# ── nothing is lost ────────────────────────────────────────────────────────────────────────────────────────
#
# A mail is a tree of multipart/mixed; every leaf is a text, a page or a file with words or bytes that no other has. One leaf's
# inside is broken, its header or its content, but for the delimiters of the multiparts. Then every word of every other text or
# page is found in what was read (new text, quote or signature), and the bytes of every other file are those of an attachment.


@dataclass(frozen=True)
class Leaf:
    """A part without parts."""

    kind: str
    number: int

    @property
    def words(self) -> str:
        return f"Alpha{self.number:05}x beta{self.number:05}y."

    @property
    def content(self) -> bytes:
        return f"file{self.number}".encode() * 20

    def raw(self) -> bytes:
        if self.kind == "file":
            return part(f"application/octet-stream; name=f{self.number}.bin", self.content)
        return plain(self.words) if self.kind == "text" else page(f"<div><p>{self.words}</p></div>")

    def is_in(self, found: Mail) -> bool:
        if self.kind == "file":
            return self.content in {file.content for file in found.attachments}
        said = " ".join((found.text, found.quoted, found.signature))
        return all(word in said for word in self.words.split())


Tree = list["Leaf | Tree"]
TREES = st.recursive(
    st.sampled_from(["text", "page", "file"]), lambda kinds: st.lists(kinds, min_size=1, max_size=5), max_leaves=15
)


def numbered(kinds: object, numbers: Iterator[int]) -> Leaf | Tree:
    """The tree with a number at each leaf."""
    if isinstance(kinds, str):
        return Leaf(kinds, next(numbers))
    assert isinstance(kinds, list)
    return [numbered(kind, numbers) for kind in kinds]


def leaves(tree: Leaf | Tree) -> list[Leaf]:
    return [tree] if isinstance(tree, Leaf) else [leaf for branch in tree for leaf in leaves(branch)]


def written(tree: Leaf | Tree, broken: Leaf, chance: random.Random, depth: int = 0) -> bytes:
    """The tree as MIME, one leaf's bytes mutated; its last line break stays, for it belongs to the delimiter."""
    if isinstance(tree, list):
        boundary = f"=-level-{depth}-{id(tree)}"
        parts = [written(branch, broken, chance, depth + 1) for branch in tree]
        return f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode() + joined(boundary, *parts)
    raw = tree.raw()
    if tree == broken:
        for _ in range(chance.randint(1, 4)):
            raw = chance.choice(MUTATIONS)(chance, raw)
    return raw


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(TREES, min_size=2, max_size=6), which=st.integers(0, 10_000), seed=st.integers(0, 2**32))
def test_what_is_not_broken_is_not_lost(reader: ReaderProcess, kinds: list[object], which: int, seed: int) -> None:
    tree = numbered(kinds, iter(range(1000)))
    everything = leaves(tree)
    broken = everything[which % len(everything)]
    raw = mail("", "MIME-Version: 1.0").rstrip() + b"\r\n" + written(tree, broken, random.Random(seed))
    try:
        found = reader.read(raw)
    except Refused:  # over a limit: the sender has it back, whole
        return
    lost = [leaf for leaf in everything if leaf != broken and not leaf.is_in(found)]
    assert not lost, raw
