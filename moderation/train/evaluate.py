"""How good a model is on labelled texts: ranking, precision and recall at the policy, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from moderation.classify.policy import ResolvedPolicy
from moderation.classify.prevalence import Prevalence, reference_prevalence, shifted
from moderation.errors import DataError
from moderation.schema import LABELS
from moderation.train.calibrate import calibration_error, prevalence_weights
from moderation.train.corpora import load_corpus
from moderation.train.corpora_spec import registry
from moderation.train.judge import Judge

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

FEWEST = 5
"""Positives and negatives below which a corpus says nothing about a label."""


def measure(
    model: Judge, frame: pd.DataFrame, rows: Bool, policy: ResolvedPolicy | None = None
) -> dict[str, dict[str, dict[str, float]]]:
    """Measure a model on rows of a frame of corpora.

    Parameters
    ----------
    model : Judge
    frame : DataFrame, n rows
        `text`, `corpus` and a column per label, 0 to 1 or NaN.
    rows : ndarray of bool, shape (n,)
        Rows to measure on: such that the model has not seen.
    policy : ResolvedPolicy, optional
        Thresholds and prevalences; the model's own if not given.

    Returns
    -------
    dict
        Label to corpus to figures, see `figures`.
    """
    part = frame[rows]
    probability = model.predict_proba(part["text"]).astype(np.float64)
    policy = policy or model.policy().resolve()
    reference = reference_prevalence(model.config)
    corpus = part["corpus"].to_numpy()
    result: dict[str, dict[str, dict[str, float]]] = {}
    for column, label in enumerate(model.labels):
        truth = part[label].to_numpy(np.float64)
        assumed = policy.prevalence.get(label) or Prevalence(reference[label], reference[label], "reference")
        result[label] = {}
        for name in sorted(set(corpus[~np.isnan(truth)])):
            at = (corpus == name) & ~np.isnan(truth)
            positive = truth[at] > 0.5
            if min(positive.sum(), (~positive).sum()) >= FEWEST:
                found = figures(
                    truth[at],
                    probability[at, column],
                    assumed.reference,
                    policy.thresholds[label],
                    assumed.assumed,
                )
                result[label][str(name)] = found
    return result


def figures(
    truth: F64, probability: F64, reference: float, threshold: float | None, prevalence: float | None = None
) -> dict[str, float]:
    """Return the figures of one label on one set of rows.

    Parameters
    ----------
    truth : ndarray of float64, shape (n,)
        Share of annotators who saw the label; above one half counts as positive.
    probability : ndarray of float64, shape (n,)
    reference : float
        What the model's probabilities are calibrated to.
    threshold : float or None
        Of the policy, for probabilities at the reference.
    prevalence : float, optional
        Calibration and precision are measured on rows weighted to it, and probabilities shifted to it;
        default: the reference.

    Returns
    -------
    dict of str to float
        `rows`, `positives`, `roc_auc`, `average_precision`, `calibration_error`,
        `calibration_error_above_0.1`; with a threshold also `precision` and `recall` at that prevalence, and
        `false_positive_rate`.
    """
    prevalence = reference if prevalence is None else prevalence
    moved = probability if prevalence == reference else shifted(probability, reference, prevalence)
    positive = truth > 0.5
    weights = prevalence_weights(positive.astype(np.float64), np.ones(len(truth)), prevalence)
    found = {
        "rows": len(truth),
        "positives": int(positive.sum()),
        "roc_auc": round(float(roc_auc_score(positive, probability)), 4),
        "average_precision": round(float(average_precision_score(positive, probability)), 4),
        "calibration_error": round(calibration_error(moved, weights), 4),
        "calibration_error_above_0.1": round(calibration_error(moved, weights, 0.1), 4),
    }
    if threshold is not None:
        above = weights[probability >= np.float32(threshold)].sum(axis=0)
        if above.sum():
            found["precision"] = round(float(above[1] / above.sum()), 4)
        found["recall"] = round(float(above[1] / prevalence), 4)
        found["false_positive_rate"] = round(float(above[0] / (1 - prevalence)), 4)
    return found


def evaluate(
    model: Judge, corpus: str | Path, folder: Path | None = None, *, prevalence: Sequence[str] = ()
) -> dict[str, dict[str, float]]:
    """Measure a model on one corpus of the registry, or on any labelled table.

    Parameters
    ----------
    model : Judge
    corpus : str or Path
        Name in the registry, or a CSV, JSONL or Parquet file with `text` and columns named as labels.
    folder : Path, optional
        Folder of the corpora, for a name.
    prevalence : sequence of str
        `LABEL=SHARE` or `estimate`: how common labels are taken to be where this model is used.

    Returns
    -------
    dict
        Label to figures, see `figures`, and `prevalence` where one is assumed. Of a corpus that the model was
        trained on these say little.

    Raises
    ------
    DataError
        The table has no text, no label, or one class only.
    """
    known = str(corpus) in registry()
    frame = load_corpus(str(corpus), folder) if known else _table(Path(corpus))
    frame = frame.assign(corpus="table")
    for label in set(model.labels) - set(frame.columns):
        frame[label] = np.nan
    policy = _policy(model, frame, prevalence)
    measured = measure(model, frame, np.ones(len(frame), bool), policy)
    result = {label: found["table"] for label, found in measured.items() if "table" in found}
    for label in set(result) & set(policy.prevalence):
        result[label]["prevalence"] = round(policy.prevalence[label].assumed, 5)
    if not result:
        raise DataError(f"{corpus}: no label has at least {FEWEST} positives and {FEWEST} negatives")
    return result


def _policy(model: Judge, frame: pd.DataFrame, prevalence: Sequence[str]) -> ResolvedPolicy:
    policy = model.policy(prevalence=prevalence)
    if not policy.needs_run:
        return policy.resolve()
    return policy.resolve(dict(zip(model.labels, model.predict_proba(frame["text"]).T, strict=True)))


def _table(path: Path) -> pd.DataFrame:
    if path.suffix not in (".csv", ".jsonl", ".parquet"):
        raise DataError(
            f"{path}: a labelled table is a .csv, .jsonl or .parquet file, or a registered corpus"
        )
    if path.suffix == ".jsonl":
        frame = pd.read_json(path, lines=True)
    else:
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    carried = [label for label in LABELS if label in frame.columns]
    if "text" not in frame.columns or not carried:
        raise DataError(
            f"{path} needs a column 'text' and at least one named as a label: {', '.join(LABELS)}"
        )
    frame["text"] = frame["text"].fillna("").astype(str)
    frame[carried] = frame[carried].astype(np.float64)
    return frame
