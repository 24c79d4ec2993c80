"""What no single key can tell: names that hang in the air, addresses used twice, keys that are no address.

The checks read the raw tables, so that a mistake in one place never hides one in another; what has the wrong type is
passed over here, for the schema has already said so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from relay import address, keywords
from relay.config.mistakes import Where, dotted, shown
from relay.config.units import Wrong, contact, near
from relay.errors import Mistake

Tables = dict[str, Any]
Found = tuple[Where, str, str]  # where, what was found, what was expected
LINK_KEY = re.compile(r"(?a)[a-z0-9_-]+(\.[a-z0-9_-]+)*")
PARTY_KEY = re.compile(r"(?a)[a-z0-9][a-z0-9_-]*")


def across(file: str, data: Tables, base: Path) -> Iterator[Mistake]:
    """Every mistake between the tables of the file, which is in the folder `base`."""
    found = (*(each for check in CHECKS for each in check(data)), *languages(data, base))
    yield from (Mistake(file, dotted(where), what, expected) for where, what, expected in found)


def languages(data: Tables, base: Path) -> Iterator[Found]:
    """A language has a catalogue: a built-in one, or one in the folder of templates."""
    templates = _table(data, "relay").get("templates")
    own = sorted(path.stem for path in (base / templates).glob("*.po")) if isinstance(templates, str) else []
    known = list(dict.fromkeys((*keywords.LANGUAGES, *own)))
    expected = f"{' or '.join(shown(code) for code in known)}, or a catalogue of it in [relay] templates"
    parties: list[tuple[Where, Tables]] = [(("parties", key), party) for key, party in _tables(data, "parties").items()]
    for where, table in (("relay",), _table(data, "relay")), *parties:
        if isinstance(code := table.get("language"), str) and code not in known:
            yield (*where, "language"), shown(code), expected + near(code, known)


def party_keys(data: Tables) -> Iterator[Found]:
    """A party's key is a lower-case word."""
    for key in _tables(data, "parties"):
        if not PARTY_KEY.fullmatch(key):
            yield ("parties", key), f"the key {shown(key)}", "a lower-case word: letters a-z, digits, - and _"


def reachable(data: Tables) -> Iterator[Found]:
    """A party has somebody to write to, or at least somebody who may write."""
    for key, party in _tables(data, "parties").items():
        if not (party.get("contacts") or party.get("domains") or party.get("desk")):
            yield (
                ("parties", key),
                "neither contacts nor domains nor desk",
                "at least one contact, or nobody gets its letters",
            )


def read_by_somebody(data: Tables) -> Iterator[Found]:
    """A digest, and a report, has a reader."""
    for key, party in _tables(data, "parties").items():
        for name in ("digest", "report"):
            found = party.get(name)
            if isinstance(found, dict) and not found.get("to") and not party.get("contacts"):
                yield ("parties", key, name, "to"), "nobody", "at least one address, as the party has no contacts"


def addresses_once(data: Tables) -> Iterator[Found]:
    """One address is one contact, or desk, of one party."""
    seen: dict[tuple[str, str], Where] = {}
    for where, found in _written(data):
        first = seen.setdefault(address.split(found), where)
        if first is not where:
            yield where, f'"{found}", which is already {dotted(first)}', "each address once"


def domains_once(data: Tables) -> Iterator[Found]:
    """One domain belongs to one party."""
    seen: dict[str, Where] = {}
    for where, found in _domains(data):
        first = seen.setdefault(found.strip().lower(), where)
        if first is not where:
            yield where, f'"{found}", which is already {dotted(first)}', "each domain once"


def not_ours(data: Tables) -> Iterator[Found]:
    """Nobody lives at the relay's own domain: a letter to itself would go round for ever."""
    own = _table(data, "relay").get("domain")
    if not isinstance(own, str) or not own:
        return
    own = own.strip().lower()
    written = [(where, found, address.split(found)[1]) for where, found in (*_written(data), *_also_written(data))]
    for where, found, domain in (*written, *((where, found, found.strip().lower()) for where, found in _domains(data))):
        if domain == own:
            yield where, f'"{found}", at the domain of the relay itself', "an address or domain outside of the relay"


def link_keys(data: Tables) -> Iterator[Found]:
    """A link's key is a local part in lower case (RFC 5321 §4.5.3.1.1), and not one that means something else."""
    for key in _tables(data, "links"):
        if not LINK_KEY.fullmatch(key) or len(key) > 64:
            expected = "a local part of an address: lower-case letters a-z, digits, -, _ and ., at most 64 characters"
        elif key in address.RESERVED or address.parse(f"{key}@relay.example", "relay.example", ()):
            expected = "another key: that address has a meaning of its own"
        else:
            continue
        yield ("links", key), f"the key {shown(key)}", expected


def link_ends(data: Tables) -> Iterator[Found]:
    """A link goes from one configured party to another."""
    parties = _table(data, "parties")
    for key, link in _tables(data, "links").items():
        for end in ("from", "to"):
            name = link.get(end)
            if isinstance(name, str) and name not in parties:
                yield ("links", key, end), shown(name), f"the key of a party under [parties]{near(name, parties)}"
        if isinstance(link.get("from"), str) and link["from"] == link.get("to"):
            yield ("links", key, "to"), f"{shown(link['to'])}, the party itself", 'another party than "from"'


def fields_once(data: Tables) -> Iterator[Found]:
    """A link asks for each fact once."""
    for key, link in _tables(data, "links").items():
        seen: set[str] = set()
        for index, name in _texts(link.get("fields")):
            if name.strip().casefold() in seen:
                yield ("links", key, "fields", index), f"{shown(name)} a second time", "each field once"
            seen.add(name.strip().casefold())


CHECKS: tuple[Callable[[Tables], Iterator[Found]], ...] = (
    party_keys,
    reachable,
    read_by_somebody,
    addresses_once,
    domains_once,
    not_ours,
    link_keys,
    link_ends,
    fields_once,
)


def _table(data: Tables, name: str) -> Tables:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _tables(data: Tables, name: str) -> dict[str, Tables]:
    return {key: one for key, one in _table(data, name).items() if isinstance(one, dict)}


def _texts(value: object) -> list[tuple[int, str]]:
    return [(index, one) for index, one in enumerate(value) if isinstance(one, str)] if isinstance(value, list) else []


def _written(data: Tables) -> Iterator[tuple[Where, str]]:
    """The addresses that letters go to, each a contact's or a desk's."""
    for key, party in _tables(data, "parties").items():
        for index, one in _texts(party.get("contacts")):
            yield from _bare(("parties", key, "contacts", index), one)
        desk = party.get("desk")
        if isinstance(desk, dict):
            yield from _bare(("parties", key, "desk", "address"), desk.get("address"))


def _also_written(data: Tables) -> Iterator[tuple[Where, str]]:
    """The addresses of the postmaster and of the readers of digests and reports."""
    yield from _bare(("relay", "postmaster"), _table(data, "relay").get("postmaster"))
    for key, party in _tables(data, "parties").items():
        for name in ("digest", "report"):
            found = party.get(name)
            for index, one in _texts(found.get("to")) if isinstance(found, dict) else []:
                yield from _bare(("parties", key, name, "to", index), one)


def _bare(where: Where, value: object) -> Iterator[tuple[Where, str]]:
    try:
        yield where, contact(value).address
    except Wrong:
        return


def _domains(data: Tables) -> Iterator[tuple[Where, str]]:
    for key, party in _tables(data, "parties").items():
        for index, one in _texts(party.get("domains")):
            yield ("parties", key, "domains", index), one
