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
from typing import Any

from relay.errors import Refused
from relay.mail.parts.charsets import decode
from relay.mail.reader import read, read_body
from relay.mail.text import phrases
from relay.model import Mail, Text
from relay.readers import memory, wire
from relay.readers.limits import MB, Limits

_GROWN = 64 * MB  # a process that keeps more than this after a mail is replaced
_OVERTIME = 2.0  # seconds beyond its limit after which nobody waits for an answer any more


def main() -> None:
    """Reads on the socket that is standard input, until it ends; the arguments are the limits."""
    limits = Limits(float(sys.argv[1]), int(sys.argv[2]))
    phrases.months(), phrases.weekdays()  # loaded now, not while a mail's time runs
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would be a copy of the mail
    relay = socket.socket(fileno=0)
    requests, base = relay.makefile("rb"), memory.data()
    wire.send(relay, wire.packed(("done", None)))
    while (asked := wire.request(requests)) is not None:
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + _OVERTIME)
        wire.send(relay, wire.packed(_answer(*asked, limits)))
        del asked
        signal.setitimer(signal.ITIMER_REAL, 0)
        if memory.data() > base + _GROWN:
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


def _answer(name: str, beside: dict[str, Any], content: bytes, limits: Limits) -> wire.Answer:
    """The job's answer. Whatever a job raises is one."""
    with memory.bounded(limits.memory) as is_full:
        told = _told(name, beside, content)
        # A library may have taken the end of memory for something else, or have left out what it found no room for.
        return ("over", None) if is_full() else told


def _told(name: str, beside: dict[str, Any], content: bytes) -> wire.Answer:
    try:
        return "done", _JOBS[name](content, **beside)
    except Refused as refusal:
        return "refused", refusal.args
    except MemoryError:
        return "over", None
    except Exception as error:  # noqa: BLE001 - a fault of ours: the relay says it, and keeps the mail
        return "failed", (f"{type(error).__name__}: {error}", traceback.format_exc())
