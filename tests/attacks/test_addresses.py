"""Right sender, wrong address: other parties' addresses, those of the wrong kind, and true mails brought to a second place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.keys import key
from tests.attacks.signer import SIGNED, sign
from tests.attacks.world import ADMIN, FORGER, PARTIES, SPARE, Attack, Case, World, words, world
from tests.attacks.zones import EVIL
from tests.harness import DOMAIN, until

ANNA, IVAN, OLGA, SERGEI, KIRA = (
    "anna@shop.example",
    "ivan@north.example",
    "olga@north.example",
    "sergei@fix.example",
    "kira@dkim.example",
)
HELD = {"250 held", "550 5.7.1"}


@pytest.fixture(scope="module")
def relay_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("addresses")) as made:
        yield made


def nothing(world: World, attack: Attack, *recipients: str) -> str:
    """Posts what must publish nothing; the answer. Whoever hears of it is not somebody new."""
    before = world.look()
    answer = world.post(attack, *recipients)
    assert [event for event in world.events(before) if event[0] != "automatic"] == []
    assert world.look().chains == before.chains
    return answer


# ── another party's address ────────────────────────────────────────────────────────────────────────────────

FOREIGN = {
    "the customer at the contractor's thread": ("shop", ANNA, "thread", "north"),
    "the customer at the contractor's notes": ("shop", ANNA, "note", "north"),
    "the contractor at the customer's thread": ("north", IVAN, "thread", "shop"),
    "the contractor at the customer's notes": ("north", IVAN, "note", "shop"),
    "a neighbour at a neighbour's thread": ("keyed", KIRA, "thread", "strict"),
    "a neighbour where strangers are refused": ("keyed", KIRA, "thread", "fix"),
    "a subcontractor at the customer's link": ("fix", SERGEI, f"north@{DOMAIN}", "shop"),
    "a subcontractor at the contractor's link": ("fix", SERGEI, f"{SPARE}@{DOMAIN}", "north"),
    "the customer at the contractor's link": ("shop", ANNA, f"{SPARE}@{DOMAIN}", "north"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_partys_address_does_nothing_for_a_proven_author(relay_world: World, name: str) -> None:
    party, author, where, owner = FOREIGN[name]
    to = {"thread": relay_world.threads[owner], "note": relay_world.notes[owner]}.get(where, where)
    case = Case(party, author, to, "#close\r\nI say it is closed.")
    before = relay_world.look()
    answer = nothing(relay_world, Attack(case.signed(), author), to)
    assert answer == ("250 held" if PARTIES[owner][2] == "hold" else "550 5.7.1")
    told = {recipient for recipient, _ in relay_world.letters(before)}
    assert told <= {ADMIN, *PARTIES[owner][0]}
    relay_world.quiet()
    assert all(case.word not in words(letter) for letter in relay_world.sink.received if letter.recipient != ADMIN)


@pytest.mark.parametrize("link", [SPARE, "strict", "nowhere"])
def test_a_command_cannot_pass_over_a_link_that_is_not_the_partys(relay_world: World, link: str) -> None:
    case = Case("fix", SERGEI, relay_world.threads["fix"], f"#pass {link}")
    tickets = relay_world.rows("select count(*) from tickets")
    assert relay_world.post(Attack(case.signed()), case.to) == "250 done"
    assert relay_world.rows("select count(*) from tickets") == tickets
    assert relay_world.sink.to(f"boss@{SPARE}.example") == []


def test_a_foreign_link_beside_the_own_thread_passes_nothing(relay_world: World) -> None:
    case = Case("fix", SERGEI, relay_world.threads["fix"], "And him, please.")
    tickets = relay_world.rows("select count(*) from tickets")
    raw = sign(case.draft.having(Cc=f"{SPARE}@{DOMAIN}").raw, key("fix.example"), "fix.example")
    relay_world.post(Attack(raw), case.to, f"{SPARE}@{DOMAIN}")
    assert relay_world.rows("select count(*) from tickets") == tickets


# ── addresses of the wrong kind ────────────────────────────────────────────────────────────────────────────


def _token(world: World, kind: str) -> str:
    return {"thread": world.threads["north"], "note": world.notes["north"], "return-path": _return_path(world)}[kind][2:28]


def _return_path(world: World, recipient: str = IVAN) -> str:
    return world.sink.to(recipient)[0].return_path


@pytest.mark.parametrize(
    ("kind", "prefix"), [("return-path", "t"), ("return-path", "n"), ("note", "t"), ("thread", "n"), ("note", "b")]
)
def test_a_token_is_good_for_one_kind_of_address(relay_world: World, kind: str, prefix: str) -> None:
    case = Case("north", IVAN, f"{prefix}-{_token(relay_world, kind)}@{DOMAIN}", "#resolved")
    assert nothing(relay_world, Attack(case.signed()), case.to) == "550 5.1.1"


SPELT = ["t-{token}x@{domain}", "t-{short}@{domain}", "t-{token}+a@{domain}", "x-t-{token}@{domain}", '"t-{token}"@evil.example',
         "t-{token}@{domain}.evil.example", "t-{token}%evil.example@{domain}", "t-{other}@{domain}"]  # fmt: skip


@pytest.mark.parametrize("spelt", SPELT)
def test_an_address_that_is_nearly_one_is_none(relay_world: World, spelt: str) -> None:
    token = _token(relay_world, "thread")
    other = ("a" if token[0] != "a" else "b") + token[1:]
    case = Case("north", IVAN, spelt.format(token=token, short=token[:-1], other=other, domain=DOMAIN), "#resolved")
    assert nothing(relay_world, Attack(case.signed()), case.to) == "550 5.1.1"


@pytest.mark.parametrize("text", ["#resolved", "Your code is 4711."])
def test_what_comes_to_a_return_path_speaks_for_nobody(relay_world: World, text: str) -> None:
    """Everybody who has had a letter knows its return-path; whoever writes there is believed nothing."""
    case = Case("north", IVAN, _return_path(relay_world), text)
    for attack in (Attack(case.draft.raw), Attack(case.signed()), Attack(case.seeming(FORGER))):
        before = relay_world.look()
        nothing(relay_world, attack, case.to)
        assert {recipient for recipient, _ in relay_world.letters(before)} <= {ADMIN}


def test_a_report_to_a_return_path_tells_nobody_what_it_says(relay_world: World) -> None:
    case = Case("north", IVAN, _return_path(relay_world, SERGEI), "")
    raw = (
        f"From: Postmaster <postmaster@{EVIL}>\r\nTo: {case.to}\r\nSubject: s{case.word}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\n\r\nPay to account {case.word}.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; {EVIL}\r\n\r\nFinal-Recipient: rfc822; {SERGEI}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 {case.word}\r\n--b--\r\n"
    ).encode()
    relay_world.post(Attack(raw, ""), case.to)
    relay_world.quiet()
    heard = [letter.recipient for letter in relay_world.sink.received if case.word in words(letter)]
    assert set(heard) <= {ADMIN}


# ── true mails brought to a second place ───────────────────────────────────────────────────────────────────


def test_a_true_mail_brought_again_is_the_same(relay_world: World) -> None:
    case = Case("north", IVAN, relay_world.threads["north"], "Once.")
    assert relay_world.post(Attack(case.signed()), case.to) == "250 done"
    assert nothing(relay_world, Attack(case.signed()), case.to) == "250 again"


@pytest.mark.parametrize("name", ["Message-ID", "Date"])
def test_a_true_mail_brought_again_under_another_name_is_not_published_twice(relay_world: World, name: str) -> None:
    """Its author's server does not sign that field, so the forger gives it another value a month later."""
    case = Case("north", IVAN, relay_world.threads["north"], "Once.")
    draft = case.draft.without("Message-ID") if name == "Date" else case.draft
    raw = sign(draft.raw, key("north.example"), "north.example", names=[each for each in SIGNED if each != name])
    relay_world.post(Attack(raw), case.to)
    other = draft.having(
        **{name.replace("-", "_"): "<other@evil.example>" if name == "Message-ID" else "Wed, 23 Dec 2026 10:00:00 +0300"}
    )
    head = raw[: raw.index(b"\r\nFrom:") + 2]
    nothing(relay_world, Attack(head + other.raw), case.to)


@pytest.mark.parametrize("blanks", ["Twice a  day. \t", "Twice  a day.\r\n\r\n\r\n"])
def test_a_true_mail_brought_again_with_other_blanks_is_not_published_twice(relay_world: World, blanks: str) -> None:
    """Relaxed signatures do not see blanks, so the signature is whole, and the bytes are others (RFC 6376 §3.4.4)."""
    case = Case("north", IVAN, relay_world.threads["north"], "Now it runs.")
    raw = sign(case.draft.raw + b"Twice a day.\r\n", key("north.example"), "north.example")
    assert relay_world.post(Attack(raw), case.to) == "250 done"
    nothing(relay_world, Attack(raw.replace(b"Twice a day.", blanks.encode())), case.to)


def _second_chain(world: World) -> str:
    """The thread address of north in another chain."""
    letters = len(world.sink.to(IVAN))
    opening = Case("shop", ANNA, f"north@{DOMAIN}", "Another matter.")
    assert world.post(Attack(opening.signed(), ANNA), opening.to) == "250 done"
    until(lambda: any(opening.word in letter.text for letter in world.sink.to(IVAN)[letters:]), "the letter of the second chain")
    return next(letter.thread for letter in world.sink.to(IVAN) if opening.word in letter.text)


def test_a_true_mail_to_one_ticket_does_nothing_at_another_of_the_same_party(relay_world: World) -> None:
    """Its signed To names the first ticket; the envelope, which nobody signs, the second."""
    second = _second_chain(relay_world)
    case = Case("north", IVAN, relay_world.threads["north"], "#resolved\r\nThat one is done.")
    answer = nothing(relay_world, Attack(case.signed()), second)
    assert answer in HELD | {"550 5.7.26"}


def test_a_true_mail_to_a_ticket_opens_no_chain(relay_world: World) -> None:
    """Link addresses can be guessed: whoever has a signed mail of the customer's could open one with it."""
    case = Case("shop", ANNA, relay_world.threads["shop"], "Ten more, please.")
    answer = nothing(relay_world, Attack(case.signed()), f"north@{DOMAIN}")
    assert answer in HELD | {"550 5.7.26"}


def test_a_true_mail_to_somebody_else_opens_no_chain(relay_world: World) -> None:
    case = Case("shop", ANNA, "dealer@elsewhere.example", "Ten pumps, please.")
    assert nothing(relay_world, Attack(case.signed()), f"north@{DOMAIN}") in HELD | {"550 5.7.26"}


@pytest.mark.parametrize("first", [True, False])
def test_a_true_mail_brings_in_nobody_whom_its_author_has_not_named(relay_world: World, first: bool) -> None:
    """A copy went to an outsider, who brings it again with one more recipient."""
    case = Case("north", IVAN, relay_world.threads["north"], "As agreed.")
    raw = sign(case.draft.having(Cc="friend@elsewhere.example").raw, key("north.example"), "north.example", names=(*SIGNED, "Cc"))
    if first:
        assert relay_world.post(Attack(raw), case.to) == "250 done"
    tickets = relay_world.rows("select count(*) from tickets")
    relay_world.post(Attack(raw), *([] if first else [case.to]), f"{SPARE}@{DOMAIN}")
    assert relay_world.rows("select count(*) from tickets") == tickets
    assert relay_world.sink.to(f"boss@{SPARE}.example") == []


def test_a_note_brought_to_the_thread_address_stays_a_note(relay_world: World) -> None:
    case = Case("north", IVAN, relay_world.notes["north"], "The customer must not know.")
    relay_world.post(Attack(case.signed()), relay_world.threads["north"])
    relay_world.quiet()
    heard = {letter.recipient for letter in relay_world.sink.received if case.word in words(letter)}
    assert {who for who in heard if not who.endswith("@north.example")} <= {ADMIN}


def test_a_reference_to_another_chain_leads_nowhere(relay_world: World) -> None:
    """In-Reply-To is a hint within what the address allows, never a key to another party's ticket."""
    letter = relay_world.sink.to(SERGEI)[0]
    case = Case("shop", ANNA, f"north@{DOMAIN}", "A new matter.")
    draft = case.draft.having(In_Reply_To=str(letter.message["Message-ID"]), Subject="Re: [A-1] Pump")
    before = relay_world.look()
    relay_world.post(Attack(sign(draft.raw, key("shop.example"), "shop.example")), case.to)
    assert relay_world.look().chains == before.chains + 1
    assert SERGEI not in {recipient for recipient, _ in relay_world.letters(before)}


def test_a_loop_header_of_somebody_elses_stops_nothing(relay_world: World) -> None:
    case = Case("north", IVAN, relay_world.threads["north"], "Through a list that runs another relay.")
    before = relay_world.look()
    raw = b"X-Relay-Loop: other.example\r\nX-Loop: a\r\n" + case.signed()
    assert relay_world.post(Attack(raw), case.to) == "250 done"
    assert [kind for kind, _, _ in relay_world.events(before)] == ["comment"]
