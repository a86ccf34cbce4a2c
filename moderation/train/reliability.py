"""Is a probability of .8 right 8 times in 10? Shares by bins of probability, as figures and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.errors import DataError
from moderation.train.calibrate import calibration_error
from moderation.train.mix import reference_rows
from moderation.train.recipe import LabelRecipe

F64 = npt.NDArray[np.float64]

EDGES: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins are narrow at the lower end, where nearly all comments of a dump are."""

FIGURE: Final = "reliability.svg"


def reliability(
    frame: pd.DataFrame,
    probability: F64,
    labels: Mapping[str, LabelRecipe],
    thresholds: Mapping[str, float | None],
) -> dict[str, dict[str, Any]]:
    """Measure probabilities on held-out rows, weighted as the label's reference dump.

    Parameters
    ----------
    frame : DataFrame, n rows
        Rows that neither training nor calibration saw.
    probability : ndarray of float64, shape (n, labels)
    labels : mapping of str to LabelRecipe
        In the order of the columns.
    thresholds : mapping of str to float or None
        Of the default policy.

    Returns
    -------
    dict
        Label to `calibration_error`, `calibration_error_above_0.1`, `bins` (each `said`, the mean
        probability, `true`, the share that carries the label, and `share`, of all comments) and, where the
        label is flagged, `precision` and `recall` at its threshold. Labels that the rows hold no positive of
        are left out.
    """
    found: dict[str, dict[str, Any]] = {}
    rows = np.ones(len(frame), bool)
    for column, (label, stated) in enumerate(labels.items()):
        try:
            at, weights = reference_rows(frame, label, stated, rows)
        except DataError:
            continue
        said = probability[at, column]
        found[label] = {
            "calibration_error": round(calibration_error(said, weights), 4),
            "calibration_error_above_0.1": round(calibration_error(said, weights, 0.1), 4),
            "bins": _bins(said, weights),
        }
        threshold = thresholds[label]
        if threshold is not None:
            negative, positive = weights[said >= np.float32(threshold)].sum(axis=0)
            if negative + positive:
                found[label]["precision"] = round(float(positive / (positive + negative)), 4)
            found[label]["recall"] = round(float(positive / weights[:, 1].sum()), 4)
    return found


def draw(found: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draw the bins of all labels against the diagonal, one panel a label, as SVG; the same bytes each time.

    Parameters
    ----------
    found : mapping
        From `reliability`.
    path : Path

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context({"svg.hashsalt": "moderation", "font.size": 8, "svg.fonttype": "none"}):
        figure, grid = pyplot.subplots(2, 4, figsize=(9, 4.8), sharex=True, sharey=True)
        for axes, (label, figures) in zip(grid.flat, found.items(), strict=False):
            said, true, share = (
                np.array([bin[name] for bin in figures["bins"]]) for name in ("said", "true", "share")
            )
            axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
            axes.plot(said, true, color="#1f5fa8", linewidth=1)
            axes.scatter(said, true, s=6 + 60 * np.sqrt(share), color="#1f5fa8")
            axes.set_title(label, fontsize=9)
        for axes in list(grid.flat)[len(found) :]:
            axes.set_visible(False)
        figure.supxlabel("probability that the model gives")
        figure.supylabel("share that carries the label")
        figure.tight_layout()
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


def _bins(probability: F64, weights: F64) -> list[dict[str, float]]:
    which = np.clip(np.searchsorted(EDGES, probability, side="right") - 1, 0, len(EDGES) - 2)
    mass = np.bincount(which, weights.sum(axis=1), len(EDGES) - 1)
    said = np.bincount(which, weights.sum(axis=1) * probability, len(EDGES) - 1)
    true = np.bincount(which, weights[:, 1], len(EDGES) - 1)
    return [
        {
            "said": round(float(said[k] / mass[k]), 4),
            "true": round(float(true[k] / mass[k]), 4),
            "share": round(float(mass[k]), 6),
        }
        for k in np.flatnonzero(mass)
    ]
