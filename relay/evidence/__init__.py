"""The evidence of a chain in one zip file that proves itself: all that there is of it, or what one party may have.

The same state makes the same bytes. `evidence_files/README.txt` describes the file to its reader, `evidence_files/verify.py`
checks it with nothing but Python's own library; both go along.
"""

from relay.evidence.package import write
from relay.evidence.sources import Made, Sources

__all__ = ["Made", "Sources", "write"]
