"""Frames of labelled texts become what the training loop reads: truths, weights, corpora."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.train.corpora import load_corpus
from moderation.train.deep.loop import Targets
from moderation.train.recipe import LabelRecipe

Bool = npt.NDArray[np.bool_]

SET_ASIDE = "perspective_2k"
"""Scores of another service for texts of Jigsaw's, which thresholds are translated on: never trained on."""


def targets_of(frame: pd.DataFrame, labels: dict[str, LabelRecipe]) -> Targets:
    """Return the truths and weights of all rows.

    Parameters
    ----------
    frame : DataFrame, n rows
        `corpus`, `weight` and a column per label, 0 to 1 or NaN.
    labels : dict of str to LabelRecipe

    Returns
    -------
    Targets
        A corpus has an intercept of its own for a label if it holds both classes of it.
    """
    names, number = np.unique(frame["corpus"].to_numpy(str), return_inverse=True)
    truth = frame[list(labels)].to_numpy(np.float32)
    factor = np.array([[stated.corpora.get(name, 0.0) for stated in labels.values()] for name in names])
    weight = np.where(np.isnan(truth), 0, factor[number] * frame["weight"].to_numpy(np.float64)[:, None])
    own = np.zeros((len(names), len(labels)), np.float32)
    for column in range(len(labels)):
        used = weight[:, column] > 0
        positive = np.bincount(number[used], truth[used, column] > 0.5, len(names))
        own[:, column] = (positive > 0) & (positive < np.bincount(number[used], minlength=len(names)))
    return Targets(truth, weight.astype(np.float32), number.astype(np.int64), own)


def set_aside(frame: pd.DataFrame, corpora: Path) -> Bool:
    """Return which rows hold a text that is kept for translating thresholds, near duplicates included."""
    kept = load_corpus(SET_ASIDE, corpora)
    return frame["near"].isin(kept["near"]).to_numpy()
