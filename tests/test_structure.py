"""HTML over SMTP: what somebody writes as a table arrives as one, and what he quotes below does not."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.harness import DOMAIN, Received, Relay, Sink, write
from tests.test_workflow import ANNA, INTAKE, IVAN, SERGEI, Play

PNG = b"\x89PNG\r\n\x1a\n picture"
NEW = """<div dir="ltr"><div>#accept</div><div>We <b>need</b> these <a href="https://parts.example/list">parts</a>:</div>
<table border="1" class="x" onclick="steal()">
<tr><th>Part</th><th>Qty</th></tr><tr><td>Seal ring</td><td align="right">2</td></tr>
</table><ul><li>soon<ul><li>today</li></ul></li></ul><div><img src="cid:ii_1" alt="seal.png"></div>
<div style="position:fixed;top:0"><script>steal()</script><img src="http://track.example/x.gif"></div></div>"""
OLD = """<br><div class="gmail_quote"><div class="gmail_attr">On Sun, Mar 1, 2026 at 12:00 PM Relay &lt;x@y.example&gt; wrote:
<br></div><blockquote class="gmail_quote"><table><tr><td>Old</td><td>table</td></tr></table></blockquote></div>"""


@pytest.fixture
def play(relay: Relay, sink: Sink) -> Play:
    return Play(relay, sink)


def answer(letter: Received, sender: str, body: str, plain: str = "") -> EmailMessage:
    mail = write(sender, letter.thread, plain, answering=letter)
    if plain:
        mail.add_alternative(body, subtype="html")
    else:
        mail.set_content(body, subtype="html")
    part = mail.get_body(("html",))
    assert part is not None
    part.add_related(PNG, "image", "png", cid="<ii_1>", filename="seal.png")
    return mail


def said(letter: Received) -> str:
    """What the writer said, without styles."""
    words = letter.html.replace("\r\n", "\n").partition('<div dir="auto">')[2].partition("</div>\n</div>")[0]
    return re.sub(r' (?:style|cellpadding|cellspacing|border)="[^"]*"|\n', "", words)


@pytest.mark.parametrize(
    "plain", ["", "We *need* these parts <https://parts.example/list>:\n\nPart Qty\nSeal ring 2\n\n   - soon\n      - today\n"]
)
def test_a_reply_in_html_arrives_with_its_structure_and_without_its_quote(play: Play, plain: str) -> None:
    letter = play.sink.wait(IVAN)
    play.relay.send(answer(letter, f"Ivan <{IVAN}>", NEW + OLD, plain), IVAN, letter.thread)
    got = play.hears(ANNA, "Seal ring")
    shown = said(got)
    assert (
        '<table><tbody><tr><th>Part</th><th>Qty</th></tr><tr><td>Seal ring</td><td align="right">2</td></tr></tbody></table>'
        in shown
    )
    assert 'We <b>need</b> these <a href="https://parts.example/list">parts</a>:' in shown
    assert "<ul><li>soon<ul><li>today</li></ul></li></ul>" in shown
    (picture,) = re.findall(r'<img src="cid:([^"]+)"', got.html)
    assert f"<{picture}>" in [part["Content-ID"] for part in got.message.walk()] and got.files == {"seal.png": PNG}
    for gone in ("Old", "wrote:", "#accept", "steal", "track.example", "fixed", 'class="x"'):
        assert gone not in shown
    assert "We need these parts <https://parts.example/list>:" in got.text.replace("*", "") and "Seal ring" in got.text


def test_who_is_brought_in_later_sees_it_as_it_was_written(play: Play) -> None:
    letter = play.sink.wait(IVAN)
    play.relay.send(answer(letter, f"Ivan <{IVAN}>", NEW.replace("#accept", "#pass fix")), IVAN, letter.thread)
    assert "<td>Seal ring</td>" in said_anywhere(play.sink.wait(SERGEI))
    play.says(ANNA, "#history")
    assert "<td>Seal ring</td>" in said_anywhere(play.hears(ANNA, "Вся доступная вам переписка"))


def said_anywhere(letter: Received) -> str:
    return re.sub(r' style="[^"]*"', "", letter.html)


def test_a_link_that_shares_no_files_brings_the_structure_without_pictures(make_relay: Callable[..., Relay], sink: Sink) -> None:
    relay = make_relay()
    relay.config.write_text(relay.config.read_text().replace('to = "north"', 'to = "north"\nshare = ["comments"]'))
    relay.start()
    first = write(f"Anna <{ANNA}>", INTAKE, "")
    first.set_content(NEW.replace("#accept", "Hello"), subtype="html")
    part = first.get_body(("html",))
    assert part is not None
    part.add_related(PNG, "image", "png", cid="<ii_1>", filename="seal.png")
    relay.send(first, ANNA, INTAKE)
    got = sink.wait(IVAN)
    assert (
        "<td>Seal ring</td>" in said_anywhere(got) and "<img" not in got.html and not got.files and "cid:" not in got.raw.decode()
    )


def test_nothing_of_the_relays_own_addresses_goes_with_the_structure(play: Play) -> None:
    letter = play.sink.wait(IVAN)
    body = f'<b>Mine</b>: <a href="https://x.example/?to={letter.thread}">click</a> <i title="{letter.note}">here</i>'
    play.relay.send(answer(letter, f"Ivan <{IVAN}>", body), IVAN, letter.thread)
    got = play.hears(ANNA, "Mine")
    decoded = html.unescape(got.html)
    assert letter.thread not in decoded and letter.note not in decoded and DOMAIN in decoded
