"""How many mails a second the relay passes on, side by side with a bare SMTP server in the same run.

    .venv/bin/python benchmarks/throughput.py [--mails 600] [--files 40] [--connections 1,10,50] [--json]

The relay (`relay serve`, SQLite, DKIM with RSA-2048) takes different 4 KB mails (text, HTML, a quoted letter) into one thread of
a chain of four parties with one contact each: three letters go out for each mail, to a sink on this machine. The bare server is
aiosmtpd that writes one fsynced file for each mail, and sends nothing. The same again with a file of 1 MB in each mail. Every
line of the table is a server started anew:

- mails/s: mails by the time until the last letter of all has reached the sink (bare server: until the last 250).
- to 250: mails by the time until the last 250. Where it is much more than mails/s, letters were piling up meanwhile.
- CPU ms: user and system time of the server and the processes that read for it, for each mail with its three letters.
- peak MB: the most memory that these processes ever had (VmHWM), interpreters and libraries included.
- of bare: mails/s as a part of what the bare server does with the same mails on as many connections.
- delay ms: from a mail's 250 to the arrival of each of its letters, the median and the longest; negative when a letter was
  faster than the reply. The line "one by one" is one client that pauses after each mail: what a person sees.

The benchmark fails unless each mail made three letters, one to each party, all signed; some are verified by dkimpy.
Client and sink run beside the server, in processes of their own: the machine should have two processors and nothing else to do.
The temporary folder (TMPDIR) must be on a real disk, or the fsyncs cost nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks import bare  # noqa: E402
from benchmarks.servers import CHAIN, PATIENCE, SENDER, cpu, open_chain, peak, running_relay  # noqa: E402
from benchmarks.wire import Child, Load, Sent, Sunk, send  # noqa: E402

WARM_UP = 30  # mails before those that are measured
FILE = 1_000_000  # bytes
NOBODY = "t-abcdefghijklmnopqrstuvwxyz@relay.example.com"  # as long as a thread address: the bare server takes any


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent to a server: how many mails over how many connections, with a file of that many bytes."""

    name: str
    mails: int
    connections: int
    file_size: int = 0
    pause: float = 0.0

    def load(self, port: int, to: str) -> Load:
        """The same for the client."""
        return Load(port, self.mails, self.connections, SENDER, to, self.file_size, pause=self.pause)


@dataclass(frozen=True, slots=True)
class Result:
    """What a server made of a case. CPU in seconds a mail, memory in bytes; delays in seconds, where letters go out."""

    server: str
    case: Case
    mails_per_second: float
    accepted_per_second: float
    cpu: float
    peak: int
    of_bare: float | None = None
    delay_median: float | None = None
    delay_longest: float | None = None


# ── running ────────────────────────────────────────────────────────────────────────────────────────────────


def run_bare(case: Case, folder: Path) -> Result:
    """The bare server."""
    server = Child(bare.serve, folder)
    try:
        port = server.hear(PATIENCE)
        transmit(Load(port, WARM_UP, 1, SENDER, NOBODY, seed=1))
        before = cpu(server.pid)
        sent = transmit(case.load(port, NOBODY))
        used, most = cpu(server.pid) - before, peak(server.pid)
    finally:
        server.end()
    demand(case, {"mails without a file": WARM_UP + case.mails - len(list(folder.iterdir()))})
    rate = case.mails / (max(sent.accepted.values()) - sent.begun)
    return Result("bare", case, rate, rate, used / case.mails, most)


def run_relay(case: Case, folder: Path, of: Result | None = None) -> Result:
    """The relay, with a chain opened and some mails sent before; `of` is what the bare server did."""
    with running_relay(folder) as (relay, smarthost):
        thread = open_chain(relay, smarthost)
        assert relay.process is not None
        smarthost.forget()
        transmit(Load(relay.port, WARM_UP, min(10, case.connections), SENDER, thread, seed=1))
        smarthost.letters(len(CHAIN) * WARM_UP)
        time.sleep(0.5)
        smarthost.forget()
        before = cpu(relay.process.pid)
        sent = transmit(case.load(relay.port, thread))
        smarthost.letters(len(CHAIN) * case.mails)
        time.sleep(1)  # for what is written after the last letter, and for letters that should not be
        used, most = cpu(relay.process.pid) - before, peak(relay.process.pid)
        sunk = smarthost.letters()
    check(case, sent, sunk, (folder / "public").read_bytes())
    rate = case.mails / (max(sunk.arrived.values()) - sent.begun)
    delays = [at - sent.accepted[marker] for (marker, _), at in sunk.arrived.items()]
    return Result(
        server="relay",
        case=case,
        mails_per_second=rate,
        accepted_per_second=case.mails / (max(sent.accepted.values()) - sent.begun),
        cpu=used / case.mails,
        peak=most,
        of_bare=rate / of.mails_per_second if of else None,
        delay_median=statistics.median(delays),
        delay_longest=max(delays),
    )


def transmit(load: Load) -> Sent:
    """Sends it all, from a process of its own."""
    client = Child(send, load)
    try:
        client.hear(PATIENCE)
        client.tell("go")
        sent = client.hear(PATIENCE)
    except EOFError:
        raise SystemExit("the client broke off: see above") from None
    finally:
        client.end()
    assert isinstance(sent, Sent)
    return sent


def check(case: Case, sent: Sent, sunk: Sunk, public: bytes) -> None:
    """Every mail has made its three letters, no more and no fewer, and they are signed."""
    import dkim  # noqa: PLC0415 - the processes in which this module is imported again do without it

    wanted = {(marker, recipient) for marker in sent.accepted for recipient in CHAIN}
    demand(
        case,
        {
            "mails without a 250": case.mails - len(sent.accepted),
            "letters too many": sunk.count - len(CHAIN) * case.mails,
            "letters missing, or to the wrong party": len(wanted ^ set(sunk.arrived)),
            "unsigned letters": sunk.unsigned,
            "wrong signatures": sum(not dkim.verify(raw, dnsfunc=lambda *_, **__: public) for _, raw in sunk.kept),
        },
    )


def demand(case: Case, faults: dict[str, int]) -> None:
    """Ends the benchmark when there is any fault."""
    if found := [f"{count} {fault}" for fault, count in faults.items() if count]:
        raise SystemExit(f"{case}: {', '.join(found)}")


# ── showing ────────────────────────────────────────────────────────────────────────────────────────────────

HEAD = ("server", "mails", "connections", "mails/s", "to 250", "CPU ms", "peak MB", "of bare", "delay ms: median", "longest")
WIDTHS = [max(len(head), 6) if head != "mails" else 14 for head in HEAD]


def line(result: Result) -> tuple[str, ...]:
    """A line of the table."""
    case = result.case
    return (
        result.server,
        f"{case.mails} {case.name}",
        str(case.connections),
        "" if case.pause else f"{result.mails_per_second:.1f}",
        "" if case.pause else f"{result.accepted_per_second:.1f}",
        f"{result.cpu * 1000:.1f}",
        f"{result.peak / 1e6:.0f}",
        "" if result.of_bare is None else f"{result.of_bare:.2f}",
        "" if result.delay_median is None else f"{result.delay_median * 1000:.0f}",
        "" if result.delay_longest is None else f"{result.delay_longest * 1000:.0f}",
    )


def show(cells: Sequence[str]) -> None:
    """A row in Markdown, in columns that can be read as they are."""
    print(f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))} |", flush=True)


def fsync_time(folder: Path) -> float:
    """The median of what writing and fsyncing a file of 4 KB takes here, in seconds."""
    times = []
    for number in range(50):
        begun = time.perf_counter()
        with (folder / f"{number}").open("wb") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


# ── all of it ──────────────────────────────────────────────────────────────────────────────────────────────


def cases(options: argparse.Namespace) -> list[Case]:
    """The lines of the table, each for both servers, and the last one."""
    wanted = [Case("of 4 KB", options.mails, connections) for connections in options.connections]
    return wanted + [Case("with 1 MB", options.files, connections, FILE) for connections in options.connections]


def results(options: argparse.Namespace) -> Iterator[Result]:
    """Runs what is wanted."""
    with tempfile.TemporaryDirectory(prefix="relay-benchmark-") as name:
        folders = (Path(name) / f"{number}" for number in range(1000))
        for case in cases(options):
            if case.mails:
                yield (of := run_bare(case, made(next(folders))))
                yield run_relay(case, made(next(folders)), of)
        yield run_relay(Case("one by one", 30, 1, pause=0.1), made(next(folders)))


def made(folder: Path) -> Path:
    """The folder, which was not there."""
    folder.mkdir()
    return folder


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--mails", type=int, default=600, help="of 4 KB, in each run (0: none)")
    parser.add_argument("--files", type=int, default=40, help="mails with a file of 1 MB, in each run (0: none)")
    parser.add_argument("--connections", type=lambda text: [int(word) for word in text.split(",")], default=[1, 10, 50])
    parser.add_argument("--json", action="store_true", help="in place of the table; times in seconds, memory in bytes")
    return parser.parse_args()


def main() -> None:
    """Runs, and shows each line when it is there."""
    options = arguments()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="relay-benchmark-") as folder:
        machine = {"python": platform.python_version(), "processors": os.cpu_count(), "fsync": fsync_time(Path(folder))}
    if options.json:
        print(json.dumps(machine | {"results": [dataclasses.asdict(result) for result in results(options)]}, indent=1))
        return
    print("Python {python}, {processors} processors; 4 KB written and fsynced in {fsync:.4f} s.\n".format_map(machine))
    show(HEAD)
    show(["-" * width for width in WIDTHS])
    for result in results(options):
        show(line(result))


if __name__ == "__main__":
    main()
