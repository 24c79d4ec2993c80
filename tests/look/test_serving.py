"""A running relay: a broken template stops no letter and is told once; a logo does not come back as somebody's file."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.harness import NETWORK, Received, Relay, Sink, write
from tests.look.letters import drawn
from tests.test_workflow import ANNA, IVAN, Play

LOGO = drawn(80, 24, "#00aa66")
BRANDED = NETWORK.replace('name = "North Service"', 'name = "North Service"\nbrand = { colour = "#0a6", logo = "logo.png" }')


def test_a_broken_template_stops_no_letter_and_the_postmaster_hears_of_it_once(
    make_relay: Callable[..., Relay], sink: Sink
) -> None:
    relay = make_relay()
    (relay.folder / "wording").mkdir()
    (relay.folder / "wording" / "comment.txt").write_text("Hello\n{{ no_such_value }}\n")
    relay.config.write_text(relay.config.read_text("utf-8").replace("[smtp]", 'templates = "wording"\n[smtp]', 1), "utf-8")
    play = Play(relay.start(), sink)
    for words in ("One.", "Two.", "Three."):
        play.says(ANNA, words)
        play.hears(IVAN, words)
    told = sink.wait("admin@example.com")
    assert told.message["Subject"] == "A template of yours does not work"
    assert "comment.txt" in told.text and "Line: 2" in told.text and "no_such_value" in told.text
    play.says(ANNA, "Four.")
    play.hears(IVAN, "Four.")
    assert len(sink.to("admin@example.com")) == 1
    checked = relay.cli("check")
    assert checked.returncode == 1 and "wording/comment.txt: line 2: found UndefinedError: 'no_such_value'" in checked.stdout


@pytest.mark.parametrize("quoted", [True, False])
def test_a_logo_that_a_client_quotes_is_nobodys_file(make_relay: Callable[..., Relay], sink: Sink, quoted: bool) -> None:
    relay = make_relay(network=BRANDED)
    (relay.folder / "logo.png").write_bytes(LOGO)
    play = Play(relay.start(), sink)
    letter = sink.wait(ANNA)
    assert list(letter.files) == ["logo.png"] and "#00aa66" in letter.html
    assert "logo" not in sink.wait(IVAN).html.partition("</head>")[2].partition("class=")[0] and not sink.wait(IVAN).files
    relay.send(_answer(letter, quoted), ANNA, letter.thread)
    assert play.hears(IVAN, "It still leaks.").files == {}


def _answer(letter: Received, quoted: bool) -> EmailMessage:
    """As clients do: the letter below, in a quote or without any mark, and its logo carried along under another id."""
    mail = write(f"Anna <{ANNA}>", letter.thread, "", answering=letter)
    old = letter.html.partition("<body")[2].partition(">")[2].partition("</body>")[0]
    (cid,) = [part["Content-ID"][1:-1] for part in letter.message.walk() if part["Content-ID"]]
    old = old.replace(cid, "image001.png@01DC")
    below = f'<div class="gmail_quote"><blockquote>{old}</blockquote></div>' if quoted else f"<div>{old}</div>"
    mail.set_content(f"<div>It still leaks.</div><br>{below}", subtype="html")
    mail.add_related(LOGO, "image", "png", cid="<image001.png@01DC>", filename="image001.png")
    return mail
