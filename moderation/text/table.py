"""Which features exist and what they are worth, addressed by hash: what training writes and scoring reads.

Apart from the vectorizer, so that scoring does without scikit-learn, which takes longest of all to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.text.chunks import Chunked
from moderation.text.features import PAIR, SKIP
from moderation.text.hashing import U64, mix
from moderation.text.repeats import first_times

I64 = npt.NDArray[np.int64]

TAG_BITS: Final = 16
"""A strange feature that falls into a used bucket passes for its owner once in 65,536 times."""

ODD: Final = np.uint64(0xC2B2AE3D27D4EB4F)
"""Factor of the first chunk of a pair, so that the order of the two matters."""


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Which features exist, addressed by hash: no string is stored, no dictionary is searched.

    Parameters
    ----------
    tags : ndarray of uint16, shape (buckets,)
        Check value of the feature in each bucket; 0 = the bucket is empty.
    squares : ndarray of uint16, shape (buckets,)
        Squared value of the feature in `1 / unit` steps.
    unit : float
        Squared value of one step.
    unknown : int, default 0
        Squared value, in steps, of a chunk with letters and no known word. Without it, a text that holds
        nothing known but an exclamation mark says as much as one of exclamation marks alone.
    """

    tags: npt.NDArray[np.uint16]
    squares: npt.NDArray[np.uint16]
    unit: float
    unknown: int = 0

    def find(self, hashes: U64) -> tuple[I64, npt.NDArray[np.bool_]]:
        """Return the bucket of each hash and whether the feature there is this one."""
        buckets = bucket_of(hashes, len(self.tags))
        return buckets, np.asarray(self.tags).take(buckets) == tag_of(hashes, len(self.tags))


def bucket_of(hashes: U64, buckets: int) -> I64:
    """Return the bucket of each hash: its high bits."""
    return (hashes >> np.uint64(65 - buckets.bit_length())).astype(np.int64)


def tag_of(hashes: U64, buckets: int) -> npt.NDArray[np.uint16]:
    """Return the check value of each hash: the bits below those that chose the bucket, never 0."""
    shift = np.uint64(65 - buckets.bit_length() - TAG_BITS)
    return np.maximum((hashes >> shift).astype(np.uint16), np.uint16(1))


def link_hashes(chunked: Chunked, keys: U64, *, pairs: bool, skips: bool) -> tuple[U64, I64]:
    """Hash pairs of chunks of one text, one of which stands there for the first time.

    Parameters
    ----------
    chunked : Chunked
    keys : ndarray of uint64, shape (d,)
        `ChunkFeatures.keys`.
    pairs, skips : bool
        Adjacent pairs; pairs with one chunk between.

    Returns
    -------
    tuple of ndarray
        Hashes (uint64), shape (k,), and the two tokens of each pair (int64), shape (k, 2), ordered by text.
    """
    owner = np.repeat(np.arange(len(chunked.offsets) - 1), np.diff(chunked.offsets))
    key, first = keys[chunked.tokens], first_times(chunked.tokens, chunked.offsets)
    hashes, ends = [np.empty(0, np.uint64)], [np.empty((0, 2), np.int64)]
    for wanted, step, seed in ((pairs, 1, PAIR), (skips, 2, SKIP)):
        if not wanted:
            continue
        counts = (owner[step:] == owner[:-step]) & (first[step:] | first[:-step])
        at = np.flatnonzero(counts)
        hashes.append(mix(key.take(at) * ODD + key.take(at + step), seed))
        ends.append(np.stack((at, at + step), axis=1))
    joined, both = np.concatenate(hashes), np.concatenate(ends)
    if pairs and skips:
        order = np.argsort(owner.take(both[:, 0]), kind="stable")
        joined, both = joined[order], both[order]
    return joined, both
