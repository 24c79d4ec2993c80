"""Whether this folder is what `relay evidence` wrote: run `python3 verify.py`, or `python3 verify.py SEAL` to compare the seal.

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
        return json.loads(line.decode("utf-8"))
    except ValueError as error:
        faults.append(f"{name}: cannot be understood: {error}")
        return {}


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

# 2. The events are a chain: each line names the hash of the line before it.
lines = read("events.jsonl").split(b"\n")[:-1]
entries = [parsed("events.jsonl", line) for line in lines]
hashes = ["0" * 64, *map(digest, lines)]
for at, entry in enumerate(entries):
    if (entry.get("number"), entry.get("before")) != (at + 1, hashes[at]):
        faults.append(f"events.jsonl: line {at + 1} does not follow from the line before it")

# 3. What the events name is here, or is said to be missing; an attachment is what its name says.
missing = read("missing.txt").decode("utf-8", "replace").splitlines()
for entry in entries:
    event = entry.get("event", {})
    wanted = [f"mails/{event['mail']}.eml"] if event.get("mail") else []
    wanted += [f"attachments/{file['sha256']}" for file in event.get("attachments", [])]
    faults += [f"{name}: event {event['id']} names it, and it is not here" for name in wanted if name not in {*sums, *missing}]
for name, value in actual.items():
    if name.startswith("attachments/") and name != f"attachments/{value}":
        faults.append(f"{name}: its bytes are not those of its name")

# 4. The seal is the one that was written down when the file was made.
seal = digest(listed)
faults += [f"the seal is {seal}, not {given}" for given in sys.argv[1:] if given.strip().lower() != seal]

if faults:
    sys.exit("\n".join(faults))
sys.stdout.write(f"whole: {len(sums)} files, {len(lines)} events; seal {seal}\n")
sys.stdout.writelines(f"was not there any more when this was written: {name}\n" for name in missing)
