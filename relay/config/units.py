"""What stands inside the quotes of relay.toml: durations, sizes, addresses, domains … each read, or told what was expected.

Every reader takes whatever TOML gave (`object`) and raises `Wrong` for anything it does not understand, a wrong type too.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import zoneinfo
from collections.abc import Iterable
from datetime import time, timedelta

from relay import brands
from relay.model import Contact

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_SHORT = {"w": "week", "d": "day", "h": "hour", "hr": "hour", "min": "minute", "m": "minute", "sec": "second", "s": "second"}
_BYTES = {"gb": 10**9, "mb": 10**6, "kb": 10**3, "gib": 2**30, "mib": 2**20, "kib": 2**10, "b": 1, "": 1}
_AMOUNT = r"(\d{1,9})\s*([a-z]+)\s*"
_SIZE = re.compile(r"(?a)(\d{1,15})\s*([a-z]*)")
_LABEL = re.compile(r"[^\W_]([\w-]*[^\W_])?")
_ATEXT = r"[\w!#$%&'*+/=?^`{|}~-]+"  # RFC 5322 §3.2.3, with the letters that RFC 6531 adds
_LOCAL = re.compile(rf"{_ATEXT}(\.{_ATEXT})*")
_NAMED = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>")
_LISTEN = re.compile(r"(?a)(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+)):(?P<port>\d{1,5})")
PALE = 1.5  # contrast with white of the lightest colour that still shows on it; the ink upon it is chosen to be legible
_TIME = re.compile(r"(?a)(\d{1,2}):(\d{2})")


class Wrong(ValueError):
    """A value that is not understood: what was expected and, where the value itself does not tell, what was found."""

    def __init__(self, expected: str, found: str = "") -> None:
        super().__init__(expected)
        self.expected, self.found = expected, found


def near(word: str, known: Iterable[str]) -> str:
    """`, did you mean "…"?` with the nearest of the known words, or nothing."""
    close = difflib.get_close_matches(word.lower(), {one.lower(): one for one in known}, 1, 0.6)
    return next((f', did you mean "{one}"?' for one in known if close and one.lower() == close[0]), "")


def text(value: object, expected: str = "a text in quotes") -> str:
    """The value, if it is a text. Raises Wrong."""
    if not isinstance(value, str):
        raise Wrong(expected)
    return value.strip()


def line(value: object) -> str:
    """One line of printable text, not empty: a name. Raises Wrong."""
    expected = "a text of one line, not empty"
    if not (found := text(value, expected)) or not found.isprintable():
        raise Wrong(expected)
    return found


def duration(value: object) -> timedelta:
    """A length of time, more than none.

    >>> duration("1 day 4 hours")
    datetime.timedelta(days=1, seconds=14400)
    """
    return timedelta(seconds=sum(count * _SECONDS[unit] for unit, count in amounts(value).items()))


def amounts(value: object) -> dict[str, int]:
    """The same by its units, "week" … "second".

    >>> amounts("1 day 4 hours")
    {'week': 0, 'day': 1, 'hour': 4, 'minute': 0, 'second': 0}
    """
    expected = 'a duration such as "30 minutes", "4 hours" or "5 days"'
    found = text(value, expected).casefold()
    parts = [(_unit(unit), int(number)) for number, unit in re.findall(_AMOUNT, found, re.A)]
    if not re.fullmatch(f"({_AMOUNT})+", found, re.A) or not all(unit in _SECONDS for unit, _ in parts):
        raise Wrong(expected)
    sums = {unit: sum(count for of, count in parts if of == unit) for unit in _SECONDS}
    if not 0 < sum(count * _SECONDS[unit] for unit, count in sums.items()) <= 3650 * _SECONDS["day"]:
        raise Wrong(f"{expected}, at most ten years")
    return sums


def batch(value: object) -> timedelta:
    """How long a letter may wait for others: an hour at most."""
    expected = 'a duration of at most an hour, such as "5 minutes"'
    try:
        found = duration(value)
    except Wrong:
        raise Wrong(expected) from None
    if found > timedelta(hours=1):
        raise Wrong(expected)
    return found


def _unit(written: str) -> str:
    word = written.removesuffix("s") if len(written) > 2 else written
    return _SHORT.get(word, word)


def spell_duration(value: timedelta) -> str:
    """The duration as `duration` reads it: "1 day 4 hours"."""
    left, words = int(value.total_seconds()), []
    for unit, seconds in list(_SECONDS.items())[1:]:
        count, left = divmod(left, seconds)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(words)


def size(value: object) -> int:
    """A number of bytes, more than none. KB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024.

    >>> size("25 MB")
    25000000
    """
    expected = 'a size such as "25 MB", "512 KiB" or a number of bytes'
    number = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value, expected)
    found = _SIZE.fullmatch(number.casefold())
    if not found or found[2] not in _BYTES or not (result := int(found[1]) * _BYTES[found[2]]):
        raise Wrong(expected)
    return result


def spell_size(value: int) -> str | int:
    """The size as `size` reads it, in the largest decimal unit that divides it: "25 MB"."""
    for unit in ("gb", "mb", "kb"):
        if value % _BYTES[unit] == 0:
            return f"{value // _BYTES[unit]} {unit.upper()}"
    return value


def domain(value: object) -> str:
    """A full domain name (RFC 1035 §2.3.4), in lower case; letters of other alphabets are allowed (RFC 5890)."""
    expected = "a domain name such as north.example"
    found = text(value, expected).lower()
    labels = found.split(".")
    if len(found) > 253 or len(labels) < 2 or labels[-1].isdigit() or not all(map(_is_label, labels)):
        raise Wrong(expected)
    return found


def own_domain(value: object) -> str:
    """The relay's own domain: as `domain`, in ASCII, since it stands in every Message-ID and return-path."""
    expected = 'a domain name such as relay.example.com, in ASCII (other alphabets as "xn--…")'
    try:
        found = domain(value)
    except Wrong:
        raise Wrong(expected) from None
    if not found.isascii():
        raise Wrong(expected)
    return found


def _is_label(label: str) -> bool:
    return len(label) <= 63 and "_" not in label and bool(_LABEL.fullmatch(label))


def address(value: object) -> str:
    """A bare e-mail address: a dot-atom local part of at most 64 octets (RFC 5321 §4.5.3.1.1), `@`, a domain."""
    expected = "an e-mail address such as ivan@north.example"
    local, _, host = text(value, expected).rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise Wrong(expected)
    try:
        domain(host)
    except Wrong:
        raise Wrong(expected) from None
    return f"{local}@{host}"


def contact(value: object) -> Contact:
    """`Name <a@b>` or `a@b`; the name may be in quotes, and in any alphabet."""
    expected = 'an address such as "ivan@north.example" or "Ivan Petrov <ivan@north.example>"'
    found = text(value, expected)
    named = _NAMED.fullmatch(found)
    name = _unquoted(named["name"]) if named else ""
    try:
        return Contact(address(named["address"] if named else found), line(name) if name else "")
    except Wrong:
        raise Wrong(expected) from None


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1]).strip()
    return name


def language(value: object) -> str:
    """The code of a language; whether there is a catalogue of it, `across` tells."""
    return text(value, 'the code of a language, such as "en"')


def zone(value: object) -> str:
    """The name of an IANA time zone."""
    expected = 'a time zone such as "Europe/Moscow" or "UTC"'
    found = text(value, expected)
    try:
        return zoneinfo.ZoneInfo(found).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Wrong(expected + near(found, zoneinfo.available_timezones())) from None


def clock(value: object) -> time:
    """A time of day in quotes, "09:00"."""
    expected = 'a time of day in quotes, such as "09:00"'
    found = _TIME.fullmatch(text(value, expected))
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise Wrong(expected)
    return time(int(found[1]), int(found[2]))


def listen(value: object) -> tuple[str, int]:
    """`host:port` or `[IPv6]:port`; port 0 means any free one."""
    expected = 'an address to listen on, such as "127.0.0.1:2525" or "[::1]:2525"'
    found = _LISTEN.fullmatch(text(value, expected))
    if not found or int(found["port"]) > 65535 or (found["six"] and not is_ip(found["six"])):
        raise Wrong(expected)
    return found["six"] or found["host"], int(found["port"])


def spell_listen(value: tuple[str, int]) -> str:
    """The address as `listen` reads it."""
    host, port = value
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def nameserver(value: object) -> tuple[str, int]:
    """The IP address of a resolver, with or without a port (53)."""
    expected = 'the IP address of a resolver, such as "9.9.9.9" or "127.0.0.1:5353"'
    found = text(value, expected)
    if is_ip(found):
        return found, 53
    try:
        host, port = listen(found)
    except Wrong:
        raise Wrong(expected) from None
    if not is_ip(host) or not port:
        raise Wrong(expected)
    return host, port


def is_ip(host: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def ip(value: object) -> str:
    """An IPv4 or IPv6 address, without brackets, as it is usually written."""
    expected = 'an IP address such as "192.0.2.25"'
    found = text(value, expected)
    if not is_ip(found):
        raise Wrong(expected)
    return str(ipaddress.ip_address(found))


def clamd(value: object) -> tuple[str, int]:
    """`unix:PATH` as (path, 0), or `host:port`."""
    expected = 'the socket of clamd, such as "unix:/run/clamav/clamd.ctl" or "127.0.0.1:3310"'
    found = text(value, expected)
    if found.startswith("unix:/"):
        return found.removeprefix("unix:"), 0
    try:
        host, port = listen(found)
    except Wrong:
        raise Wrong(expected) from None
    if not port:
        raise Wrong(expected)
    return host, port


def spell_clamd(value: tuple[str, int]) -> str:
    """The socket as `clamd` reads it."""
    return spell_listen(value) if value[1] else f"unix:{value[0]}"


def user(value: object) -> str:
    """The name of a user of this machine; whether there is one, `relay serve` finds out."""
    return _matching(r"[a-z_][a-z0-9_.-]{0,31}\$?", value, 'the name of a user of this machine, such as "relay"')


def prefix(value: object) -> str:
    """What chain numbers begin with: [A-17]."""
    return _matching(r"[A-Z][A-Z0-9]{0,7}", value, "one to eight capital letters and digits, a letter first")


def selector(value: object) -> str:
    """A DKIM selector (RFC 6376 §3.1)."""
    label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return _matching(rf"{label}(\.{label})*", value, "a DKIM selector: letters, digits and hyphens")


def colour(value: object) -> str:
    """A colour as #rgb or #rrggbb, and it comes back as the latter; not so light that a button of it is lost on white."""
    expected = 'a colour such as "#2457a6" or "#0a6"'
    found = _matching("#([0-9a-f]{3}|[0-9a-f]{6})", text(value, expected).lower(), expected)
    whole = found if len(found) == 7 else "#" + "".join(digit * 2 for digit in found[1:])
    if (contrast := brands.contrast(whole, brands.WHITE)) < PALE:
        raise Wrong(
            f"a darker colour, with a contrast to white of at least {PALE}",
            f'"{found}", whose contrast to white is {contrast:.1f}',
        )
    return whole


def field(value: object) -> str:
    """The name of a fact that travels with a ticket, as before the colon of `NAME: VALUE`."""
    return _matching(r"[^:\x00-\x1f]*[^:\s\x00-\x1f][^:\x00-\x1f]*", value, 'a name without a colon, such as "Contact"')


def extension(value: object) -> str:
    """A file name's extension, in lower case; a point before it is left out."""
    expected = 'an extension such as "exe"'
    return _matching(r"[^\W_][\w-]{0,30}", text(value, expected).lower().lstrip("."), expected)


def _matching(pattern: str, value: object, expected: str) -> str:
    if not re.fullmatch(pattern, found := text(value, expected)):
        raise Wrong(expected)
    return found
