"""What Linux says of a process: its children, whether it is there; and a mail that takes long to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mail.samples import joined, mail

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


def slow(rules: int, *fields: str, sender: str = "Ivan Petrov <ivan@north.example>") -> bytes:
    """A mail that is below every cap and takes long, but little memory: to lay out a rule across a page costs some 20 µs."""
    pages = [b"Content-Type: text/html\r\n\r\nHello.<p>" + b"<hr>\r\n" * 2000] * (rules // 2000)
    return mail(joined("=-b", *pages), *fields, 'Content-Type: multipart/mixed; boundary="=-b"', sender=sender)


def children(pid: int) -> set[int]:
    """The processes that this one started and that are there."""
    return {int(line) for path in Path(f"/proc/{pid}/task").glob("*/children") for line in path.read_text().split()}


def is_there(pid: int) -> bool:
    """Whether the process is there, dead ones that nobody has asked after aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
