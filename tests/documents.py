"""Small real files that say one thing in their content and name their maker where such files do."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pikepdf

CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{}</dc:creator></cp:coreProperties>'
)
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def png(content: str, maker: str) -> bytes:
    """A picture whose grey pixels are the content, written without compression; its Author is the maker."""
    pixels = zlib.compress(b"\0" + content.encode(), 0)
    header = struct.pack(">IIBBBBB", len(content.encode()), 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"tEXt", b"Author\0" + maker.encode()), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def docx(content: str, maker: str) -> bytes:
    """A Word document; its creator is the maker."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("[Content_Types].xml"), TYPES)
        archive.writestr(zipfile.ZipInfo("docProps/core.xml"), CORE.format(maker))
        archive.writestr(zipfile.ZipInfo("word/document.xml"), f'<w:document xmlns:w="urn:w"><w:t>{content}</w:t></w:document>')
    return made.getvalue()


def pdf(content: str, maker: str) -> bytes:
    """A page whose only stream is the content, as it stands; its Author is the maker."""
    made = io.BytesIO()
    with pikepdf.new() as document:
        page = document.add_blank_page()
        page.Contents = pikepdf.Stream(document, f"% {content}\n".encode())
        document.docinfo["/Author"] = maker
        document.save(made, compress_streams=False)
    return made.getvalue()


def doc(content: str, maker: str) -> bytes:
    """What an old Word document begins with; nobody can take the maker out of it."""
    return OLE + content.encode() + b"\0" + maker.encode()


def laid_open(content: bytes) -> bytes:
    """A file with what is packed in it."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    if content.startswith(b"%PDF"):
        with pikepdf.open(io.BytesIO(content)) as document:
            streams = [each.read_bytes() for each in document.objects if isinstance(each, pikepdf.Stream)]
        return b"\n".join([content, *streams])
    return content


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
