"""Which suspicious chunks are certainly no disguise, decided for whole batches.

Most of what looks suspicious is words with a hyphen, an apostrophe or a bracket. `Unmasker.word` would find
no disguise there either, one by one; what is not certain here is left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.text.features import WORD, chunk_bytes
from moderation.text.hashing import LONGEST, U64, hash_word, mix, segment_hash
from moderation.text.vocabulary import Bool, known

I64 = npt.NDArray[np.int64]

_STRANGE, _LETTER, _OUTER, _HYPHEN, _BRACKET, _SPARING, _SLASH = range(7)
"""Bytes: of no simple chunk; letters; signs that stand around a word and hide letters within one; a sign
that does so only within; one that is a letter within; signs that hide nothing; one of them not around."""


def _byte_kinds() -> npt.NDArray[np.uint8]:
    kinds = np.full(256, _STRANGE, np.uint8)
    for kind, signs in (
        (_LETTER, "abcdefghijklmnopqrstuvwxyz"),
        (_OUTER, '":;?)[]{}<>~`'),
        (_HYPHEN, "-"),
        (_BRACKET, "("),
        (_SPARING, ".,'"),
        (_SLASH, "/"),
    ):
        kinds[list(signs.encode())] = kind
    return kinds


_KINDS: Final = _byte_kinds()
_A: Final = ord("a")


def lexicon_shapes(lexicon: Sequence[str]) -> Bool:
    """Return lengths, first and last letters of words that hidden letters may complete."""
    shapes = np.zeros((LONGEST + 1, 26, 26), bool)
    for word in lexicon:
        first, last = ord(word[0]) - _A, ord(word[-1]) - _A
        if 0 <= first < 26 and 0 <= last < 26 and len(word) <= LONGEST:
            shapes[len(word), first, last] = True
    return shapes


class Innocent:
    """Knows what `Unmasker.word` would certainly leave as it is.

    Parameters
    ----------
    vocabulary : ndarray of uint8
        See `vocabulary_bitmap`.
    lexicon : sequence of str
        Words worth masking.
    """

    def __init__(self, vocabulary: npt.NDArray[np.uint8], lexicon: Sequence[str]) -> None:
        self._vocabulary = np.asarray(vocabulary)
        self._rude = np.array([hash_word(word) for word in lexicon], np.uint64)
        self._shapes = lexicon_shapes(lexicon)

    def tell(self, chunks: pa.StringArray) -> Bool:
        """Tell which chunks, shape (d,), folded, certainly are no disguise."""
        count = len(chunks)
        data = np.frombuffer(chunk_bytes(chunks), np.uint8)
        lengths = np.diff(np.frombuffer(chunks.buffers()[1], np.int32)[chunks.offset :][: count + 1])
        owner = np.repeat(np.arange(count), lengths)
        kinds = _KINDS.take(data)
        at = np.flatnonzero(kinds == _LETTER)
        holder, codes = owner.take(at), data.take(at)
        first, last = np.full(count, len(data)), np.full(count, -1)
        first[holder[::-1]], last[holder] = at[::-1], at
        place = np.arange(len(data))
        within = (place > first.take(owner)) & (place < last.take(owner))
        strange = np.where(within, kinds == _BRACKET, (kinds == _HYPHEN) | (kinds == _SLASH))
        stretched = (codes[2:] == codes[1:-1]) & (codes[1:-1] == codes[:-2]) & (holder[2:] == holder[:-2])
        simple = last >= 0
        simple[owner[strange | (kinds == _STRANGE)]] = False
        simple[holder[2:][stretched]] = False

        joined, pieces, familiar = self._words(codes.astype(np.uint64), at, holder, count)
        rude = np.isin(joined, self._rude)
        signs = owner[within & ((kinds == _OUTER) | (kinds == _HYPHEN))]
        hiding = np.zeros(count, bool)
        hiding[signs] = True
        hiding[owner[within & ((kinds == _SPARING) | (kinds == _SLASH))]] = False
        ends = data[np.minimum(first, len(data) - 1)], data[np.maximum(last, 0)]
        shape = np.where(simple, np.stack((last - first + 1, *ends)) - [[0], [_A], [_A]], 0)
        hiding &= self._shapes[tuple(shape)]
        one = ~rude | familiar
        several = familiar | ~(rude | hiding | known(self._vocabulary, mix(joined, WORD)))
        return simple & np.where(pieces == 1, one, several)

    def _words(self, codes: U64, at: I64, holder: I64, count: int) -> tuple[U64, I64, Bool]:
        """Return the hash of the letters of each chunk, its words, and whether it knows all of them."""
        joined, familiar = np.zeros(count, np.uint64), np.ones(count, bool)
        if not len(at):
            return joined, np.zeros(count, np.int64), familiar
        begins = np.flatnonzero(np.append(True, holder[1:] != holder[:-1]))
        joined[holder[begins]] = segment_hash(codes, begins, np.diff(np.append(begins, len(at))))
        begins = np.flatnonzero(np.append(True, (holder[1:] != holder[:-1]) | (np.diff(at) != 1)))
        lengths = np.diff(np.append(begins, len(at)))
        words = known(self._vocabulary, mix(segment_hash(codes, begins, lengths), WORD)) & (lengths > 1)
        familiar[holder[begins[~words]]] = False
        return joined, np.bincount(holder[begins], minlength=count), familiar
