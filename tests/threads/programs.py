"""How programs put mails together: Dovecot and neomutt themselves, and, told by their rules, Gmail and Outlook.

Each takes a mailbox, oldest first, and gives sets of Message-IDs.
"""

from __future__ import annotations

import base64
import contextlib
import email.policy
import imaplib
import mailbox
import os
import pty
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from typing import Literal

from tests.harness import free_port, until

Threads = set[frozenset[str]]
NOBODY = 65534
PASSWORD = "threads"
_ANSWER = re.compile(r"(?i)^(re|fwd?)\s*:\s*")


def message_id(mail: EmailMessage) -> str:
    """Its own id."""
    return str(mail["Message-ID"]).strip()


def named(mail: EmailMessage) -> set[str]:
    """The ids that a mail has and names."""
    return {message_id(mail), *f"{mail['References'] or ''} {mail['In-Reply-To'] or ''}".split()}


# ── by their rules ─────────────────────────────────────────────────────────────────────────────────────────


def gmail(mails: Sequence[EmailMessage]) -> Threads:
    """A mail joins a conversation of the same subject, answers' prefixes apart, if they have an id in common, or if it is an
    answer to an address there; what has been apart is never joined later.
    """
    found: list[list[EmailMessage]] = []
    for mail in mails:
        next((each for each in found if _joins(mail, each)), _new(found)).append(mail)
    return {frozenset(map(message_id, each)) for each in found if each}


def _new(found: list[list[EmailMessage]]) -> list[EmailMessage]:
    found.append([])
    return found[-1]


def _joins(mail: EmailMessage, conversation: Sequence[EmailMessage]) -> bool:
    if not conversation or bare(mail) != bare(conversation[0]):
        return False
    if any(named(mail) & named(one) for one in conversation):
        return True
    to = mail["To"].addresses[0].addr_spec
    known = {one["From"].addresses[0].addr_spec for one in conversation}
    return _ANSWER.match(str(mail["Subject"])) is not None and to in known


def bare(mail: EmailMessage) -> str:
    """The subject without what an answer puts before it."""
    return _ANSWER.sub("", str(mail["Subject"]))


def outlook(mails: Sequence[EmailMessage]) -> Threads:
    """Mails are of one conversation whose Thread-Index begins with the same 22 bytes and whose topic is the same: Thread-Topic,
    or else the subject ([MS-OXOMSG] 2.2.1.2, 2.2.1.3, 2.2.1.5).
    """
    found: dict[tuple[bytes, str], set[str]] = {}
    for mail in mails:
        header = base64.b64decode(str(mail["Thread-Index"] or ""), validate=True)[:22]
        topic = str(mail["Thread-Topic"] or bare(mail)).upper()
        found.setdefault((header, topic), set()).add(message_id(mail))
    return {frozenset(ids) for ids in found.values()}


# ── Maildir ────────────────────────────────────────────────────────────────────────────────────────────────


def fill(folder: Path, mails: Sequence[EmailMessage]) -> Path:
    """A new Maildir with these mails, all of them read."""
    made = mailbox.Maildir(folder, create=True)
    for mail in mails:
        kept = mailbox.MaildirMessage(mail.as_bytes(policy=email.policy.SMTP))
        kept.set_subdir("cur")
        kept.set_flags("S")
        kept.set_date(mail["Date"].datetime.timestamp())
        made.add(kept)
    return folder


# ── Dovecot ────────────────────────────────────────────────────────────────────────────────────────────────


def dovecot_program() -> str | None:
    """The server, where it is installed with IMAP."""
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
    return found if found and Path("/usr/lib/dovecot/imap").exists() else None


class Dovecot:
    """A server of its own on loopback; `folder/NAME` is the Maildir of the user NAME. Root may not run it, so nobody does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._user = NOBODY if os.getuid() == 0 else os.getuid()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Dovecot:
        program = dovecot_program()
        assert program is not None, "Dovecot is not installed"
        config = self.folder / "dovecot.conf"
        config.write_text(self._config(), "utf-8")
        for path in (self.folder, *self.folder.rglob("*")) if os.getuid() == 0 else ():
            os.chown(path, NOBODY, NOBODY)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        with (self.folder / "said").open("wb") as said:
            command = [program, "-F", "-c", str(config)]
            self._process = subprocess.Popen(command, stdout=said, stderr=said, cwd="/", **user)  # type: ignore[call-overload]
        until(self._answers, "Dovecot to answer")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    @contextlib.contextmanager
    def user(self, name: str) -> Iterator[imaplib.IMAP4]:
        """A session in that user's INBOX."""
        with imaplib.IMAP4("127.0.0.1", self.port) as session:
            session.login(name, PASSWORD)
            session.select("INBOX", readonly=True)
            yield session

    def threads(self, name: str, algorithm: Literal["REFS", "REFERENCES"]) -> Threads:
        """INBOX by THREAD (RFC 5256)."""
        with self.user(name) as session:
            _, told = session.thread(algorithm, "UTF-8", "ALL")
            ids = self._ids(session)
        return {frozenset(ids[number] for number in re.findall(r"\d+", one)) for one in _outermost(told[0].decode())}

    def _ids(self, session: imaplib.IMAP4) -> dict[str, str]:
        _, told = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
        parts = [part for part in told if isinstance(part, tuple)]
        return {head.split()[0].decode(): re.findall(r"<\S+>", body.decode())[0] for head, body in parts}

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "said").read_text()
        try:
            with imaplib.IMAP4("127.0.0.1", self.port):
                return True
        except OSError:
            return False

    def _config(self) -> str:
        return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
default_internal_user = {_name(self._user)}
default_internal_group = {_group(self._user)}
default_login_user = {_name(self._user)}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{self.folder}/%u
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={self._user} gid={self._user} home={self.folder}/home
}}
namespace inbox {{
  inbox = yes
}}
"""


def _name(user: int) -> str:
    import pwd

    return pwd.getpwuid(user).pw_name


def _group(user: int) -> str:
    import grp
    import pwd

    return grp.getgrgid(pwd.getpwuid(user).pw_gid).gr_name


@contextlib.contextmanager
def dovecot() -> Iterator[Dovecot]:
    """A server in a folder of its own, not started yet: its mailboxes are to be filled first."""
    with tempfile.TemporaryDirectory(prefix="relay-dovecot-") as folder:
        server = Dovecot(Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _outermost(told: str) -> list[str]:
    """The threads of an answer like "(1 2)(3 (4)(5))"."""
    depth, begun, found = 0, 0, []
    for at, sign in enumerate(told):
        if sign == "(":
            begun = at if depth == 0 else begun
            depth += 1
        elif sign == ")":
            depth -= 1
            found += [told[begun : at + 1]] if depth == 0 else []
    return found


# ── neomutt ────────────────────────────────────────────────────────────────────────────────────────────────


def neomutt(folder: Path, ids: Sequence[str]) -> Threads:
    """A Maildir as neomutt threads it, by its own defaults: for each mail those that it finds in the same thread."""
    return {frozenset(_in_thread_of(folder, one)) for one in ids}


def _in_thread_of(folder: Path, wanted: str) -> list[str]:
    with tempfile.TemporaryDirectory() as place:
        out, rc = Path(place) / "ids", Path(place) / "rc"
        pattern = re.sub(r"\W", ".", wanted.strip("<>"))
        keys = f"<limit>~(~i '{pattern}')<enter><tag-pattern>~A<enter><tag-prefix><pipe-message>cat >>{out}<enter><quit>"
        rc.write_text(
            "set sort=threads pipe_split=yes pipe_decode=no wait_key=no quit=yes\n"
            f"set folder={place} header_cache='' history_file='' mark_old=no\n"
            f'push "{keys}"\n'
        )
        _in_terminal(["neomutt", "-n", "-R", "-F", str(rc), "-f", str(folder)], place)
        return re.findall(r"(?im)^message-id:\s*(<\S+>)", out.read_text("utf-8", "replace"))


def _in_terminal(command: Sequence[str], home: str) -> None:
    """Runs a program that wants a terminal."""
    ours, theirs = pty.openpty()
    environment = {"HOME": home, "TERM": "xterm", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "LINES": "60", "COLUMNS": "200"}
    drain = Thread(target=_drain, args=(ours,), daemon=True)
    drain.start()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
    os.close(theirs)
    try:
        assert process.wait(60) == 0
    finally:
        process.kill()
        drain.join(10)
        os.close(ours)


def _drain(terminal: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass
