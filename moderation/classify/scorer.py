"""The fused scoring path: texts to margins of all labels without a feature matrix in between.

Each distinct chunk is analysed once and its sums over features are remembered in a table of fixed size that
is addressed by the chunk's hash; a text's margin is the sum over its different chunks and their pairs,
divided by the root of their squared values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.classify.frequent import Frequent
from moderation.classify.kernel import COMPILER, Kernel, compiled
from moderation.classify.memo import Apart, Memo
from moderation.classify.sums import sum_by, sum_groups
from moderation.classify.weights import Weights, decode
from moderation.memory import keep, release, rest, unread
from moderation.text.chunks import Chunked, batches, split
from moderation.text.features import PAIR, SKIP, WORD, Analysis, analyse_families
from moderation.text.hashing import U64, hash_word, mix, mix_one
from moderation.text.obfuscation import Unmasker
from moderation.text.repeats import first_times
from moderation.text.spelled import Spelled, letter_runs, spell_out
from moderation.text.table import ODD, link_hashes
from moderation.text.tokens import Tokens, tokenise
from moderation.text.vocabulary import known

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U32 = npt.NDArray[np.uint32]
Bool = npt.NDArray[np.bool_]
Analysed: TypeAlias = tuple[F64, U64, U32]
"""Of distinct chunks: rows of sums (labels, then the columns below), keys that pairs are built from, and the
letter of those that are a single one, else 0."""

SQUARES, LETTERS, KNOWN_LETTERS, ENGLISH, EXTRA_COLUMNS = 0, 1, 2, 3, 4
"""Columns of a row behind those of the labels: squared values, letters, letters of known chunks, and whether
one of `ENGLISH_WORDS` is in the chunk."""

ENGLISH_WORDS: Final = (
    "the and that you this with they have not what your would there their which about from but who because "
    "when how our been were than these those could should dont its just does did why where only some any "
    "being other into them doesnt didnt cant isnt thats youre theyre"
)
"""Frequent words that hold sentences together in English and in no other language that comments come in."""

MEMO_CHUNKS: Final = 1 << 18
"""Chunks remembered, rows of about 120 bytes. 10,000 comments have some 68,000 different ones."""

LARGEST_SUM: Final = (1 << 31) - 1
"""What a sum over a chunk can be, so that four bytes hold it: 2,000 features of the largest weight."""

BATCH_BYTES: Final = 1 << 19
"""Text scored at once: bounds memory, stays in the cache, and is long enough for calls not to count."""

WORTHWHILE: Final = 1 << 23
"""Bytes of texts from which on it pays to load machine code: arrays take as long for them, a second."""

WIDER: Final = 4
"""So many times as much is scored at once by machine code, which keeps four bytes of a chunk."""

FEW: Final = 1 << 10
"""Features, and chunks remembered, while machine code is being loaded."""

SLICE: Final = 1 << 13
"""New chunks analysed at once: their features are some hundred times as large as they are."""

WAITING: Final = 1 << 13
"""Chunks of texts that spell words, from which on those are put together, all in one go."""


@dataclass(frozen=True, slots=True)
class Margins:
    """What scoring finds out about texts, shape (n, ...).

    Parameters
    ----------
    values : ndarray of float64, shape (n, labels)
        Linear margins, before calibration.
    letters, known_letters : ndarray of int64, shape (n,)
        Letters in all chunks, and in chunks with a word that the model knows.
    chunks, english : ndarray of int64, shape (n,)
        Number of chunks, and of those with one of `ENGLISH_WORDS`.
    """

    values: F64
    letters: I64
    known_letters: I64
    chunks: I64
    english: I64


@dataclass(frozen=True, slots=True)
class Parts:
    """One text taken apart: what each token and each pair of tokens adds, in whole numbers.

    Parameters
    ----------
    tokens : ndarray of float64, shape (t, labels)
        Equal ones share what one of them adds.
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
    memo_chunks : int, default `MEMO_CHUNKS`
        Number of chunks remembered.
    machine_code : bool, optional
        Score with machine code, from the beginning or never. Default: where numba is installed, when the
        texts are enough for it to pay. Scores are the same.
    """

    def __init__(
        self, weights: Weights, memo_chunks: int = MEMO_CHUNKS, machine_code: bool | None = None
    ) -> None:
        keep()
        self.weights = weights
        self.unmasker = Unmasker(weights.vocabulary, weights.lexicon)
        self._table = weights.table
        self._codes, self._squares = np.asarray(weights.codes), np.asarray(weights.table.squares)
        self._vocabulary = np.asarray(weights.vocabulary)
        self._labels = weights.codes.shape[1]
        self._memo = Memo(memo_chunks, self._labels + EXTRA_COLUMNS)
        self._kernel: Kernel | None = None
        self._machine_code, self._bytes = machine_code, 0
        self._begin()
        if machine_code:
            self.prepare()

    def __reduce__(self) -> tuple[type[Scorer], tuple[Weights, int, bool | None]]:
        # What it remembers, and machine code, are made anew.
        return Scorer, (self.weights, self._memo.capacity, self._machine_code)

    def prepare(self) -> None:
        """Load machine code now, and not when the first `WORTHWHILE` bytes have been scored.

        Where nobody has done so on this machine, it is compiled first, which takes a while.
        """
        if self._kernel is not None or self._machine_code is False:
            return
        self._machine_code = compiled() is not None
        if not self._machine_code:
            return
        # Loading it takes much memory for a moment: with few features, before all of them are copied.
        few = Kernel(
            self.weights.first(FEW), _ENGLISH, Memo(FEW, self._memo.width, packed=True), self._analyse
        )
        # Of what machine code leaves to arrays, so that all of it is loaded.
        few.sums(pa.array(["\u00e9" * 40]))
        rest(COMPILER)
        release()
        self._memo = Memo(self._memo.capacity, self._memo.width, packed=True)
        self._kernel = Kernel(self.weights, _ENGLISH, self._memo, self._analyse)
        self._table = self._kernel.table
        self._begin()

    def forget(self) -> None:
        """Clear the memo of all but frequent chunks; scores stay the same, the next ones take longer."""
        self._memo.forget()
        self._begin()

    def margins(self, texts: pa.StringArray) -> Margins:
        """Return the margins of texts, shape (n,), no nulls."""
        self._bytes += texts.nbytes
        if self._machine_code is None and self._bytes >= WORTHWHILE:
            self.prepare()
        labels = self._labels
        rows, chunks = np.empty((len(texts), labels + EXTRA_COLUMNS)), np.empty(len(texts), np.int64)
        waiting: list[tuple[I64, Apart]] = []
        for start, batch in batches(texts, BATCH_BYTES * (WIDER if self._kernel else 1)):
            part = slice(start, start + len(batch))
            rows[part], chunks[part], single = self._batch(batch)
            waiting += [(start + numbers, apart) for numbers, apart in single]
            if sum(len(apart.own) for _, apart in waiting) > WAITING:
                self._put_spelled(waiting, rows)
                waiting = []
        self._put_spelled(waiting, rows)
        squares = rows[:, labels + SQUARES]
        norm = np.sqrt(np.where(squares > 0, squares * self.weights.table.unit, 1))
        values = rows[:, :labels] * self.weights.units / norm[:, None]
        letters, known_letters, english = rows[:, labels + LETTERS :].astype(np.int64).T
        return Margins(values, letters, known_letters, chunks, english)

    def take_apart(self, text: str) -> Parts:
        """Return what each token and pair of one text adds to the margins."""
        chunked = split(pa.array([text], pa.string()))
        chunked, keys, rows, spelled = self._spell_out(chunked, self._look_up(chunked.distinct))
        count, labels = len(chunked.tokens), self._labels
        links, ends = self._links(chunked, keys)
        times = np.bincount(chunked.tokens, minlength=len(rows))
        tokens = (rows / np.maximum(times, 1)[:, None])[chunked.tokens]
        square = float(rows[times > 0, labels].sum() + links[:, labels].sum()) * self.weights.table.unit
        norm = math.sqrt(square) if square > 0 else 1.0
        units = self.weights.units / norm
        own = np.arange(count)
        first, last = (own, own) if spelled is None else (spelled.first, spelled.last)
        return Parts(tokens[:, :labels] * units, links[:, :labels] * units, ends, first, last, norm)

    def frequent(self, chunks: pa.StringArray) -> Frequent:
        """Analyse distinct chunks, most frequent first, for scorers with these weights to begin with."""
        rows, keys, letters = self._look_up(chunks)
        return Frequent.of(tokenise(chunks).hashes, rows, keys, letters)

    def _begin(self) -> None:
        known = self.weights.frequent.first(self._memo.capacity // 2)
        if len(known.marks):
            self._memo.add(known.hashes, known.sums, known.keys, known.letters)
            unread(self.weights.frequent.marks)
            unread(self.weights.frequent.sums)

    def _batch(self, texts: pa.StringArray) -> tuple[F64, I64, list[tuple[I64, Apart]]]:
        """Sum the chunks and pairs of texts, see `Kernel.sums`; those that spell a word are not done yet."""
        if self._kernel:
            return self._kernel.sums(texts)
        tokens = tokenise(texts)
        numbers = self._numbers(tokens)
        first = first_times(numbers, tokens.offsets)
        total = self._sum_chunks(numbers, tokens.offsets, self._memo.rows, first)
        keys = self._memo.keys.take(numbers)
        for step, wanted, seed in ((1, self.weights.pairs, PAIR), (2, self.weights.skips, SKIP)):
            if wanted and len(keys) > step:
                self._add_links(total, keys, tokens.offsets, step, seed, first[step:] | first[:-step])
        spelled = self._spell(self._memo.letters.take(numbers), tokens.offsets)
        single = [(spelled, self._memo.take_apart(numbers, tokens.offsets, spelled))] if len(spelled) else []
        return total, np.diff(tokens.offsets), single

    def _spell(self, letters: U32, offsets: I64) -> I64:
        """Return the texts in which letters that stand one by one spell a word."""
        runs = letter_runs(letters, offsets)
        starts = [start for start, run in runs if self.unmasker.spelled(run)]
        return np.unique(np.searchsorted(offsets, np.array(starts, np.int64), side="right") - 1)

    def _numbers(self, tokens: Tokens) -> I32:
        """Return the memo's row of each chunk; those that have none get one."""
        numbers = self._memo.find(tokens.hashes)
        missing = np.flatnonzero(numbers == 0)
        if not len(missing):
            return numbers
        hashes, first = np.unique(tokens.hashes[missing], return_index=True)
        if self._memo.make_room(len(hashes)):
            return self._numbers(tokens)
        self._memo.add(hashes, *self._analyse(tokens.chunks(missing[first])))
        numbers[missing] = self._memo.find(tokens.hashes[missing])
        return numbers

    def _sum_chunks(self, numbers: I32, offsets: I64, rows: F64, first: Bool) -> F64:
        """Sum the rows of each text's different chunks, and the letters of all."""
        ends = np.append(0, np.cumsum(first)).take(offsets)
        total = sum_groups(rows, ends, numbers[first])
        if ends[-1] < len(numbers):
            again = sum_groups(rows, offsets - ends, numbers[~first])
            total[:, self._labels + LETTERS :] += again[:, self._labels + LETTERS :]
        return total

    def _add_links(self, total: F64, keys: U64, offsets: I64, step: int, seed: int, counts: Bool) -> None:
        """Add the pairs of chunks that stand `step` apart, those that count."""
        hashes = keys[:-step] * ODD
        hashes += keys[step:]
        buckets, found = self._table.find(mix(hashes, seed))
        found &= counts
        # No pair reaches from one text into the next.
        for back in range(1, step + 1):
            border = offsets[1:-1] - back
            found[border[(border >= 0) & (border < len(found))]] = False
        at = np.flatnonzero(found)
        ends, buckets = np.searchsorted(at, offsets), buckets.take(at)
        codes, squares = self._worth(buckets)
        total[:, : self._labels] += sum_groups(decode(codes), ends)
        sums = np.append(0, np.cumsum(squares, dtype=np.int64))
        total[:, self._labels + SQUARES] += np.diff(sums.take(ends))

    def _put_spelled(self, waiting: list[tuple[I64, Apart]], rows: F64) -> None:
        """Write the sums of texts in which letters may spell words, of all batches in one go."""
        if waiting:
            numbers, parts = zip(*waiting, strict=True)
            rows[np.concatenate(numbers)] = self._spelled(Apart.together(parts))

    def _spelled(self, apart: Apart) -> F64:
        """Return the sums of texts in which letters may spell words."""
        offsets, own, rows, keys, letters = apart
        chunked = Chunked(pa.nulls(len(keys), pa.string()), own.astype(np.int32), offsets)
        chunked, keys, rows, _ = self._spell_out(chunked, (rows, keys, letters))
        first = first_times(chunked.tokens, chunked.offsets)
        total = self._sum_chunks(chunked.tokens, chunked.offsets, rows, first)
        values, ends = self._links(chunked, keys)
        total[:, : self._labels + 1] += sum_groups(values, np.searchsorted(ends[:, 0], chunked.offsets))
        return total

    def _spell_out(self, chunked: Chunked, analysed: Analysed) -> tuple[Chunked, U64, F64, Spelled | None]:
        """Put spelled-out words together; return also keys and rows, which those words follow."""
        rows, keys, letter = analysed
        spelled = spell_out(chunked, letter, self.unmasker)
        if spelled is not None:
            words = spelled.chunked.distinct.slice(len(chunked.distinct))
            more_rows, more_keys, _ = self._look_up(words)
            rows, keys = np.concatenate((rows, more_rows)), np.concatenate((keys, more_keys))
            chunked = spelled.chunked
        return chunked, keys, rows, spelled

    def _look_up(self, chunks: pa.StringArray) -> Analysed:
        if self._kernel:
            # Machine code analyses new ones far quicker; they are in the memo then.
            self._kernel.sums(chunks)
        numbers = self._numbers(tokenise(chunks))
        return self._memo.take(numbers)

    def _analyse(self, distinct: pa.StringArray) -> Analysed:
        rows = np.empty((len(distinct), self._labels + EXTRA_COLUMNS))
        keys, letters = np.empty(len(distinct), np.uint64), np.empty(len(distinct), np.uint32)
        for start in range(0, len(distinct), SLICE):
            part = slice(start, start + SLICE)
            chunks = self.unmasker.canonical(distinct.slice(start, SLICE))
            features = analyse_families(chunks, self.weights.grams)
            rows[part], keys[part], letters[part] = self._rows(features), features.keys, features.letter
        return rows, keys, letters

    def _rows(self, features: Analysis) -> F64:
        """Sum the features of each chunk."""
        count, labels = len(features.keys), self._labels
        rows = np.zeros((count, labels + EXTRA_COLUMNS))
        owner = np.concatenate([part.owner for part in features.families])
        buckets, found = self._table.find(np.concatenate([p.hashes for p in features.families]))
        at = np.flatnonzero(found)
        buckets, owner = buckets.take(at), owner.take(at)
        codes, squares = self._worth(buckets)
        rows[:, :labels] = sum_by(decode(codes), owner, count)
        rows[:, labels + SQUARES] = np.bincount(owner, squares, minlength=count)
        # Words come first.
        words = features.families[0]
        familiar = np.zeros(count, bool)
        familiar[words.owner[known(self._vocabulary, words.hashes)]] = True
        rows[:, labels + LETTERS] = features.letters
        rows[:, labels + KNOWN_LETTERS] = np.where(familiar, features.letters, 0)
        rows[~familiar & (features.letters > 0), labels + SQUARES] += self.weights.table.unknown
        rows[words.owner[np.isin(words.hashes, _ENGLISH)], labels + ENGLISH] = 1
        return rows.clip(-LARGEST_SUM, LARGEST_SUM, out=rows)

    def _links(self, chunked: Chunked, keys: U64) -> tuple[F64, I64]:
        weights = self.weights
        hashes, ends = link_hashes(chunked, keys, pairs=weights.pairs, skips=weights.skips)
        buckets, found = self._table.find(hashes)
        return self._values(buckets[found]), ends[found]

    def _values(self, buckets: I64) -> F64:
        """Return weights and squared values of features, shape (k, labels + 1)."""
        values = np.empty((len(buckets), self._labels + 1))
        codes, values[:, -1] = self._worth(buckets)
        values[:, :-1] = decode(codes)
        return values

    def _worth(self, buckets: I64) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
        """Return codes, shape (k, labels), and squares, shape (k,), of features."""
        if self._kernel:
            # What it holds is in memory anyway; the files' pages would come on top.
            return self._kernel.worth(buckets)
        # Through `take`, which copies whole rows: several times as fast as indexing, and as a memory map.
        return self._codes.take(buckets, axis=0), self._squares.take(buckets)


_ENGLISH: Final = np.array([mix_one(hash_word(word), WORD) for word in ENGLISH_WORDS.split()], np.uint64)
