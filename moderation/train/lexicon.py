"""What word lists add to training: which words people mask, and the labels of rude terms by themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from moderation.schema import LABELS
from moderation.train.corpora import place_of
from moderation.train.corpora_spec import registry

LEXICON: Final = "surge_profanity"
MOST_WORDS: Final = 250
FEWEST_USES: Final = 5
SEVERE: Final = 2.5
"""Mean severity rating, 1 to 3, from which on a term by itself counts as severe."""

_WORD = re.compile(r"[a-z]{3,14}")


def read_lexicon(folder: Path) -> pd.DataFrame:
    """Return the terms of the severity lexicon with `category` (joined names) and `severity` (1 to 3)."""
    spec = registry()[LEXICON]
    path = place_of(spec, folder) / spec.files[0].name
    terms = pd.read_csv(path, keep_default_na=False)
    category = terms[["category_1", "category_2", "category_3"]].agg(" ".join, axis=1)
    severity = pd.to_numeric(terms["severity_rating"], errors="coerce")
    return pd.DataFrame({"text": terms["text"].str.lower(), "category": category, "severity": severity})


def rude_words(texts: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Return the single words of the lexicon that rude texts use, the most frequent first.

    Parameters
    ----------
    texts : iterable of str
        Rude texts.
    folder : Path
        Folder of the corpora.
    """
    terms = {term for term in read_lexicon(folder)["text"] if _WORD.fullmatch(term)}
    uses: Counter[str] = Counter()
    for text in texts:
        uses.update(word for word in _WORD.findall(text.lower()) if word in terms)
    frequent = sorted((-count, word) for word, count in uses.items() if count >= FEWEST_USES)
    return tuple(word for _, word in frequent[:MOST_WORDS])


def lexicon_rows(folder: Path) -> pd.DataFrame:
    """Return the terms as training rows of the corpus `surge_profanity`.

    Each says whether it is sexually explicit and whether it is severe, and nothing of other labels.
    """
    terms = read_lexicon(folder)
    rows = pd.DataFrame({"text": terms["text"]})
    for label in LABELS:
        rows[label] = np.float32("nan")
    rows["sexually_explicit"] = terms["category"].str.contains("sexual acts").astype(np.float32)
    rows["severe"] = (terms["severity"] >= SEVERE).astype(np.float32)
    rows["weight"] = np.float32(1)
    rows["corpus"], rows["language"], rows["source_split"] = LEXICON, "en", ""
    return rows
