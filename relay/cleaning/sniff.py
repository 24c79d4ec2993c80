"""What kind of file some bytes are, told from the bytes alone; a name or a declared type is never believed."""

from __future__ import annotations

import re

# Kind by how the file begins: a number of bytes to skip, then these.
_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wave"),
    (0, b"II*\0", "tiff"),
    (0, b"MM\0*", "tiff"),
    (0, b"II\xbc\x01", "tiff"),
    (4, b"jP  \r\n\x87\n", "jp2"),
    (4, b"ftyp", "media"),
    (4, b"moov", "media"),
    (4, b"mdat", "media"),
    (4, b"wide", "media"),
    (4, b"skip", "media"),
    (4, b"free", "media"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"fLaC", "flac"),
    (0, b"ID3", "mp3"),
    (0, b"{\\rtf", "rtf"),
    (40, b" EMF", "emf"),
    (0, b"\xd7\xcd\xc6\x9a", "wmf"),
    (0, b"\x01\0\x09\0\0\x03", "wmf"),
    (0, b"VCLMTF", "svm"),
    (0, b"#!AMR\n", "amr"),
    (0, b"#!AMR-WB\n", "amr"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"OggS", "ogg"),
    (0, b"AC10", "dwg"),
    (0, b"%!PS", "postscript"),
    (0, b"ISO-10303-21;", "step"),
    (0, b"%FDF-", "fdf"),
)
_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\v\f\r\x1b"))
_WIDE_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # sizes of the header after the file's own 14 bytes
_LAYER_III = (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2")
_HEAD = 4000
# Header fields up to one that only mail has.
_MAIL = re.compile(
    rb"(?:[\x21-\x39\x3b-\x7e]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n){0,200}?"
    rb"(?:Received|Return-Path|Message-ID|MIME-Version|DKIM-Signature):",
    re.IGNORECASE,
)
# Markup by what stands in its head, the first that fits.
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_MARKUPS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"<\?mso-application|<office:document\b|<pkg:package\b|<w:wordDocument\b|<Workbook\b[^>]*:spreadsheet"),
        "office xml",
    ),
    (re.compile(rb"<html\b|<!doctype html\b|<head\b", re.IGNORECASE), "html"),
    (re.compile(rb"<(?:\w+:)?svg\b"), "svg"),
    (re.compile(rb"<x:xmpmeta|<\?xpacket|<rdf:RDF"), "rdf"),
)
_DXF = re.compile(rb"\s*(?:0\r?\n\s*SECTION|999)\r?\n")


def kind(content: bytes) -> str:
    """The kind: a word of the tables here, "pdf", "text", or "unknown"."""
    start = next((name for skip, magic, name in _STARTS if content.startswith(magic, skip)), None)
    if start:
        return start
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content[:2] in _LAYER_III:
        return "mp3"
    if content[:2] == b"BM" and content[6:10] == bytes(4) and int.from_bytes(content[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if content[:2] in _WIDE:
        return _wide(content)
    return _text(content) if len(content.translate(None, _CONTROLS)) == len(content) else "unknown"


def _wide(content: bytes) -> str:
    """Text of two bytes a character, told by its byte order mark; only plain one is known."""
    try:
        text = content.decode(_WIDE[content[:2]])
    except UnicodeDecodeError:
        return "unknown"
    kind = "unknown" if _WIDE_CONTROL.search(text) else _text(text.encode())
    return kind if kind == "text" else "unknown"


def _text(content: bytes) -> str:
    """The kind of a text in any charset that has no control characters."""
    if content.startswith(b"From ") or _MAIL.match(content, 0, 100_000):
        return "mail"
    if _DXF.match(content):
        return "dxf"
    markups = _MARKUPS if _MARKUP.match(content) else ()
    return next((name for pattern, name in markups if pattern.search(content, 0, _HEAD)), "text")
