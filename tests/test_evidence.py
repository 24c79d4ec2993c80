"""The evidence of a chain: whole, the same for the same state, and wrong after any change."""

from __future__ import annotations

import json
import random
import runpy
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.harness import DOMAIN, Relay, Sink, write

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"
INTAKE = f"north-repairs@{DOMAIN}"
PHOTO = b"\x89PNG\r\n\x1a\n the leak"


@pytest.fixture
def packed(relay: Relay, sink: Sink, tmp_path: Path) -> Path:
    """The evidence of a chain with a file, a note and a decision, in a folder."""
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    mail.add_attachment(PHOTO, "image", "png", filename="leak.png")
    assert relay.send(mail, ANNA, INTAKE)[0] == 250
    first = sink.wait(IVAN)
    for words in ("#accept", "#internal They pay late.", "Новый насос завтра."):
        assert relay.send(write(IVAN, first.thread, words, answering=first), IVAN, first.thread)[0] == 250
    sink.wait(ANNA, 3)
    done = relay.cli("evidence", "A-1", str(tmp_path / "a1.zip"))
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(tmp_path / "a1.zip") as package:
        package.extractall(folder)
    assert f"seal: {sha256((folder / 'SHA256SUMS').read_bytes()).hexdigest()}" in done.stdout
    return folder


def verified(folder: Path, *seal: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "verify.py", *seal]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]


def test_it_is_whole_and_says_so(packed: Path, relay: Relay) -> None:
    done = verified(packed)
    assert done.returncode == 0, done.stderr
    assert verified(packed, sha256((packed / "SHA256SUMS").read_bytes()).hexdigest()).returncode == 0
    assert verified(packed, "0" * 64).returncode == 1
    events = lines(packed, "events.jsonl")
    shown = relay.json("show", "A-1")
    assert [(each["event"]["kind"], each["event"]["text"]) for each in events] == [  # type: ignore[index]
        (each["kind"], each["text"]) for each in shown["events"]
    ]
    assert (packed / "attachments" / sha256(PHOTO).hexdigest()).read_bytes() == PHOTO
    mails = lines(packed, "mails.jsonl")
    assert len(mails) == 4 and all("verdict" in mail and mail["envelope"] for mail in mails)
    raw = [(packed / "mails" / f"{mail['id']}.eml").read_bytes() for mail in mails]
    assert all(each.startswith(b"X-Relay-Envelope: ") for each in raw) and any(b"They pay late." in each for each in raw)
    assert {letter["recipient"] for letter in lines(packed, "letters.jsonl")} >= {ANNA, IVAN, OLGA}
    made = "".join((packed / name).read_text("utf-8") for name in ("chain.json", "events.jsonl", "letters.jsonl"))
    assert not [ticket for ticket in shown["tickets"] if ticket["thread"] in made or ticket["note"] in made]


def test_the_same_state_makes_the_same_bytes(packed: Path, relay: Relay, tmp_path: Path) -> None:
    assert relay.cli("evidence", "A-1", str(tmp_path / "again.zip")).returncode == 0
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "a1.zip").read_bytes()
    assert (tmp_path / "again.zip").stat().st_mode & 0o077 == 0


def test_after_any_change_it_is_not_whole(packed: Path) -> None:
    assert whole(packed, packed / "chain.json") is True
    for path in sorted(path for path in packed.rglob("*") if path.is_file()):
        before = path.read_bytes()
        places = random.Random(path.name).choices(range(len(before)), k=4) if before else []
        for at in sorted({*places, 0, len(before) - 1} & set(range(len(before)))):
            path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
            assert whole(packed, path) is False, f"{path.name}, byte {at}"
        path.write_bytes(before + b"\n")
        assert whole(packed, path) is False, f"{path.name}, longer"
        path.write_bytes(before)
    assert verified(packed).returncode == 0
    (packed / "mails" / "another.eml").write_bytes(b"X")
    done = verified(packed)
    assert done.returncode == 1 and "was added" in done.stderr


def whole(folder: Path, changed: Path) -> bool:
    """What verify.py says: in this process, which is faster, unless it is what was changed."""
    if changed.name == "verify.py":
        return verified(folder).returncode != 1
    try:
        with patch.object(sys, "argv", ["verify.py"]):
            runpy.run_path(str(folder / "verify.py"))
    except SystemExit as ended:
        return not ended.code
    return True


def test_events_that_were_changed_and_listed_anew_are_no_chain(packed: Path) -> None:
    path = packed / "events.jsonl"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"They pay late.", b"They pay soon."))
    listed_anew(packed)
    done = verified(packed)
    assert done.returncode == 1 and "is not what its digest says" in done.stderr
    path.write_bytes(before.replace(lines(packed, "events.jsonl")[1]["digest"].encode(), b"0" * 64))  # type: ignore[attr-defined]
    listed_anew(packed)
    done = verified(packed)
    assert done.returncode == 1 and "line 3 does not follow" in done.stderr


def test_an_event_taken_off_the_end_is_seen_by_the_hash_that_was_exchanged(packed: Path) -> None:
    last, final = len(lines(packed, "events.jsonl")), verified(packed).stdout.splitlines()[1].removeprefix("chain: ")
    assert f"{final} is the chain up to event {last} of {last}" in verified(packed, final).stdout
    path = packed / "events.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    listed_anew(packed)
    assert verified(packed).returncode == 0
    done = verified(packed, final)
    assert done.returncode == 1 and "nor the hash of any line" in done.stderr


def listed_anew(folder: Path) -> None:
    """As somebody does who changes files and then the list of their hashes."""
    sums = folder / "SHA256SUMS"
    listed = [line[66:] for line in sums.read_text().splitlines()]
    sums.write_text("".join(f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in listed))


def test_what_is_gone_is_said(packed: Path, relay: Relay, tmp_path: Path) -> None:
    shutil.rmtree(relay.folder / "data" / "blobs")
    done = relay.cli("evidence", "A-1", str(tmp_path / "less.zip"))
    assert done.returncode == 0 and f"missing: attachments/{sha256(PHOTO).hexdigest()}" in done.stderr
    with zipfile.ZipFile(tmp_path / "less.zip") as package:
        package.extractall(tmp_path / "less")
    assert "was not there any more" in verified(tmp_path / "less").stdout


def test_wrong_names_are_said(packed: Path, relay: Relay, tmp_path: Path) -> None:
    assert "no chain A-9" in (done := relay.cli("evidence", "A-9", str(tmp_path / "x.zip"))).stderr and done.returncode == 1
    assert not (tmp_path / "x.zip").exists()
    assert "is there already" in relay.cli("evidence", "A-1", str(tmp_path / "a1.zip")).stderr
    assert "cannot be written" in relay.cli("evidence", "A-1", str(tmp_path / "no" / "x.zip")).stderr


def test_show_draws_who_had_the_ball(packed: Path, relay: Relay, tmp_path: Path) -> None:
    told = relay.cli("show", "A-1").stdout
    assert "who had the ball, from" in told
    (north,) = (line for line in told.splitlines() if "North Service" in line and "█" in line)
    assert north.count("█") > 10


def test_the_page_is_one_file_without_anything_of_others(relay: Relay, sink: Sink, tmp_path: Path) -> None:
    mail = write(f"Anna <{ANNA}>", INTAKE, "<script>steal()</script> & \u202ereversed <img src=x>", subject='<b>"Pump"</b>')
    assert relay.send(mail, ANNA, INTAKE)[0] == 250
    first = sink.wait(IVAN)
    words = f"#internal I wrote to {first.thread}"
    assert relay.send(write(IVAN, first.thread, words, answering=first), IVAN, first.thread)[0] == 250
    done = relay.cli("show", "A-1", "--html", str(tmp_path / "a1.html"))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "a1.html").read_text("utf-8")
    assert "&lt;script&gt;steal()&lt;/script&gt; &amp; \\u202ereversed &lt;img src=x&gt;" in page
    assert (
        "<script" not in page and "<img" not in page and "src=" not in page.replace("&lt;img src=x", "") and "http://" not in page
    )
    assert "&lt;b&gt;&#34;Pump&#34;&lt;/b&gt;" in page and "(internal)" in page and 'class="ball"' in page
    assert all(ticket["thread"] not in page and ticket["note"] not in page for ticket in relay.json("show", "A-1")["tickets"])
    assert "cannot be written" in relay.cli("show", "A-1", "--html", str(tmp_path / "no" / "a1.html")).stderr
