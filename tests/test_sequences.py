"""Whatever is written, in whatever order, by whomever: a chain's statuses stay lawful, and its events make it what it is.

SEQUENCE_EXAMPLES=2000 makes it a long run.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from relay import arguments, ledger, rules, store, visibility, workflow
from relay.decision import Decision, Turn
from relay.deeds import DEEDS
from relay.ledger import Stamp
from relay.model import Action, Attachment, Chain, Command, Contact, Event, Link, Mail, MailKind, Network, Status, Ticket
from relay.store import EVENTS
from relay.verification import differences
from relay.workflow import CASCADE, ENDED, MOVES, OPEN
from storage.database import Database
from tests.chains import DOMAIN, NOW, applied, network, trees

EXAMPLES = int(os.environ.get("SEQUENCE_EXAMPLES", "120"))
WORDS = sorted(DEEDS)
FILE = Attachment("plan.pdf", "application/pdf", 4, "0" * 64)


# ── mails ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Wish:
    """A command: one that is offered (chosen by `pick`), or `word` with the argument `said`, where LINK is one of the links."""

    offered: bool
    pick: int
    word: str
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    """A mail at the ticket that `seat` chooses, by a person whom `pen` chooses."""

    seat: int = 0
    pen: int = 0
    wishes: tuple[Wish, ...] = ()
    text: str = "Words."
    kind: MailKind = "reply"
    files: bool = False
    note: bool = False
    released: bool = False
    said_before: bool = False
    unknown: tuple[str, ...] = ()
    cut: str = ""
    cc: tuple[int, ...] = ()  # links that the mail also goes to, of the party's own


ARGUMENTS = (
    *("", "", "LINK", "LINK a reason", "LINK, please", "LINK@relay.example.com", "<LINK@relay.example.com> so"),
    *("LINK 4 well done", "LINK until friday", "until 2031-12-05 a reason", "до завтра", "31.02", "5", "3 thank you", "9", "²"),
    *("1h30m on site", "2 д", "soon", "Equipment: pump KB-3", "Equipment", ":", "a:", "FX-77", "x" * (arguments.LONGEST + 1)),
)
wishes = st.builds(
    Wish,
    offered=st.booleans(),
    pick=st.integers(0, 20),
    word=st.sampled_from((*WORDS, *MOVES, "reopen", "pass")),
    said=st.one_of(st.sampled_from(ARGUMENTS), st.text(max_size=12)),
)
rarely = st.sampled_from((False,) * 11 + (True,))
steps = st.builds(
    Step,
    seat=st.sampled_from((0, 0, 1, 1, 2, 2, 3, 4, 5, 6)),
    pen=st.sampled_from((0, 0, 1, 2)),
    wishes=st.sampled_from((1, 1, 1, 1, 0, 2, 3)).flatmap(lambda many: st.lists(wishes, min_size=many, max_size=many)).map(tuple),
    text=st.sampled_from(("Words.", "")),
    kind=st.sampled_from(("reply",) * 11 + ("auto-reply",)),
    files=rarely,
    note=rarely,
    released=rarely,
    said_before=rarely,
    unknown=st.sampled_from((*[()] * 9, ("#acept",), ("#intenal",))),
    cut=st.sampled_from(("", "Room 12")),
    cc=st.sampled_from((*[()] * 4, (0,), (1,))),
)
passing = st.builds(Step, seat=st.sampled_from((0, 0, 1)), cc=st.sampled_from(((0,), (0, 1))))
scripts = st.tuples(
    st.integers(1, 4).flatmap(lambda levels: st.lists(passing, min_size=levels, max_size=levels)),
    st.lists(steps, min_size=4, max_size=12),
).map(lambda parts: [*parts[0], *parts[1]])
extra_links = st.builds(
    lambda number, up, down: Link(f"extra{number}", f"p{up}", f"p{down}"), st.integers(0, 9), st.integers(0, 4), st.integers(0, 4)
)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A tree, and a few links beside it: a second way to the same party, a short cut, a way back."""
    tree = draw(trees(most=6))
    parties = {key for link in tree for key in (link.upstream, link.downstream)}
    more = draw(st.lists(extra_links, max_size=3, unique_by=lambda link: link.key))
    joined = [link for link in more if link.upstream != link.downstream and {link.upstream, link.downstream} <= parties]
    return network(*tree, *joined)


# ── playing ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Play:
    """A chain and all that has happened to it."""

    of: Network
    chain: Chain
    events: tuple[Event, ...] = ()
    mails: int = 0

    def turn(self, step: Step) -> Turn:
        """The mail of a step, as it stands now."""
        ticket = self.chain.tickets[-1 - step.seat % len(self.chain.tickets)]
        offered = rules.actions(self.chain, self.of, ticket)
        own = [link.key for link in self.of.links.values() if link.upstream == ticket.party]
        mail = Mail(
            step.kind,
            self._author(ticket, step.pen),
            text=step.text,
            message_id=f"<{self.mails}@client.example>",
            commands=tuple(self._command(wish, offered) for wish in step.wishes),
            unknown=step.unknown,
            attachments=(FILE,) * step.files,
        )
        return Turn(
            ticket.id,
            mail,
            f"MAIL{self.mails}",
            cut=step.cut,
            links=tuple(dict.fromkeys(own[at % len(own)] for at in step.cc if own)),
            note=step.note,
            released=step.released,
            said_before=step.said_before,
            opening=not self.mails,
        )

    def take(self, turn: Turn) -> Decision:
        """What the mail does, done."""
        decision = rules.decide(self.chain, self.of, turn, NOW + timedelta(minutes=self.mails))
        before, self.mails = self.chain, self.mails + 1
        self.chain, happened = applied(before, decision, len(self.events))
        self.events += happened
        lawful(before, self.chain, turn, happened)
        return decision

    def _author(self, ticket: Ticket, pen: int) -> Contact:
        contacts = self.of.parties[ticket.party].contacts
        return (contacts[0], Contact(f"olga@{ticket.party}.example", "Olga"), Contact("stranger@nowhere.example"))[pen]

    def _command(self, wish: Wish, offered: tuple[Action, ...]) -> Command:
        if wish.offered and offered:
            action = offered[wish.pick % len(offered)]
            return command(action)
        links = list(self.of.links)
        argument = wish.said.replace("LINK", links[wish.pick % len(links)])
        return Command(wish.word, argument, f"#{wish.word} {argument}")


def command(action: Action) -> Command:
    return Command(action.word, action.argument, f"#{action.word} {action.argument}")


def opened(of: Network) -> Play:
    """The party that the first link comes from has written; nothing has been decided yet."""
    first = next(iter(of.links.values())).upstream
    return Play(of, Chain(1, "A-1", "Pump", NOW, (Ticket(1, first),)))


# ── what must hold ─────────────────────────────────────────────────────────────────────────────────────────


def lawful(before: Chain, after: Chain, turn: Turn, happened: tuple[Event, ...]) -> None:
    """Event by event, a status changes by a move that its author may make and has asked for, or as its end above makes it."""
    words = {each.word for each in turn.mail.commands}
    new = after.tickets[len(before.tickets) :]
    assert {ticket.id for ticket in new} == {event.data["ticket"] for event in happened if event.kind == "passed"}
    there = before
    for event in happened:
        assert event.ticket == turn.ticket
        if event.kind == "passed":
            there = replace(there, tickets=(*there.tickets, workflow.born(after.ticket(event.data["ticket"]))))
        elif event.kind == "status":
            target, to = there.ticket(event.data["ticket"]), event.data["status"]
            assert moved(turn.ticket, target, to, words) or followed(there, turn.ticket, target, to, words), (target, event)
        there = workflow.replay(there, (event,))
    assert bare(there) == bare(after), "nothing but events changes a ticket"
    if rules.is_internal(turn) or turn.mail.kind != "reply":
        assert heard(after) == heard(before), "what is internal moves nothing, but for who wants to hear of it"


def moved(seat: int, target: Ticket, to: Status, words: set[str]) -> bool:
    """Whether the party of `seat` may make that change, by one of those words."""
    if target.id == seat:
        side = "upstream" if target.parent is None else "downstream"
    else:
        side = "upstream" if target.parent == seat else ""
    made = [(word, move) for word, move in MOVES.items() if move.side == side and target.status in move.sources and move.to == to]
    return any(word in words for word, _ in made)


def followed(there: Chain, seat: int, target: Ticket, to: Status, words: set[str]) -> bool:
    """Whether the change follows from one above: from its end, or from the return of the whole matter."""
    if target.parent is None:
        return False
    above = there.ticket(target.parent)
    ended = above.status in ENDED and target.status in OPEN and to == CASCADE[above.status]
    whole = above.parent is None and above.id == seat and above.status == "in progress" and "reopen" in words
    return ended or (whole and target.status in MOVES["reopen"].sources and to == "in progress")


def bare(chain: Chain) -> list[Ticket]:
    """The tickets without what no event tells: who takes part, and their addresses."""
    return [replace(ticket, participants=(), thread="", note="") for ticket in chain.tickets]


def heard(chain: Chain) -> list[Ticket]:
    """The tickets without who wants no letters of them."""
    return [replace(ticket, muted=frozenset()) for ticket in bare(chain)]


def sound(play: Play) -> None:
    """What holds of a chain at any time."""
    chain = play.chain
    for ticket in chain.tickets:
        if ticket.parent is not None and ticket.status in OPEN:
            assert chain.ticket(ticket.parent).status in OPEN, f"{ticket} is open below what is over"
    assert bool(workflow.holders(chain)) == (chain.tickets[0].status in OPEN), "an open matter is in somebody's hands"
    made = workflow.replay(replace(chain, tickets=tuple(map(workflow.born, chain.tickets))), play.events)
    assert made == chain, "the events make the chain"
    assert list(differences(chain, play.events)) == []
    assert set(workflow.since(chain, play.events)) == {ticket.id for ticket in workflow.holders(chain)}


def offers(play: Play, ticket: Ticket) -> None:
    """All that is offered at a ticket can be done, and each word that can be is offered, where its party knows all statuses."""
    actions = rules.actions(play.chain, play.of, ticket)
    assert len(set(actions)) == len(actions)
    for action in actions:
        done = tried(play, ticket, command(action))
        assert done, f"{action} is offered to {ticket.party} at ticket {ticket.id} and cannot be done"
    below_it = workflow.below(play.chain, ticket)
    if not all(visibility.tells_status(play.chain, play.of, ticket, below) for below in below_it):
        return  # an offer would tell what the party may not know
    for below in below_it:
        if below.status == "resolved":
            assert "reopen" in {action.word for action in actions}, f"nobody can send ticket {below.id} back"
    for word in MOVES:
        if tried(play, ticket, Command(word, "", f"#{word}")):
            assert word in {action.word for action in actions}, f"#{word} could be done at ticket {ticket.id} and is not offered"


def tried(play: Play, ticket: Ticket, sent: Command) -> bool:
    """Whether that command alone is carried out, and lawfully."""
    author = play.of.parties[ticket.party].contacts[0]
    aside = Play(play.of, play.chain, play.events, play.mails)
    decision = aside.take(Turn(ticket.id, Mail("reply", author, commands=(sent,)), "ASIDE"))
    return bool(decision.events) and not any(order.data.get("problems") for order in decision.orders)


# ── tests ──────────────────────────────────────────────────────────────────────────────────────────────────

going = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@going
@given(networks(), scripts)
def test_a_chain_stays_lawful_whatever_is_written(of: Network, script: list[Step]) -> None:
    play = opened(of)
    for step in script:
        turn = play.turn(step)
        note(f"{turn.ticket}: {[each.line for each in turn.mail.commands]}, Cc {turn.links}")
        play.take(turn)
        note(f"    {[(each.id, each.party, each.parent, each.link, each.status) for each in play.chain.tickets]}")
        sound(play)
        offers(play, play.chain.ticket(turn.ticket))
    for ticket in play.chain.tickets:
        offers(play, ticket)


@settings(going, max_examples=max(8, EXAMPLES // 15))
@given(networks(), scripts)
def test_what_is_stored_is_what_was_decided(of: Network, script: list[Step]) -> None:
    """The same on a real database: what `ledger.save` leaves behind is what these tests take it to be."""
    play = opened(of)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'relay.db'}")
        with database.begin() as connection:
            SQLModel.metadata.create_all(connection)
            stored = ledger.open_chain(connection, "A", "Pump", play.chain.tickets[0].party, NOW)
            for step in script:
                turn = play.turn(step)
                ledger.save(connection, stored, play.take(turn), Stamp(DOMAIN, turn.mail_id, NOW))
                stored = store.load_chain(connection, stored.id)
            events = store.load_events(connection, EVENTS.c.chain_id == stored.id)
        database.close()
    assert bare(stored) == bare(play.chain)
    assert [{contact.address for contact in ticket.participants} for ticket in stored.tickets] == [
        {contact.address for contact in ticket.participants} for ticket in play.chain.tickets
    ]
    assert [(e.kind, e.ticket, dict(e.data)) for e in events] == [(e.kind, e.ticket, dict(e.data)) for e in play.events]
    assert list(differences(stored, events)) == []


# ── what such sequences have found ─────────────────────────────────────────────────────────────────────────

LINE = network(Link("ab", "a", "b"), Link("bc", "b", "c"))
A, B, C = 1, 2, 3


def written(*mails: tuple[int, str]) -> Play:
    """a has opened the chain with b, and b passed it on to c; then these wrote these commands, one mail each."""
    play = opened(LINE)
    for ticket, line in ((A, "pass ab"), (B, "pass bc"), *mails):
        word, _, argument = line.partition(" ")
        author = LINE.parties[play.chain.ticket(ticket).party].contacts[0]
        play.take(Turn(ticket, Mail("reply", author, commands=(Command(word, argument, f"#{line}"),)), f"MAIL{play.mails}"))
        sound(play)
    return play


def statuses(play: Play) -> list[Status]:
    return [ticket.status for ticket in play.chain.tickets]


@pytest.mark.parametrize(
    ("over", "then"),
    [
        ((B, "decline"), ["new", "declined", "cancelled"]),
        ((A, "cancel"), ["cancelled"] * 3),
        ((A, "close"), ["closed"] * 3),
    ],
)
def test_below_what_is_over_nothing_is_reopened(over: tuple[int, str], then: list[Status]) -> None:
    play = written(over, (B, "reopen"), (B, "reopen bc"))
    assert statuses(play) == then
    assert "reopen" not in {action.word for action in rules.actions(play.chain, LINE, play.chain.ticket(B))}


def test_what_was_withdrawn_and_passed_on_anew_stays_withdrawn() -> None:
    play = written((B, "cancel"), (B, "pass bc"), (B, "reopen"))
    assert statuses(play) == ["new", "new", "cancelled", "new"]
    again = written((B, "cancel"), (B, "pass bc"), (B, "cancel"), (B, "reopen"))
    assert statuses(again) == ["new", "new", "cancelled", "in progress"]


def test_the_first_party_sends_back_what_is_said_to_be_done() -> None:
    assert statuses(written((B, "resolved"), (A, "reopen it drips"))) == ["new", "in progress", "new"]
    assert statuses(written((B, "resolved"), (A, "close"), (A, "reopen"))) == ["in progress", "in progress", "closed"]


def test_the_first_party_ends_one_of_several_by_its_link_and_all_without() -> None:
    links = (Link("ab", "a", "b"), Link("ac", "a", "c"))
    for line, then in (
        ("cancel ab too slow", ["new", "cancelled", "new"]),
        ("close ac", ["new", "new", "closed"]),
        ("cancel", ["cancelled"] * 3),
        ("cancel it is late", ["cancelled"] * 3),
    ):
        play = opened(network(*links))
        author = play.of.parties["a"].contacts[0]
        for written_line in ("pass ab", "pass ac", line):
            word, _, argument = written_line.partition(" ")
            sent = Mail("reply", author, commands=(Command(word, argument, f"#{written_line}"),))
            play.take(Turn(A, sent, f"MAIL{play.mails}"))
            sound(play)
        assert statuses(play) == then
