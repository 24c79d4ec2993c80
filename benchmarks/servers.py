"""The servers of the benchmark: the relay with a chain of four parties, the sink behind it; and what a process has used."""

from __future__ import annotations

import email
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from benchmarks.wire import Child, Sunk, sink
from tests.harness import DOMAIN, Relay, Sink, write

PATIENCE = 600.0  # seconds for a whole run
TICK = os.sysconf("SC_CLK_TCK")
SENDER = "Anna Chaikina <anna@shop.example>"
CHAIN = ["ivan@north.example", "sergei@fix.example", "victor@vendor.example"]  # who gets a letter for each mail
NETWORK = """
[parties.shop]
name = "Tea Shop"
contacts = ["Anna Chaikina <anna@shop.example>"]
trust = "address"

[parties.north]
name = "North Service"
contacts = ["Ivan Petrov <ivan@north.example>"]
trust = "address"

[parties.fix]
name = "Fix It"
contacts = ["Sergei <sergei@fix.example>"]
trust = "address"

[parties.vendor]
name = "Vendor Ltd"
contacts = ["Victor Vendor <victor@vendor.example>"]
trust = "address"

[links.north-repairs]
from = "shop"
to = "north"

[links.fix]
from = "north"
to = "fix"

[links.vendor]
from = "fix"
to = "vendor"

[dkim]
selector = "relay1"
key = "key.pem"
"""


# ── the sink ───────────────────────────────────────────────────────────────────────────────────────────────


class Smarthost:
    """The sink in its process, asked over its pipe."""

    def __init__(self) -> None:
        self._child = Child(sink)
        self.port: int = self._child.hear(PATIENCE)

    def forget(self) -> None:
        """Begins to count anew."""
        self._ask("new")

    def letters(self, count: int = 0) -> Sunk:
        """What has come, once it is `count` letters. Raises TimeoutError when they do not come."""
        deadline = time.monotonic() + PATIENCE
        while (have := self._ask("count")) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{have} of {count} letters came in {PATIENCE:.0f} s")
            time.sleep(0.05)
        sunk: Sunk = self._ask("all")
        return sunk

    def thread_of(self, contact: str) -> str:
        """The address that the letters to a contact come from, once there is one. Raises TimeoutError."""
        for _ in range(300):
            for recipient, raw in self.letters().kept:
                if recipient == contact:
                    return parseaddr(str(email.message_from_bytes(raw)["From"]))[1]
            time.sleep(0.05)
        raise TimeoutError(f"no letter has come to {contact}")

    def end(self) -> None:
        """Ends the process."""
        self._child.end()

    def _ask(self, word: str) -> Any:
        self._child.tell(word)
        return self._child.hear(PATIENCE)


# ── the relay ──────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def running_relay(folder: Path, smtp: str = "commands = 1000000") -> Iterator[tuple[Relay, Smarthost]]:
    """`relay serve` and its sink; the public record of its key stands in the file `public` of the folder.

    `smtp` are lines of the table of that name; as it is, one connection may bring all mails of a run.
    """
    (folder / "public").write_text(_new_key(folder / "key.pem"))
    smarthost = Smarthost()
    relay = Relay(folder, Sink(smarthost.port), NETWORK)  # a sink that is not started: its port is ours
    relay.write_config(smtp=smtp)
    relay.start()
    try:
        yield relay, smarthost
    except BaseException:
        sys.stderr.write(relay.log[-4000:])
        raise
    finally:
        relay.stop()
        smarthost.end()


def _new_key(path: Path) -> str:
    # Imported here, as this module is imported again in every process that `wire` starts.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    from relay.signing import public_record  # noqa: PLC0415

    form = serialization.PrivateFormat.PKCS8
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return public_record(pem)


def open_chain(relay: Relay, smarthost: Smarthost) -> str:
    """Opens the chain and passes it on to its end, by mail; returns the first party's thread address."""
    opener, intake = parseaddr(SENDER)[1], f"north-repairs@{DOMAIN}"
    relay.send(write(SENDER, intake, "The pump leaks."), opener, intake)
    for contact, link in zip(CHAIN, ("fix", "vendor"), strict=False):
        thread = smarthost.thread_of(contact)
        relay.send(write(contact, thread, f"#pass {link}"), contact, thread)
    smarthost.thread_of(CHAIN[-1])
    thread = smarthost.thread_of(opener)
    time.sleep(0.5)  # who else is told about the passing on has his letter by then
    return thread


# ── what a process has used ────────────────────────────────────────────────────────────────────────────────


def family(pid: int) -> list[int]:
    """A process and those that it has started and that run."""
    lines = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [pid, *(int(child) for line in lines for child in line.split())]


def cpu(pid: int) -> float:
    """User and system time of a process and its readers so far, in seconds (proc(5), /proc/PID/stat)."""
    stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / TICK


def peak(pid: int) -> int:
    """The most memory that a process and its readers ever had, each at its own time, in bytes (VmHWM)."""
    statuses = [Path(f"/proc/{each}/status").read_text().splitlines() for each in family(pid)]
    return sum(int(line.split()[1]) * 1024 for status in statuses for line in status if line.startswith("VmHWM"))
