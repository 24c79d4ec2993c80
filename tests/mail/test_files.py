"""Files: names that cannot lie, types by content, and those that are not passed on."""

from __future__ import annotations

import binascii
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.mail.parts import attachments, dangers, kinds
from relay.mail.parts.headers import clean
from relay.mail.reader import read
from relay.model import Attachment
from relay.settings import PROGRAMS
from tests.mail.samples import multipart, part, plain

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 20
PDF = b"%PDF-1.4\n"
EXE = b"MZ\x90\0" + b"\0" * 80
ELF = b"\x7fELF\2\1\1" + b"\0" * 60
SHORTCUT = bytes.fromhex("4c0000000114020000000000c000000000000046") + b"\0" * 60


def zipped(*names: str, encrypted: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 10)
    raw = bytearray(made.getvalue())
    at = raw.find(b"PK\x01\x02")
    while encrypted and at >= 0:
        raw[at + 8] |= 1
        at = raw.find(b"PK\x01\x02", at + 4)
    return bytes(raw)


def file(name: str, content: bytes, kind: str = "application/octet-stream", *fields: str) -> Attachment:
    """That file as it is read out of a mail."""
    made = part(kind, content, f'Content-Disposition: attachment; filename="{name}"', *fields)
    (found,) = read(multipart("mixed", plain("The file."), made)).attachments
    return found


# ── names ──────────────────────────────────────────────────────────────────────────────────────────────────

HIDDEN = "\u200b\u200e\u202e\u2066\ufeff\xad\x00\x1b\u2028"
NAMES = st.text(st.characters() | st.sampled_from(HIDDEN + "./\\: \u2800"), max_size=300)


@given(NAMES)
def test_a_cleaned_name_is_one_that_can_be_saved_and_read(raw: str) -> None:
    name = attachments.cleaned(raw)
    assert name == "" or any(map(str.isalnum, name))
    assert not set(name) & set('<>:"|?*/\\\n\r' + HIDDEN)
    assert len(name) <= attachments.LONGEST_NAME + 1
    assert name == name.strip() and not name.endswith((".", " "))
    assert name == clean(name)
    name.encode("utf-8")


@given(st.from_regex(r"[A-Za-z0-9а-яё][A-Za-z0-9а-яё _()+,-]{0,40}[a-zа-яё0-9]\.[a-z0-9]{1,5}", fullmatch=True))
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert attachments.cleaned(name) == clean(name)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a.exe. . ", "a.exe"),
        ("report.pdf" + " " * 60 + ".exe", "report.pdf .exe"),
        ("NUL.txt", "_NUL.txt"),
        ("com1", "_com1"),
        ("common.txt", "common.txt"),
        ('"', ""),
        ("C:\\Users\\Ivan\\act.pdf", "act.pdf"),
        ("a.exe:photo.jpg", "a.exe_photo.jpg"),
    ],
)
def test_names_that_lie(raw: str, name: str) -> None:
    assert attachments.cleaned(raw) == name


# ── types ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("declared", "content", "found"),
    [
        ("application/octet-stream", PNG, "image/png"),
        ("application/x-download", PDF, "application/pdf"),
        ("image/jpeg", PNG, "image/png"),
        ("image/jpg", JPEG, "image/jpeg"),
        ("image/pjpeg", b"unknown", "image/jpeg"),
        ("text/plain", PDF, "application/pdf"),
        ("text/plain", b"BM means bitmap, MZ means program", "text/plain"),
        ("application/msword", b"{\\rtf1\\ansi}", "application/rtf"),
        ("application/vnd.oasis.opendocument.text", zipped("x"), "application/vnd.oasis.opendocument.text"),
        ("application/octet-stream", zipped("x"), "application/zip"),
        ("application/octet-stream", EXE, "application/octet-stream"),
        ("image/png", EXE, "image/png"),
        ("image/svg+xml", b"<svg/>", "image/svg+xml"),
        ("audio/mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "audio/mp4"),
    ],
)
def test_a_type_by_content(declared: str, content: bytes, found: str) -> None:
    assert kinds.of(declared, content) == found


@given(st.binary(max_size=300), st.sampled_from(["application/octet-stream", "text/plain", "image/png", "application/zip"]))
def test_no_file_becomes_something_that_runs(content: bytes, declared: str) -> None:
    found = kinds.of(declared, content)
    assert found == declared or not any(word in found for word in ("html", "script", "executable", "msdownload", "svg", "java"))


def test_an_octet_stream_picture_stands_in_the_text() -> None:
    photo = part("application/octet-stream", PNG, "Content-Disposition: inline")
    found = read(multipart("mixed", plain("Before:"), photo, plain("After.")))
    assert found.text.split() == ["Before:", "[cid:p1]", "After."]
    assert [(one.type, one.content_id) for one in found.attachments] == [("image/png", "p1")]


# ── what is not passed on ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("setup.exe", EXE, "program"),
        ("setup.EXE", b"anything", "program"),
        ("run.bat", b"echo", "program"),
        ("link.url", b"[InternetShortcut]", "program"),
        ("tool", ELF, "program"),
        ("firmware.bin", EXE, "program"),
        ("tool.py", b"#!/usr/bin/env python3\n", "program"),
        ("a.exe. .", EXE, "program"),
        ("ａ．ｅｘｅ", b"x", "program"),
        ("photo.jpg.{00020d75-0000-0000-c000-000000000046}", b"x", "disguised"),
        ("photo.jpg", EXE, "disguised"),
        ("document.pdf", ELF, "disguised"),
        ("notes.pdf", b"#!/bin/sh\nrm\n", "disguised"),
        ("photo.png", SHORTCUT, "disguised"),
        ("act.doc", b"\xca\xfe\xba\xbe\0\0\0\x34", "disguised"),
        ("act.doc", b"\xcf\xfa\xed\xfe", "disguised"),
        ("run.bat", EXE, "disguised"),
        ("invoice.pdf.exe", EXE, "disguised"),
        ("photo.jpg.lnk", SHORTCUT, "disguised"),
        ("photo\u202egpj.exe", EXE, "disguised"),
        ("report" + " " * 40 + ".scr", b"x", "disguised"),
        ("driver.zip", zipped("readme.txt", "bin/setup.exe"), "in-archive"),
        ("driver.docx", zipped("word/document.xml", "setup.js"), "in-archive"),
        ("locked.zip", zipped("setup.exe", encrypted=True), ""),
        ("photos.zip", zipped("a.jpg", "exe/b.jpg"), ""),
        ("photo.jpg", JPEG, ""),
        ("act.pdf", PDF, ""),
        ("MZ.txt", b"MZ is how a program begins, and this is a text of more than sixty-four letters about it.", ""),
        ("readme.md", b"# Heading\n", ""),
        ("data.bin", b"\0" * 100, ""),
        ("no extension", b"text", ""),
        ("page.html", b"<p>", ""),
        ("acme.com report.pdf", PDF, ""),
    ],
)
def test_what_is_withheld_and_why(name: str, content: bytes, reason: str) -> None:
    assert file(name, content).withheld == reason


def test_the_list_is_the_administrators() -> None:
    raw = multipart("mixed", plain("x"), part("application/x; name=a.exe", EXE), part("application/x; name=a.dwg", b"AC1032"))
    assert [one.withheld for one in read(raw, withhold=frozenset()).attachments] == ["", ""]
    assert [one.withheld for one in read(raw, withhold=frozenset({"dwg"})).attachments] == ["", "program"]
    disguised = multipart("mixed", plain("x"), part("image/jpeg; name=a.jpg", EXE))
    assert [one.withheld for one in read(disguised, withhold=frozenset({"dwg"})).attachments] == ["disguised"]


def test_files_out_of_other_packings_are_looked_at_too() -> None:
    script = b"#!/bin/sh\n"
    text = b"The tool.\r\n\r\nbegin 644 a.jpg\r\n" + binascii.b2a_uu(script) + b"`\r\nend\r\n"
    (found,) = read(multipart("mixed", part("text/plain", text))).attachments
    assert (found.name, found.content, found.withheld) == ("a.jpg", script, "disguised")


@given(NAMES, st.binary(max_size=300) | st.sampled_from([EXE, ELF, SHORTCUT, zipped("a.exe")]))
def test_nothing_raises_and_an_empty_list_lets_everything_through(name: str, content: bytes) -> None:
    assert dangers.danger(name, content, PROGRAMS, name) in ("", "program", "disguised", "in-archive")
    assert dangers.danger(name, content, frozenset(), name) == ""


@given(NAMES.map(attachments.cleaned), st.sampled_from([EXE, ELF, SHORTCUT]))
def test_a_program_is_one_under_every_name(name: str, content: bytes) -> None:
    assert dangers.danger(name, content, PROGRAMS)


def test_a_log_of_a_shell_and_a_document_named_after_a_site_are_passed_on() -> None:
    script, pdf = b"#!/bin/sh\nuname -a\n", b"%PDF-1.7\n1 0 obj\n"
    wanted = {"log.txt": "", "run.sh": "program", "offer for acme.com": "", "photo.jpg": "disguised"}
    contents = {"log.txt": script, "run.sh": script, "offer for acme.com": pdf, "photo.jpg": script}
    assert {name: dangers.danger(name, contents[name], PROGRAMS) for name in wanted} == wanted
    assert dangers.danger("old.com", b"\xe9\x00\x01", PROGRAMS) == "program"
