"""How long an honest client waits while somebody floods the server, and how much memory the server takes.

`relay serve` runs in a process of its own, with the limits it has by default. Before each attack and during it, a client at
another address (or, where it says so, at the attacker's own) sends mails, a connection each; what is answered 4xx or cut off
is sent again a fifth of a second later.

- wait ms: from the first connection to the 250, the median and the worst; without the attack and with it, and their ratio
- again: how often the honest client had to come again
- MB: the server's process itself, what it has in memory before (VmRSS), and at most during the attack (VmHWM)

Attackers, honest client and server share the machine; it should have two processors and nothing else to do. Linux only.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks import attacks  # noqa: E402
from benchmarks.mails import mails  # noqa: E402
from benchmarks.servers import PATIENCE, SENDER, open_chain, running_relay  # noqa: E402
from benchmarks.wire import Child  # noqa: E402
from tests.harness import Relay  # noqa: E402

HONEST = "127.0.0.3"
PAUSE = 0.15  # seconds between mails, so that they are far from any limit
AGAIN = 0.2  # seconds until a mail that could not be delivered is tried again


@dataclass(frozen=True, slots=True)
class Attack:
    """What somebody does, and where the honest client sits meanwhile."""

    name: str
    act: Callable[[Connection, int], None]
    honest: str = HONEST


ATTACKS = (
    Attack("3,000 idle connections, one address", attacks.idle),
    Attack("the same, the client at that address", attacks.idle, "127.0.1.1"),
    Attack("3,000 idle connections, 30 addresses", attacks.crowd),
    Attack("300 MB without a line end", attacks.endless),
    Attack("10,000 RCPT", attacks.recipients),
    Attack("100 slow clients", attacks.slow),
    Attack("the same, the client at their address", attacks.slow, attacks.ATTACKER),
    Attack("10,000 commands unread, 10 clients", attacks.pipelining),
    Attack("500 mails a second, over the limit", attacks.mails),
)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long mails waited, in seconds, and how often one had to come again."""

    median: float
    worst: float
    again: int


@dataclass(frozen=True, slots=True)
class Result:
    """What an attack did. Memory in bytes; the ratio is that of the medians."""

    attack: str
    quiet: Waits
    flooded: Waits
    ratio: float
    before: int
    peak: int


def measure(attack: Attack, relay: Relay, thread: str, count: int) -> Result:
    """The same mails without the attack and with it."""
    assert relay.process is not None
    pid = relay.process.pid
    quiet = send(relay.port, thread, attack.honest, count)
    before = memory(pid, "VmRSS")
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak from here on
    attacker = Child(attack.act, relay.port)
    try:
        attacker.hear(PATIENCE)
        flooded = send(relay.port, thread, attack.honest, count)
    finally:
        attacker.end()
    peak = memory(pid, "VmHWM")
    time.sleep(1)  # until what the attacker left is cleared away
    return Result(attack.name, quiet, flooded, flooded.median / quiet.median, before, peak)


def send(port: int, to: str, source: str, count: int) -> Waits:
    """Sends that many mails, one after another."""
    waits, again = [], 0
    for sample in mails(count, SENDER, to, seed=time.monotonic_ns()):
        begun = time.monotonic()
        while not delivered(port, to, source, sample.raw):
            again += 1
            time.sleep(AGAIN)
        waits.append(time.monotonic() - begun)
        time.sleep(PAUSE)
    return Waits(statistics.median(waits), max(waits), again)


def delivered(port: int, to: str, source: str, raw: bytes) -> bool:
    """Whether the mail had its 250; it may come again when not. Raises SMTPException when it was refused for good."""
    try:
        with smtplib.SMTP("127.0.0.1", port, "client.example", PATIENCE, (source, 0)) as client:
            client.sendmail(SENDER.partition("<")[2].rstrip(">"), to, raw)
    except smtplib.SMTPServerDisconnected:
        return False
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= 500:
            raise
        return False
    except OSError:
        return False
    return True


def memory(pid: int, what: str) -> int:
    """Bytes, out of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


# ── showing ────────────────────────────────────────────────────────────────────────────────────────────────

HEAD = ("attack", "wait ms: median", "worst", "flooded: median", "worst", "ratio", "again", "MB before", "peak")
WIDTHS = [38, *map(len, HEAD[1:])]


def line(result: Result) -> tuple[str, ...]:
    """A line of the table."""
    times = [result.quiet.median, result.quiet.worst, result.flooded.median, result.flooded.worst]
    sizes = [f"{size / 1e6:.0f}" for size in (result.before, result.peak)]
    return (result.attack, *(f"{each * 1000:.0f}" for each in times), f"{result.ratio:.1f}", str(result.flooded.again), *sizes)


def show(cells: tuple[str, ...] | list[str]) -> None:
    """A row in Markdown, in columns that can be read as they are."""
    print(f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))} |", flush=True)


def results(count: int, wanted: str) -> Iterator[Result]:
    """One attack after another, on one server."""
    with tempfile.TemporaryDirectory(prefix="relay-benchmark-") as name, running_relay(Path(name), smtp="") as (relay, smarthost):
        thread = open_chain(relay, smarthost)
        send(relay.port, thread, HONEST, 10)
        for attack in ATTACKS:
            if wanted in attack.name:
                yield measure(attack, relay, thread, count)


def main() -> None:
    """Runs, and shows each line when it is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mails", type=int, default=60, help="of the honest client, before and during each attack")
    parser.add_argument("--only", default="", help="attacks whose name has these words")
    parser.add_argument("--json", action="store_true", help="in place of the table; times in seconds, memory in bytes")
    options = parser.parse_args()
    os.chdir(ROOT)
    if options.json:
        found = [dataclasses.asdict(result) for result in results(options.mails, options.only)]
        print(json.dumps({"python": platform.python_version(), "processors": os.cpu_count(), "results": found}, indent=1))
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors.\n")
    show(HEAD)
    show(["-" * width for width in WIDTHS])
    for result in results(options.mails, options.only):
        show(line(result))


if __name__ == "__main__":
    main()
