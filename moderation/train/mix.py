"""The mix of comments that probabilities refer to: ordinary ones, near misses and positives, weighted."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.errors import DataError
from moderation.train.calibrate import prevalence_weights
from moderation.train.fit import row_weights
from moderation.train.recipe import LabelRecipe

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

ORDINARY: Final = 0.85
"""Share of ordinary comments among the negatives that probabilities are calibrated on; the rest are those
of the label's own corpora, which were picked for being near misses."""

LONGEST_ORDINARY: Final = 1000
"""Characters above which such a text is no ordinary comment: talk pages also hold pasted articles."""

BACKGROUND: Final = "jigsaw_train_any_label"
"""The corpus whose rows without any abuse stand for ordinary comments."""


def reference_rows(frame: pd.DataFrame, label: str, stated: LabelRecipe, rows: Bool) -> tuple[I64, F64]:
    """Weight held-out rows as a label's reference dump would hold them.

    Parameters
    ----------
    frame : DataFrame, n rows
        `text`, `corpus`, `weight`, `abusive` and the label, 0 to 1 or NaN.
    label : str
    stated : LabelRecipe
        Its `calibrate` names the corpora beside the background, its `prevalence` the share of positives.
    rows : ndarray of bool, shape (n,)
        Rows that may be used.

    Returns
    -------
    at : ndarray of int64, shape (m,)
        Row numbers.
    weights : ndarray of float64, shape (m, 2)
        As a negative and as a positive, at the label's reference prevalence; all together sum to 1.

    Raises
    ------
    DataError
        They hold no positive or no negative.
    """
    corpora = dict.fromkeys((*stated.calibrate, BACKGROUND), 1.0)
    weight = row_weights(frame, label, corpora) * rows
    at = np.flatnonzero(weight > 0)
    truth, weight = frame[label].to_numpy(np.float64)[at], weight[at]
    if not len(at) or truth.max() <= 0.5 or truth.min() >= 0.5:
        raise DataError(
            f"nothing to calibrate {label!r} on: {', '.join(stated.calibrate)} hold one class only"
        )
    ordinary = (frame["corpus"].to_numpy()[at] == BACKGROUND) & (frame["abusive"].to_numpy()[at] == 0)
    weight = np.where(ordinary & (frame["text"].str.len().to_numpy()[at] > LONGEST_ORDINARY), 0, weight)
    for part, share in ((ordinary, ORDINARY), (~ordinary, 1 - ORDINARY)):
        negative = part & (truth < 0.5)
        weight[negative] *= share / max(weight[negative].sum(), 1e-12)
    return at, prevalence_weights(truth, weight, stated.prevalence)
