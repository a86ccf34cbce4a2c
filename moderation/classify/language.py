"""Which comments are in a language that the model does not know; those are not scored.

English must not pay for it: only a text of some length of whose letters few stand in words that the model
knows is looked at, and only a confident answer counts. So slang, leetspeak, emoji and short comments are
scored. Identification is py3langid's (Lui and Baldwin, 2012, "langid.py: an off-the-shelf language
identification tool").
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from moderation.classify.scorer import Margins

Objects = npt.NDArray[np.object_]
Bool = npt.NDArray[np.bool_]

KNOWN_LANGUAGE: Final = "en"
FEWEST_LETTERS: Final = 20
LEAST_KNOWN: Final = 0.5
"""Share of letters in known words above which a text counts as English without another look."""

CONFIDENT: Final = 0.98
LONGEST: Final = 400
"""Characters that identification looks at."""


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
    identify = _identifier().classify
    for at, text in zip(
        doubtful.tolist(), pc.utf8_slice_codeunits(texts.take(pa.array(doubtful)), 0, LONGEST), strict=True
    ):
        code, confidence = identify(text.as_py())
        if confidence >= CONFIDENT:
            language[at] = code
            foreign[at] = code != KNOWN_LANGUAGE
    return language, foreign


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
