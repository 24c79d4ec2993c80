"""Lists of tags, as signatures and their keys are written: `v=1; a=rsa-sha256; …` (RFC 6376 §3.2)."""

from __future__ import annotations

import base64
import binascii
import re

_TAG = re.compile(r"[ \t\r\n]*+([A-Za-z][A-Za-z0-9_]*+)[ \t\r\n]*+=[ \t\r\n]*+([!-:<-~ \t\r\n]*+)")
_WHITE = re.compile(r"[ \t\r\n]+")
_LAST_VALUE = re.compile(rb"((?:^|;)[ \t\r\n]*+b[ \t\r\n]*+=)[^;]*")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class Malformed(ValueError):
    """No such list, or a value that is not what it must be; the text names the tag."""


def parse(text: bytes) -> dict[str, str]:
    """Names and values, without white space around them. Raises Malformed, also for a name that comes twice."""
    try:
        specs = [spec for spec in text.decode("ascii").split(";") if spec.strip(" \t\r\n")]
    except UnicodeDecodeError:
        raise Malformed("it is not ASCII") from None
    found: dict[str, str] = {}
    for spec in specs:
        match = _TAG.fullmatch(spec)
        if match is None:
            raise Malformed("it is no list of tags")
        if match[1] in found:
            raise Malformed(f"it has {match[1]}= twice")
        found[match[1]] = match[2].rstrip(" \t\r\n")
    return found


def without_signature(value: bytes) -> bytes:
    """The text of a list with an empty `b=`, which is what is signed (RFC 6376 §3.5)."""
    return _LAST_VALUE.sub(rb"\1", value, count=1)


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────


def needed(tags: dict[str, str], name: str) -> str:
    """A value that must be there and not be empty. Raises Malformed."""
    if not tags.get(name):
        raise Malformed(f"it has no {name}=")
    return tags[name]


def unfolded(value: str) -> str:
    """A value in which white space does not count."""
    return _WHITE.sub("", value)


def listed(value: str) -> tuple[str, ...]:
    """The words of a list with colons, in lower case."""
    return tuple(unfolded(value).lower().split(":"))


def binary(tags: dict[str, str], name: str) -> bytes:
    """The bytes of a base64 value that must be there. Raises Malformed."""
    try:
        return base64.b64decode(unfolded(needed(tags, name)), validate=True)
    except binascii.Error:
        raise Malformed(f"{name}= is no base64") from None


def number(tags: dict[str, str], name: str) -> int | None:
    """A whole number, None where there is none. Raises Malformed."""
    value = tags.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", value):
        raise Malformed(f"{name}= is no number")
    return int(value)


def domain(value: str, name: str) -> str:
    """A domain in lower case. Raises Malformed."""
    if _DOMAIN.fullmatch(value.lower()) is None:
        raise Malformed(f"{name}= is no domain")
    return value.lower()
