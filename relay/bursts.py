"""When a letter leaves to a party that has several mails in a row joined (`batch`): pure, the rows are `joining`'s."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from relay.model import Event, Status

# News of the work that the party doing it tells itself. Any other change of a status wants something of its reader: to look at
# what is done, to do something about what was given back, to stop, to begin anew.
PROGRESS: frozenset[Status] = frozenset({"accepted", "in progress", "waiting"})


def leaves(now: datetime, batch: timedelta, *, waiting: datetime | None, spoke: datetime | None, urgent: bool) -> datetime:
    """When the letter with a mail of `now` leaves, and with it those that wait for the same reader at the same ticket.

    `waiting` is when these were to leave, None where none waits; `spoke` is when the reader's party last wrote to that ticket,
    None for never; `urgent` as `is_urgent` says.

    | the mail | it leaves |
    | --- | --- |
    | says something to be acted on | now |
    | the party has written within the last `batch`: a conversation | now |
    | others wait | with them |
    | is the first | `batch` from now |
    """
    if urgent or (spoke is not None and now - spoke < batch):
        return now
    return now + batch if waiting is None else waiting


def is_urgent(events: Iterable[Event]) -> bool:
    """Whether one of a mail's events changes a status in a way that its reader has to act on."""
    return any(event.kind == "status" and not _is_progress(event) for event in events)


def _is_progress(event: Event) -> bool:
    """Brought back by the party above, a ticket is in progress as well, and that is no news of the work."""
    return event.data["status"] in PROGRESS and event.data["ticket"] == event.ticket
