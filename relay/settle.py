"""What one mail does, in one transaction: the steps from its recipients to events, letters and "done with this mail".

`settle` runs in the server, for a held mail that is released, and for a mail found in the spool after a crash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, update

from relay import (
    address,
    arrival,
    breaker,
    digester,
    familiar,
    held,
    joining,
    ledger,
    people,
    quotas,
    rules,
    statements,
    store,
    strangers,
    workflow,
)
from relay.arrival import Arrival, Own
from relay.decision import Decision, Order, Problem, Turn
from relay.errors import Deferred, Refused, SmtpError
from relay.ledger import Stamp
from relay.mail import commands
from relay.mail.parts import pictures
from relay.model import Bounce, Contact, Envelope, Mail, Ticket, Verdict
from relay.quotas import Excess
from relay.settings import Settings
from relay.store import LETTERS
from relay.undelivered import Failure, fail, tell_postmaster

UNKNOWN = Verdict()  # of a mail whose author nobody asks for
ASKED_FOR = ("help", "history", "status", "digest")  # letters that somebody gets because he asks
UNSCANNED = "the scanner does not answer: the files have not been looked at"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mail: the state and reason of its row, and the chain it touched, if one.

    `held_for` and `token` are of a held mail (see `held`); `let_in` are the ids of held mails that are to be settled now.
    """

    state: str
    reason: str = ""
    chain_id: int | None = None
    held_for: str = ""
    token: str | None = None
    let_in: tuple[str, ...] = ()


def settle(
    connection: Connection,
    settings: Settings,
    envelope: Envelope,
    mail: Mail,
    stamp: Stamp,
    *,
    verdict: Verdict = UNKNOWN,
    size: int = 0,
    released: str = "",
) -> Outcome | SmtpError:
    """Does all that `mail`, of `size` bytes, does. Returns the answer, with none of it done, for one that is not to be taken.

    It is returned, not raised, because a raised one would roll back the mails that share the transaction.
    `verdict` says what the mail shows of its author; `released` is the party for which a person has let it in.
    """
    if mail.kind == "reply" and not envelope.mail_from:
        mail = replace(mail, kind="auto-reply")  # the null return-path: nobody waits for an answer (RFC 3834 §2)
    case = Arrival(connection, settings, envelope, mail, stamp, verdict, size, released, _identity(mail))
    if no := arrival.sort(case):
        return no
    if case.strange and case.useless:
        return _hold(case)
    if settings.relay.domain in mail.loops:
        return _remember(case, Outcome("done", "one of the relay's own letters came back: not taken in again"))
    if no := _over_a_limit(case):
        return no
    if (case.own or case.links) and any(file.withheld == "unscanned" for file in mail.attachments):
        return _remember(case, Outcome("held", UNSCANNED, held_for=_party(case)))
    if not store.seen_anywhere(connection, case.identity):  # a mail taken up again stays as it was
        chains = [] if case.links else [own.chain.id for own in case.own]
        case.mail = familiar.without_pictures(connection, pictures.without_ours(case.mail, case.settings.logos), chains)
    return _settled(case)


def _settled(case: Arrival) -> Outcome | SmtpError:
    """What the mail does at each of its addresses."""
    if no := _turn(case):
        return no
    strangers.misused(case)
    for token in dict.fromkeys(case.returns):
        _returned(case, token)
    for token in dict.fromkeys(case.decisions):
        _decided(case, token)
    for party in dict.fromkeys(case.digests):
        _digest(case, party)
    for token in dict.fromkeys(case.statements):
        _stated(case, token)
    if case.postmaster:
        _forward(case)
    return _remember(case, _outcome(case))


def _hold(case: Arrival) -> Outcome | SmtpError:
    found = strangers.received(case)
    if isinstance(found, SmtpError):
        return found
    party, reason, token = found
    return _remember(case, Outcome("held", reason, held_for=party, token=token))


def _decided(case: Arrival, token: str) -> None:
    """A colleague's word about a held mail."""
    case.done.append("about a held mail")
    row = held.find(case.connection, token)
    if row is not None and case.mail.kind == "reply":
        case.let_in += held.answer(case.connection, row, case.mail, case.stamp)


def _stated(case: Arrival, token: str) -> None:
    """A word about a report: the same mail, brought again, says it once."""
    case.done.append("about a report")
    row = statements.find(case.connection, token)
    if row is None or case.mail.kind != "reply":
        return
    if ledger.first_time(case.connection, case.identity, f"statement:{token}", 0, case.envelope.id):
        statements.answer(case.connection, case.settings, row, case.mail, case.stamp)


def _over_a_limit(case: Arrival) -> Deferred | None:
    """Counts the mail as its party's, unless that has had enough; of which the postmaster hears once a day."""
    party = _party(case)
    if case.released:
        return None
    if not party:
        return _too_much_for_the_postmaster(case)
    if found := quotas.excess(case.connection, case.settings.limits, party, case.size, case.stamp.now):
        return _limited(case, party, found)
    quotas.count(case.connection, party, case.size, case.stamp.now)
    return None


def _party(case: Arrival) -> str:
    """Whose mail it is; "" where it goes to no ticket and no link of its author's, and asks for no digest."""
    own, links = (own.ticket.party for own in case.own), (case.settings.links[key].upstream for key in case.links)
    return next(iter((*own, *links, *case.digests)), "")


def _too_much_for_the_postmaster(case: Arrival) -> Deferred | None:
    """Anybody may write to the postmaster, and so might try to bury him."""
    limits, postmaster = case.settings.limits, f"postmaster@{case.settings.relay.domain}"
    if not case.postmaster or quotas.may_be_answered(case.connection, limits, postmaster, case.stamp.now):
        return None
    return Deferred(451, "4.7.1", "The postmaster has had too many mails today, please send it again tomorrow.", "answers_a_day")


def _limited(case: Arrival, party: str, found: Excess) -> Deferred:
    mark = f"{party}:{found.limit}:{case.stamp.now:%Y-%m-%d}"
    if ledger.first_time(case.connection, mark, "limit", 0, case.envelope.id):
        statement = {
            "what": f"{people.party_of(case.settings.network, party).name} is over a limit: {found.limit}",
            "details": {"Party": party, "Limit": found.limit, "From": case.mail.author.address, "By": case.envelope.peer},
            "text": f"Its mails are answered 451 until the time is up, so honest servers will bring them again. "
            f"This is said once a day. The limit stands under [limits] {found.limit}.",
        }
        tell_postmaster(case.connection, case.settings, case.stamp, statement)
    return found.answer


# ── the turns ──────────────────────────────────────────────────────────────────────────────────────────────


def _turn(case: Arrival) -> SmtpError | None:
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


def _take(case: Arrival, own: Own, links: tuple[str, ...], *, opening: bool = False) -> None:
    marks, target = (case.identity, *case.verdict.signatures), f"chain:{own.chain.id}"
    before = any(store.seen(case.connection, mark, target) is not None for mark in marks)
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
        released=bool(case.released) and not arrival.is_of(case, own.ticket.party, own.ticket.participants),
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
    decision, digests = _digests_apart(case, own.ticket, _answered_within(case, decision))
    ledger.save(case.connection, own.chain, decision, case.stamp)
    for order in digests:
        digester.answer(case.connection, case.settings, own.ticket.party, order.to, case.stamp)
    if case.mail.kind == "reply":
        joining.gather(case.connection, case.settings, own.chain, own.ticket.id, case.stamp)
        breaker.watch(case.connection, case.settings, own.chain.id, own.ticket.id, case.stamp)
    _deaf(case, own, decision)
    case.touched.append(own.chain.id)
    if not rules.is_internal(turn):
        familiar.know_pictures(case.connection, case.mail, own.chain.id, case.envelope.id)
    if not before:
        ledger.note_sighting(case.connection, case.identity, target, own.chain.id, case.envelope.id)
        for mark in case.verdict.signatures:
            ledger.first_time(case.connection, mark, target, own.chain.id, case.envelope.id)


def _answered_within(case: Arrival, decision: Decision) -> Decision:
    """The decision without help and complaints to somebody who has had enough of them for a day."""
    asking = [
        order for order in decision.orders if order.kind in ASKED_FOR or (order.kind == "receipt" and order.data["problems"])
    ]
    limits, now = case.settings.limits, case.stamp.now
    over = [order for order in asking if not quotas.may_be_answered(case.connection, limits, order.to.address, now)]
    if over:
        case.done.append(f"no answer: {over[0].to.address} has had {limits.answers_a_day} today")
    return replace(decision, orders=tuple(order for order in decision.orders if order not in over))


def _digests_apart(case: Arrival, ticket: Ticket, decision: Decision) -> tuple[Decision, list[Order]]:
    """The decision without the digests that it orders: those are of all the party's tickets, as they stand when it is saved.

    Who only writes at this ticket gets the status of this one.
    """
    party = people.party_of(case.settings.network, ticket.party)
    asked = [order for order in decision.orders if order.kind == "digest"]
    rest = tuple(order for order in decision.orders if order not in asked)
    if not asked or arrival.may_read_digest(case, party):
        return replace(decision, orders=rest), asked
    return replace(decision, orders=(*rest, *(replace(order, kind="status") for order in asked))), []


def _deaf(case: Arrival, own: Own, decision: Decision) -> None:
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


def _cut(case: Arrival, ticket: Ticket) -> str:
    """What was cut from the author's last mail here, if he now asks for it to be published."""
    if all(command.word != "full" for command in case.mail.commands):
        return ""
    return store.last_cut(case.connection, ticket.id, case.mail.author.address)


def _answered(case: Arrival, party: str) -> Own | None:
    """The writer's own ticket that a mail to a link's address belongs to: it came before, also goes there, or answers it."""
    for chain_id in store.seen_anywhere(case.connection, case.identity):
        chain = store.load_chain(case.connection, chain_id, lock=True)
        if ticket := next((ticket for ticket in chain.tickets if ticket.party == party), None):
            return Own(chain, ticket, note=arrival.stays_inside(case, ticket))
    place = _named(case, party) or store.find_answered(case.connection, case.mail.references, party)
    if place is None:
        return None
    chain = store.load_chain(case.connection, place[0], lock=True)
    ticket = chain.ticket(place[1])
    return Own(chain, ticket, note=arrival.stays_inside(case, ticket))


def _named(case: Arrival, party: str) -> tuple[int, int] | None:
    """A ticket of that party whose address stands in To or Cc."""
    for to in case.mail.to:
        found = address.parse(to, case.settings.relay.domain, ())
        if found is None or found.kind not in ("thread", "note"):
            continue
        place = store.find_ticket(case.connection, found.kind, found.key)
        if place and store.load_chain(case.connection, place[0]).ticket(place[1]).party == party:
            return place
    return None


def _open(case: Arrival, party: str, links: tuple[str, ...]) -> SmtpError | None:
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
    if found := quotas.too_many_chains(case.connection, case.settings.limits, party, case.stamp.now):
        return _limited(case, party, found)
    quotas.count_chain(case.connection, party, case.stamp.now)
    chain = ledger.open_chain(case.connection, relay.prefix, subject, party, case.stamp.now)
    ledger.note_sighting(case.connection, case.identity, "open", chain.id, case.envelope.id)
    _take(case, Own(chain, chain.tickets[0], note=False), links, opening=True)
    return None


def _tell_of_machine(case: Arrival, party: str) -> None:
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


def _digest(case: Arrival, party: str) -> None:
    """A mail to digest@ is answered with one; what else it says reaches nobody, unless it has other recipients, too."""
    mail, author = case.mail, case.mail.author
    case.done.append("a digest was asked for")
    if mail.kind != "reply" or not ledger.first_time(case.connection, f"digest:{case.identity}", party, 0, case.envelope.id):
        return
    muting = any(command.word == "mute" for command in mail.commands)
    again = not muting and digester.unmute(case.connection, party, author.address)
    if muting:
        _muted(case, party)
    if not quotas.may_be_answered(case.connection, case.settings.limits, author.address, case.stamp.now):
        case.done.append(f"no answer: {author.address} has had {case.settings.limits.answers_a_day} today")
        return
    if muting:
        digester.confirm_mute(case.connection, case.settings, party, author, case.stamp)
        return
    more = mail.text.strip() or mail.attachments or any(command.word != "digest" for command in mail.commands)
    unheard = bool(more) and not (case.touched or case.postmaster)
    digester.answer(case.connection, case.settings, party, author, case.stamp, unheard=unheard, again=again)


def _muted(case: Arrival, key: str) -> None:
    """The author wants no more digests of that party; the postmaster hears of it when nobody is left who gets them."""
    case.done.append("no more digests")
    digester.mute(case.connection, key, case.mail.author.address, case.stamp.now)
    party = people.party_of(case.settings.network, key)
    if party.digest and not digester.readers(case.connection, party):
        statement = {
            "what": f"Nobody of {party.name} gets its digests any more",
            "details": {"Party": key, "Last to ask for it": case.mail.author.address},
            "text": "All whom they are for have asked for no more of them. Whoever of them writes to digest@ gets them again.",
        }
        tell_postmaster(case.connection, case.settings, case.stamp, statement)


def _forward(case: Arrival) -> None:
    """Mail to postmaster@ and abuse@ goes to the postmaster."""
    case.done.append("for the postmaster")
    statement = {
        "what": f"Mail to the postmaster: {case.mail.subject}",
        "details": {"Mail": case.envelope.id, "From": case.mail.author.address, "To": ", ".join(case.envelope.rcpt_to)},
        "text": case.mail.text or case.mail.quoted,
    }
    tell_postmaster(case.connection, case.settings, case.stamp, statement)


def _returned(case: Arrival, token: str) -> None:
    """Mail to a return-path: a delivery report about that letter, or another program's answer to it."""
    letter = store.find_letter(case.connection, token)
    case.done.append("about a letter of ours")
    if letter is None:
        return
    if case.mail.bounce:
        _bounced(case, letter, case.mail.bounce)
    elif letter.ticket_id is not None:
        chain = store.load_chain(case.connection, letter.chain_id, lock=True)
        ticket = chain.ticket(letter.ticket_id)
        _tell_of_filter(case, letter)
        case.mail = _noted(case, letter, believed=arrival.is_believed(case, ticket))
        _take(case, Own(chain, ticket, note=False), ())


def _noted(case: Arrival, letter: Row[Any], *, believed: bool) -> Mail:
    """What of a program's answer to a letter is noted: a reply is none here, whatever it calls itself.

    Whoever has got the letter may write to its return-path, so words that are not proven to be the party's own are left out.
    """
    mail = replace(case.mail, kind="auto-reply") if case.mail.kind == "reply" else case.mail
    return mail if believed else replace(mail, author=Contact(letter.recipient), text="", html="", emoji="")


def _bounced(case: Arrival, letter: Row[Any], bounce: Bounce) -> None:
    """A letter that the server over there has given up is failed and said; one that is late keeps the reason."""
    if letter.state == "failed":
        return
    if bounce.delayed:
        values = {"reply": ledger.storable(f"delayed: {bounce.reason}")[:1000]}
        case.connection.execute(update(LETTERS).where(LETTERS.c.id == letter.id).values(**values))
    else:
        why = Failure("bounced" if bounce.permanent else "expired", bounce.reason)
        fail(case.connection, case.settings, letter, why, case.stamp)


def _tell_of_filter(case: Arrival, letter: Row[Any]) -> None:
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


def _outcome(case: Arrival) -> Outcome:
    chain_id = case.touched[0] if case.touched else None
    if case.again and not case.touched:
        return Outcome("again", "the same mail was taken in before")
    return Outcome("done", "; ".join(dict.fromkeys(case.done)), chain_id, let_in=tuple(case.let_in))


def _remember(case: Arrival, outcome: Outcome) -> Outcome:
    values = mail_values(case.envelope, outcome, case.mail)
    if case.verdict is not UNKNOWN:
        values["verdict"] = dict(case.verdict.evidence)
    ledger.save_mail(case.connection, values)
    return outcome


def mail_values(envelope: Envelope, outcome: Outcome, mail: Mail | None = None) -> dict[str, Any]:
    """The row of a mail."""
    return {
        "id": envelope.id,
        "received_at": envelope.received_at,
        "state": outcome.state,
        "reason": outcome.reason,
        "chain_id": outcome.chain_id,
        "held_for": outcome.held_for,
        "token": outcome.token,
        "sender": mail.author.address if mail else envelope.mail_from,
        "subject": mail.subject if mail else "",
        "message_id": mail.message_id if mail else "",
        "envelope": {"from": envelope.mail_from, "to": list(envelope.rcpt_to), "peer": envelope.peer, "helo": envelope.helo},
    }
