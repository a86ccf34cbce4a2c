"""The scorer's way through machine code, where numba is installed (`moderation[compiled]`).

Scores are those of the arrays, bit for bit; `MODERATION_COMPILED=0` in the environment does without.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.memo import Apart, Memo
from moderation.classify.weights import LEVELS, Weights
from moderation.memory import unread, wide
from moderation.text import features, obfuscation
from moderation.text.hashing import BASE, LONGEST, hash_word, seed_step
from moderation.text.innocent import lexicon_shapes
from moderation.text.table import ODD, FeatureTable
from moderation.text.tokens import INVERSE, LEADS, LENGTH, bytes_of, pick, powers_of

if TYPE_CHECKING:
    from moderation.classify.scorer import Analysed

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Bool = npt.NDArray[np.bool_]

VARIABLE: Final = "MODERATION_COMPILED"
"""Environment variable that forbids machine code when it is 0."""

PACKAGE: Final = "moderation.text.compiled"
BATCH, LANGUAGES = f"{PACKAGE}.batch", f"{PACKAGE}.languages"
"""Modules of compiled functions: for the features of texts, and for their languages."""

COMPILER: Final = "libllvmlite"
"""Library that makes machine code and loads it; idle once that is done."""

SHORT: Final = 1 << 11
"""Bytes of a text that has the powers for its chunks' hashes at hand; in longer ones they are multiplied."""

LEFT: Final = 1 << 14
"""Chunks left to the arrays at once: their features are some hundred times as large as they are."""


@cache
def compiled(module: str = BATCH) -> Any:
    """Return a module of compiled functions.

    None where there is no numba, no folder to keep what it compiles (`NUMBA_CACHE_DIR` names one), or it is
    not wanted.
    """
    if os.environ.get(VARIABLE) == "0":
        return None
    try:
        return import_module(module)
    except (ImportError, RuntimeError):
        return None


def at_hand(module: str) -> Any:
    """Return a module of compiled functions if texts are scored by such in this process, else None."""
    return compiled(module) if BATCH in sys.modules else None


class Kernel:
    """Sums the features of texts in machine code.

    Parameters
    ----------
    weights : Weights
    memo : Memo
        Of whole numbers.
    analyse : callable
        Analyses distinct chunks with arrays.
    """

    def __init__(
        self,
        weights: Weights,
        english: npt.NDArray[np.uint64],
        memo: Memo,
        analyse: Callable[[pa.StringArray], Analysed],
    ) -> None:
        self._weights, self._memo, self._analyse = weights, memo, analyse
        self._batch, self._shared = compiled(), import_module(f"{PACKAGE}.shared")
        self._tables = self._shared.Tables(*map(_frozen, _tables(weights, english)))
        together = self._shared.TOGETHER
        most = together * (2 * LONGEST * (len(weights.grams) + 1) + LONGEST)
        self._room = (
            np.empty(LONGEST, np.uint8),
            np.empty(LONGEST, np.uint8),
            np.empty(2 * LONGEST + 2, np.uint8),
            np.empty(most, np.uint64),
            np.empty(most, np.uint64),
            np.empty(together, np.uint64),
            np.empty((together, memo.rows.shape[1]), np.int64),
        )

    def sums(self, texts: pa.StringArray) -> tuple[F64, I64, list[tuple[I64, Apart]]]:
        """Return the sums over chunks and pairs of each text, its chunks, and what is spelled out.

        Parameters
        ----------
        texts : pyarrow.StringArray, shape (n,)

        Returns
        -------
        totals : ndarray of float64, shape (n, labels + 4)
        chunks : ndarray of int64, shape (n,)
        single : list of tuple
            Numbers of texts in which single letters spell a word, and their chunks, see `Memo.take_apart`.
        """
        memo, count = self._memo, len(texts)
        data, edges = bytes_of(texts)
        numbers = np.empty(len(data) // 2 + count + 1, np.int32)
        offsets = np.zeros(count + 1, np.int64)
        left = np.empty((LEFT, 3), np.int64)
        totals, chunks = np.empty((count, memo.width)), np.zeros(count, np.int64)
        states = np.zeros(count, np.uint8)
        single: list[tuple[I64, Apart]] = []
        # A border at every byte and at the end of each text; at every second byte a chunk, with two pairs.
        longest = max(int(np.diff(edges).max(initial=0)), self._shared.BYTES_TOGETHER)
        most = longest + 2 * self._shared.TOGETHER
        lists = (np.empty(most, np.uint64) for _ in range(4))
        once = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.uint8)
        scratch = self._shared.Scratch(*self._room, np.empty((min(most, LEFT), 3), np.uint64), *lists, *once)
        first = 0
        while first < count:
            memory, entered = self._memory(), np.array([memo.index.count])
            try:
                memory = self._shared.Memory(*memory, entered)
                given = self._tables, memory, scratch
                text, rest = self._batch.resolve(
                    data, edges, first, *given, numbers, offsets, left, totals, states
                )
                memo.index.count = int(entered[0])
                if rest:
                    self._finish(data, left[:rest])
                    self._batch.add_up(numbers, offsets, first, text, *given, totals, states)
            except BaseException:
                # Some chunks may have got rows, but no sums.
                memo.forget()
                raise
            chunks[first:text] = np.diff(offsets[first : text + 1])
            spelled = np.flatnonzero(states[first:text] == self._shared.SPELLED) + first
            if len(spelled):
                single.append((spelled, memo.take_apart(numbers, offsets, spelled)))
            if text < count and memo.index.count == len(memo.index.hashes):
                # So many chunks at most, of which that text alone may need room.
                alone = int(edges[text + 1] - edges[text]) // 2 + 1
                memo.make_room(alone if text == first else 1)
            first = text
        return totals, chunks, single

    @property
    def table(self) -> FeatureTable:
        """Which features exist, in the memory that machine code reads."""
        return replace(self._weights.table, tags=self._tables.tags)

    def worth(self, buckets: I64) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
        """Return codes, shape (k, labels), and squares, shape (k,), of features, from the same memory."""
        labels = self._weights.codes.shape[1]
        records = self._tables.records.take(buckets, axis=0)
        return records[:, :labels], records.view("<u2")[:, _eights(labels) // 2]

    def _finish(self, data: npt.NDArray[np.uint8], left: I64) -> None:
        """Analyse with arrays what was left to them."""
        memo, at = self._memo, left[:, 0]
        memo.put(at, *self._analyse(pick(data, left[:, 1], left[:, 2])))

    def _memory(self) -> tuple[npt.NDArray[Any], ...]:
        memo = self._memo
        return memo.index.places, memo.again, memo.rows, memo.rows.view(np.uint64), memo.letters


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written to: one type for what is in memory and what is mapped."""
    view = np.ascontiguousarray(array).view(np.ndarray)
    view.flags.writeable = False
    return view


def _tables(weights: Weights, english: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[Any], ...]:
    """Return the fields of `compiled.Tables`."""
    table, rude = weights.table, [hash_word(word) for word in weights.lexicon]
    families = (features.WORD, features.SYMBOL, features.SHAPE, features.PAIR, features.SKIP, features.GRAM)
    steps = [seed_step(seed) for seed in range(features.GRAM + max(weights.grams, default=0) + 1)]
    limits = (
        *(LONGEST, obfuscation.MOST_READINGS, obfuscation.SHORTEST_SPELLED),
        *(weights.codes.shape[1], weights.pairs, weights.skips, _eights(weights.codes.shape[1])),
        *(obfuscation.LONGEST_SPELLED, table.unknown),
    )
    maybe = np.zeros(1 << 12, bool)
    maybe[english >> np.uint64(52)] = True
    signs, as_i, as_l = _signs()
    return (
        *(_copied(table.tags), _records(weights), LEVELS.astype(np.int64), _copied(weights.vocabulary)),
        *(np.sort(english), maybe, np.sort(np.array(rude, np.uint64)), lexicon_shapes(weights.lexicon)),
        *(np.sort(np.array(weights.grams, np.int64)), powers_of(BASE, SHORT), powers_of(INVERSE, SHORT)),
        *(_white(), np.array(steps, np.uint64), features.KINDS[:128], signs, as_i, as_l),
        np.array([int.from_bytes(suffix.encode(), "big") for suffix in features.SUFFIXES], np.uint32),
        *(np.array(families, np.int64), features.SHAPE_HASHES, np.array(limits, np.int64)),
        np.array([LENGTH, ODD], np.uint64),
    )


def _copied(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    copy = wide(array.shape, array.dtype)
    copy[:] = array
    unread(array)
    return copy


def _records(weights: Weights) -> npt.NDArray[np.uint8]:
    """Return what is known of the feature in each bucket, side by side, so that it comes at once."""
    buckets, labels = weights.codes.shape
    codes = _eights(labels)
    records = wide((buckets, -(-(codes + 2) // 16) * 16), np.uint8)
    records[:, :codes] = 128
    records[:, :labels] = weights.codes
    records.view("<u2")[:, codes // 2] = weights.table.squares
    unread(weights.codes)
    unread(weights.table.squares)
    return records


def _eights(labels: int) -> int:
    """Return the bytes of a record's codes: whole eights of them."""
    return -(-labels // 8) * 8


def _white() -> npt.NDArray[np.uint8]:
    """Return which bytes are white space, 1, or may begin some, 2."""
    kinds = np.zeros(256, np.uint8)
    kinds[[*range(0x09, 0x0E), *range(0x1C, 0x21)]] = 1
    kinds[list(LEADS)] = 2
    return kinds


def _signs() -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return what `compiled` needs to know of ASCII characters to undo disguises."""
    module, signs = import_module(f"{PACKAGE}.shared"), [chr(code) for code in range(128)]
    before = pc.match_substring_regex(pa.array([sign + "a" for sign in signs]), obfuscation.SUSPICIOUS)
    after = pc.match_substring_regex(pa.array(["a" + sign for sign in signs]), obfuscation.SUSPICIOUS)
    read = [
        [sign.translate(upright).translate(obfuscation.LEET) for sign in signs]
        for upright in (obfuscation.UPRIGHT, obfuscation.UPRIGHT_AS_L)
    ]
    holds = (
        (module.INNER, [sign.isalnum() for sign in signs]),
        (module.TRANSLATED, [sign != meant for sign, meant in zip(signs, read[0], strict=True)]),
        (module.UPRIGHT, [ord(sign) in obfuscation.UPRIGHT for sign in signs]),
        (module.PLAIN, [not obfuscation.MASK.search("a" + sign) for sign in signs]),
        (
            module.SPARING,
            [bool(obfuscation.SPARING.search(obfuscation.MASK.sub("", "a" + sign))) for sign in signs],
        ),
        (module.BEFORE, before.to_pylist()),
        (module.AFTER, after.to_pylist()),
        (module.OUTER, [sign in obfuscation.OUTER for sign in signs]),
        (module.OUTER_BUT_LEET, [sign in obfuscation.OUTER_BUT_LEET for sign in signs]),
    )
    table = sum(np.array(held, bool) * np.uint16(flag) for flag, held in holds)
    as_i, as_l = (
        np.array([ord(obfuscation.SEPARATED.sub("", meant) or "\0") for meant in meanings], np.uint8)
        for meanings in read
    )
    return np.asarray(table, np.uint16), as_i, as_l
