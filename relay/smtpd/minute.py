"""How many mails came within the last minute, in all and from each client."""

from __future__ import annotations

from collections import Counter, deque
from typing import Literal

from relay import sources
from relay.settings import LimitSettings

Limit = Literal["mails_a_minute", "mails_a_minute_per_address"]
MINUTE = 60.0  # seconds


class LastMinute:
    """The mails of the last minute, one by one: as many as `mails_a_minute` allows, so that their number is bounded."""

    def __init__(self) -> None:
        self._mails: deque[tuple[float, str]] = deque()  # when, whose
        self._of: Counter[str] = Counter()

    def add(self, peer: str, limits: LimitSettings, now: float) -> Limit | None:
        """Counts one more mail, or the limit for which it cannot come now. Time in seconds, never less than before."""
        self._forget(now - MINUTE)
        source = sources.client(peer)
        if len(self._mails) >= limits.mails_a_minute:
            return "mails_a_minute"
        if self._of[source] >= limits.mails_a_minute_per_address and not sources.is_own(peer, limits.own):
            return "mails_a_minute_per_address"
        self._mails.append((now, source))
        self._of[source] += 1
        return None

    def _forget(self, until: float) -> None:
        while self._mails and self._mails[0][0] <= until:
            _, source = self._mails.popleft()
            self._of[source] -= 1
            if not self._of[source]:
                del self._of[source]
