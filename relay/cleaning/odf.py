"""OpenDocument (odt, ods, odp, their templates): properties go, people in comments and changes lose their names. OASIS ODF 1.3.

| part | what becomes of it |
| --- | --- |
| meta.xml | emptied |
| thumbnails, saved versions, RDF, layout cache | dropped, from the manifest too |
| other XML | creators, initials and dates of comments and changes, printers in settings; of local paths the last name stays |
| pictures, embedded objects | cleaned; one that cannot be makes the whole uncleanable |
| signatures, encrypted parts | uncleanable |
"""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from relay.cleaning import markup, zipped
from relay.cleaning.inside import Inside, Uncleanable
from relay.cleaning.zipped import Member

MIMETYPE = b"application/vnd.oasis.opendocument."
_SIGNED = re.compile(r"^META-INF/.*signatures?\.xml$", re.IGNORECASE)
_DROPPED = re.compile(r"(^|/)(Thumbnails/.*|Versions/.*|VersionList\.xml|manifest\.rdf|layout-cache|Configurations2/.*)$")
# Under comments and changes; a field that shows its author or date in the text is content (text:creator, text:date).
_PEOPLE = "//*[namespace-uri()='http://purl.org/dc/elements/1.1/' or contains(local-name(), 'initials')]"
_TEXTS = {"creator": "", "date": "1970-01-01T00:00:00", "creator-initials": "", "sender-initials": ""}
_PRINTER = "//*[local-name()='config-item'][starts-with(@*[local-name()='name'], 'Printer')]"
_META = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:'
    b'office:1.0" office:version="1.2"><office:meta/></office:document-meta>'
)


def clean(content: bytes, inside: Inside) -> bytes:
    """The document without its makers. Raises Uncleanable, and zipfile's and lxml's own errors."""
    deeper = inside.deeper()
    members = zipped.read(content, deeper)
    if any(_SIGNED.search(member.name) for member in members):
        raise Uncleanable("OpenDocument: signed")
    kept = [member for member in members if not _DROPPED.search(member.name)]
    return zipped.write(replace(member, data=_part(member, deeper)) for member in kept)


def _part(member: Member, inside: Inside) -> bytes:
    """The part's bytes, clean."""
    name = member.name.rpartition("/")[2]
    if name == "meta.xml":
        return _META
    if member.name == "META-INF/manifest.xml":
        return _manifest(member.data)
    if name.endswith(".xml"):
        return _xml(member.data)
    return inside.clean(member.data)


def _manifest(content: bytes) -> bytes:
    """The manifest without what was dropped."""
    root = markup.parse(content)
    if root.xpath("//*[local-name()='encryption-data']"):
        raise Uncleanable("OpenDocument: encrypted")
    gone = [value.getparent() for value in root.xpath("//@*[local-name()='full-path']") if _DROPPED.search(value)]
    for node in gone:
        markup.drop(node)
    return markup.write(root) if gone else content


def _xml(content: bytes) -> bytes:
    root = markup.parse(content)
    steps = (_blank_people(root), _blank_printers(root), markup.shorten_paths(root))
    return markup.write(root) if any(steps) else content


def _blank_people(root: etree._Element) -> bool:
    """Who wrote comments and changes, and when."""
    changed = False
    for node in root.xpath(_PEOPLE):
        text = _TEXTS.get(markup.local(node))
        if text is not None and (node.text or "") != text:
            node.text, changed = text, True
    return changed


def _blank_printers(root: etree._Element) -> bool:
    printers = [node for node in root.xpath(_PRINTER) if node.text]
    for node in printers:
        node.text = None
    return bool(printers)
