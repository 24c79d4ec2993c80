#!/usr/bin/env python3
"""One command on a fresh machine: makes .venv beside this file, installs the pinned set, and runs what is asked for.

Needs nothing but Python's standard library. An older Python must be able to read this file as far as to say that it is too
old: nothing here is newer than the syntax of 3.6.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"  # written last: a .venv without it is half made
LOCK = "requirements.lock"
WINDOWS = os.name == "nt"
PARALLEL = ["-n", "auto", "--dist", "worksteal"]  # most tests wait for a server

USAGE = """\
usage: python3 run.py COMMAND [ARGUMENT...]

  demo           a chain of four parties on this machine, played before your eyes
  test           the tests; arguments go to pytest
  check          lint, format, types and layers of this checkout
  relay COMMAND  any command of the relay; where the name is not one of the above, "relay" may be left out

The first start makes .venv beside run.py and installs what is needed, which takes about a minute.
"""
CHECKS = ("ruff check .", "ruff format --check .", "mypy", "mypy run.py", "lint-imports")


def main(*arguments: str) -> int:
    """Does what is asked for; returns the exit status, or becomes the program."""
    problem = too_old(sys.version_info[:3])
    if problem:
        sys.exit(problem)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else 2
    install()
    command, *rest = arguments
    if command == "check":
        return check(*rest)
    if command == "test":
        os.chdir(str(ROOT))
        return become("python", "-m", "pytest", *(rest or PARALLEL))
    return become("relay", *(rest if command == "relay" else arguments))


def check(*arguments: str) -> int:
    """Every check, the later ones too when an earlier one fails."""
    if arguments:
        say("run.py check looks at the whole checkout and takes no arguments; the relay's own is: run.py relay check")
        return 2
    failed = [line for line in CHECKS if not passes(*line.split())]
    say("failed: " + ", ".join(failed) if failed else "all is well")
    return 1 if failed else 0


def passes(name: str, *arguments: str) -> bool:
    """Whether a program of .venv, run at the root of the checkout, is content."""
    say(" ".join((name, *arguments)))
    return subprocess.call([program(name), *arguments], cwd=str(ROOT)) == 0


def become(name: str, *arguments: str) -> int:
    """Runs a program of .venv in place of this one: signals and the exit status are its own."""
    command = [program(name), *arguments]
    if not WINDOWS:
        os.execv(command[0], command)
    return subprocess.call(command)


def program(name: str) -> str:
    """The path of a program of .venv."""
    return str(VENV / "Scripts" / (name + ".exe") if WINDOWS else VENV / "bin" / name)


def say(line: str) -> None:
    """Tells the reader; not on stdout, which belongs to the command."""
    print("run.py: " + line, file=sys.stderr, flush=True)


# ── what may be missing ────────────────────────────────────────────────────────────────────────────────────


def too_old(found: "tuple[int, ...]") -> str:
    """What is wrong with a Python of that version, or nothing."""
    if found >= OLDEST:
        return ""
    names = (f"python3.{minor}" for minor in range(19, OLDEST[1] - 1, -1))
    newer = next(filter(shutil.which, names), None)
    mend = f"A newer one is here: {newer} run.py" if newer else "Install a newer one, and start run.py with it."
    return f"The relay needs Python {dotted(OLDEST)} or newer; this is {dotted(found)} ({sys.executable}). {mend}"


def no_venv() -> str:
    """What this Python lacks to make a .venv, or nothing. Debian packs these parts of the standard library apart."""
    lacking = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if not lacking:
        return ""
    return (
        f"This Python ({sys.executable}) cannot make a virtual environment: it has no module {' and no '.join(lacking)}. "
        "On Debian and Ubuntu: apt install python3-venv "
        f"(python{dotted(sys.version_info[:2])}-venv for a Python beside the system's own). Then start run.py again."
    )


def dotted(version: "tuple[int, ...]") -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


# ── .venv ──────────────────────────────────────────────────────────────────────────────────────────────────


def install() -> None:
    """Makes .venv hold what is wanted; does nothing if it does."""
    made, _, installed = STAMP.read_text("utf-8").partition("\n") if STAMP.is_file() else ("", "", "")
    whole = made == identity() and Path(program("python")).exists()
    if whole and installed == wanted():
        return
    if whole:
        say("what the relay needs has changed: bringing .venv up to date ...")
        STAMP.unlink()
    else:
        make()
    fill()
    STAMP.write_text(identity() + "\n" + wanted(), "utf-8")


def identity() -> str:
    """Where .venv is and of which Python: with another one it must be made anew."""
    return f"{dotted(sys.version_info[:2])} {VENV}"


def wanted() -> str:
    """What is to be in .venv, as a hash."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + (ROOT / LOCK).read_bytes()).hexdigest()


def make() -> None:
    """An empty .venv in place of whatever is there."""
    problem = no_venv()
    if problem:
        sys.exit(problem)
    say(f"making {VENV} and installing what the relay needs, once; this takes about a minute ...")
    step(sys.executable, "-m", "venv", "--clear", str(VENV))


def fill() -> None:
    """Installs the checkout, editable, with all that it needs in the versions of the lock; what builds it is locked too."""
    pip = "-m pip install --quiet --disable-pip-version-check --editable .[dev]"
    step(program("python"), *pip.split(), PIP_CONSTRAINT=LOCK, PIP_BUILD_CONSTRAINT=LOCK)


def step(*command: str, **variables: str) -> None:
    """Runs a step of the installation; what it says is shown only when it fails, which ends the start."""
    process = subprocess.Popen(
        command, cwd=str(ROOT), env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = process.communicate()
    if process.returncode:
        say(said.decode("utf-8", "replace"))
        sys.exit(f"run.py: {VENV} could not be made; what is above says why. Another start tries again.")


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
