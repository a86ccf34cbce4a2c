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
from moderation.train.calibrate import fit_sigmoid, operating_points
from moderation.train.deep.cascade import bands, fit_gain, fit_share, logit

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Reference = Mapping[str, tuple[I64, F64]]
"""Per label: row numbers and weights, from `moderation.train.mix.reference_rows`."""

SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 1.0)
"""Shares of comments looked at again for which the card says what is gained."""

MOST: Final = 0.8
"""How much the second tier counts at most.

Of what no corpus has, such as an emoji by itself, it says anything with confidence; where held-out rows
would give it more, this much changes little on them.
"""

JUDGED: Final = 0.5
"""How much one person's judgement counts, beside both tiers', of whether a changed decision is right.

Those who judged ordinary comments called swearing among friends abusive, so that by their word alone no
comment that the first tier flags as `abusive` would be looked at again.
"""

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


def fit_together(tiers: Tiers, frame: pd.DataFrame, rows: Bool, reference: Reference) -> dict[str, Any]:
    """Return combinations and operating points of both tiers.

    They serve the cascade as well: fitted to comments in doubt alone, they were worse on validation.

    Parameters
    ----------
    tiers : Tiers
    frame : DataFrame, n rows
        `corpus` and a column per label, in which unknown ones are NaN.
    rows : ndarray of bool, shape (n,)
        Held-out rows that tell how much either tier counts.
    reference : mapping
        Held-out rows per label at its reference prevalence, which the sum is calibrated on.
    """
    combine, points = {}, {}
    for column, label in enumerate(tiers.labels):
        known = np.flatnonzero(rows & frame[label].notna().to_numpy())
        fast, deep = tiers.fast[:, column], tiers.deep[:, column]
        positive, corpus = (frame[name].to_numpy()[known] for name in (label, "corpus"))
        share = min(fit_share(fast[known], deep[known], positive > 0.5, corpus), MOST)
        at, weights = reference[label]
        slope, bias = fit_sigmoid((1 - share) * fast[at] + share * deep[at], weights)
        combine[label] = (round(slope * (1 - share), 6), round(slope * share, 6), round(bias, 6))
        points[label] = operating_points(_sigmoid(combined(tiers, combine, column)[at]), weights)
    return {"combine": combine, "operating_points": points}


def fit_second_look(tiers: Tiers, frame: pd.DataFrame, mix: F64, share: float) -> dict[str, Any]:
    """Return bands and gains of a cascade, which decides on all comments at the same thresholds.

    A changed decision counts by how likely it is right then: half by people's judgement, half by the
    probability of both tiers together, and by that alone where people did not judge.

    Parameters
    ----------
    tiers : Tiers
        `deep_config` from `fit_together`.
    frame : DataFrame, n rows
        A column per label, in which unknown ones are NaN.
    mix : ndarray of float64, shape (n,)
        What rows count for in an ordinary dump, see `mix_weights`; 0 for rows that are not to be used.
    share : float
        Share of such a dump that lies in the bands.
    """
    used = mix > 0
    limit = np.array([_thresholds(tiers.deep_config, tiers.labels)[label] for label in tiers.labels])
    last = _sigmoid(_together(tiers)[used])
    judged = frame[list(tiers.labels)].to_numpy(np.float64)[used]
    truth = np.where(np.isnan(judged), last, JUDGED * (judged > 0.5) + (1 - JUDGED) * last)
    flagged = last >= limit
    changed = (_sigmoid(tiers.fast[used]) >= limit) != flagged
    better = np.where(changed, np.where(flagged, 2 * truth - 1, 1 - 2 * truth), 0.0)
    columns = {label: tiers.fast[used, column] for column, label in enumerate(tiers.labels)}
    gain = {
        label: fit_gain(columns[label], better[:, column], mix[used])
        for column, label in enumerate(tiers.labels)
    }
    band = bands(gain, columns, mix[used], share)
    return {
        "band": {label: list(found) for label, found in band.items()},
        "gain": {label: found.to_dict() for label, found in gain.items()},
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
        what a look at everything gains over the first tier; None where it gains nothing. The comments of
        which most is expected come first; those of which as much is expected are all looked at again or none,
        as by a budget. `band`: `share` of the comments in the bands, `wrong`, `gain`.
    """
    rows = np.flatnonzero(mix > 0)
    weight = mix[rows] / mix[rows].sum()
    look = SecondLook.at_doubtful({**tiers.deep_config, "cascade": cascade})
    first = _sigmoid(tiers.fast[rows])
    inside = look.chosen(first.astype(np.float32))
    worth = look.worth(first)
    truth = frame[list(tiers.labels)].to_numpy(np.float64)[rows]
    last = _sigmoid(_together(tiers)[rows])

    def wrong(probability: F64, config: Mapping[str, Any]) -> float:
        limits = _thresholds(config, tiers.labels)
        decided = probability >= np.array([limits[label] for label in tiers.labels])
        missed = np.where(np.isnan(truth), False, decided != (truth > 0.5)).sum(axis=1)
        return float(1000 * (missed * weight).sum())

    fast, deep = wrong(first, tiers.fast_config), wrong(last, tiers.deep_config)

    def by(again: Bool) -> dict[str, float | None]:
        found = wrong(np.where(again[:, None], last, first), tiers.deep_config)
        gain = round((fast - found) / (fast - deep), 4) if fast > deep else None
        return {"wrong": round(found, 3), "gain": gain}

    shares = {f"{share:g}": by(_worthiest(worth, weight, share)) for share in SHARES}
    within = {"share": round(float(weight[inside].sum()), 4), **by(inside)}
    return {"fast": round(fast, 3), "deep": round(deep, 3), "shares": shares, "band": within}


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


def _worthiest(worth: F64, weight: F64, share: float) -> Bool:
    """Return which comments are looked at again: at most a share, all or none of those worth the same."""
    order = np.argsort(-worth, kind="stable")
    within = int(np.searchsorted(np.cumsum(weight[order]), share + 1e-9, side="right"))
    chosen: Bool = worth > (worth[order[within]] if within < len(order) else -np.inf)
    return chosen


def _together(tiers: Tiers) -> F64:
    """Return the log-odds of both tiers together, shape (n, labels)."""
    columns = range(len(tiers.labels))
    return np.stack([combined(tiers, tiers.deep_config["combine"], column) for column in columns], axis=1)


def _thresholds(config: Mapping[str, Any], labels: tuple[str, ...]) -> dict[str, float]:
    policy: Policy = read_policy(None, config)
    resolved = policy.resolve().thresholds
    return {label: float("inf") if (at := resolved[label]) is None else at for label in labels}


def _sigmoid(odds: F64) -> F64:
    share: F64 = 1 / (1 + np.exp(-odds))
    return share
