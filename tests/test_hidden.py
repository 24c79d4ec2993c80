"""A hidden link over SMTP: who is behind it, and what the files say of who made them, does not cross."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pikepdf
import pytest
from PIL import Image

from tests.harness import Relay, Sink, until, write
from tests.test_workflow import ANNA, IVAN, SERGEI, Play

CORE = (
    '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Sergei of Fix It</dc:creator></cp:coreProperties>'
)
TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + b"Sergei of Fix It"
PLACES = ("sergei", "fix it", "fix.example", "#fix", "fx-9", "vendor", "victor")


def docx() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), TYPES)
        archive.writestr(zipfile.ZipInfo("docProps/core.xml"), CORE)
        archive.writestr(
            zipfile.ZipInfo("word/document.xml"), "<w:document xmlns:w='urn:x'><w:t>The act of work</w:t></w:document>"
        )
    return made.getvalue()


def photo() -> bytes:
    exif = Image.Exif()
    exif[0x013B] = "Sergei of Fix It"  # Artist
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(made, "jpeg", exif=exif)
    return made.getvalue()


def pdf() -> bytes:
    made = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.docinfo["/Author"] = "Sergei of Fix It"
        document.save(made)
    return made.getvalue()


def inside(content: bytes) -> bytes:
    """A file with what is packed in it laid open."""
    if content[:2] != b"PK":
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())


@pytest.fixture
def play(make_relay: Callable[..., Relay], sink: Sink) -> Play:
    """Anna → Ivan → Sergei, who is hidden; he passes on to the vendor."""
    relay = make_relay()
    relay.config.write_text(relay.config.read_text().replace('to = "fix"', 'to = "fix"\nidentity = "hidden"'))
    relay.start()
    play = Play(relay, sink)
    play.says(IVAN, "#pass fix")
    sink.wait(SERGEI)
    return play


def with_files(mail: EmailMessage, **files: bytes) -> EmailMessage:
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return mail


def test_the_customer_sees_the_contractor_only(play: Play) -> None:
    play.says(SERGEI, "#accept\n#ref FX-9\n#time 2h\n#field Serial: 77\n#pass vendor have a look\n\nThe board is burnt.")
    until(lambda: play.statuses().get("vendor") == "new", "the vendor's ticket")
    play.says(SERGEI, "#resolved\n\nReplaced it.")
    told = play.hears(ANNA, "Replaced it.")
    assert told.message["From"].addresses[0].display_name == "North Service"
    assert "Serial: 77" in play.hears(ANNA, "The board is burnt.").text
    for question in ("#status", "#history", "#help", "#pass fix"):
        play.says(ANNA, question)
    until(lambda: "не передана" in play.sink.to(ANNA)[-1].text, "the last answer")
    for letter in play.sink.to(ANNA):
        said = (letter.raw.decode() + letter.text + letter.html).lower()
        assert not [place for place in PLACES if place in said.replace("#pass fix", "")], letter.text
    assert "Сейчас она у стороны North Service" in play.hears(ANNA, "Состояние заявки").text


def test_files_cross_without_who_made_them(play: Play) -> None:
    thread = play.sink.wait(SERGEI).thread
    files = {"act_docx": docx(), "photo_jpg": photo(), "bill_pdf": pdf(), "old_doc": OLD_WORD}
    assert all(b"Sergei" in inside(content) for content in files.values())
    play.relay.send(with_files(write(f"Sergei <{SERGEI}>", thread, "The papers."), **files), SERGEI, thread)
    for who in (ANNA, IVAN):
        got = play.hears(who, "The papers.").files
        assert set(got) == {"act.docx", "photo.jpg", "bill.pdf"}
        assert all(b"Sergei" not in inside(content) for content in got.values())
        assert b"The act of work" in inside(got["act.docx"])
        with Image.open(io.BytesIO(got["photo.jpg"])) as picture:
            assert picture.size == (40, 30) and not dict(picture.getexif())
        with pikepdf.open(io.BytesIO(got["bill.pdf"])) as document:
            assert len(document.pages) == 1
    assert "did not reach North Service" in play.hears(SERGEI, "old.doc").text


def test_a_file_that_cannot_be_cleaned_stays_before_the_hidden_link_and_its_keeper_is_told(play: Play) -> None:
    thread = play.sink.wait(ANNA).thread
    mail = with_files(write(f"Anna <{ANNA}>", thread, "The contract."), contract_doc=OLD_WORD, plan_docx=docx())
    play.relay.send(mail, ANNA, thread)
    to_ivan = play.hears(IVAN, "The contract.")
    assert to_ivan.files["contract.doc"] == OLD_WORD and to_ivan.files["plan.docx"] == docx()
    assert "so Fix It did not get it" in to_ivan.text
    to_sergei = play.hears(SERGEI, "The contract.")
    assert set(to_sergei.files) == {"plan.docx"} and b"Sergei" not in inside(to_sergei.files["plan.docx"])
    until(lambda: not play.relay.json("queue", "list"), "an empty queue")
    assert not any("fix" in letter.text.lower() or "PDF" in letter.text for letter in play.sink.to(ANNA))
