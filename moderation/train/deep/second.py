"""The second look, fitted on held-out rows and measured on others: what the cascade is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.classify.deep.look import SecondLook
from moderation.classify.policy import Policy, read_policy
from moderation.train.calibrate import operating_points
from moderation.train.deep.cascade import (
    FEWEST_INSIDE,
    Change,
    bands,
    fit_change,
    fit_combination,
    in_bands,
    logit,
)

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Reference = Mapping[str, tuple[I64, F64]]
"""Per label: row numbers and weights, from `moderation.train.mix.reference_rows`."""

SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
"""Shares of comments looked at again for which the card says what is gained."""

BACKGROUND_SHARE: Final = 0.9
"""Share of ordinary comments in the mix that shares are taken of; the other corpora have the rest."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """What either tier says of the same rows.

    Parameters
    ----------
    labels : tuple of str
    fast, deep : ndarray of float64, shape (n, labels)
        Log-odds of calibrated probabilities; NaN in rows that were not scored.
    fast_config, deep_config : dict
        Configurations with operating points: of the first tier, and of both together.
    """

    labels: tuple[str, ...]
    fast: F64
    deep: F64
    fast_config: Mapping[str, Any]
    deep_config: Mapping[str, Any]


def fit_together(tiers: Tiers, reference: Reference) -> dict[str, Any]:
    """Return combinations and operating points of both tiers, for a second look at everything.

    Parameters
    ----------
    tiers : Tiers
    reference : mapping
        Held-out rows per label at its reference prevalence.
    """
    rows = np.ones(len(tiers.fast), bool)
    combine = _combinations(tiers, reference, rows, {})
    return {"combine": combine, "operating_points": _points(tiers, reference, combine, rows)}


def fit_second_look(tiers: Tiers, reference: Reference, mix: F64, share: float) -> dict[str, Any]:
    """Return bands, combinations, rates of change and operating points of a cascade.

    Parameters
    ----------
    tiers : Tiers
        `deep_config` from `fit_together`.
    reference : mapping
        Held-out rows per label at its reference prevalence.
    mix : ndarray of float64, shape (n,)
        What rows count for in an ordinary dump, see `mix_weights`; 0 for rows that are not to be used.
    share : float
        Share of such a dump that lies in the bands.
    """
    combine = tiers.deep_config["combine"]
    at_first = _thresholds(tiers.fast_config, tiers.labels)
    at_last = _thresholds(tiers.deep_config, tiers.labels)
    change = {}
    for column, label in enumerate(tiers.labels):
        at, weights = reference[label]
        first = _sigmoid(tiers.fast[at, column]) >= at_first[label]
        last = _sigmoid(combined(tiers, combine, column)[at]) >= at_last[label]
        change[label] = fit_change(tiers.fast[at, column], first != last, weights.sum(axis=1))
    used = mix > 0
    columns = {label: tiers.fast[used, column] for column, label in enumerate(tiers.labels)}
    band = bands(change, columns, mix[used], share)
    inside = in_bands(band, {label: tiers.fast[:, column] for column, label in enumerate(tiers.labels)})
    combine = _combinations(tiers, reference, inside, combine)
    return {
        "band": {label: list(found) for label, found in band.items()},
        "combine": {label: list(found) for label, found in combine.items()},
        "change": {label: found.to_dict() for label, found in change.items()},
        "operating_points": _points(tiers, reference, combine, inside),
    }


def combined(tiers: Tiers, combine: Mapping[str, tuple[float, float, float]], column: int) -> F64:
    """Return the log-odds of both tiers together for one label, shape (n,)."""
    a, b, c = combine[tiers.labels[column]]
    both: F64 = a * tiers.fast[:, column] + b * tiers.deep[:, column] + c
    return both


def mix_weights(frame: pd.DataFrame, rows: Bool, background: str) -> F64:
    """Return what each row counts for in a mix that stands for an ordinary dump, shape (n,), adding up to 1.

    Parameters
    ----------
    frame : DataFrame, n rows
    rows : ndarray of bool, shape (n,)
        Rows to use; others count 0.
    background : str
        The corpus of ordinary comments, whose rows count alike and `BACKGROUND_SHARE` together; every other
        corpus counts alike in the rest.
    """
    corpus = frame["corpus"].where(rows)
    size = corpus.map(corpus.value_counts())
    others = corpus[corpus != background].nunique()
    share = np.where(corpus == background, BACKGROUND_SHARE, (1 - BACKGROUND_SHARE) / max(others, 1))
    weight = np.where(rows, share / size.fillna(1).to_numpy(np.float64), 0)
    total: F64 = weight / weight.sum()
    return total


def curve(tiers: Tiers, cascade: Mapping[str, Any], frame: pd.DataFrame, mix: F64) -> dict[str, Any]:
    """Return how many decisions either tier and the cascade get right on a mix, by the share looked at again.

    Parameters
    ----------
    tiers : Tiers
    cascade : mapping
        From `fit_second_look`, fitted on other rows.
    frame : DataFrame, n rows
        A column per label; unknown labels count for nothing.
    mix : ndarray of float64, shape (n,)

    Returns
    -------
    dict
        `fast`, `deep`: wrong decisions of all labels per 1,000 comments, by the first tier and by a second
        look at everything, each at its default policy. `shares`: per share `wrong` and `gain`, the part of
        what that look gains over the first tier; None where it gains nothing. The comments with most expected
        changes come first.
    """
    rows = np.flatnonzero(mix > 0)
    weight = mix[rows] / mix[rows].sum()
    worth = np.zeros(len(rows))
    for column, label in enumerate(tiers.labels):
        knots = cascade["change"][label]
        worth += Change(np.array(knots["logit"]), np.array(knots["rate"])).at(tiers.fast[rows, column])
    order = np.argsort(-worth, kind="stable")
    reached = np.empty(len(rows))
    reached[order] = np.cumsum(weight[order])
    truth = frame[list(tiers.labels)].to_numpy(np.float64)[rows]
    points = {**tiers.deep_config, "operating_points": cascade["operating_points"]}
    first = _decisions(tiers.fast[rows], _thresholds(tiers.fast_config, tiers.labels), tiers.labels)
    whole = _together(tiers, tiers.deep_config["combine"])[rows]
    always = _decisions(whole, _thresholds(tiers.deep_config, tiers.labels), tiers.labels)
    both = _together(tiers, cascade["combine"])[rows]
    last = _decisions(both, _thresholds(points, tiers.labels), tiers.labels)

    def wrong(decided: Bool) -> float:
        missed = np.where(np.isnan(truth), False, decided != (truth > 0.5)).sum(axis=1)
        return float(1000 * (missed * weight).sum())

    fast, deep = wrong(first), wrong(always)
    shares = {}
    for share in SHARES:
        found = wrong(np.where((reached <= share + 1e-9)[:, None], last, first))
        gain = round((fast - found) / (fast - deep), 4) if fast > deep else None
        shares[f"{share:g}"] = {"wrong": round(found, 3), "gain": gain}
    return {"fast": round(fast, 3), "deep": round(deep, 3), "shares": shares}


def looking(
    look: SecondLook, fast: Callable[[list[str]], F32], deep: Callable[[list[str]], F32]
) -> Callable[[list[str]], F32]:
    """Return a function that scores texts by both tiers where the second looks, by the first elsewhere."""

    def score(texts: list[str]) -> F32:
        found = fast(texts)
        again = np.flatnonzero(look.chosen(found))
        if len(again):
            second = logit(deep([texts[row] for row in again]))
            found[again] = _sigmoid(look.combined(found[again], second))
        return found

    return score


def _combinations(
    tiers: Tiers, reference: Reference, rows: Bool, before: Mapping[str, tuple[float, float, float]]
) -> dict[str, tuple[float, float, float]]:
    found = {}
    for column, label in enumerate(tiers.labels):
        at, weights = reference[label]
        kept = rows[at]
        enough = kept.sum() >= FEWEST_INSIDE and (weights[kept].sum(axis=0) > 0).all()
        if label in before and not enough:
            found[label] = before[label]
            continue
        at, weights = at[kept], weights[kept]
        fitted = fit_combination(tiers.fast[at, column], tiers.deep[at, column], weights)
        found[label] = (round(fitted[0], 6), round(fitted[1], 6), round(fitted[2], 6))
    return found


def _points(
    tiers: Tiers, reference: Reference, combine: Mapping[str, tuple[float, float, float]], inside: Bool
) -> dict[str, list[tuple[float, float, float]]]:
    found = {}
    for column, label in enumerate(tiers.labels):
        at, weights = reference[label]
        odds = np.where(inside, combined(tiers, combine, column), tiers.fast[:, column])[at]
        found[label] = operating_points(_sigmoid(odds), weights)
    return found


def _together(tiers: Tiers, combine: Mapping[str, tuple[float, float, float]]) -> F64:
    return np.stack([combined(tiers, combine, column) for column in range(len(tiers.labels))], axis=1)


def _thresholds(config: Mapping[str, Any], labels: tuple[str, ...]) -> dict[str, float]:
    policy: Policy = read_policy(None, config)
    resolved = policy.resolve().thresholds
    return {label: float("inf") if (at := resolved[label]) is None else at for label in labels}


def _decisions(odds: F64, thresholds: Mapping[str, float], labels: tuple[str, ...]) -> Bool:
    decided: Bool = _sigmoid(odds) >= np.array([thresholds[label] for label in labels])
    return decided


def _sigmoid(odds: F64) -> F64:
    share: F64 = 1 / (1 + np.exp(-odds))
    return share
