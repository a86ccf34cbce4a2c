"""Finding rows by hash, for whole arrays of hashes at once; and the chunks that were analysed before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from moderation.memory import wide
from moderation.text.hashing import U64

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]

_BLOCK: Final = 1 << 12
"""Rows moved at once."""

_LINE: Final = 16
"""Numbers of four bytes in a cache line."""

PLACES: Final = 2
"""Places of an index for each row, so that few hashes have to look further than one."""


class Index:
    """Tells the row of a hash: open addressing, in arrays.

    Row 0 is none: it is what a search that finds nothing returns.

    Parameters
    ----------
    room : int
        Rows that can be entered, and one.

    Attributes
    ----------
    places : ndarray of int32
        Row of each place, 0 where it is free. A hash is looked for from the place on that its high bits tell.
    hashes : ndarray of uint64, shape (room,)
    count : int
        Rows entered, and one.
    """

    def __init__(self, room: int, hashes: U64 | None = None) -> None:
        bits = max((PLACES * room - 1).bit_length(), 1)
        self._shift, self._mask = np.uint64(64 - bits), np.int64((1 << bits) - 1)
        self.places = wide((1 << bits,), np.int32)
        self.hashes = np.zeros(room, np.uint64) if hashes is None else hashes
        self.count = 1

    def clear(self) -> None:
        """Forget all rows."""
        self.places.fill(0)
        self.count = 1

    def find(self, hashes: U64) -> I32:
        """Return the row of each hash, 0 for those that are not there; no hash is 0."""
        place = (hashes >> self._shift).view(np.int64)
        found = self.places.take(place)
        astray = np.flatnonzero(_pick(self.hashes, found) != hashes)
        # An empty place, whose row is 0, ends a search; elsewhere it goes on behind.
        astray = astray[found[astray] > 0]
        while len(astray):
            place[astray] = (place[astray] + 1) & self._mask
            found[astray] = self.places[place[astray]]
            astray = astray[(found[astray] > 0) & (self.hashes[found[astray]] != hashes[astray])]
        return found

    def enter(self, hashes: U64) -> slice:
        """Give distinct hashes that are not there the next rows, for which there is room."""
        rows = slice(self.count, self.count + len(hashes))
        self.hashes[rows] = hashes
        numbers = np.arange(rows.start, rows.stop, dtype=np.int32)
        self.count = rows.stop
        place = (hashes >> self._shift).view(np.int64)
        while len(place):
            free = self.places[place] == 0
            self.places[place[free]] = numbers[free]
            # Of several that ask for one place the last one has it; the others look behind it.
            left = self.places[place] != numbers
            place, numbers = (place[left] + 1) & self._mask, numbers[left]
        return rows


class Apart(NamedTuple):
    """The chunks of some texts.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Text `i` has those from `offsets[i]` to `offsets[i + 1]`.
    own : ndarray of int64, shape (t,)
        Which of the different ones each is.
    rows, keys, letters : ndarray
        What the memo holds of the different ones.
    """

    offsets: I64
    own: I64
    rows: F64
    keys: U64
    letters: U32

    @classmethod
    def together(cls, parts: Sequence[Apart]) -> Apart:
        """Return the chunks of all texts of several; what they share stands there several times."""
        if len(parts) == 1:
            return parts[0]
        chunks = np.cumsum([0, *(len(part.own) for part in parts)])
        rows = np.cumsum([0, *(len(part.rows) for part in parts)])
        return cls(
            np.concatenate([[0], *(part.offsets[1:] + at for part, at in zip(parts, chunks, strict=False))]),
            np.concatenate([part.own + at for part, at in zip(parts, rows, strict=False)]),
            *(np.concatenate([part[column] for part in parts]) for column in (2, 3, 4)),
        )


class Memo:
    """Rows of analysed chunks, in the order in which they came.

    When they are full, those that were found again since the last time stay, and the others go.

    Parameters
    ----------
    capacity : int
        Rows kept at most, unless more are needed at once.
    width : int
        Numbers in a row.
    packed : bool, default False
        Keep the numbers, which are whole, in as few cache lines as they need, for machine code.

    Attributes
    ----------
    rows : ndarray of float64, shape (room, width), or of int32, shape (room, a multiple of 16)
    keys : ndarray of uint64, shape (room,)
    letters : ndarray of uint32, shape (room,)
    again : ndarray of bool, shape (room,)
        Found again since rows were moved.
    index : Index
    """

    def __init__(self, capacity: int, width: int, *, packed: bool = False) -> None:
        self.capacity = capacity
        self.width = width
        self.packed = packed
        self.forget()

    def forget(self) -> None:
        """Remember nothing."""
        self._make(self.capacity)

    def find(self, hashes: U64) -> I32:
        """Return the row of each chunk, 0 for those that are not there."""
        found = self.index.find(hashes)
        self.again[found] = True
        return found

    def add(self, hashes: U64, rows: F64 | I32, keys: U64, letters: U32) -> None:
        """Remember distinct chunks that are not there, and for which there is room."""
        at = self.index.enter(hashes)
        self.put(at, rows, keys, letters)

    def put(self, at: slice | I64, rows: F64 | I32, keys: U64, letters: U32) -> None:
        """Write what these rows hold."""
        self.rows[at, : self.width], self.keys[at], self.letters[at] = rows, keys, letters

    def take(self, numbers: I32) -> tuple[F64, U64, U32]:
        """Return what these rows hold."""
        rows = self.rows.take(numbers, axis=0)[:, : self.width].astype(np.float64, copy=False)
        return rows, _pick(self.keys, numbers), self.letters.take(numbers)

    def take_apart(self, numbers: I32, offsets: I64, texts: I64) -> Apart:
        """Return the chunks of some texts, of which text `i` has those from `offsets[i]` on."""
        parts = [numbers[offsets[at] : offsets[at + 1]] for at in texts.tolist()]
        different, own = np.unique(np.concatenate(parts), return_inverse=True)
        return Apart(np.cumsum([0, *map(len, parts)]), own, *self.take(different))

    def make_room(self, wanted: int) -> bool:
        """Make room for so many chunks; return whether rows moved, so that they must be found anew."""
        count, hashes = self.index.count, self.index.hashes
        if count + wanted <= len(hashes):
            return False
        kept = np.flatnonzero(self.again[1:count])[: self.capacity // 2] + 1
        moved = len(kept) + 1 < count
        if len(kept) + 1 + wanted <= len(hashes) == self.capacity:
            self._keep(kept)
        else:
            room = max(len(kept) + 1 + wanted, self.capacity)
            again = self.again[kept] & (not moved)
            old = hashes[kept], self.rows[kept, : self.width], self.keys[kept], self.letters[kept]
            self._make(room)
            self.add(*old)
            self.again[1 : len(kept) + 1] = again
        return moved

    def _keep(self, kept: I64) -> None:
        """Move rows up, in ascending order, over the others; in place, for a copy would be another memo."""
        hashes = self.index.hashes[kept]
        for start in range(0, len(kept), _BLOCK):
            part = kept[start : start + _BLOCK]
            at = slice(start + 1, start + 1 + len(part))
            for array in (self.rows, self.letters) if self.packed else (self.rows, self.letters, self.keys):
                array[at] = array[part]
        self.index.clear()
        self.index.enter(hashes)
        self.again.fill(False)

    def _make(self, room: int) -> None:
        self.again = np.zeros(room, bool)
        self.letters = np.zeros(room, np.uint32)
        if not self.packed:
            self.index, self.keys = Index(room), np.zeros(room, np.uint64)
            self.rows: npt.NDArray[Any] = np.zeros((room, self.width))
            return
        # Sums, at the end hash and key: one chunk is all in one cache line, or few.
        self.rows = wide((room, -(-(self.width + 4) // _LINE) * _LINE), np.int32)
        marks = self.rows.view(np.uint64)
        self.index, self.keys = Index(room, marks[:, -2]), marks[:, -1]


def _pick(array: U64, at: I32) -> U64:
    """Return elements; `take` is quickest, but copies the whole of an array with gaps."""
    return array.take(at) if array.flags.c_contiguous else array[at]
