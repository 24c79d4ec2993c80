"""Root, only until the ports are bound: from then on the process is the user of `[relay] user`, and there is no way back."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import relay


class UserError(Exception):
    """The user cannot be taken, or cannot do the server's work; the text says what to do."""


def drop(name: str) -> bool:
    """Whether the process was root's and is now that user's, with his groups and home.

    False where there is nothing to do: no name, or not started by root. Raises UserError for a user who is not there, and
    RuntimeError if root could be had back.
    """
    if not name or os.geteuid() != 0:
        return False
    user = _user(name)
    if user.pw_uid == 0:
        return False
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    _make_sure(user)
    # Libraries look for their files in the home that is named here, and root's is closed to them now.
    os.environ |= {"HOME": user.pw_dir, "USER": name, "LOGNAME": name}
    return True


def ignored(name: str) -> str:
    """Why that user is not taken, where it was not root that started the process; "" where all is well."""
    if not name or os.geteuid() == 0 or _user(name).pw_uid == os.geteuid():
        return ""
    return f"only root can become {name}; the server stays {pwd.getpwuid(os.geteuid()).pw_name}, who started it"


def check_runnable() -> None:
    """Raises UserError unless this process may run Python and the relay, as those must that read mails for it."""
    for needed in (Path(sys.executable), Path(relay.__file__)):
        if not os.access(needed, os.R_OK):
            who = pwd.getpwuid(os.geteuid()).pw_name
            raise UserError(
                f"the user {who} cannot run {needed.resolve()}: install it where he can, such as /opt, not in root's home"
            )


def check_writable(data: Path) -> None:
    """Raises UserError unless this process may write into the data folder, what lies there included, or make it."""
    place = next(one for one in (data, *data.parents) if one.exists())
    for one in _with_inside(place) if place == data else [place]:
        if not os.access(one, os.R_OK | os.W_OK | (os.X_OK if one.is_dir() else 0)):
            who = pwd.getpwuid(os.geteuid()).pw_name
            made = "" if place == data else f"install -d -m 700 {quote(str(data))} && "
            raise UserError(f"the user {who} cannot write to {one}: {made}chown -R {who}: {quote(str(data))}")


def _with_inside(folder: Path) -> Iterator[Path]:
    yield folder
    yield from sorted(folder.iterdir())


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise UserError(
            f'[relay] user = "{name}": this machine has no such user; make one (adduser --system --group {name}), or name another'
        ) from None


def _make_sure(user: pwd.struct_passwd) -> None:
    """That nothing of root is left: neither its ids nor the right to take them again."""
    ids = {os.getuid(), os.geteuid(), os.getgid(), os.getegid()}
    for back in (os.setuid, os.seteuid, os.setgid):
        try:
            back(0)
        except PermissionError:
            continue
        raise RuntimeError(f"root could be had back after becoming {user.pw_name}: the server does not start like this")
    if ids - {user.pw_uid, user.pw_gid}:
        raise RuntimeError(f"the process is not wholly {user.pw_name}: ids {sorted(ids)}")
