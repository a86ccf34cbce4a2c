"""Which comments are in a language that the model does not know; those are not scored.

English must not pay for it: only a text of some length is looked at, of whose letters few stand in words
that the model knows and which has few of the words that hold English together, and only a confident answer
counts, or one that the script gives. So slang, leetspeak, emoji and short comments are scored.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.langid import identify
from moderation.classify.scorer import Margins

Objects = npt.NDArray[np.object_]
Bool = npt.NDArray[np.bool_]

KNOWN_LANGUAGE: Final = "en"
FEWEST_LETTERS: Final = 20
LEAST_KNOWN: Final = 0.7
"""Share of letters in known words above which a text counts as English without another look."""

LEAST_ENGLISH: Final = 0.1
"""Share of chunks with words of English grammar from which on, likewise: of German, Portuguese and Italian
tweets one in 5,000 has so many, of English texts with strange words three in four."""

LONGEST: Final = 400
"""Characters that identification looks at."""

DENSE_SCRIPT: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]"
"""A letter of a script that writes words or syllables."""

DENSE: Final = 4
"""Latin letters that one of them is worth, so that five are enough."""

OTHER_SCRIPT: Final = r"[^\P{L}\p{Latin}\p{Common}]"
"""A letter of a script in which nobody writes English."""

TOGETHER: Final = 512
"""Texts identified at once: more of them share the steps, fewer keep memory small."""


def withheld_language(texts: pa.StringArray, margins: Margins) -> tuple[Objects, Bool]:
    """Find the language of texts, and which are confidently not in the model's.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
    margins : Margins
        Of the same texts.

    Returns
    -------
    language : ndarray of object, shape (n,)
        ISO 639-1 code; "" where nothing can be said.
    foreign : ndarray of bool, shape (n,)
        True where a score would say nothing.
    """
    letters = margins.letters
    english = (margins.known_letters >= LEAST_KNOWN * letters) | (
        margins.english >= LEAST_ENGLISH * margins.chunks
    )
    enough = (letters >= FEWEST_LETTERS) | _dense_enough(texts, margins)
    # One string for all: an array of as many equal ones takes far longer to become Arrow's.
    language = np.full(len(texts), "", object)
    language[enough & english] = KNOWN_LANGUAGE
    foreign = np.zeros(len(texts), bool)
    doubtful = np.flatnonzero(enough & ~english)
    for start in range(0, len(doubtful), TOGETHER):
        at = doubtful[start : start + TOGETHER]
        shown = pc.utf8_slice_codeunits(texts.take(pa.array(at)), 0, LONGEST)
        codes, confident = identify(shown.to_pylist())
        # Which of the languages of a script it is may be in doubt, but not that it is none of Latin letters.
        unsure = np.flatnonzero(
            ~confident & (codes != KNOWN_LANGUAGE) & (_more_bytes(shown) >= FEWEST_LETTERS // 2)
        )
        if len(unsure):
            few = shown.take(pa.array(unsure))
            other, latin = (_count(few, pattern) for pattern in (OTHER_SCRIPT, r"\p{Latin}"))
            worth = other + (DENSE - 1) * _count(few, DENSE_SCRIPT)
            confident[unsure] = (worth >= FEWEST_LETTERS) & (other >= latin)
        language[at[confident]] = codes[confident]
        foreign[at[confident]] = codes[confident] != KNOWN_LANGUAGE
    return language, foreign


def _dense_enough(texts: pa.StringArray, margins: Margins) -> Bool:
    """Return which texts without a known word have enough letters although these are few."""
    letters, fewest = margins.letters, FEWEST_LETTERS // DENSE
    enough = np.zeros(len(texts), bool)
    at = np.flatnonzero((letters >= fewest) & (letters < FEWEST_LETTERS) & (margins.known_letters == 0))
    at = at[_more_bytes(texts.take(pa.array(at))) >= 2 * fewest]
    dense = _count(texts.take(pa.array(at)), DENSE_SCRIPT)
    enough[at] = letters[at] + (DENSE - 1) * dense >= FEWEST_LETTERS
    return enough


def _more_bytes(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    """Return how many bytes more than characters each text has: as many as letters beyond ASCII, or more."""
    more: npt.NDArray[np.int32] = pc.subtract(pc.binary_length(texts), pc.utf8_length(texts)).to_numpy()
    return more


def _count(texts: pa.StringArray, pattern: str) -> npt.NDArray[np.int32]:
    counts: npt.NDArray[np.int32] = pc.count_substring_regex(texts, pattern).to_numpy()
    return counts
