"""The evidence that one party may have: its own words whole, of others' what it was told, and the same chain as everybody's."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import DOMAIN, Relay, Sink, until, write
from tests.mail.test_files import EXE
from tests.test_hidden import OLD_WORD, docx, inside, with_files
from tests.test_workflow import ANNA, IVAN, SERGEI, Play

OLGA, VICTOR = "olga@north.example", "victor@vendor.example"
PARTIES = ("shop", "north", "fix", "vendor")
# Words that occur once, and the parties who may read them.
SECRETS = {
    "shop-note": ("shop",),
    "north-note": ("north",),
    "fix-note": ("fix",),
    "vendor-note": ("vendor",),
    "said-by-shop": PARTIES,
    "said-by-north": PARTIES,
    "said-by-fix": PARTIES,
    "said-by-vendor": PARTIES,
    "Sergei": ("fix",),
    "Fix It": ("north", "fix", "vendor"),
    "fix.example": ("fix",),
    "FX-9": ("north", "fix", "vendor"),
    "Victor": ("vendor",),
    "Vendor Ltd": ("fix", "vendor"),
    "vendor.example": ("vendor",),
    "shop.example": ("shop",),
    "north.example": ("north",),
    "tool.exe": ("shop",),
    "away-of-fix": (),
}


class Package:
    """A file of evidence, unpacked."""

    def __init__(self, relay: Relay, folder: Path, *options: str) -> None:
        self.folder, self.file = folder, folder.with_suffix(".zip")
        done = relay.cli("evidence", "A-1", str(self.file), *options)
        assert done.returncode == 0, done.stderr
        self.told = done.stdout
        with zipfile.ZipFile(self.file) as package:
            package.extractall(folder)

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").splitlines()]

    @property
    def digests(self) -> list[tuple[int, str, str]]:
        return [(line["number"], line["before"], line["digest"]) for line in self.lines("events.jsonl")]

    @property
    def final(self) -> str:
        (found,) = re.findall(r"^chain: ([0-9a-f]{64})$", self.told, re.MULTILINE)
        return str(found)

    @property
    def files(self) -> list[Path]:
        """What of it is the chain's: not the description and the verifier, which are the same in all."""
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name not in ("README.txt", "verify.py")]

    def verified(self, *hashes: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "verify.py", *hashes]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)

    def list_anew(self) -> None:
        """As somebody does who changes files and then the list of their hashes."""
        sums = self.folder / "SHA256SUMS"
        names = [line[66:] for line in sums.read_text().splitlines()]
        sums.write_text("".join(f"{hashlib.sha256((self.folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names))


@pytest.fixture
def play(make_relay: Callable[..., Relay], sink: Sink) -> Play:
    """Anna → Ivan → Sergei, who is hidden from those above → Victor, who is hidden from all but him."""
    relay = make_relay()
    given = relay.config.read_text()
    for key in ("fix", "vendor"):
        given = given.replace(f'to = "{key}"', f'to = "{key}"\nidentity = "hidden"')
    relay.config.write_text(given)
    relay.start()
    play = Play(relay, sink)
    play.says(IVAN, "#accept\n\nWe look at it, said-by-north.")
    play.says(IVAN, "#pass fix")
    play.says(SERGEI, "#accept\n#ref FX-9")
    play.says(SERGEI, "#pass vendor")
    play.says(VICTOR, "The board is burnt, said-by-vendor.")
    papers = {"act_docx": docx(), "old_doc": OLD_WORD}
    send(play, SERGEI, with_files(write(f"Sergei <{SERGEI}>", thread(play, SERGEI), "Papers, said-by-fix."), **papers))
    for who, party in ((ANNA, "shop"), (IVAN, "north"), (SERGEI, "fix"), (VICTOR, "vendor")):
        play.says(who, f"#internal {party}-note")
    heard = play.hears(ANNA, "said-by-vendor")
    old = [f"> {line}" for line in heard.text.splitlines()]
    at = old.index("> The board is burnt, said-by-vendor.") + 1
    inline = ["On Mon, Mar 2, 2026 at 12:00 PM North wrote:", *old[:at], "", "Yes, said-by-shop.", "", *old[at:]]
    mail = write(f"Anna <{ANNA}>", heard.thread, "\n".join(inline), answering=heard)
    send(play, ANNA, with_files(mail, tool_exe=EXE))
    for recipients in ([heard.return_path], [heard.return_path, heard.thread]):  # Anna has forwarded her letter
        away = write(f"Sergei <{SERGEI}>", heard.thread, "away-of-fix", Auto_Submitted="auto-replied")
        assert relay.send(away, "", *recipients)[0] == 250
    play.hears(VICTOR, "said-by-shop")
    until(lambda: not relay.json("queue", "list"), "an empty queue")
    return play


def thread(play: Play, who: str) -> str:
    return play.sink.wait(who).thread


def send(play: Play, who: str, mail: Any) -> None:
    code, answer = play.relay.send(mail, who, thread(play, who))
    assert code == 250, answer


def test_each_party_gets_what_it_may_know_and_all_have_the_same_chain(play: Play, tmp_path: Path) -> None:
    whole = Package(play.relay, tmp_path / "whole")
    addresses = {t["party"]: (t["thread"], t["note"]) for t in play.relay.json("show", "A-1")["tickets"]}
    for party in PARTIES:
        package = Package(play.relay, tmp_path / party, "--party", party)
        assert package.digests == whole.digests and package.final == whole.final
        done = package.verified(whole.final)
        assert done.returncode == 0 and "whole" in done.stdout, done.stderr
        content = b"\n".join(inside(path.read_bytes()) for path in package.files).decode("utf-8", "replace")
        wrong = [word for word in SECRETS if (word in content) != (party in SECRETS[word])]
        assert not wrong, party
        foreign = [one for other, both in addresses.items() if other != party for one in both]
        assert not [one for one in foreign if one.partition("@")[0] in content]
        assert (EXE in b"".join(path.read_bytes() for path in package.files)) is False
        assert f"it may be given to {name_of(play, party)}, and to nobody else" in package.told


def name_of(play: Play, party: str) -> str:
    return next(str(ticket["name"]) for ticket in play.relay.json("show", "A-1")["tickets"] if ticket["party"] == party)


def test_its_own_words_are_whole_and_others_are_as_it_was_told_them(play: Play, tmp_path: Path) -> None:
    package = Package(play.relay, tmp_path / "shop", "--party", "shop")
    events = package.lines("events.jsonl")
    own = [line["event"] for line in events if "event" in line]
    assert {event["author"] for event in own} == {ANNA} and {event["party"] for event in own} == {"shop"}
    assert [event["text"] for event in own if event["internal"]] == ["shop-note"]
    (answer,) = (event for event in own if "said-by-shop" in event["text"])
    assert any(event["data"].get("answered") for event in play.relay.json("show", "A-1")["events"])
    assert "answered" not in answer["data"]  # that the words were known may tell of a ticket that she does not know
    told_it = [told for line in events for told in line.get("seen", [])]
    assert {told["kind"] for told in told_it if told["own"]} == {"automatic"}
    seen = [told for told in told_it if not told["own"]]
    assert {told["party"] for told in seen} == {"North Service"} and {told["who"] for told in seen} == {"Ivan", "North Service"}
    (papers,) = (told for told in seen if "said-by-fix" in told["text"])
    (act,) = papers["attachments"]
    assert act["name"] == "act.docx" and act["sha256"] != hashlib.sha256(docx()).hexdigest()
    got = play.hears(ANNA, "said-by-fix").files["act.docx"]
    assert (package.folder / "attachments" / act["sha256"]).read_bytes() == got
    hidden = [line for line in events if "event" not in line and "seen" not in line]
    assert hidden and all(set(line) == {"number", "before", "digest"} for line in hidden)
    assert all("salt" in line for line in events if "event" in line) and not [
        line for line in events if {"seen", "salt"} <= set(line)
    ]


def test_its_mails_and_letters_go_along(play: Play, tmp_path: Path) -> None:
    package = Package(play.relay, tmp_path / "shop", "--party", "shop")
    mails = package.lines("mails.jsonl")
    assert {mail["sender"] for mail in mails} == {ANNA} and len(mails) == 3
    raw = [(package.folder / "mails" / f"{mail['id']}.eml").read_bytes() for mail in mails]
    assert len(list((package.folder / "mails").iterdir())) == 3 and any(b"shop-note" in each for each in raw)
    letters = package.lines("letters.jsonl")
    assert {letter["recipient"] for letter in letters} == {ANNA} and all(letter["reply"].startswith("250 ") for letter in letters)
    heard = {str(letter.message["Message-ID"]): letter.text for letter in play.sink.to(ANNA)}
    assert {letter["message_id"] for letter in letters} == set(heard)
    assert any("said-by-vendor" in letter["text"] and "said-by-vendor" in heard[letter["message_id"]] for letter in letters)
    (ticket,) = json.loads((package.folder / "chain.json").read_text())["tickets"]
    assert [(seat["party"], seat["own"]) for seat in ticket["known"]] == [("Tea Shop", True), ("North Service", False)]


def test_an_earlier_chain_is_the_beginning_of_a_later_one(play: Play, tmp_path: Path) -> None:
    early = Package(play.relay, tmp_path / "early", "--party", "shop")
    assert Package(play.relay, tmp_path / "again", "--party", "shop").file.read_bytes() == early.file.read_bytes()
    play.says(IVAN, "#internal Not for Anna.")
    play.says(IVAN, "Tomorrow.")
    play.hears(ANNA, "Tomorrow.")
    assert play.relay.cli("address", "renew", "A-1", "shop").returncode == 0
    for name, options in (("whole", ()), ("fix", ("--party", "fix"))):
        late = Package(play.relay, tmp_path / name, *options)
        assert late.digests[: len(early.digests)] == early.digests and len(late.digests) == len(early.digests) + 2
        done = late.verified(early.final)
        assert f"the chain up to event {len(early.digests)} of {len(late.digests)}" in done.stdout and done.returncode == 0
    assert early.verified(late.final).returncode == 1


def test_what_is_changed_is_found(play: Play, tmp_path: Path) -> None:
    package = Package(play.relay, tmp_path / "shop", "--party", "shop")
    path = package.folder / "events.jsonl"
    before = path.read_bytes()
    for old, new, complaint in (
        (b"said-by-shop", b"said-by-none", "is not what its digest says"),
        (package.digests[3][2].encode(), b"0" * 64, "does not follow"),
    ):
        path.write_bytes(before.replace(old, new))
        assert (done := package.verified()).returncode == 1 and "events.jsonl: was changed" in done.stderr
        package.list_anew()
        assert (done := package.verified()).returncode == 1 and complaint in done.stderr
    path.write_bytes(before)
    package.list_anew()
    assert package.verified(package.final).returncode == 0
    (package.folder / "mails" / "another.eml").write_bytes(b"X")
    assert "was added" in package.verified().stderr


def test_whoever_has_no_part_in_it_gets_nothing(play: Play, tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    for party, why in (("nobody", "there is no party nobody"), ("other", "other has no ticket in A-1")):
        done = play.relay.cli("evidence", "A-1", str(file), "--party", party)
        assert done.returncode == 1 and why in done.stderr and not file.exists()
    assert DOMAIN not in done.stderr
