"""The fused scoring path: texts to margins of all labels without a feature matrix in between.

Each distinct chunk is analysed once and its sums over features are remembered in a table of fixed size that
is addressed by the chunk's hash; a text's margin is the sum over its chunks and pairs of chunks, divided by
the root of their squared values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from moderation.classify.weights import LEVELS
from moderation.text.chunks import Chunked, split
from moderation.text.features import WORD, ChunkFeatures, analyse, chunk_bytes
from moderation.text.hashing import U64, mix, segment_hash
from moderation.text.obfuscation import Unmasker, known
from moderation.text.spelled import Spelled, spell_out
from moderation.text.table import FeatureTable, link_hashes

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MEMO_BITS: Final = 18
"""Chunks remembered: 262,144 rows of about 100 bytes. Of the 68,000 chunks of 10,000 comments 12 % then share
a slot and drive each other out; with half as many rows 22 %."""

BATCH_BYTES: Final = 1 << 20
"""Text scored at once: bounds memory, and is long enough for chunks to repeat."""


SLICE: Final = 1 << 13
"""New chunks analysed at once: their features are some hundred times as large as they are."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a linear model is, as plain arrays.

    Parameters
    ----------
    table : FeatureTable
        Which features exist.
    codes : ndarray of uint8, shape (buckets, labels)
        Weight of each feature, see `moderation.classify.weights`.
    units : ndarray of float64, shape (labels,)
        Value of one step of a code's whole number.
    vocabulary : ndarray of uint8
        Bitmap of known words.
    lexicon : tuple of str
        Words that people mask.
    grams : tuple of int
        Lengths of n-grams.
    pairs, skips : bool
        Which pairs of chunks count.
    """

    table: FeatureTable
    codes: npt.NDArray[np.uint8]
    units: F64
    vocabulary: npt.NDArray[np.uint8]
    lexicon: tuple[str, ...]
    grams: tuple[int, ...]
    pairs: bool
    skips: bool


@dataclass(frozen=True, slots=True)
class Margins:
    """What scoring finds out about texts, shape (n, ...).

    Parameters
    ----------
    values : ndarray of float64, shape (n, labels)
        Linear margins, before calibration.
    letters, known_letters : ndarray of int64, shape (n,)
        Letters in all chunks, and in chunks with a word that the model knows.
    """

    values: F64
    letters: I64
    known_letters: I64


@dataclass(frozen=True, slots=True)
class Parts:
    """One text taken apart: what each token and each pair of tokens adds, in whole numbers.

    Parameters
    ----------
    tokens : ndarray of float64, shape (t, labels)
    links : ndarray of float64, shape (k, labels)
    ends : ndarray of int64, shape (k, 2)
        The two tokens of each pair.
    first, last : ndarray of int64, shape (t,)
        Chunks of the text (counted from 0) that each token stands for.
    norm : float
        What the sums are divided by.
    """

    tokens: F64
    links: F64
    ends: I64
    first: I64
    last: I64
    norm: float


class Scorer:
    """Scores texts; remembers chunks between calls. Not to be shared between threads.

    Parameters
    ----------
    weights : Weights
    memo_bits : int, default `MEMO_BITS`
        log2 of the number of chunks remembered.
    """

    def __init__(self, weights: Weights, memo_bits: int = MEMO_BITS) -> None:
        self.weights = weights
        self.unmasker = Unmasker(weights.vocabulary, weights.lexicon)
        self._codes, self._squares = np.asarray(weights.codes), np.asarray(weights.table.squares)
        self._labels = weights.codes.shape[1]
        self._shift = np.uint64(64 - memo_bits)
        size = 1 << memo_bits
        self._memo_hash = np.zeros(size, np.uint64)
        self._memo_rows = np.zeros((size, self._labels + 3))
        self._memo_keys = np.zeros(size, np.uint64)
        self._memo_letter = np.zeros(size, np.uint32)

    def forget(self) -> None:
        """Clear the memo; scores stay the same, the next ones take longer."""
        self._memo_hash[:] = 0

    def margins(self, texts: pa.StringArray) -> Margins:
        """Return the margins of texts, shape (n,), no nulls."""
        parts = [self._batch(batch) for batch in batches(texts)]
        if not parts:
            empty = np.zeros(0, np.int64)
            return Margins(np.zeros((0, self._labels)), empty, empty)
        rows, squares = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        labels = self._labels
        norm = np.sqrt(np.where(squares > 0, squares * self.weights.table.unit, 1))
        values = rows[:, :labels] * self.weights.units / norm[:, None]
        return Margins(values, rows[:, labels + 1].astype(np.int64), rows[:, labels + 2].astype(np.int64))

    def take_apart(self, text: str) -> Parts:
        """Return what each token and pair of one text adds to the margins."""
        chunked, keys, rows, spelled = self._resolve(pa.array([text], pa.string()))
        tokens = rows[chunked.tokens]
        sums, squares, _ = self._links(chunked, keys)
        count = len(chunked.tokens)
        ends = self._link_ends(chunked, keys, count)
        square = float(tokens[:, self._labels].sum() + squares.sum()) * self.weights.table.unit
        norm = math.sqrt(square) if square > 0 else 1.0
        units = self.weights.units / norm
        own = np.arange(count)
        first, last = (own, own) if spelled is None else (spelled.first, spelled.last)
        return Parts(tokens[:, : self._labels] * units, sums * units, ends, first, last, norm)

    def _batch(self, texts: pa.StringArray) -> tuple[F64, F64]:
        chunked, keys, rows, _ = self._resolve(texts)
        count = len(texts)
        matrix = sp.csr_matrix(
            (np.ones(len(chunked.tokens)), chunked.tokens, chunked.offsets), shape=(count, len(rows))
        )
        total: F64 = np.asarray(matrix @ rows)
        sums, squares, owner = self._links(chunked, keys)
        ends = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count))))
        link_matrix = sp.csr_matrix(
            (np.ones(len(owner)), np.arange(len(owner)), ends),
            shape=(count, len(owner)),
        )
        total[:, : self._labels] += np.asarray(link_matrix @ sums)
        return total, total[:, self._labels] + link_matrix @ squares

    def _resolve(self, texts: pa.StringArray) -> tuple[Chunked, U64, F64, Spelled | None]:
        chunked = split(texts)
        rows, keys, letter = self._look_up(chunked.distinct)
        spelled = spell_out(chunked, letter, self.unmasker)
        if spelled is not None:
            words = spelled.chunked.distinct.slice(len(chunked.distinct))
            more_rows, more_keys, _ = self._look_up(words)
            rows, keys = np.concatenate((rows, more_rows)), np.concatenate((keys, more_keys))
            chunked = spelled.chunked
        return chunked, keys, rows, spelled

    def _look_up(self, distinct: pa.StringArray) -> tuple[F64, U64, npt.NDArray[np.uint32]]:
        hashes = raw_hash(distinct)
        slots = (hashes >> self._shift).astype(np.int64)
        rows, keys = self._memo_rows.take(slots, axis=0), self._memo_keys.take(slots)
        letter = self._memo_letter.take(slots)
        missing = np.flatnonzero(self._memo_hash.take(slots) != hashes)
        for start in range(0, len(missing), SLICE):
            part = missing[start : start + SLICE]
            features = analyse(self.unmasker.canonical(distinct.take(pa.array(part))), self.weights.grams)
            rows[part] = self._rows(features)
            keys[part] = features.keys
            letter[part] = features.letter
        at = slots[missing]
        self._memo_hash[at] = hashes[missing]
        self._memo_rows[at] = rows[missing]
        self._memo_keys[at] = keys[missing]
        self._memo_letter[at] = letter[missing]
        return rows, keys, letter

    def _rows(self, features: ChunkFeatures) -> F64:
        """Sum the features of each chunk: labels, squared values, letters, letters of known chunks."""
        count = len(features.keys)
        owner = np.repeat(np.arange(count), np.diff(features.indptr))
        words = features.families == WORD
        familiar = known(self.weights.vocabulary, features.hashes[words])
        knows = np.bincount(owner[words][familiar], minlength=count)
        buckets, found = self.weights.table.find(features.hashes)
        buckets, owner = buckets[found], owner[found]
        values = np.empty((len(buckets), self._labels + 1))
        values[:, :-1] = self._levels(buckets)
        values[:, -1] = self._squares.take(buckets)
        ends = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=count))))
        matrix = sp.csr_matrix(
            (np.ones(len(buckets)), np.arange(len(buckets)), ends), shape=(count, len(buckets))
        )
        rows = np.empty((count, self._labels + 3))
        rows[:, : self._labels + 1] = matrix @ values
        rows[:, -2] = features.letters
        rows[:, -1] = np.where(knows > 0, features.letters, 0)
        return rows

    def _links(self, chunked: Chunked, keys: U64) -> tuple[F64, F64, I64]:
        weights = self.weights
        hashes, owner = link_hashes(chunked, keys, pairs=weights.pairs, skips=weights.skips)
        buckets, found = weights.table.find(hashes)
        buckets = buckets[found]
        return self._levels(buckets), self._squares.take(buckets).astype(np.float64), owner[found]

    def _levels(self, buckets: I64) -> F64:
        # Through `take`, which copies whole rows: several times as fast as indexing, and as a memory map.
        levels: F64 = LEVELS.take(self._codes.take(buckets, axis=0))
        return levels

    def _link_ends(self, chunked: Chunked, keys: U64, count: int) -> I64:
        """Return the token numbers of the pairs that `_links` returns for one text, in its order."""
        ends = []
        steps = [(1, self.weights.pairs, False), (2, False, self.weights.skips)]
        for step, pairs, skips in steps:
            if not (pairs or skips) or count <= step:
                continue
            hashes, _ = link_hashes(chunked, keys, pairs=pairs, skips=skips)
            found = np.flatnonzero(self.weights.table.find(hashes)[1])
            ends.append(np.stack((found, found + step), axis=1))
        return np.concatenate(ends) if ends else np.empty((0, 2), np.int64)


def batches(texts: pa.StringArray) -> Iterator[pa.StringArray]:
    """Cut texts into batches of about `BATCH_BYTES`."""
    if not len(texts):
        return
    sizes = np.cumsum(pc.binary_length(texts).to_numpy().astype(np.int64))
    edges = np.searchsorted(sizes, np.arange(BATCH_BYTES, sizes[-1], BATCH_BYTES)) + 1
    edges = np.unique(np.concatenate(([0], edges, [len(texts)])))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield texts.slice(start, stop - start)


def raw_hash(chunks: pa.StringArray) -> U64:
    """Hash chunks by their bytes, shape (d,); every chunk has at least one."""
    data = np.frombuffer(chunk_bytes(chunks), np.uint8).astype(np.uint64)
    lengths = pc.binary_length(chunks).to_numpy().astype(np.int64)
    return np.maximum(mix(segment_hash(data, np.cumsum(lengths) - lengths, lengths)), np.uint64(1))
