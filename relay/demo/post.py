"""The post of the demo's parties: an SMTP server that puts each letter into the mailbox of its recipient's party."""

from __future__ import annotations

import asyncio
import mailbox
import socket
from collections.abc import Callable, Container, Mapping
from pathlib import Path

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session
from aiosmtplib.errors import SMTPException, SMTPResponseException

from relay.demo.letter import Landed

LOCALHOST = "127.0.0.1"
_LARGEST = 50_000_000


class Post:
    """Takes letters for the addresses of `boxes` (address → mailbox), below the folder; `landed` are all, in order."""

    def __init__(self, folder: Path, boxes: Mapping[str, str]) -> None:
        self.landed: list[Landed] = []
        self.told: Callable[[Landed], None] | None = None
        self._boxes = {address.lower(): box for address, box in boxes.items()}
        folder.mkdir(exist_ok=True)
        self._maildirs = {box: mailbox.Maildir(folder / box, create=True) for box in boxes.values()}
        self._arrival = asyncio.Condition()
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Serves the bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname=LOCALHOST, loop=loop, data_size_limit=_LARGEST, enable_SMTPUTF8=True), sock=listening
        )

    async def stop(self) -> None:
        """Takes nothing more."""
        if self._server is not None:
            self._server.close()
        for maildir in self._maildirs.values():
            maildir.close()

    def newest(self, address: str, besides: Container[str] = ()) -> Landed | None:
        """The newest letter to that person whose Message-ID is not in `besides`."""
        return next((each for each in reversed(self.landed) if each.to == address and each.message_id not in besides), None)

    async def letter(self, to: str, fits: Callable[[Landed], bool], patience: float) -> Landed:
        """The first letter to that person that fits, waited for. Raises TimeoutError after `patience` seconds."""
        async with asyncio.timeout(patience), self._arrival:
            while True:
                found = next((each for each in self.landed if each.to == to and fits(each)), None)
                if found is not None:
                    return found
                await self._arrival.wait()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """aiosmtpd's hook: only people of the demo get mail."""
        if address.lower() not in self._boxes:
            return "550 5.1.1 Nobody of that name takes part in the demo"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a letter has come."""
        raw = envelope.content
        assert isinstance(raw, bytes)
        for address in envelope.rcpt_tos:
            await self._deliver(address.lower(), envelope.mail_from or "", raw)
        return "250 2.0.0 OK"

    async def _deliver(self, address: str, sender: str, raw: bytes) -> None:
        """Into the Maildir, with the two headers of a delivery agent (RFC 5321 §4.4) and Unix line ends."""
        letter = Landed(address, self._boxes[address], sender, raw)
        stored = f"Return-Path: <{sender}>\r\nDelivered-To: {address}\r\n".encode() + raw
        self._maildirs[letter.mailbox].add(stored.replace(b"\r\n", b"\n"))
        async with self._arrival:
            self.landed.append(letter)
            self._arrival.notify_all()
        if self.told is not None:
            self.told(letter)


async def send(port: int, sender: str, recipients: list[str], raw: bytes) -> str:
    """Sends a mail to the relay as a mail server would; returns its last answer, as "250 2.0.0 …"."""
    client = aiosmtplib.SMTP(
        hostname=LOCALHOST, port=port, local_hostname="mail.example", timeout=30, use_tls=False, start_tls=False
    )
    try:
        async with client:
            await client.mail(sender)
            for recipient in recipients:
                await client.rcpt(recipient)
            answer = await client.data(raw)
            return f"{answer.code} {answer.message}"
    except SMTPResponseException as refusal:
        return f"{refusal.code} {refusal.message}"
    except (SMTPException, OSError) as error:
        return f"no answer ({error})"
