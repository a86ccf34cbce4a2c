"""Language identification of many texts at once, by the tables of py3langid.

A text's features are the longest n-grams of bytes that end at each of its bytes; their weights make a naive
Bayes decision (Lui and Baldwin, 2012, "langid.py: an off-the-shelf language identification tool"). The
tables are py3langid's own, without its automaton: n-grams are found by hash, and of most only the weights
that are more than a language's least are stored. `moderation.train.langid_tables` makes the file.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.classify.kernel import COMPILER, LANGUAGES, at_hand
from moderation.classify.memo import Index
from moderation.memory import rest
from moderation.text.hashing import mix

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

FILE: Final = Path(__file__).with_name("langid.npz")

CONFIDENT: Final = 0.7
"""Probability from which an answer counts."""

SIZE_BITS: Final = np.uint64(56)
"""A key holds the bytes of an n-gram, at most seven, and its length above these bits."""

STEPS: Final = 512
"""Steps of a unit in which log-likelihoods are stored: what the table has is a multiple of one."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What is known of languages.

    Parameters
    ----------
    index : Index
        Row of the n-gram with a mixed key.
    features : ndarray of int32, shape (rows,)
        Feature of each row, -1 for n-grams that only lead to longer ones.
    ends : ndarray of int32, shape (features + 1,)
        Feature `i` has the gains `ends[i]` to `ends[i + 1]`.
    columns : ndarray of uint8, gains : ndarray of int16
        Classes, and by how many of `STEPS` the log-likelihood is more than `least`.
    whole : ndarray of int32, shape (features,)
        Row of `rows` that has a feature's gains instead, -1 where none does.
    rows : ndarray of int16, shape (k, classes)
    least, prior : ndarray of float32, shape (classes,)
    classes : ndarray of object, shape (classes,)
        ISO 639 codes; some stand twice.
    aliases : list of tuple
        Columns that mean the same language.
    """

    index: Index
    features: I32
    ends: I32
    columns: npt.NDArray[np.uint8]
    gains: I16
    whole: I32
    rows: I16
    least: F32
    prior: F32
    classes: Objects
    aliases: list[tuple[int, int]]


def identify(texts: list[str]) -> tuple[Objects, Bool]:
    """Return the language of each text, shape (n,), and whether it is certain.

    An answer does not depend on the texts beside.
    """
    tables = _tables()
    encoded = [_encoded(text) for text in texts]
    sizes = np.array([len(data) for data in encoded], np.int64)
    features, ends = _features(np.frombuffer(b"".join(encoded), np.uint8), sizes, tables)
    scores = _scores(features, ends, tables)
    if at_hand(LANGUAGES) is not None:
        _compiler_rests()
    scores[np.diff(ends) > 0] += tables.prior
    scores /= np.sqrt(np.maximum(sizes, 1))[:, None]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    for first, other in tables.aliases:
        shares[:, first] += shares[:, other]
        shares[:, other] = 0
    best = shares.argmax(axis=1)
    certain: Bool = shares[np.arange(len(texts)), best] >= CONFIDENT
    return tables.classes[best], certain


def _features(data: npt.NDArray[np.uint8], sizes: I64, tables: Tables) -> tuple[I32, I64]:
    """Return the features that end at a byte of texts; text `i` has those from `ends[i]` on."""
    module, edges = at_hand(LANGUAGES), np.concatenate(([0], np.cumsum(sizes)))
    if module is not None:
        feature = np.empty(len(data), np.int32)
        module.grams(
            data, edges, *_short(), tables.index.places, tables.index.hashes, tables.features, feature
        )
        hits = np.flatnonzero(feature >= 0)
        return feature[hits], np.searchsorted(hits, edges)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    row = np.zeros(len(data), np.int32)
    at, key, length = np.arange(len(data)), np.zeros(len(data), np.uint64), 0
    # What begins an n-gram of the table is in it, too: a longer one ends behind one that was found.
    while len(at):
        length += 1
        key = (key << np.uint64(8)) | data[at]
        found = tables.index.find(mix(key | (np.uint64(length) << SIZE_BITS)))
        inside = found > 0
        at, key = at[inside], key[inside]
        row[at] = found[inside]
        follows = at + 1 < len(data)
        follows[follows] = owner[at[follows] + 1] == owner[at[follows]]
        at, key = at[follows] + 1, key[follows]
    feature = tables.features.take(row)
    hits = np.flatnonzero(feature >= 0)
    return feature[hits], np.searchsorted(hits, edges)


def _scores(features: I32, ends: I64, tables: Tables) -> F64:
    """Return the log-likelihoods of texts in each class; text `i` has the features from `ends[i]` on."""
    module, count = at_hand(LANGUAGES), len(ends) - 1
    if module is not None:
        scores = np.zeros((count, len(tables.least)))
        logs = np.log1p(np.arange(np.diff(ends).max(initial=0) + 1, dtype=np.float32))
        stored = tables.ends, tables.columns, tables.gains, tables.whole, tables.rows, tables.least
        module.weigh(features, ends, *stored, logs, np.zeros(len(tables.whole), np.int32), 1 / STEPS, scores)
        return scores
    import scipy.sparse as sp

    used, columns = _distinct(features, len(tables.whole))
    counts = sp.csr_matrix((np.ones(len(columns), np.float32), columns, ends), (count, len(used)))
    counts.sum_duplicates()
    counts.data = np.log1p(counts.data)
    return np.asarray(counts @ _dense(used, tables), np.float64)


def _distinct(numbers: I32, count: int) -> tuple[I64, I32]:
    """Return the distinct ones of numbers below `count`, ascending, and the place of each among them."""
    there = np.zeros(count, bool)
    there[numbers] = True
    place = np.cumsum(there, dtype=np.int32) - 1
    return np.flatnonzero(there), place[numbers]


def _dense(features: I64, tables: Tables) -> F32:
    """Return the weights of some features, shape (f, classes): many times as fast as a sparse product."""
    begins, width = tables.ends.take(features), len(tables.least)
    counts = tables.ends.take(features + 1) - begins
    stops = np.cumsum(counts, dtype=np.int64)
    at = np.arange(counts.sum()) + np.repeat(begins - (stops - counts), counts)
    weights = np.zeros((len(features), width), np.float32)
    weights[np.repeat(np.arange(len(features)), counts), tables.columns.take(at)] = tables.gains.take(at)
    whole = tables.whole.take(features)
    weights[whole >= 0] = tables.rows[whole[whole >= 0]]
    weights /= STEPS
    weights += tables.least
    return weights


@lru_cache(maxsize=1)
def _short() -> tuple[I32, I32]:
    """Return the rows of the n-grams of one byte and of two, which are looked for most, by the bytes."""
    index = _tables().index
    sizes = ((size, np.arange(1 << 8 * size, dtype=np.uint64)) for size in (1, 2))
    one, two = (index.find(mix(keys | (np.uint64(size) << SIZE_BITS))) for size, keys in sizes)
    return one, two


@lru_cache(maxsize=1)
def _compiler_rests() -> None:
    """Give the compiler's memory back, once, when all machine code for languages has been loaded."""
    rest(COMPILER)


def _encoded(text: str) -> bytes:
    return unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode()


def _aliases(classes: list[str]) -> list[tuple[int, int]]:
    """Return pairs of columns that mean the same language."""
    first = {code: column for column, code in reversed(list(enumerate(classes)))}
    return [(first[code], column) for column, code in enumerate(classes) if first[code] != column]


@lru_cache(maxsize=1)
def _tables() -> Tables:
    with np.load(FILE, allow_pickle=False) as stored:
        index = Index(len(stored["keys"]) + 1)
        index.enter(mix(stored["keys"]))
        features = np.concatenate(([-1], stored["features"])).astype(np.int32)
        classes = stored["classes"].tolist()
        return Tables(
            *(index, features, stored["ends"], stored["columns"], stored["gains"], stored["whole"]),
            *(stored["rows"], stored["least"], stored["prior"], np.array(classes, object), _aliases(classes)),
        )
