"""Words that stand letter by letter (`i d i o t`): several chunks become the one that they spell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.text.chunks import Chunked
from moderation.text.obfuscation import SHORTEST_SPELLED, Unmasker

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spelled:
    """A batch with spelled-out words put together.

    Parameters
    ----------
    chunked : Chunked
        The batch; distinct chunks of the original keep their numbers, distinct words are appended.
    first, last : ndarray of int64, shape (t,)
        First and last token of the original batch that each token stands for.
    """

    chunked: Chunked
    first: I64
    last: I64


def spell_out(chunked: Chunked, letter: npt.NDArray[np.uint32], unmasker: Unmasker) -> Spelled | None:
    """Put spelled-out words together.

    Parameters
    ----------
    chunked : Chunked
    letter : ndarray of uint32, shape (d,)
        The letter of each distinct chunk that is a single one, else 0.
    unmasker : Unmasker
        Knows which words exist.

    Returns
    -------
    Spelled or None
        None where the batch has no such word.
    """
    single = letter[chunked.tokens]
    words: list[str] = []
    begins, sizes = [], []
    for start, letters in letter_runs(single, chunked.offsets):
        for begin, word in unmasker.spelled(letters):
            begins.append(start + begin)
            sizes.append(len(word))
            words.append(word)
    if not words:
        return None
    return _joined(chunked, np.array(begins), np.array(sizes), words)


def letter_runs(letter: npt.NDArray[np.uint32], offsets: I64) -> Iterator[tuple[int, str]]:
    """Yield where letters stand one by one, enough of them to spell a word, and the letters.

    Parameters
    ----------
    letter : ndarray of uint32, shape (t,)
        The letter of each chunk of a batch that is a single one, else 0.
    offsets : ndarray of int64, shape (n + 1,)
        Text `i` has the chunks `offsets[i]` to `offsets[i + 1]`.
    """
    starts, lengths = _runs(letter > 0, offsets)
    for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
        yield start, "".join(map(chr, letter[start : start + length]))


def _runs(inside: npt.NDArray[np.bool_], offsets: I64) -> tuple[I64, I64]:
    """Return where runs of single letters begin, long enough and within one text, and their lengths."""
    count = max(len(inside) - SHORTEST_SPELLED + 1, 0)
    enough = inside[:count].copy()
    for step in range(1, SHORTEST_SPELLED):
        enough &= inside[step : step + count]
    # Most batches have few such places, and no text is looked at elsewhere.
    at = np.flatnonzero(enough)
    text = np.searchsorted(offsets, at, side="right") - 1
    at, text = (
        at[at + SHORTEST_SPELLED <= offsets[text + 1]],
        text[at + SHORTEST_SPELLED <= offsets[text + 1]],
    )
    if not len(at):
        return at, at
    begins = np.concatenate(([True], (np.diff(at) != 1) | (np.diff(text) != 0)))
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(at))) + SHORTEST_SPELLED - 1
    return at[starts], lengths


def _joined(chunked: Chunked, begins: I64, sizes: I64, words: list[str]) -> Spelled:
    count = len(chunked.tokens)
    tokens = chunked.tokens.copy()
    different = list(dict.fromkeys(words))
    number = {word: len(chunked.distinct) + at for at, word in enumerate(different)}
    tokens[begins] = [number[word] for word in words]
    keep = np.ones(count, bool)
    inner = np.repeat(begins, sizes - 1) + _count_up(sizes - 1) + 1
    keep[inner] = False
    last = np.arange(count)
    last[begins] += sizes - 1
    kept = np.concatenate(([0], np.cumsum(keep)))
    distinct = pa.concat_arrays([chunked.distinct, pa.array(different, pa.string())])
    joined = Chunked(distinct, tokens[keep], kept[chunked.offsets])
    return Spelled(joined, np.flatnonzero(keep), last[keep])


def _count_up(sizes: I64) -> I64:
    ends = np.cumsum(sizes)
    return np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
