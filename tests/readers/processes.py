"""What Linux says of a process: its children, whether it is there; and a mail that takes long to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mail.samples import mail

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


def slow(seconds: int, *fields: str, sender: str = "Ivan Petrov <ivan@north.example>") -> bytes:
    """A mail that is below every cap and takes about so long, a dozen seconds at most: each line that may be an attribution costs
    more than half a millisecond, and so many of them are read.
    """
    named = "Ivan 7 " * 12
    lines = (f"{number % 28 + 1} March 2026 {named}at {number % 24}:15:\r\n" for number in range(seconds * 1500))
    return mail("Hello.\r\n" + "".join(lines), *fields, sender=sender)


def children(pid: int) -> set[int]:
    """The processes that this one started and that are there."""
    return {int(line) for path in Path(f"/proc/{pid}/task").glob("*/children") for line in path.read_text().split()}


def is_there(pid: int) -> bool:
    """Whether the process is there, dead ones that nobody has asked after aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
