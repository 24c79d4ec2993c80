"""format=flowed text with its soft line breaks joined (RFC 3676)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTE_DEPTH = re.compile(r">*")


def unflow(text: str, delsp: bool = False) -> str:
    """format=flowed text with its soft line breaks joined (RFC 3676); quotes keep their `>`."""
    return "\n".join(_paragraphs(text.replace("\r\n", "\n").split("\n"), delsp))


def _paragraphs(lines: list[str], delsp: bool) -> Iterator[str]:
    gathered: list[str] = []
    depth = 0
    for line in lines:
        mark = _QUOTE_DEPTH.match(line)
        level = mark.end() if mark else 0
        content = line[level:].removeprefix(" ")
        if gathered and (level != depth or content == "-- "):
            yield _quoted(depth, "".join(gathered))
            gathered = []
        depth = level
        soft = content.endswith(" ") and content != "-- "
        gathered.append(content[:-1] if soft and delsp else content)
        if not soft:
            yield _quoted(depth, "".join(gathered))
            gathered = []
    if gathered:
        yield _quoted(depth, "".join(gathered))


def _quoted(depth: int, text: str) -> str:
    return f"{'>' * depth} {text}" if depth else text
