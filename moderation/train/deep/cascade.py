"""Which comments deserve a second look, and what both tiers say of them together.

The first tier's probability tells what a second look may put right: hardly ever anything far below a
threshold, most around it. Comments are looked at again in that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

EDGE: Final = 1e-6
"""Probabilities are cut to this distance from 0 and 1 before their log-odds are taken."""

FEWEST: Final = 10
"""Rows of either class without which a corpus says too little about the order of its comments."""

BINS: Final = 200
"""Equal groups of rows, by the first tier's log-odds, whose decisions are counted. What is flagged is
a few per cent of all, which fewer groups do not tell apart; the curve's shape smooths the noise away."""


@dataclass(frozen=True, slots=True)
class Gain:
    """How many more decisions are right after a second look, by the first tier's log-odds.

    Parameters
    ----------
    logit : ndarray of float64, shape (knots,)
        Rising.
    rate : ndarray of float64, shape (knots,)
        Decisions put right less those put wrong, per comment: at least 0, rising to one peak and falling
        after it.
    """

    logit: F64
    rate: F64

    def at(self, logit: F64) -> F64:
        """Return the expected gain: linear between knots, constant beyond."""
        return np.interp(logit, self.logit, self.rate)

    def to_dict(self) -> dict[str, list[float]]:
        """Return JSON-ready values."""
        return {"logit": self.logit.round(4).tolist(), "rate": self.rate.round(6).tolist()}


def logit(probability: npt.NDArray[np.floating[Any]]) -> F64:
    """Return log-odds of probabilities, cut to `EDGE`."""
    cut = np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)
    odds: F64 = np.log(cut) - np.log1p(-cut)
    return odds


def fit_share(fast: F64, deep: F64, positive: Bool, corpus: npt.NDArray[np.object_]) -> float:
    """Fit how much the second tier counts in `(1 - share) * fast + share * deep`.

    What counts is how the tiers order the comments of one corpus: corpora count alike, and so do the two
    classes within each, which has an intercept of its own. Else the tier that knows a corpus by its topic
    would win, and the biggest corpora would decide for all others.

    Parameters
    ----------
    fast, deep : ndarray of float64, shape (n,)
        Log-odds by either tier.
    positive : ndarray of bool, shape (n,)
    corpus : ndarray of str, shape (n,)

    Returns
    -------
    float
        In [0, 1]; 0.5 where neither is worth anything.
    """
    frame = pd.DataFrame({"corpus": corpus, "positive": positive})
    sizes = frame.groupby(["corpus", "positive"]).size().unstack(fill_value=0).reindex(columns=[False, True])
    enough = frame["corpus"].map((sizes >= FEWEST).all(axis=1)).to_numpy(bool)
    if not enough.any():
        enough = np.ones(len(frame), bool)
    part = frame[enough]
    number, names = pd.factorize(part["corpus"])
    weight = 1 / part.groupby(["corpus", "positive"])["positive"].transform("size").to_numpy(np.float64)
    weight /= weight.sum()
    columns, sign = np.stack((fast[enough], deep[enough])), np.where(positive[enough], 1.0, -1.0)

    def loss(parameters: F64) -> tuple[float, F64]:
        odds = sign * (parameters[:2] @ columns + parameters[2:][number])
        slope = -sign * weight / (1 + np.exp(np.clip(odds, -500, 500)))
        own = np.bincount(number, slope, minlength=len(names))
        return float((weight * np.logaddexp(0, -odds)).sum()), np.concatenate((columns @ slope, own))

    start = np.concatenate(([0.5, 0.5], np.zeros(len(names))))
    bounds = [(0, None)] * 2 + [(None, None)] * len(names)
    first, second = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[:2]
    return float(second / (first + second)) if first + second > 0 else 0.5


def fit_gain(fast: F64, better: F64, weight: F64) -> Gain:
    """Fit what a second look puts right as a curve with one peak over the first tier's log-odds.

    Parameters
    ----------
    fast : ndarray of float64, shape (n,)
    better : ndarray of float64, shape (n,)
        In [-1, 1]: 1 where the second look puts a decision right, -1 where it puts one wrong, 0 where it
        decides as the first tier did; in between where that is not known for sure.
    weight : ndarray of float64, shape (n,)
        What each row counts for in an ordinary dump.
    """
    order = np.argsort(fast, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if weight[part].sum() > 0]
    total = np.array([weight[part].sum() for part in parts])
    knots = np.array([np.average(fast[part], weights=weight[part]) for part in parts])
    rate = np.array([np.average(better[part], weights=weight[part]) for part in parts])
    peak = int(rate.argmax())
    rising = _monotone(knots[: peak + 1], rate[: peak + 1], total[: peak + 1], increasing=True)
    falling = _monotone(knots[peak:], rate[peak:], total[peak:], increasing=False)
    return Gain(knots, np.concatenate((rising[:-1], falling)))


def bands(
    gain: Mapping[str, Gain], fast: Mapping[str, F64], weight: F64, share: float
) -> dict[str, tuple[float, float]]:
    """Return the band of each label, in the first tier's probability, that together hold a share of comments.

    All bands end where the same gain is expected, so the last comment of one is worth a second look as much
    as that of another.

    Parameters
    ----------
    gain : mapping of str to Gain
    fast : mapping of str to ndarray of float64, shape (n,)
        Log-odds of the comments of a mix that stands for an ordinary dump.
    weight : ndarray of float64, shape (n,)
        What each comment counts for in it.
    share : float
        In (0, 1).

    Returns
    -------
    dict of str to (low, high)
        Labels without a band are left out: there the second tier puts too little right.
    """
    low, high = 0.0, max(float(found.rate.max()) for found in gain.values())
    for _ in range(40):
        cut = (low + high) / 2
        inside = in_bands(_bands_at(gain, cut), fast)
        low, high = (cut, high) if np.average(inside, weights=weight) > share else (low, cut)
    return _bands_at(gain, high)


def in_bands(band: Mapping[str, tuple[float, float]], fast: Mapping[str, F64]) -> Bool:
    """Return which comments lie in the band of any label, from the first tier's log-odds."""
    inside = np.zeros(len(next(iter(fast.values()))), bool)
    for label, (low, high) in band.items():
        probability = 1 / (1 + np.exp(-fast[label]))
        inside |= (probability >= low) & (probability <= high)
    return inside


def _bands_at(gain: Mapping[str, Gain], cut: float) -> dict[str, tuple[float, float]]:
    found = {}
    for label, curve in gain.items():
        grid = np.linspace(logit(np.zeros(1))[0], logit(np.ones(1))[0], 2000)
        worth = grid[curve.at(grid) >= max(cut, 1e-9)]
        if len(worth):
            low, high = 1 / (1 + np.exp(-worth[0])), 1 / (1 + np.exp(-worth[-1]))
            # A band that reaches the end of the grid holds everything beyond it, certain comments included.
            found[label] = (
                0.0 if worth[0] == grid[0] else round(float(low), 6),
                1.0 if worth[-1] == grid[-1] else round(float(high), 6),
            )
    return found


def _monotone(knots: F64, rate: F64, weight: F64, *, increasing: bool) -> F64:
    fitted: F64 = IsotonicRegression(y_min=0, increasing=increasing).fit(knots, rate, weight).predict(knots)
    return fitted
