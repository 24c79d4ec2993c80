"""DNS: what is remembered and for how long, aliases, large answers, and none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from relay.authentication import resolver as module
from relay.authentication.resolver import Resolver, Silent
from relay.settings import DnsSettings
from tests.authentication.post import NOW, TO, envelope, mail, published, shown, signed, txt
from tests.nameserver import Nameserver

T = TypeVar("T")


def on(server: Nameserver, ask: Callable[[Resolver], Awaitable[T]]) -> T:
    async def run() -> T:
        return await ask(Resolver(DnsSettings((("127.0.0.1", server.port),))))

    return asyncio.run(run())


def test_answers_and_that_there_are_none_are_remembered() -> None:
    async def ask(resolver: Resolver) -> None:
        for _ in range(3):
            assert await resolver.find("A.test.", "A") == ("192.0.2.1",)
            assert await resolver.find("a.test", "TXT") == ()
            assert await resolver.find("nowhere.test", "A") == ()

    with Nameserver({("a.test", "A"): ["192.0.2.1"]}) as server:
        on(server, ask)
        assert sorted(server.asked) == [("a.test", "A"), ("a.test", "TXT"), ("nowhere.test", "A")]


def test_what_lasts_no_time_is_not_remembered() -> None:
    async def ask(resolver: Resolver) -> None:
        for found in (("192.0.2.1",), ("192.0.2.2",), ()):
            server.zone = {("a.test", "A"): list(found)} if found else {}
            assert await resolver.find("a.test", "A") == found
        server.zone = {("a.test", "A"): ["192.0.2.3"]}
        assert await resolver.find("a.test", "A") == ("192.0.2.3",)

    with Nameserver({}, ttl=0) as server:
        on(server, ask)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)

    async def ask(resolver: Resolver) -> None:
        for name in ("a", "b", "c", "c", "b", "a"):
            await resolver.find(f"{name}.test", "A")

    with Nameserver({}) as server:
        on(server, ask)
        assert [name for name, _ in server.asked] == ["a.test", "b.test", "c.test", "a.test"]


def test_one_question_for_all_who_ask_at_once() -> None:
    async def ask(resolver: Resolver) -> None:
        assert await asyncio.gather(*(resolver.find("a.test", "A") for _ in range(50))) == [("192.0.2.1",)] * 50

    with Nameserver({("a.test", "A"): ["192.0.2.1"]}) as server:
        on(server, ask)
        assert server.queries == 1


def test_one_who_gives_up_does_not_stop_the_others() -> None:
    async def ask(resolver: Resolver) -> None:
        first, second = (asyncio.create_task(resolver.find("a.test", "A")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == ("192.0.2.1",)

    with Nameserver({("a.test", "A"): ["192.0.2.1"]}) as server:
        on(server, ask)


@pytest.mark.parametrize("hops", [1, 3, 10])
def test_aliases_are_followed(hops: int) -> None:
    zone = {(f"a{n}.test", "CNAME"): [f"a{n + 1}.test."] for n in range(hops)}
    with Nameserver(zone | {(f"a{hops}.test", "A"): ["192.0.2.1"]}) as server:
        assert on(server, lambda resolver: resolver.find("a0.test", "A")) == ("192.0.2.1",)
        assert on(server, lambda resolver: resolver.find("a0.test", "TXT")) == ()


def test_aliases_in_a_ring_are_no_answer() -> None:
    with Nameserver({("a.test", "CNAME"): ["b.test."], ("b.test", "CNAME"): ["a.test."]}) as server, pytest.raises(Silent):
        on(server, lambda resolver: resolver.find("a.test", "A"))


def test_large_answers_come_over_tcp() -> None:
    with Nameserver({("a.test", "TXT"): txt("x" * 5000)}) as server:
        assert on(server, lambda resolver: resolver.find("a.test", "TXT")) == ("x" * 5000,)
        assert server.queries == 2


@pytest.mark.parametrize("name", ["", "a..test", "x" * 64 + ".test", ".".join(["abcdefgh"] * 40)])
def test_names_that_cannot_be_have_no_records(name: str) -> None:
    with Nameserver({("a.test", "A"): ["192.0.2.1"]}) as server:
        assert on(server, lambda resolver: resolver.find(name, "TXT")) == ()


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRY", 0.2)
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with Nameserver({}, silent=["a.test"], broken=["b.test"]) as server:
        for name in ("a.test", "b.test"):
            with pytest.raises(Silent, match=name):
                on(server, lambda resolver, name=name: resolver.find(name, "A"))  # type: ignore[misc]
        assert server.asked.count(("a.test", "A")) > 1


def test_a_mail_waits_for_dns_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    from relay.authentication import Authenticator, verdict
    from relay.mail.reader import read

    monkeypatch.setattr(verdict, "PATIENCE", 0.3)

    async def run(port: int) -> None:
        judged = Authenticator(DnsSettings((("127.0.0.1", port),)), frozenset(), "relay.example")
        came = envelope("ivan@north.example", "192.0.2.10")
        before = asyncio.get_running_loop().time()
        found = await judged.judge(came, read(signed(mail(To=TO))))
        assert shown(found) == ("yes", "later", "yes") and came.received_at == NOW
        assert asyncio.get_running_loop().time() - before < 3
        assert asyncio.all_tasks() - {asyncio.current_task()}  # the question is still under way, for the next mail

    with Nameserver(published(), silent=["north.example"]) as server:
        asyncio.run(run(server.port))
