"""Who is of a party, and who gets its letters: pure questions to the configuration."""

from __future__ import annotations

from collections.abc import Iterable

from relay import address
from relay.model import Contact, Network, Party, Ticket


def belongs(network: Network, party_key: str, who: str, participants: Iterable[Contact] = ()) -> bool:
    """Whether an address is of that party: a contact, its desk, someone of its domains, or a participant of the ticket."""
    party = network.parties.get(party_key)
    known = [*participants, *party.contacts] if party else [*participants]
    if party and party.desk:
        known.append(Contact(party.desk.address))
    return any(address.same(contact.address, who) for contact in known) or bool(party and address.split(who)[1] in party.domains)


def introduced(network: Network, party_key: str, author: Contact) -> Contact:
    """The author by the name that he gave in his mail, or else by the one that the configuration has for him."""
    party = network.parties.get(party_key)
    known = (contact for contact in (party.contacts if party else ()) if address.same(contact.address, author.address))
    return author if author.name else next(known, author)


def recipients(network: Network, ticket: Ticket) -> tuple[Contact, ...]:
    """Who gets the letters of a ticket: the party's desk, or else its contacts and participants, but for the muted."""
    party = network.parties.get(ticket.party)
    if party and party.desk:
        return (Contact(party.desk.address, party.name),)
    everyone = [contact for contact in known(network, ticket) if contact.address.lower() not in ticket.muted]
    return tuple({address.split(contact.address): contact for contact in reversed(everyone)}.values())[::-1]


def known(network: Network, ticket: Ticket) -> tuple[Contact, ...]:
    """The party's contacts and the ticket's participants, whether they get its letters or not."""
    return (*party_of(network, ticket.party).contacts, *ticket.participants)


def party_of(network: Network, key: str) -> Party:
    """The party of that key; one that was taken out of the configuration has only its key."""
    return network.parties.get(key) or Party(key, key)
