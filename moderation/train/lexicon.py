"""What word lists add to training: which words people mask, and the labels of rude terms by themselves."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from moderation.schema import LABELS
from moderation.train.corpora_lexicons import load_lexicon
from moderation.train.templates import written_by_people

LEXICON: Final = "surge_profanity"
MOST_WORDS: Final = 300
FEWEST_USES: Final = 5
MANY_USES: Final = 60
RUDE_RATIO: Final = 3
"""Abusive texts per other text from which on a word counts as rude by its use alone."""

SEVERE: Final = 2.5
"""Mean severity rating, 1 to 3, from which on a term by itself counts as severe."""

_WORD = re.compile(r"\b[a-z]{3,14}\b")


def rude_words(frame: pd.DataFrame, folder: Path) -> tuple[str, ...]:
    """Return the words that people mask: of the lexicon, and those that rude texts use above all.

    What a program wrote or filled in is left out: how often it says a word tells nothing of people.

    Parameters
    ----------
    frame : DataFrame, n rows
        Rows to learn from, with `text`, `corpus` and `abusive`.
    folder : Path
        Folder of the corpora.

    Returns
    -------
    tuple of str
        At most `MOST_WORDS`, the most frequent first.
    """
    terms = {term for term in load_lexicon(LEXICON, folder)["term"].str.lower() if _WORD.fullmatch(term)}
    uses: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    judged = frame[written_by_people(frame) & frame["abusive"].notna().to_numpy()]
    for text, is_rude in zip(judged["text"], judged["abusive"] > 0.5, strict=True):
        uses[bool(is_rude)].update(set(_WORD.findall(text.lower())))
    found = [
        (-count, word)
        for word, count in uses[True].items()
        if (word in terms and count >= FEWEST_USES)
        or (count >= MANY_USES and count >= RUDE_RATIO * uses[False][word])
    ]
    return tuple(word for _, word in sorted(found)[:MOST_WORDS])


def lexicon_rows(folder: Path) -> pd.DataFrame:
    """Return the terms as training rows of the corpus `surge_profanity`.

    Each says whether it is sexually explicit and whether it is severe, and nothing of other labels.
    """
    terms = load_lexicon(LEXICON, folder)
    rows = pd.DataFrame({"text": terms["term"].str.lower()})
    for label in LABELS:
        rows[label] = np.float32("nan")
    sexual = ["sexual acts" in " ".join(categories) for categories in terms["categories"]]
    rows["sexually_explicit"] = np.array(sexual, np.float32)
    rows["severe"] = (terms["severity"] >= SEVERE).astype(np.float32)
    rows["weight"] = np.float32(1)
    rows["corpus"], rows["language"], rows["source_split"] = LEXICON, "en", ""
    return rows
