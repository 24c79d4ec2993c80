"""Letters out: to the smarthost, or to each recipient's own MX, over connections that are kept open.

A connection carries one letter at a time; each lane of the outbox has its own. The answer to a letter is a text, or
`Refused` (for good) or `Deferred` (try again): a letter has one recipient, so there is no "partly".
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache

import aiosmtplib
import dns.asyncresolver
import dns.exception
import dns.resolver
from aiosmtplib import SMTPDataError, SMTPResponse, SMTPServerDisconnected, SMTPStatus
from aiosmtplib.errors import SMTPException, SMTPResponseException

from relay import address
from relay.errors import Deferred, Refused
from relay.settings import DnsSettings, Settings

KEEP_OPEN = 20.0  # seconds that an idle connection stays
MX_PORT = 25


@dataclass(frozen=True, slots=True)
class Host:
    """A server to connect to: its name for people and for TLS, and the address that was looked up for it, if one was."""

    name: str
    port: int
    address: str = ""
    user: str = ""
    password: str = ""
    tls: bool = False


Route = Callable[[str], Awaitable[list[Host]]]


def route(settings: Settings) -> Route:
    """Where letters to a domain go: always to the smarthost, or to the domain's own MX hosts."""
    if settings.delivery.smarthost is None:
        return mx_route(settings.dns)
    smarthost = settings.delivery.smarthost
    host = Host(smarthost.host, smarthost.port, "", smarthost.user, smarthost.password, smarthost.security == "tls")

    async def to_smarthost(_domain: str) -> list[Host]:
        return [host]

    return to_smarthost


def mx_route(settings: DnsSettings, port: int = MX_PORT) -> Route:
    """Each domain's MX hosts, by preference (RFC 5321 §5.1)."""
    resolver = _resolver(settings)

    async def to_mx(domain: str) -> list[Host]:
        names = await _mx(resolver, domain)
        hosts = [Host(name, port, found) for name in names for found in await _addresses(resolver, name)]
        if not hosts:
            raise Deferred(451, "4.4.3", f"None of the mail servers of {domain} has an address: {', '.join(names)}.")
        return hosts

    return to_mx


class Lane:
    """One letter at a time, over at most one open connection. Not for use from two tasks at once."""

    def __init__(self, hostname: str, where: Route, seconds: float) -> None:
        self._hostname, self._where, self._timeout = hostname, where, seconds
        self._host: Host | None = None
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0.0

    async def send(self, message: bytes, sender: str, recipient: str) -> str:
        """Sends; returns the server's last answer. Raises Refused or Deferred with that server's words."""
        hosts = await self._where(address.split(recipient)[1])
        try:
            client, fresh = await self._connect(hosts)
            try:
                return await self._transact(client, message, sender, recipient)
            except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
                if fresh:
                    raise
                await self.close()  # a kept-open connection that the server has closed meanwhile
                client, _ = await self._connect(hosts)
                return await self._transact(client, message, sender, recipient)
        except SMTPResponseException as error:
            raise await self._answer(error) from error
        except (SMTPException, OSError, ValueError) as error:
            await self.close()
            raise Deferred(451, "4.4.2", f"{hosts[0].name}: {error}") from error

    async def close(self) -> None:
        """Ends the connection, politely if the server still answers."""
        client, self._client, self._host = self._client, None, None
        if client is not None:
            with contextlib.suppress(SMTPException, OSError):
                if client.is_connected:
                    await client.quit(timeout=5)
            client.close()

    async def rest(self) -> None:
        """Closes a connection that has been idle for long."""
        if self._client is not None and asyncio.get_running_loop().time() - self._used > KEEP_OPEN:
            await self.close()

    async def _transact(self, client: aiosmtplib.SMTP, message: bytes, sender: str, recipient: str) -> str:
        international = ["SMTPUTF8"] if not recipient.isascii() else []
        await client.mail(sender, options=international, encoding="utf-8" if international else "ascii")
        await client.rcpt(recipient, encoding="utf-8" if international else "ascii")
        code, text = await self._data(client, message)
        self._used = asyncio.get_running_loop().time()
        return f"{code} {text}"

    async def _data(self, client: aiosmtplib.SMTP, message: bytes) -> SMTPResponse:
        """DATA with our own bytes, whose line ends are right by construction: aiosmtplib's two regexes cost 13 ms a megabyte."""
        reply = await client.execute_command(b"DATA")
        if reply.code == SMTPStatus.start_input:
            if client.protocol is None:
                raise SMTPServerDisconnected("Connection lost")
            client.protocol.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")  # RFC 5321 §4.5.2
            reply = await client.protocol.read_response(self._timeout)
        if reply.code != SMTPStatus.completed:
            raise SMTPDataError(reply.code, reply.message)
        return reply

    async def _answer(self, error: SMTPResponseException) -> Refused | Deferred:
        """A server's refusal as ours. The connection stays unless the server has said goodbye."""
        if error.code == 421 or not self._client or not self._client.is_connected:
            await self.close()
        else:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.rset()
        kind = Refused if 500 <= error.code < 600 else Deferred
        return kind(error.code, "", " ".join(error.message.split()))

    async def _connect(self, hosts: list[Host]) -> tuple[aiosmtplib.SMTP, bool]:
        """The open connection if it goes to one of `hosts`, else a new one to the first that answers."""
        if self._client is not None and self._client.is_connected and self._host in hosts:
            return self._client, False
        await self.close()
        failures: list[str] = []
        for host in hosts:
            client = self._new_client(host)
            try:
                await client.connect()
            except (SMTPException, OSError) as error:
                client.close()
                failures.append(f"{host.name}: {error}")
            else:
                self._client, self._host = client, host
                return client, True
        raise Deferred(451, "4.4.1", "; ".join(failures))

    def _new_client(self, host: Host) -> aiosmtplib.SMTP:
        """TLS whenever it is offered. Without a password nothing is verified: the other choice would be no TLS (RFC 7435)."""
        context = _tls_context(verified=bool(host.password or host.tls))
        return aiosmtplib.SMTP(
            hostname=host.address or host.name,
            port=host.port,
            username=host.user or None,
            password=host.password or None,
            local_hostname=self._hostname,
            timeout=self._timeout,
            use_tls=host.tls,
            tls_context=context,
        )


@cache
def _tls_context(*, verified: bool) -> ssl.SSLContext:
    """One for all connections: reading the system's certificates takes 17 ms."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _resolver(settings: DnsSettings) -> dns.asyncresolver.Resolver:
    if not settings.nameservers:
        return dns.asyncresolver.Resolver()
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in settings.nameservers]
    resolver.lifetime = 10
    return resolver


async def _mx(resolver: dns.asyncresolver.Resolver, domain: str) -> list[str]:
    """Host names by preference; the domain itself where it has no MX. Raises Refused for a null MX or no such domain."""
    try:
        answer = await resolver.resolve(domain, "MX")
    except dns.resolver.NoAnswer:
        return [domain]
    except dns.resolver.NXDOMAIN as error:
        raise Refused(550, "5.1.2", f"The domain {domain} does not exist.") from error
    except dns.exception.DNSException as error:
        raise Deferred(451, "4.4.3", f"The mail servers of {domain} cannot be looked up: {error}") from error
    names = [record.exchange.to_text(omit_final_dot=True) for record in sorted(answer, key=lambda r: r.preference)]
    if names in ([""], ["."]):
        raise Refused(556, "5.1.10", f"The domain {domain} takes no mail (RFC 7505).")
    return names


async def _addresses(resolver: dns.asyncresolver.Resolver, name: str) -> list[str]:
    """IPv4 before IPv6; none where the name has none, or cannot be looked up now."""
    with contextlib.suppress(dns.exception.DNSException):
        found = await resolver.resolve_name(name)
        return sorted(found.addresses(), key=lambda address: ":" in address)
    return []
