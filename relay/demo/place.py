"""The demo's folder: made, or made anew if it is one of ours, and the relay that lives in it with its post."""

from __future__ import annotations

import fcntl
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from relay import app, config, logs
from relay.config import start
from relay.demo.post import LOCALHOST, Post
from relay.demo.scenario import DOMAIN, POSTMASTER, TOML
from relay.settings import Settings
from storage.database import Database

MARKER = ".relay-demo"
MAILBOXES = "mailboxes"


class Unusable(Exception):
    """The demo cannot begin: what is in the way, and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """A running relay, the post that brings its letters, and a look into its database."""

    folder: Path
    settings: Settings
    post: Post
    database: Database
    port: int

    @property
    def config(self) -> Path:
        """The relay.toml."""
        return self.settings.path


@asynccontextmanager
async def opened(folder: Path, port: int) -> AsyncIterator[Place]:
    """A relay that serves on `port` of this machine (0: any free one), from the folder. Raises Unusable."""
    with _lock(folder), (folder / "relay.log").open("w", buffering=1, encoding="utf-8") as log_file:
        log = logs.configure(log_file)
        ours, smarthost = _bound(port), _bound(0)
        settings = _configured(folder, ours.getsockname()[1], smarthost.getsockname()[1])
        post = Post(folder / MAILBOXES, _boxes(settings))
        await post.start(smarthost)
        await app.prepare(settings, log)
        relay, database = app.App(settings, log), Database(settings.relay.database)
        await relay.start([ours])
        try:
            yield Place(folder, settings, post, database, ours.getsockname()[1])
        finally:
            await relay.stop(grace=5)
            await post.stop()
            database.close()


def _lock(folder: Path) -> TextIO:
    """The emptied folder, ours for as long as the marker in it is open."""
    _check(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker = (folder / MARKER).open("a", encoding="utf-8")
    try:
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        marker.close()
        raise Unusable(f"a demo is running in {folder}: stop it (Ctrl-C there), or name another folder with --folder.") from None
    _clear(folder)
    marker.write("A folder of `relay demo`: the next one replaces all that is in it.\n" if marker.tell() == 0 else "")
    return marker


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Unusable(f"{folder} is a file; name a folder with --folder.")
    if folder.is_dir() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise Unusable(
            f"{folder} is not a folder of the demo and is left alone; move it away, or name another one with --folder."
        )


def _clear(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != MARKER:
            each.unlink()


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOCALHOST, port))
    except OSError as error:
        listening.close()
        raise Unusable(
            f"cannot listen on {LOCALHOST}:{port}: {error.strerror}. Name another port, or none, with --port."
        ) from None
    return listening


def _configured(folder: Path, port: int, smarthost: int) -> Settings:
    path = folder / "relay.toml"
    start.make_key(folder / start.KEY)
    values = {"domain": DOMAIN, "postmaster": POSTMASTER, "selector": start.SELECTOR, "key": start.KEY.as_posix()}
    path.write_text(TOML.format(port=port, smarthost=smarthost, **values), "utf-8")
    return config.load(path)


def _boxes(settings: Settings) -> dict[str, str]:
    """Whose mailbox takes which address: one of each party, and the postmaster's."""
    contacts = {contact.address: party.key for party in settings.parties.values() for contact in party.contacts}
    return contacts | {settings.relay.postmaster: "postmaster"}
