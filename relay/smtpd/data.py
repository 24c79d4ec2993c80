"""What follows DATA: finds its end and undoes dot-stuffing, in pieces of any size (RFC 5321 §4.1.1.4, §4.5.2).

Only CRLF.CRLF ends the data and only CRLF ends a line. A bare CR or LF is where servers have disagreed about the end of a mail
(SMTP smuggling, CVE-2023-51764 and the like), so data that holds one is read to its end and marked `bare`, to be refused.
"""

from __future__ import annotations

END = b"\r\n.\r\n"
_BEGINNINGS = tuple(END[:length] for length in range(len(END) - 1, 0, -1))


class DataReader:
    r"""Takes the bytes after `354` and gives back the mail.

    `done` once the end was seen; `rest` is then what came after it: the client's next commands. `bare` once a CR or LF was seen
    that is not part of a CRLF. Holds back at most four bytes.

    >>> reader = DataReader()
    >>> reader.feed(b"one\r\n..two\r\n."), reader.feed(b"\r\nQUIT\r\n"), reader.rest
    (b'one\r\n.two', b'\r\n', b'QUIT\r\n')
    """

    def __init__(self) -> None:
        self._held = b"\r\n"  # as if a line had just ended: a dot may be the very first byte
        self._skip = len(self._held)
        self.done = self.bare = False
        self.rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """The part of the mail that is now certain; must not be called after `done`."""
        data = self._held + chunk
        end = data.find(END)
        if end >= 0:
            self.done, self.rest, cut = True, data[end + len(END) :], end + 2
        else:
            cut = len(data) - next((len(part) for part in _BEGINNINGS if data.endswith(part)), 0)
        self._held = data[cut:]
        return self._line_ends(data[:cut])

    def _line_ends(self, data: bytes) -> bytes:
        """Checks and unstuffs a piece that splits neither a CRLF nor a CRLF and its dot."""
        if not self.bare:
            lines = data.count(b"\r\n")
            self.bare = data.count(b"\r") != lines or data.count(b"\n") != lines
        data, skip = data.replace(b"\r\n.", b"\r\n"), self._skip
        if skip and data:
            self._skip = 0
            return data[skip:]
        return data
