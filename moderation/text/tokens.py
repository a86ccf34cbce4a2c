"""Texts become hashed chunks: one pass over the UTF-8 bytes of a batch, no string is made of a chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.text.hashing import BASE, U64, mix

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]

_BLOCK: Final = (1 << 19) + (1 << 16)
"""Bytes for which powers of the hash's base are kept: those of a batch whose last text is not too long. A
longer one has its own made."""

_FEW: Final = 1 << 16
"""Bytes for which powers are made anew each time: who has machine code needs them for little else."""

INVERSE: Final = np.uint64(pow(int(BASE), -1, 1 << 64))
"""Of the hash's base."""

LENGTH: Final = np.uint64(0xA0761D6478BD642F)
"""Odd factor of a chunk's length in its hash."""

LEADS: Final = (0xC2, 0xE1, 0xE2, 0xE3)
"""First bytes of characters of which some are white space."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What stands between white space in a batch of texts, in order.

    Parameters
    ----------
    data : ndarray of uint8
        UTF-8 bytes of all texts.
    begins, ends : ndarray of int64, shape (t,)
        First byte of each chunk, and the byte behind its last.
    hashes : ndarray of uint64, shape (t,)
        Of the chunks' bytes, never 0.
    offsets : ndarray of int64, shape (n + 1,)
        Text `i` has the chunks `offsets[i]` to `offsets[i + 1]`.
    """

    data: U8
    begins: I64
    ends: I64
    hashes: U64
    offsets: I64

    def chunks(self, at: I64) -> pa.StringArray:
        """Return some of the chunks as strings."""
        return pick(self.data, self.begins[at], self.ends[at])


def tokenise(texts: pa.StringArray) -> Tokens:
    """Find and hash the chunks of texts.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
        No nulls.
    """
    data, edges = bytes_of(texts)
    begins, ends = _borders(_inside(data, edges), edges)
    powers, inverses = _powers(len(data))
    sums = np.zeros(len(data) + 1, np.uint64)
    values = data.astype(np.uint64)
    values *= powers
    np.cumsum(values, out=sums[1:])
    hashes = sums.take(ends)
    hashes -= sums.take(begins)
    hashes *= inverses.take(begins)
    # With the length, because a NUL at the end counts nothing.
    hashes += (ends - begins).view(np.uint64) * LENGTH
    return Tokens(data, begins, ends, np.maximum(mix(hashes), np.uint64(1)), np.searchsorted(begins, edges))


def bytes_of(texts: pa.StringArray) -> tuple[U8, I64]:
    """Return the UTF-8 bytes of all texts, one after the other, and where each begins and ends in them."""
    edges = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    buffer = texts.buffers()[2]
    data = np.frombuffer(buffer, np.uint8) if buffer is not None else np.empty(0, np.uint8)
    return data[edges[0] : edges[-1]], (edges - edges[0]).astype(np.int64)


def pick(data: U8, begins: I64, ends: I64) -> pa.StringArray:
    """Return parts of UTF-8 bytes as strings."""
    lengths = ends - begins
    stops = np.cumsum(lengths)
    where = np.arange(stops[-1] if len(stops) else 0) + np.repeat(begins - (stops - lengths), lengths)
    offsets = np.concatenate(([0], stops)).astype(np.int32)
    return pa.StringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(data[where]))


def powers_of(first: np.uint64, count: int) -> U64:
    """Return the first powers of a number in wrapped arithmetic, shape (count,), from 1 on."""
    powers = np.ones(max(count, 1), np.uint64)
    np.multiply.accumulate(np.full(len(powers) - 1, first, np.uint64), out=powers[1:])
    return powers[:count]


@cache
def _tables() -> tuple[U64, U64]:
    return powers_of(BASE, _BLOCK), powers_of(INVERSE, _BLOCK)


def _powers(count: int) -> tuple[U64, U64]:
    if count > _BLOCK or count < _FEW:
        return powers_of(BASE, count), powers_of(INVERSE, count)
    powers, inverses = _tables()
    return powers[:count], inverses[:count]


def _inside(data: U8, edges: I64) -> Bool:
    """Tell which bytes are not white space, as Arrow has it."""
    inside = data > 0x20
    if not len(data):
        return inside
    control = (data < 0x1C) & ((data < 0x09) | (data > 0x0D))
    inside |= control
    if data.max() >= LEADS[0]:
        for spaces in _wide_spaces(data, edges):
            inside[spaces] = False
    return inside


def _borders(inside: Bool, edges: I64) -> tuple[I64, I64]:
    """Return where runs of `inside` begin and end, each within one text."""
    count = len(inside)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    begins, ends = np.empty(count, bool), np.zeros(count + 1, bool)
    begins[0], ends[count] = inside[0], inside[-1]
    np.greater(inside[1:], inside[:-1], out=begins[1:])
    np.greater(inside[:-1], inside[1:], out=ends[1:count])
    # Where one text ends and the next begins without white space between, one chunk ends and one begins.
    inner = edges[(edges > 0) & (edges < count)]
    begins[inner] = inside[inner]
    ends[inner] = inside[inner - 1]
    return np.flatnonzero(begins), np.flatnonzero(ends)


def _wide_spaces(data: U8, edges: I64) -> Iterator[I64]:
    """Yield the bytes of white space that is longer than one byte, each within one text."""
    for lead in LEADS:
        at = np.flatnonzero(data == lead)
        # Clipped, because a table from elsewhere may hold bytes that are no UTF-8.
        second = data[np.minimum(at + 1, len(data) - 1)]
        third = data[np.minimum(at + 2, len(data) - 1)]
        if lead == 0xC2:
            wide, length = (second == 0x85) | (second == 0xA0), 2
        elif lead == 0xE1:
            wide, length = (second == 0x9A) & (third == 0x80), 3
        elif lead == 0xE3:
            wide, length = (second == 0x80) & (third == 0x80), 3
        else:
            general = (third <= 0x8A) | (third == 0xA8) | (third == 0xA9) | (third == 0xAF)
            wide, length = ((second == 0x80) & general) | ((second == 0x81) & (third == 0x9F)), 3
        at = at[wide]
        at = at[at + length <= edges[np.searchsorted(edges, at, side="right")]]
        for step in range(length):
            yield at + step
