"""Known words: a bitmap of their hashes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.text.hashing import U64

Bool = npt.NDArray[np.bool_]

VOCABULARY_BITS: Final = 24
"""Known words are a bitmap of 2^24 hash values (2 MiB): at 60,000 words, one unknown word in 280 passes."""


def vocabulary_bitmap(words: Iterable[int] | U64) -> npt.NDArray[np.uint8]:
    """Return the bitmap of mixed word hashes.

    Returns
    -------
    ndarray of uint8, shape (2**21,)
        Bits packed by `numpy.packbits`.
    """
    bits = np.zeros(1 << VOCABULARY_BITS, bool)
    bits[np.asarray(words, np.uint64) >> np.uint64(64 - VOCABULARY_BITS)] = True
    return np.packbits(bits)


def known(bitmap: npt.NDArray[np.uint8], hashes: U64) -> Bool:
    """Tell which mixed word hashes are in the vocabulary."""
    slot = hashes >> np.uint64(64 - VOCABULARY_BITS)
    byte = bitmap[(slot >> np.uint64(3)).astype(np.int64)]
    found: Bool = ((byte >> (7 - (slot & np.uint64(7)).astype(np.uint8))) & 1).astype(bool)
    return found
