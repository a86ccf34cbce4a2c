"""Which highlighted words reviewers rejected most: what a moderator would turn into house rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import pandas as pd

from moderation.decisions.event import Decision

COLUMNS: Final = ("label", "word", "judged", "rejected", "share")

_EDGES: Final = re.compile(r"^[\W_]+|[\W_]+$")


def plain_word(inside: str) -> str:
    """Return a highlighted span as a word: in lower case, without punctuation around it.

    Examples
    --------
    >>> plain_word("Idiot!"), plain_word("***")
    ('idiot', '***')
    """
    return _EDGES.sub("", inside).casefold() or inside


def judged_words(decided: Iterable[tuple[Decision, str]]) -> pd.DataFrame:
    """Count how often words were confirmed and rejected.

    Parameters
    ----------
    decided : iterable of (Decision, str)
        Decisions in force, each with the text of its comment. A word counts once per decision and label,
        as rejected where it was rejected anywhere in the comment.

    Returns
    -------
    DataFrame
        label, word, judged, rejected (decisions), share (rejected of judged); those rejected most first.
    """
    judged: Counter[tuple[str, str]] = Counter()
    rejected: Counter[tuple[str, str]] = Counter()
    for decision, text in decided:
        said: dict[tuple[str, str], bool] = {}
        for span in decision.spans:
            key = span.label, plain_word(text[span.begin : span.end])
            said[key] = said.get(key, True) and span.confirmed
        judged.update(said.keys())
        rejected.update(key for key, confirmed in said.items() if not confirmed)
    rows = [(*key, count, rejected[key], rejected[key] / count) for key, count in judged.items()]
    rows.sort(key=lambda row: (-row[3], -row[4], row[0], row[1]))
    return pd.DataFrame(rows, columns=list(COLUMNS))
