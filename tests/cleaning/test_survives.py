"""What a reader sees is there after the cleaning: pixels, pages, texts, sounds; and what is taken out leaves no loose ends."""

from __future__ import annotations

import base64
import io
import struct

import pikepdf
import pytest
from lxml import etree
from PIL import Image, ImageOps

from relay.cleaning import clean
from tests.cleaning import papers, pictures
from tests.cleaning.pictures import CANARY, NAME
from tests.cleaning.test_clean import BUILT, cleaned


@pytest.mark.parametrize("kind", ["png", "gif", "webp", "moving webp", "tiff", "plain tiff", "fax", "avif", "jp2"])
def test_pixels_of_every_frame_stay(kind: str) -> None:
    assert pictures.frames(cleaned(BUILT[kind])) == pictures.frames(BUILT[kind])


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_keeps_its_pixels_and_its_profile(progressive: bool) -> None:
    before = pictures.opened(pictures.jpeg(progressive=progressive))
    after = pictures.opened(cleaned(pictures.jpeg(progressive=progressive)))
    assert after.tobytes() == before.tobytes()
    assert after.info["icc_profile"] == b"profile"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stays_upright(orientation: int, form: str) -> None:
    before = pictures.saved(form, exif=pictures.exif(orientation))
    after = cleaned(before)
    assert dict(pictures.opened(after).getexif()) == ({0x0112: orientation} if orientation > 1 else {})
    assert upright(after).tobytes() == upright(before).tobytes()


def upright(content: bytes) -> Image.Image:
    """The picture as a viewer shows it."""
    return ImageOps.exif_transpose(pictures.opened(content))


def test_an_orientation_in_small_endian_is_read() -> None:
    block = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 8, 0, 0)
    assert pictures.opened(cleaned(pictures.saved("JPEG", exif=block))).getexif()[0x0112] == 8


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP"])
def test_a_picture_with_nothing_to_take_out_stays_byte_for_byte(form: str) -> None:
    plain = pictures.saved(form)
    assert clean(plain) == plain


def test_cmyk_and_grey_jpegs_keep_their_colours() -> None:
    for mode in ("CMYK", "L"):
        before = pictures.saved("JPEG", pictures.image().convert(mode), comment=CANARY)
        assert pictures.opened(cleaned(before)).tobytes() == pictures.opened(before).tobytes()


def test_transparency_and_loops_stay() -> None:
    picture = pictures.image().convert("RGBA")
    picture.putalpha(100)
    assert pictures.frames(cleaned(pictures.saved("PNG", picture))) == pictures.frames(pictures.saved("PNG", picture))
    assert pictures.opened(cleaned(pictures.gif())).info["loop"] == 0


def test_a_heic_keeps_its_picture_and_every_place() -> None:
    before, after = pictures.heic(), cleaned(pictures.heic())
    assert len(after) == len(before)
    assert after.find(b"picture-bytes") == before.find(b"picture-bytes")
    assert after.find(b"\0\0\0\0MM\0*\0\0\0\x08") == before.find(b"\0\0\0\x06Exif")


@pytest.mark.parametrize("order", [b"moov", b"mdat"])
def test_a_film_keeps_pictures_and_sound_at_their_places(order: bytes) -> None:
    before, after = pictures.mp4(order=order), cleaned(pictures.mp4(order=order))
    assert len(after) == len(before)
    for data in (pictures.FILM, pictures.SOUND, b"vide", b"soun", b"...."):
        assert after.find(data) == before.find(data)
    assert after.count(b"trak") == 2


def test_films_that_cannot_be_followed_are_refused() -> None:
    film = pictures.mp4()
    assert clean(film.replace(b"stsz", b"stzz")) is None
    assert clean(film.replace(b"mvhd", b"cmov")) is None
    assert clean(film + pictures.box(b"moof", b"")) is None
    assert clean(pictures.heic().replace(b"iloc", b"ilok")) is None


def test_sounds_keep_their_samples() -> None:
    assert cleaned(pictures.mp3()) == (b"\xff\xfb\x90\x00" + bytes(413)) * 3
    assert cleaned(pictures.flac()) == b"fLaC\x80\0\0\x22" + bytes(34) + b"\xff\xf8frames"
    assert b"data\x04\0\0\0\1\2\3\4" in cleaned(pictures.wave())


# ── PDF ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pdf_keeps_pages_comments_fields_and_files() -> None:
    with pikepdf.open(io.BytesIO(cleaned(papers.pdf()))) as document:
        (page,) = document.pages
        assert page.Contents.read_bytes() == papers.PAGE
        note, field, link = page.Annots
        assert [str(note.Contents), str(field.T), str(link.A.F)] == ["Check", "field", "plan.dotm"]
        assert list(document.attachments) == ["a.docx"]
        assert text_of(document.attachments["a.docx"].get_file().read_bytes(), "word/document.xml") == "Hello pump"
        photo = page.Resources.XObject.Im0.read_raw_bytes()
    assert pictures.opened(photo).tobytes() == pictures.opened(pictures.jpeg()).tobytes()


def test_earlier_versions_in_a_pdf_vanish() -> None:
    document = cleaned(papers.pdf())
    start = document.rfind(b"startxref")
    later = f"1 0 obj\n<</Was ({NAME})>>\nendobj\n".encode()
    assert CANARY not in cleaned(document + later + document[start:])


@pytest.mark.parametrize(
    "addition",
    [
        {"Sig": pikepdf.Dictionary(Type=pikepdf.Name.Sig, Name="Ivan")},
        {"V": pikepdf.Dictionary(ByteRange=[0, 1, 2, 3], Contents="x")},
        {"AcroForm": pikepdf.Dictionary(XFA=pikepdf.String("x"))},
    ],
)
def test_signed_pdfs_and_xfa_forms_cannot_be_cleaned(addition: dict[str, pikepdf.Object]) -> None:
    out, document = io.BytesIO(), pikepdf.new()
    document.add_blank_page()
    document.Root.update({f"/{key}": value for key, value in addition.items()})
    document.save(out)
    assert clean(out.getvalue()) is None


@pytest.mark.parametrize(("owner_allows", "user"), [(True, ""), (False, ""), (True, "secret")])
def test_an_encrypted_pdf_is_cleaned_only_where_it_opens_and_may_be_changed(owner_allows: bool, user: str) -> None:
    allow = pikepdf.Permissions(modify_other=owner_allows)
    found = clean(papers.pdf(encryption=pikepdf.Encryption(owner="owner", user=user, allow=allow)))
    assert (found is not None) == (owner_allows and not user)
    assert found is None or b"/Encrypt" not in found


def test_a_pdf_whose_photograph_cannot_be_followed_cannot_be_cleaned() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(papers.pdf())) as document:
        document.pages[0].Resources.XObject.Im0.write(b"\xff\xd8\xff\xe1\0", filter=pikepdf.Name.DCTDecode)
        document.save(out)
    assert clean(out.getvalue()) is None


# ── Office ─────────────────────────────────────────────────────────────────────────────────────────────────────


def text_of(content: bytes, part: str) -> str:
    """The text of a part."""
    return "".join(etree.fromstring(papers.members(content)[part]).itertext())


@pytest.mark.parametrize(
    ("kind", "part", "text"),
    [
        ("docx", "word/document.xml", "Hello pump"),
        ("docx", "word/comments.xml", "Check"),
        ("xlsx", "xl/sharedStrings.xml", "Cell text"),
        ("xlsx", "xl/comments1.xml", "AuthorAuthor:look"),
        ("pptx", "ppt/slides/slide1.xml", "Slide text"),
        ("odt", "content.xml", "1970-01-01T00:00:00NoteHello pump"),
    ],
)
def test_the_text_of_a_document_stays(kind: str, part: str, text: str) -> None:
    assert text_of(cleaned(BUILT[kind]), part) == text


@pytest.mark.parametrize(
    ("kind", "part"), [("docx", "word/styles.xml"), ("xlsx", "xl/sharedStrings.xml"), ("docx", "word/media/image2.emf")]
)
def test_a_part_with_nothing_to_take_out_stays_byte_for_byte(kind: str, part: str) -> None:
    assert papers.members(cleaned(BUILT[kind]))[part] == papers.members(BUILT[kind])[part]


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx"])
def test_nothing_refers_to_a_part_that_is_gone(kind: str) -> None:
    found = papers.members(cleaned(BUILT[kind]))
    types = etree.fromstring(found["[Content_Types].xml"])
    assert {node.get("PartName").lstrip("/") for node in types if node.get("PartName")} <= set(found)
    for name in [name for name in found if name.endswith(".rels")]:
        relations = etree.fromstring(found[name])
        inner = [node.get("Target").rpartition("/")[2] for node in relations if node.get("TargetMode") != "External"]
        assert set(inner) <= {part.rpartition("/")[2] for part in found}


def test_settings_that_a_dropped_part_served_go_alone() -> None:
    sheet = papers.members(cleaned(papers.xlsx()))["xl/worksheets/sheet1.xml"]
    assert b'scale="50"' in sheet
    assert b"rId1" not in sheet
    assert b"custDataLst/>" in papers.members(cleaned(papers.pptx()))["ppt/presentation.xml"]


def test_changes_and_comments_stay_but_for_the_name() -> None:
    found = papers.members(cleaned(papers.docx()))
    change = next(etree.fromstring(found["word/document.xml"]).iter(f"{{{papers.W}}}ins"))
    assert dict(change.attrib) == {f"{{{papers.W}}}{key}": value for key, value in CHANGE.items()}


CHANGE = {"id": "1", "author": "Author", "date": "2024-01-01T00:00:00Z"}


def test_pictures_in_documents_stay() -> None:
    for kind, part in (("docx", "word/media/image1.jpg"), ("odt", "Pictures/1.jpg")):
        photo = papers.members(cleaned(BUILT[kind]))[part]
        assert pictures.opened(photo).tobytes() == pictures.opened(pictures.jpeg()).tobytes()


def test_an_archive_keeps_its_members_in_order() -> None:
    found = papers.members(cleaned(papers.archive()))
    assert list(found) == ["folder/", "folder/a.jpg", "b.txt", "в.zip"]
    assert found["b.txt"] == b"Plain"


# ── Markup and RTF ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "text"), [("svg", b"<text>Hello pump</text>"), ("html", b"Hello pump"), ("rtf", rb"Hello \{pump\} ")]
)
def test_text_and_pictures_stay(kind: str, text: bytes) -> None:
    found = cleaned(BUILT[kind])
    assert text in found
    photo = cleaned(pictures.jpeg())
    assert photo.hex().encode() in found or base64.b64encode(photo) in found


def test_rtf_comments_and_the_places_of_authors_stay() -> None:
    found = cleaned(papers.rtf())
    assert rb"{\*\annotation Check}" in found
    assert rb"{\*\revtbl {Author;}{Author;}}" in found
