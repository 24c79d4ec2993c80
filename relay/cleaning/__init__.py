"""Taking out of a file what says who made it, so that the file can cross a link where nobody may know.

The kind is told from the content (sniff.py); a table leads from it to the cleaner. What a reader sees stays.

| kind | what becomes of it |
| --- | --- |
| JPEG, PNG, GIF, WebP | without Exif, XMP, IPTC, comments, what is appended; pixels, orientation and colour stay |
| TIFF, JPEG XR | what the picture needs stays in place, every other byte becomes zero; camera raw: not cleanable |
| HEIC, AVIF, MP4, MOV, M4A, 3GP, JP2 | in place: Exif, XMP, user data, tracks of places and unknown boxes become empty |
| PDF | written anew without properties, XMP, history, comments' authors; pictures and embedded files cleaned; signed, XFA: not |
| docx, xlsx, pptx, odt, ods, odp | without properties, people, local paths; members cleaned; signed, encrypted, macros: not |
| ZIP, epub, jar | every member cleaned, four containers deep; encrypted, or with a member that cannot be: not |
| RTF | without properties, authors of comments and changes; with embedded objects: not |
| SVG, HTML | without metadata, editors' data; embedded pictures cleaned |
| MP3, FLAC, WAVE | without tags |
| BMP, EMF, WMF, SVM, AMR | as it is: nothing to take out |
| text (csv, json, log, ics, vcf, xml … in any charset) | as it is: it is the content itself |
| OLE (doc, xls, ppt, msg), mail (eml, mbox, mht), rar, 7z, gzip, Ogg, AVI | not cleanable |
| DWG, DXF, STEP, PostScript, Office XML in one file, RDF | not cleanable |
| any other binary file | not cleanable: what is not known may hold anything |

What a person put into the content itself, a name in a text, a face in a picture, is not looked for; nor are a file's name
or the dates of comments in an Office document.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable

from lxml import etree
from pikepdf.exceptions import PikepdfError

from relay.cleaning import archive, audio, gif, html, jpeg, media, pdf, png, riff, rtf, sniff, svg, tiff
from relay.cleaning.inside import Inside, Uncleanable

_HARMLESS = frozenset({"text", "bmp", "emf", "wmf", "svm", "amr"})
_FILES: dict[str, Callable[[bytes], bytes]] = {
    "jpeg": jpeg.clean,
    "png": png.clean,
    "gif": gif.clean,
    "webp": riff.clean_webp,
    "tiff": tiff.clean,
    "media": media.clean,
    "jp2": media.clean_jp2,
    "mp3": audio.clean_mp3,
    "flac": audio.clean_flac,
    "wave": riff.clean_wave,
}
_CONTAINERS: dict[str, Callable[[bytes, Inside], bytes]] = {
    "pdf": pdf.clean,
    "zip": archive.clean,
    "rtf": rtf.clean,
    "svg": svg.clean,
    "html": html.clean,
}
# What malformed files make the cleaners and their libraries raise: reading past an end, impossible numbers and texts
# (ArithmeticError, LookupError and ValueError with their kinds), a package's own errors, zipfile's for what it cannot
# unpack, qpdf's as RuntimeError, and an object of another type than its place asks for.
_FAULTS = (
    Uncleanable,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    etree.LxmlError,
    PikepdfError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def clean(content: bytes) -> bytes | None:
    """The file without what names its maker; the same bytes where there is nothing to take out; None where it cannot be cleaned.

    Pure, deterministic, and never raises; time and memory are bounded (inside.py). Archives, Office documents and PDFs are
    written anew, so the same bytes come out only for what came out of here: `clean(clean(x)) == clean(x)`
    for every file that is not damaged.
    """
    return _attempt(content, Inside(_attempt))


def _attempt(content: bytes, inside: Inside) -> bytes | None:
    try:
        return _cleaned(sniff.kind(content), content, inside)
    except _FAULTS:
        return None


def _cleaned(kind: str, content: bytes, inside: Inside) -> bytes:
    if kind in _HARMLESS:
        return content
    if kind in _FILES:
        return _FILES[kind](content)
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](content, inside)
    raise Uncleanable(f"{kind}: no cleaner")
