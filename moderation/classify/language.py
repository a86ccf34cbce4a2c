"""Which comments are in a language that the model does not know; those are not scored.

English must not pay for it: only a text of some length of whose letters few stand in words that the model
knows is looked at, and only a confident answer counts. So slang, leetspeak, emoji and short comments are
scored. Identification is py3langid's (Lui and Baldwin, 2012, "langid.py: an off-the-shelf language
identification tool").
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from moderation.classify.scorer import Margins

Objects = npt.NDArray[np.object_]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

KNOWN_LANGUAGE: Final = "en"
FEWEST_LETTERS: Final = 20
LEAST_KNOWN: Final = 0.7
"""Share of letters in known words above which a text counts as English without another look."""

CONFIDENT: Final = 0.7
LONGEST: Final = 400
"""Characters that identification looks at."""

TOGETHER: Final = 2048
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
    share = margins.known_letters / np.maximum(letters, 1)
    enough = letters >= FEWEST_LETTERS
    language = np.where(enough & (share >= LEAST_KNOWN), KNOWN_LANGUAGE, "").astype(object)
    foreign = np.zeros(len(texts), bool)
    doubtful = np.flatnonzero(enough & (share < LEAST_KNOWN))
    if not len(doubtful):
        return language, foreign
    shown = pc.utf8_slice_codeunits(texts.take(pa.array(doubtful)), 0, LONGEST).to_pylist()
    for start in range(0, len(shown), TOGETHER):
        codes, confident = identify(shown[start : start + TOGETHER])
        at = doubtful[start : start + TOGETHER][confident]
        language[at] = codes[confident]
        foreign[at] = codes[confident] != KNOWN_LANGUAGE
    return language, foreign


def identify(texts: list[str]) -> tuple[Objects, Bool]:
    """Return the language of each text and whether it is certain: py3langid's decision, many texts at once.

    Its automaton advances in all texts together, one byte at a time, and the scores are sums in float64, so
    that they do not depend on which texts stand beside.
    """
    model = _identifier()
    row_of, moves, outputs, table = _automaton()
    encoded = [_encoded(text) for text in texts]
    sizes = np.array([len(data) for data in encoded])
    order = np.argsort(-sizes, kind="stable")
    longest = int(sizes.max())
    letters = np.zeros((longest, len(texts)), np.uint8)
    for column, at in enumerate(order.tolist()):
        letters[: sizes[at], column] = np.frombuffer(encoded[at], np.uint8)
    active = np.searchsorted(-sizes[order], -np.arange(longest), side="left")
    state = np.zeros(len(texts), np.int32)
    hits = np.full((longest, len(texts)), -1, np.int32)
    for step in range(longest):
        here = active[step]
        state = moves.take(row_of.take(state[:here]) + letters[step, :here])
        hits[step, :here] = outputs.take(state)
    steps, columns = np.nonzero(hits >= 0)
    width = len(table)
    cells, times = np.unique(columns * np.int64(width) + hits[steps, columns], return_counts=True)
    ends = np.searchsorted(cells, np.arange(len(texts) + 1) * np.int64(width))
    counts = sp.csr_matrix((np.log1p(times), cells % width, ends), shape=(len(texts), width))
    scores = np.asarray(counts @ table)
    scores[np.diff(ends) > 0] += model.nb_pc
    scores /= np.sqrt(np.maximum(sizes[order], 1))[:, None]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    for first, other in _aliases(model.nb_classes):
        shares[:, first] += shares[:, other]
        shares[:, other] = 0
    best = shares.argmax(axis=1)
    codes, certain = np.empty(len(texts), object), np.empty(len(texts), bool)
    codes[order] = np.array(model.nb_classes, object)[best]
    certain[order] = shares[np.arange(len(texts)), best] >= CONFIDENT
    return codes, certain


def _encoded(text: str) -> bytes:
    return unicodedata.normalize("NFC", text.lower() if text.isupper() else text).encode()


def _aliases(classes: list[str]) -> list[tuple[int, int]]:
    """Return pairs of columns that mean the same language."""
    first = {code: column for column, code in reversed(list(enumerate(classes)))}
    return [(first[code], column) for column, code in enumerate(classes) if first[code] != column]


@lru_cache(maxsize=1)
def _automaton() -> tuple[I64, npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    model = _identifier()
    moves, outputs = (np.asarray(table).astype(np.int32) for table in (model.tk_nextmove, model.tk_output))
    rows = np.asarray(model.tk_row).astype(np.int64) << 8
    return rows, moves, outputs, model.nb_ptc.astype(np.float64)


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
