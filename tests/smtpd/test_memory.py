"""Memory stays bounded whatever comes: measured on a server in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smtpd.house import Client

MB = 1_000_000
ROOM = 40  # MB that the process may grow


class Sink:
    """The server's process."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.smtpd.sink", str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def peak(self) -> float:
        """The most memory it ever had, in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024 / MB

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path)
    yield sink
    sink.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.parametrize(
    ("piece", "count", "expected"),
    [
        (b"x" * MB, 300, "552 5.3.4 "),
        (b"\r\n" * (MB // 2), 60, "552 5.3.4 "),
        (b"\r\n.." * (MB // 4), 60, "552 5.3.4 "),
        (b"\n" * MB, 60, "554 5.6.0 "),
        (b"x" * MB, 24, "250 2.0.0 "),
    ],
    ids=["no line end", "empty lines", "dots", "bare LF", "just taken"],
)
def test_data_of_any_size_and_shape(sink: Sink, piece: bytes, count: int, expected: str) -> None:
    with Client(sink.port) as client:
        client.reply()
        client.ask("EHLO client.example")
        assert client.mail().startswith("250 ")
        before = sink.peak()
        client.begin()
        for _ in range(count):
            client.send(piece)
        client.send(b"\r\n.\r\n")
        assert client.reply().startswith(expected)
        assert sink.peak() - before < ROOM
        assert client.mail().startswith("250 "), "the session goes on"


def test_a_command_line_without_an_end(sink: Sink) -> None:
    with Client(sink.port) as client:
        client.reply()
        before = sink.peak()
        for _ in range(100):
            client.send(b"x" * MB)
        client.send(b"\r\n")
        assert client.reply().startswith("500 5.5.2 ")
        assert sink.peak() - before < ROOM
        assert client.ask("NOOP").startswith("250 ")


def test_a_client_that_sends_and_never_reads(sink: Sink) -> None:
    with Client(sink.port) as client, Client(sink.port) as other:
        client.reply()
        before = sink.peak()
        client.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            while True:
                client.send(b"HELP\r\n" * 100_000)
        other.reply()
        other.ask("EHLO client.example")
        assert other.mail().startswith("250 ")
        assert sink.peak() - before < ROOM


def test_three_thousand_connections_that_say_nothing(sink: Sink) -> None:
    before, crowd = sink.peak(), []
    for _ in range(3000):
        crowd.append(Client(sink.port))
    with Client(sink.port) as client:
        assert client.reply()[:3] in ("220", "421")
    for each in crowd:
        each.close()
    assert sink.peak() - before < ROOM
