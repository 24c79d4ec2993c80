"""MIME as it comes: charsets, lost boundaries, parts in other packings; nothing raises, and nothing takes long."""

from __future__ import annotations

import binascii
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import Refused
from relay.mail.parts import charsets, coded, invitation, rtf, smime, tnef
from relay.mail.reader import read
from tests.mail.samples import mail, multipart, part, plain

CODECS = [
    "", "utf-8", "us-ascii", "iso-8859-1", "windows-1251", "koi8-r", "koi8-u", "cp866", "windows-1253", "windows-1255", "gb2312",
    "shift_jis", "euc-kr", "big5", "iso-8859-8-i", "utf-16", "utf-32", "x-unknown", "unicode", "x-gbk",
]  # fmt: skip
ODD = [*CODECS, "utf-7", "iso-2022-jp", "hz", "rot13", "undefined", "\0", "utf-16-le"]


# ── charsets ───────────────────────────────────────────────────────────────────────────────────────────────


@given(st.binary(max_size=300), st.sampled_from(ODD) | st.text(max_size=12))
def test_decoding_never_raises_and_gives_whole_characters(data: bytes, declared: str) -> None:
    charsets.decode(data, declared).encode("utf-8")


@given(st.text(st.characters(min_codepoint=1, max_codepoint=126, exclude_characters="\x1b")), st.sampled_from(CODECS))
def test_ascii_stays_as_it_is_whatever_was_declared(text: str, declared: str) -> None:
    assert charsets.decode(text.encode(), declared) == text


@given(st.text(), st.sampled_from(["", "utf-8", "windows-1251", "koi8-r", "iso-8859-1", "us-ascii", "windows-1253"]))
def test_well_formed_utf8_is_utf8_whatever_was_declared(text: str, declared: str) -> None:
    data = text.encode("utf-8", "replace")
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or b"\x1b" in data:
        return
    assert charsets.decode(data, declared) == data.decode()


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(["", "utf-8", "windows-1251", "iso-8859-1", "cp1253"]))
def test_no_ascii_letter_is_lost_among_broken_bytes(before: bytes, after: bytes, declared: str) -> None:
    text = charsets.decode(b"a" + before + b" pump 3 " + after, declared)
    assert "pump 3" in text or b"\0" in before + after


@pytest.mark.parametrize("word", ["Да", "да", "Нет", "Ок"])
@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1"])
def test_a_short_word_in_windows_1251_is_no_damaged_utf8(word: str, declared: str) -> None:
    assert charsets.decode(word.encode("cp1251"), declared) == word


@pytest.mark.parametrize("text", ["Größe", "café, déjà", "Straße 5, Müller", "fête à Liège"])
def test_western_words_stay_western(text: str) -> None:
    assert charsets.decode(text.encode("cp1252"), "") == text


def test_a_page_that_names_its_charset() -> None:
    page = '<meta charset="windows-1253"><p>Η αντλία</p>'.encode("cp1253")
    assert read(mail(page, "Content-Type: text/html")).text == "Η αντλία"
    assert read(mail(page, "Content-Type: text/html; charset=x-none")).text == "Η αντλία"
    assert charsets.of_page(b"<meta charset=x-none>") == ""


# ── boundaries ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lost_boundary_opens_no_attached_mail() -> None:
    inner = b"From: a@b.example\r\nContent-Type: text/plain\r\n\r\nSECRET\r\n"
    raw = multipart("mixed", plain("See below."), part("message/rfc822", inner)).replace(b'; boundary="=-frontier"', b"")
    found = read(raw)
    assert found.text == "See below." and found.attachments[0].content == inner


def test_lost_boundaries_within_one_another_end() -> None:
    raw = b"x"
    for level in range(20):
        raw = (
            b"Content-Type: multipart/mixed\r\n\r\n--b%d\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b%d\r\n" % (level, level)
            + raw
        )
    assert read(b"From: a@b.example\r\n" + raw).text.startswith("text")


def test_the_limits_hold_in_what_is_read_anew() -> None:
    many = b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n" * 600
    with pytest.raises(Refused):
        read(mail(many, "Content-Type: multipart/mixed"))


def test_delimiters_in_a_text_are_text() -> None:
    text = "--x\r\nnot a header\r\n--x\r\n"
    assert read(mail(text)).text == "--x\nnot a header\n--x"


# ── what is packed ─────────────────────────────────────────────────────────────────────────────────────────


def attribute(name: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + b"\0\0"


def winmail(*attributes: bytes) -> bytes:
    return tnef.SIGNATURE + b"\1\0" + b"".join(attributes)


FILE = attribute(0x9002, b"\0" * 14, 2) + attribute(0x8010, b"a.bin\0", 2) + attribute(0x800F, b"content\0\0", 2)


def test_zero_bytes_at_the_end_of_a_file_in_winmail_are_kept() -> None:
    found = read(multipart("mixed", plain("x"), part("application/ms-tnef; name=winmail.dat", winmail(FILE))))
    assert [(file.name, file.content) for file in found.attachments] == [("a.bin", b"content\0\0")]


def test_what_is_no_winmail_stays_a_file() -> None:
    found = read(multipart("mixed", plain("x"), part("application/ms-tnef; name=winmail.dat", b"no TNEF")))
    assert [file.name for file in found.attachments] == ["winmail.dat"]


HUGE = struct.pack("<I", 2**32 - 1)
WINMAIL_BOMBS = {
    "attributes": winmail(attribute(0x9002, b"") * 100_000),
    "properties": winmail(attribute(0x9003, HUGE + struct.pack("<HHI", 3, 1, 1) * 50_000)),
    "numbers": winmail(attribute(0x9003, struct.pack("<IHH", 1, 0x1003, 1) + HUGE)),
    "texts": winmail(attribute(0x9003, struct.pack("<IHH", 1, 0x101E, 1) + HUGE + b"\0" * 100_000)),
    "a length": winmail(attribute(0x9003, struct.pack("<IHHI", 1, 0x1E, 0x1000, 1) + HUGE + b"x")),
    "files": winmail(FILE * 1000),
}


@pytest.mark.parametrize("bomb", WINMAIL_BOMBS.values(), ids=WINMAIL_BOMBS.keys())
def test_a_winmail_that_lies_about_its_counts_is_read(bomb: bytes) -> None:
    found = tnef.read(bomb)
    assert found is not None and len(found.files) <= tnef.FILES


@given(st.binary(max_size=400))
def test_no_packing_raises(data: bytes) -> None:
    tnef.read(tnef.SIGNATURE + b"\1\0" + data)
    tnef.read(winmail(attribute(0x9003, data), attribute(0x9002, b"", 2), attribute(0x9005, data, 2)))
    rtf.read(b"{\\rtf1 " + data)
    rtf.decompressed(b"\0" * 8 + b"LZFu\0\0\0\0" + data)
    smime.content(data)
    smime.content(bytes.fromhex("308006092a864886f70d010702a0803080") + data)
    coded.split(b"begin 644 a\n" + data + b"\nend\n")
    coded.split(b"=ybegin line=1 name=a\n" + data + b"\n=yend\n")


@pytest.mark.parametrize("piece", [rb"{", rb"}", rb"\b", rb"\u1090?", rb"\'e0", rb"{\*\htmltag ", rb"\bin9", "\\"])
def test_monstrous_rtf_is_read(piece: bytes | str) -> None:
    piece = piece if isinstance(piece, bytes) else piece.encode()
    assert isinstance(rtf.read(rb"{\rtf1\fromhtml1 " + piece * 20_000)[0], str)


def test_unpacked_rtf_is_no_longer_than_its_limit() -> None:
    packed = b"\0" * 8 + b"LZFu" + b"\0" * 4 + (b"\xff" + b"\0\x0f" * 8) * 20_000
    assert len(rtf.decompressed(packed)) <= rtf.LARGEST + 200


@given(st.binary(min_size=1, max_size=500), st.sampled_from([b"\n", b"\r\n"]))
def test_uuencoded_bytes_come_back(content: bytes, end: bytes) -> None:
    lines = [binascii.b2a_uu(content[at : at + 45]).rstrip(b"\n") for at in range(0, len(content), 45)]
    text, files = coded.split(end.join([b"Before", b"begin 644 a b.bin", *lines, b"`", b"end", b"after", b""]))
    assert (text, files) == (b"Before" + end + b"after" + end, [(b"a b.bin", content)])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=96), max_size=80))
def test_every_line_of_uuencode_is_read_or_is_text(line: str) -> None:
    coded.split(f"begin 644 a\n{line}\nend\n".encode())


@given(st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=200))
def test_a_text_without_files_stays_as_it_is(text: str) -> None:
    data = ("begin 644 the work\n" + text).encode()
    assert coded.split(data)[0] == data or "end" in text


def test_an_opened_signed_mail_may_be_refused_like_any_other() -> None:
    entity = b"Content-Type: text/plain" + b"; a=b" * 500 + b"\r\n\r\nx"
    octets = b"\x04\x82" + struct.pack(">H", len(entity)) + entity
    packed = bytes.fromhex("308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a080") + octets
    with pytest.raises(Refused):
        read(mail(packed, "Content-Type: application/pkcs7-mime; smime-type=signed-data"))


# ── invitations ────────────────────────────────────────────────────────────────────────────────────────────


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:Pump", *lines, "END:VEVENT", "END:VCALENDAR"])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["DTSTART:20260302T070000Z", "DTEND:20260302T080000Z"], "2026-03-02 07:00–08:00 (UTC)"),
        (["DTSTART:20260302T070000"], "2026-03-02 07:00"),
        (["DTSTART;TZID=Russian Standard Time:20260302T100000", "DURATION:PT1H30M"],
         "2026-03-02 10:00–11:30 (Russian Standard Time)"),
        (['DTSTART;TZID="GMT+3: Moscow":20260302T230000', "DTEND:20260303T010000"],
         "2026-03-02 23:00 – 2026-03-03 01:00 (GMT+3: Moscow)"),
        (["DTSTART;VALUE=DATE:20260302"], "2026-03-02"),
        (["DTSTART:20261399T000000", "DTEND:x"], ""),
        (["DTSTART:20260302T070000Z", "DURATION:P2W"], "2026-03-02 07:00 – 2026-03-16 07:00 (UTC)"),
        (["DTSTART:99990302T070000Z", "DURATION:P9999W"], "9999-03-02 07:00 (UTC)"),
    ],
)  # fmt: skip
def test_when(lines: list[str], said: str) -> None:
    assert invitation.text(event(*lines)) == "\n".join(line for line in ("Pump", said) if line)


def test_the_writer_is_not_named_as_organiser() -> None:
    source = event("ORGANIZER;CN=Ivan:MAILTO:Ivan@North.example")
    assert invitation.text(source) == "Pump\nIvan <ivan@north.example>"
    assert invitation.text(source, "ivan@north.example") == "Pump"


@pytest.mark.parametrize(
    ("method", "answer", "said"),
    [
        ("REPLY", ";PARTSTAT=ACCEPTED", "Accepted: Pump"),
        ("REPLY", ";PARTSTAT=DECLINED", "Declined: Pump"),
        ("reply", ";PARTSTAT=tentative", "Tentative: Pump"),
        ("REPLY", ";PARTSTAT=NEEDS-ACTION", "No answer yet: Pump"),
        ("REPLY", "", "Reply: Pump"),
        ("REQUEST", ";PARTSTAT=NEEDS-ACTION", "Pump"),
        ("CANCEL", "", "Cancelled: Pump"),
        ("COUNTER", ";PARTSTAT=TENTATIVE", "Another time proposed: Pump"),
    ],
)
def test_what_an_answer_says(method: str, answer: str, said: str) -> None:
    source = event(f"ATTENDEE{answer}:mailto:ivan@north.example").replace("BEGIN:VEVENT", f"METHOD:{method}\r\nBEGIN:VEVENT")
    assert invitation.text(source, "ivan@north.example") == said


def test_who_answers_for_somebody_else_names_him() -> None:
    source = event('ATTENDEE;PARTSTAT=DECLINED;CN="Ivan":mailto:ivan@north.example')
    source = source.replace("BEGIN:VEVENT", "METHOD:REPLY\r\nBEGIN:VEVENT")
    assert invitation.text(source, "olga@north.example") == "Declined (Ivan <ivan@north.example>): Pump"


def test_what_an_invitation_describes_is_shown_within_bounds() -> None:
    assert (
        invitation.text(event(r"DESCRIPTION:Bring the key\, please.\n\n\n\nGate 2")) == "Pump\n\nBring the key, please.\n\nGate 2"
    )
    assert len(invitation.text(event("DESCRIPTION:" + "word " * 5000))) < invitation.DESCRIBED + 20
    answered = event("DESCRIPTION:Bring the key").replace("BEGIN:VEVENT", "METHOD:REPLY\r\nBEGIN:VEVENT")
    assert invitation.text(answered) == "Reply: Pump"


@given(st.text(max_size=300))
def test_no_calendar_raises(text: str) -> None:
    invitation.text(event(text, "DESCRIPTION:" + text, "DTSTART:" + text[:20], "DURATION:" + text[:20]))
