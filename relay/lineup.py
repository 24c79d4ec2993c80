"""Whose letter is sent next: one at a time of each recipient, and never all workers for one domain.

A server that hangs keeps whoever serves it for minutes. So nobody waits behind a stranger's letter, and what one recipient
or one domain may have in hand is bounded: the rest of theirs stays due, where it is in nobody's way.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Generic, TypeVar

from relay import address

MOST_OF_ONE = 32  # who has so many letters in hand gets no more for now
MOST_OF_DOMAIN = 64  # the same for all recipients of a domain together

Item = TypeVar("Item")


class LineUp(Generic[Item]):
    """Letters that wait for `workers` workers. Recipients take turns; each one's letters keep their order."""

    def __init__(self, workers: int) -> None:
        self._share = max(1, workers // 2)  # workers for one domain at a time
        self._waiting: dict[str, deque[Item]] = {}  # who has waited longest comes first
        self._served: set[str] = set()
        self._busy: Counter[str] = Counter()  # workers by domain
        self._changed = asyncio.Event()

    def add(self, recipient: str, item: Item) -> None:
        """The last of this recipient's letters."""
        self._waiting.setdefault(recipient, deque()).append(item)
        self._changed.set()

    async def take(self) -> tuple[str, Item]:
        """The next letter and its recipient, who is served until `done`. Waits until there is one."""
        while (recipient := self._next()) is None:
            self._changed.clear()
            await self._changed.wait()
        queue = self._waiting.pop(recipient)
        item = queue.popleft()
        if queue:
            self._waiting[recipient] = queue  # behind all others
        self._served.add(recipient)
        self._busy[_domain(recipient)] += 1
        return recipient, item

    def waiting(self) -> list[tuple[str, int]]:
        """How many letters wait for each recipient, beside the one that is being sent."""
        return [(recipient, len(queue)) for recipient, queue in self._waiting.items()]

    def done(self, recipient: str) -> None:
        """The letter that was taken is dealt with."""
        self._served.discard(recipient)
        self._busy[_domain(recipient)] -= 1
        self._busy += Counter()  # forgets the domains that nobody serves
        if self._waiting:
            self._changed.set()

    def leave(self, recipient: str) -> list[Item]:
        """Takes all that waits for this recipient out of the line, in its order."""
        return list(self._waiting.pop(recipient, ()))

    def _next(self) -> str | None:
        ready = (each for each in self._waiting if each not in self._served)
        return next((each for each in ready if self._busy[_domain(each)] < self._share), None)


class InHand:
    """The letters that are claimed and not yet marked, by id."""

    def __init__(self) -> None:
        self._recipients: dict[int, str] = {}
        self._of_one: Counter[str] = Counter()
        self._of_domain: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._recipients)

    def __contains__(self, letter: int) -> bool:
        return letter in self._recipients

    def add(self, letter: int, recipient: str) -> None:
        """This letter is ours now."""
        self._recipients[letter] = recipient
        self._of_one[recipient] += 1
        self._of_domain[_domain(recipient)] += 1

    def remove(self, letter: int) -> bool:
        """This one no longer; returns whether somebody may now have more who might not before."""
        recipient = self._recipients.pop(letter, None)
        if recipient is None:
            return False
        one, domain = _less(self._of_one, recipient), _less(self._of_domain, _domain(recipient))
        return one == MOST_OF_ONE - 1 or domain == MOST_OF_DOMAIN - 1

    def busy(self) -> list[str]:
        """Those who may have no more for now."""
        return [one for one, count in self._of_one.items() if count >= MOST_OF_ONE or self._full(_domain(one))]

    def _full(self, domain: str) -> bool:
        return self._of_domain[domain] >= MOST_OF_DOMAIN


def _less(counter: Counter[str], key: str) -> int:
    counter[key] -= 1
    return counter[key] or counter.pop(key)


def _domain(recipient: str) -> str:
    return address.split(recipient)[1]
