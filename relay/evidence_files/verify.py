"""Whether this folder is what `relay evidence` wrote: run `python3 verify.py`, or `python3 verify.py HASH…` to compare.

A HASH is a seal, or a chain's hash, of this file or of an earlier or other party's file of the same matter.
Exits with 0 when all is as it was written, with 1 when anything differs. Python 3.8 or newer, nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
faults: list[str] = []


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(name: str) -> bytes:
    try:
        return (HERE / name).read_bytes()
    except OSError as error:
        faults.append(f"{name}: cannot be read: {error}")
        return b""


def parsed(name: str, line: bytes) -> Any:
    try:
        found = json.loads(line.decode("utf-8"))
    except ValueError as error:
        faults.append(f"{name}: cannot be understood: {error}")
        return {}
    return found if isinstance(found, dict) else {}


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


# 1. Every file is the one that was written: its hash is the one in SHA256SUMS, and none has come or gone.
listed = read("SHA256SUMS")
sums = {line[66:]: line[:64] for line in listed.decode("utf-8", "replace").splitlines()}
actual = {name: digest(read(name)) for name in sorted(sums)}
faults += [f"{name}: was changed" for name, value in actual.items() if value != sums[name]]
if "".join(f"{value}  {name}\n" for name, value in actual.items()).encode() != listed:
    faults.append("SHA256SUMS: is not the list of these files")
for folder in ("mails", "attachments"):
    names = [f"{folder}/{path.name}" for path in (HERE / folder).glob("*")]
    faults += [f"{name}: was added" for name in sorted(names) if name not in sums]

# 2. The events are a chain: each line names the hash of the line before it. An event that stands there is what its digest says.
lines = read("events.jsonl").split(b"\n")[:-1]
entries = [parsed("events.jsonl", line) for line in lines]
hashes = ["0" * 64]
for number, entry in enumerate(entries, 1):
    if (entry.get("number"), entry.get("before")) != (number, hashes[-1]):
        faults.append(f"events.jsonl: line {number} does not follow from the line before it")
    if "event" in entry and digest(str(entry.get("salt")).encode() + canonical(entry["event"])) != entry.get("digest"):
        faults.append(f"events.jsonl: the event of line {number} is not what its digest says")
    hashes.append(digest(f"{number} {hashes[-1]} {entry.get('digest')}".encode()))

# 3. What the events name is here, or is said to be missing; an attachment is what its name says.
missing = read("missing.txt").decode("utf-8", "replace").splitlines()
for number, entry in enumerate(entries, 1):
    event = entry.get("event", {})
    files = [file for told in [event, *entry.get("seen", [])] for file in told.get("attachments", [])]
    wanted = [f"mails/{event['mail']}.eml"] if event.get("mail") else []
    wanted += [f"attachments/{file['sha256']}" for file in files if "sha256" in file]
    faults += [f"{name}: event {number} names it, and it is not here" for name in wanted if name not in {*sums, *missing}]
for name, value in actual.items():
    if name.startswith("attachments/") and name != f"attachments/{value}":
        faults.append(f"{name}: its bytes are not those of its name")

# 4. The hashes that were written down when a file was made are those of this one, or of this chain at that time.
seal = digest(listed)
given = [each.strip().lower() for each in sys.argv[1:]]
faults += [
    f"{each} is neither the seal nor the hash of any line of the chain" for each in given if each not in {seal, *hashes[1:]}
]

if faults:
    sys.exit("\n".join(faults))
readable = sum("event" in entry or "seen" in entry for entry in entries)
sys.stdout.write(f"whole: {len(sums)} files, {len(entries)} events, {readable} of them can be read here\n")
sys.stdout.write(f"chain: {hashes[-1]}\nseal: {seal}\n")
for each in given:
    place = "the seal" if each == seal else f"the chain up to event {hashes.index(each)} of {len(entries)}"
    sys.stdout.write(f"{each} is {place}\n")
sys.stdout.writelines(f"was not there any more when this was written: {name}\n" for name in missing)
