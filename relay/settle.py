"""What one mail does, in one transaction: the steps from its recipients to events, letters and "done with this mail".

`settle` runs in the server, for a held mail that is released, and for a mail found in the spool after a crash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, update

from relay import address, breaker, familiar, ledger, people, rules, store, workflow
from relay.decision import Decision, Problem, Turn
from relay.errors import Refused
from relay.ledger import Stamp
from relay.mail import commands
from relay.model import Bounce, Chain, Envelope, Mail, Ticket
from relay.settings import Settings
from relay.store import LETTERS
from relay.undelivered import Failure, fail, tell_postmaster

NOT_YOURS = "This address is not yours to write to from {}. Write from the address that the relay's letters come to."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail: the state and reason of its row, and the chain it touched, if one."""

    state: str
    reason: str = ""
    chain_id: int | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """A ticket of the writer's that a mail goes to."""

    chain: Chain
    ticket: Ticket
    note: bool


@dataclass(slots=True)
class _Mail:
    """One mail on its way through the steps, and what they have found so far."""

    connection: Connection
    settings: Settings
    envelope: Envelope
    mail: Mail
    stamp: Stamp
    released: bool = False
    identity: str = ""
    own: list[Own] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)  # tokens of return-paths
    postmaster: bool = False
    strange: list[str] = field(default_factory=list)  # parties whose addresses it used without being one of them
    touched: list[int] = field(default_factory=list)
    again: bool = False
    done: list[str] = field(default_factory=list)


def settle(
    connection: Connection, settings: Settings, envelope: Envelope, mail: Mail, stamp: Stamp, *, released: bool = False
) -> Outcome | Refused:
    """Does all that `mail` does. Returns a `Refused`, with nothing written, for a mail to be refused on the line.

    It is returned, not raised, because a raised one would roll back the mails that share the transaction.
    `released`: a person has decided that the author may speak for the party.
    """
    if not envelope.mail_from and mail.kind == "reply":
        mail = replace(mail, kind="auto-reply")  # the null return-path: nobody waits for an answer (RFC 3834 §2)
    case = _Mail(connection, settings, envelope, mail, stamp, released, _identity(mail))
    for recipient in envelope.rcpt_to:
        if refusal := _sort(case, recipient):
            return refusal
    if case.strange and not (case.own or case.links or case.returns or case.postmaster):
        return _stranger(case)
    if settings.relay.domain in mail.loops:
        return _remember(case, Outcome("done", "one of the relay's own letters came back: not taken in again"))
    if not store.seen_anywhere(connection, case.identity):  # a mail taken up again stays as it was
        chains = [] if case.links else [own.chain.id for own in case.own]
        case.mail = familiar.without_pictures(connection, case.mail, chains)
    if refusal := _turn(case):
        return refusal
    for token in dict.fromkeys(case.returns):
        _returned(case, token)
    if case.postmaster:
        _forward(case)
    return _remember(case, _outcome(case))


# ── sorting the recipients ─────────────────────────────────────────────────────────────────────────────────


def _sort(case: _Mail, recipient: str) -> Refused | None:
    found = address.parse(recipient, case.settings.relay.domain, case.settings.links)
    if found is None:
        return Refused(550, "5.1.1", "No such address here.")
    if found.kind == "postmaster":
        case.postmaster = True
    elif found.kind == "return-path":
        case.returns.append(found.key)
    elif found.kind == "link":
        _sort_link(case, found.key)
    else:
        return _sort_ticket(case, found)
    return None


def _sort_link(case: _Mail, key: str) -> None:
    upstream = case.settings.links[key].upstream
    if _may(case, upstream):
        case.links.append(key)
    else:
        case.strange.append(upstream)


def _sort_ticket(case: _Mail, found: address.Address) -> Refused | None:
    place = store.find_ticket(case.connection, found.kind, found.key)
    if place is None:
        return Refused(550, "5.1.1", "No such address here.")
    chain = store.load_chain(case.connection, place[0], lock=True)
    ticket = chain.ticket(place[1])
    if letter := _reported(case, ticket):
        case.returns.append(letter)
        return None
    if not _may(case, ticket.party, ticket):
        case.strange.append(ticket.party)
        return None
    note = found.kind == "note" or _stays_inside(case, ticket)
    before = next((own for own in case.own if own.chain.id == chain.id), None)
    if before is None:
        case.own.append(Own(chain, ticket, note))
    elif note:
        case.own[case.own.index(before)] = replace(before, note=True)
    return None


def _stays_inside(case: _Mail, ticket: Ticket) -> bool:
    """Whether a mail to the thread address is a note all the same: the note address stands beside it, or it answers a note.

    Every letter comes from the thread address, the one that brings a colleague's note too; who answers that one means
    his colleagues. So does one with a note's letter in its new text: it would be shown to all.
    """
    if _goes_to(case, "note", ticket.note) or store.answers_note(case.connection, case.mail, ticket.id):
        return True
    return store.copies_note(case.connection, case.mail.text, ticket.id)


def _reported(case: _Mail, ticket: Ticket) -> str | None:
    """The return-path token of the letter that a delivery report is about, though it came to the thread address of its ticket."""
    bounce = case.mail.bounce
    letter = bounce and store.find_returned(case.connection, bounce.message_id, ticket.id, bounce.recipient)
    return str(letter.token) if letter else None


def _may(case: _Mail, party: str, ticket: Ticket | None = None) -> bool:
    joined = ticket.participants if ticket else ()
    return case.released or people.belongs(case.settings.network, party, case.mail.author.address, joined)


def _goes_to(case: _Mail, kind: address.Kind, key: str) -> bool:
    wanted = address.Address(kind, key)
    return any(address.parse(to, case.settings.relay.domain, case.settings.links) == wanted for to in case.mail.to)


# ── the turns ──────────────────────────────────────────────────────────────────────────────────────────────


def _turn(case: _Mail) -> Refused | None:
    """Each own ticket's turn, then what is left of the links: passing on the chain that the mail answers, or opening one."""
    for own in case.own:
        links = [key for key in case.links if case.settings.links[key].upstream == own.ticket.party]
        case.links = [key for key in case.links if key not in links]
        _take(case, own, tuple(links))
    while case.links:
        party = case.settings.links[case.links[0]].upstream
        links = [key for key in case.links if case.settings.links[key].upstream == party]
        case.links = [key for key in case.links if key not in links]
        if own_ticket := _answered(case, party):
            _take(case, own_ticket, tuple(links))
        elif refusal := _open(case, party, tuple(links)):
            return refusal
    return None


def _take(case: _Mail, own: Own, links: tuple[str, ...], *, opening: bool = False) -> None:
    before = store.seen(case.connection, case.identity, f"chain:{own.chain.id}") is not None
    author = people.introduced(case.settings.network, own.ticket.party, case.mail.author)
    turn = Turn(
        ticket=own.ticket.id,
        mail=replace(case.mail, author=author),
        mail_id=case.envelope.id,
        cut=_cut(case, own.ticket),
        unknown_cut=familiar.unknown_cut(case.connection, case.mail, own.chain.id, case.envelope.id),
        links=links,
        note=own.note,
        said_before=before,
        opening=opening,
        released=case.released,
        nearest={line: commands.nearest(line) for line in case.mail.unknown},
        problems=tuple(Problem("", "foreign-address") for _ in case.strange[:1]),
        answered=familiar.answered_comments(case.connection, case.mail, own.chain.id),
    )
    if before and not links:
        case.again = True
        return
    decision = rules.decide(own.chain, case.settings.network, turn, case.stamp.now)
    case.again = before and not decision.events
    if case.again:
        return
    ledger.save(case.connection, own.chain, decision, case.stamp)
    if case.mail.kind == "reply":
        breaker.watch(case.connection, case.settings, own.chain.id, own.ticket.id, case.stamp)
    _deaf(case, own, decision)
    case.touched.append(own.chain.id)
    if not rules.is_internal(turn):
        familiar.know_pictures(case.connection, case.mail, own.chain.id, case.envelope.id)
    if not before:
        ledger.note_sighting(case.connection, case.identity, f"chain:{own.chain.id}", own.chain.id, case.envelope.id)


def _deaf(case: _Mail, own: Own, decision: Decision) -> None:
    """The postmaster hears of a party of which nobody wants a ticket's letters any more."""
    if not any(event.kind == "mute" for event in decision.events):
        return
    ticket = workflow.replay(own.chain, (event for event in decision.events if event.kind == "mute")).ticket(own.ticket.id)
    if ticket.status not in workflow.ENDED and not people.recipients(case.settings.network, ticket):
        party = people.party_of(case.settings.network, ticket.party).name
        statement = {
            "what": f"Nobody of {party} gets the letters of {own.chain.number} any more",
            "details": {"Party": party, "Chain": own.chain.number, "Last to ask for it": case.mail.author.address},
            "text": "Everyone there has asked for no more letters of it. Whoever of them writes to the ticket gets them again.",
        }
        tell_postmaster(case.connection, case.settings, case.stamp, statement)


def _cut(case: _Mail, ticket: Ticket) -> str:
    """What was cut from the author's last mail here, if he now asks for it to be published."""
    if all(command.word != "full" for command in case.mail.commands):
        return ""
    return store.last_cut(case.connection, ticket.id, case.mail.author.address)


def _answered(case: _Mail, party: str) -> Own | None:
    """The writer's own ticket that a mail to a link's address belongs to: it came before, also goes there, or answers it."""
    for chain_id in store.seen_anywhere(case.connection, case.identity):
        chain = store.load_chain(case.connection, chain_id, lock=True)
        if ticket := next((ticket for ticket in chain.tickets if ticket.party == party), None):
            return Own(chain, ticket, note=_stays_inside(case, ticket))
    place = _named(case, party) or store.find_answered(case.connection, case.mail.references, party)
    if place is None:
        return None
    chain = store.load_chain(case.connection, place[0], lock=True)
    ticket = chain.ticket(place[1])
    return Own(chain, ticket, note=_stays_inside(case, ticket))


def _named(case: _Mail, party: str) -> tuple[int, int] | None:
    """A ticket of that party whose address stands in To or Cc."""
    for to in case.mail.to:
        found = address.parse(to, case.settings.relay.domain, ())
        if found is None or found.kind not in ("thread", "note"):
            continue
        place = store.find_ticket(case.connection, found.kind, found.key)
        if place and store.load_chain(case.connection, place[0]).ticket(place[1]).party == party:
            return place
    return None


def _open(case: _Mail, party: str, links: tuple[str, ...]) -> Refused | None:
    mail, relay = case.mail, case.settings.relay
    if mail.kind != "reply":
        case.done.append("an automatic mail opens no ticket")
        _tell_of_machine(case, party)
        return None
    if rules.is_internal(Turn(0, mail, "")):
        if case.touched:
            case.done.append("an internal mail opens no ticket")
            return None
        return Refused(
            550, "5.7.1", "A new ticket cannot be internal: leave #internal out, or write to the ticket's note address."
        )
    subject = rules.clean_subject(mail.subject, relay.prefix)
    chain = ledger.open_chain(case.connection, relay.prefix, subject, party, case.stamp.now)
    ledger.note_sighting(case.connection, case.identity, "open", chain.id, case.envelope.id)
    _take(case, Own(chain, chain.tickets[0], note=False), links, opening=True)
    return None


def _tell_of_machine(case: _Mail, party: str) -> None:
    """The postmaster hears once of a program that writes to an intake address: it may be one that should open tickets."""
    author = case.mail.author.address.lower()
    mark = hashlib.sha256(f"{author}\0{case.mail.kind}".encode(errors="replace")).hexdigest()
    if not ledger.first_time(case.connection, mark, "machine", 0, case.envelope.id):
        return
    statement = {
        "what": f"A mail of {people.party_of(case.settings.network, party).name} has opened no ticket: no person wrote it",
        "details": {
            "Mail": case.envelope.id,
            "From": author,
            "Subject": case.mail.subject,
            "To": ", ".join(case.envelope.rcpt_to),
            "Taken for": case.mail.kind,
        },
        "text": (
            "Only what a person writes opens a ticket. If a program there is meant to, its mails must not be marked as automatic "
            "or as bulk (Auto-Submitted, Precedence, List-Unsubscribe). This is said once for each sender; the mail is kept."
        ),
    }
    tell_postmaster(case.connection, case.settings, case.stamp, statement)


# ── strangers, returned mail, the postmaster's ─────────────────────────────────────────────────────────────


def _stranger(case: _Mail) -> Outcome | Refused:
    """Nobody whom the party knows: refused on the line, or held for a person to decide, as the party wants it."""
    party = people.party_of(case.settings.network, case.strange[0])
    author = case.mail.author.address
    if party.unknown == "refuse":
        return Refused(550, "5.7.1", NOT_YOURS.format(author))
    reason = f"{author} is not of the party {party.key}"
    statement = {
        "what": f"A mail from {author} to {party.name} is held",
        "details": {"Mail": case.envelope.id, "From": author, "Subject": case.mail.subject, "Why": reason},
        "text": (
            f"Nothing of it has been forwarded. `relay held show {case.envelope.id}` shows it, `relay held release "
            f"{case.envelope.id}` lets it through, `relay held refuse {case.envelope.id}` drops it. If the writer is one of "
            f"theirs, put the address under [parties.{party.key}] contacts."
        ),
    }
    tell_postmaster(case.connection, case.settings, case.stamp, statement)
    return _remember(case, Outcome("held", reason))


def _forward(case: _Mail) -> None:
    """Mail to postmaster@ and abuse@ goes to the postmaster; not what he, or his absence notice, answers himself."""
    if address.same(case.mail.author.address, case.settings.relay.postmaster):
        case.done.append("the postmaster's own mail")
        return
    case.done.append("for the postmaster")
    statement = {
        "what": f"Mail to the postmaster: {case.mail.subject}",
        "details": {"Mail": case.envelope.id, "From": case.mail.author.address, "To": ", ".join(case.envelope.rcpt_to)},
        "text": case.mail.text or case.mail.quoted,
    }
    tell_postmaster(case.connection, case.settings, case.stamp, statement)


def _returned(case: _Mail, token: str) -> None:
    """Mail to a return-path: a delivery report about that letter, or another program's answer to it."""
    letter = store.find_letter(case.connection, token)
    case.done.append("about a letter of ours")
    if letter is None:
        return
    if case.mail.bounce:
        _bounced(case, letter, case.mail.bounce)
    elif letter.ticket_id is not None:
        chain = store.load_chain(case.connection, letter.chain_id, lock=True)
        if case.mail.kind == "reply":
            case.mail = replace(case.mail, kind="auto-reply")  # whatever comes to a return-path is, whatever it calls itself
        _take(case, Own(chain, chain.ticket(letter.ticket_id), note=False), ())
        _tell_of_filter(case, letter)


def _bounced(case: _Mail, letter: Row[Any], bounce: Bounce) -> None:
    """A letter that the server over there has given up is failed and said; one that is late keeps the reason."""
    if letter.state == "failed":
        return
    if bounce.delayed:
        values = {"reply": ledger.storable(f"delayed: {bounce.reason}")[:1000]}
        case.connection.execute(update(LETTERS).where(LETTERS.c.id == letter.id).values(**values))
    else:
        why = Failure("bounced" if bounce.permanent else "expired", bounce.reason)
        fail(case.connection, case.settings, letter, why, case.stamp)


def _tell_of_filter(case: _Mail, letter: Row[Any]) -> None:
    """The postmaster hears once of a filter that keeps letters from somebody: only a person can make it let them through."""
    if case.mail.kind not in ("challenge", "spam-notice"):
        return
    mark = hashlib.sha256(letter.recipient.lower().encode(errors="replace")).hexdigest()
    if not ledger.first_time(case.connection, mark, f"filter:{case.mail.kind}", letter.chain_id, case.envelope.id):
        return
    statement = {
        "what": f"A filter may keep letters from {letter.recipient}",
        "details": {"Letter": str(letter.id), "From": case.mail.author.address, "Subject": case.mail.subject},
        "text": f"This is said once. Ask {letter.recipient} to let mail from @{case.settings.relay.domain} through. "
        f"What the filter wrote:\n\n{case.mail.text}",
    }
    tell_postmaster(case.connection, case.settings, case.stamp, statement)


# ── the end ────────────────────────────────────────────────────────────────────────────────────────────────


def _identity(mail: Mail) -> str:
    """What makes two mails the same: Message-ID and content; without an id, content and Date.

    Desks and mailing lists send other mails under an id already used, so the id alone does not do.
    """
    return hashlib.sha256(f"{mail.message_id or mail.date}\0{mail.content}".encode(errors="replace")).hexdigest()


def _outcome(case: _Mail) -> Outcome:
    chain_id = case.touched[0] if case.touched else None
    if case.again and not case.touched:
        return Outcome("again", "the same mail was taken in before")
    return Outcome("done", "; ".join(dict.fromkeys(case.done)), chain_id)


def _remember(case: _Mail, outcome: Outcome) -> Outcome:
    ledger.save_mail(case.connection, mail_values(case.envelope, outcome, case.mail))
    return outcome


def mail_values(envelope: Envelope, outcome: Outcome, mail: Mail | None = None) -> dict[str, Any]:
    """The row of a mail."""
    return {
        "id": envelope.id,
        "received_at": envelope.received_at,
        "state": outcome.state,
        "reason": outcome.reason,
        "chain_id": outcome.chain_id,
        "sender": mail.author.address if mail else envelope.mail_from,
        "subject": mail.subject if mail else "",
        "message_id": mail.message_id if mail else "",
        "envelope": {"from": envelope.mail_from, "to": list(envelope.rcpt_to), "peer": envelope.peer, "helo": envelope.helo},
    }
