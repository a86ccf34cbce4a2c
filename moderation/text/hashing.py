"""64-bit hashes of strings and of parts of strings, computed for whole batches at once.

Polynomials in wrapped 64-bit arithmetic, finalised by the splitmix64 mixer (Steele, Lea and Flood, 2014,
"Fast splittable pseudorandom number generators"), because the low bits of a bare polynomial are poor.
"""

from __future__ import annotations

from operator import mul
from typing import Final

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]

BASE: Final = np.uint64(0x9E3779B97F4A7C15)
"""Odd multiplier of the polynomial (2^64 / golden ratio)."""

LONGEST: Final = 128
"""Characters of a chunk that are looked at; longer ones are cut."""


def _powers() -> U64:
    powers = np.ones(LONGEST + 4, np.uint64)
    np.multiply.accumulate(np.full(LONGEST + 3, BASE, np.uint64), out=powers[1:])
    return powers


POWERS: Final = _powers()
_POWERS_LIST: Final = POWERS.tolist()
_ALL: Final = (1 << 64) - 1


def mix(values: U64, seed: int = 0) -> U64:
    """Finalise hashes with splitmix64, so that every bit of the result is usable.

    Parameters
    ----------
    values : ndarray of uint64
        Raw hashes, any shape.
    seed : int
        Name space: equal values under different seeds give unrelated results.

    Returns
    -------
    ndarray of uint64
        Same shape.
    """
    x = values + np.uint64(seed_step(seed))
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def seed_step(seed: int) -> int:
    """Return what `mix` adds to hashes of a name space."""
    return (seed * 0xD1342543DE82EF95 + 0x9E3779B97F4A7C15) & _ALL


def segment_hash(codes: U64, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> U64:
    """Hash each of many adjacent segments of a code array.

    Parameters
    ----------
    codes : ndarray of uint64, shape (n,)
        Character codes.
    starts, lengths : ndarray of int64, shape (m,)
        Segments, in order, without gaps, none empty.

    Returns
    -------
    ndarray of uint64, shape (m,)
        Unmixed polynomial of each segment.
    """
    if not len(starts):
        return np.empty(0, np.uint64)
    # Decomposition can lengthen a chunk past LONGEST; the few characters beyond share one power.
    position = np.minimum(np.arange(len(codes)) - np.repeat(starts, lengths), len(POWERS) - 1)
    return np.add.reduceat(codes * POWERS[position], starts)


def hash_word(word: str) -> int:
    """Return the unmixed polynomial of one string, equal to `segment_hash` of its characters."""
    total: int = sum(map(mul, map(ord, word[:LONGEST]), _POWERS_LIST))
    return total & _ALL


def mix_one(value: int, seed: int = 0) -> int:
    """Finalise one hash; equal to `mix`, without an array."""
    x = (value + seed_step(seed)) & _ALL
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _ALL
    return x ^ (x >> 31)
