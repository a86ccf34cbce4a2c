"""Splitting CSV at record borders: a newline inside quotes is text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Refused
from moderation.ingest.charset import mend
from moderation.ingest.linesplit import CHUNK_SIZE, MAX_LINE, read_fully

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written.

    Parameters
    ----------
    delimiter : str
        One character.
    quoting : bool
        True where a field that begins with `"` ends with the next single `"`.
    skip_line : bool
        True where a line such as `sep=;` stands above the header.
    """

    delimiter: str
    quoting: bool
    skip_line: bool


@dataclass(frozen=True, slots=True)
class Records:
    """Payload of whole records.

    Parameters
    ----------
    data : bytes
        UTF-8, without the header.
    count : int
        Records in it, blank lines included.
    regular : bool
        True where every quote opens or closes a field or is doubled.
    """

    data: bytes
    count: int
    regular: bool


def split_records(
    stream: BinaryIO, dialect: Dialect, size: int | None = None, limit: int | None = None
) -> Iterator[Chunk]:
    """Yield chunks of whole records after the header, numbered from 2: the header is record 1.

    Parameters
    ----------
    stream : binary file
        UTF-8.
    dialect : Dialect
        As sniffed.
    size : int, optional
        Bytes of a chunk, `CHUNK_SIZE` by default.
    limit : int, optional
        Bytes of the longest record, `MAX_LINE` by default. A longer one has a quote that is never closed:
        its first line is refused and reading goes on behind it.
    """
    size = size or CHUNK_SIZE
    limit = limit or MAX_LINE
    data, number, headers = b"", 1, 1 + dialect.skip_line
    final = False
    while data or not final:
        if not final:
            wanted = max(size - len(data), size // 2)
            block = read_fully(stream, wanted)
            final = len(block) < wanted
            data += block
        ends, regular = record_ends(data, dialect, final)
        if not len(ends):
            if data and (final or len(data) > limit):
                refused, data = _refuse(data, number, limit)
                yield Chunk(refused, number)
                number += 1
            continue
        begin, cut = 0, int(ends[-1])
        while headers and len(ends):
            begin, ends, headers = int(ends[0]), ends[1:], headers - 1
            number = 2
        if len(ends):
            yield Chunk(Records(data[begin:cut], len(ends), regular), number)
            number += len(ends)
        data = data[cut:]


def record_ends(data: bytes, dialect: Dialect, final: bool) -> tuple[np.ndarray, bool]:
    """Return the places behind the records of `data`, and whether its quotes are regular.

    Parameters
    ----------
    data : bytes
        Begins with a record.
    dialect : Dialect
        As sniffed.
    final : bool
        True where nothing follows, so that the last record needs no newline.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(array == _NEWLINE)
    if dialect.quoting and _QUOTE in data:
        quotes = np.flatnonzero(array == _QUOTE)
        regular = _is_regular(array, quotes, ord(dialect.delimiter))
        if regular:
            newlines = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
            closed = len(quotes) % 2 == 0
        else:
            newlines, closed = _walk(data, dialect)
    else:
        regular = closed = True
    ends = newlines + 1
    if final and closed and len(data) and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    return ends, regular


def _is_regular(array: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Return True where quotes, taken in turn as opening and closing, stand where such quotes may stand.

    A doubled quote is one that closes and one that opens at once.
    """
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, array[opening - 1], _NEWLINE)
    after = np.where(closing + 1 < len(array), array[np.minimum(closing + 1, len(array) - 1)], _NEWLINE)
    allowed = [delimiter, _NEWLINE, _QUOTE]
    return bool(np.isin(before, allowed).all() and np.isin(after, [*allowed, _RETURN]).all())


def _walk(data: bytes, dialect: Dialect) -> tuple[np.ndarray, bool]:
    """Return the newlines that end records, field by field as the csv module reads them, and whether the
    last field is closed.
    """
    delimiter = re.escape(dialect.delimiter.encode())
    field = re.compile(
        rb'(?:"(?:[^"]|"")*+(?P<open>\Z)|(?:"(?:[^"]|"")*+"[^%b\n]*+|[^%b\n]*+))(?P<end>[%b\n]|\Z)'
        % (delimiter, delimiter, delimiter)
    )
    ends: list[int] = []
    place = 0
    while place < len(data):
        match = field.match(data, place)
        if match is None or match["open"] is not None:
            return np.array(ends, dtype=np.int64), False
        place = match.end()
        if match["end"] == b"\n":
            ends.append(place - 1)
    return np.array(ends, dtype=np.int64), True


def _refuse(data: bytes, number: int, limit: int) -> tuple[Refused, bytes]:
    line, _, rest = data.partition(b"\n")
    excerpt = mend(line[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
    reason = f"a quote in it is never closed, or it is longer than {limit >> 20} MiB"
    return Refused(f"row {number}", reason, excerpt), rest
