"""SVG: metadata, comments, editors' own elements and attributes go; embedded pictures are cleaned. W3C SVG 2."""

from __future__ import annotations

from lxml import etree

from relay.cleaning import data_links, markup
from relay.cleaning.inside import Inside, Uncleanable

# Namespaces of a drawing; what stands in any other was written by an editor for itself.
_DRAWING = frozenset({None, "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"})
_XHTML = "http://www.w3.org/1999/xhtml"


def clean(content: bytes, inside: Inside) -> bytes:
    """The drawing alone. Raises Uncleanable, and lxml's errors where it does not parse."""
    deeper = inside.deeper()
    root = markup.parse(content)
    for node in [node for node in root.iter() if _goes(node)]:
        if node is root:
            raise Uncleanable("SVG: not a drawing")
        markup.drop(node)
    for node in root.iter():
        _clean_attributes(node, deeper)
    etree.cleanup_namespaces(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _goes(node: etree._Element) -> bool:
    if not isinstance(node.tag, str):
        return True
    name = etree.QName(node)
    return name.namespace not in _DRAWING | {_XHTML} or name.localname == "metadata"


def _clean_attributes(node: etree._Element, inside: Inside) -> None:
    for key, value in node.attrib.items():
        if etree.QName(key).namespace not in _DRAWING or etree.QName(key).localname.startswith("data-"):
            del node.attrib[key]
        elif etree.QName(key).localname == "href":
            node.set(key, _link(str(value), inside))


def _link(link: str, inside: Inside) -> str:
    """The link: an embedded picture clean, of a path on the maker's machine the last name."""
    if markup.is_local(link):
        return markup.last_name(link)
    return data_links.clean(link.encode(), inside).decode()
