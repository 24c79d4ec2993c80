"""Office documents (docx, xlsx, pptx and their kin): properties go, people in comments and changes lose their names.

| part | what becomes of it |
| --- | --- |
| properties, thumbnail, custom XML, sensitivity labels, list of people, printer settings | dropped, with what refers to them |
| other XML | the attributes and elements of the tables in office_names.py; of paths on the maker's machine the last name stays |
| relationships | external targets on the maker's machine: the last name stays |
| pictures, embedded documents | cleaned; one that cannot be makes the whole uncleanable |
| signatures, macros | uncleanable |

A part that nothing is taken out of stays byte for byte. ECMA-376 parts 1 and 2; MS-OE376, MS-DOCX, MS-XLSX, MS-PPTX.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from lxml import etree

from relay.cleaning import markup, office_names, sniff, zipped
from relay.cleaning.inside import Inside, Uncleanable
from relay.cleaning.zipped import Member

TYPES = "[Content_Types].xml"
_SIGNED = re.compile(r"^_xmlsignatures/|\.(sigs|psdsxs)$", re.IGNORECASE)
_DROPPED = re.compile(
    r"^(docProps|customXml|docMetadata|package/services/metadata)/"
    r"|/(printerSettings|changesInfos)/|^word/people\.xml$|thumbnail\.\w+$|\.psmdcp$",
    re.IGNORECASE,
)
# The same by content type, for writers with part names of their own.
_DROPPED_TYPES = re.compile(
    r"(core|extended|custom)-properties\+xml|custom-propert|customXmlProperties|printerSettings|classificationlabels"
    r"|changesinfo|wordprocessingml\.people",
    re.IGNORECASE,
)
_XML = re.compile(r"\.(xml|vml|rels)$", re.IGNORECASE)
_FONTS = re.compile(r"^(word|ppt)/fonts/[^/]+\.(odttf|fntdata)$", re.IGNORECASE)
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_RELATIONS = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"


def clean(content: bytes, inside: Inside) -> bytes:
    """The document without its makers. Raises Uncleanable, and zipfile's and lxml's own errors."""
    deeper = inside.deeper()
    members = zipped.read(content, deeper)
    types = next(member for member in members if member.name == TYPES)
    dropped = _dropped(members, markup.parse(types.data))
    kept = [member for member in members if member.name not in dropped]
    lost = {_source(member.name): _lost(member, dropped) for member in kept if member.name.endswith(".rels")}
    return zipped.write(
        replace(member, data=_part(member, dropped, lost.get(member.name, frozenset()), deeper)) for member in kept
    )


def _dropped(members: list[Member], types: etree._Element) -> frozenset[str]:
    """The names of the parts to drop, with those of their own relationships."""
    if any(_SIGNED.search(member.name) for member in members):
        raise Uncleanable("Office document: signed")
    typed = {node.get("PartName", "").lstrip("/") for node in types if _DROPPED_TYPES.search(node.get("ContentType", ""))}
    parts = {member.name for member in members if _DROPPED.search(member.name) or member.name in typed}
    return frozenset(member.name for member in members if member.name in parts or _source(member.name) in parts)


def _source(relations: str) -> str:
    """The part that a relationships part belongs to: `word/_rels/document.xml.rels` to `word/document.xml`."""
    folder, name = posixpath.split(relations)
    return posixpath.join(posixpath.dirname(folder), name.removesuffix(".rels")) if name.endswith(".rels") else ""


def _target(relation: etree._Element, source: str) -> str:
    """The part that a relationship leads to; empty for one that leads outside."""
    if relation.get("TargetMode") == "External":
        return ""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(source), relation.get("Target", ""))).lstrip("/")


def _lost(relations: Member, dropped: frozenset[str]) -> frozenset[str]:
    """The ids of the relationships to dropped parts."""
    source = _source(relations.name)
    return frozenset(node.get("Id", "") for node in markup.parse(relations.data) if _target(node, source) in dropped)


def _part(member: Member, dropped: frozenset[str], lost: frozenset[str], inside: Inside) -> bytes:
    """The part's bytes, clean."""
    if member.name == TYPES:
        return _types(member.data, dropped)
    if member.name.endswith(".rels"):
        return _relations(member, dropped)
    if _XML.search(member.name) or (member.data[:200].lstrip().startswith(b"<") and sniff.kind(member.data) == "text"):
        return _xml(member.data, lost)
    return member.data if _FONTS.search(member.name) else inside.clean(member.data)


def _types(content: bytes, dropped: frozenset[str]) -> bytes:
    root = markup.parse(content)
    gone = [node for node in root if node.get("PartName", "").lstrip("/") in dropped]
    for node in gone:
        markup.drop(node)
    return markup.write(root) if gone else content


def _relations(member: Member, dropped: frozenset[str]) -> bytes:
    root, source, changed = markup.parse(member.data), _source(member.name), False
    for node in list(root):
        if _target(node, source) in dropped:
            markup.drop(node)
            changed = True
    return markup.write(root) if markup.shorten_paths(root) or changed else member.data


def _xml(content: bytes, lost: frozenset[str]) -> bytes:
    """A part of XML; it is not even parsed where none of the names occurs in it."""
    foreign = content[:4].count(0) > 0 or (b"encoding" in content[:100] and not re.search(rb"(?i)utf-8", content[:100]))
    if not lost and not foreign and not office_names.SUSPECT.search(content):
        return content
    root = markup.parse(content)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Uncleanable("Office document: a part with a document type")
    steps = (
        _unlink(root, lost),
        office_names.blank_comments(root),
        markup.remove(root, office_names.ELEMENTS),
        markup.blank_attributes(root, office_names.ATTRIBUTES),
        markup.shorten_paths(root),
    )
    return markup.write(root) if any(steps) else content


def _unlink(root: etree._Element, lost: frozenset[str]) -> bool:
    """Takes out what refers to a dropped part: the attribute of page settings, elsewhere the element."""
    changed = False
    for prefix in (_RELATIONS, _STRICT_RELATIONS) if lost else ():
        for node in [node for node in root.iter() if node.get(prefix + "id") in lost]:
            if markup.local(node) == "pageSetup":
                del node.attrib[prefix + "id"]
            else:
                markup.drop(node)
            changed = True
    return changed
