"""Folders and files for their owner alone (0700 and 0600), whatever the umask: what is kept here are other people's letters."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

FOLDER, FILE = 0o700, 0o600


def folder(path: Path) -> None:
    """Makes the folder, and those above it that are missing (`mkdir -p -m` would spare these). Raises OSError."""
    for one in (*reversed(path.parents), path):
        if not one.exists():
            one.mkdir(mode=FOLDER, exist_ok=True)  # another process may have been faster


def create(path: Path) -> BinaryIO:
    """A new file, open for writing. Raises FileExistsError where there is one, and other OSErrors."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE), "wb")
