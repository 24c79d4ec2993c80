"""Where clients come in: accepts on one socket, and turns away, for next to nothing, those for whom there is no room.

asyncio's own server makes a task, a transport and a protocol of each connection before anybody can look who it is: under a flood
of a few thousand a second it would do nothing else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from structlog.typing import FilteringBoundLogger

BACKLOG = 4096  # as many as Linux lets wait; who finds no place there waits for seconds
AT_ONCE = 32  # connections accepted before others take their turn
REST = 1.0  # seconds, when the system gives us no more files


class Door:
    """`admit(peer)` is None for who may come in, or the line for who may not; `come(peer, connection)` lets him in."""

    def __init__(
        self,
        listening: socket.socket,
        admit: Callable[[str], bytes | None],
        come: Callable[[str, socket.socket], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._socket, self._admit, self._come, self._log = listening, admit, come, log
        self._loop = asyncio.get_running_loop()
        listening.setblocking(False)
        listening.listen(BACKLOG)
        self._loop.add_reader(listening, self._accept)

    @property
    def port(self) -> int:
        """The one that it is at."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Nobody comes in any more."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            connection.setblocking(False)
            self._meet(str(address[0]), connection)

    def _meet(self, peer: str, connection: socket.socket) -> None:
        no = self._admit(peer)
        if no is None:
            self._come(peer, connection)
            return
        with connection, suppress(OSError):  # gone already, and nobody to be told
            connection.send(no)

    def _pause(self, error: OSError) -> None:
        """The connections that wait would else wake us again and again."""
        self._log.error("cannot_accept", error=str(error))
        self._loop.remove_reader(self._socket)
        self._loop.call_later(REST, self._resume)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._accept)
