"""One matter on its way through four parties, over real SMTP, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, write

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"
SERGEI, VICTOR, OLAF = "sergei@fix.example", "victor@vendor.example", "olaf@other.example"
INTAKE = f"north-repairs@{DOMAIN}"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def relay(request: pytest.FixtureRequest, make_relay: Callable[..., Relay]) -> Relay:
    """A running relay on each database."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    if database:
        from tests.harness import new_database

        database = new_database(database)
    return make_relay(database=database).start()


def opened(relay: Relay, sink: Sink, text: str = "The pump leaks.\nPlease come today.") -> tuple[Received, Received]:
    """A chain that Anna has opened: her acknowledgement and Ivan's letter."""
    code, answer = relay.send(write(f"Anna Chaikina <{ANNA}>", INTAKE, text), ANNA, INTAKE)
    assert code == 250, answer
    return sink.wait(ANNA), sink.wait(IVAN)


def test_an_intake_address_opens_a_chain(relay: Relay, sink: Sink) -> None:
    acknowledgement, letter = opened(relay, sink)
    assert letter.message["Subject"] == "[A-1] Pump is leaking"
    assert letter.message["X-Relay-Chain"] == "A-1"
    assert "The pump leaks.\nPlease come today." in letter.text
    assert letter.message["Auto-Submitted"] is None and letter.message["Reply-To"] is None
    assert letter.message["From"].addresses[0].display_name == "Anna Chaikina (Tea Shop)"
    assert acknowledgement.message["Auto-Submitted"] == "auto-replied"
    assert acknowledgement.message["Subject"] == "[A-1] Pump is leaking"
    assert acknowledgement.thread != letter.thread
    assert sink.wait(OLGA).thread == letter.thread
    assert {ANNA, IVAN, OLGA} == {received.recipient for received in sink.received}


def test_a_reply_goes_to_every_other_party_and_nobody_else(relay: Relay, sink: Sink) -> None:
    acknowledgement, letter = opened(relay, sink)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#pass fix\n\nPlease look at it.", answering=letter), IVAN, letter.thread)
    passed = sink.wait(SERGEI)
    sink.wait(ANNA, 2)
    sink.wait(IVAN, 2)  # his receipt
    before = len(sink.received)
    relay.send(write(f"Sergei <{SERGEI}>", passed.thread, "I will be there at noon.", answering=passed), SERGEI, passed.thread)
    to_anna, to_ivan, to_olga = sink.wait(ANNA, 3), sink.wait(IVAN, 3), sink.wait(OLGA, 2)
    for received in (to_anna, to_ivan, to_olga):
        assert "I will be there at noon." in received.text
        assert "The pump leaks" not in received.text
        assert received.message["From"].addresses[0].display_name == "Sergei (Fix It)"
        assert SERGEI not in received.raw.decode() and passed.thread not in received.raw.decode()
    assert to_anna.thread == acknowledgement.thread and to_ivan.thread == letter.thread
    assert to_anna.message["Subject"] == "[A-1] Pump is leaking"
    assert len(sink.received) == before + 3


def test_passing_on_brings_the_conversation_so_far_as_one_letter(relay: Relay, sink: Sink) -> None:
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    mail.add_attachment(b"%PDF-1.4 plan", maintype="application", subtype="pdf", filename="план цеха.pdf")
    relay.send(mail, ANNA, INTAKE)
    letter = sink.wait(IVAN)
    assert letter.files == {"план цеха.pdf": b"%PDF-1.4 plan"}
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "We know this pump.", answering=letter), IVAN, letter.thread)
    sink.wait(ANNA, 2)
    relay.send(
        write(f"Ivan <{IVAN}>", letter.thread, "Sergei, over to you.\n\n#передать FIX with care", answering=letter),
        IVAN,
        letter.thread,
    )
    passed = sink.wait(SERGEI)
    for words in ("The pump leaks.", "We know this pump.", "Sergei, over to you.", "with care"):
        assert words in passed.text
    assert "#передать" not in passed.text.splitlines()
    assert passed.files == {"план цеха.pdf": b"%PDF-1.4 plan"}
    assert len(sink.to(SERGEI)) == 1
    assert IVAN not in passed.raw.decode() and ANNA not in passed.raw.decode()


def test_a_links_address_in_cc_passes_the_chain_on(relay: Relay, sink: Sink) -> None:
    _, letter = opened(relay, sink)
    fix = f"fix@{DOMAIN}"
    mail = write(f"Ivan <{IVAN}>", letter.thread, "Sergei is coming in.", answering=letter, Cc=fix)
    relay.send(mail, IVAN, letter.thread, fix)
    assert "Sergei is coming in." in sink.wait(SERGEI).text
    assert "Sergei is coming in." in sink.wait(ANNA, 2).text
    assert [c["number"] for c in relay.json("chains")] == ["A-1"]


@pytest.mark.parametrize("first", ["thread", "link"])
def test_a_cc_that_comes_as_two_mails_is_one(relay: Relay, sink: Sink, first: str) -> None:
    _, letter = opened(relay, sink)
    fix = f"fix@{DOMAIN}"
    mail = write(f"Ivan <{IVAN}>", letter.thread, "Sergei is coming in.", answering=letter, Cc=fix)
    ways = [letter.thread, fix] if first == "thread" else [fix, letter.thread]
    for way in ways:
        assert relay.send(mail, IVAN, way)[0] == 250
    assert "Sergei is coming in." in sink.wait(SERGEI).text
    sink.wait(ANNA, 2)
    story = relay.json("show", "A-1")
    assert [event["kind"] for event in story["events"]].count("comment") == 2
    assert len(story["tickets"]) == 3 and len(relay.json("chains")) == 1
    assert len(sink.to(ANNA)) == 2 and len(sink.to(SERGEI)) == 1


def test_the_same_mail_twice_is_one(relay: Relay, sink: Sink) -> None:
    acknowledgement, letter = opened(relay, sink)
    mail = write(f"Anna <{ANNA}>", letter.thread, "Any news?", answering=acknowledgement)
    again = write(f"Anna <{ANNA}>", letter.thread, "Other words.", Message_ID=mail["Message-ID"])
    nameless = write(f"Anna <{ANNA}>", letter.thread, "No id.")
    del nameless["Message-ID"]
    for sent in (mail, mail, again, again, nameless, nameless):
        assert relay.send(sent, ANNA, acknowledgement.thread)[0] == 250
    sink.wait(IVAN, 4)
    comments = [event["text"] for event in relay.json("show", "A-1")["events"] if event["kind"] == "comment"]
    assert comments[1:] == ["Any news?", "Other words.", "No id."]
    assert len(sink.to(IVAN)) == 4


def test_the_same_opening_twice_opens_one_chain(relay: Relay, sink: Sink) -> None:
    mail = write(f"Anna <{ANNA}>", INTAKE, "The pump leaks.")
    for _ in range(3):
        assert relay.send(mail, ANNA, INTAKE)[0] == 250
    sink.wait(IVAN)
    assert len(relay.json("chains", "--all")) == 1
    assert [mail["state"] for mail in relay.json("trace", mail["Message-ID"])] == ["done", "again", "again"]


@pytest.mark.parametrize("way", ["#internal", "#ВНУТРЕННЕЕ", "note", "# internal", "answer"])
def test_an_internal_note_stays_inside(relay: Relay, sink: Sink, way: str) -> None:
    _, letter = opened(relay, sink)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#pass fix", answering=letter), IVAN, letter.thread)
    sink.wait(SERGEI)
    to = letter.note if way == "note" else letter.thread
    text = "They always pay late." if way == "note" else f"{way}\nThey always pay late."
    if way == "answer":
        relay.send(write(f"Ivan <{IVAN}>", letter.thread, "#internal\nLook at this.", answering=letter), IVAN, letter.thread)
        note = sink.wait(OLGA, 2)
        relay.send(write(f"Olga <{OLGA}>", note.thread, "They always pay late.", answering=note), OLGA, note.thread)
        received = sink.wait(IVAN, 4)  # after two receipts
    else:
        mail = write(f"Ivan <{IVAN}>", to, text, answering=letter)
        mail.add_attachment(b"secret prices", maintype="text", subtype="csv", filename="prices.csv")
        relay.send(mail, IVAN, to)
        received = sink.wait(OLGA, 2)
        assert received.files["prices.csv"] == b"secret prices"
    assert "They always pay late." in received.text and "INTERNAL" in received.text
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "Public again.", answering=letter), IVAN, letter.thread)
    sink.wait(SERGEI, 2)
    for outside in (ANNA, SERGEI):
        for seen in sink.to(outside):
            assert "pay late" not in seen.raw.decode() and "pay late" not in seen.text and "prices" not in seen.text


def test_eight_levels_and_branches(make_relay: Callable[..., Relay], sink: Sink) -> None:
    names = [f"p{i}" for i in range(9)]
    network = "".join(
        f'[parties.{n}]\nname="Party {n}"\ncontacts=["{n} person <me@{n}.example>"]\ntrust="address"\n' for n in names
    )
    network += "".join(f'[links.l{i}]\nfrom="p{i}"\nto="p{i + 1}"\n' for i in range(8))
    network += (
        '[parties.side]\nname="Side"\ncontacts=["side@side.example"]\ntrust="address"\n[links.side]\nfrom="p3"\nto="side"\n'
    )
    relay = make_relay(network=network).start()
    relay.send(write("me@p0.example", f"l0@{DOMAIN}", "From the top."), "me@p0.example", f"l0@{DOMAIN}")
    for i in range(1, 8):
        letter = sink.wait(f"me@p{i}.example")
        text = f"#pass l{i}\nWords of p{i}." + ("\n\n#pass side" if i == 3 else "")
        relay.send(write(f"me@p{i}.example", letter.thread, text, answering=letter), f"me@p{i}.example", letter.thread)
    last, side = sink.wait("me@p8.example"), sink.wait("side@side.example")
    assert all(f"Words of p{i}." in last.text for i in range(1, 8)) and "From the top." in last.text
    relay.send(write("side@side.example", side.thread, "From the side.", answering=side), "side@side.example", side.thread)
    for name in names:
        until_letter(sink, f"me@{name}.example", "From the side.")
    tickets = relay.json("show", "A-1")["tickets"]
    assert max(ticket["depth"] for ticket in tickets) == 8 and len({ticket["thread"] for ticket in tickets}) == 10


def until_letter(sink: Sink, recipient: str, words: str) -> Received:
    """The letter to a recipient that says these words."""
    from tests.harness import until

    until(lambda: any(words in letter.text for letter in sink.to(recipient)), f"{words!r} to {recipient}")
    return next(letter for letter in sink.to(recipient) if words in letter.text)


def test_an_inline_picture_stays_in_its_place(relay: Relay, sink: Sink) -> None:
    acknowledgement, _ = opened(relay, sink)
    mail = write(
        f"Anna <{ANNA}>",
        acknowledgement.thread,
        "See here:\n[cid:photo@anna-laptop.shop.example]\nThat drips.",
        answering=acknowledgement,
    )
    mail.add_alternative('<p>See here:<br><img src="cid:photo@anna-laptop.shop.example"><br>That drips.</p>', subtype="html")
    html = mail.get_body(("html",))
    assert html is not None
    html.add_related(PNG, "image", "png", cid="<photo@anna-laptop.shop.example>", filename="photo.png")
    relay.send(mail, ANNA, acknowledgement.thread)
    received = sink.wait(IVAN, 2)
    (picture,) = [part for part in received.message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == PNG
    assert f"cid:{str(picture['Content-ID']).strip('<>')}" in received.html
    assert "anna-laptop" not in received.raw.decode()
    assert received.text.index("See here:") < received.text.index("photo.png") < received.text.index("That drips.")


def test_references_name_only_what_the_party_has_seen(relay: Relay, sink: Sink) -> None:
    acknowledgement, letter = opened(relay, sink)
    answer = write(f"Ivan <{IVAN}>", letter.thread, "Coming.", answering=letter)
    relay.send(answer, IVAN, letter.thread)
    to_anna = sink.wait(ANNA, 2)
    seen_by_anna = {str(letter.message["Message-ID"]) for letter in sink.to(ANNA)} | {
        relay.json("show", "A-1")["events"][0]["message_id"]
    }
    assert answer["Message-ID"] not in to_anna.raw.decode()
    assert set(str(to_anna.message["References"]).split()) <= seen_by_anna
    assert str(to_anna.message["In-Reply-To"]) == str(acknowledgement.message["Message-ID"])
    assert len({str(received.message["Message-ID"]) for received in sink.received if received.recipient in (IVAN, OLGA)}) == 1
