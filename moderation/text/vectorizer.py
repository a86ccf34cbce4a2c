"""Texts to a sparse matrix of chunk features, as a scikit-learn transformer.

The value of a feature is its family's scale times its inverse document frequency, once per different chunk
that has it (see `moderation.text.repeats`). A row is divided by the root of its squared values summed over
chunks (as if no two chunks shared a feature), so that everything but this one division is a sum over chunks
and pairs of chunks.
"""

from __future__ import annotations

from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from moderation.text.chunks import Chunked, Texts, as_strings, split
from moderation.text.features import GRAM, PAIR, SHAPE, SKIP, SYMBOL, WORD, ChunkFeatures, analyse
from moderation.text.hashing import U64
from moderation.text.obfuscation import Unmasker
from moderation.text.repeats import first_times
from moderation.text.spelled import spell_out
from moderation.text.table import FeatureTable, bucket_of, link_hashes, tag_of
from moderation.text.vocabulary import known, vocabulary_bitmap

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

LEVELS: Final = 65535
"""Squared values are stored as one of this many levels, evenly spaced."""


class ChunkVectorizer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Vectorise texts by their chunks: words, n-grams in words, symbols, shape and pairs of chunks.

    Parameters
    ----------
    grams : tuple of int, default (3, 4, 5)
        Lengths of character n-grams, one boundary mark counted on either side of a word.
    pairs : bool, default True
        Use adjacent pairs of chunks.
    skips : bool, default False
        Use pairs with one chunk between them.
    min_count : int, default 3
        Occurrences (in different chunks or texts) below which a feature is dropped.
    vocabulary_count : int, default 5
        Texts that a word must occur in to count as known.
    buckets : int, default 2**20
        Size of the feature table, a power of two. Of features that fall into one bucket the most frequent
        stays.
    gram_scale, pair_scale : float, default 0.5 and 0.7
        Value of an n-gram and of a pair relative to a word's.
    unknown : bool, default False
        Let a chunk with letters and no known word count in a row's norm as a word of the rarest kind does.
    lexicon : tuple of str, default ()
        Words that people mask, most frequent first.

    Attributes
    ----------
    table_ : FeatureTable
    columns_ : ndarray of int32, shape (buckets,)
        Output column of each bucket, -1 where it is empty.
    vocabulary_ : ndarray of uint8
        Bitmap of known words.
    n_features_in_ : int
        Always 1: one text per sample.

    Examples
    --------
    >>> vectorizer = ChunkVectorizer(min_count=1).fit(["a stupid idea", "a good idea"])
    >>> vectorizer.transform(["good idea"]).shape[0]
    1
    """

    def __init__(
        self,
        *,
        grams: tuple[int, ...] = (3, 4, 5),
        pairs: bool = True,
        skips: bool = False,
        min_count: int = 3,
        vocabulary_count: int = 5,
        buckets: int = 1 << 20,
        gram_scale: float = 0.5,
        pair_scale: float = 0.7,
        unknown: bool = False,
        lexicon: tuple[str, ...] = (),
    ) -> None:
        self.grams = grams
        self.pairs = pairs
        self.skips = skips
        self.min_count = min_count
        self.vocabulary_count = vocabulary_count
        self.buckets = buckets
        self.gram_scale = gram_scale
        self.pair_scale = pair_scale
        self.unknown = unknown
        self.lexicon = lexicon

    def fit(self, X: Texts, y: object = None) -> Self:
        """Learn which features exist, how rare they are and which words are known.

        Parameters
        ----------
        X : sequence, Series or Arrow array of str, shape (n,)
        y : ignored

        Raises
        ------
        ValueError
            A parameter is out of range, or there is no text.
        """
        self._validate()
        chunked = split(as_strings(X))
        count = len(chunked.offsets) - 1
        if not len(chunked.tokens):
            raise ValueError("no text to learn from: every text is empty")
        frequency = document_frequency(chunked)
        raw = analyse(chunked.distinct, ())
        words = raw.families == WORD
        owner = np.repeat(np.arange(len(chunked.distinct)), np.diff(raw.indptr))
        seen, total = _total(raw.hashes[words], frequency[owner[words]])
        self.vocabulary_ = vocabulary_bitmap(seen[total >= self.vocabulary_count])
        self.unmasker_ = Unmasker(self.vocabulary_, self.lexicon)

        features = self.analyse(chunked.distinct)
        owner = np.repeat(np.arange(len(chunked.distinct)), np.diff(features.indptr))
        hashes, totals = _total(features.hashes, frequency[owner])
        families = _families(hashes, features)
        links, _ = self.links(chunked, features.keys)
        pair_hashes, pair_totals = _total(links, np.ones(len(links), np.int64))
        hashes = np.concatenate((hashes, pair_hashes))
        totals = np.concatenate((totals, pair_totals))
        families = np.concatenate((families, np.full(len(pair_hashes), PAIR, np.uint8)))
        frequent = totals >= self.min_count
        self._fill(hashes[frequent], totals[frequent], families[frequent], count)
        self.n_features_in_ = 1
        return self

    def transform(self, X: Texts) -> sp.csr_matrix:
        """Return the feature matrix.

        Parameters
        ----------
        X : sequence, Series or Arrow array of str, shape (n,)

        Returns
        -------
        scipy.sparse.csr_matrix of float32, shape (n, n_features)
            Rows with a squared norm of about 1; empty texts are empty rows.
        """
        check_is_fitted(self)
        chunked = split(as_strings(X))
        features = self.analyse(chunked.distinct)
        spelled = spell_out(chunked, features.letter, self.unmasker_)
        if spelled is not None:
            chunked = spelled.chunked
            features = self.analyse(chunked.distinct)
        count = len(chunked.offsets) - 1
        buckets, found = self.table_.find(features.hashes)
        indptr = np.concatenate(([0], np.cumsum(found)))[features.indptr]
        chunk_matrix = self._matrix(buckets[found], indptr)
        first = first_times(chunked.tokens, chunked.offsets)
        ends = np.concatenate(([0], np.cumsum(first)))[chunked.offsets]
        text_matrix = sp.csr_matrix(
            (np.ones(ends[-1], np.float32), chunked.tokens[first], ends),
            shape=(count, len(chunked.distinct)),
        )
        links, link_owner = self.links(chunked, features.keys)
        buckets, found = self.table_.find(links)
        ends = np.bincount(link_owner[found], minlength=count)
        pair_matrix = self._matrix(buckets[found], np.concatenate(([0], np.cumsum(ends))))
        squares = text_matrix @ self._squares(chunk_matrix, features) + pair_matrix.power(2).sum(axis=1).A1
        scale = 1 / np.sqrt(np.where(squares > 0, squares, 1))
        matrix = sp.diags(scale.astype(np.float32)) @ (text_matrix @ chunk_matrix + pair_matrix)
        matrix.sort_indices()
        return sp.csr_matrix(matrix, dtype=np.float32)

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return the names of the output columns: `bucket<number>`, since only hashes are kept."""
        check_is_fitted(self)
        used = np.flatnonzero(self.columns_ >= 0)
        return np.array([f"bucket{bucket}" for bucket in used], dtype=object)

    def analyse(self, chunks: pa.StringArray) -> ChunkFeatures:
        """Return the features of chunks, disguises undone."""
        return analyse(self.unmasker_.canonical(chunks), self.grams)

    def links(self, chunked: Chunked, keys: U64) -> tuple[U64, I64]:
        """Return the hashes of all pairs of chunks that count, and the text that each stands in."""
        hashes, ends = link_hashes(chunked, keys, pairs=self.pairs, skips=self.skips)
        return hashes, np.searchsorted(chunked.offsets, ends[:, 0], side="right") - 1

    def _squares(self, chunk_matrix: sp.csr_matrix, features: ChunkFeatures) -> F64:
        """Return the squared value of each chunk."""
        unknown = features.letters > 0
        owner = np.repeat(np.arange(len(unknown)), np.diff(features.indptr))
        words = np.flatnonzero(features.families == WORD)
        unknown[owner[words[known(self.vocabulary_, features.hashes[words])]]] = False
        squares: F64 = chunk_matrix.power(2).sum(axis=1).A1 + unknown * (
            self.table_.unknown * self.table_.unit
        )
        return squares

    def _matrix(self, buckets: I64, indptr: I64) -> sp.csr_matrix:
        values = np.sqrt(self.table_.squares[buckets] * self.table_.unit).astype(np.float32)
        width = int(self.columns_.max()) + 1
        return sp.csr_matrix((values, self.columns_[buckets], indptr), shape=(len(indptr) - 1, width))

    def _fill(self, hashes: U64, totals: I64, families: npt.NDArray[np.uint8], count: int) -> None:
        # The most frequent feature of a bucket comes first and stays.
        order = np.lexsort((hashes, -totals))
        buckets = bucket_of(hashes[order], self.buckets)
        _, first = np.unique(buckets, return_index=True)
        kept = order[first]
        scales = np.ones(256)
        scales[GRAM:] = self.gram_scale
        scales[[PAIR, SKIP]] = self.pair_scale
        scales[[SHAPE, SYMBOL]] = self.gram_scale
        idf = 1 + np.log((1 + count) / (1 + np.minimum(totals[kept], count)))
        squares = (scales[families[kept]] * idf) ** 2
        unit = float(squares.max()) / LEVELS
        empty = np.zeros(self.buckets, np.uint16)
        self.table_ = FeatureTable(empty, empty.copy(), unit, LEVELS if self.unknown else 0)
        at = bucket_of(hashes[kept], self.buckets)
        self.table_.tags[at] = tag_of(hashes[kept], self.buckets)
        self.table_.squares[at] = np.maximum(np.rint(squares / unit), 1)
        self.columns_ = np.full(self.buckets, -1, np.int32)
        self.columns_[np.sort(at)] = np.arange(len(at), dtype=np.int32)

    def _validate(self) -> None:
        if self.buckets < 2 or self.buckets & (self.buckets - 1):
            raise ValueError(f"buckets must be a power of two, not {self.buckets}")
        if any(not 2 <= n <= 12 for n in self.grams):
            raise ValueError(f"grams must be lengths from 2 to 12, not {self.grams}")
        for name in ("min_count", "vocabulary_count", "gram_scale", "pair_scale"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")


def document_frequency(chunked: Chunked) -> I64:
    """Return in how many texts each distinct chunk occurs, shape (d,)."""
    owner = np.repeat(np.arange(len(chunked.offsets) - 1), np.diff(chunked.offsets))
    together = np.unique(owner * np.int64(len(chunked.distinct)) + chunked.tokens)
    return np.bincount(together % len(chunked.distinct), minlength=len(chunked.distinct))


def _total(hashes: U64, counts: I64) -> tuple[U64, I64]:
    distinct, inverse = np.unique(hashes, return_inverse=True)
    return distinct, np.bincount(inverse, weights=counts, minlength=len(distinct)).astype(np.int64)


def _families(hashes: U64, features: ChunkFeatures) -> npt.NDArray[np.uint8]:
    order = np.argsort(features.hashes, kind="stable")
    at = order[np.searchsorted(features.hashes, hashes, sorter=order)]
    return features.families[at]
