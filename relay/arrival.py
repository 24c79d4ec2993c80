"""One mail on its way through `settle`: whose the addresses are that it goes to, and whether its author may use them.

The address says which ticket; the author must be of that ticket's party, and the mail must show what the party's `trust` asks
for. Neither is enough alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from relay import address, held, people, statements, store
from relay.errors import Deferred, Refused, SmtpError
from relay.ledger import Stamp
from relay.model import Chain, Contact, Envelope, Mail, Party, Proof, Ticket, Verdict
from relay.settings import Settings

NO_SUCH = Refused(550, "5.1.1", "No such address here.")
NO_DIGEST = "This address sends digests to those of the companies here, and {} is not known to be of one."
UNPROVEN = (
    "It is not proven that {author} wrote this mail ({trust} is asked for). Send it through your own mail server, or have its "
    "SPF, DKIM and DMARC records looked at."
)
LATER = "Whether this mail is from {author} cannot be checked now, as the DNS of that domain does not answer. Try again later."
MOVED = "The address of {number} has been renewed. Please send your mail to {new}"


@dataclass(frozen=True, slots=True)
class Own:
    """A ticket of the writer's that a mail goes to."""

    chain: Chain
    ticket: Ticket
    note: bool


@dataclass(frozen=True, slots=True)
class Strange:
    """An address that is not the writer's to use, or that he does not use himself (`elsewhere`): whose, and what it is of.

    `where` is the chain's number or the link's address, `ticket` its ticket, None for a link.
    """

    party: Party
    where: str
    ticket: Ticket | None = None
    elsewhere: bool = False


@dataclass(slots=True)
class Arrival:
    """One mail on its way through the steps, and what they have found so far.

    `released` is the party for which somebody has let it in, "" for a mail that comes by itself. `returns` are tokens of
    return-paths, `decisions` of addresses that take a word about a held mail, `statements` of those that take one about a report,
    `let_in` the ids of held mails to be settled; `digests` are the parties whose digest the author has asked for.
    """

    connection: Connection
    settings: Settings
    envelope: Envelope
    mail: Mail
    stamp: Stamp
    verdict: Verdict
    size: int
    released: str = ""
    identity: str = ""
    own: list[Own] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    postmaster: bool = False
    strange: list[Strange] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    let_in: list[str] = field(default_factory=list)
    again: bool = False
    done: list[str] = field(default_factory=list)

    @property
    def useless(self) -> bool:
        """Whether none of its addresses is its author's to use."""
        words = self.decisions or self.statements or self.digests
        return not (self.own or self.links or self.returns or words or self.postmaster)


def asks(connection: Connection, settings: Settings, envelope: Envelope) -> bool:
    """Whether a party whose addresses the mail goes to asks for a proof, so that DNS must be asked."""
    found = [address.parse(to, settings.relay.domain, settings.links) for to in envelope.rcpt_to]
    if any(one and one.kind == "digest" for one in found):
        return any(party.trust != "address" for party in settings.parties.values())
    keys = {key for one in found if one for key in [_owner(connection, settings, one)] if key}
    return any(people.party_of(settings.network, key).trust != "address" for key in keys)


def _owner(connection: Connection, settings: Settings, found: address.Address) -> str:
    """The party of an address; "" for one that is nobody's."""
    if found.kind == "link":
        return settings.links[found.key].upstream
    if found.kind == "held":
        row = held.find(connection, found.key)
        return str(row.held_for) if row else ""
    if found.kind == "statement":
        row = statements.find(connection, found.key)
        return str(row.party) if row else ""
    if found.kind == "return-path":
        letter = store.find_letter(connection, found.key)
        return store.party(connection, letter.ticket_id) if letter and letter.ticket_id else ""
    return store.owner(connection, found.kind, found.key) if found.kind in ("thread", "note") else ""


def sort(case: Arrival) -> SmtpError | None:
    """Sorts the recipients; the answer for a mail that cannot be taken with one of them."""
    for recipient in case.envelope.rcpt_to:
        found = address.parse(recipient, case.settings.relay.domain, case.settings.links)
        if found is None:
            return NO_SUCH
        if no := _sort(case, found):
            return no
    return None


def _sort(case: Arrival, found: address.Address) -> SmtpError | None:
    if found.kind == "postmaster":
        case.postmaster = True
    elif found.kind == "return-path":
        case.returns.append(found.key)
    elif found.kind == "held":
        return _sort_decision(case, found.key)
    elif found.kind == "digest":
        return _sort_digest(case)
    elif found.kind == "statement":
        return _sort_statement(case, found.key)
    elif found.kind == "link":
        return _sort_link(case, found.key)
    else:
        return _sort_ticket(case, found)
    return None


def _sort_decision(case: Arrival, token: str) -> SmtpError | None:
    """Only those whom the party has in the configuration decide; nobody else may know what the address is."""
    row = held.find(case.connection, token)
    party = row and case.settings.parties.get(row.held_for)
    if not party or not people.belongs(case.settings.network, party.key, case.mail.author.address):
        return NO_SUCH
    if no := unproven(case, party, case.verdict.shows(party.trust)):
        return no
    case.decisions.append(token)
    return None


def _sort_digest(case: Arrival) -> SmtpError | None:
    """The digests of the parties that its author is of, as far as he has proven it; of none, it is no address for him."""
    parties = [party for party in case.settings.parties.values() if may_read_digest(case, party)]
    case.digests += [party.key for party in parties if case.verdict.shows(party.trust) == "yes" and not case.released]
    if not parties:
        return Refused(550, "5.7.1", NO_DIGEST.format(case.mail.author.address))
    return None if case.digests or case.released else unproven(case, parties[0], case.verdict.shows(parties[0].trust))


def may_read_digest(case: Arrival, party: Party) -> bool:
    """Whether the author is of the party, or one of those whom its digest is for; not who only writes at one of its tickets."""
    readers = party.digest.to if party.digest else ()
    return is_of(case, party.key) or any(address.same(case.mail.author.address, reader) for reader in readers)


def _sort_statement(case: Arrival, token: str) -> SmtpError | None:
    """Only the party's own people, and those who get its report, say whether it is right; to nobody else it is an address."""
    row = statements.find(case.connection, token)
    party = row and case.settings.parties.get(row.party)
    if not party or not is_of(case, party.key, statements.readers(party)):
        return NO_SUCH
    if no := unproven(case, party, case.verdict.shows(party.trust)):
        return no
    case.statements.append(token)
    return None


def _sort_link(case: Arrival, key: str) -> SmtpError | None:
    party = case.settings.parties[case.settings.links[key].upstream]
    proof = _proof(case, party)
    if proof == "yes":
        case.links.append(key)
    return _not_his(case, Strange(party, f"{key}@{case.settings.relay.domain}"), proof)


def _sort_ticket(case: Arrival, found: address.Address) -> SmtpError | None:
    place = store.find_ticket(case.connection, found.kind, found.key)
    if place is None:
        return _moved(case, found)
    chain = store.load_chain(case.connection, place[0], lock=True)
    ticket = chain.ticket(place[1])
    if letter := _reported(case, ticket):
        case.returns.append(letter)
        return None
    proof = _proof(case, people.party_of(case.settings.network, ticket.party), ticket.participants)
    if proof == "yes":
        _take_in(case, Own(chain, ticket, found.kind == "note" or stays_inside(case, ticket)))
    return _not_his(case, Strange(people.party_of(case.settings.network, ticket.party), chain.number, ticket), proof)


def _take_in(case: Arrival, own: Own) -> None:
    """A chain that the mail reaches at two addresses gets it once, as a note if one of them makes it one."""
    before = next((one for one in case.own if one.chain.id == own.chain.id), None)
    if before is None:
        case.own.append(own)
    elif own.note:
        case.own[case.own.index(before)] = replace(before, note=True)


def _not_his(case: Arrival, strange: Strange, proof: Proof | None) -> SmtpError | None:
    """What becomes of an address by the proof that its party's own author has given; None is for no one of the party's."""
    if proof is None or proof == "elsewhere":
        case.strange.append(replace(strange, elsewhere=proof is not None))
        return None
    return unproven(case, strange.party, proof)


def unproven(case: Arrival, party: Party, proof: Proof) -> SmtpError | None:
    """The answer to a mail that has not shown what that party's `trust` asks for."""
    author = case.mail.author.address
    if proof == "later":
        return Deferred(451, "4.7.5", LATER.format(author=author))
    return Refused(550, "5.7.26", UNPROVEN.format(author=author, trust=party.trust)) if proof in ("no", "elsewhere") else None


def _proof(case: Arrival, party: Party, participants: Sequence[Contact] = ()) -> Proof | None:
    """How well it is proven that somebody of that party wrote the mail; None where he is nobody of theirs."""
    if case.released:
        return "yes" if case.released == party.key else None
    return case.verdict.shows(party.trust) if is_of(case, party.key, participants) else None


def is_believed(case: Arrival, ticket: Ticket) -> bool:
    """Whether somebody of the ticket's party is proven to have written the mail."""
    return _proof(case, people.party_of(case.settings.network, ticket.party), ticket.participants) == "yes"


def is_of(case: Arrival, party: str, participants: Sequence[Contact] = ()) -> bool:
    """Whether the author is one of the party's: by the configuration, at the ticket, or let in by a colleague."""
    network, who = case.settings.network, case.mail.author.address
    if people.belongs(network, party, who, participants):
        return True
    return any(address.same(who, one.address) for one in held.admitted(case.connection, party))


def _moved(case: Arrival, found: address.Address) -> SmtpError:
    """A former address tells its party's own people the new one, and is no address for anybody else."""
    place = store.find_former(case.connection, found.kind, found.key)
    if place is None:
        return NO_SUCH
    chain = store.load_chain(case.connection, place[0])
    ticket = chain.ticket(place[1])
    proof = _proof(case, people.party_of(case.settings.network, ticket.party), ticket.participants)
    if proof != "yes":
        return NO_SUCH
    new = {"thread": address.thread(ticket.thread, case.stamp.domain), "note": address.note(ticket.note, case.stamp.domain)}
    return Refused(550, "5.1.6", MOVED.format(number=chain.number, new=new[found.kind]))


def stays_inside(case: Arrival, ticket: Ticket) -> bool:
    """Whether a mail to the thread address is a note all the same: the note address stands beside it, or it answers a note.

    Every letter comes from the thread address, the one that brings a colleague's note too; who answers that one means
    his colleagues. So does one with a note's letter in its new text: it would be shown to all.
    """
    if _goes_to(case, "note", ticket.note) or store.answers_note(case.connection, case.mail, ticket.id):
        return True
    return store.copies_note(case.connection, case.mail.text, ticket.id)


def _goes_to(case: Arrival, kind: address.Kind, key: str) -> bool:
    wanted = address.Address(kind, key)
    return any(address.parse(to, case.settings.relay.domain, case.settings.links) == wanted for to in case.mail.to)


def _reported(case: Arrival, ticket: Ticket) -> str | None:
    """The return-path token of the letter that a delivery report is about, though it came to the thread address of its ticket."""
    bounce = case.mail.bounce
    letter = bounce and store.find_returned(case.connection, bounce.message_id, ticket.id, bounce.recipient)
    return str(letter.token) if letter else None
