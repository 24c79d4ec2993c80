"""XML of documents: read with every door shut, changed at the places that a table names, written back only if changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from lxml import etree

from relay.cleaning.inside import Uncleanable

MAX_SIZE = 40_000_000  # bytes of one part
MAX_PLACES = 300_000
# A place on its maker's machine: file:, a drive, a network share, a home folder; the user's name is in it.
_LOCAL = re.compile(r"(?is)^\s*(file:|[a-z]:[\\/]|\\\\|(?:/[a-z])?/(?:users|home|documents and settings)/)")
_MAYBE_LOCAL = "//@*[contains(., ':\\') or contains(., ':/') or starts-with(., '\\\\') or starts-with(., '/')]"


def parse(content: bytes) -> etree._Element:
    """The root. Raises lxml's errors, and Uncleanable for what is too large or declares its own entities."""
    if len(content) > MAX_SIZE:
        raise Uncleanable("XML: too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=False)
    root = etree.fromstring(content, parser)
    if root.getroottree().docinfo.internalDTD is not None and root.getroottree().docinfo.internalDTD.entities():
        raise Uncleanable("XML: declares its own entities")
    return root


def write(root: etree._Element) -> bytes:
    """The document in UTF-8, with a declaration."""
    tree = root.getroottree()
    written: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=tree.docinfo.standalone)
    return written


def local(node: etree._Element) -> str:
    """The element's name without its namespace; empty for comments and instructions."""
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def blank_attributes(root: etree._Element, names: Mapping[str, str]) -> bool:
    """Gives attributes of such names (`author`, or `person/displayName`) the value of the table; whether any changed."""
    changed = False
    for value in _places(root, _attributes(frozenset(names))):
        node, key = value.getparent(), etree.QName(value.attrname).localname
        blank = names.get(f"{local(node)}/{key}", names.get(key, ""))
        if value != blank:
            node.set(value.attrname, blank)
            changed = True
    return changed


def _places(root: etree._Element, path: str) -> list[etree._Element]:
    if root.xpath(f"count({path})") > MAX_PLACES:
        raise Uncleanable("XML: too many names in it")
    found: list[etree._Element] = root.xpath(path)
    return found


@cache
def _attributes(names: frozenset[str]) -> str:
    tests = [f"local-name()='{name}'" if "/" not in name else _attribute(*name.split("/")) for name in sorted(names)]
    return f"//@*[{' or '.join(tests)}]"


def _attribute(element: str, name: str) -> str:
    return f"(local-name()='{name}' and local-name(..)='{element}')"


def remove(root: etree._Element, names: frozenset[str]) -> bool:
    """Takes out the elements of such local names; whether there were any. The text after each stays."""
    found = root.xpath(" | ".join(f"//*[local-name()='{name}']" for name in sorted(names)))
    for node in found:
        drop(node)
    return bool(found)


def drop(node: etree._Element) -> None:
    """Takes one node out and leaves the text after it."""
    parent = node.getparent()
    if parent is None:
        return
    before = node.getprevious()
    if node.tail and before is not None:
        before.tail = (before.tail or "") + node.tail
    elif node.tail:
        parent.text = (parent.text or "") + node.tail
    node.tail = None
    parent.remove(node)


def shorten_paths(root: etree._Element) -> bool:
    """Of a place on its maker's machine only the last name stays, in every attribute; whether any changed."""
    changed = False
    for value in _places(root, _MAYBE_LOCAL):
        if is_local(value):
            value.getparent().set(value.attrname, last_name(value))
            changed = True
    return changed


def is_local(path: str) -> bool:
    """Whether this is a place on its maker's machine."""
    return _LOCAL.match(path) is not None


def last_name(path: str) -> str:
    r"""The last name of a path: `file:///C:\Users\ivan\plan.docx` is "plan.docx"."""
    return re.split(r"[\\/:]", path.rstrip())[-1]
