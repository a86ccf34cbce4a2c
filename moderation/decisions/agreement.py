"""How far reviewers agree: kappas, Krippendorff's alpha, and the comments on which they do not."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import krippendorff
import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from moderation.decisions.event import Decision
from moderation.decisions.judged import Judged, judged

FEWEST_SHARED: Final = 2
"""Comments that two reviewers must share before a kappa is worth a number."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree.

    Parameters
    ----------
    measures : DataFrame
        A row for `decision` and for each label: on, comments (decided on by two or more), agreed (share of
        pairs of opinions that are the same), alpha (Krippendorff, nominal), fleiss (kappa, over the
        comments with the commonest number of opinions), opinions (that number). NaN where not defined.
    pairs : DataFrame
        A row per pair of reviewers: first, second, comments, agreed, kappa (Cohen, of decisions).
    disagreements : DataFrame
        A row per comment on whose decision reviewers differ: comment_id, thread_id, text_digest, decisions
        (`Rae: remove; Sam: approve`), labels (likewise).
    """

    measures: pd.DataFrame
    pairs: pd.DataFrame
    disagreements: pd.DataFrame


def agreement(decisions: Iterable[Decision]) -> Agreement:
    """Measure how far reviewers agree; a skip is no opinion.

    Parameters
    ----------
    decisions : iterable of Decision
        Those of all reviewers.
    """
    shared = [found for found in judged(decisions) if len(found.decisions) > 1]
    reviewers = sorted({made.reviewer for found in shared for made in found.decisions})
    labels = sorted({name for found in shared for made in found.decisions for name in made.labels})
    measures = [_measure("decision", [_decisions(found) for found in shared], reviewers)]
    measures += [_measure(label, [_applies(found, label) for found in shared], reviewers) for label in labels]
    pairs = [_pair(first, second, shared) for first, second in combinations(reviewers, 2)]
    differing = [_disagreement(found) for found in shared if not found.agreed]
    return Agreement(
        pd.DataFrame(measures),
        pd.DataFrame(
            [pair for pair in pairs if pair["comments"]],
            columns=["first", "second", "comments", "agreed", "kappa"],
        ),
        pd.DataFrame(differing, columns=["comment_id", "thread_id", "text_digest", "decisions", "labels"]),
    )


def _decisions(found: Judged) -> dict[str, str]:
    return {made.reviewer: made.decision for made in found.decisions}


def _applies(found: Judged, label: str) -> dict[str, str]:
    """Return who said that a label applies or not; who did not judge it has no opinion."""
    return {
        made.reviewer: "yes" if label in made.labels else "no"
        for made in found.decisions
        if made.checked is None or label in made.checked or label in made.labels
    }


def _measure(name: str, opinions: Sequence[dict[str, str]], reviewers: Sequence[str]) -> dict[str, Any]:
    opinions = [stated for stated in opinions if len(stated) > 1]
    values = sorted({value for stated in opinions for value in stated.values()})
    same = pairs = 0
    for stated in opinions:
        counts = Counter(stated.values())
        same += sum(count * (count - 1) // 2 for count in counts.values())
        pairs += len(stated) * (len(stated) - 1) // 2
    fleiss, raters = _fleiss(opinions, values)
    return {
        "on": name,
        "comments": len(opinions),
        "agreed": same / pairs if pairs else np.nan,
        "alpha": _alpha(opinions, values, reviewers),
        "fleiss": fleiss,
        "opinions": raters,
    }


def _alpha(opinions: Sequence[dict[str, str]], values: Sequence[str], reviewers: Sequence[str]) -> float:
    """Return Krippendorff's alpha; it takes missing opinions, but needs two different ones."""
    if len(values) < 2:
        return float("nan")
    codes = {value: code for code, value in enumerate(values)}
    table = np.full((len(reviewers), len(opinions)), np.nan)
    for column, stated in enumerate(opinions):
        for reviewer, value in stated.items():
            table[reviewers.index(reviewer), column] = codes[value]
    return float(krippendorff.alpha(reliability_data=table, level_of_measurement="nominal"))


def _fleiss(opinions: Sequence[dict[str, str]], values: Sequence[str]) -> tuple[float, int]:
    """Return Fleiss' kappa over the comments with the commonest number of opinions, and that number."""
    if len(values) < 2:
        return float("nan"), 0
    (raters, _), *_ = Counter(map(len, opinions)).most_common(1)
    rows = [sorted(stated.values()) for stated in opinions if len(stated) == raters]
    counts, seen = aggregate_raters(np.array(rows))
    if len(seen) < 2:
        return float("nan"), raters
    return float(fleiss_kappa(counts)), raters


def _pair(first: str, second: str, shared: Sequence[Judged]) -> dict[str, Any]:
    both = [
        (stated[first], stated[second])
        for stated in map(_decisions, shared)
        if first in stated and second in stated
    ]
    kappa = float("nan")
    if len(both) >= FEWEST_SHARED and len({value for pair in both for value in pair}) > 1:
        with warnings.catch_warnings():
            # Undefined where one of them always decides the same: NaN says so.
            warnings.simplefilter("ignore")
            kappa = float(cohen_kappa_score(*zip(*both, strict=True)))
    same = sum(mine == other for mine, other in both)
    return {
        "first": first,
        "second": second,
        "comments": len(both),
        "agreed": same / len(both) if both else np.nan,
        "kappa": kappa,
    }


def _disagreement(found: Judged) -> dict[str, str]:
    return {
        "comment_id": found.comment_id,
        "thread_id": found.thread_id,
        "text_digest": found.text_digest,
        "decisions": "; ".join(f"{made.reviewer}: {made.decision}" for made in found.decisions),
        "labels": "; ".join(
            f"{made.reviewer}: {', '.join(made.labels) or 'none'}" for made in found.decisions
        ),
    }
