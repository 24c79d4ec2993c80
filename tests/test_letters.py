"""Letters, read back by the standard library's parser: structure, headers, files, languages, and nothing injected."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay import mime, offers
from relay.letters import Letters
from relay.mail.parts.flowed import unflow
from relay.model import Action, Attachment, Contact, Entry, Letter, Seat

TOKEN = "abcdefghijklmnopqrstuvwxyz"
AT = datetime(2025, 3, 3, 11, 5, tzinfo=UTC)
COMPOSER = Letters("relay.example", "Acme Relay", None)
KINDS = ("comment", "pass", "opened", "note", "receipt", "undelivered", "postmaster")
# What must not get through into a header: line ends, NUL, bidi, zero-width; and what templates or HTML would act on.
NASTY = st.text(
    st.sampled_from("ab é\r\n\0\t\x85\u2028\u202e\u2066\u200b\ufeff\ud800\"\\<>@,;:=?()[]{}%#'&é鬱😀") | st.characters(),
    max_size=120,
)


def attached(name: str, kind: str, content: bytes, content_id: str = "") -> Attachment:
    return Attachment(name, kind, len(content), sha256(content).hexdigest(), content_id, content)


def entry(text: str = "Hello,\n\nthe pump is broken.\n\nAnna", **more: Any) -> Entry:
    return Entry(**{"kind": "comment", "at": AT, "who": "Anna Smith", "party": "Shop", "own": False, "text": text, **more})


def letter(**more: Any) -> Letter:
    values: dict[str, Any] = {
        "kind": "comment",
        "language": "en",
        "timezone": "Europe/Moscow",
        "to": Contact("ivan@north.example", "Ivan Petrov"),
        "sender": f"t-{TOKEN}@relay.example",
        "sender_name": "Anna Smith",
        "return_path": f"b-{TOKEN}@relay.example",
        "message_id": f"<e1.{TOKEN}@relay.example>",
        "subject": "Pump broken",
        "date": AT,
        "number": "A-17",
        "note": f"n-{TOKEN}@relay.example",
        "references": ("<first@north.example>", f"<e0.{TOKEN}@relay.example>"),
        "entries": (entry(),),
        "seats": (
            Seat("Shop", "accepted", "", False, 0),
            Seat("North Service", "in progress", "4711", True, 1),
            Seat("Repairs", None, "", False, 2),
        ),
        "actions": (Action("pass", "north-repairs"), Action("decline")),
    }
    return Letter(**values | more)


def read(raw: bytes) -> EmailMessage:
    """The letter as the standard parser reads it, after checking what holds for every letter."""
    assert raw.endswith(b"\r\n") and not raw.endswith(b"\r\n\r\n")
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) < 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk()] == [[] for _ in message.walk()]
    return message


def compose(**more: Any) -> EmailMessage:
    return read(COMPOSER.compose(letter(**more)))


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = str(part.get_content()).replace("\r\n", "\n")
    return unflow(content) if part.get_param("format") == "flowed" else content


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Start tags with their attributes, as a browser would read them."""
    found: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, dict(attrs)))

    Reader().feed(html)
    return found


def shown(html: str) -> str:
    """The text of an HTML body as a reader sees it."""
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            words.append(data)

    Reader().feed(html.partition("<body")[2])
    return re.sub(r"\s+", " ", "".join(words))


# ── headers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_headers_of_a_comment() -> None:
    message = compose()
    assert message["From"] == f"Anna Smith <t-{TOKEN}@relay.example>"
    assert message["To"] == "Ivan Petrov <ivan@north.example>"
    assert message["Subject"] == "[A-17] Pump broken"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == f"<e1.{TOKEN}@relay.example>"
    assert message["In-Reply-To"] == f"<e0.{TOKEN}@relay.example>"
    assert message["References"] == f"<first@north.example> <e0.{TOKEN}@relay.example>"
    assert message["X-Relay-Chain"] == "A-17"
    assert message["X-Relay-Loop"] == "relay.example"
    assert message["MIME-Version"] == "1.0"
    names = {name.lower() for name in message.keys()}  # noqa: SIM118 - a message is no mapping of names
    assert not names & {"reply-to", "auto-submitted", "precedence", "return-path"}


def test_only_automatic_letters_say_so() -> None:
    assert compose(kind="opened", automatic=True)["Auto-Submitted"] == "auto-replied"
    assert "Auto-Submitted" not in compose(kind="pass")


def test_a_letter_without_a_chain_has_no_tag_and_no_thread() -> None:
    message = compose(kind="postmaster", number="", references=(), note="", entries=(), data={"what": "A mail was set aside."})
    assert message["Subject"] == "Pump broken"
    assert not {"In-Reply-To", "References", "X-Relay-Chain"} & set(message.keys())


def test_long_subject_in_cyrillic_is_several_encoded_words() -> None:
    subject = "Не работает насос в подвале, течёт вода и пахнет гарью, просим приехать как можно скорее"
    raw = COMPOSER.compose(letter(subject=subject))
    assert read(raw)["Subject"] == f"[A-17] {subject}"
    assert raw.count(b"=?utf-8?b?") >= 3
    assert max(map(len, raw.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "subject", ["=?utf-8?B?SGk=?=", "x" * 300, "a=b?c", "word " * 60, "Ünïcode", "a, b: c; d", "[A-17] again", "👩‍🔧 pump"]
)
def test_subject_is_read_as_it_was_given(subject: str) -> None:
    assert compose(subject=subject)["Subject"] == f"[A-17] {mime.clean(subject)}"


@pytest.mark.parametrize(
    "name", ["Smith, Anna", 'Anna "A" Smith', "Анна Смирнова", "a@b.example", "=?x?q?y?=", "Back\\slash", "Dr. A. (B) <C>"]
)
def test_display_names_are_read_as_they_were_given(name: str) -> None:
    sender = compose(sender_name=name)["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, f"t-{TOKEN}@relay.example")


def test_many_references_keep_the_first_and_the_last() -> None:
    ids = tuple(f"<{count}@relay.example>" for count in range(500))
    kept = compose(references=ids)["References"].split()
    assert kept[0] == ids[0] and tuple(kept[1:]) == ids[-20:]


def one_line(header: str) -> bool:
    return not re.search("[\r\n\0\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]", header)


@settings(max_examples=150)
@given(NASTY, NASTY, NASTY, NASTY)
def test_no_field_injects_a_header_or_a_template(name: str, subject: str, text: str, file: str) -> None:
    raw = COMPOSER.compose(
        letter(
            sender_name=name,
            subject=subject,
            to=Contact("ivan@north.example", name),
            entries=(entry(text, who=name, party=subject, attachments=(attached(file, subject, b"bytes"),)),),
            seats=(Seat(name, "new", text, True, 0),),
            actions=(Action("pass", text),),
        )
    )
    message = read(raw)
    expected = "From To Subject Date Message-ID In-Reply-To References Thread-Topic Thread-Index X-Relay-Chain X-Relay-Loop"
    assert list(message.keys()) == [*expected.split(), "MIME-Version", "Content-Type"]
    assert [str(address.addr_spec) for address in message["From"].addresses] == [f"t-{TOKEN}@relay.example"]
    assert [str(address.addr_spec) for address in message["To"].addresses] == ["ivan@north.example"]
    assert all(one_line(str(value)) for value in message.values())
    (attachment,) = message.iter_attachments()
    assert isinstance(attachment, EmailMessage) and attachment.get_content() in (b"bytes", "bytes")
    assert one_line(str(attachment.get_filename()))
    assert_harmless(body(message, "html"))


@settings(max_examples=100)
@given(st.sampled_from(KINDS), NASTY, NASTY)
def test_no_data_injects_anything_in_any_kind(kind: str, one: str, other: str) -> None:
    data = {
        "problems": [{"line": one, "reason": other, "nearest": one, "party": other}, {"line": one, "reason": "already-passed"}],
        "to": one,
        "reason": other,
        "text": one,
        "what": other,
        "details": {one: other},
    }
    message = compose(kind=kind, data=data, note=one, number=other)
    assert_harmless(body(message, "html"))
    assert all(one_line(str(value)) for value in message.values())


@given(NASTY)
def test_no_address_injects_a_recipient(address: str) -> None:
    head = COMPOSER.compose(letter(to=Contact(address), references=(address, "<b@c>"), message_id=address)).partition(
        b"\r\n\r\n"
    )[0]
    lines = re.sub(rb"\r\n ", b" ", head).split(b"\r\n")
    names = [line.partition(b":")[0] for line in lines]
    assert names.count(b"To") == names.count(b"From") == 1 and b"Bcc" not in names
    to = lines[names.index(b"To")].decode().partition(":")[2].strip()
    assert re.fullmatch(r'("(?:[^"\\]|\\.)*"|[^\s@",<>]*)@[^\s@",<>]*', to)


def assert_harmless(html: str) -> None:
    """Only the templates' own tags; nothing is loaded from outside, and links go to the web or to mail."""
    known = ["html", "head", "meta", "title", "style", "body", "table", "tr", "th", "td", "div", "h2", "p", "b", "br", "a", "img"]
    for tag, attributes in tags(html):
        assert tag in known
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("src") or "cid:").startswith("cid:")
        assert (attributes.get("href") or "mailto:").lower().startswith(("mailto:", "http://", "https://"))
        assert "url(" not in (attributes.get("style") or "") and "background" not in attributes


# ── bodies ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_kind_has_text_and_html_that_say_the_same(kind: str, language: str) -> None:
    data = {
        "problems": [{"line": "#pas x", "reason": "unknown-command"}],
        "to": "Repairs",
        "reason": "refused",
        "text": "My own words",
        "what": "A mail was set aside.",
        "details": {"id": "123"},
    }
    message = compose(kind=kind, language=language, data=data)
    assert message.get_content_type() == "multipart/alternative"
    plain, html = re.sub(r"\s+", " ", body(message, "plain")), shown(body(message, "html"))
    missing = [word for word in re.findall(r"[\w@#-]+", plain) if word not in html]
    assert missing == []
    assert "{" not in plain + html and "%(" not in plain + html
    spoken = "en" if kind == "postmaster" else language
    assert f'<html lang="{spoken}">' in body(message, "html")
    assert bool(re.search("[а-я]", plain)) == (spoken == "ru")


def test_an_unknown_language_falls_back_to_english() -> None:
    assert "Just answer this mail" in body(compose(language="xx"), "plain")


def test_the_words_come_first_and_keep_their_lines() -> None:
    text = "Hello,\n\n  indented\n> quoted\n>> twice\n\n\nend {{ 7 * 7 }} {% raw %} %(relay)s <b>bold</b> &amp;"
    message = compose(entries=(entry(text),))
    assert body(message, "plain").startswith(text + "\n")
    html = body(message, "html")
    first = html.partition('<div dir="auto">')[2].partition("</div>")[0]
    assert (
        first.replace("<br>\n", "\n").replace("&nbsp;", " ").replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
        == text
    )
    assert "-- \n" not in body(message, "plain")


def test_who_sees_what_stands_below() -> None:
    plain = body(compose(), "plain")
    assert "Shop: accepted\n  North Service (you): in progress, No. 4711\n    Repairs\n" in plain
    assert "Written by: Anna Smith, Shop" in plain
    assert "  #pass north-repairs (pass the ticket on)\n  #decline reason (give the ticket back)\n" in plain
    assert f"write to n-{TOKEN}@relay.example, or put #internal on a line" in plain
    assert "Магазин: принята" in body(compose(language="ru", seats=(Seat("Магазин", "accepted", "", False, 0),)), "plain")
    assert "#передать north-repairs" in body(compose(language="ru"), "plain")


def mailtos(html: str) -> list[str]:
    return [href for _, attributes in tags(html) if (href := attributes.get("href") or "").startswith("mailto:")]


@pytest.mark.parametrize("subject", ["Pump & more?", "Насос сломался, " * 20, "鬱" * 400])
def test_mailto_links_are_short_and_answer_the_letter(subject: str) -> None:
    links = mailtos(body(compose(subject=subject), "html"))
    assert len(links) == 3
    for link in links:
        assert len(link) < 1000
        assert re.fullmatch(r"mailto:[\x21-\x7e]+", link) and "+" not in link
    parts = urlsplit(links[0])
    asked = parse_qs(parts.query, strict_parsing=True)
    assert unquote(parts.path) == f"t-{TOKEN}@relay.example"
    assert f"Re: [A-17] {mime.clean(subject)}".startswith(asked["subject"][0])
    assert asked["body"] == ["#pass north-repairs\r\n\r\n"] and "%0D%0A" in links[0]
    assert parse_qs(urlsplit(links[1]).query)["body"] == ["#decline \r\n\r\n"]


def test_an_action_too_long_for_a_link_is_still_said_in_words() -> None:
    message = compose(actions=(Action("pass", "ж" * 300),))
    assert "#pass " + "ж" * 300 in body(message, "plain")
    assert [link for link in mailtos(body(message, "html")) if "pass" in link] == []


def test_pass_tells_the_thread_so_far() -> None:
    thread = (
        entry("It is broken."),
        entry(
            "We look.",
            who="Ivan Petrov",
            party="North",
            at=AT.replace(hour=12),
            attachments=(attached("plan.pdf", "application/pdf", b"%PDF"),),
        ),
        entry("Please help.", kind="passed", who="Ivan Petrov", party="North", data={"to": "Repairs", "mine": True}),
    )
    message = compose(kind="pass", entries=thread)
    plain = body(message, "plain")
    assert plain.startswith("Ivan Petrov, North has passed this ticket on to you.")
    places = [
        plain.index(words)
        for words in ("Mar 3, 2025, 2:05", "Anna Smith, Shop:\nIt is broken.", "We look.", "plan.pdf", "Please help.")
    ]
    assert places == sorted(places)
    assert "3 мар. 2025\xa0г., 14:05, Anna Smith, Shop:" in body(compose(kind="pass", language="ru", entries=thread), "plain")
    assert [file.get_filename() for file in message.iter_attachments()] == ["plan.pdf"]


def test_opened_says_where_the_ticket_is_and_brings_no_files_back() -> None:
    files = (attached("plan.pdf", "application/pdf", b"%PDF"), attached("a.png", "image/png", b"png", "p1"))
    seats = (Seat("Shop", "new", "", True, 0), Seat("North", "new", "", False, 1), Seat("Deep", "new", "", False, 2))
    message = compose(kind="opened", seats=seats, entries=(entry("Look: [cid:p1]", attachments=files),))
    plain = body(message, "plain")
    assert plain.startswith("Your ticket A-17 is with North.")
    assert "Look: [a.png]" in plain and "Files: plan.pdf" in plain
    assert message.get_content_type() == "multipart/alternative" and "cid:" not in body(message, "html")


def test_a_note_says_that_it_is_internal_and_where_an_answer_goes() -> None:
    plain = body(compose(kind="note", entries=(entry(internal=True),)), "plain")
    assert plain.startswith("INTERNAL: only your colleagues see this note.")
    assert "An answer to this mail stays internal" in plain and "reaches everyone" not in plain


def test_files_that_would_make_the_letter_too_large_are_named() -> None:
    plain = body(compose(entries=(entry(data={"left_out": ["film.mp4"]}),)), "plain")
    assert "Too large to send along: film.mp4" in plain


def test_what_else_happened_is_said() -> None:
    said = body(
        compose(
            entries=(
                entry("Back on Monday.", kind="automatic"),
                entry("", kind="passed", data={"to": "Repairs", "mine": False}),
                entry("", kind="undelivered", data={"to": "Repairs", "reason": "expired"}),
            )
        ),
        "plain",
    )
    assert "Automatic reply:\nBack on Monday." in said
    assert "The ticket was passed on to Repairs." in said
    assert "A mail to Repairs did not arrive: the mail server there did not take it in time." in said


def test_a_retry_is_the_same_bytes_and_another_letter_is_not() -> None:
    one = letter(entries=(entry("[cid:p1]", attachments=(attached("a.png", "image/png", b"png", "p1"),)),))
    assert COMPOSER.compose(one) == Letters("relay.example", "Acme Relay", None).compose(one)
    other = COMPOSER.compose(replace(one, message_id="<other@relay.example>"))
    assert read(other).get_boundary() != read(COMPOSER.compose(one)).get_boundary()


# ── files and pictures ─────────────────────────────────────────────────────────────────────────────────────


def test_an_inline_picture_stands_in_the_html_and_is_named_in_the_text() -> None:
    picture, file = attached("снимок.png", "image/png", b"\x89PNG", "p1"), attached("a.txt", "text/plain", b"a\n")
    message = compose(entries=(entry("Before [cid:p1] after [cid:p9]", attachments=(picture, file)),))
    assert message.get_content_type() == "multipart/mixed"
    html_part = message.get_body(("related",))
    assert html_part is not None and html_part.get_content_type() == "multipart/related"
    _, image = html_part.iter_parts()
    assert isinstance(image, EmailMessage) and image.get_content() == b"\x89PNG"
    assert image.get_content_disposition() == "inline"
    sources = [attributes for tag, attributes in tags(body(message, "html")) if tag == "img"]
    assert [f"<{str(one['src'])[4:]}>" for one in sources] == [image["Content-ID"]]
    assert re.fullmatch(r"<p1\.[0-9a-f]+@relay\.example>", image["Content-ID"])
    assert sources[0]["alt"] == "снимок.png"
    assert "Before [снимок.png] after [cid:p9]" in body(message, "plain")
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.txt"]


FRAGMENT = (
    '<div><b>Parts:</b><table><tbody><tr><th align="right">Part</th></tr><tr><td>Pump</td></tr></tbody></table>'
    '<h2>Look</h2><img src="cid:p1"><img src="cid:p9"></div>'
)


@pytest.mark.parametrize("kind", ["comment", "pass", "note", "history"])
def test_a_comment_with_structure_is_shown_as_it_was_written(kind: str) -> None:
    picture = attached("снимок.png", "image/png", b"\x89PNG", "p1")
    message = compose(
        kind=kind, entries=(entry("Parts:\nPart\nPump\nLook [cid:p1][cid:p9]", html=FRAGMENT, attachments=(picture,)),)
    )
    html = body(message, "html")
    shown_tags = [tag for tag, _ in tags(html.partition('<div dir="auto">')[2].partition("</div>\n")[0])]
    assert shown_tags == ["div", "b", "table", "tbody", "tr", "th", "tr", "td", "h2", "img"]
    cell = next(attributes for tag, attributes in tags(html) if tag == "th")
    assert cell["align"] == "right" and "border:1px solid" in str(cell["style"])
    (image,) = [attributes for tag, attributes in tags(html) if tag == "img"]
    part = message.get_body(("related",))
    assert part is not None and f"<{str(image['src'])[4:]}>" in [each["Content-ID"] for each in part.walk()]
    assert "[cid:p9]" in html and "Look [снимок.png][cid:p9]" in body(message, "plain")


def test_a_letter_that_only_names_files_names_pictures_in_structure_too() -> None:
    picture = attached("a<b>.png", "image/png", b"png", "p1")
    said = entry("Parts:\nPart\nPump\nLook [cid:p1][cid:p9]", html=FRAGMENT, attachments=(picture,))
    html = body(compose(kind="opened", entries=(said,)), "html")
    assert "<td style=" in html and "[a&lt;b&gt;.png][cid:p9]" in html and "<img" not in html


def test_a_receipt_shows_the_structure_only_of_words_that_it_gives_whole() -> None:
    for text, whole in (("One\n\ntwo", True), ("Line\n" * 50, False)):
        html = body(compose(kind="receipt", entries=(entry(text, html="<div><b>Bold</b></div>"),)), "html")
        assert ("<b>Bold</b>" in html) == whole


def test_pictures_of_several_entries_do_not_meet() -> None:
    entries = tuple(
        entry("[cid:p1]", attachments=(attached("a.png", "image/png", content, "p1"),)) for content in (b"one", b"two")
    )
    message = compose(kind="pass", entries=entries)
    by_id = {part["Content-ID"]: part.get_content() for part in message.walk() if part["Content-ID"]}
    sources = [f"<{str(attributes['src'])[4:]}>" for tag, attributes in tags(body(message, "html")) if tag == "img"]
    assert [by_id[source] for source in sources] == [b"one", b"two"]


def test_a_picture_that_the_text_does_not_name_is_a_file() -> None:
    message = compose(entries=(entry("No marker", attachments=(attached("a.png", "image/png", b"png", "p1"),)),))
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.png"]
    assert "Files: a.png" in body(message, "plain")


@settings(max_examples=60)
@given(
    st.binary(max_size=3000),
    st.sampled_from(["text/plain", "text/html", "message/rfc822", "multipart/mixed", "x", "application/pdf"]),
)
def test_every_file_arrives_byte_for_byte(content: bytes, kind: str) -> None:
    message = compose(entries=(entry(attachments=(attached("file", kind, content),)),))
    (part,) = message.iter_attachments()
    assert part.get_payload(decode=True) == content
    composite = kind.startswith(("message/", "multipart/"))
    assert part.get_content_type() == ("application/octet-stream" if composite or kind == "x" else kind)


def test_an_attached_mail_is_an_eml_file_with_its_bytes() -> None:
    original = b"From: a@b.example\nSubject: old\n\nbare line ends\n\xff\n"
    (part,) = compose(entries=(entry(attachments=(attached("old mail", "message/rfc822", original),)),)).iter_attachments()
    assert part.get_filename() == "old mail.eml" and part.get_payload(decode=True) == original


@pytest.mark.parametrize("claimed", ["text/plain\r\nX-Evil: 1", "a b/c", "image/png;x=\r\ny", "", "/", "image/ÿ"])
def test_a_broken_type_is_octets_or_cut(claimed: str) -> None:
    (part,) = compose(entries=(entry(attachments=(attached("f", claimed, b"x"),)),)).iter_attachments()
    assert part.get_content_type() in ("application/octet-stream", "image/png") and "X-Evil" not in part


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "Отчёт за март.pdf",
        'quo"te.txt',
        "semi;colon,comma.txt",
        "x" * 200 + ".pdf",
        "ж" * 150 + ".pdf",
        "鬱" * 250 + ".txt",
        "=?a?b?c?=.txt",
        "100%.txt",
    ],
)
def test_file_names_are_read_in_the_old_way_and_the_new(name: str) -> None:
    raw = COMPOSER.compose(letter(entries=(entry(attachments=(attached(name, "application/pdf", b"x"),)),)))
    (part,) = read(raw).iter_attachments()
    assert part.get_filename() == name
    # The way of programs that know RFC 2047 only: encoded words in the old parameter.
    old = list(email.message_from_bytes(raw, policy=email.policy.compat32).walk())[-1].get_param("name")
    assert str(make_header(decode_header(str(old)))) == name


@pytest.mark.parametrize(
    ("given_name", "sent"),
    [("../../etc/passwd", "_.._etc_passwd"), ("C:\\a.txt", "C:_a.txt"), ("", "file"), ("gpj\u202e.exe", "gpj.exe")],
)
def test_file_names_hold_no_path_and_nothing_invisible(given_name: str, sent: str) -> None:
    (part,) = compose(entries=(entry(attachments=(attached(given_name, "application/pdf", b"x"),)),)).iter_attachments()
    assert part.get_filename() == sent


def test_a_file_without_its_content_fails_the_letter() -> None:
    lost = Attachment("a.pdf", "application/pdf", 10, "0" * 64)
    with pytest.raises(ValueError, match=r"a\.pdf"):
        compose(entries=(entry(attachments=(lost,)),))


def test_the_letters_own_files_come_too_but_none_twice() -> None:
    one, two = attached("1.txt", "text/plain", b"1"), attached("2.txt", "text/plain", b"2")
    message = compose(entries=(entry(attachments=(one,)),), attachments=(one, two))
    assert [part.get_filename() for part in message.iter_attachments()] == ["1.txt", "2.txt"]


def test_the_cache_of_encoded_files_stays_within_its_bytes() -> None:
    cache = mime.Base64Cache(limit=300)
    files = [attached("f", "x/y", bytes([count]) * 90) for count in range(10)]
    assert [cache(file) for file in files + files] == [mime.wrapped_base64(file.content) for file in files + files]
    assert sum(map(len, cache._known.values())) == cache._held <= 300


def test_mailto_budget_leaves_room_below_what_clients_cut() -> None:
    assert offers.MAILTO < 1000 and offers.SUBJECT < offers.MAILTO
