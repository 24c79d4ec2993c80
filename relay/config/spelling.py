"""The configuration written out again, as it was understood: every default filled in, every secret hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from relay.config.mistakes import dotted
from relay.config.secret import masked, spell_smarthost
from relay.config.units import DAYS, spell_clamd, spell_duration, spell_listen, spell_size
from relay.config.worktime import spell_hours, spell_limit
from relay.model import SHARES, Brand, Contact, Link, Party
from relay.settings import LimitSettings, LoopSettings, ScanSettings, Settings

Plain = dict[str, Any]


def plain(settings: Settings) -> Plain:
    """The tables as plain values for JSON, by the names of relay.toml; None is what was left out."""
    return {
        "relay": _relay(settings),
        "smtp": _smtp(settings),
        "delivery": {
            "smarthost": spell_smarthost(settings.delivery.smarthost),
            "retry_for": spell_duration(settings.delivery.retry_for),
            "connections": settings.delivery.connections,
            "timeout": spell_duration(settings.delivery.timeout),
        },
        "dns": {"nameservers": [spell_listen(one) for one in settings.dns.nameservers]},
        "dkim": {"selector": settings.dkim.selector, "key": str(settings.dkim.key)} if settings.dkim else {"key": None},
        "metrics": {"listen": spell_listen(settings.metrics.listen) if settings.metrics else None},
        "files": {"withhold": sorted(settings.files.withhold)},
        "arc": {"sealers": sorted(settings.arc.sealers)},
        "held": {"expires": spell_duration(settings.held.expires)},
        "limits": _limits(settings.limits),
        "loops": _loops(settings.loops),
        "scan": _scan(settings.scan),
        "brand": _brand(settings.brand),
        "parties": {key: _party(party) for key, party in settings.parties.items()},
        "links": {key: _link(link) for key, link in settings.links.items()},
    }


def _relay(settings: Settings) -> Plain:
    relay = settings.relay
    return {
        "domain": relay.domain,
        "name": relay.name,
        "prefix": relay.prefix,
        "postmaster": relay.postmaster,
        "language": relay.language,
        "timezone": relay.timezone,
        "data": str(relay.data),
        "database": masked(relay.database),
        "blobs": masked(relay.blobs),
        "templates": str(relay.templates) if relay.templates else None,
        "user": relay.user or None,
    }


def _smtp(settings: Settings) -> Plain:
    smtp = settings.smtp
    tls = smtp.tls and {"certificate": str(smtp.tls.certificate), "key": str(smtp.tls.key), "required": smtp.tls.required}
    return {
        "listen": [spell_listen(one) for one in smtp.listen],
        "max_size": spell_size(smtp.max_size),
        "tls": tls,
        "connections": smtp.connections,
        "connections_per_address": smtp.connections_per_address,
        "commands": smtp.commands,
        "recipients": smtp.recipients,
        "idle": spell_duration(smtp.idle),
    }


def _limits(limits: LimitSettings) -> Plain:
    return {**asdict(limits), "bytes_a_day_per_party": spell_size(limits.bytes_a_day_per_party), "own": sorted(limits.own)}


def _loops(loops: LoopSettings) -> Plain:
    return {**asdict(loops), "reflex": spell_duration(loops.reflex), "pause": spell_duration(loops.pause)}


def _scan(scan: ScanSettings | None) -> Plain:
    clamd = scan and spell_clamd((scan.host, scan.port) if scan.port else (scan.path, 0))
    return {"clamd": clamd, "down": scan.down if scan else "hold"}


def _party(party: Party) -> Plain:
    digest, desk = party.digest, party.desk
    return {
        "name": party.name,
        "language": party.language,
        "timezone": party.timezone,
        "contacts": [_contact(one) for one in party.contacts],
        "domains": list(party.domains),
        "trust": party.trust,
        "unknown": party.unknown,
        "digest": digest and {"at": f"{digest.at:%H:%M}", "on": sorted(digest.on, key=DAYS.index), "to": list(digest.to)},
        "desk": desk and {"profile": desk.profile, "address": desk.address},
        "receipts": party.receipts,
        "suggest": party.suggest,
        "hours": spell_hours(party.hours) if party.hours else None,
        "holidays": sorted(party.holidays),
        "remind": party.remind,
        "brand": party.brand and {key: value for key, value in _brand(party.brand).items() if value},
        "report": party.report and {"to": list(party.report.to)},
        "batch": party.batch and spell_duration(party.batch),
    }


def _brand(brand: Brand) -> Plain:
    logo = str(brand.logo.path) if brand.logo else None
    return {"name": brand.name, "colour": brand.colour, "footer": brand.footer or None, "logo": logo}


def _contact(contact: Contact) -> str:
    return f"{contact.name} <{contact.address}>" if contact.name else contact.address


def _link(link: Link) -> Plain:
    return {
        "from": link.upstream,
        "to": link.downstream,
        "share": [one for one in SHARES if one in link.share],
        "fields": list(link.fields),
        "identity": link.identity,
        "respond_within": link.respond_within and spell_limit(link.respond_within),
        "resolve_within": link.resolve_within and spell_limit(link.resolve_within),
    }


def dump(settings: Settings) -> str:
    """The configuration as TOML. It can be loaded again, unless a secret stood in it."""
    found = plain(settings)
    chapters = [_chapter((name,), table) for name, table in found.items() if name not in ("parties", "links")]
    chapters += [_chapter((name, key), table) for name in ("parties", "links") for key, table in found[name].items()]
    return "\n".join(chapters)


def _chapter(name: tuple[str, ...], table: Mapping[str, Any]) -> str:
    lines = [f"[{dotted(name)}]"]
    lines += [f"# {key} is left out" if value is None else f"{key} = {_toml(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A TOML value in one line. A JSON text is a TOML text, but for DEL."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
