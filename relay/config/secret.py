"""Secrets: values written `env:NAME` or `file:PATH`, the URLs that hold them, and how a URL is shown without them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from relay.config.units import Wrong, domain, is_ip, text
from relay.settings import Smarthost

HIDDEN = "***"
_PORTS = {"smtp": 25, "smtps": 465}
_SECRET_WORD = re.compile(r"(?i)pass|secret|key|token")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_POSTGRES = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://")


def reveal(value: str, base: Path) -> str:
    """The value itself, or what `env:NAME` or `file:PATH` (relative to `base`) stands for. Raises Wrong."""
    way, colon, where = value.partition(":")
    if not colon or way not in ("env", "file"):
        return value
    found = _variable(where) if way == "env" else _content(base / where)
    if not found:
        raise Wrong("a value that is not empty", f'"{value}", which is empty')
    return found


def _variable(name: str) -> str:
    if name not in os.environ:
        raise Wrong("the name of an environment variable that is set", f'"env:{name}", which is not set')
    return os.environ[name].strip()


def _content(path: Path) -> str:
    expected = "a readable text file with the secret"
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise Wrong(expected, f'"{path}" ({reason(error)})') from None
    except ValueError:
        raise Wrong(expected, f'"{path}", which is no UTF-8 text') from None


def reason(error: OSError) -> str:
    """Why a file cannot be read, in lower case: "no such file or directory"."""
    return (error.strerror or type(error).__name__).lower()


def smarthost(value: object, base: Path) -> Smarthost:
    """`smtp://[user:password@]host[:port]`, or `smtps://` for TLS from the first byte (RFC 8314 §3.3).

    User and password are percent-decoded. The whole may be a secret, or the password alone (`smtp://relay:env:PASSWORD@mx.example`).
    """
    expected = "a URL such as smtp://mail.example:587 or smtps://user:password@mail.example (with a percent-encoded password)"
    try:
        url = urlsplit(reveal(text(value, expected), base))
        port = _PORTS[url.scheme] if url.port is None else url.port
    except (KeyError, ValueError) as error:
        raise error if isinstance(error, Wrong) else Wrong(expected) from None
    if not port or url.path.strip("/") or url.query or url.fragment or bool(url.username) != bool(url.password):
        raise Wrong(expected)
    host = _host(url.hostname or "", expected)
    password = _password(url.password or "", base)
    return Smarthost(host, port, unquote(url.username or ""), password, "tls" if url.scheme == "smtps" else "opportunistic")


def _host(host: str, expected: str) -> str:
    """An IP address or a host name; one word will do here."""
    if not is_ip(host):
        try:
            domain(f"{host}.example")
        except Wrong:
            raise Wrong(expected) from None
    return host


def _password(value: str, base: Path) -> str:
    """Percent-decoded, unless it is itself written as a secret; `env%3A…` is a password that begins so."""
    if value.startswith(("env:", "file:")):
        return reveal(unquote(value), base)
    return unquote(value)


def spell_smarthost(value: Smarthost | None) -> str | None:
    """The smarthost as a URL, its password hidden."""
    if value is None:
        return None
    user = f"{quote(value.user, safe='')}:{HIDDEN}@" if value.user else ""
    host = f"[{value.host}]" if ":" in value.host else value.host
    return f"{'smtps' if value.security == 'tls' else 'smtp'}://{user}{host}:{value.port}"


def database(value: object, base: Path) -> str:
    """An SQLAlchemy URL out of `sqlite:///PATH` (relative to `base`) or `postgresql://…`. Raises Wrong."""
    expected = "postgresql://user:password@host/name or sqlite:///PATH"
    url = reveal(text(value, expected), base)
    if postgres := _POSTGRES.match(url):
        return f"postgresql+psycopg://{url[postgres.end() :]}"
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith(":memory:"):
        raise Wrong(expected)
    return f"sqlite:///{base / path}"


def blobs(value: object, base: Path) -> str:
    """A folder (made absolute from `base`), or `s3://bucket/prefix` as it stands. Raises Wrong."""
    expected = "a folder or s3://bucket/prefix"
    found = reveal(text(value, expected), base)
    if found.startswith("s3://") and urlsplit(found).hostname:
        return found
    if not found or _URL.match(found):
        raise Wrong(expected)
    return str(base / found)


def kept_in(value: str, base: Path) -> Path | None:
    """The file in which a value's secret is, by how it is written: `file:PATH`, alone or as a URL's password."""
    written = _written(value)
    return base / written.removeprefix("file:") if written.startswith("file:") else None


def is_plain(value: str) -> bool:
    """Whether a value has a secret in it, as it is written."""
    return bool(written := _written(value)) and not written.startswith(("env:", "file:"))


def _written(value: str) -> str:
    """What stands for the secret: all of `env:NAME` and `file:PATH`, else a URL's password or secret parameter; or ""."""
    scheme = _URL.match(value)
    if not scheme:
        return value if value.startswith(("env:", "file:")) else ""
    who = re.split("[/?#]", value[scheme.end() :])[0].rpartition("@")[0]
    if password := who.partition(":")[2]:
        return unquote(password)
    return next((found for name, found in parse_qsl(value.partition("?")[2]) if _SECRET_WORD.search(name)), "")


def masked(url: str) -> str:
    """A URL, or what was meant for one, without its password and without the values of secret-looking parameters."""
    if url.startswith(("env:", "file:")):
        return url
    scheme = (_URL.match(url) or [""])[0]
    before, at, after = url[len(scheme) :].rpartition("@")
    user = before.partition(":")[0]
    rest = after.partition("?")
    query = [(name, HIDDEN if _SECRET_WORD.search(name) else value) for name, value in parse_qsl(rest[2])]
    shown = f"{user}:{HIDDEN}@" if ":" in before else at and f"{user}@"
    return f"{scheme}{shown}{rest[0]}" + (f"?{urlencode(query, safe='*/:')}" if query else "")
