"""What an honest mail is: a way to make one, and who is its author."""

from __future__ import annotations

from collections.abc import Callable

from tests.attacks.keys import key
from tests.attacks.signer import sign
from tests.attacks.world import Attack, Case, Draft
from tests.attacks.zones import EVIL

Make = Callable[[Case], bytes | Attack]
HONEST: dict[str, tuple[str, Make]] = {}


def honest(author: str = "ivan@north.example") -> Callable[[Make], Make]:
    """Puts a mail into the table, under its function's name."""

    def put(make: Make) -> Make:
        HONEST[make.__name__] = (author, make)
        return make

    return put


def own(case: Case, draft: Draft | None = None, **more: object) -> bytes:
    """With the author's signature."""
    raw = (draft or case.draft).raw
    return sign(raw, key(case.domain), case.domain, **more)  # type: ignore[arg-type]


def foreign(raw: bytes) -> bytes:
    return sign(raw, key(EVIL), EVIL)
