"""What one mail does to a chain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import deeds, keywords, people, rules, workflow
from relay.decision import Decision, Problem, Turn
from relay.model import Attachment, Chain, Command, Contact, Desk, Event, Link, Mail, MailKind, Network, Ticket
from tests.chains import NOW, chain, chains, line, network, party

FILE = Attachment("plan.pdf", "application/pdf", 4, "0" * 64)
B = Contact("b@b.example", "Person B")
# a → b → c, and b's second way: to d; b passes back to a over "ba", c over "ca".
LINKS = (Link("ab", "a", "b"), Link("bc", "b", "c"), Link("bd", "b", "d"), Link("ba", "b", "a"), Link("ca", "c", "a"))
NET = network(*LINKS)
MATTER = chain(*LINKS[:2])


def mail(text: str = "Words.", *commands: str, author: Contact = B, **more: Any) -> Mail:
    """A mail with commands as "word argument"."""
    given = tuple(Command(*each.partition(" ")[::2], line=f"#{each}") for each in commands)
    return Mail("reply", author, text=text, commands=given, message_id="<m@b.example>", **more)


def decide(sent: Mail, ticket: int = 2, of: Network = NET, matter: Chain = MATTER, **more: Any) -> Decision:
    return rules.decide(matter, of, Turn(ticket, sent, "MAIL1", **more), NOW)


def letters(done: Decision) -> set[tuple[str, str]]:
    """Kind and recipient of each letter, but for a receipt that says nothing was wrong."""
    return {(order.kind, order.to.address) for order in done.orders if order.kind != "receipt" or order.data["problems"]}


def problems(done: Decision) -> list[dict[str, str]]:
    """What the receipt says was not done; there is one at most."""
    receipts = [order for order in done.orders if order.kind in ("receipt", "opened")]
    assert len(receipts) <= 1
    return list(receipts[0].data["problems"]) if receipts else []


def reasons(done: Decision) -> list[str]:
    return [problem["reason"] for problem in problems(done)]


# ── comments ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_comment_goes_to_every_other_party() -> None:
    done = decide(mail("Words.", attachments=(FILE,)))
    assert [(event.kind, event.ticket, event.internal, event.text) for event in done.events] == [("comment", 2, False, "Words.")]
    assert done.events[0].attachments == (FILE,) and done.events[0].message_id == "<m@b.example>"
    assert (done.events[0].mail_id, done.events[0].at, done.events[0].author) == ("MAIL1", NOW, B)
    assert letters(done) == {("comment", "a@a.example"), ("comment", "c@c.example")}
    assert not done.tickets and not done.participants


@given(chains, st.data())
def test_a_public_comment_orders_one_letter_to_each_contact_that_may_see_it(
    drawn: tuple[Network, Chain], data: st.DataObject
) -> None:
    of, matter = drawn
    ticket = data.draw(st.sampled_from(matter.tickets))
    author = of.parties[ticket.party].contacts[0]
    done = decide(mail(author=author), ticket.id, of, matter)
    told = [order.ticket for order in done.orders if order.kind == "comment"]
    assert ticket.id not in told and len(set(told)) == len(told)
    # Where nobody may see it, the author alone hears, and hears why.
    others = [(order.kind, order.to) for order in done.orders if order.kind != "comment"]
    assert others == ([] if told or len(matter.tickets) == 1 else [("receipt", author)])


@given(chains, st.data())
def test_an_internal_comment_orders_letters_to_its_own_party_only(drawn: tuple[Network, Chain], data: st.DataObject) -> None:
    of, matter = drawn
    ticket = data.draw(st.sampled_from(matter.tickets))
    own = of.parties[ticket.party]
    colleague = Contact(f"x@{ticket.party}.example")
    done = decide(mail("Secret.", author=colleague), ticket.id, of, matter, note=True)
    assert all(event.internal for event in done.events)
    assert letters(done) == {("note", contact.address) for contact in own.contacts}
    assert {order.ticket for order in done.orders} == {ticket.id}


def test_the_author_gets_no_letter_about_his_own_words() -> None:
    parties = {"b": party("b", contacts=(B, Contact("B2@b.example"))), "c": party("c", contacts=(Contact("B@B.example"),))}
    of = network(*LINKS, **parties)
    assert letters(decide(mail(), of=of)) == {("comment", "a@a.example")}
    assert letters(decide(mail("Secret.", "internal"), of=of)) == {("note", "B2@b.example")}


@pytest.mark.parametrize("share", [frozenset(), frozenset({"status", "reference", "fields"})])
def test_no_letter_without_anything_to_see(share: Any) -> None:
    of, matter = line("abc", share=share)
    done = decide(mail(), of=of, matter=matter)
    assert letters(done) == {("receipt", "b@b.example")} and reasons(done) == ["not-shared"]


def test_files_alone_are_a_comment() -> None:
    done = decide(mail("", attachments=(FILE,)))
    assert [event.attachments for event in done.events] == [(FILE,)] and len(letters(done)) == 2


def test_a_mail_in_which_nothing_is_new_is_told_to_its_author() -> None:
    done = decide(mail(""))
    assert done.events == () and letters(done) == {("receipt", "b@b.example")} and reasons(done) == ["nothing-new"]
    assert done.orders[0].event is None and done.orders[0].ticket == 2


def test_what_was_said_before_is_not_said_again() -> None:
    assert decide(mail(), said_before=True) == Decision()
    done = decide(mail(), said_before=True, links=("bd",))
    assert [event.kind for event in done.events] == ["passed"] and letters(done) == {("pass", "d@d.example")}


# ── automatic mail ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [kind for kind in MailKind.__args__ if kind != "reply"])  # type: ignore[attr-defined]
def test_an_automatic_mail_is_noted_and_answered_by_nobody(kind: Any) -> None:
    sent = replace(mail("Away.", "pass bd", author=Contact("x@b.example"), attachments=(FILE,)), kind=kind)
    done = decide(sent, links=("bd",), problems=(Problem("", "foreign-address"),))
    assert [(event.kind, event.internal, event.text) for event in done.events] == [("automatic", True, "Away.")]
    assert (done.tickets, done.orders, done.participants) == ((), (), ())


# ── internal ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "note"),
    [
        (mail("Secret.", "internal"), False),
        (mail("Secret.", "internal and something"), False),
        (mail("Secret.", "ref 5", "internal"), False),
        (mail("Secret."), True),
        (mail("#intenal\nSecret.", unknown=("#intenal",)), False),
        (mail("# Internall\nSecret.", unknown=("# Internall",)), False),
        (mail("#внутренее\nSecret.", unknown=("#внутренее",)), False),
        (mail("＃INTERNEL: look\nSecret.", unknown=("＃INTERNEL: look",)), False),
    ],
)
def test_an_internal_mail_is_internal_whole(sent: Mail, note: bool) -> None:
    turn = Turn(2, sent, "MAIL1", note=note)
    assert rules.is_internal(turn)
    assert [event.internal for event in rules.decide(MATTER, NET, turn, NOW).events] == [True]


def test_a_misspelt_internal_is_told() -> None:
    done = decide(mail("Secret.", unknown=("#intenal",)))
    assert problems(done) == [{"line": "#intenal", "reason": "internal-suspected"}]
    assert letters(done) == {("receipt", "b@b.example")}


@pytest.mark.parametrize("line", ["#acept", "#hystory", "#passs fix", "#", ""])
def test_another_misspelt_command_leaves_the_mail_public(line: str) -> None:
    done = decide(mail("Words.", unknown=(line,)))
    assert [event.internal for event in done.events] == [False]
    assert problems(done) == [{"line": line, "reason": "unknown-command"}]
    assert letters(done) == {("comment", "a@a.example"), ("comment", "c@c.example"), ("receipt", "b@b.example")}


@pytest.mark.parametrize(
    ("line", "signature", "reason"),
    [
        ("#resolved, but do not #close yet", "", "several-commands"),
        ("#resolved", "Ivan\n #resolved\nNorth", "in-signature"),
        ("#internl", "#internl", "internal-suspected"),
    ],
)
def test_a_line_that_was_not_read_as_a_command_is_told_with_its_reason(line: str, signature: str, reason: str) -> None:
    done = decide(mail("Words.", unknown=(line,), signature=signature))
    assert problems(done) == [{"line": line, "reason": reason}]


def test_words_after_a_status_command_go_to_the_others_with_it() -> None:
    done = decide(mail("", "accept выезжаем завтра"))
    assert [(event.kind, event.text) for event in done.events] == [("status", "выезжаем завтра")]
    assert ("comment", "a@a.example") in letters(done) and not problems(done)


def test_words_that_nobody_may_see_with_a_status_are_told() -> None:
    links = [replace(link, share=frozenset({"comments"})) for link in LINKS]
    done = decide(mail("", "accept выезжаем завтра"), of=network(*links), matter=chain(*links[:2]))
    assert problems(done) == [{"line": "выезжаем завтра", "reason": "remark-not-shared"}]
    assert not problems(decide(mail("", "accept"), of=network(*links), matter=chain(*links[:2])))


@pytest.mark.parametrize("word", ["status", "help", "history", "mute"])
def test_words_after_a_command_that_takes_none_are_told(word: str) -> None:
    assert problems(decide(mail("", f"{word} когда приедете?"))) == [{"line": f"#{word} когда приедете?", "reason": "words-left"}]
    assert not problems(decide(mail("", f"{word} !")))


@pytest.mark.parametrize("way", ["command", "address"])
def test_an_internal_mail_passes_nothing_on(way: str) -> None:
    sent = mail("Secret.", "internal", *(["pass bd"] if way == "command" else []))
    done = decide(sent, links=("bd",) if way == "address" else ())
    assert done.tickets == () and [event.kind for event in done.events] == ["comment"]
    assert problems(done) == [{"line": "#pass bd", "reason": "pass-internal", "link": "bd", "party": "Firm D"}]
    assert letters(done) == {("receipt", "b@b.example")}


# ── passing on ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("bd", ""),
        ("BD", ""),
        ("bd with care", "with care"),
        ("bd@relay.example.com", ""),
        ("<bd@relay.example.com> with  care", "with  care"),
        ("bd, please", "please"),
        ("bd\u00a0please", "please"),
        ("bd\tplease", "please"),
    ],
)
def test_passing_on_opens_a_ticket_below(argument: str, text: str) -> None:
    done = decide(mail("Over to you.", f"pass {argument}"))
    (new,) = done.tickets
    assert (new.party, new.parent, new.link, new.status) == ("d", 2, "bd", "new") and new.id < 0
    said, passed = done.events
    assert (said.kind, passed.kind) == ("comment", "passed") and len({said.id, passed.id}) == 2
    assert passed.data == {"link": "bd", "ticket": new.id} and passed.text == text and not passed.internal
    assert letters(done) == {("pass", "d@d.example"), ("comment", "a@a.example"), ("comment", "c@c.example")}
    assert [order.event for order in done.orders if order.kind == "pass"] == [passed.id]
    assert not problems(done)


def test_one_mail_may_pass_on_twice_by_command_and_address() -> None:
    matter = chain(LINKS[0])
    done = decide(mail("", "pass bc now"), matter=matter, links=("bd",))
    assert {(ticket.party, ticket.id) for ticket in done.tickets} == {("c", -1), ("d", -2)}
    assert [event.data["ticket"] for event in done.events] == [ticket.id for ticket in done.tickets]
    assert {("pass", "c@c.example"), ("pass", "d@d.example")} <= letters(done)


def test_the_same_link_by_command_and_address_is_one() -> None:
    done = decide(mail("", "pass bd now", "pass bd"), links=("bd",))
    assert len(done.tickets) == 1


def test_a_link_passed_before_is_told_when_it_is_commanded_and_no_news_in_cc() -> None:
    done = decide(mail("Words.", "pass bc"))
    assert problems(done) == [{"line": "#pass bc", "reason": "already-passed", "link": "bc", "party": "Firm C"}]
    assert done.tickets == () and ("comment", "c@c.example") in letters(done)
    assert decide(mail("Words."), links=("bc",)) == decide(mail("Words."))


def test_nothing_goes_round_in_a_circle() -> None:
    assert reasons(decide(mail("Words.", "pass ba"))) == ["loop"]
    assert reasons(decide(mail("Words.", "pass ca"), ticket=3)) == ["loop"]
    assert reasons(decide(mail("Words."), links=("ba",))) == ["loop"]


def test_a_chain_has_an_end() -> None:
    links = tuple(Link(f"l{at}", f"p{at}", f"p{at + 1}") for at in range(deeds.DEEPEST))
    of, full, shorter = network(*links), chain(*links[:-1]), chain(*links[:-2])
    assert len(full.tickets) == deeds.DEEPEST
    refused = decide(mail("", f"pass {links[-1].key}"), full.tickets[-1].id, of, full)
    assert reasons(refused) == ["too-deep"] and refused.tickets == ()
    assert decide(mail("", f"pass {links[-2].key}"), shorter.tickets[-1].id, of, shorter).tickets != ()


@pytest.mark.parametrize("argument", ["ab", "ca", "ca@relay.example.com", "nonsense", "", "a@b@c"])
def test_a_link_that_is_not_ones_own_is_as_unknown_as_none(argument: str) -> None:
    done = decide(mail("Words.", f"pass {argument}".strip()))
    (problem,) = problems(done)
    assert problem["reason"] == "unknown-link" and problem["links"] == "bc, bd, ba"
    assert problem["nearest"] in {"", "bc", "bd", "ba"} and done.tickets == ()
    assert ("comment", "a@a.example") in letters(done)


@pytest.mark.parametrize(
    ("written", "nearest"), [("repiars", "repairs"), ("repair", "repairs"), ("vendor2", "vendor"), ("cleaning", "")]
)
def test_the_nearest_of_ones_own_links_is_named(written: str, nearest: str) -> None:
    links = (Link("repairs", "b", "c"), Link("vendor", "b", "d"), Link("cleaning-crew", "c", "e"))
    (problem,) = problems(decide(mail("Words.", f"pass {written}"), of=network(LINKS[0], *links), matter=chain(LINKS[0])))
    assert problem["nearest"] == nearest


# ── people ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_colleague_who_writes_joins_the_ticket() -> None:
    of = network(*LINKS, b=party("b", domains=("b.example",)))
    other = Contact("olga@b.example", "Olga")
    assert decide(mail(author=other), of=of).participants == ((2, other),)
    joined = replace(MATTER, tickets=(MATTER.tickets[0], replace(MATTER.tickets[1], participants=(other,)), MATTER.tickets[2]))
    assert decide(mail(author=Contact("OLGA@b.example")), of=of, matter=joined).participants == ()
    assert ("comment", other.address) in letters(decide(mail(author=Contact("a@a.example")), 1, of, joined))


def test_a_released_stranger_speaks_but_does_not_join_and_hears_nothing() -> None:
    stranger = Contact("stranger@nowhere.example", "Stranger")
    done = decide(mail("Words.", "rate 9", "pass zz", author=stranger, unknown=("#acept",)), released=True)
    assert done.participants == ()
    assert letters(done) == {("comment", "a@a.example"), ("comment", "c@c.example")}


def test_who_opens_a_chain_is_told_so() -> None:
    opened = Chain(1, "A-1", "Pump", NOW, (Ticket(1, "a"),))
    done = decide(mail(author=Contact("a@a.example")), 1, matter=opened, links=("ab",), opening=True)
    assert letters(done) == {("opened", "a@a.example"), ("pass", "b@b.example")}


def test_recipients_are_contacts_and_participants_each_once() -> None:
    twice = (Contact("one@b.example", "One"), Contact("ONE@b.example"), Contact("two@b.example"))
    of = network(*LINKS, b=party("b", contacts=twice))
    ticket = Ticket(2, "b", participants=(Contact("Two@B.example", "Later"), Contact("three@b.example")))
    found = [contact.address.lower() for contact in people.recipients(of, ticket)]
    assert sorted(found) == ["one@b.example", "three@b.example", "two@b.example"]


def test_a_desk_gets_its_partys_letters() -> None:
    of = network(*LINKS, b=party("b", name="Desk Ltd", desk=Desk("rt", "support@desk.example")))
    ticket = Ticket(2, "b", participants=(Contact("x@b.example"),))
    assert people.recipients(of, ticket) == (Contact("support@desk.example", "Desk Ltd"),)


def test_a_party_that_is_gone_has_only_its_participants() -> None:
    gone = replace(NET, parties={key: each for key, each in NET.parties.items() if key != "b"})
    ticket = Ticket(2, "b", participants=(Contact("x@b.example"),))
    assert people.recipients(gone, ticket) == ticket.participants
    assert not people.belongs(gone, "b", "b@b.example") and people.belongs(gone, "b", "X@b.example", ticket.participants)
    assert decide(mail(author=Contact("x@b.example")), of=gone).events


@pytest.mark.parametrize(
    ("who", "is_of"),
    [
        ("b@b.example", True),
        ("B@B.Example", True),
        ("anyone@north.example", True),
        ("anyone@sub.north.example", False),
        ("anyone@evilnorth.example", False),
        ("north.example", False),
        ("support@desk.example", True),
        ("other@desk.example", False),
        ("joined@elsewhere.example", True),
        ("", False),
        ("@", False),
    ],
)
def test_who_is_of_a_party(who: str, is_of: bool) -> None:
    of = network(*LINKS, b=party("b", domains=("north.example",), desk=Desk("rt", "support@desk.example")))
    assert people.belongs(of, "b", who, (Contact("joined@elsewhere.example"),)) is is_of


# ── what did not arrive ────────────────────────────────────────────────────────────────────────────────────


def test_the_author_is_told_what_did_not_arrive() -> None:
    about = Event(7, "comment", 2, Contact("olga@b.example", "Olga"), NOW)
    facts = {"ticket": 3, "reason": "refused", "event": 7}
    of = network(*LINKS, b=party("b", domains=("b.example",)))
    done = rules.undelivered(MATTER, of, about, facts, NOW)
    (event,) = done.events
    assert (event.kind, event.ticket, event.internal, event.data) == ("undelivered", 2, True, facts)
    assert letters(done) == {("undelivered", "olga@b.example")} and done.orders[0].ticket == 2


def test_the_party_is_told_where_the_author_is_none_of_it() -> None:
    about = Event(7, "comment", 2, Contact("stranger@nowhere.example"), NOW)
    done = rules.undelivered(MATTER, NET, about, {"ticket": 3, "reason": "refused"}, NOW)
    assert letters(done) == {("undelivered", "b@b.example")}


# ── what there is to do, and who has the ball ──────────────────────────────────────────────────────────────


def test_actions_are_the_ways_down_that_are_left() -> None:
    assert passes(MATTER, 2) == ["bd"]
    assert passes(chain(LINKS[0]), 2) == ["bc", "bd"]
    assert passes(MATTER, 3) == []


def passes(matter: Chain, ticket: int) -> list[str]:
    """The links over which the party of that ticket is offered to pass it on."""
    return [action.argument for action in rules.actions(matter, NET, matter.ticket(ticket)) if action.word == "pass"]


@given(chains)
def test_an_action_that_is_offered_works(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    opened = replace(matter, tickets=matter.tickets[: 1 + len(matter.tickets) // 2])
    for ticket in opened.tickets:
        author = of.parties[ticket.party].contacts[0]
        for action in rules.actions(opened, of, ticket):
            done = decide(mail("", f"{action.word} {action.argument}", author=author), ticket.id, of, opened)
            assert not problems(done) and len(done.tickets) == (action.word == "pass") and done.events


def test_the_lowest_open_ticket_has_the_ball() -> None:
    assert [ticket.id for ticket in workflow.holders(MATTER)] == [3]
    closed = replace(MATTER, tickets=(*MATTER.tickets[:2], replace(MATTER.tickets[2], status="declined")))
    assert [ticket.id for ticket in workflow.holders(closed)] == [2]


# ── subjects ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("subject", "clean"),
    [
        ("Pump", "Pump"),
        ("Re: Pump", "Pump"),
        ("RE: Fwd: AW: Pump", "Pump"),
        ("Re[2]: Ответ: Pump", "Pump"),
        ("[A-17] Pump", "Pump"),
        ("Re: [a-17] Re: Pump", "Pump"),
        ("Pump [A-1] leaks", "Pump leaks"),
        ("[B-17] Pump", "[B-17] Pump"),
        ("Reactor: hot", "Reactor: hot"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_a_subject_is_kept_without_prefixes_and_our_tags(subject: str, clean: str) -> None:
    assert rules.clean_subject(subject, "A") == clean


@given(st.lists(st.sampled_from(["Re: ", "Fwd: ", "[A-3] ", "Отв: ", "Pump ", "- ", "[A-x] "]), max_size=8).map("".join))
def test_cleaning_a_subject_twice_is_as_once(subject: str) -> None:
    once = rules.clean_subject(subject, "A")
    assert rules.clean_subject(once, "A") == once and len(once) <= len(subject)


def test_a_circle_over_a_hidden_link_is_refused_without_naming_it() -> None:
    hidden = (LINKS[0], replace(LINKS[1], identity="hidden"), *LINKS[2:])
    done = decide(mail("Words.", "pass ca"), ticket=3, of=network(*hidden))
    assert reasons(done) == ["impossible"] and done.tickets == ()


def test_every_command_that_is_understood_does_something() -> None:
    assert set(deeds.DEEDS) == set(keywords.COMMANDS)
