"""The end of a mail and its dots, however the bytes arrive."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.smtpd.data import END, DataReader

# Bytes that matter, far more often than chance would have them.
TRICKY = st.lists(
    st.sampled_from([b"\r\n", b".", b"..", b"\r", b"\n", b"x", b"\r\n.", b"\n.\n", b"\r.\r", b"\n.\r\n", b"\0\xff"])
)
LINES = st.lists(st.binary(max_size=20).map(lambda line: re.sub(rb"[\r\n]", b".", line)))


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def read(chunks: list[bytes]) -> tuple[DataReader, bytes, bytes]:
    """The reader, the mail, and what came after it: what the end left over and the chunks that were not needed."""
    reader, mail = DataReader(), b""
    for number, chunk in enumerate(chunks):
        mail += reader.feed(chunk)
        if reader.done:
            return reader, mail, reader.rest + b"".join(chunks[number + 1 :])
    return reader, mail, b""


def stuffed(lines: list[bytes]) -> bytes:
    """What a client sends for these lines, up to and with the end (RFC 5321 §4.5.2)."""
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n"


@given(LINES, TRICKY.map(b"".join), st.lists(st.integers(min_value=0), max_size=20))
def test_what_was_sent_comes_out(lines: list[bytes], after: bytes, cuts: list[int]) -> None:
    reader, mail, rest = read(chunked(stuffed(lines) + after, cuts))
    assert reader.done
    assert mail == b"".join(line + b"\r\n" for line in lines)
    assert not reader.bare
    assert rest == after


@given(TRICKY.map(b"".join), st.lists(st.integers(min_value=0), max_size=20))
@example(b"\n.\n", [])
@example(b".\r\n", [1, 2])
@example(b"x\r\n.\r.\r\n", [4])
def test_any_bytes_end_where_the_rfc_says(sent: bytes, cuts: list[int]) -> None:
    reader, mail, rest = read(chunked(sent, cuts))
    body, end, after = (b"\r\n" + sent).partition(END)
    assert reader.done == bool(end)
    if end:
        assert mail == (body + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]
        assert rest == after
        assert reader.bare == bool(re.search(rb"\r(?!\n)|(?<!\r)\n", body + b"\r\n"))
    else:
        assert len(sent) - len(mail) - sent.count(b"\r\n.") <= 4


@pytest.mark.parametrize("trick", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n"])
def test_only_crlf_dot_crlf_ends(trick: bytes) -> None:
    for size in range(1, 6):
        sent = b"one" + trick + b"two"
        reader, _, _ = read([sent[at : at + size] for at in range(0, len(sent), size)])
        assert not reader.done
        reader.feed(END)
        assert reader.done
        assert reader.bare == (b"\x00" not in trick)
