"""relay.toml → `Settings`: read the text, hold it against the schema, check across tables, build the frozen values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from relay import brands, model, settings
from relay.config import tables
from relay.config.across import across
from relay.config.mistakes import from_validation
from relay.config.secret import reason
from relay.errors import ConfigError, Mistake

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def load(path: Path) -> settings.Settings:
    """The configuration in that file, checked whole. Raises ConfigError with every mistake in it."""
    file = str(path)
    data = _parsed(file, _text(file, path))
    base = path.absolute().parent
    mistakes: list[Mistake] = []
    root = None
    try:
        root = tables.Root.model_validate(data, context=base)
    except ValidationError as error:
        mistakes += from_validation(file, error)
    mistakes += across(file, data, base)
    if mistakes or root is None:
        raise ConfigError(tuple(dict.fromkeys(mistakes)))
    return _settings(path, base, root)


def _text(file: str, path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError((Mistake(file, "the file", reason(error), "a readable file; relay init makes one"),)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"the byte 0x{content[error.start]:02x}"
        raise ConfigError((Mistake(file, f"line {line}", byte, "text in UTF-8"),)) from None


def _parsed(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax(file, text, str(error)),)) from None
    except RecursionError:
        raise ConfigError((Mistake(file, "the file", "brackets within brackets without end", "TOML"),)) from None


def _syntax(file: str, text: str, told: str) -> Mistake:
    """Where the TOML breaks, and the line as it stands (without its value, which may be a secret)."""
    place = _PLACE.search(told)
    lines = text.splitlines() or [""]
    line = int(place[1]) if place and place[1] else len(lines)
    column = int(place[2]) if place and place[2] else len(lines[-1]) + 1
    why = told[: place.start()] if place else told
    begins = lines[min(line, len(lines)) - 1].partition("=")[0].strip()
    return Mistake(file, f"line {line}, column {column}", f"{begins!r}" if begins else "an empty line", f"TOML ({why.lower()})")


def _settings(path: Path, base: Path, root: tables.Root) -> settings.Settings:
    return settings.Settings(
        path=path,
        relay=_relay(base, root.relay),
        smtp=_smtp(root.smtp),
        delivery=settings.DeliverySettings(**dict(root.delivery)),
        dns=settings.DnsSettings(tuple(root.dns.nameservers)),
        dkim=settings.DkimSettings(root.dkim.selector, root.dkim.key) if root.dkim.key else None,
        metrics=settings.MetricsSettings(root.metrics.listen) if root.metrics.listen else None,
        files=settings.FileSettings(frozenset(root.files.withhold)),
        arc=settings.ArcSettings(frozenset(root.arc.sealers)),
        held=settings.HeldSettings(root.held.expires),
        limits=settings.LimitSettings(**dict(root.limits) | {"own": frozenset(root.limits.own)}),
        loops=settings.LoopSettings(**dict(root.loops)),
        scan=_scan(root.scan),
        parties={key: _party(key, party, root) for key, party in root.parties.items()},
        links={key: _link(key, link) for key, link in root.links.items()},
        brand=_brand(root.brand, root.relay.name, brands.COLOUR),
    )


def _relay(base: Path, table: tables.Relay) -> settings.RelaySettings:
    data = table.data or base / "data"
    given = dict(table) | {"data": data}
    given["database"] = table.database or f"sqlite:///{data / 'relay.db'}"
    given["blobs"] = table.blobs or str(data / "blobs")
    return settings.RelaySettings(**given)


def _smtp(table: tables.Smtp) -> settings.SmtpSettings:
    tls = settings.Tls(**dict(table.tls)) if table.tls else None
    return settings.SmtpSettings(**dict(table) | {"listen": tuple(table.listen), "tls": tls})


def _scan(table: tables.Scan) -> settings.ScanSettings | None:
    if table.clamd is None:
        return None
    where, port = table.clamd
    return settings.ScanSettings(path="" if port else where, host=where if port else "", port=port, down=table.down)


def _brand(table: tables.Brand, name: str, colour: str) -> model.Brand:
    return model.Brand(table.name or name, table.colour or colour, table.footer, table.logo)


def _party(key: str, table: tables.Party, root: tables.Root) -> model.Party:
    relay, colour = root.relay, root.brand.colour or brands.COLOUR
    return model.Party(
        key=key,
        name=table.name or key,
        language=table.language or relay.language,
        timezone=table.timezone or relay.timezone,
        contacts=tuple(table.contacts),
        domains=tuple(table.domains),
        trust=table.trust,
        unknown=table.unknown,
        digest=_digest(table) if table.digest else None,
        desk=model.Desk(table.desk.profile, table.desk.address) if table.desk else None,
        receipts=table.receipts,
        suggest=table.suggest,
        hours=table.hours,
        holidays=frozenset(table.holidays),
        remind=table.remind,
        brand=_brand(table.brand, table.name or key, colour) if table.brand else None,
        report=model.Report(_readers(table, table.report.to)) if table.report else None,
        batch=table.batch,
    )


def _digest(table: tables.Party) -> model.Digest:
    assert table.digest
    return model.Digest(table.digest.at, tuple(table.digest.on), _readers(table, table.digest.to))


def _readers(table: tables.Party, to: list[str]) -> tuple[str, ...]:
    """Those named, or else the party's contacts."""
    return tuple(to or [contact.address for contact in table.contacts])


def _link(key: str, table: tables.Link) -> model.Link:
    given = dict(table) | {"share": frozenset(table.share), "fields": tuple(table.fields_)}
    del given["fields_"]
    return model.Link(key=key, **given)
