"""A signature's picture over SMTP: it comes along once, and what is sent on purpose always does."""

from __future__ import annotations

import io
from email.message import EmailMessage

import pytest
from PIL import Image

from relay.mail.parts import pictures
from relay.model import Attachment, Contact, Link, Mail
from tests.canaries import World
from tests.chains import DOMAIN
from tests.harness import Received, Relay, Sink, write
from tests.test_workflow import ANNA, IVAN, Play


@pytest.fixture
def play(relay: Relay, sink: Sink) -> Play:
    """A chain of three on a running relay."""
    return Play(relay, sink)


def png(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (60, 20), colour).save(made, "png")
    return made.getvalue()


def in_html(mail: EmailMessage, markup: str, *shown: bytes) -> EmailMessage:
    """`mail` with an HTML body that shows the pictures as cid:0@x, cid:1@x …"""
    mail.add_alternative(markup, subtype="html")
    for number, content in enumerate(shown):
        part = mail.get_payload(1)
        assert isinstance(part, EmailMessage)
        part.add_related(content, "image", "png", cid=f"<{number}@x>", filename=f"image{number + 1:03}.png", disposition="inline")
    return mail


def says(play: Play, words: str, *shown: bytes, among: str = "", **files: bytes) -> Received:
    """Ivan writes words and, below them, a name and pictures; what Anna gets."""
    thread = play.sink.wait(IVAN).thread
    images = "".join(f'<p><img src="cid:{number}@x"></p>' for number in range(len(shown)))
    markup = f"<p>{words}</p>{images}<p>{among}</p>" if among else f"<p>{words}</p><p>Ivan</p>{images}<p>North Service</p>"
    mail = in_html(write(f"Ivan <{IVAN}>", thread, words), markup, *shown) if shown else write(f"Ivan <{IVAN}>", thread, words)
    for name, content in files.items():
        mail.add_attachment(content, maintype="image", subtype="png", filename=f"{name}.png")
    code, answer = play.relay.send(mail, IVAN, thread)
    assert code == 250, answer
    return play.hears(ANNA, words)


def test_the_same_small_picture_of_the_same_sender_comes_along_once(play: Play) -> None:
    logo, other = png("red"), png("blue")
    assert list(says(play, "The first day.", logo).files.values()) == [logo]
    second = says(play, "The second day.", logo)
    assert second.files == {} and "[cid:" not in second.text and "cid:" not in second.html and "North Service" in second.text
    assert list(says(play, "The third day.", other).files.values()) == [other]
    assert list(says(play, "The fourth day.", logo, png("green")).files.values()) == [png("green")]


def test_a_picture_that_the_words_need_and_a_file_with_a_name_of_its_own_come_along_again(play: Play) -> None:
    chart = png("red")
    for day in ("first", "second"):
        shown = says(play, f"The {day} chart.", chart, among="You see the crack in the middle of it.")
        assert list(shown.files.values()) == [chart]
        assert says(play, f"The {day} file.", pump=chart).files == {"pump.png": chart}


def test_a_photo_shown_once_goes_to_another_ticket_too() -> None:
    """Those have not had it; a third time it is taken for a signature's."""
    world = World([Link("ab", "a", "b"), Link("ac", "a", "c")])
    author, photo, got = world.settings.parties["a"].contacts[0].address, png("red"), []
    for number, link in enumerate([*world.settings.links, list(world.settings.links)[1]]):
        to = f"{link}@{DOMAIN}"
        mail = in_html(write(f"Anna <{author}>", to, f"Photo {number}."), f"<p>Photo {number}.</p><img src='cid:0@x'>", photo)
        world.take(mail.as_bytes(), author, to)
        letter = next(each for each in world.deliver() if each.row.kind == "pass")
        got.append([part.get_content() for part in letter.message.walk() if part.get_content_maintype() == "image"])
    world.close()
    assert got == [[photo], [photo], []]


def test_another_sender_may_have_the_same_picture(play: Play) -> None:
    logo = png("red")
    says(play, "From Ivan.", logo)
    thread = play.sink.wait(ANNA).thread
    mail = in_html(write(f"Anna <{ANNA}>", thread, "From Anna."), '<p>From Anna.</p><p>Anna</p><img src="cid:0@x">', logo)
    assert play.relay.send(mail, ANNA, thread)[0] == 250
    assert list(play.hears(IVAN, "From Anna.").files.values()) == [logo]


def picture(name: str = "image001.png", shown: str = "", size: int = 900) -> Attachment:
    return Attachment(name, "image/png", size, name + shown, shown)


@pytest.mark.parametrize(
    ("text", "file", "suspect"),
    [
        ("Done.\nIvan\n[cid:p1]", picture(shown="p1"), True),
        ("Done.\nIvan\n[cid:p1]\nNorth Service", picture(shown="p1"), True),
        ("Done.", picture(), True),
        ("Done.", picture("facebook.png"), True),
        ("Done.", picture("crack.png"), False),
        ("Done.\n[cid:p1]", picture(shown="p1", size=pictures.LARGEST + 1), False),
        ("[cid:p1]", picture(shown="p1"), False),
        ("The error:\n[cid:p1]", picture(shown="p1"), False),
        ("Look:\n\n[cid:p1]\nIvan", picture(shown="p1"), False),
        ("Here\n[cid:p1]\nit cracked again.", picture(shown="p1"), False),
        ("Press [cid:p1] twice", picture(shown="p1"), False),
    ],
)
def test_which_pictures_may_be_a_signatures(text: str, file: Attachment, suspect: bool) -> None:
    mail = Mail("reply", Contact("ivan@north.example"), text=text, attachments=(file,))
    assert bool(pictures.suspects(mail)) is suspect
    left = pictures.without(mail, {file.sha256})
    assert left.attachments == (() if suspect else (file,))
    assert ("[cid:" in left.text) is (not suspect and "[cid:" in text)
