"""Documents and archives with a canary wherever such a file can say who made it."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import pikepdf

from tests.cleaning import pictures
from tests.cleaning.pictures import CANARY, NAME, XMP

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PATH = f"C:\\Users\\{NAME}\\Documents\\plan.dotm"


def packed(members: dict[str, bytes | str], *, comment: bytes = b"") -> bytes:
    """A ZIP archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            entry.extra, entry.comment = (b"", b"") if name == "mimetype" else (b"UT\x05\0\x01abcd", comment)
            archive.writestr(entry, data)
    return out.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def relations(*targets: tuple[str, str], external: tuple[str, ...] = ()) -> str:
    """A relationships part: kinds and targets, numbered rId1, rId2, …"""
    rows = [f'<Relationship Id="rId{n}" Type="{R}/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets, 1)]
    rows += [f'<Relationship Id="x{n}" Type="{R}/a" Target="{to}" TargetMode="External"/>' for n, to in enumerate(external)]
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{"".join(rows)}</Relationships>'


def types(*parts: str) -> str:
    """The list of content types, with these parts named."""
    rows = [f'<Override PartName="/{part}" ContentType="application/xml"/>' for part in parts]
    default = '<Default Extension="xml" ContentType="application/xml"/>'
    return f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">{default}{"".join(rows)}</Types>'


PROPERTIES: dict[str, bytes | str] = {
    "docProps/core.xml": f"<cp><creator>{NAME}</creator><lastModifiedBy>{NAME}</lastModifiedBy></cp>",
    "docProps/app.xml": f"<p><Company>{NAME}</Company><Manager>{NAME}</Manager></p>",
    "docProps/custom.xml": f"<p>{NAME}</p>",
    "docProps/thumbnail.jpeg": pictures.jpeg(),
}
_ROOT = [("officeDocument", "word/document.xml"), ("core", "docProps/core.xml"), ("app", "docProps/app.xml")]
_ROOT += [("custom", "/docProps/custom.xml"), ("thumbnail", "docProps/thumbnail.jpeg")]


def docx(**more: bytes | str) -> bytes:
    """A document with tracked changes, comments, a template, custom XML, a photograph and an embedded workbook."""
    change = f'<w:ins w:id="1" w:author="{NAME}" w:date="2024-01-01T00:00:00Z"><w:r><w:t>Hello pump</w:t></w:r></w:ins>'
    drawing = f'<w:pict><w:x descr="{PATH}"/></w:pict>'
    comment = f'<w:comment w:id="0" w:author="{NAME}" w:initials="{NAME}"><w:p><w:r><w:t>Check</w:t></w:r></w:p></w:comment>'
    mail = f'<w:mailMerge><w:connectString w:val="{NAME}"/></w:mailMerge><w:docVars><w:docVar w:val="{NAME}"/></w:docVars>'
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": types("word/document.xml", *PROPERTIES, "word/people.xml", "customXml/item1.xml"),
        "_rels/.rels": relations(*_ROOT),
        **PROPERTIES,
        "word/document.xml": f'{_HEAD}<w:document xmlns:w="{W}"><w:body><w:p>{change}{drawing}</w:p></w:body></w:document>',
        "word/styles.xml": f"{_HEAD}<w:styles  xmlns:w='{W}'/>",
        "word/comments.xml": f'{_HEAD}<w:comments xmlns:w="{W}">{comment}</w:comments>',
        "word/people.xml": f'<w:people xmlns:w="{W}"><w:person w:author="{NAME}"/></w:people>',
        "word/settings.xml": f'{_HEAD}<w:settings xmlns:w="{W}" xmlns:r="{R}"><w:attachedTemplate r:id="x0"/>{mail}</w:settings>',
        "word/_rels/settings.xml.rels": relations(external=(f"file:///{PATH}",)),
        "word/_rels/document.xml.rels": relations(("people", "people.xml"), ("customXml", "../customXml/item1.xml")),
        "customXml/item1.xml": f"<a>{NAME}</a>",
        "customXml/_rels/item1.xml.rels": relations(("props", "itemProps1.xml")),
        "customXml/itemProps1.xml": f"<a>{NAME}</a>",
        "word/media/image1.jpg": pictures.jpeg(),
        "word/media/image2.emf": b"\x01\0\0\0".ljust(40, b"\0") + b" EMF" + bytes(20),
        "word/embeddings/Workbook.xlsx": xlsx(),
    }
    return packed({**parts, **more})


def xlsx() -> bytes:
    """A workbook with notes, threaded comments, its place, a shared history, a pivot table and printer settings."""
    note = f"<comment><text><r><t>{NAME}:</t></r><r><t>look</t></r></text></comment>"
    where = f'<x15ac:absPath xmlns:x15ac="urn:a" url="{PATH}"/><fileSharing userName="{NAME}"/>'
    views = f'<customWorkbookViews><customWorkbookView name="{NAME}"/></customWorkbookViews>'
    return packed(
        {
            "[Content_Types].xml": types("xl/workbook.xml", "docProps/core.xml", "xl/printerSettings/printerSettings1.bin"),
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml"), ("core", "docProps/core.xml")),
            "docProps/core.xml": f"<cp>{NAME}</cp>",
            "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{S}">{where}{views}</workbook>',
            "xl/comments1.xml": f'<comments xmlns="{S}"><authors><author>{NAME}</author></authors>{note}</comments>',
            "xl/persons/person.xml": f'<personList><person displayName="{NAME}" userId="{NAME}" providerId="AD"/></personList>',
            "xl/revisions/revisionHeaders.xml": f'<headers xmlns="{S}"><header userName="{NAME}"/></headers>',
            "xl/revisions/userNames.xml": f'<users xmlns="{S}"><userInfo name="{NAME}"/></users>',
            "xl/pivotCache/d1.xml": f'<pivotCacheDefinition xmlns="{S}" refreshedBy="{NAME}"/>',
            "xl/connections.xml": f'<c xmlns="{S}"><connection odcFile="{PATH}"><dbPr connection="{NAME}"/></connection></c>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{S}" xmlns:r="{R}"><pageSetup scale="50" r:id="rId1"/></worksheet>',
            "xl/worksheets/_rels/sheet1.xml.rels": relations(("printerSettings", "../printerSettings/printerSettings1.bin")),
            "xl/printerSettings/printerSettings1.bin": b"\0\1" + CANARY,
            "xl/sharedStrings.xml": f"{_HEAD}<sst  xmlns='{S}'><si><t>Cell text</t></si></sst>",
        }
    )


def pptx() -> bytes:
    """A presentation with people of comments, changes, a slide's custom data, a photograph."""
    custom = '<p:custDataLst><p:custData r:id="rId2"/></p:custDataLst>'
    return packed(
        {
            "[Content_Types].xml": types("ppt/presentation.xml", "ppt/changesInfos/changesInfo1.xml"),
            "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
            "ppt/presentation.xml": f'<p:p xmlns:p="{P}" xmlns:r="{R}">{custom}</p:p>',
            "ppt/_rels/presentation.xml.rels": relations(
                ("changesInfo", "changesInfos/changesInfo1.xml"), ("customXml", "../customXml/item1.xml")
            ),
            "customXml/item1.xml": f"<a>{NAME}</a>",
            "ppt/changesInfos/changesInfo1.xml": f'<c userName="{NAME}"/>',
            "ppt/commentAuthors.xml": f'<p:l xmlns:p="{P}"><p:cmAuthor id="1" name="{NAME}" initials="{NAME}"/></p:l>',
            "ppt/authors.xml": f'<l><author id="1" name="{NAME}" initials="{NAME}" userId="{NAME}" providerId="AD"/></l>',
            "ppt/slides/slide1.xml": f'<p:sld xmlns:p="{P}"><p:t>Slide text</p:t></p:sld>',
            "ppt/media/image1.png": pictures.png(),
        }
    )


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
DC = "http://purl.org/dc/elements/1.1/"


def odt(**more: bytes | str) -> bytes:
    """An OpenDocument text with an annotation, a tracked change, printers, saved versions."""
    person = f"<dc:creator>{NAME}</dc:creator><dc:date>2024-01-01T00:00:00</dc:date>"
    note = f"<office:annotation>{person}<a:creator-initials xmlns:a='urn:a'>{NAME}</a:creator-initials>Note</office:annotation>"
    space = f'xmlns:office="{OFFICE}" xmlns:dc="{DC}" xmlns:xlink="http://www.w3.org/1999/xlink"'
    picture = f'<image xlink:href="file:///home/{NAME}/x.png"/>'
    listed = "".join(f'<m:e m:full-path="{name}"/>' for name in ("content.xml", "Thumbnails/thumbnail.png", "manifest.rdf"))
    printer = '<c:config-item xmlns:c="urn:c" c:name="PrinterName">' + NAME + "</c:config-item>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {space}>{note}{picture}<p>Hello pump</p></office:document-content>",
            "meta.xml": f"<office:document-meta {space}>{person}</office:document-meta>",
            "settings.xml": f"<office:s {space}>{printer}</office:s>",
            "Thumbnails/thumbnail.png": pictures.png(),
            "VersionList.xml": f"<v>{NAME}</v>",
            "Versions/Version1": CANARY,
            "manifest.rdf": f"<r>{NAME}</r>",
            "layout-cache": b"\0\1" + CANARY,
            "Pictures/1.jpg": pictures.jpeg(),
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="urn:m">{listed}</m:manifest>',
            **more,
        }
    )


def archive(**more: bytes | str) -> bytes:
    """An archive of pictures and documents, with comments and what a Mac leaves."""
    inner = packed({"in.jpg": pictures.jpeg(), "doc.docx": docx()}, comment=CANARY)
    return packed(
        {
            "folder/": b"",
            "folder/a.jpg": pictures.jpeg(),
            "b.txt": "Plain",
            "в.zip": inner,
            "__MACOSX/._a.jpg": b"\0" + CANARY,
            **more,
        },
        comment=CANARY,
    )


PAGE = b"BT /F1 12 Tf 20 20 Td (Hello pump) Tj ET q 48 0 0 32 0 0 cm /Im0 Do Q"


def pdf(**saving: Any) -> bytes:
    """A PDF with properties, XMP, private data, a comment, a photograph and embedded files, one of which cannot be cleaned."""
    out, document = io.BytesIO(), pikepdf.new()
    page = document.add_blank_page(page_size=(200, 200)).obj
    document.docinfo["/Author"] = NAME
    document.Root.Metadata = metadata(document)
    page.Contents = document.make_stream(PAGE)
    photo = document.make_stream(pictures.jpeg())
    photo.update({"/Type": pikepdf.Name("/XObject"), "/Subtype": pikepdf.Name("/Image"), "/Filter": pikepdf.Name("/DCTDecode")})
    photo.update({"/Width": 48, "/Height": 32, "/ColorSpace": pikepdf.Name("/DeviceRGB"), "/BitsPerComponent": 8})
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=photo))
    page.Metadata, page.LastModified = metadata(document), NAME
    page.PieceInfo = pikepdf.Dictionary(App=pikepdf.Dictionary(Private=NAME))
    note = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9], Contents="Check", T=NAME, NM=NAME
    )
    field = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, Rect=[0, 0, 9, 9], FT=pikepdf.Name.Tx, T="field", M=NAME
        )
    )
    lost = pikepdf.Dictionary(
        Subtype=pikepdf.Name.FileAttachment, Rect=[0, 0, 9, 9], T=NAME, FS=embedded(document, b"\0\1" + CANARY)
    )
    link = pikepdf.Dictionary(Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=pikepdf.Dictionary(S=pikepdf.Name.Launch, F=PATH))
    document.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
    page.Annots = pikepdf.Array([document.make_indirect(note), field, lost, link])
    files = [pikepdf.String("a.docx"), embedded(document, docx()), pikepdf.String("b.bin"), embedded(document, b"\0\1" + CANARY)]
    document.Root.Names = pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary(Names=pikepdf.Array(files)))
    document.save(out, **saving)
    return out.getvalue()


def metadata(document: pikepdf.Pdf) -> pikepdf.Object:
    """A stream of XMP."""
    stream = document.make_stream(XMP)
    stream.update({"/Type": pikepdf.Name("/Metadata"), "/Subtype": pikepdf.Name("/XML")})
    return stream


def embedded(document: pikepdf.Pdf, content: bytes) -> pikepdf.Object:
    """A file embedded in a PDF."""
    stream = document.make_stream(content)
    stream.Params = pikepdf.Dictionary(ModDate=NAME)
    spec = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, F=PATH, UF=PATH, EF=pikepdf.Dictionary(F=stream))
    return document.make_indirect(spec)


def rtf() -> bytes:
    """An RTF document with properties, changes, comments and a photograph."""
    info = rb"{\info{\author " + CANARY + rb"}{\operator " + CANARY + rb"}{\company " + CANARY + rb"}}"
    people = rb"{\*\revtbl {Unknown;}{" + CANARY + rb";}}{\*\generator " + CANARY + rb";}{\*\template C:\\" + CANARY + rb"}"
    comment = rb"{\*\atnid " + CANARY + rb"}{\*\atnauthor " + CANARY + rb"}{\*\annotation Check}"
    picture = rb"{\pict{\*\picprop}\jpegblip\picw48\pich32 " + pictures.jpeg().hex().encode() + b"}"
    return rb"{\rtf1\ansi" + info + people + rb"\pard Hello \{pump\} " + comment + picture + rb"\par}" + CANARY


def svg() -> bytes:
    """An Inkscape drawing with a photograph in it."""
    photo = base64.b64encode(pictures.jpeg()).decode()
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:i="http://www.inkscape.org/namespaces"'
    return (
        f'<?xml version="1.0"?><!-- {NAME} --><svg {spaces} i:export-filename="/home/{NAME}/a.png"><metadata>{NAME}</metadata>'
        f'<i:view name="{NAME}"/><!-- {NAME} --><text>Hello pump</text><image xlink:href="data:image/jpeg;base64,{photo}"/>'
        f'<image xlink:href="file:///home/{NAME}/b.png"/></svg>'
    ).encode()


def html() -> bytes:
    """A page as Word writes it, with a photograph in it."""
    photo = base64.b64encode(pictures.jpeg()).decode()
    return (
        f'<html><head><meta name="Author" content="{NAME}"><meta name=Generator content="{NAME}">'
        f"<xml><o:DocumentProperties><o:Author>{NAME}</o:Author></o:DocumentProperties></xml></head>"
        f'<body>Hello pump<img src="data:image/jpeg;base64,{photo}"></body></html>'
    ).encode()
