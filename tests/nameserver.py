"""A real DNS server on loopback, over UDP and TCP, from a zone given as {(name, type): [rdata text]}."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]
_HOPS = 20  # of a chain of CNAMEs


class Nameserver:
    """Answers from `zone` on `port` while it is entered; a name that the zone has in no type is NXDOMAIN.

    CNAMEs are followed, as a resolver does. An answer over 512 bytes comes cut over UDP (TC) and whole over TCP; EDNS is not
    looked at. `silent` names get no answer, `broken` ones SERVFAIL; zone, silent, broken and `ttl` (seconds, of answers and of
    "there is none" alike) may be changed while it runs. `asked` are the questions that came, in order.
    """

    def __init__(self, zone: Zone, *, silent: Iterable[str] = (), broken: Iterable[str] = (), ttl: int = 60) -> None:
        self.zone, self.silent, self.broken, self.ttl = zone, set(silent), set(broken), ttl
        self.asked: list[tuple[str, str]] = []
        self._datagrams, self._streams = _pair()
        self.port: int = self._datagrams.getsockname()[1]
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def queries(self) -> int:
        """How many questions have come."""
        return len(self.asked)

    def __enter__(self) -> Nameserver:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        transport, _ = await self._loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=self._datagrams)
        server = await asyncio.start_server(self._stream, sock=self._streams)
        self._ready.set()
        await self._stop.wait()
        server.close()
        transport.close()
        await asyncio.sleep(0)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                if (answer := self.answer(query, 65535)) is not None:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def answer(self, wire: bytes, room: int) -> bytes | None:
        """The answer to a question in at most `room` bytes, both in wire form; None for a silent name."""
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        self._fill(answer, name, kind)
        try:
            return answer.to_wire(max_size=room)
        except dns.exception.TooBig:
            cut = dns.message.make_response(query)
            cut.flags |= dns.flags.AA | dns.flags.RA | dns.flags.TC
            return cut.to_wire()

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(_HOPS):
            if name in self.broken:
                answer.set_rcode(dns.rcode.SERVFAIL)
                return
            if found := self.zone.get((name, kind)):
                answer.answer.append(self._records(name, kind, found))
                return
            if kind == "CNAME" or not (alias := self.zone.get((name, "CNAME"))):
                break
            answer.answer.append(self._records(name, "CNAME", alias))
            name = alias[0].rstrip(".").lower()
        if name not in {known for known, _ in self.zone}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        answer.authority.append(self._records(".", "SOA", [f". . 1 60 60 60 {self.ttl}"]))

    def _records(self, name: str, kind: str, found: list[str]) -> dns.rrset.RRset:
        return dns.rrset.from_text_list(dns.name.from_text(name), self.ttl, dns.rdataclass.IN, kind, found)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Nameserver) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._server.answer(data, 512)) is not None:
            self._transport.sendto(answer, addr)


def _pair() -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on one free port of loopback."""
    while True:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        streams = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            streams.bind(datagrams.getsockname())
        except OSError:
            datagrams.close()
            streams.close()
        else:
            return datagrams, streams
