"""In every dress in which people write it, an internal mail stays inside, and its words are kept."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, until, write

ANNA, IVAN, OLGA = "anna@shop.example", "ivan@north.example", "olga@north.example"
INTAKE = f"north-repairs@{DOMAIN}"
SECRET = "They never pay on time."
LONG = "\n".join(f"Line {n} of a long mail." for n in range(9))


def opened(relay: Relay, sink: Sink) -> Received:
    """Ivan's letter of a chain that Anna has opened."""
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    sink.wait(ANNA)
    return sink.wait(IVAN)


def stays_inside(relay: Relay, sink: Sink, mail: EmailMessage, to: str, author: str = IVAN, *, words: str = SECRET) -> None:
    """The mail is taken, colleagues read its words, Anna nothing."""
    colleague = OLGA if author == IVAN else IVAN
    code, answer = relay.send(mail, author, to)
    assert code == 250, answer
    until(lambda: any(words in letter.text for letter in sink.to(colleague)), f"{words!r} to {colleague}")
    relay.send(write(f"Ivan <{IVAN}>", to, "Public again."), IVAN, to)
    until(lambda: any("Public again." in letter.text for letter in sink.to(ANNA)), "the public mail")
    assert all(words not in letter.text and words not in letter.html for letter in sink.to(ANNA))


@pytest.mark.parametrize(
    "text",
    [
        f"#internal {SECRET}",
        f"#internal: {SECRET}\nMore.",
        f"# Внутреннее, {SECRET}",
        f"{LONG}\n#internal\n{SECRET}\n{LONG}",
        f"(#internal)\n{SECRET}",
        f"- #internal\n{SECRET}",
        f'"#internal"\n{SECRET}',
        f"#internal#\n{SECRET}",
        f"Olga, #internal\n{SECRET}",
        f"{SECRET} #внутреннее",
        f"#intrenal\n{SECRET}",
    ],
)
def test_words_stay_inside_and_are_not_lost(relay: Relay, sink: Sink, text: str) -> None:
    letter = opened(relay, sink)
    stays_inside(relay, sink, write(f"Ivan <{IVAN}>", letter.thread, text), letter.thread)


@pytest.mark.parametrize("source", [f"<p>#internal</p><p>{SECRET}</p>", f"<div>#<b>внутреннее</b></div><div>{SECRET}</div>"])
def test_it_counts_in_either_part_of_a_mail(relay: Relay, sink: Sink, source: str) -> None:
    letter = opened(relay, sink)
    mail = write(f"Ivan <{IVAN}>", letter.thread, f"Good day, Olga,\nplease note: {SECRET}\nRegards")
    mail.add_alternative(f"<html><body>{source}</body></html>", subtype="html")
    stays_inside(relay, sink, mail, letter.thread)


@pytest.mark.parametrize(
    ("answered", "references"),
    [
        ("<q@w.example> {note}", ""),
        ("<q@w.example>", "<p@x.example> {note}"),
        ("<q@w.example>", "{note} <q@w.example>"),
        ("{bare}", ""),
        ("{upper}", ""),
        ("", "{note}"),
    ],
)
def test_an_answer_to_a_note_is_a_note(relay: Relay, sink: Sink, answered: str, references: str) -> None:
    letter = opened(relay, sink)
    relay.send(write(f"Ivan <{IVAN}>", letter.note, "Look at this."), IVAN, letter.note)
    note = sink.wait(OLGA, 2)
    message_id = str(note.message["Message-ID"])
    values = {"note": message_id, "bare": message_id.strip("<>"), "upper": message_id.upper()}
    mail = write(f"Olga <{OLGA}>", letter.thread, SECRET)
    for name, value in (("In-Reply-To", answered), ("References", references)):
        if value:
            mail[name] = value.format(**values)
    stays_inside(relay, sink, mail, letter.thread, OLGA)


def test_an_answer_to_a_later_public_letter_is_public(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    relay.send(write(f"Ivan <{IVAN}>", letter.note, "Look at this."), IVAN, letter.note)
    sink.wait(OLGA, 2)
    relay.send(write(f"Anna <{ANNA}>", sink.wait(ANNA).thread, "Any news?"), ANNA, sink.wait(ANNA).thread)
    public = sink.wait(OLGA, 3)
    mail = write(f"Olga <{OLGA}>", letter.thread, "We come at noon.", answering=public)
    mail.replace_header("References", f"{public.message['References']} {public.message['Message-ID']}")
    relay.send(mail, OLGA, letter.thread)
    until(lambda: any("We come at noon." in received.text for received in sink.to(ANNA)), "the public answer")


@pytest.mark.parametrize("lead", ["Yes, we do.\n\n", "---------- Forwarded message ---------\nFrom: Olga\n\n", "Yes, we do. "])
def test_the_top_of_a_notes_letter_without_anything_around_it_stays_inside(relay: Relay, sink: Sink, lead: str) -> None:
    letter = opened(relay, sink)
    relay.send(write(f"Ivan <{IVAN}>", letter.note, f"{SECRET}\n\nWhat do we do?"), IVAN, letter.note)
    top = sink.wait(OLGA, 2).text.partition("— — —")[0]
    stays_inside(relay, sink, write(f"Olga <{OLGA}>", letter.thread, f"{lead}{top}"), letter.thread, OLGA)


def test_an_attached_letter_of_ours_stays_with_its_reader_and_he_is_told(relay: Relay, sink: Sink) -> None:
    letter = opened(relay, sink)
    mail = write(f"Ivan <{IVAN}>", letter.thread, "See the attached mail.")
    mail.add_attachment(letter.message)
    mail.add_attachment(b"harmless", maintype="application", subtype="pdf", filename="plan.pdf")
    relay.send(mail, IVAN, letter.thread)
    until(lambda: any("See the attached mail." in received.text for received in sink.to(ANNA)), "the words")
    received = next(found for found in sink.to(ANNA) if "See the attached mail." in found.text)
    assert list(received.files) == ["plan.pdf"] and letter.thread not in received.raw.decode()
    until(lambda: any("yours alone" in found.text for found in sink.to(IVAN)), "the notice")


def test_words_that_no_link_shares_are_told_to_stay(make_relay, sink: Sink) -> None:  # type: ignore[no-untyped-def]
    relay = make_relay()
    relay.config.write_text(relay.config.read_text().replace('to = "north"', 'to = "north"\nshare = ["status"]'))
    relay.start()
    relay.send(write(f"Anna <{ANNA}>", INTAKE, "The pump leaks."), ANNA, INTAKE)
    letter = sink.wait(IVAN)
    relay.send(write(f"Ivan <{IVAN}>", letter.thread, "We come tomorrow."), IVAN, letter.thread)
    until(lambda: any("shares no comments" in found.text for found in sink.to(IVAN)), "the notice")
    assert all("tomorrow" not in found.text for found in sink.to(ANNA))


def test_who_was_let_in_by_hand_gets_no_address(relay: Relay, sink: Sink) -> None:
    stranger = "max@home.example"
    relay.send(write(stranger, INTAKE, "The pump leaks."), stranger, INTAKE)
    (held,) = relay.json("held", "list")
    assert relay.cli("held", "release", held["id"]).returncode == 0
    assert "The pump leaks." in sink.wait(IVAN).text
    assert sink.wait(ANNA).message["Auto-Submitted"] == "auto-replied"
    assert sink.to(stranger) == []
