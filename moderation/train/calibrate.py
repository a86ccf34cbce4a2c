"""Margins become probabilities at a stated prevalence, and thresholds get their precision and recall.

Corpora are collected for having many positives; ordinary dumps have few. So held-out rows are weighted to
the reference prevalence before the sigmoid is fitted and before operating points are read off.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

F64 = npt.NDArray[np.float64]

POINTS: Final = 200
"""Operating points kept per label."""

FEWEST: Final = 5
"""Positives above a threshold below which its precision is not trusted."""


def prevalence_weights(positive: F64, weight: F64, prevalence: float) -> F64:
    """Weight rows so that the share of positives is `prevalence`.

    Parameters
    ----------
    positive : ndarray of float64, shape (n,)
        Label, 0 to 1.
    weight : ndarray of float64, shape (n,)
        Weight of each row before.
    prevalence : float
        In (0, 1).

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Weight of each row as a negative and as a positive; all together sum to 1.
    """
    both = np.stack((weight * (1 - positive), weight * positive), axis=1)
    total = both.sum(axis=0)
    share: F64 = both / np.where(total > 0, total, 1) * np.array([1 - prevalence, prevalence])
    return share


def fit_sigmoid(margin: F64, weights: F64) -> tuple[float, float]:
    """Fit `p = sigmoid(slope * margin + bias)` by weighted maximum likelihood.

    Platt (1999), "Probabilistic outputs for support vector machines".

    Parameters
    ----------
    margin : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (n, 2)
        From `prevalence_weights`.

    Returns
    -------
    tuple of float
        Slope (above 0) and bias.
    """

    def loss(parameters: F64) -> tuple[float, F64]:
        odds = np.exp(parameters[0]) * margin + parameters[1]
        value = (weights[:, 0] * np.logaddexp(0, odds) + weights[:, 1] * np.logaddexp(0, -odds)).sum()
        share = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
        slope = weights[:, 0] * share - weights[:, 1] * (1 - share)
        return float(value), np.array([(slope * margin).sum() * np.exp(parameters[0]), slope.sum()])

    prior = weights[:, 1].sum() / weights.sum()
    start = np.array([0.0, np.log(prior / (1 - prior))])
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return float(np.exp(fitted[0])), float(fitted[1])


def operating_points(probability: F64, weights: F64) -> list[tuple[float, float, float]]:
    """Return thresholds with their precision and recall at the prevalence of the weights.

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (n, 2)
        From `prevalence_weights`.

    Returns
    -------
    list of (threshold, precision, recall)
        By rising threshold. Precision is made monotone from above (a higher threshold never promises less
        than was measured below it would allow), and thresholds with too few positives above are left out.
    """
    order = np.argsort(-probability, kind="stable")
    ranked, sorted_weights = probability[order], weights[order]
    above = np.cumsum(sorted_weights, axis=0)
    positives = np.cumsum(sorted_weights[:, 1] > 0)
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True) & (positives >= FEWEST))
    if not len(last):
        return []
    recall = above[last, 1] / above[-1, 1]
    precision = above[last, 1] / above[last].sum(axis=1)
    wanted = np.linspace(recall[0], recall[-1], POINTS)
    kept = np.unique(np.searchsorted(recall, wanted).clip(0, len(recall) - 1))
    points = np.stack((ranked[last], precision.round(4), recall.round(4)), axis=1)
    return [tuple(point) for point in points[kept[::-1]].tolist()]


def calibration_error(probability: F64, weights: F64, least: float = 0.0, bins: int = 15) -> float:
    """Return the expected calibration error over bins of equal weight.

    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian binning".

    Parameters
    ----------
    probability : ndarray of float64, shape (n,)
    weights : ndarray of float64, shape (n, 2)
        Weight of each row as a negative and as a positive.
    least : float
        Only rows with at least this probability count.
    bins : int
    """
    order = np.argsort(probability, kind="stable")
    order = order[probability[order] >= least]
    if not len(order):
        return 0.0
    mass = weights[order].sum(axis=1)
    share = np.cumsum(mass) / mass.sum()
    which = np.minimum((share * bins).astype(int), bins - 1)
    total = np.bincount(which, mass, bins)
    said = np.bincount(which, mass * probability[order], bins)
    true = np.bincount(which, weights[order, 1], bins)
    return float(np.abs(said - true).sum() / total.sum())
