"""What of this machine does not go with the configuration: who else may read what is secret, and whom the server would be."""

from __future__ import annotations

import os
import pwd
import stat
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shlex import quote

from relay.config import secret
from relay.settings import Settings

PRIVILEGED = 1024  # the first port that everybody may listen on


def exposed(settings: Settings) -> Iterator[str]:
    """Keys, files of secrets, the data folder and a relay.toml with a password in it that others than the server may read."""
    yield from _data(settings)
    server = _server(settings.relay.user)
    for key, path in (*_keys(settings), *_secret_files(settings)):
        if found := _open_to(path, server):
            yield f"{key}: {found}: chmod {'640' if _of_another(path, server) else '600'} {quote(str(path))}"
    for key, value in _secrets(settings):
        if secret.is_plain(value) and (found := _open_to(settings.path, server)):
            remedy = f"chmod 600 {quote(str(settings.path))}, or write the password as env:NAME or file:PATH"
            yield f"{key}: {found}, and a password is in it: {remedy}"


def user(settings: Settings) -> Iterator[str]:
    """That nobody has the name in `[relay] user`, that the data are another's, or that root would stay root."""
    name, root = settings.relay.user, os.geteuid() == 0
    if not name:
        if root and any(port < PRIVILEGED for _, port in settings.smtp.listen):
            yield 'relay.user: not set, so a server that root starts stays root; name a user of its own, such as user = "relay"'
        return
    server = _server(name)
    if server is None:
        yield f'relay.user: "{name}" is no user of this machine: adduser --system --group {name}'
    elif server != 0 and settings.relay.data.exists() and (owner := settings.relay.data.stat().st_uid) != server:
        data = settings.relay.data
        found = f"{data} belongs to {_name(owner)}, and {name} must be able to write there"
        yield f"relay.user: {found}: chown -R {name}: {quote(str(data))}"


# ── what is secret ─────────────────────────────────────────────────────────────────────────────────────────


def _data(settings: Settings) -> Iterator[str]:
    """The data folder with what stands in it; database and attachments where they are elsewhere."""
    relay = settings.relay
    places = {
        "relay.data": relay.data,
        "relay.database": Path(relay.database.removeprefix("sqlite:///")),
        "relay.blobs": Path(relay.blobs),
    }
    for key, path in places.items():
        if "://" in str(path) or (path != relay.data and path.is_relative_to(relay.data)):
            continue
        if found := next(filter(None, map(_open_to, _with_inside(path))), ""):
            yield f"{key}: {found}: chmod -R go= {quote(str(path))}"


def _with_inside(path: Path) -> Iterator[Path]:
    yield path
    with suppress(OSError):  # not there, no folder, or closed to us too
        yield from sorted(path.iterdir())


def _keys(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.dkim:
        yield "dkim.key", settings.dkim.key
    if settings.smtp.tls:
        yield "smtp.tls.key", settings.smtp.tls.key


def _secret_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    for key, value in _secrets(settings):
        if path := secret.kept_in(value, settings.path.absolute().parent):
            yield key, path


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    """The values that hold a secret or name its place, as they are written in the file."""
    try:
        data = tomllib.loads(settings.path.read_text("utf-8-sig"))
    except OSError:  # it was made without a file
        return
    for table, key in (("relay", "database"), ("relay", "blobs"), ("delivery", "smarthost")):
        if isinstance(value := data.get(table, {}).get(key), str):
            yield f"{table}.{key}", value


# ── who may read it ────────────────────────────────────────────────────────────────────────────────────────


def _open_to(path: Path, server: int | None = None) -> str:
    """Who else may read a file or folder, in words; "" for nobody.

    A group may, where that is how the server does: the file of another (root:relay, 0640).
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:  # not there yet, or closed to us too
        return ""
    allowed = 0o040 if _of_another(path, server) else 0
    if not (found := mode & 0o077 & ~allowed):
        return ""
    return f"{'everybody' if found & 0o007 else 'its group'} may get at {path} (mode {mode:04o})"


def _of_another(path: Path, server: int | None) -> bool:
    return server is not None and path.stat().st_uid != server


def _server(name: str) -> int | None:
    """The user id under which the server runs; None where there is no such user."""
    if not name:
        return os.geteuid()
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
