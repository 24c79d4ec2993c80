"""Nothing leaks by evidence: whatever mail goes through whatever chain, a party's file has what its links share, and its own.

EVIDENCE_EXAMPLES=100 makes it a long run.
"""

from __future__ import annotations

import contextlib
import email.policy
import html
import io
import json
import os
import re
import runpy
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import unquote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row

from relay import address, cleaning
from relay.evidence import Sources, write
from relay.model import Link
from relay.settle import Outcome
from relay.store import CHAINS, MAILS
from storage.blobs import open_blobs
from tests.canaries import Canary, Posted, World, everything, found_in
from tests.chains import trees
from tests.documents import laid_open
from tests.scenes import Act, Scene
from tests.test_nothing_leaks import DOWN, EVERYTHING, LAST, MIXED, TOLD, acts, extra_links, passing

EXAMPLES = int(os.environ.get("EVIDENCE_EXAMPLES", "4"))
HEAD = b"X-Relay-Envelope: "
TOKEN = re.compile(rf"[tnbhs]-{address.TOKEN}", re.IGNORECASE)
# What `World.leaks` asks of the letter that a canary stands in: names of parties that one may pass to are told in receipts.
A_RECEIPT = cast(Posted, SimpleNamespace(row=SimpleNamespace(kind="receipt", mail_id="-", recipient="")))


class Kept(World):
    """A world that keeps the raw mails and files, as evidence needs them."""

    def __init__(self, links: Iterable[Link], folder: Path) -> None:
        super().__init__(links)
        self.folder = folder
        self.blobs = open_blobs(str(folder / "blobs"))

    def take(self, raw: bytes, sender: str, *recipients: str, released: str = "") -> Outcome:
        outcome = super().take(raw, sender, *recipients, released=released)
        head = json.dumps({"from": sender, "to": recipients}).encode()
        for row in self._rows(MAILS):
            path = self.folder / f"{row.id}.eml"
            if not path.exists():
                path.write_bytes(HEAD + head + b"\r\n" + raw)
        for sha256, content in self._files.items():
            self.blobs.put(sha256, content)
        return outcome

    def evidence(self, chain: int, party: str = "") -> dict[str, bytes]:
        """The files of a chain's evidence, each with its content."""
        target = io.BytesIO()
        with self._engine.connect() as connection:
            write(target, Sources(connection, self.settings, self._mail, self.blobs, cleaning.clean), chain, party)
        with zipfile.ZipFile(target) as package:
            return {name: package.read(name) for name in package.namelist()}

    def _mail(self, mail_id: str) -> Path | None:
        path = self.folder / f"{mail_id}.eml"
        return path if path.exists() else None

    def chains(self) -> list[Row[Any]]:
        return self._rows(CHAINS)

    def may(self, row: Row[Any], made: str) -> bool:
        """Whether the party of that ticket may have a canary in its file: all its own, and what may be told to it."""

        def may(canary: Canary) -> bool:
            own = canary.party == row.party and canary.kind != "unsaid"
            nobodys = canary.kind == "cut" or (canary.kind == "handed" and not canary.target)  # passed on to nobody
            return own or (not nobodys and self._may(row, canary, A_RECEIPT))

        return any(map(may, (self.canaries[made], *self.again[made])))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@example(tuple(MIXED), [Link("back", "p7", "p1"), Link("again", "p10", "p4")], DOWN, [*TOLD, *EVERYTHING], LAST)
@given(
    trees(most=8),
    st.lists(extra_links, max_size=2),
    st.sampled_from(range(7)).flatmap(lambda levels: st.lists(passing, min_size=levels, max_size=levels)),
    st.lists(acts, min_size=4, max_size=10),
    st.lists(acts.map(lambda act: replace(act, deed="pass")), min_size=1, max_size=2),
)
def test_a_partys_file_has_what_its_links_share_and_its_own(
    tree: tuple[Link, ...], extra: list[Link], down: list[Act], talk: list[Act], last: list[Act]
) -> None:
    parties = {key for link in tree for key in (link.upstream, link.downstream)}
    joined = [link for link in extra if link.upstream != link.downstream and {link.upstream, link.downstream} <= parties]
    with tempfile.TemporaryDirectory() as folder:
        world = Kept([*tree, *joined], Path(folder))
        try:
            for act in [replace(talk[0], deed="open"), *down, *talk, *last]:
                Scene(world, act).play()
                world.deliver()
            for chain in world.chains():
                look(world, chain.id)
        finally:
            world.close()


def look(world: Kept, chain: int) -> None:
    """At every file of a chain."""
    whole = chained(world.evidence(chain))
    for party in {row.party: None for row in world.tickets.values() if row.chain_id == chain}:
        files = world.evidence(chain, party)
        assert chained(files) == whole
        leaks, missing = found(world, party, files)[:3], lacking(world, chain, party, files)[:3]
        assert not leaks, f"{leaks} in the evidence for {party}"
        assert not missing, f"{missing} not in the evidence for {party}"
        verify(files)


def chained(files: dict[str, bytes]) -> list[tuple[Any, ...]]:
    lines = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    return [(line["number"], line["before"], line["digest"]) for line in lines]


def found(world: Kept, party: str, files: Mapping[str, bytes]) -> list[str]:
    """All that stands there and must not: canaries, and addresses of others' where the party has not written them itself.

    What letters have told it already is theirs to answer for (`test_nothing_leaks`).
    """
    mine = [row for row in world.tickets.values() if row.party == party]
    own = {local for row in mine for local in (f"t-{row.thread}", f"n-{row.note}")}
    told = heard(world, mine)
    texts = {name: text(content) for name, content in files.items()}
    by_the_relay = "\n".join(content for name, content in texts.items() if not name.startswith("mails"))
    return [
        *(
            f"{world.canaries[one]} {one} in {name}"
            for name, content in texts.items()
            for one in found_in(content) - told
            if not any(world.may(row, one) for row in mine)
        ),
        *(f"address {token}" for token in {token.lower() for token in TOKEN.findall(by_the_relay)} - own),
    ]


def lacking(world: Kept, chain: int, party: str, files: Mapping[str, bytes]) -> list[str]:
    """What the party has written in that chain, and its mails have not; what it was told of others, and the events have not."""
    events, raw = text(files["events.jsonl"]), "".join(text(files[name]) for name in files if name.endswith(".eml"))
    told = heard(world, [row for row in world.tickets.values() if row.party == party and row.chain_id == chain])
    said = {made: canary for made, canary in world.canaries.items() if canary.kind == "text"}
    here = {made: canary for made, canary in said.items() if world.tickets[canary.ticket].chain_id == chain}
    return [
        f"{canary} {made}"
        for made, canary in here.items()
        if canary.party == party or made in told
        if made not in (raw if canary.party == party else events)
    ]


def heard(world: Kept, tickets: Iterable[Row[Any]]) -> set[str]:
    """The canaries of the letters to some tickets."""
    ids = {row.id for row in tickets}
    return {one for (ticket, _), ones in world.heard.items() if ticket in ids for one in ones}


def verify(files: Mapping[str, bytes]) -> None:
    """As its reader does."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        with contextlib.redirect_stdout(io.StringIO()) as said, patch.object(sys, "argv", ["verify.py"]):
            runpy.run_path(str(Path(folder, "verify.py")))  # SystemExit if it finds a fault
        assert said.getvalue().startswith("whole: ")


def text(content: bytes) -> str:
    """All that can be read out of a file: of a mail every part, and what is packed."""
    told = f"{content.decode('utf-8', 'replace')}\n{laid_open(content).decode('utf-8', 'replace')}"
    if content.startswith(HEAD):
        raw = content.partition(b"\r\n")[2]
        message = BytesParser(policy=email.policy.default).parsebytes(raw)
        assert isinstance(message, EmailMessage)
        told += everything(raw, message)
    return "\n".join([told, html.unescape(told), unquote(told)])
