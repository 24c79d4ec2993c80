"""Receipts over SMTP: what an author is told about his own mail, and when he is left in peace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, until, write
from tests.test_workflow import ANNA, INTAKE, IVAN, OLGA, SERGEI, Play, mailtos

QUOTE = "On Mon, 23 Nov 2026 at 09:00, Max <max@elsewhere.example> wrote:\n> The invoice is overdue.\n> Please pay."


@pytest.fixture
def play(relay: Relay, sink: Sink) -> Play:
    """A chain of three on a running relay."""
    return Play(relay, sink)


def receipts(sink: Sink, who: str) -> list[Received]:
    """What he was told about his own mails."""
    return [letter for letter in sink.to(who) if letter.text.startswith(("Your mail has arrived", "Ваше письмо получено"))]


def receipt(play: Play, who: str, count: int = 1) -> Received:
    until(lambda: len(receipts(play.sink, who)) >= count, f"{count} receipts to {who}")
    return receipts(play.sink, who)[count - 1]


def settled(play: Play) -> None:
    """Every letter that is due has gone out."""
    until(lambda: not play.relay.json("queue", "list"), "an empty queue")


def test_a_plain_comment_and_an_answer_with_our_letter_quoted_get_none(play: Play) -> None:
    play.says(IVAN, "We come tomorrow.")
    letter = play.sink.wait(IVAN)
    quoted = "\n".join(f"> {line}" for line in letter.text.splitlines())
    play.says(IVAN, f"At ten.\n\nOn Mon, 23 Nov 2026 at 10:00, Anna <{letter.thread}> wrote:\n{quoted}")
    play.hears(ANNA, "At ten.")
    settled(play)
    assert receipts(play.sink, IVAN) == []


def test_a_mail_with_commands_gets_one_that_says_what_was_done(play: Play) -> None:
    play.says(IVAN, "#принято\n#номер N-77\n\nMaster comes at ten.\nBring the key.")
    told = receipt(play, IVAN)
    assert "Master comes at ten." in told.text and "North Service: accepted" in told.text and "N-77" in told.text
    assert "It went to: Tea Shop." in told.text
    assert told.message["Auto-Submitted"] == "auto-replied" and told.message["From"].addresses[0].display_name == "Acme Relay"
    play.hears(ANNA, "Master comes at ten.")
    settled(play)
    assert len(receipts(play.sink, IVAN)) == 1


def test_what_was_cut_and_is_known_to_nobody_is_said_and_can_be_sent_on(play: Play) -> None:
    play.says(IVAN, f"See what Max writes.\n\n{QUOTE}")
    told = receipt(play, IVAN)
    assert "The invoice is overdue." in told.text and "#full" in told.text
    assert "overdue" not in play.hears(ANNA, "See what Max writes.").text
    to, body = next(link for link in mailtos(told) if link[1].startswith("#full"))
    play.relay.send(write(f"Ivan <{IVAN}>", to, body), IVAN, to)
    assert "Please pay." in play.hears(ANNA, "The invoice is overdue.").text


def test_a_signature_is_said_to_be_left_out_once_only(play: Play) -> None:
    for text in ("Good morning.", "Good evening."):
        play.says(IVAN, f"{text}\n\n-- \nIvan Petrov\nNorth Service, desk 4")
        play.hears(ANNA, text)
    settled(play)
    (told,) = receipts(play.sink, IVAN)
    assert "desk 4" in told.text and "Good morning." in told.text


def test_what_a_phone_adds_is_no_news(play: Play) -> None:
    play.says(IVAN, "The key is at the desk.\n\nSent from my iPhone")
    assert "iPhone" not in play.hears(ANNA, "The key is at the desk.").text
    settled(play)
    assert receipts(play.sink, IVAN) == []


def test_a_long_text_is_given_by_its_beginning(play: Play) -> None:
    play.says(IVAN, "#start\n\n" + "\n".join(f"Line {number} of the report." for number in range(40)))
    told = receipt(play, IVAN)
    assert "Line 3 of" in told.text and "Line 30 of" not in told.text and "…" in told.text


def test_an_internal_mail_is_said_to_have_stayed_inside(play: Play) -> None:
    play.says(IVAN, "#internal\nThey pay late.")
    told = receipt(play, IVAN)
    assert "for your colleagues only" in told.text and "It went to: Olga." in told.text
    assert "stays internal" in told.text and "reaches everyone" not in told.text + told.html
    answer = write(f"Ivan <{IVAN}>", told.thread, "And they never thank.", answering=told)
    play.relay.send(answer, IVAN, told.thread)
    assert "INTERNAL" in play.hears(OLGA, "never thank").text
    settled(play)
    assert not any("thank" in letter.text or "pay late" in letter.text for letter in play.sink.to(ANNA))


@pytest.mark.parametrize(("text", "word"), [("Готово, заменили блок.", "#resolved"), ("Done, replaced the board.", "#resolved")])
def test_text_that_looks_like_a_status_changes_none_and_is_offered_as_one_click(play: Play, text: str, word: str) -> None:
    play.says(IVAN, text)
    told = receipt(play, IVAN)
    assert "sounds as if" in told.text and word in told.text
    assert play.statuses()["north"] == "new"
    to, body = next(link for link in mailtos(told) if link[1].startswith(word))
    play.relay.send(write(f"Ivan <{IVAN}>", to, f"{body}\n-- \nSent from my phone"), IVAN, to)
    play.hears(ANNA, "решена")
    assert play.statuses()["north"] == "resolved"


def test_a_new_ticket_s_acknowledgement_is_the_receipt(relay: Relay, sink: Sink) -> None:
    text = f"The pump leaks.\n#acept\n\n{QUOTE}\n"
    relay.send(write(f"Anna <{ANNA}>", INTAKE, text), ANNA, INTAKE)
    told = sink.wait(ANNA)
    sink.wait(IVAN)
    assert "A-1" in told.text and "#acept" in told.text and "overdue" in told.text
    until(lambda: not relay.json("queue", "list"), "an empty queue")
    assert len(sink.to(ANNA)) == 1


def test_a_party_may_ask_for_all_or_for_none(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay()
    network = relay.config.read_text()
    network = network.replace("[parties.north]", '[parties.north]\nreceipts = "all"')
    network = network.replace("[parties.shop]", '[parties.shop]\nreceipts = "none"').replace(
        "[parties.fix]", "[parties.fix]\nsuggest = false"
    )
    relay.config.write_text(network)
    relay.start()
    play = Play(relay, sink)
    play.says(IVAN, "Just a word.")
    assert "Just a word." in receipt(play, IVAN).text
    play.says(ANNA, "#rate 5")  # not possible yet: that is said all the same
    assert "#rate 5" in receipt(play, ANNA).text
    play.says(ANNA, "#cancel a mistake")
    play.hears(IVAN, "cancelled")
    play.says(ANNA, "#reopen after all")
    play.says(IVAN, "#pass fix")
    play.sink.wait(SERGEI)
    play.says(SERGEI, "Done, replaced the board.")
    play.hears(ANNA, "replaced the board")
    settled(play)
    assert len(receipts(sink, ANNA)) == 1 and receipts(sink, SERGEI) == []


# ── what does not cross ────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_does_not_cross_is_said_to_stay(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay()
    text = relay.config.read_text()
    relay.config.write_text(text.replace('to = "north"', 'to = "north"\nshare = ["comments", "status"]'))
    relay.start()
    play = Play(relay, sink)
    mail = write(f"Ivan <{IVAN}>", sink.wait(IVAN).thread, "The plan is attached.")
    mail.add_attachment(b"plan", maintype="application", subtype="pdf", filename="plan.pdf")
    relay.send(mail, IVAN, sink.wait(IVAN).thread)
    told = receipt(play, IVAN)
    assert "The file stays with you: the link to Tea Shop shares no attachments (plan.pdf)." in told.text
    assert play.hears(ANNA, "The plan is attached.").files == {}


# ── people who want no letters ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", ["#mute", "#тихо", "unsubscribe"])
def test_one_person_may_stop_the_letters_of_one_chain(play: Play, way: str) -> None:
    letter = play.sink.wait(OLGA)
    unsubscribe = str(letter.message["List-Unsubscribe"])
    assert unsubscribe == f"<mailto:{letter.thread}?subject=%23mute>"
    mail = write(f"Olga <{OLGA}>", letter.thread, "" if way == "unsubscribe" else way)
    if way == "unsubscribe":
        mail.replace_header("Subject", "#mute")
    play.relay.send(mail, OLGA, letter.thread)
    assert "No more mails" in receipt(play, OLGA).text
    before = len(play.sink.to(OLGA))
    play.says(ANNA, "Are you coming?")
    play.hears(IVAN, "Are you coming?")
    play.relay.send(write(f"Anna <{ANNA}>", INTAKE, "Another matter."), ANNA, INTAKE)
    play.hears(OLGA, "Another matter.")
    assert len(play.sink.to(OLGA)) == before + 1
    play.says(OLGA, "I am back.")
    play.says(ANNA, "Welcome back.")
    play.hears(OLGA, "Welcome back.")
    assert not any(
        "mute" in event.get("kind", "") and not event["internal"] for event in play.relay.json("show", "A-1")["events"]
    )
    assert play.relay.cli("verify").returncode == 0


def test_the_postmaster_hears_of_a_party_that_nobody_listens_for(play: Play) -> None:
    play.says(ANNA, "#тихо")
    assert "Nobody of Tea Shop" in play.hears("admin@example.com", "Nobody of Tea Shop").text


# ── commands in the subject ────────────────────────────────────────────────────────────────────────────────


def test_a_command_may_stand_in_the_subject_of_a_click(play: Play) -> None:
    mail = write(f"Ivan <{IVAN}>", play.sink.wait(IVAN).thread, "\n-- \nSent from my phone")
    mail.replace_header("Subject", "#resolved")
    play.relay.send(mail, IVAN, play.sink.wait(IVAN).thread)
    play.hears(ANNA, "решена")
    assert play.statuses()["north"] == "resolved"


def test_an_unknown_command_names_the_nearest(play: Play) -> None:
    play.says(IVAN, "#resolvd\n\nWe are done here, I hope.")
    told = receipt(play, IVAN)
    assert "#resolvd" in told.text and "Did you mean “#resolved”?" in told.text
    assert play.statuses()["north"] == "new"
    assert DOMAIN in told.thread
