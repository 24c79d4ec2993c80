"""Many write to one chain at once, to several workers: everything happens once, one after another, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness import DOMAIN, Relay, Sink, new_database, until, write

ANNA, IVAN, SERGEI, OLAF = "anna@shop.example", "ivan@north.example", "sergei@fix.example", "olaf@other.example"
INTAKE = f"north-repairs@{DOMAIN}"
EACH = 6  # mails of each writer


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_mails_to_one_chain_are_applied_one_after_another(
    kind: str, request: pytest.FixtureRequest, make_relay: Callable[..., Relay], sink: Sink
) -> None:
    database = new_database(request.getfixturevalue("postgres_url")) if kind == "postgresql" else ""
    relay = make_relay(database=database).start("--workers", "2")
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#pass fix\n#pass other", answering=letter), IVAN, letter.thread)
    threads = {who: sink.wait(who).thread for who in (ANNA, IVAN, SERGEI, OLAF)}
    sink.wait(ANNA, 2)

    def writes(job: tuple[str, int]) -> int:
        who, number = job
        command = "#accept" if who != ANNA else "#status"  # only the first of each can be carried out
        return relay.send(write(f"P <{who}>", threads[who], f"{command}\nWords {number} of {who[:4]}."), who, threads[who])[0]

    jobs = [(who, number) for number in range(EACH) for who in threads]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(writes, jobs)) == {250}
    story = relay.json("show", "A-1")
    assert [event["kind"] for event in story["events"]].count("comment") == 1 + len(jobs)
    accepted = [event["ticket"] for event in story["events"] if event["kind"] == "status"]
    assert len(accepted) == len(set(accepted)) == 3
    assert {t["party"]: t["status"] for t in story["tickets"]} == {"shop": "new"} | dict.fromkeys(
        ("north", "fix", "other"), "accepted"
    )
    for reader in threads:
        wanted = [f"Words {number} of {who[:4]}." for who, number in jobs if who != reader]
        each_once(sink, reader, wanted)


def each_once(sink: Sink, reader: str, wanted: list[str]) -> None:
    """Waits until every one of these has come to the reader; none comes twice."""

    def counts() -> list[int]:
        texts = [letter.text for letter in sink.to(reader)]
        return [sum(words in text for text in texts) for words in wanted]

    until(lambda: all(counts()), f"{len(wanted)} mails to {reader}", 40)
    assert counts() == [1] * len(wanted)
