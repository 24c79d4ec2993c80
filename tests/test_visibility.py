"""What a party may see of a chain, and under which name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay import address, rules, visibility, ways, workflow
from relay.model import Attachment, Chain, Contact, Entry, Event, Link, Network, Share, Status, Ticket
from tests.chains import DOMAIN, NOW, chain, chains, crosses, in_person, knows, line, links_of, network, way

STATUSES: tuple[Status, ...] = get_args(Status)

FILE = Attachment("plan.pdf", "application/pdf", 4, "0" * 64)
PICTURE = Attachment("photo.png", "image/png", 4, "1" * 64, "p1")


def comment(ticket: int, text: str = "Words.", *files: Attachment, **more: Any) -> Event:
    return Event(1, "comment", ticket, Contact("w@w.example", "Writer"), NOW, text=text, attachments=files, **more)


def passed(ticket: int, to: int, text: str = "") -> Event:
    return Event(2, "passed", ticket, Contact("w@w.example", "Writer"), NOW, text=text, data={"link": "x", "ticket": to})


def pairs(drawn: tuple[Network, Chain]) -> list[tuple[Ticket, Ticket]]:
    return [(one, other) for one in drawn[1].tickets for other in drawn[1].tickets]


# ── the way between two tickets ────────────────────────────────────────────────────────────────────────────


@given(chains)
def test_a_path_is_the_shortest_way_and_the_same_from_both_ends(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    for near, far in pairs(drawn):
        hops = ways.path(matter, of, near, far)
        assert [hop.link for hop in hops] == way(links_of(of, matter), near.id, far.id)
        back = ways.path(matter, of, far, near)
        assert [(hop.near, hop.far) for hop in hops] == [(hop.far, hop.near) for hop in reversed(back)]
        assert [hop.near.id for hop in hops][1:] == [hop.far.id for hop in hops][:-1]
        assert not hops or (hops[0].near, hops[-1].far) == (near, far)


def test_a_link_that_was_taken_out_of_the_configuration_hides_what_is_behind() -> None:
    of, matter = line("abc")
    without = replace(of, links={"ab": of.links["ab"]})
    seen = visibility.entry(matter, without, matter.ticket(1), comment(3))
    assert seen is not None and (seen.who, seen.party) == ("Firm B", "Firm B")
    assert [seat.party for seat in visibility.seats(matter, without, matter.ticket(1))] == ["Firm A", "Firm B"]


def test_a_party_that_was_taken_out_goes_by_its_key() -> None:
    of, matter = line("ab")
    without = replace(of, parties={"a": of.parties["a"]})
    assert visibility.party_name(matter, without, matter.ticket(1), matter.ticket(2)) == "b"


# ── internal events ────────────────────────────────────────────────────────────────────────────────────────


@given(chains, st.sampled_from(["comment", "automatic", "undelivered", "passed"]))
def test_an_internal_event_is_seen_from_its_own_ticket_only(drawn: tuple[Network, Chain], kind: Any) -> None:
    of, matter = drawn
    for reader, writer in pairs(drawn):
        event = replace(comment(writer.id, "Secret.", FILE), kind=kind, internal=True, data={"ticket": reader.id})
        assert (visibility.entry(matter, of, reader, event) is not None) == (reader.id == writer.id)


@pytest.mark.parametrize("kind", ["automatic", "undelivered"])
def test_what_the_relay_noted_for_one_party_crosses_no_link_even_if_not_marked_internal(kind: Any) -> None:
    of, matter = line("ab")
    event = replace(comment(2), kind=kind, data={"ticket": 1})
    assert visibility.entry(matter, of, matter.ticket(1), event) is None


# ── what links share ───────────────────────────────────────────────────────────────────────────────────────


@given(chains)
def test_text_and_files_cross_where_every_link_shares_them(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    for reader, writer in pairs(drawn):
        links = way(links_of(of, matter), reader.id, writer.id)
        seen = visibility.entry(matter, of, reader, comment(writer.id, "Words.", FILE))
        words, files = crosses(links, "comments"), crosses(links, "attachments")
        assert (seen is not None) == (words or files)
        if seen is not None:
            bare = any(link.identity == "hidden" for link in links)
            assert (seen.text, seen.attachments) == ("Words." if words else "", (replace(FILE, bare=bare),) if files else ())
            assert seen.own == (reader.id == writer.id)


def test_a_file_that_names_its_maker_crosses_no_hidden_link() -> None:
    of, matter = line("abc", "person", "hidden")
    stuck = replace(FILE, stuck=True)
    seen = [visibility.entry(matter, of, matter.ticket(reader), comment(2, "Words.", stuck, FILE)) for reader in (1, 3)]
    assert [entry and entry.attachments for entry in seen] == [(stuck, FILE), (replace(FILE, bare=True),)]
    assert visibility.entry(matter, of, matter.ticket(3), comment(1, "", stuck)) is None


def test_a_file_that_stays_is_told_of_without_the_relays_addresses_in_its_name() -> None:
    of, matter = line("abc", "hidden", "person")
    named = replace(FILE, name=f"{address.note(address.mint(), DOMAIN)} plan.doc", stuck=True)
    seen = visibility.entry(matter, of, matter.ticket(2), comment(3, "Words.", named))
    assert seen is not None and (seen.data["stays"], seen.data["stays_from"]) == (("… plan.doc",), ("Firm A",))


@pytest.mark.parametrize(
    ("share", "text", "files"),
    [
        ({"comments"}, "See , there.", ()),
        ({"attachments"}, "", (PICTURE,)),
        ({"comments", "attachments"}, "See [cid:p1], there.", (PICTURE,)),
    ],
)
def test_a_picture_that_does_not_cross_leaves_no_mark(share: set[Share], text: str, files: tuple[Attachment, ...]) -> None:
    of, matter = line("ab", share=frozenset(share))
    seen = visibility.entry(matter, of, matter.ticket(1), comment(2, "See [cid:p1], there.", PICTURE))
    assert seen is not None and (seen.text, seen.attachments) == (text, files)


@pytest.mark.parametrize("text", ["[cid:p1]", "[cid:p1]\n[cid:p2]", " \n"])
def test_a_comment_of_which_nothing_is_left_is_no_entry(text: str) -> None:
    of, matter = line("ab", share=frozenset({"comments"}))
    assert visibility.entry(matter, of, matter.ticket(1), comment(2, text, PICTURE)) is None


# ── names ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("identities", "reader", "writer", "who", "as_party"),
    [
        (("person", "person"), 1, 3, "Writer", "Firm C"),
        (("person", "party"), 1, 3, "Firm C", "Firm C"),
        (("party", "person"), 1, 3, "Firm C", "Firm C"),
        (("person", "hidden"), 1, 3, "Firm B", "Firm B"),
        (("party", "hidden"), 1, 3, "Firm B", "Firm B"),
        (("hidden", "person"), 1, 3, "Firm B", "Firm B"),
        (("hidden", "hidden"), 1, 3, "Firm B", "Firm B"),
        (("person", "hidden"), 3, 1, "Firm B", "Firm B"),
        (("hidden", "person"), 3, 1, "Firm B", "Firm B"),
        (("person", "hidden"), 2, 3, "Firm C", "Firm C"),
        (("hidden", "person"), 2, 1, "Firm A", "Firm A"),
        (("person", "hidden"), 2, 1, "Writer", "Firm A"),
    ],
)
def test_an_author_is_as_open_as_the_strictest_link(
    identities: tuple[Any, ...], reader: int, writer: int, who: str, as_party: str
) -> None:
    of, matter = line("abc", *identities)
    seen = visibility.entry(matter, of, matter.ticket(reader), comment(writer))
    assert seen is not None and (seen.who, seen.party) == (who, as_party)


@given(chains)
def test_names_beyond_a_hidden_link_never_show(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    for reader, writer in pairs(drawn):
        links = way(links_of(of, matter), reader.id, writer.id)
        who, as_party = visibility.author_name(matter, of, reader, comment(writer.id))
        firm = of.parties[writer.party].name
        assert as_party == visibility.party_name(matter, of, reader, writer)
        assert (as_party == firm) == knows(links)
        assert who == ("Writer" if in_person(links) else as_party)


@given(chains)
def test_a_stand_in_is_the_last_that_the_reader_knows_on_the_way(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    for reader, writer in pairs(drawn):
        hops = ways.path(matter, of, reader, writer)
        on_the_way = [reader, *(hop.far for hop in hops)]
        known = [on_the_way[at] for at in range(len(on_the_way)) if knows([hop.link for hop in hops[:at]])]
        assert ways.stand_in(reader, writer, hops) == known[-1]


@pytest.mark.parametrize("name", ["w@w.example", "Writer w@w.example", "Writer (w@w.example)"])
def test_a_display_name_that_is_an_address_gives_way_to_the_partys_name(name: str) -> None:
    of, matter = line("ab")
    event = replace(comment(2), author=Contact("w@w.example", name))
    assert visibility.author_name(matter, of, matter.ticket(1), event) == ("Firm B", "Firm B")


def test_a_display_name_that_is_a_thread_address_does_not_cross() -> None:
    of, matter = line("ab")
    token = matter.ticket(2).thread
    event = replace(comment(2), author=Contact("w@w.example", f"Writer t-{token}"))
    assert token not in "".join(visibility.author_name(matter, of, matter.ticket(1), event))


def test_an_author_without_a_name_is_his_party_to_others_and_his_address_to_his_own() -> None:
    of, matter = line("ab")
    event = replace(comment(2), author=Contact("w@w.example"))
    ours, theirs = (visibility.entry(matter, of, matter.ticket(at), event) for at in (2, 1))
    assert ours is not None and ours.who == "w@w.example"
    assert theirs is not None and theirs.who == "Firm B"


# ── addresses ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from("tnb"), st.booleans())
def test_the_relays_addresses_are_taken_out_of_text_and_file_names(prefix: str, with_domain: bool) -> None:
    of, matter = line("ab")
    token = address.mint()
    written = f"{prefix}-{token}" + (f"@{DOMAIN}" if with_domain else "")
    event = comment(2, f"Write to {written}, please.", replace(FILE, name=f"{written}.pdf"))
    theirs, ours = (visibility.entry(matter, of, matter.ticket(at), event) for at in (1, 2))
    assert theirs is not None and theirs.text == "Write to …, please." and theirs.attachments[0].name == "….pdf"
    assert ours is not None and written in ours.text


# ── passing on ─────────────────────────────────────────────────────────────────────────────────────────────


def passing(*identities: Any, reader: int, to: int, share: set[Share] | None = None) -> dict[str, Any] | None:
    """What the reader in a line a, b, c, d sees of ticket `to` being passed on to by the one above it."""
    of, matter = line("abcd", *identities, **({"share": frozenset(share)} if share is not None else {}))
    seen = visibility.entry(matter, of, matter.ticket(reader), passed(to - 1, to, "With care."))
    return None if seen is None else {**seen.data, "who": seen.who, "text": seen.text}


def test_passing_on_says_to_whom() -> None:
    everyone = ("person", "person", "person")
    assert passing(*everyone, reader=1, to=4) == {"to": "Firm D", "mine": False, "who": "Writer", "text": "With care."}
    assert passing(*everyone, reader=4, to=4) == {"to": "Firm D", "mine": True, "who": "Writer", "text": "With care."}


def test_passing_on_beyond_a_hidden_link_is_not_seen() -> None:
    assert passing("person", "hidden", "person", reader=1, to=4) is None
    assert passing("person", "person", "hidden", reader=1, to=4) is None
    assert passing("person", "person", "hidden", reader=2, to=4) is None
    assert passing("hidden", "person", "person", reader=1, to=3) is None
    assert passing("hidden", "person", "person", reader=1, to=2) is not None


def test_who_is_brought_in_always_sees_that_he_was() -> None:
    found = passing("person", "person", "hidden", reader=4, to=4, share=set())
    assert found == {"to": "Firm D", "mine": True, "who": "Firm C", "text": ""}


def test_passing_on_crosses_only_where_status_does() -> None:
    everyone = ("person", "person", "person")
    assert passing(*everyone, reader=1, to=4, share={"comments", "attachments"}) is None
    found = passing(*everyone, reader=1, to=4, share={"status"})
    assert found is not None and found["text"] == ""


def test_nobody_is_seen_passing_on_to_himself() -> None:
    of, matter = line("abc", "person", "hidden")
    top, middle, low = matter.tickets
    assert visibility.entry(matter, of, low, passed(top.id, middle.id)) is None
    assert visibility.entry(matter, of, low, passed(middle.id, low.id)) is not None


def test_what_ones_own_closing_makes_of_tickets_beyond_a_hidden_link_is_not_seen() -> None:
    of, matter = line("abc", "person", "hidden")
    closed = [
        Event(1, "status", 1, Contact("w@w.example"), NOW, data={"ticket": number, "status": "closed"}) for number in (1, 2, 3)
    ]
    assert [seen.data["to"] for seen in visibility.entries(matter, of, matter.ticket(1), closed)] == ["Firm A", "Firm B"]


def test_who_passed_on_sees_to_whom_also_over_a_hidden_link() -> None:
    found = passing("person", "person", "hidden", reader=3, to=4)
    assert found is not None and found["to"] == "Firm D"


@pytest.mark.parametrize("share", [frozenset[Share]({"comments"}), frozenset[Share]({"status"})])
def test_who_ends_a_ticket_sees_that_and_nothing_of_what_followed_beyond_a_hidden_link(share: frozenset[Share]) -> None:
    of, matter = line("abcd", "person", "hidden", "person", share=share)
    ended = [Event(1, "status", 2, Contact("b@b.example"), NOW, data={"ticket": at, "status": "closed"}) for at in (3, 4)]
    (seen,) = visibility.entries(matter, of, matter.ticket(2), ended)
    assert seen.own and seen.data == {"to": "Firm C", "mine": False, "status": "closed"}


def test_a_failed_delivery_beyond_a_hidden_link_is_told_of_its_stand_in() -> None:
    of, matter = line("abcd", "person", "hidden", "person")
    event = Event(3, "undelivered", 1, Contact(""), NOW, internal=True, data={"ticket": 4, "reason": "refused"})
    seen = visibility.entry(matter, of, matter.ticket(1), event)
    assert seen is not None and seen.data == {"to": "Firm B", "mine": False, "reason": "refused"}


# ── seats ──────────────────────────────────────────────────────────────────────────────────────────────────


@given(chains)
def test_seats_are_the_tickets_that_the_reader_knows_each_once(drawn: tuple[Network, Chain]) -> None:
    of, matter = drawn
    for reader in matter.tickets:
        seats = visibility.seats(matter, of, reader)
        known = {t.party for t in matter.tickets if knows(way(links_of(of, matter), reader.id, t.id))}
        assert sorted(seat.party for seat in seats) == sorted(of.parties[key].name for key in known)
        assert [seat.party for seat in seats if seat.own] == [of.parties[reader.party].name]
        assert seats[0].depth == 0 and all(low.depth - high.depth <= 1 for high, low in pairwise(seats))


@given(chains)
def test_status_and_number_show_where_every_link_shares_them(drawn: tuple[Network, Chain]) -> None:
    of, bare = drawn
    matter = replace(bare, tickets=tuple(replace(t, status="accepted", reference=f"R-{t.id}") for t in bare.tickets))
    for reader in matter.tickets:
        for seat in visibility.seats(matter, of, reader):
            ticket = next(t for t in matter.tickets if of.parties[t.party].name == seat.party)
            links = way(links_of(of, matter), reader.id, ticket.id)
            assert seat.status == ("accepted" if crosses(links, "status") else None)
            assert seat.reference == (ticket.reference if crosses(links, "reference") else "")


def test_hidden_levels_leave_no_gap() -> None:
    of, matter = line("abcde", "person", "hidden", "hidden", "person")
    seats = visibility.seats(matter, of, matter.ticket(5))
    assert [(seat.party, seat.depth) for seat in seats] == [("Firm D", 0), ("Firm E", 1)]


def test_branches_are_listed_each_below_its_own() -> None:
    links = (Link("ab", "a", "b"), Link("bc", "b", "c"), Link("ad", "a", "d"), Link("be", "b", "e"))
    seats = visibility.seats(chain(*links), network(*links), chain(*links).ticket(1))
    names = [(seat.party[-1], seat.depth) for seat in seats]
    assert names == [("A", 0), ("B", 1), ("C", 2), ("E", 2), ("D", 1)]


# ── statuses, numbers, ratings, time, facts ────────────────────────────────────────────────────────────────

DATA: dict[str, dict[str, Any]] = {
    "status": {"status": "resolved", "until": None},
    "reference": {"reference": "SECRET-1"},
    "rating": {"stars": 4},
    "time": {"minutes": 90},
    "field": {"name": "Equipment", "value": "pump"},
}


@given(chains, st.data())
def test_facts_cross_only_where_their_share_does_and_to_whom_they_concern(
    drawn: tuple[Network, Chain], data: st.DataObject
) -> None:
    of, matter = drawn
    tickets, ways = st.sampled_from(matter.tickets), links_of(of, matter)
    reader, author, about = data.draw(tickets), data.draw(tickets), data.draw(tickets)
    kind = data.draw(st.sampled_from(sorted(DATA)))
    facts: dict[str, Any] = DATA[kind] | ({"ticket": about.id} if kind in ("status", "rating") else {})
    event = Event(3, kind, author.id, Contact("w@w.example", "Writer"), NOW, text="Why.", data=facts)  # type: ignore[arg-type]
    seen = visibility.entry(matter, of, reader, event)
    assert visibility.entry(matter, of, reader, replace(event, internal=True)) is None or reader == author
    if reader == author:
        return
    there = way(ways, reader.id, author.id)
    target = way(ways, reader.id, (about if kind in ("status", "rating") else author).id)
    may = {
        "status": crosses(there, "status") and crosses(target, "status") and knows(target),
        "reference": crosses(there, "reference") and knows(target),
        "rating": about == reader,
        "time": author.parent == reader.id,
        "field": crosses(there, "fields"),
    }[kind]
    assert (seen is not None) == may
    if seen is not None:
        assert seen.text == ("Why." if crosses(there, "comments") else "") and seen.who in ("Writer", seen.party)


def test_the_earlier_value_of_a_fact_is_seen_where_its_own_was() -> None:
    of, matter = line("abc")
    narrow = replace(of, links={**of.links, "ab": replace(of.links["ab"], share=frozenset[Share]({"comments"}))})
    event = replace(comment(2), kind="field", data={"name": "Serial", "value": "7", "before": "6", "of": 1})
    seen = {key: visibility.entry(matter, net, matter.ticket(3), event) for key, net in (("open", of), ("narrow", narrow))}
    assert seen["open"] is not None and seen["open"].data == {"name": "Serial", "value": "7", "before": "6"}
    assert seen["narrow"] is not None and seen["narrow"].data == {"name": "Serial", "value": "7"}


def test_a_quoted_line_is_seen_by_those_who_may_see_whose_it_is() -> None:
    of, matter = line("abc", "person", "person")
    closed = replace(of.links["ab"], share=frozenset({"status"}))
    answer = replace(comment(2, "Tomorrow."), data={"answered": [{"quote": "When?", "answer": "Tomorrow.", "of": 1}]})
    assert text_of(visibility.entry(matter, of, matter.ticket(3), answer)) == "> When?\nTomorrow."
    narrow = replace(of, links={**of.links, "ab": closed})
    assert text_of(visibility.entry(matter, narrow, matter.ticket(3), answer)) == "Tomorrow."
    assert text_of(visibility.entry(matter, narrow, matter.ticket(2), answer)) == "Tomorrow."


def test_equal_answers_keep_their_own_questions() -> None:
    of, matter = line("abc", "person", "person")
    narrow = replace(of, links={**of.links, "ab": replace(of.links["ab"], share=frozenset[Share]({"status"}))})
    told = [("Secret?", 1), ("", None), ("When?", 2)]
    data = {"answered": [{"quote": quote, "answer": "Yes.", "of": of} for quote, of in told]}
    answer = replace(comment(2, "Yes.\n\nYes.\n\nYes."), data=data)
    assert text_of(visibility.entry(matter, narrow, matter.ticket(3), answer)) == "Yes.\n\nYes.\n\n> When?\nYes."


def text_of(entry: Entry | None) -> str:
    assert entry is not None
    return entry.text


# ── the same as HTML ───────────────────────────────────────────────────────────────────────────────────────

TABLE = '<div><b>See</b> <a href="https://a.example/x">there</a> <a href="https://b.example/y">too</a><img src="cid:p1"></div>'
TOLD = "See there <https://a.example/x> too[cid:p1]"


def structured(share: frozenset[Share], identity: Any = "person", text: str = TOLD, made: str = TABLE) -> str:
    """What crosses a link of a comment's HTML."""
    of, matter = line("ab")
    link = replace(of.links["ab"], share=share, identity=identity)
    said = replace(comment(2, text, PICTURE), data={"html": made, "cut": "old"})
    seen = visibility.entry(matter, replace(of, links={"ab": link}), matter.ticket(1), said)
    assert seen is not None and not seen.data.keys() & {"html", "cut"}
    return seen.html


def test_a_comment_crosses_as_html_where_its_text_does() -> None:
    all_of_it: frozenset[Share] = frozenset({"comments", "attachments"})
    assert structured(all_of_it) == structured(all_of_it, "party") == TABLE
    assert structured(frozenset({"attachments"})) == ""
    assert structured(frozenset({"comments"})) == TABLE.replace('<img src="cid:p1">', "")


def test_across_a_hidden_link_no_address_crosses_that_the_text_does_not_say() -> None:
    crossed = structured(frozenset({"comments", "attachments"}), "hidden")
    assert crossed == TABLE.replace('<a href="https://b.example/y">too</a>', "too")


@pytest.mark.parametrize("hidden", ["t-{}@" + DOMAIN, "n-{}", "%3Cb-{}%40"])
def test_html_with_an_address_of_the_relay_does_not_cross(hidden: str) -> None:
    written = hidden.format("a2" * 13)
    all_of_it: frozenset[Share] = frozenset({"comments", "attachments"})
    assert structured(all_of_it, text=f"{TOLD} t-{'a2' * 13}@{DOMAIN}") == ""
    assert structured(all_of_it, made=f'{TABLE}<a href="https://c.example/?{written}">x</a>') == ""


def test_its_writers_own_party_sees_its_comment_as_it_was_written() -> None:
    of, matter = line("ab")
    seen = visibility.entry(matter, of, matter.ticket(2), replace(comment(2, TOLD), data={"html": TABLE}))
    assert seen is not None and seen.html == TABLE


# ── whose turn it is ───────────────────────────────────────────────────────────────────────────────────────


@given(chains, st.lists(st.tuples(st.integers(0, 12), st.sampled_from(STATUSES)), max_size=6))
def test_whose_turn_it_is_tells_no_status_that_a_link_does_not_share(
    made: tuple[Network, Chain], moves: list[tuple[int, Status]]
) -> None:
    """What a party sees and is offered is the same, whatever has become of the tickets whose status it may not know."""
    of, matter = made
    events = [
        Event(number, "passed", ticket.parent or 0, Contact("x@x.example"), NOW, data={"ticket": ticket.id, "link": ticket.link})
        for number, ticket in enumerate(matter.tickets, 1)
        if ticket.parent is not None
    ]
    for hours, (at, status) in enumerate(moves, 1):
        moved = matter.tickets[at % len(matter.tickets)].id
        data = {"ticket": moved, "status": status, "until": None}
        when = NOW + timedelta(hours=hours)
        events.append(Event(100 + hours, "status", moved, Contact("x@x.example"), when, data=data))
    for reader in matter.tickets:
        links = links_of(of, matter)
        told = {ticket.id for ticket in matter.tickets if may_know_status(links, reader.id, ticket.id)}
        known = [event for event in events if event.kind != "status" or event.data["ticket"] in told]
        now, without = workflow.replay(matter, events), workflow.replay(matter, known)
        assert seen_by(now, of, reader.id, events) == seen_by(without, of, reader.id, known)


def may_know_status(links: Any, reader: int, ticket: int) -> bool:
    return reader == ticket or all("status" in link.share for link in way(links, reader, ticket))


def seen_by(chain: Chain, of: Network, reader: int, events: list[Event]) -> tuple[Any, ...]:
    ticket = chain.ticket(reader)
    turns = [(seat.party, seat.ball) for seat in visibility.seats(chain, of, ticket)]
    return turns, visibility.balls(chain, of, ticket, events), rules.actions(chain, of, ticket)
