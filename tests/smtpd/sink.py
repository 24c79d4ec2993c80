"""A server in a process of its own: prints its port, and runs until its input ends. `python -m tests.smtpd.sink FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import structlog

from relay.settings import SmtpSettings
from relay.smtpd import Server
from storage.spool import Spool
from tests.smtpd.house import HOSTNAME, Gate


class Forgetful(Gate):
    """Takes everything and keeps nothing."""

    async def accept(self, envelope: object, raw: bytes) -> None:
        """Yes."""


async def main() -> None:
    log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), wrapper_class=structlog.make_filtering_bound_logger(50))
    spool = Spool(Path(sys.argv[1]))
    server = Server(SmtpSettings(listen=(("127.0.0.1", 0),), commands=10**9), HOSTNAME, spool, Forgetful(), log)
    await server.start()
    print(server.ports[0], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(1)
    spool.close()


if __name__ == "__main__":
    asyncio.run(main())
