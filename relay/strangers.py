"""Mails to addresses that are not their author's to use: refused on the line, or held for a person of the party to decide.

Nothing of such a mail reaches anybody before, and its author is never written to.
"""

from __future__ import annotations

import hashlib

from relay import held, ledger, people, store
from relay.arrival import Arrival, Strange, unproven
from relay.decision import Order
from relay.errors import Deferred, Refused, SmtpError
from relay.undelivered import tell_postmaster

NOT_YOURS = "This address is not yours to write to from {}. Write from the address that the relay's letters come to."
FULL = "Too many mails of strangers wait for a decision here. Try again later."


def received(case: Arrival) -> tuple[str, str, str | None] | SmtpError:
    """What becomes of a mail none of whose addresses is its author's: (the party it is held for, why, token), or the answer."""
    strange = case.strange[0]
    misused(case)
    party, author = strange.party, case.mail.author.address
    if party.unknown == "refuse" and not strange.elsewhere:
        return Refused(550, "5.7.1", NOT_YOURS.format(author))
    if not strange.elsewhere and (no := unproven(case, party, case.verdict.shows(party.trust))):
        return no
    if held.waiting(case.connection, party.key) >= case.settings.limits.held_per_party:
        return Deferred(451, "4.7.1", FULL, "held_per_party")
    return party.key, _why(case, strange), _asked(case, strange)


def _why(case: Arrival, strange: Strange) -> str:
    author = case.mail.author.address
    if strange.elsewhere:
        return f"signed for {author}, but addressed to somebody else and brought by a server that does not speak for {author}"
    return f"{author} is not of the party {strange.party.key}"


def _asked(case: Arrival, strange: Strange) -> str | None:
    """The token of the question to the party. Where nobody can be asked, the postmaster hears once of each author.

    A program's mail is nobody's question. Nor is that of somebody who is known here as another party's: he is not to be named to
    this one, which may stand beyond a hidden link.
    """
    readers = held.readers(strange.party, strange.ticket.participants if strange.ticket else ())
    if case.mail.kind == "reply" and readers and (strange.elsewhere or not _is_known(case)):
        question = held.Question(strange.party, case.mail.author, strange.where, readers, strange.elsewhere)
        return held.ask(case.connection, question, case.stamp)
    if first_time(case, "held", strange.party.key):
        tell_postmaster(case.connection, case.settings, case.stamp, _statement(case, strange))
    return None


def _statement(case: Arrival, strange: Strange) -> dict[str, object]:
    mail, party = case.envelope.id, strange.party
    return {
        "what": f"A mail from {case.mail.author.address} to {party.name} is held",
        "details": {"Mail": mail, "From": case.mail.author.address, "Subject": case.mail.subject, "Why": _why(case, strange)},
        "text": (
            f"Nothing of it has been forwarded. `relay held show {mail}` shows it, `relay held release {mail}` lets it through, "
            f"`relay held refuse {mail}` drops it. If the writer is one of theirs, put the address under "
            f"[parties.{party.key}] contacts. This is said once for each writer."
        ),
    }


def misused(case: Arrival) -> None:
    """The owner of an address hears once that somebody of another party has written to it, but not who: see `_asked`."""
    for strange in case.strange if case.mail.kind == "reply" else ():
        if not strange.elsewhere and _is_known(case) and first_time(case, "misused", f"{strange.party.key}\0{strange.where}"):
            readers = held.readers(strange.party, strange.ticket.participants if strange.ticket else ())
            data = {"state": "misused", "where": strange.where, "party": strange.party.key, "token": ""}
            orders = [Order("held", reader, data=data) for reader in readers]
            ledger.save_orders(case.connection, None, orders, case.stamp)


def _is_known(case: Arrival) -> bool:
    """Whether the author is of some party, by the configuration, by a ticket, or because he was let in."""
    who, network = case.mail.author.address, case.settings.network
    configured = any(people.belongs(network, key, who) for key in network.parties)
    return configured or store.is_somebodys(case.connection, who)


def first_time(case: Arrival, what: str, where: str) -> bool:
    """Whether this author has not done that there before; from now on he has."""
    author = case.mail.author.address.lower()
    mark = hashlib.sha256(f"{author}\0{where}".encode(errors="replace")).hexdigest()
    return ledger.first_time(case.connection, mark, what, 0, case.envelope.id)
