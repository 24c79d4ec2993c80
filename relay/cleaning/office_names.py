"""Where Office documents write who made them, as tables: ECMA-376 part 1; MS-DOCX §2.5, MS-XLSX §2.6, MS-PPTX §2.2.

"Author" is what Word itself writes in place of a name when it removes personal information.
"""

from __future__ import annotations

import re

from lxml import etree

from relay.cleaning import markup

# Attribute, or element/attribute, by local names → what stands there instead.
ATTRIBUTES = {
    "author": "Author",  # comments and tracked changes
    "initials": "A",
    "cmAuthor/name": "Author",  # people of a presentation's comments
    "author/name": "Author",
    "userId": "",
    "providerId": "None",
    "person/displayName": "Author",  # people of a workbook's threaded comments
    "userName": "Author",  # a shared workbook's lock and history
    "userInfo/name": "Author",
    "refreshedBy": "Author",  # pivot tables
    "customWorkbookView/name": "View",
    "absPath/url": "",  # where the workbook was saved
    "connection/connection": "",
    "dbPr/connection": "",
    "odcFile": "",
    "sourceFile": "",
    "singleSignOnId": "",
}
# Elements that go whole: mail merge with its data source, a document management system's variables, the list of people.
ELEMENTS = frozenset({"mailMerge", "docVars", "presenceInfo"})
# What a part must hold, somewhere, for any of this to apply; paths as markup.shorten_paths knows them.
SUSPECT = re.compile(
    rb"author|nitials|serName|serId|roviderId|isplayName|userInfo|refreshedBy|customWorkbookView|absPath|connection"
    rb'|odcFile|sourceFile|mailMerge|docVars|presenceInfo|:\\|\\\\|file:|["\'][A-Za-z]:/|["\']/(?i:users|home)/'
)


def blank_comments(root: etree._Element) -> bool:
    """In a workbook's comments: the list of authors, and the name with a colon that Excel puts before each text."""
    if markup.local(root) != "comments":
        return False
    authors = [node for node in root.xpath("./*[local-name()='authors']/*") if _is_name(node.text)]
    names = {f"{node.text}:" for node in authors}
    for node in root.xpath("//*[local-name()='t']") if names else ():
        if node.text and node.text.strip() in names:
            node.text = "Author:"
    for node in authors:
        node.text = "Author"
    return bool(authors)


def _is_name(author: str | None) -> bool:
    """Whether this names a person: `tc={…}` is a threaded comment's id, which Excel looks for."""
    return author not in (None, "", "Author") and not str(author).startswith("tc={")
