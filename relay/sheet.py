"""A table as CSV that a spreadsheet opens as it is meant: RFC 4180, UTF-8 with a mark, and no cell that it takes for a formula.

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
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def attachment(name: str, rows: Iterable[Sequence[object]]) -> Attachment:
    """The table as a file of a letter; the first row is the heads."""
    content = as_csv(rows)
    return Attachment(name, "text/csv", len(content), sha256(content).hexdigest(), content=content)


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """The table as bytes."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def cell(value: object) -> str:
    """A value as it may stand in a cell.

    >>> cell("=cmd"), cell(-5), cell(None)
    ("'=cmd", '-5', '')
    """
    if isinstance(value, int | float):
        return str(value)
    told = mime.clean(str(value if value is not None else ""), LONGEST)
    return f"'{told}" if told.startswith(_FORMULA) else told
