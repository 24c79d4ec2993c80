"""Who counts as one client, where nobody is to have more than his share."""

from __future__ import annotations

import ipaddress
from collections.abc import Container

from relay import address
from relay.model import Envelope


def client(peer: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, which one client has for itself.

    >>> client("::ffff:192.0.2.1"), client("2001:db8::1"), client("")
    ('192.0.2.1', '2001:db8::/64', '')
    """
    try:
        found = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(found, ipaddress.IPv4Address):
        return peer
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))


def is_own(peer: str, own: Container[str]) -> bool:
    """Whether that is one of one's own mail servers, `limits.own`."""
    return peer in own or client(peer) in own


def author(envelope: Envelope, own: Container[str]) -> str:
    """Whose mail it is as far as SMTP tells: the client's, or, when a server of one's own has brought it, its sender's domain."""
    if not is_own(envelope.peer, own):
        return client(envelope.peer)
    return address.split(envelope.mail_from)[1]
