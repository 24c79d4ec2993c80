"""What one party may have of the relay in a minute and in a day, and one person of its help: `[limits]`, counted in the database.

Fixed minutes and days (UTC): a count is one row, raised in the transaction of the mail that it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from relay import ledger
from relay.errors import Deferred
from relay.settings import LimitSettings
from relay.store import TALLIES

_COUNTS = ("mails", "bytes", "chains", "answers")
_OF = select(TALLIES).where(TALLIES.c.who == bindparam("who"), TALLIES.c.period == bindparam("period"))


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is reached: its key in `[limits]`, and what to tell the sender."""

    limit: str
    text: str

    @property
    def answer(self) -> Deferred:
        """What the sender's server is told: it will bring the mail again."""
        return Deferred(451, "4.7.1", self.text, self.limit)


def excess(connection: Connection, limits: LimitSettings, party: str, size: int, now: datetime) -> Excess | None:
    """The limit that one more mail of `size` bytes from that party would be over, if any."""
    minute, day = (_tally(connection, party, period) for period in (_minute(now), _day(now)))
    if minute["mails"] >= limits.mails_a_minute_per_party:
        return Excess("mails_a_minute_per_party", "Too many mails of your party in this minute, please send it again later.")
    if day["bytes"] + size > limits.bytes_a_day_per_party:
        return Excess("bytes_a_day_per_party", "Your party has sent as much as it may in a day, please send it again tomorrow.")
    return None


def too_many_chains(connection: Connection, limits: LimitSettings, party: str, now: datetime) -> Excess | None:
    """The limit of tickets that a party opens in a day, if it is reached."""
    if _tally(connection, party, _day(now))["chains"] < limits.chains_a_day_per_party:
        return None
    return Excess("chains_a_day_per_party", "Your party has opened as many tickets as it may in a day, please send it tomorrow.")


def count(connection: Connection, party: str, size: int, now: datetime) -> None:
    """One more mail of `size` bytes."""
    _add(connection, party, _minute(now), mails=1)
    _add(connection, party, _day(now), mails=1, bytes=size)


def count_chain(connection: Connection, party: str, now: datetime) -> None:
    """One more chain."""
    _add(connection, party, _day(now), chains=1)


def may_be_answered(connection: Connection, limits: LimitSettings, who: str, now: datetime) -> bool:
    """Whether that person gets one more mail of help or complaint today; if so, it is counted."""
    key = f"to:{who.lower()}"
    if _tally(connection, key, _day(now))["answers"] >= limits.answers_a_day:
        return False
    _add(connection, key, _day(now), answers=1)
    return True


def first_today(connection: Connection, what: str, now: datetime) -> bool:
    """Whether that happens for the first time today; from now on it does not."""
    first = not _tally(connection, what, _day(now))["answers"]
    if first:
        _add(connection, what, _day(now), answers=1)
    return first


def forget(connection: Connection, now: datetime) -> None:
    """Drops the counts of the days and minutes before today."""
    connection.execute(delete(TALLIES).where(TALLIES.c.period < _day(now)))


def _tally(connection: Connection, who: str, period: str) -> dict[str, int]:
    row = connection.execute(_OF, {"who": who, "period": period}).first()
    return {name: int(getattr(row, name)) if row else 0 for name in _COUNTS}


def _add(connection: Connection, who: str, period: str, **more: int) -> None:
    values = {"who": who, "period": period, **dict.fromkeys(_COUNTS, 0), **more}
    connection.execute(ledger.added(connection.dialect.name, TALLIES, ("who", "period"), _COUNTS), values)


def _day(now: datetime) -> str:
    return f"{now:%Y-%m-%d}"


def _minute(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M}"
