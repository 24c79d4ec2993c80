"""The text of SMTP, as pure functions: paths read, replies written."""

from __future__ import annotations

import re

REPLY_LINE = 510  # RFC 5321 §4.5.3.1.5, without its CRLF
NULL_SENDER = "<>"  # inside aiosmtpd, for which an empty sender is no sender

# aiosmtpd's own replies come without enhanced codes: what its codes mean by RFC 3463.
ENHANCED = {
    "220": "2.0.0",
    "221": "2.0.0",
    "250": "2.0.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "530": "5.7.0",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.7.0",
    "555": "5.5.4",
}
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")
_NEVER = r"\x00-\x1f\x7f\ud800-\udfff"  # controls, and bytes that were no UTF-8; UTF-8 itself is RFC 6531's
_ATOM = rf"[^\s()<>,:;@\"\[\]\\{_NEVER}]+"
_QUOTED = rf"\"(?:[^\"\\{_NEVER}]|\\[\x20-\x7e])*\""
_LITERAL = rf"\[[^\s\[\]\\{_NEVER}]+\]"
_MAILBOX = rf"(?:(?:{_ATOM}|{_QUOTED})@(?:{_ATOM}|{_LITERAL})|(?i:postmaster))"
# A path of RFC 5321 §4.1.2, without its source route; old devices leave the angle brackets out.
_PATH = re.compile(rf"(?:<(?:@[^\s<>:]+:)?(?P<path>{_MAILBOX})?>|(?P<bare>{_MAILBOX}))(?P<rest>\s.*|)", re.DOTALL)


def path(argument: str) -> tuple[str, str] | tuple[None, None]:
    """Address (`NULL_SENDER` for the empty path) and parameters; (None, None) for what is no path.

    >>> path("<@old.example:ann@acme.example> SIZE=1"), path("<>"), path("<ann>")
    (('ann@acme.example', ' SIZE=1'), ('<>', ''), (None, None))
    """
    found = _PATH.fullmatch(argument)
    return (found["path"] or found["bare"] or NULL_SENDER, found["rest"]) if found else (None, None)


def enhanced(reply: str, hostname: str) -> str:
    """The reply with an enhanced code; the greeting and the answer to HELO and EHLO have none (RFC 2034 §4).

    >>> enhanced("250 OK", "relay.example"), enhanced("250 relay.example", "relay.example")
    ('250 2.0.0 OK', '250 relay.example')
    """
    code, between, text = reply[:3], reply[3:4], reply[4:]
    if code not in ENHANCED or between != " " or _ENHANCED.match(text) or text.startswith(hostname):
        return reply
    return f"{code} {ENHANCED[code]} {text}"


def line(reply: str) -> bytes:
    """A reply as it goes out: ASCII, and one line of bounded length unless it is the list of extensions."""
    if reply[3:4] != "-":
        reply = plain(reply)[:REPLY_LINE]
    return reply.encode("ascii", "replace") + b"\r\n"


def plain(text: str) -> str:
    """The text without controls and without bytes that were no UTF-8.

    >>> plain("a\\r\\nb\\udcff")
    'a??b?'
    """
    return "".join(char if char.isprintable() else "?" for char in text)
