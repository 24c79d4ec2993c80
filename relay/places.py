"""Places that many want and of which nobody gets more than his share."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """So many places at once, `of_one` of them for any one; who has to wait takes turns with the others who wait.

    However much one of them wants, another waits for as long as it takes until one place is free, and not at all while
    nobody else wants more than his share.
    """

    def __init__(self, count: int, of_one: int) -> None:
        self._free, self._of_one = count, of_one
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # whose turn is longest ago comes first

    @asynccontextmanager
    async def place(self, who: str) -> AsyncIterator[None]:
        """One place, for as long as the block runs."""
        await self._enter(who)
        try:
            yield
        finally:
            self._leave(who)

    def waiting(self, who: str) -> int:
        """How many places he waits for."""
        return len(self._waiting.get(who, ()))

    def all_waiting(self) -> int:
        """How many are waited for in all."""
        return sum(map(len, self._waiting.values()))

    async def _enter(self, who: str) -> None:
        if self._may(who):
            return self._take(who)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(who, turn)
            else:
                self._leave(who)  # it came and was not wanted any more
            raise
        return None

    def _leave(self, who: str) -> None:
        self._free += 1
        self._taken[who] -= 1
        self._taken += Counter()  # forgets those at zero
        while (following := next((each for each in self._waiting if self._may(each)), None)) is not None:
            turn = self._next_of(following)
            if not turn.cancelled():
                self._take(following)
                turn.set_result(None)

    def _may(self, who: str) -> bool:
        return self._free > 0 and self._taken[who] < self._of_one

    def _take(self, who: str) -> None:
        self._free -= 1
        self._taken[who] += 1

    def _next_of(self, who: str) -> asyncio.Future[None]:
        """Who of his is next; the rest of his stand behind all others."""
        queue = self._waiting.pop(who)
        turn = queue.popleft()
        if queue:
            self._waiting[who] = queue
        return turn

    def _forget(self, who: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(who, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(who, None)
