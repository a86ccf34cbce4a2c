"""Splitting a stream into chunks of whole lines, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Refused
from moderation.ingest.charset import mend

CHUNK_SIZE = 8 << 20
"""Bytes of a chunk: some ten thousand comments, enough work to be worth sending to another process."""

MAX_LINE = 16 << 20
"""A longer line is no comment; it is rejected without being held in memory."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Payload of whole lines.

    Parameters
    ----------
    data : bytes
        UTF-8; every line ends with a newline, except perhaps the last of the input.
    count : int
        Lines in it, blank ones included.
    """

    data: bytes
    count: int


def split_lines(stream: BinaryIO, size: int | None = None, limit: int | None = None) -> Iterator[Chunk]:
    """Yield chunks of whole lines, numbered from 1.

    Parameters
    ----------
    stream : binary file
        UTF-8.
    size : int, optional
        Bytes of a chunk, `CHUNK_SIZE` by default; a chunk ends with the last line that ends within.
    limit : int, optional
        Bytes of the longest line that is kept, `MAX_LINE` by default.

    Yields
    ------
    Chunk
        With `Lines`, or `Refused` for a line that is too long.
    """
    size = size or CHUNK_SIZE
    limit = limit or MAX_LINE
    rest = b""
    line, offset = 1, 0
    final = False
    while not final:
        wanted = size - len(rest) if len(rest) < size else size
        block = read_fully(stream, wanted)
        final = len(block) < wanted
        data = rest + block
        cut = len(data) if final else data.rfind(b"\n") + 1
        # Only the first line can be too long: the others began within this block.
        first = data.find(b"\n") + 1 or len(data)
        if cut and first > limit:
            yield Chunk(_refuse(data[:first], line, offset, limit), line)
            line += 1
            offset += first
            data, cut = data[first:], cut - first
        if cut:
            whole, rest = data[:cut], data[cut:]
            count = whole.count(b"\n") + (not whole.endswith(b"\n"))
            yield Chunk(Lines(whole, count), line)
            line += count
            offset += cut
        else:
            rest = data
        if len(rest) > limit:
            refused = _refuse(rest, line, offset, limit)
            length, rest = _skip_line(stream, rest, size)
            yield Chunk(refused, line)
            line += 1
            offset += length


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """Read exactly `size` bytes unless the stream ends: chunk borders may not depend on how it delivers."""
    parts = []
    while size > 0 and (data := stream.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts) if len(parts) != 1 else parts[0]


def _refuse(data: bytes, line: int, offset: int, limit: int) -> Refused:
    excerpt = mend(data[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
    return Refused(f"line {line}, byte {offset}", f"the line is longer than {limit >> 20} MiB", excerpt)


def _skip_line(stream: BinaryIO, data: bytes, size: int) -> tuple[int, bytes]:
    """Return the length of the line that `data` begins, and what follows it."""
    length = 0
    while data:
        end = data.find(b"\n")
        if end >= 0:
            return length + end + 1, data[end + 1 :]
        length += len(data)
        data = read_fully(stream, size)
    return length, b""
