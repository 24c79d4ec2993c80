"""What runs in a process that reads: a job after another, each within its memory, until the relay has gone.

The process ends when its end of the socket does. One that is chewing while the relay dies is ended by an alarm that no
library can hold up. SIGTERM and SIGINT, which a whole group gets, are blocked from its birth: it is the relay that stops it.
"""

from __future__ import annotations

import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from relay.errors import Refused
from relay.mail import read, read_body
from relay.mail.parts.charsets import decode
from relay.mail.text import phrases
from relay.model import Mail, Text
from relay.readers import wire
from relay.readers.limits import MB, Limits

_STATM = Path("/proc/self/statm")
_GROWN = 64 * MB  # a process that keeps more than this after a mail is replaced
_OVERTIME = 2.0  # seconds beyond its limit after which nobody waits for an answer any more


def main() -> None:
    """Reads on the socket that is standard input, until it ends; the arguments are the limits."""
    limits = Limits(float(sys.argv[1]), int(sys.argv[2]))
    phrases.months(), phrases.weekdays()  # loaded now, not while a mail's time runs
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would be a copy of the mail
    relay = socket.socket(fileno=0)
    requests, base = relay.makefile("rb"), _data()
    wire.send(relay, wire.packed(("done", None)))
    while (asked := wire.request(requests)) is not None:
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + _OVERTIME)
        wire.send(relay, _answer(*asked, limits))
        del asked
        signal.setitimer(signal.ITIMER_REAL, 0)
        if _data() > base + _GROWN:
            return


# ── jobs ───────────────────────────────────────────────────────────────────────────────────────────────────


def _mail(content: bytes, sent: Sequence[str], withhold: Sequence[str]) -> Mail:
    return read(content, sent, frozenset(withhold))


def _text(content: bytes) -> Text:
    return read_body(decode(content, "utf-8"), "text")


def _html(content: bytes) -> Text:
    return read_body(decode(content, "utf-8"), "html")


def _clean(content: bytes) -> bytes | None:
    from relay import cleaning  # noqa: PLC0415 - most mails have no files that are to be cleaned

    return cleaning.clean(content)


def _stuck(content: bytes) -> bool:
    return _clean(content) is None


_JOBS: dict[str, Callable[..., Any]] = {"mail": _mail, "text": _text, "html": _html, "clean": _clean, "stuck": _stuck}


def _answer(name: str, beside: dict[str, Any], content: bytes, limits: Limits) -> bytes:
    """The job's answer as it is sent. Whatever a job raises is an answer."""
    before = _data()
    _bound(limits.memory)
    try:
        return wire.packed(("done", _JOBS[name](content, **beside)))
    except Refused as refusal:
        return wire.packed(("refused", refusal.args))
    except MemoryError:
        return wire.packed(("over", None))
    except Exception as error:  # noqa: BLE001 - a fault of ours: the relay says it, and keeps the mail
        if _data() > before + limits.memory // 2:
            return wire.packed(("over", None))  # few libraries say it when they get no memory
        return wire.packed(("failed", (f"{type(error).__name__}: {error}", traceback.format_exc())))
    finally:
        _unbound()


# ── memory ─────────────────────────────────────────────────────────────────────────────────────────────────


def _data() -> int:
    """Bytes of data and stack that the process has (proc(5), /proc/PID/statm); 0 where there is no /proc."""
    try:
        return int(_STATM.read_bytes().split()[5]) * resource.getpagesize()
    except OSError:
        return 0


def _bound(memory: int) -> None:
    """From here on, `memory` bytes more and none beyond (Linux; elsewhere only the time is bounded)."""
    if have := _data():
        resource.setrlimit(resource.RLIMIT_DATA, (have + memory, resource.RLIM_INFINITY))


def _unbound() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
