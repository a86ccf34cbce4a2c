"""Chunks that come often, analysed when the model was made: what scoring knows from the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.text.hashing import U64


@dataclass(frozen=True, slots=True)
class Frequent:
    """Analysed chunks as arrays, most frequent first, that fit a memo's rows.

    Parameters
    ----------
    marks : ndarray of uint64, shape (n, 3)
        Hash of each chunk, the key that pairs are built from, and its letter, if it is a single one.
    sums : ndarray of int32, shape (n, width)
        Its row of whole numbers. A chunk has at most some 400 features of at most 2^20 each.
    """

    marks: U64
    sums: npt.NDArray[np.int32]

    @classmethod
    def of(
        cls, hashes: U64, rows: npt.NDArray[np.float64], keys: U64, letters: npt.NDArray[np.uint32]
    ) -> Frequent:
        """Pack what a memo holds of chunks."""
        return cls(np.stack((hashes, keys, letters.astype(np.uint64)), axis=1), rows.astype(np.int32))

    def first(self, count: int) -> Frequent:
        """Return the most frequent ones."""
        return Frequent(self.marks[:count], self.sums[:count])

    @property
    def hashes(self) -> U64:
        """Hash of each chunk, shape (n,)."""
        return np.ascontiguousarray(self.marks[:, 0])

    @property
    def keys(self) -> U64:
        """What pairs of chunks are built from, shape (n,)."""
        return self.marks[:, 1]

    @property
    def letters(self) -> npt.NDArray[np.uint32]:
        """The letter of a chunk that is a single one, else 0, shape (n,)."""
        return self.marks[:, 2].astype(np.uint32)


NONE: Final = Frequent(np.zeros((0, 3), np.uint64), np.zeros((0, 0), np.int32))
