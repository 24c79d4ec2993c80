"""Which files pass, which are refused; bombs and depth."""

from __future__ import annotations

import struct

import pytest

from relay.cleaning import clean
from tests.cleaning import papers, pictures

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
MAIL = b"Received: from a.example\r\n by b.example\r\nFrom: Ivan <ivan@north.example>\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Plain text\r\n",
        "Обычный текст".encode(),
        "Обычный текст".encode("cp1251"),
        "Обычный текст".encode("utf-16"),
        b"a;b\r\n1;2\r\n",
        b'{"author": "ours"}',
        b"BEGIN:VCARD\r\nFN:Ivan\r\nEND:VCARD\r\n",
        b"From: Ivan\nSubject: a copied text, no mail\n\nHello",
        b"<?xml version='1.0'?><order><author>Ivan</author></order>",
        b"const page = '<svg width=1>';",
        pictures.bmp(),
    ],
)
def test_these_pass_as_they_are(content: bytes) -> None:
    assert clean(content) == content


@pytest.mark.parametrize(
    "content",
    [
        OLE,
        MAIL,
        b"From ivan@north.example Mon Jan  1 00:00:00 2024\nSubject: a\n\nb",
        b"Rar!\x1a\x07\x00" + bytes(20),
        b"7z\xbc\xaf\x27\x1c" + bytes(20),
        b"\x1f\x8b\x08\x08" + bytes(20),
        b"OggS" + bytes(20),
        b"%!PS-Adobe-3.0\n%%For: Ivan\n",
        b"ISO-10303-21;\nHEADER;\nFILE_NAME('a','b',('Ivan'));",
        b"  0\nSECTION\n  2\nHEADER\n  9\n$LASTSAVEDBY\n  1\nIvan\n",
        b"<?mso-application progid='Excel.Sheet'?><Workbook/>",
        b"BM" + bytes(range(64)),
        bytes(range(256)),
        "\x00\x01Ivan".encode("utf-16"),
        b"{\\rtf1{\\object{\\*\\objdata 0105}}}",
        b"{\\rtf1 never ends",
        b"<svg><unclosed></svg>",
        b"PK\x03\x04 no archive",
        b"%PDF-1.7 no document",
    ],
)
def test_these_cannot_be_cleaned(content: bytes) -> None:
    assert clean(content) is None


def test_a_member_that_cannot_be_cleaned_makes_the_whole_uncleanable() -> None:
    assert clean(papers.archive(**{"old.doc": OLE})) is None
    assert clean(papers.docx(**{"word/embeddings/oleObject1.bin": OLE})) is None
    assert clean(papers.docx(**{"word/vbaProject.bin": OLE})) is None
    assert clean(papers.odt(**{"Object 1": OLE})) is None


def test_signed_documents_cannot_be_cleaned() -> None:
    assert clean(papers.docx(**{"_xmlsignatures/sig1.xml": "<a/>"})) is None
    assert clean(papers.odt(**{"META-INF/documentsignatures.xml": "<a/>"})) is None


def test_encrypted_members_cannot_be_cleaned() -> None:
    archive = bytearray(papers.packed({"a.txt": b"text"}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.find(signature) + at] |= 1
    assert clean(bytes(archive)) is None


def test_encrypted_opendocument_cannot_be_cleaned() -> None:
    encrypted = '<m:manifest xmlns:m="urn:m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
    assert clean(papers.odt(**{"META-INF/manifest.xml": encrypted})) is None


def test_archives_nested_four_deep_are_cleaned_deeper_ones_not() -> None:
    archive = papers.packed({"a.txt": b"text"})
    for _ in range(3):
        archive = papers.packed({"in.zip": archive})
    assert clean(archive) is not None
    assert clean(papers.packed({"in.zip": archive})) is None


def test_bombs_are_refused() -> None:
    million = bytes(1_000_000).replace(b"\0", b" ")
    assert clean(papers.packed({f"{n}.txt": million for n in range(201)})) is None
    assert clean(papers.packed({f"{n}": b"" for n in range(10_001)})) is None
    inner = papers.packed({f"{n}.txt": million for n in range(101)})
    assert clean(papers.packed({"a.zip": inner, "b.zip": inner})) is None


def test_a_member_larger_than_it_says_is_refused() -> None:
    archive = bytearray(papers.packed({"a.txt": b"x" * 100_000}))
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", archive, archive.find(signature) + at, 10)
    assert clean(bytes(archive)) is None


def test_entities_are_not_expanded() -> None:
    lol = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>'
    assert clean(lol.encode()) is None
    assert (
        clean(papers.docx(**{"word/document.xml": f'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a author="{lol[:1]}"/>'})) is None
    )


def test_names_of_an_archive_keep_their_bytes() -> None:
    content = papers.packed({"\u044f.txt": b"text"}).replace("\u044f".encode(), b"\xef_")  # cp866, without the flag for UTF-8
    archive = bytearray(content)
    for signature, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        archive[archive.find(signature) + at] &= ~8
    found = clean(bytes(archive))
    assert found is not None
    assert found.count(b"\xef_.txt") == 2
    assert list(papers.members(found).values()) == [b"text"]


def test_an_archive_is_stored_as_it_was() -> None:
    found = clean(papers.odt())
    assert found is not None
    assert found[30:].startswith(b"mimetypeapplication/vnd.oasis.opendocument.text")


def test_parts_with_names_of_their_own_are_found_by_their_content() -> None:
    part = f'<?xml version="1.0"?><w:d xmlns:w="{papers.W}"><w:ins w:author="Ivan Petrov"/></w:d>'
    found = clean(papers.docx(**{"word/part": part}))
    assert found is not None
    assert b"Ivan Petrov" not in papers.members(found)["word/part"]
