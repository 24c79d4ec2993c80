"""How much memory this process has, and may have (Linux: proc(5), setrlimit(2)). Elsewhere there is no bound."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STATM, _STATUS, _CLEAR = (Path("/proc/self") / name for name in ("statm", "status", "clear_refs"))
_PAGE = resource.getpagesize()
_NEARLY = 0.9  # of what is allowed: a library that is refused a large piece has not filled the rest


def data() -> int:
    """Bytes of data and stack that there are now; 0 where that cannot be known."""
    try:
        return int(_STATM.read_bytes().split()[5]) * _PAGE
    except OSError:
        return 0


@contextmanager
def bounded(size: int) -> Iterator[Callable[[], bool]]:
    """Within, `size` bytes more than there are now and none beyond; gives a question: whether nearly all of it was used."""
    if not (have := data()):
        yield lambda: False
        return
    with suppress(OSError):  # not everywhere may a process do that: then only its highest peak counts
        _CLEAR.write_bytes(b"5")  # forgets the peak until now
    before = _peak()
    resource.setrlimit(resource.RLIMIT_DATA, (have + size, resource.RLIM_INFINITY))
    try:
        yield lambda: _peak() > before + size * _NEARLY
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _peak() -> int:
    """The most bytes that were in memory at once (VmHWM); 0 where that cannot be known."""
    lines = _STATUS.read_bytes().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(b"VmHWM")), 0)
