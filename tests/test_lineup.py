"""The line-up: each recipient's order, turns among recipients, a bounded share for each domain and recipient."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.lineup import MOST_OF_DOMAIN, MOST_OF_ONE, InHand, LineUp

RECIPIENTS = st.sampled_from([f"{name}@{domain}.example" for name in "abc" for domain in ("north", "fix", "shop")])


async def nothing_to_take(line: LineUp[int]) -> bool:
    """Whether a worker would have to wait."""
    waiting = asyncio.ensure_future(line.take())
    for _ in range(3):
        await asyncio.sleep(0)
    return not waiting.done() and waiting.cancel()


@given(st.lists(RECIPIENTS, max_size=60), st.integers(1, 9))
def test_all_letters_go_in_each_recipients_order_and_no_domain_takes_all_workers(letters: list[str], workers: int) -> None:
    async def run() -> None:
        line: LineUp[int] = LineUp(workers)
        taken: dict[str, list[int]] = defaultdict(list)
        serving: list[str] = []

        async def work() -> None:
            while True:
                recipient, item = await line.take()
                assert recipient not in serving
                serving.append(recipient)
                assert max(Counter(each.partition("@")[2] for each in serving).values()) <= max(1, workers // 2)
                taken[recipient].append(item)
                await asyncio.sleep(0)
                serving.remove(recipient)
                line.done(recipient)

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        for number, recipient in enumerate(letters):
            line.add(recipient, number)
        while sum(map(len, taken.values())) < len(letters):
            await asyncio.sleep(0)
            assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        assert all(numbers == sorted(numbers) for numbers in taken.values())

    asyncio.run(run())


def test_recipients_take_turns() -> None:
    async def run() -> list[str]:
        line: LineUp[int] = LineUp(1)
        for recipient in ["a@x.example"] * 3 + ["b@y.example"] * 2 + ["c@z.example"]:
            line.add(recipient, 0)
        order = []
        for _ in range(6):
            recipient, _item = await line.take()
            line.done(recipient)
            order.append(recipient[0])
        return order

    assert asyncio.run(run()) == ["a", "b", "c", "a", "b", "a"]


def test_nobody_waits_behind_a_recipient_or_a_domain_that_hangs() -> None:
    async def run() -> None:
        line: LineUp[int] = LineUp(4)
        for number, recipient in enumerate(["a@x.example", "a@x.example", "b@x.example", "c@x.example", "d@y.example"]):
            line.add(recipient, number)
        assert [await line.take() for _ in range(3)] == [("a@x.example", 0), ("b@x.example", 2), ("d@y.example", 4)]
        assert await nothing_to_take(line)
        line.done("b@x.example")
        assert await line.take() == ("c@x.example", 3)
        assert line.leave("a@x.example") == [1] and line.leave("a@x.example") == []
        line.done("a@x.example")
        assert await nothing_to_take(line)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("recipients", "limit"),
    [(["a@x.example"] * MOST_OF_ONE, MOST_OF_ONE), ([f"{i}@x.example" for i in range(MOST_OF_DOMAIN)], MOST_OF_DOMAIN)],
)
def test_who_has_his_share_in_hand_is_busy_until_one_has_landed(recipients: list[str], limit: int) -> None:
    hand = InHand()
    for number, recipient in enumerate(recipients):
        assert hand.busy() == []
        hand.add(number, recipient)
    hand.add(limit, "other@y.example")
    assert set(hand.busy()) == set(recipients)
    assert not hand.remove(limit) and not hand.remove(limit)
    assert hand.remove(0) and hand.busy() == []
    assert not hand.remove(1) and len(hand) == limit - 2 and 2 in hand
