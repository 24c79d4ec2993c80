"""PDF, by pikepdf: properties, XMP, private data and people of comments go; pages stay. ISO 32000-2 §12.5, §14.3-14.5.

The file is written anew, so earlier versions in it, and what nothing refers to, vanish. Pictures in it are cleaned, and
embedded files; one of those that cannot be is dropped, with what names it. A signed file, one with an XFA form, an encrypted
one that may not be changed, and one whose pictures cannot be followed, cannot be cleaned.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import pikepdf
from pikepdf import settings
from pikepdf.exceptions import PageCopyWarning

from relay.cleaning import markup, pdf_streams
from relay.cleaning.inside import MAX_UNPACKED, Inside, Uncleanable

# For qpdf's reading of compressed tables of objects; the pages' own streams are copied as they are.
settings.set_qpdf_limits(flate_max_memory=MAX_UNPACKED, run_length_max_memory=MAX_UNPACKED, max_stream_filters=5)

_MAX_VALUES = 3_000_000
# Keys that tell who made something, with what, out of what; no reader needs them for showing it.
_KEYS = frozenset(
    {"/Metadata", "/PieceInfo", "/LastModified", "/SpiderInfo", "/Thumb", "/DSS", "/CreatorInfo", "/OPI"}
    | {"/PTEX.FileName", "/PTEX.InfoDict", "/PTEX.PageNumber"}
)
# The same where they hold a text: properties of the file, of articles, of layers.
_TEXT_KEYS = frozenset({"/Author", "/Creator", "/Producer", "/CreationDate", "/ModDate", "/Company", "/Manager"})
_PATHS = ("/F", "/UF", "/URI", "/DOS", "/Mac", "/Unix")
# Of a comment its author, name and time; of a form's field /T is the name that the form needs.
_COMMENT_KEYS = frozenset({"/T", "/NM", "/M", "/CreationDate"})
_WIDGET_KEYS = frozenset({"/NM", "/M"})
_SIGNATURES = ("/Sig", "/DocTimeStamp")


def clean(content: bytes, inside: Inside) -> bytes:
    """The document, written anew. Raises Uncleanable, and pikepdf's errors where it cannot be read."""
    deeper = inside.deeper()
    pdf_streams.count_tables(content, deeper)
    with pikepdf.open(io.BytesIO(content)) as document:
        if document.is_encrypted and not document.allow.modify_other:
            raise Uncleanable("PDF: encrypted, and not to be changed")
        for key in set(document.trailer.keys()) - {"/Root", "/Size", "/Encrypt"}:
            del document.trailer[key]
        for node in _nodes(document):
            _clean_node(node, deeper)
        _drop_empty_files(document)
        return _checked(_written(document), len(document.pages))


def _written(document: pikepdf.Pdf) -> bytes:
    """The same bytes for the same document: its id is made of its content."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PageCopyWarning)  # of form fields that were loose before
        document.save(
            out,
            deterministic_id=True,
            encryption=False,
            fix_metadata_version=False,
            preserve_pdfa=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )
    return out.getvalue()


def _checked(written: bytes, pages: int) -> bytes:
    """The same, when it can be read back as it stands: what qpdf pieces together out of a damaged file may not be."""
    with pikepdf.open(io.BytesIO(written), attempt_recovery=False) as document:
        if not pages or len(document.pages) != pages:
            raise Uncleanable("PDF: damaged")
    return written


def _nodes(document: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary and stream, those within others too; what a node is cleaned of is not looked into."""
    left = _MAX_VALUES
    for top in document.objects:
        stack = [top]
        while stack:
            node = stack.pop()
            if isinstance(node, (pikepdf.Dictionary, pikepdf.Stream)):
                yield node
            stack += _children(node)
            left -= len(stack)
            if left < 0:
                raise Uncleanable("PDF: too many objects")


def _children(node: pikepdf.Object) -> list[pikepdf.Object]:
    """The containers directly within this one; what stands elsewhere and is referred to comes by itself."""
    if isinstance(node, (pikepdf.Dictionary, pikepdf.Stream)):
        values = [value for _, value in node.items()]
    else:
        values = list(node) if isinstance(node, pikepdf.Array) else []
    return [value for value in values if isinstance(value, (pikepdf.Dictionary, pikepdf.Array)) and not value.is_indirect]


def _clean_node(node: pikepdf.Object, inside: Inside) -> None:
    keys = set(node.keys())
    if "/ByteRange" in keys or node.get("/Type") in _SIGNATURES:
        raise Uncleanable("PDF: signed")
    if "/XFA" in keys:
        raise Uncleanable("PDF: a form of the XFA kind")
    gone = keys & _KEYS | {key for key in keys & _TEXT_KEYS if _is_text(node[key])}
    if {"/Subtype", "/Rect"} <= keys:
        gone |= keys & (_WIDGET_KEYS if node["/Subtype"] == "/Widget" else _COMMENT_KEYS)
    if "/StateModel" in keys:
        gone |= keys & {"/Contents"}  # "Accepted set by …"
    for key in gone:
        del node[key]
    _shorten_paths(node, keys - gone)
    if "/EF" in keys:
        pdf_streams.clean_file(node, inside)
    if isinstance(node, pikepdf.Stream):
        pdf_streams.clean_stream(node, inside)


def _is_text(value: object) -> bool:
    return isinstance(value, pikepdf.String)


def _shorten_paths(node: pikepdf.Object, keys: set[str]) -> None:
    for key in keys.intersection(_PATHS):
        if _is_text(node[key]) and markup.is_local(str(node[key])):
            node[key] = pikepdf.String(markup.last_name(str(node[key])))


def _drop_empty_files(document: pikepdf.Pdf) -> None:
    """Takes out what names an embedded file that is no longer there."""
    names = document.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names:
        tree = pikepdf.NameTree(names["/EmbeddedFiles"])
        for name in [name for name, spec in tree.items() if _is_empty(spec)]:
            del tree[name]
    for holder in (document.Root, *(page.obj for page in document.pages)):
        for key, test in (("/AF", _is_empty), ("/Annots", _is_empty_comment)):
            if isinstance(holder.get(key), pikepdf.Array) and any(test(item) for item in holder[key]):
                holder[key] = pikepdf.Array([item for item in holder[key] if not test(item)])


def _is_empty(spec: object) -> bool:
    return isinstance(spec, pikepdf.Dictionary) and pdf_streams.EMPTY in spec


def _is_empty_comment(comment: object) -> bool:
    return isinstance(comment, pikepdf.Dictionary) and _is_empty(comment.get("/FS"))
