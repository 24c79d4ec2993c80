"""ARC-Authentication-Results: what a server on the way says that it found (RFC 8601 §2.2, RFC 8617 §4.1.1).

A field that is not wholly as the RFC has it claims nothing: somebody's text may have got into it.
"""

from __future__ import annotations

import re

from relay.model import Claim

_INSTANCE = re.compile(r"[ \t\r\n]*+i[ \t\r\n]*+=[ \t\r\n]*+([0-9]{1,2})[ \t\r\n]*+")
_OUTSIDE = re.compile(r'[^"();\\]++|"(?:[^"\\]|\\.)*+"|[(;]', re.DOTALL)
_COMMENT = re.compile(r"[^()\\]++|[()]|\\.", re.DOTALL)
_PAIR = re.compile(r'([A-Za-z0-9_./-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^\s"]*+)(?:\s++|$)', re.DOTALL)
# The property of each method that names a domain; the first that is there.
_ABOUT = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}


def instance(value: bytes) -> int:
    """The i= in front. Raises ValueError."""
    match = _INSTANCE.fullmatch(value.decode("utf-8", "replace").partition(";")[0])
    if match is None:
        raise ValueError("ARC-Authentication-Results without i=")
    return int(match[1])


def read(value: bytes) -> tuple[Claim, ...]:
    """The claims that can be used, in order; none of a malformed field. Never raises."""
    sections = _sections(value)
    found = [_claim(section) for section in sections[2:]]
    return tuple(filter(None, found)) if all(claim is not None for claim in found) else ()


def _sections(value: bytes) -> list[str]:
    """The text between the semicolons, without comments; none where quotes or brackets are not in pairs."""
    try:
        text = value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return []
    sections, depth, end = [""], 0, 0
    while match := (_COMMENT if depth else _OUTSIDE).match(text, end):
        end, token = match.end(), match[0]
        if token == "(":
            depth += 1
        elif depth:
            depth -= token == ")"
        elif token == ";":
            sections.append("")
        else:
            sections[-1] += token
    return sections if end == len(text) and not depth else []


def _claim(section: str) -> Claim | None:
    """One result. None where it is malformed or says a thing twice."""
    section = section.strip()
    pairs = _PAIR.findall(section)
    if not section or section.lower() == "none":
        return Claim("none", "none", "")
    if "".join(_PAIR.sub("", section).split()) or len({name.lower() for name, _ in pairs}) != len(pairs):
        return None
    (method, result), said = pairs[0], {name.lower(): value for name, value in pairs[1:]}
    method = method.lower().partition("/")[0]
    about = next((said[name] for name in _ABOUT.get(method, ()) if name in said), "")
    return Claim(method, result.lower(), about.strip('"').rpartition("@")[2].lower())
