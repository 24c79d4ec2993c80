#!/usr/bin/env python3
"""One command on a fresh machine: makes .venv beside this file, installs the pinned set, and runs what is asked for.

Needs nothing but Python's standard library. Older Pythons must be able to read this file as far as to say that they are too
old: nothing in it is newer than the syntax of 3.6.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "installed"  # written last: a .venv without it is half made
LOCK = ROOT / "requirements.lock"
USAGE = """\
usage: python3 run.py COMMAND [ARGUMENT...]

  demo     a chain of four parties on this machine, played before your eyes
  test     the tests (arguments go to pytest)
  check    lint, types and layers
  COMMAND  any other command of the relay: serve, init, show A-1 ...
           "relay COMMAND" says the same, and reaches the relay's own check

The first start makes .venv beside run.py and installs what is needed; that takes about a minute.
"""
CHECKS = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("layers", ["lint-imports"]),
)


def too_old() -> str:
    """What is wrong with this Python, or nothing."""
    if sys.version_info >= OLDEST:
        return ""
    oldest, found = ".".join(map(str, OLDEST)), ".".join(map(str, sys.version_info[:3]))
    newer = next(filter(shutil.which, ("python3." + str(minor) for minor in range(20, OLDEST[1] - 1, -1))), None)
    todo = "Start it with the newer one that is here: " + newer if newer else "Install a newer one and start it with that: python" + oldest
    return f"The relay needs Python {oldest} or newer; this is Python {found} ({sys.executable}). {todo} run.py"


def no_venv() -> str:
    """What this Python lacks to make a .venv, or nothing. Debian packs these two parts of the standard library apart."""
    lacking = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if not lacking:
        return ""
    own = "python{}.{}-venv".format(*sys.version_info)
    return (
        f"This Python ({sys.executable}) cannot make a virtual environment: it has no {' and no '.join(lacking)}. "
        f"On Debian and Ubuntu: apt install python3-venv (for a Python that is not the system's own: {own}). Then start run.py again."
    )


def identity() -> str:
    """Where this .venv is and of which Python; with another one it must be made anew."""
    return "{}.{} {}".format(*sys.version_info[:2], VENV)


def wanted() -> str:
    """What should be installed: a hash."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + LOCK.read_bytes()).hexdigest()


def program(name: str) -> str:
    """The path of a program of the .venv."""
    return str(BIN / (name + ".exe" if os.name == "nt" else name))


def install() -> None:
    """Makes .venv hold what is wanted; does nothing if it does."""
    made, _, installed = STAMP.read_text("utf-8").partition("\n") if STAMP.is_file() else ("", "", "")
    whole = made == identity() and os.path.exists(program("python"))
    if whole and installed == wanted():
        return
    if whole:
        say("What the relay needs has changed: bringing .venv up to date ...")
        STAMP.unlink()
    else:
        say(f"Making {VENV} and installing what the relay needs; this is done once and takes about a minute ...")
        make()
    pip()
    STAMP.write_text(identity() + "\n" + wanted(), "utf-8")


def make() -> None:
    """An empty .venv in place of whatever is there."""
    if lacking := no_venv():
        sys.exit(lacking)
    import venv

    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{VENV} cannot be made: {error}")
