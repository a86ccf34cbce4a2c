"""Disguises undone in whole texts, for models that read sentences: `you 1d1ot` becomes `you idiot`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.text.chunks import Chunked, split
from moderation.text.features import analyse_families
from moderation.text.obfuscation import OUTER, Unmasker
from moderation.text.spelled import letter_runs

I64 = npt.NDArray[np.int64]

_APOSTROPHE = re.compile("['’]")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with disguises undone.

    Parameters
    ----------
    text : str
    begins, ends : ndarray of int64, shape (characters,)
        What each character stands for in the original: itself, or the whole disguised word.
    """

    text: str
    begins: I64
    ends: I64


@dataclass(frozen=True, slots=True)
class Disguise:
    """A disguised word.

    Parameters
    ----------
    begin, end : int
        Characters `text[begin:end]` that stand for it.
    word : str
    """

    begin: int
    end: int
    word: str


def plain_texts(texts: pa.StringArray, unmasker: Unmasker) -> list[str]:
    """Return texts with disguises undone; one without any is as it was, to the last space.

    A text becomes the same in any company.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
        No nulls.
    unmasker : Unmasker
        Knows which words exist.
    """
    strings: list[str] = texts.to_pylist()
    for number, found in _disguises(texts, unmasker).items():
        strings[number] = "".join(_rewritten(strings[number], found)[0])
    return strings


def plain_text(text: str, unmasker: Unmasker) -> Plain:
    """Return one text with disguises undone, and what its characters stand for in the original."""
    found = _disguises(pa.array([text], pa.string()), unmasker).get(0, [])
    pieces, begins, ends = _rewritten(text, found)
    return Plain("".join(pieces), begins, ends)


def _disguises(texts: pa.StringArray, unmasker: Unmasker) -> dict[int, list[Disguise]]:
    """Return the disguised words of the texts that hold some, in reading order."""
    chunked = split(texts)
    canonical = unmasker.canonical(chunked.distinct)
    words = _replaced(chunked, canonical)
    letter = analyse_families(canonical, ()).letter
    # By the first chunk that a word stands for: the last one, and the word.
    found = {at: (at, words[chunked.tokens[at]]) for at in np.flatnonzero(_holds(words, chunked)).tolist()}
    for start, letters in letter_runs(letter[chunked.tokens], chunked.offsets):
        for begin, word in unmasker.spelled(letters):
            first, last = start + begin, start + begin + len(word) - 1
            # Letters of the word may be disguised themselves.
            for at in range(first, last + 1):
                found.pop(at, None)
            found[first] = (last, word)
    by_text: dict[int, list[Disguise]] = {}
    places: dict[int, list[tuple[int, int]]] = {}
    for first, (last, word) in sorted(found.items()):
        number = int(np.searchsorted(chunked.offsets, first, side="right")) - 1
        if number not in places:
            places[number] = _places(texts[number].as_py(), _own(chunked, number))
        inside = int(chunked.offsets[number])
        begin, end = places[number][first - inside][0], places[number][last - inside][1]
        by_text.setdefault(number, []).append(_within(texts[number].as_py(), begin, end, word))
    return by_text


def _replaced(chunked: Chunked, canonical: pa.StringArray) -> dict[int, str]:
    """Return the words behind disguised chunks, by the number of the chunk."""
    changed = np.flatnonzero(pc.not_equal(chunked.distinct, canonical).to_numpy(zero_copy_only=False))
    both = (strings.take(pa.array(changed)).to_pylist() for strings in (chunked.distinct, canonical))
    words = zip(changed.tolist(), *both, strict=True)
    return {number: word for number, chunk, word in words if not _contracted(chunk, word)}


def _contracted(chunk: str, word: str) -> bool:
    """Tell whether a chunk is the word with at most one apostrophe more: "I'll" is not "ill"."""
    bare, apostrophes = _APOSTROPHE.subn("", chunk.lower().strip(OUTER))
    return apostrophes <= 1 and bare == word


def _holds(words: dict[int, str], chunked: Chunked) -> npt.NDArray[np.bool_]:
    changed = np.zeros(len(chunked.distinct), bool)
    changed[list(words)] = True
    return changed[chunked.tokens]


def _own(chunked: Chunked, number: int) -> list[str]:
    own = chunked.tokens[chunked.offsets[number] : chunked.offsets[number + 1]]
    chunks: list[str] = chunked.distinct.take(pa.array(own)).to_pylist()
    return chunks


def _places(text: str, chunks: list[str]) -> list[tuple[int, int]]:
    """Return the characters at which the chunks of a text begin and end."""
    found, at = [], 0
    for chunk in chunks:
        begin = text.index(chunk, at)
        at = begin + len(chunk)
        found.append((begin, at))
    return found


def _within(text: str, begin: int, end: int, word: str) -> Disguise:
    """Leave quotation marks, brackets and full stops around a disguised word where they are."""
    chunk = text[begin:end]
    before = len(chunk) - len(chunk.lstrip(OUTER))
    after = len(chunk) - len(chunk.rstrip(OUTER))
    bare = before + after < len(chunk)
    return Disguise(begin + before, end - after, word) if bare else Disguise(begin, end, word)


def _rewritten(text: str, found: list[Disguise]) -> tuple[list[str], I64, I64]:
    pieces: list[str] = []
    begins: list[I64] = []
    ends: list[I64] = []
    edges = [0, *(edge for one in found for edge in (one.begin, one.end)), len(text)]
    for number, (begin, end) in enumerate(pairwise(edges)):
        if number % 2:
            word = found[number // 2].word
            pieces.append(word)
            begins.append(np.full(len(word), begin))
            ends.append(np.full(len(word), end))
        else:
            pieces.append(text[begin:end])
            begins.append(np.arange(begin, end))
            ends.append(np.arange(begin + 1, end + 1))
    return pieces, np.concatenate(begins), np.concatenate(ends)
