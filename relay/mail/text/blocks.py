"""Header blocks: the From/Sent/To/Subject lines that mail clients put above history, in any order and any language of `labels`.

A block in another language is told by its form. Every rule looks at a bounded number of lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from relay.mail.text import banners, dates, labels, marks
from relay.mail.text.marks import Line

BLOCK = 40  # lines a header block may have
FOREIGN = 8  # lines it may have in a language that no table has

_LABEL = re.compile(r"^[\s*_>|]{0,12}([^\W\d_][^:：<>@*_]{0,24}?)[\s*_]{0,4}[:：](?!//)[\s*_]{0,4}(.*)$", re.DOTALL)
_NAMED_ADDRESS = re.compile(r"[^<>@:]{1,100}<[^<>@\s]{1,100}@[^<>@\s]{1,100}>[\s;]*$")
_INNER_LABEL = re.compile(r"(?<=\s)([^\W\d_]{2,20}):\s")
_NAMED = frozenset({"from", "date", "to", "subject"})


def header_block(all_lines: Sequence[Line], first: int) -> int | None:
    """One past the last line of the header block that starts at `first`, or None.

    Two labels and two signs are needed, so that a form filled in by a person ("Тема: …", "Дата: …") is none.
    """
    opening = _label(all_lines[first].text)
    if _is_setting(all_lines[first].text):
        return None
    if opening is None or opening[0] not in _NAMED:
        return _foreign_block(all_lines, first)
    fields, end = _fields(all_lines, first)
    named = _NAMED & fields.keys()
    if len(named) < 2:
        return _foreign_block(all_lines, first)
    above = _above(all_lines, first)
    ruled = marks.RULER.match(above) is not None or banners.is_banner(above)
    timed = dates.TIME.search(fields.get("date", "")) is not None or dates.dated(fields.get("date", "")) == 2
    signs = [
        "@" in fields.get("from", ""),
        timed and ("from" in named or "@" in fields.get("to", "")),
        timed and "@" in fields.get("to", ""),
        "from" in named and len(named) >= 3,
        len(named) == 4,
        ruled and "from" in named,
    ]
    told = bool(dates.DIGIT.search(fields.get("date", ""))) or any("@" in value for value in fields.values())
    mailed = (
        (len(named) == 4 and told)
        or ruled
        or any("@" in value for value in fields.values())
        or list(fields)[:2] == ["from", "date"]
    )
    return end if mailed and sum(signs) >= 2 else _foreign_block(all_lines, first)


def ruled_addressees(all_lines: Sequence[Line], first: int) -> int | None:
    """One past the last line of a ruler and the To/Cc/Subject lines right below it, which Yandex puts above an attribution."""
    if not marks.RULER.match(all_lines[first].text):
        return None
    found: dict[str, str] = {}
    at = first + 1
    for line in all_lines[at : at + BLOCK]:
        label = _label(line.text)
        if label is None or label[0] in ("from", "date") or label[0] in _NAMED & found.keys():
            break
        found[label[0]] = label[1]
        at += 1
    return at if "subject" in found and "@" in found.get("to", "") else None


def _foreign_block(all_lines: Sequence[Line], first: int) -> int | None:
    """A header block whose labels no table has: `label: name <address>`, then a date with its time, an address and a subject."""
    if "@" not in all_lines[first].text or first == 0 or _LABEL.match(all_lines[first - 1].text):
        return None
    values: list[str] = []
    for line in all_lines[first : first + FOREIGN]:
        match = _LABEL.match(marks.plain(line.text[: marks.LONGEST]))
        if match is None:
            break
        values.append(match[2])
    if len(values) < 4 or not _NAMED_ADDRESS.match(values[0]):
        return None
    addressed = [value for value in values if "@" in value]
    timed = [value for value in values if "@" not in value and dates.dated(value) == 2 and dates.TIME.search(value)]
    return first + len(values) if len(addressed) >= 2 and len(timed) == 1 and values[-1] not in (*addressed, *timed) else None


def _is_setting(text: str) -> bool:
    """ "  from: noreply@a.example" of a file of settings: indented and in small letters, as no client writes it."""
    return text[:1] in " \t" and text.lstrip()[:1].islower()


def _above(all_lines: Sequence[Line], first: int) -> str:
    at = marks.filled_above(all_lines, first)
    return "" if at is None else all_lines[at].text


def _fields(all_lines: Sequence[Line], first: int) -> tuple[dict[str, str], int]:
    """The labelled values from `first` on, and one past the last labelled line; values may go on over further lines."""
    fields: dict[str, str] = {}
    current, end, idle = "", first, 0
    for at in range(first, min(len(all_lines), first + BLOCK)):
        line = all_lines[at]
        label = _label(line.text)
        if label is not None:
            if label[0] in fields and label[0] in _NAMED:
                break  # another block, or no block at all
            current, end, idle = label[0], at + 1, 0
            fields.setdefault(current, label[1].strip())
            if ":" in label[1]:
                fields = _further(label[1]) | fields
            continue
        idle += 1
        going_on = not line.quoted and (line.blank or "@" in line.text or ";" in line.text or line.text[:1] in " \t")
        if idle > (3 if going_on else 1):
            break
        if not line.blank:
            fields[current] = f"{fields[current]} {line.text.strip()}"
    return fields, end


def _further(value: str) -> dict[str, str]:
    """Labels that stand further on in the same line: "From: a@b.example Date: Thu, 24 Mar 2016 08:07"."""
    names = labels.fields()
    found = [(m, names[m[1].lower()]) for m in _INNER_LABEL.finditer(value[: marks.LONGEST]) if m[1].lower() in names]
    return {name: value[m.end() :].strip() for m, name in found}


def _label(text: str) -> tuple[str, str] | None:
    match = _LABEL.match(marks.plain(text[: marks.LONGEST])) if ":" in text or "：" in text else None
    if match is None:
        return None
    name = labels.fields().get("".join(match[1].lower().split("\u3000")).strip())
    return None if name is None else (name, match[2])
