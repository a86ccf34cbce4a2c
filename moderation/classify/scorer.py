"""The fused scoring path: texts to margins of all labels without a feature matrix in between.

Each distinct chunk is analysed once and its sums over features are remembered in a table of fixed size that
is addressed by the chunk's hash; a text's margin is the sum over its chunks and pairs of chunks, divided by
the root of their squared values.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from moderation.classify.weights import LEVELS
from moderation.text.chunks import Chunked, split
from moderation.text.features import WORD, ChunkFeatures, analyse, chunk_bytes
from moderation.text.hashing import BASE, U64, mix
from moderation.text.obfuscation import Unmasker, known
from moderation.text.spelled import Spelled, spell_out
from moderation.text.table import FeatureTable, link_hashes

if TYPE_CHECKING:
    from moderation.classify.kernel import Kernel

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
Analysed: TypeAlias = tuple[F64, U64, U32]
"""Of distinct chunks: rows of sums (labels, squared values, letters, letters of known chunks), keys that
pairs are built from, and the letter of those that are a single one, else 0."""

KERNEL_VARIABLE: Final = "MODERATION_KERNEL"
"""Environment variable; `numpy` keeps the compiled kernel away."""

KERNEL_TEXTS: Final = 500
"""Fewer texts in one call are scored before the compiled kernel would have been loaded."""

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


WAYS: Final = 4
"""Slots that a chunk may take; with one, a twelfth of the chunks would keep driving each other out."""


class Memo(NamedTuple):
    """Analysed chunks, each in one of the `WAYS` slots that the high bits of its hash name.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (slots,)
        0 where nothing is remembered.
    keys, letters, rows : ndarray, shape (slots, ...)
        See `Analysed`.
    shift, mask : uint64
        `hash >> shift & mask` is the number of the group of slots.
    """

    hashes: U64
    keys: U64
    letters: U32
    rows: F64
    shift: np.uint64
    mask: np.uint64

    def slots(self, hashes: U64) -> tuple[I64, npt.NDArray[np.bool_]]:
        """Return the slot of each chunk and whether it is there; else the one to put it in."""
        first = (hashes >> self.shift & self.mask).astype(np.int64) * WAYS
        there = self.hashes.take(first[:, None] + np.arange(WAYS))
        same, free = there == hashes[:, None], there == 0
        victim = (hashes & np.uint64(WAYS - 1)).astype(np.int64)
        found = same.any(axis=1)
        way = np.where(found, same.argmax(axis=1), np.where(free.any(axis=1), free.argmax(axis=1), victim))
        return first + way, found

    def store(self, hashes: U64, analysed: Analysed) -> None:
        """Remember chunks, in place of those that their slots hold."""
        at, _ = self.slots(hashes)
        # Of several chunks that ask for one slot the last gets all of it.
        kept, last = np.unique(at[::-1], return_index=True)
        last = len(at) - 1 - last
        self.hashes[kept] = hashes[last]
        rows, keys, letters = analysed
        self.rows[kept], self.keys[kept], self.letters[kept] = rows[last], keys[last], letters[last]


def new_memo(bits: int, labels: int) -> Memo:
    """Return an empty memo of `2 ** bits` slots, at least `WAYS`."""
    size = 1 << bits
    return Memo(
        np.zeros(size, np.uint64),
        np.zeros(size, np.uint64),
        np.zeros(size, np.uint32),
        np.zeros((size, labels + 3)),
        np.uint64(min(64 - bits + 2, 63)),
        np.uint64(size // WAYS - 1),
    )


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
        self._memo = new_memo(memo_bits, self._labels)

    def forget(self) -> None:
        """Clear the memo; scores stay the same, the next ones take longer."""
        self._memo.hashes[:] = 0

    def margins(self, texts: pa.StringArray) -> Margins:
        """Return the margins of texts, shape (n,), no nulls."""
        kernel = self.kernel if len(texts) >= KERNEL_TEXTS else None
        parts = [self._compiled(kernel, batch) if kernel else self._batch(batch) for batch in batches(texts)]
        if not parts:
            empty = np.zeros(0, np.int64)
            return Margins(np.zeros((0, self._labels)), empty, empty)
        rows, labels = np.concatenate(parts), self._labels
        squares = rows[:, labels]
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

    @cached_property
    def kernel(self) -> Kernel | None:
        """The compiled kernel; None where numba is not installed or the user does not want it."""
        if os.environ.get(KERNEL_VARIABLE) == "numpy":
            return None
        try:
            from moderation.classify.kernel import Kernel
        except (ImportError, RuntimeError):
            # Numba refuses to compile where it finds no folder to keep the result in.
            return None
        return Kernel(self.weights)

    def _compiled(self, kernel: Kernel, texts: pa.StringArray) -> F64:
        totals, spelled = kernel.totals(texts, self._memo, self._analyse)
        if len(spelled):
            totals[spelled] = self._batch(texts.take(pa.array(spelled)))
        return totals

    def _batch(self, texts: pa.StringArray) -> F64:
        """Return the sums over chunks and pairs of each text, shape (n, labels + 3)."""
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
        total[:, self._labels] += np.asarray(link_matrix @ squares)
        return total

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

    def _look_up(self, distinct: pa.StringArray) -> Analysed:
        memo, hashes = self._memo, raw_hash(distinct)
        slots, remembered = memo.slots(hashes)
        rows, keys, letters = memo.rows.take(slots, axis=0), memo.keys.take(slots), memo.letters.take(slots)
        missing = np.flatnonzero(~remembered)
        if len(missing):
            analysed = self._analyse(distinct.take(pa.array(missing)))
            rows[missing], keys[missing], letters[missing] = analysed
            memo.store(hashes[missing], analysed)
        return rows, keys, letters

    def _analyse(self, distinct: pa.StringArray) -> Analysed:
        rows = np.empty((len(distinct), self._labels + 3))
        keys, letters = np.empty(len(distinct), np.uint64), np.empty(len(distinct), np.uint32)
        for start in range(0, len(distinct), SLICE):
            part = slice(start, start + SLICE)
            features = analyse(self.unmasker.canonical(distinct.slice(start, SLICE)), self.weights.grams)
            rows[part], keys[part], letters[part] = self._rows(features), features.keys, features.letter
        return rows, keys, letters

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
    """Hash chunks by all their bytes, shape (d,); every chunk has at least one."""
    data = np.frombuffer(chunk_bytes(chunks), np.uint8).astype(np.uint64)
    lengths = pc.binary_length(chunks).to_numpy().astype(np.int64)
    if not len(lengths):
        return np.empty(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    powers = np.ones(lengths.max(), np.uint64)
    np.multiply.accumulate(np.full(len(powers) - 1, BASE, np.uint64), out=powers[1:])
    data *= powers.take(np.arange(len(data)) - np.repeat(starts, lengths))
    return np.maximum(mix(np.add.reduceat(data, starts)), np.uint64(1))
