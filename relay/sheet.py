"""A table as CSV that a spreadsheet opens as it is meant: RFC 4180, and no cell that it takes for a formula.

What begins with one of =, +, -, @ (also in full width), tab and carriage return would be computed by some spreadsheets, or sent
somewhere by them: such a cell gets a ' before it (https://owasp.org/www-community/attacks/CSV_Injection). Control, bidi and
zero-width characters are removed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from hashlib import sha256

from relay import mime
from relay.model import Attachment

LONGEST = 1000  # characters of a cell
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def attachment(name: str, rows: Iterable[Sequence[object]]) -> Attachment:
    """The table as a file of a letter, with the mark by which spreadsheets know UTF-8; the first row is the heads."""
    content = as_csv(rows).encode("utf-8-sig")
    return Attachment(name, "text/csv", len(content), sha256(content).hexdigest(), content=content)


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """The table, a line for each row."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: object) -> str:
    """A value as it may stand in a cell.

    >>> cell("=cmd"), cell(-5), cell(None)
    ("'=cmd", '-5', '')
    """
    if isinstance(value, int | float):
        return str(value)
    told = mime.clean(str(value if value is not None else ""), LONGEST)
    return f"'{told}" if told.startswith(FORMULA) else told
