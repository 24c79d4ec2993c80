"""Places: never more than there are, nobody has more than his share, those who wait take turns, and none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from relay.model import Envelope
from relay.places import Places
from relay.sources import author, client
from tests.chains import NOW

PEOPLE = st.sampled_from("abc")


@given(st.lists(st.tuples(PEOPLE, st.integers(0, 3), st.none() | st.integers(0, 6))), st.integers(1, 4), st.integers(1, 4))
def test_everybody_has_his_turn_and_nobody_too_many(jobs: list[tuple[str, int, int | None]], count: int, of_one: int) -> None:
    """Jobs of some people, each so many turns of the loop long, and some cancelled after so many."""

    async def run() -> None:
        places, inside, done = Places(count, of_one), Counter[str](), list[int]()

        async def work(number: int, who: str, length: int) -> None:
            async with places.place(who):
                inside[who] += 1
                assert inside.total() <= count and inside[who] <= of_one
                try:
                    for _ in range(length):
                        await asyncio.sleep(0)
                finally:
                    inside[who] -= 1
            done.append(number)

        tasks = [asyncio.create_task(work(number, who, length)) for number, (who, length, _) in enumerate(jobs)]
        for moment in range(7):
            for task, (_, _, cancelled) in zip(tasks, jobs, strict=True):
                if cancelled == moment:
                    task.cancel()
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert {number for number, (_, _, cancelled) in enumerate(jobs) if cancelled is None} <= set(done)
        assert places.all_waiting() == 0 and not places._taken and places._free == count

    asyncio.run(run())


def test_who_has_his_share_waits_and_the_next_one_does_not() -> None:
    async def run() -> None:
        places, order = Places(3, 2), list[str]()

        async def work(who: str) -> None:
            async with places.place(who):
                order.append(who)
                await asyncio.sleep(0.01)

        await asyncio.gather(*(work(who) for who in "aaaaaabbc"))
        assert order[:3] == ["a", "a", "b"], "the third of a's waits, though a place is free"
        assert order.index("c") < 6, "whoever comes last need not wait for all of a's"
        assert places.waiting("a") == 0

    asyncio.run(run())


def test_whose_mail_it_is() -> None:
    own = frozenset({"127.0.0.1", "2001:db8::7"})

    def whose(peer: str, sender: str = "Ann@Acme.Example") -> str:
        return author(Envelope("1", sender, (), peer, "", NOW), own)

    assert (whose("192.0.2.1"), whose("::ffff:192.0.2.1"), whose("2001:db8:0:0:5::1")) == (
        "192.0.2.1",
        "192.0.2.1",
        "2001:db8::/64",
    )
    assert (whose("127.0.0.1"), whose("::ffff:127.0.0.1"), whose("2001:db8::7")) == ("acme.example",) * 3
    assert (whose("127.0.0.1", ""), whose("2001:db8::8"), client("no address")) == ("", "2001:db8::/64", "no address")
