"""What is accepted but not acted on yet, and what is allowed but doubtful: the warnings of `relay check` and `relay serve`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from relay import address
from relay.config import machine
from relay.config.mistakes import dotted
from relay.settings import Settings

NOT_YET = "is accepted, but not acted on yet"


def warnings(settings: Settings) -> tuple[str, ...]:
    """One sentence for each thing that the reader should know before he relies on it."""
    return tuple(warning for doubt in DOUBTS for warning in doubt(settings))


def _unsigned(settings: Settings) -> Iterator[str]:
    if settings.dkim is None:
        yield "dkim: no key, so letters go unsigned, and many servers will distrust them"


def _trust(settings: Settings) -> Iterator[str]:
    for key, party in settings.parties.items():
        if party.trust == "address":
            where = dotted(("parties", key))
            yield f'{where}: trust = "address": whoever knows an address of a ticket can write in the name of this party'


def _party_keys(settings: Settings) -> Iterator[str]:
    for key, party in settings.parties.items():
        if party.desk:
            yield f"{dotted(('parties', key, 'desk'))} {NOT_YET}"


def _unheard(settings: Settings) -> Iterator[str]:
    for key, party in settings.parties.items():
        if not party.contacts and not party.desk:
            yield f"{dotted(('parties', key))}: no contacts, so nobody gets its letters until somebody of its domains has written"


def _foreign_domain(settings: Settings) -> Iterator[str]:
    owner = {domain: key for key, party in settings.parties.items() for domain in party.domains}
    for key, party in settings.parties.items():
        for index, contact in enumerate(party.contacts):
            other = owner.get(address.split(contact.address)[1], key)
            if other != key:
                where, whose = dotted(("parties", key, "contacts", index)), dotted(("parties", other))
                yield f'{where}: "{contact.address}" is at a domain of {whose}'


def _untold(settings: Settings) -> Iterator[str]:
    for key, link in settings.links.items():
        for name in ("respond_within", "resolve_within"):
            if getattr(link, name) and "status" not in link.share:
                where = dotted(("links", key, name))
                yield f'{where}: the link does not share "status", so {link.upstream} never hears that something is overdue'


def _unasked(settings: Settings) -> Iterator[str]:
    for key, link in settings.links.items():
        if link.fields and "fields" not in link.share:
            yield f'{dotted(("links", key, "fields"))}: the link does not share "fields", so none of them is asked for'


def _closed(settings: Settings) -> Iterator[str]:
    if not settings.links:
        yield "links: there are none, so nobody can open a chain"
    ends = {end for link in settings.links.values() for end in (link.upstream, link.downstream)}
    for key in settings.parties if settings.links else ():
        if key not in ends:
            yield f"{dotted(('parties', key))}: no link goes from or to it"


DOUBTS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    _unsigned,
    _trust,
    _party_keys,
    _unheard,
    _foreign_domain,
    _untold,
    _unasked,
    _closed,
    machine.exposed,
    machine.user,
)
