"""What a container needs for its members: the way back into the cleaning, and how much may still be unpacked.

One `Inside` goes through the whole of a file, however deep, so a bomb's layers are counted together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

MAX_DEPTH = 4  # containers in each other: an archive, in it another, in that a document, in that a workbook
MAX_UNPACKED = 200_000_000  # bytes, all members of all depths together
MAX_MEMBERS = 10_000


class Uncleanable(Exception):
    """The file cannot be cleaned; the text says why."""


@dataclass(slots=True)
class Allowance:
    """What may still be unpacked."""

    size: int = MAX_UNPACKED
    members: int = MAX_MEMBERS


@dataclass(frozen=True, slots=True)
class Inside:
    """The way from a container to its members. `attempt` cleans a file, or returns None."""

    attempt: Callable[[bytes, Inside], bytes | None]
    depth: int = 0
    allowance: Allowance = field(default_factory=Allowance)

    def deeper(self) -> Inside:
        """The same one container down. Raises Uncleanable when that is too deep."""
        if self.depth == MAX_DEPTH:
            raise Uncleanable("containers nested too deeply")
        return replace(self, depth=self.depth + 1)

    def clean(self, member: bytes) -> bytes:
        """The member, clean. Raises Uncleanable when it cannot be."""
        cleaned = self.attempt(member, self)
        if cleaned is None:
            raise Uncleanable("a member cannot be cleaned")
        return cleaned

    def spend(self, size: int, members: int = 1) -> None:
        """Counts what has been unpacked. Raises Uncleanable when it is more than is allowed."""
        self.allowance.size -= size
        self.allowance.members -= members
        if self.allowance.size < 0 or self.allowance.members < 0:
            raise Uncleanable("unpacks to too much")
