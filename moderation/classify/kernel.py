"""Compiled scoring: one pass over the UTF-8 bytes of a batch, without arrays in between.

The same sums as `moderation.classify.scorer` takes with numpy. They are sums of whole numbers, so they are
equal bit for bit. Chunks of one plain English-looking word are analysed here, too; all others are collected
and handed back to be analysed together, and the texts that hold them are scored again.

Needs numba (Lam, Pitrou and Seibert, 2015, "Numba: a LLVM-based Python JIT compiler").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from moderation.classify.scorer import WAYS, Analysed, Memo, Weights
from moderation.classify.weights import LEVELS
from moderation.text.features import GRAM, PAIR, SHAPE, SHAPES, SKIP, SYMBOL, WORD
from moderation.text.hashing import BASE, LONGEST, U64, mix, seed_step
from moderation.text.obfuscation import SHORTEST_SPELLED, VOCABULARY_BITS
from moderation.text.table import ODD, TAG_BITS

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

Function = TypeVar("Function", bound=Callable[..., Any])

DONE, MISSED, SPELLED = 0, 1, 2
"""What became of a text: scored, holds unknown chunks, or has letters that may spell a word."""

ORDINARY, SPACE, PERHAPS = 0, 1, 2
"""Bytes inside a chunk, white space, and first bytes of characters of which some are white space."""

ALPHABETIC, MARK, QUIET, STRANGE = 0, 1, 2, 3
"""Letters, symbols, apostrophes (which no feature counts), and what no plain word holds."""


class Tables(NamedTuple):
    """Weights as the compiled functions read them."""

    tags: npt.NDArray[np.uint16]
    squares: npt.NDArray[np.uint16]
    codes: U8
    levels: F64
    vocabulary: U8
    grams: I64
    gram_seeds: U64
    shift: np.uint64
    pairs: bool
    skips: bool


class Extra(NamedTuple):
    """Chunks that were analysed for this batch, by ascending hash."""

    hashes: U64
    keys: U64
    letters: npt.NDArray[np.uint32]
    rows: F64


class Missed(NamedTuple):
    """Room for the chunks that nobody knows: hash, first byte, byte behind the last."""

    hashes: U64
    begins: I64
    ends: I64


class Kernel:
    """Scores batches by compiled functions.

    Parameters
    ----------
    weights : Weights
    """

    def __init__(self, weights: Weights) -> None:
        self._tables = Tables(
            np.asarray(weights.table.tags),
            np.asarray(weights.table.squares),
            np.asarray(weights.codes),
            LEVELS,
            np.asarray(weights.vocabulary),
            np.array(weights.grams, np.int64),
            np.array([seed_step(GRAM + n) for n in weights.grams], np.uint64),
            np.uint64(65 - len(weights.table.tags).bit_length()),
            weights.pairs,
            weights.skips,
        )

    def totals(
        self, texts: pa.StringArray, memo: Memo, analyse: Callable[[pa.StringArray], Analysed]
    ) -> tuple[F64, I64]:
        """Return the sums over chunks and pairs of each text.

        Parameters
        ----------
        texts : pyarrow.StringArray, shape (n,)
        memo : Memo
            Read and filled.
        analyse : callable
            Analyses distinct chunks.

        Returns
        -------
        totals : ndarray of float64, shape (n, labels + 3)
            Labels, squared values, letters, letters of known chunks.
        spelled : ndarray of int64
            Texts whose single letters may spell words, which are not scored here.
        """
        offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
        buffer = texts.buffers()[2]
        data = np.frombuffer(buffer, np.uint8) if buffer is not None else np.empty(0, np.uint8)
        totals = np.zeros((len(texts), memo.rows.shape[1]))
        state = np.zeros(len(texts), np.uint8)
        room = int(offsets[-1] - offsets[0]) // 2 + len(texts) + 1
        missed = Missed(np.empty(room, np.uint64), np.empty(room, np.int64), np.empty(room, np.int64))
        extra = Extra(memo.hashes[:0], memo.keys[:0], memo.letters[:0], memo.rows[:0])
        pending = np.arange(len(texts))
        # A chunk may drive another one out of the memo meanwhile; what was analysed for the batch stays.
        while len(pending):
            count = score_texts(data, offsets, pending, self._tables, memo, extra, missed, totals, state)
            if count:
                extra = _extended(extra, data, missed, count, analyse)
            pending = pending[state[pending] == MISSED]
        memo.store(extra.hashes, (extra.rows, extra.keys, extra.letters))
        return totals, np.flatnonzero(state == SPELLED)


def _extended(
    extra: Extra, data: U8, missed: Missed, count: int, analyse: Callable[[pa.StringArray], Analysed]
) -> Extra:
    """Analyse each of the chunks once and sort them in."""
    hashes, first = np.unique(missed.hashes[:count], return_index=True)
    begins, lengths = missed.begins[first], (missed.ends - missed.begins)[first]
    ends = np.cumsum(lengths)
    at = np.arange(ends[-1]) + np.repeat(begins - (ends - lengths), lengths)
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    chunks = pa.StringArray.from_buffers(len(first), pa.py_buffer(offsets), pa.py_buffer(data[at]))
    rows, keys, letters = analyse(chunks)
    joined = np.concatenate((extra.hashes, hashes))
    order = np.argsort(joined)
    return Extra(
        joined[order],
        np.concatenate((extra.keys, keys))[order],
        np.concatenate((extra.letters, letters))[order],
        np.concatenate((extra.rows, rows))[order],
    )


def compiled(function: Function) -> Function:
    """Compile a function; the result is kept on disk where there is a folder for it."""
    made: Any
    try:
        made = njit(cache=True, nogil=True, forceinline=True)(function)
    except RuntimeError:
        made = njit(nogil=True, forceinline=True)(function)
    return cast(Function, made)


def _byte_kinds() -> U8:
    kinds = np.zeros(256, np.uint8)
    kinds[[*range(0x09, 0x0E), *range(0x1C, 0x21)]] = SPACE
    kinds[[0xC2, 0xE1, 0xE2, 0xE3]] = PERHAPS
    return kinds


def _plain_kinds() -> U8:
    kinds = np.full(256, STRANGE, np.uint8)
    for code in range(0x21, 0x7F):
        sign = chr(code)
        kinds[code] = ALPHABETIC if sign.isalpha() else QUIET if sign in "'`" else MARK
        if sign.isdigit() or sign == "_":
            kinds[code] = STRANGE
    return kinds


_BYTE_KINDS: Final = _byte_kinds()
_PLAIN_KINDS: Final = _plain_kinds()
_DISGUISES_BEFORE: Final = np.array([chr(c) in "@$!|+(*." for c in range(256)])
_DISGUISES_BEHIND: Final = np.array([chr(c) in "$@*#" for c in range(256)])
"""Signs beside a letter at which `SUSPICIOUS`, `URL` or `USER` may match a single word."""

_RAW, _WORD, _SYMBOL, _PAIR, _SKIP = (np.uint64(seed_step(seed)) for seed in (0, WORD, SYMBOL, PAIR, SKIP))
_CAPS: Final = mix(np.array([SHAPES["caps"]], np.uint64), SHAPE)[0]
_ZERO, _ONE, _TWO, _THREE, _FOUR, _SEVEN = (np.uint64(n) for n in (0, 1, 2, 3, 4, 7))
_S27, _S30, _S31 = (np.uint64(n) for n in (27, 30, 31))
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TAG: Final = np.uint64(TAG_BITS)
_TAG_MASK: Final = np.uint64((1 << TAG_BITS) - 1)
_WORD_SHIFT: Final = np.uint64(64 - VOCABULARY_BITS)
_WAYS: Final = np.uint64(WAYS)
_LOWER: Final = np.uint64(32)
_LONGEST: Final = LONGEST
_BASE: Final = BASE
_ODD: Final = ODD
_SHORTEST_SPELLED: Final = SHORTEST_SPELLED


@compiled
def _mix(value: Any, seed: Any) -> Any:
    x = value + seed
    x ^= x >> _S30
    x *= _M1
    x ^= x >> _S27
    x *= _M2
    return x ^ (x >> _S31)


@compiled
def _space(data: Any, at: Any, end: Any) -> Any:
    """Return the length in bytes of the white space that stands here, 0 if there is none."""
    first = data[at]
    if first == 0xC2:
        return 2 if at + 1 < end and (data[at + 1] == 0x85 or data[at + 1] == 0xA0) else 0
    if at + 2 >= end:
        return 0
    second, third = data[at + 1], data[at + 2]
    if first == 0xE1:
        return 3 if second == 0x9A and third == 0x80 else 0
    if first == 0xE3:
        return 3 if second == 0x80 and third == 0x80 else 0
    if second == 0x81:
        return 3 if third == 0x9F else 0
    general = second == 0x80 and (third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF)
    return 3 if general else 0


@compiled
def _add(tables: Any, values: Any, count: Any, row: Any) -> Any:
    """Add the weights and squared values of features, by their hashes, which are overwritten."""
    found = 0
    # Without a branch on what is in memory, so that many of these slow reads are under way at once.
    for number in range(count):
        value = values[number]
        bucket = value >> tables.shift
        tag = max((value >> (tables.shift - _TAG)) & _TAG_MASK, _ONE)
        values[found] = bucket
        found += tables.tags[bucket] == tag
    labels = tables.codes.shape[1]
    for number in range(found):
        bucket = values[number]
        for label in range(labels):
            row[label] += tables.levels[tables.codes[bucket, label]]
        row[labels] += tables.squares[bucket]


@compiled
def _plain_word(data: Any, begin: Any, end: Any) -> Any:
    """Return first and last byte of the one word in a chunk that cannot be a disguise or link, else 0, 0."""
    if end - begin > _LONGEST:
        return 0, 0
    first, last = -1, -1
    for at in range(begin, end):
        kind = _PLAIN_KINDS[data[at]]
        if kind == STRANGE:
            return 0, 0
        if kind == ALPHABETIC:
            if first < 0:
                first = at
            elif last != at:
                return 0, 0
            last = at + 1
            if at - first > 1 and data[at] | 32 == data[at - 1] | 32 and data[at] | 32 == data[at - 2] | 32:
                return 0, 0
    if first < 0 or (first > begin and _DISGUISES_BEFORE[data[first - 1]]):
        return 0, 0
    if last < end:
        behind = data[last]
        # `http:` and `www.` begin links.
        if _DISGUISES_BEHIND[behind] or (last - first < 6 and (behind == 58 or behind == 46)):
            initial = data[first] | 32
            if _DISGUISES_BEHIND[behind] or initial == 104 or initial == 119:
                return 0, 0
    return first, last


@compiled
def _analyse_plain(data: Any, begin: Any, end: Any, tables: Any, row: Any, padded: Any, values: Any) -> Any:
    """Fill the row of a chunk of one plain word and return (is plain, key, letter)."""
    first, last = _plain_word(data, begin, end)
    if last == first:
        return False, _ZERO, _ZERO
    row[:] = 0
    size = last - first
    padded[0] = padded[size + 1] = _TWO
    word, power, capitals = _ZERO, _ONE, 0
    for at in range(first, last):
        capitals += data[at] < 97
        code = np.uint64(data[at]) | _LOWER
        padded[at - first + 1] = code
        word += code * power
        power *= _BASE
    labels = tables.codes.shape[1]
    row[labels + 1] = size
    mixed = _mix(word, _WORD)
    slot = mixed >> _WORD_SHIFT
    if (np.uint64(tables.vocabulary[slot >> _THREE]) >> (_SEVEN - (slot & _SEVEN))) & _ONE:
        row[labels + 2] = size
    values[0] = mixed
    count = 1
    for number in range(len(tables.grams)):
        length = tables.grams[number]
        for start in range(size + 3 - length):
            gram = _ZERO
            for back in range(start + length - 1, start - 1, -1):
                gram = gram * _BASE + padded[back]
            values[count] = _mix(gram, tables.gram_seeds[number])
            count += 1
    if size < end - begin:
        count = _note_symbols(data, begin, end, values, count)
    if capitals == size and end - begin > 2:
        values[count] = _CAPS
        count += 1
    _add(tables, values, count, row)
    return True, _mix(word, _PAIR), padded[1] if size == 1 else _ZERO


@compiled
def _note_symbols(data: Any, begin: Any, end: Any, values: Any, count: Any) -> Any:
    at = begin
    while at < end:
        sign, start = data[at], at
        at += 1
        if _PLAIN_KINDS[sign] == MARK:
            while at < end and data[at] == sign:
                at += 1
            times = np.uint64(min(at - start, 3))
            values[count] = _mix(np.uint64(sign) * _FOUR + times, _SYMBOL)
            count += 1
    return count


@compiled
def _chunk(data: Any, begin: Any, end: Any) -> Any:
    """Return the hash of the chunk that begins here (see `raw_hash`) and the byte behind its last."""
    total, power, at = _ZERO, _ONE, begin
    while at < end:
        kind = _BYTE_KINDS[data[at]]
        if kind == SPACE or (kind == PERHAPS and _space(data, at, end)):
            break
        total += np.uint64(data[at]) * power
        power *= _BASE
        at += 1
    return max(_mix(total, _RAW), _ONE), at


@compiled
def _behind_space(data: Any, at: Any, end: Any) -> Any:
    """Return where the next chunk begins."""
    while at < end:
        kind = _BYTE_KINDS[data[at]]
        width = 1 if kind == SPACE else _space(data, at, end) if kind == PERHAPS else 0
        if width == 0:
            break
        at += width
    return at


@compiled
def _slot(memo: Any, value: Any) -> Any:
    """Return the slot of a chunk, or the one to put it in (see `Memo.slots`)."""
    first = ((value >> memo.shift) & memo.mask) * _WAYS
    slot = first + (value & (_WAYS - _ONE))
    for back in range(WAYS):
        other = first + np.uint64(WAYS - 1 - back)
        there = memo.hashes[other]
        if there == value:
            return other
        if there == 0:
            slot = other
    return slot


@compiled
def _find_chunks(data: Any, begin: Any, end: Any, values: Any, begins: Any, ends: Any) -> Any:
    """Hash the chunks of a text and return their number."""
    count = 0
    at = _behind_space(data, begin, end)
    while at < end:
        begins[count] = at
        values[count], at = _chunk(data, at, end)
        ends[count] = at
        count += 1
        at = _behind_space(data, at, end)
    return count


@compiled
def _add_links(tables: Any, keys: Any, count: Any, values: Any, total: Any) -> Any:
    if tables.pairs:
        for at in range(1, count):
            values[at - 1] = _mix(keys[at - 1] * _ODD + keys[at], _PAIR)
        _add(tables, values, count - 1, total)
    if tables.skips:
        for at in range(2, count):
            values[at - 2] = _mix(keys[at - 2] * _ODD + keys[at], _SKIP)
        _add(tables, values, count - 2, total)


@compiled
def score_texts(
    data: Any,
    offsets: Any,
    pending: Any,
    tables: Any,
    memo: Any,
    extra: Any,
    missed: Any,
    totals: Any,
    state: Any,
) -> Any:
    """Score texts; return the number of unknown chunks, which are noted in `missed`."""
    noted = 0
    longest = np.int64(0)
    for text in pending:
        longest = max(longest, np.int64(offsets[text + 1] - offsets[text]))
    room = longest // 2 + 2
    values, keys = np.empty(room, np.uint64), np.empty(room, np.uint64)
    begins, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    padded = np.empty(_LONGEST + 2, np.uint64)
    features = np.empty((_LONGEST + 2) * (len(tables.grams) + 2), np.uint64)
    width = memo.rows.shape[1]
    for text in pending:
        total = totals[text]
        total[:] = 0
        run = 0
        outcome = DONE
        count = _find_chunks(data, np.int64(offsets[text]), np.int64(offsets[text + 1]), values, begins, ends)
        for at in range(count):
            value = values[at]
            slot = _slot(memo, value)
            found = -1
            if memo.hashes[slot] != value:
                plain, key, letter = _analyse_plain(
                    data, begins[at], ends[at], tables, memo.rows[slot], padded, features
                )
                if plain:
                    memo.hashes[slot], memo.keys[slot], memo.letters[slot] = value, key, letter
                else:
                    found = np.searchsorted(extra.hashes, value)
                    if found == len(extra.hashes) or extra.hashes[found] != value:
                        missed.hashes[noted], missed.begins[noted], missed.ends[noted] = (
                            value,
                            begins[at],
                            ends[at],
                        )
                        noted += 1
                        outcome = MISSED
                        continue
            if found < 0:
                key, letter = memo.keys[slot], np.uint64(memo.letters[slot])
                for column in range(width):
                    total[column] += memo.rows[slot, column]
            else:
                key, letter = extra.keys[found], np.uint64(extra.letters[found])
                for column in range(width):
                    total[column] += extra.rows[found, column]
            keys[at] = key
            run = run + 1 if letter else 0
            if run == _SHORTEST_SPELLED and outcome == DONE:
                outcome = SPELLED
                break
        if outcome == DONE:
            _add_links(tables, keys, count, values, total)
        state[text] = outcome
    return noted
