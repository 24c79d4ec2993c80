"""Double-spaced plain text: Outlook writes a blank line after every paragraph, and each line of its writer is one.

There an empty paragraph stands as a third blank line, so what the writer set apart can still be told.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def spare(lines: Sequence[str]) -> set[int]:
    """The blank lines that double spacing has put between; empty unless the spacing is sure.

    It is sure when every second line is blank and the writer's own empty paragraphs are among the others: between filled
    lines, or at the end with the blank (or no-break space) that Outlook leaves in them.
    """
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(filled) < 2:
        return set()
    between = set(range(filled[0] + 1, len(lines), 2))
    empty = [at for at in range(filled[0], len(lines), 2) if not lines[at].strip()]
    sure = between.isdisjoint(filled) and any(at < filled[-1] or lines[at] for at in empty)
    return between if sure else set()


def is_spaced(lines: Sequence[str]) -> bool:
    """Whether no two filled lines are adjacent: double-spaced, or paragraphs of one line each."""
    return not any(above.strip() and below.strip() for above, below in itertools.pairwise(lines))


def is_loose(text: str) -> bool:
    """Whether most lines stand alone, a blank one below them."""
    lines = text.split("\n")
    filled = sum(bool(line.strip()) for line in lines)
    adjacent = sum(bool(above.strip() and below.strip()) for above, below in itertools.pairwise(lines))
    return filled > 1 and adjacent * 2 < filled - 1
