"""Thresholds from decisions alone: what people confirmed, not what the model expects of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.report.stats import wilson
from moderation.report.wording import interval, percent
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.report.sample import Sample

F64 = npt.NDArray[np.float64]

FEWEST: Final = 20
"""Judged comments at or above a threshold (for a recall: comments that carry the label) below which their
share is no more than a guess: with 19 of 20 right, the 95 % interval already begins at 76 %."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The threshold of one label.

    Parameters
    ----------
    label : str
    judged, positive : int
        Comments on which someone judged the label, and those of them that carry it.
    threshold : float or None
        None where `reason` says why there is none.
    counted, right : int
        For a precision: judged comments at or above the threshold, and those that carry the label. For a
        recall: comments that carry the label, and those at or above the threshold.
    share, low, high : float
        Precision or recall with its 95 % interval; NaN without a threshold.
    reason : str
        Empty where there is a threshold.
    """

    label: str
    judged: int
    positive: int
    threshold: float | None
    counted: int = 0
    right: int = 0
    share: float = np.nan
    low: float = np.nan
    high: float = np.nan
    reason: str = ""


def fit_label(
    rows: pd.DataFrame,
    label: str,
    kind: str,
    target: float,
    *,
    sample: Sample | None = None,
    sure: bool = False,
) -> Fitted:
    """Fit the threshold of one label to decided comments.

    Parameters
    ----------
    rows : DataFrame
        Of `decided_rows`, with scores.
    label : str
    kind, target, sure
        As of `fit_threshold`.
    sample : Sample, optional
        Only its comments count, each for as many as it stands for.
    """
    score = probability_column(label)
    known = rows[rows[label].notna() & rows[score].notna()]
    weights = np.ones(len(known))
    if sample is not None:
        weights = sample_weights(known, sample)
        if not (weights > 0).any() or abs(weights.sum() - sum(b.comments for b in sample.bands)) > 0.5:
            reason = "a band of the sample holds no judged comment"
            return Fitted(label, int((weights > 0).sum()), 0, None, reason=reason)
        known, weights = known[weights > 0], weights[weights > 0]
    scores, truth = known[score].to_numpy(np.float64), known[label].to_numpy(np.float64)
    return fit_threshold(label, scores, truth, weights, kind, target, sure=sure)


def fit_threshold(
    label: str, scores: F64, truth: F64, weights: F64, kind: str, target: float, *, sure: bool = False
) -> Fitted:
    """Fit the threshold of one label.

    Parameters
    ----------
    label : str
    scores, truth, weights : ndarray of float64, shape (n,)
        Of judged comments: probability, 1 or 0, and how many comments each stands for.
    kind : {"precision", "recall"}
        For a precision the lowest threshold that keeps it; for a recall the highest one.
    target : float
        In (0, 1].
    sure : bool
        The lower end of the 95 % interval has to reach the target, not only the share itself.

    Notes
    -----
    The interval is Wilson's (1927); with weights, by the effective number of comments (Kish 1965). The
    threshold was chosen by the same comments, so it looks slightly better than it is.
    """
    judged, positive = len(scores), int(truth.sum())
    needed, what = (judged, "judged") if kind == "precision" else (positive, f"with {label}")
    if needed < FEWEST:
        return Fitted(label, judged, positive, None, reason=f"{needed} comments {what}, {FEWEST} are needed")
    order = np.argsort(-scores, kind="stable")
    ranked, right, weight = scores[order], truth[order], weights[order]
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    if kind == "recall":
        total = weight @ right
        hits = np.cumsum(weight * right)[ends]
        size = np.full(len(ends), total**2 / (weight**2 @ right))
        share, counted = hits / total, np.full(len(ends), positive)
    else:
        mass, hits = np.cumsum(weight)[ends], np.cumsum(weight * right)[ends]
        size = mass**2 / np.cumsum(weight**2)[ends]
        share, counted = hits / mass, ends + 1
    share = np.minimum(share, 1.0)
    low, high = wilson(share * size, size)
    reached = ((low if sure else share) >= target) & (counted >= FEWEST)
    if not reached.any():
        best = f"{kind} {percent(share[counted >= FEWEST].max())} at best"
        reason = f"{best}, not surely {percent(target)}" if sure else f"{best}, not {percent(target)}"
        return Fitted(label, judged, positive, None, reason=reason)
    at = int(np.flatnonzero(reached)[-1 if kind == "precision" else 0])
    confirmed = int(right[: ends[at] + 1].sum())
    return Fitted(
        label, judged, positive, _between(ranked, int(ends[at])), int(counted[at]), confirmed,
        float(share[at]), float(low[at]), float(high[at]),
    )  # fmt: skip


def sample_weights(rows: pd.DataFrame, sample: Sample) -> F64:
    """Return how many comments each decided one stands for: 0 for those that were not drawn.

    Parameters
    ----------
    rows : DataFrame, n rows
        comment_id, thread_id, text_digest of judged comments.
    sample : Sample

    Returns
    -------
    ndarray of float64, shape (n,)
        Comments of the band, divided by those of it that were judged.
    """
    keys = ["comment_id", "thread_id", "text_digest"]
    drawn = sample.rows.drop_duplicates(keys)[[*keys, "band"]]
    band = rows[keys].merge(drawn, on=keys, how="left")["band"].to_numpy(np.float64)
    known = ~np.isnan(band)
    place = band[known].astype(np.int64)
    sizes = np.array([one.comments for one in sample.bands], np.float64)
    weights = np.zeros(len(rows))
    weights[known] = sizes[place] / np.bincount(place, minlength=len(sizes))[place]
    return weights


def policy_text(fitted: Iterable[Fitted], facts: Mapping[str, str]) -> str:
    """Return a policy file (TOML) of fitted thresholds, with the counts behind each as comments.

    Parameters
    ----------
    fitted : iterable of Fitted
    facts : mapping of str to str
        What the thresholds rest on: name and value, written at the top.
    """
    lines = ["# Thresholds fitted to decisions by: moderation policy fit"]
    lines += [f"# {name}: {_one_line(value)}" for name, value in facts.items()]
    for one in fitted:
        if one.threshold is None:
            lines += ["", f"# {one.label}: not fitted, the model's own target holds: {one.reason}"]
            continue
        lines += ["", f"[labels.{one.label}]", f"# {said(one)}", f"threshold = {one.threshold!r}"]
    return "\n".join(lines) + "\n"


def said(fitted: Fitted) -> str:
    """Return what was counted at a threshold: `46 of 50 right: 92 %, 95 % interval 81–97 %`."""
    return (
        f"{fitted.right} of {fitted.counted}: {percent(fitted.share)}, "
        f"95 % interval {interval(fitted.low, fitted.high)}"
    )


def _between(ranked: F64, last: int) -> float:
    """Return a short number between the last score taken and the next one below it.

    It has to be between them in single precision too, in which probabilities are compared with thresholds.
    """
    taken = float(ranked[last])
    if last + 1 == len(ranked):
        return taken
    below = float(ranked[last + 1])
    middle = float(f"{(taken + below) / 2:.4g}")
    return middle if below < np.float32(middle) <= taken else taken


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
