"""What the relay is measured against: aiosmtpd with nothing behind it but one fsynced file for each mail."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class _Files:
    """aiosmtpd's hook: the mail is on disk before its 250."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        with (self._folder / f"{next(self._numbers):06}.eml").open("wb") as file:
            file.write(envelope.content)
            file.flush()
            os.fsync(file.fileno())
        return "250 OK"


def serve(pipe: Connection, folder: Path) -> None:
    """Serves until ended; says its port."""
    asyncio.run(_serve(pipe, folder))


async def _serve(pipe: Connection, folder: Path) -> None:
    loop, files = asyncio.get_running_loop(), _Files(folder)
    server = await loop.create_server(lambda: SMTP(files, hostname="bare.example", loop=loop), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await loop.create_future()
