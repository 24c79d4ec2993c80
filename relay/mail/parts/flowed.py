"""format=flowed text with its soft line breaks joined (RFC 3676)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTE_DEPTH = re.compile(r">*")
_SIGN = re.compile(r"[ \t]{0,4}>")
_SHIELD = " " * 6  # so far in, a ">" is no quote sign to those who read the text


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
    """A paragraph behind its signs; one of one's own whose first line was stuffed before its ">" (§4.4) is no quote."""
    if depth:
        return f"{'>' * depth} {text}"
    return f"{_SHIELD}{text.lstrip()}" if _SIGN.match(text) else text
