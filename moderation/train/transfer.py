"""Does a label carry over to a corpus that it was not trained on? Measured by leaving each one out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline, make_union

from moderation.train.corpora_spec import registry
from moderation.train.fit import Design, fit_label
from moderation.train.mix import BACKGROUND
from moderation.train.recipe import LabelRecipe
from moderation.train.splits import split_by_group

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

SHARES: Final = {"train": 0.8, "test": 0.2}
BACKGROUND_EVERY: Final = 8
"""One in so many ordinary comments is used: enough to stand for them, in a fraction of the time."""


def transfer(data: Design, label: str, stated: LabelRecipe, seeds: int) -> dict[str, dict[str, float]]:
    """Measure a label on each of its corpora: trained on all, on all others, and by a plain model of its own.

    Each seed makes a new split of all texts; both linear models see its training side only, and no near
    duplicate of a text stands on both sides. The features are those of the whole design: which exist and how
    frequent they are was counted on the texts (not the labels) of another split.

    Parameters
    ----------
    data : Design
    label : str
    stated : LabelRecipe
    seeds : int
        Splits.

    Returns
    -------
    dict
        Corpus with human labels of both classes to `rows`, `positives` and, as mean and standard deviation
        of ROC-AUC over the seeds, `in_domain`, `plain` (TF-IDF of words and characters, trained on this
        corpus alone) and `left_out`.
    """
    frame = data.frame
    labelled = frame[label].notna().to_numpy()
    names = [name for name in stated.corpora if judged(frame, name, label)]
    used = labelled & frame["corpus"].isin(list(stated.corpora)).to_numpy() & thinned(frame)
    part = Design(frame[used].reset_index(drop=True), data.vectorizer, data.matrix[used])
    found: dict[str, dict[str, list[float]]] = {
        name: {"in_domain": [], "plain": [], "left_out": []} for name in names
    }
    for seed in range(1, seeds + 1):
        learn = (split_by_group(part.frame, seed, SHARES) == "train").to_numpy()
        joint = part.matrix @ fit_label(part, label, stated, learn, seed)
        for name in names:
            here = (part.frame["corpus"] == name).to_numpy()
            far = learn & ~near_rows(part.frame, here)
            alien = part.matrix @ fit_label(part, label, stated.without(name), far, seed)
            truth = part.frame[label].to_numpy(np.float64) > 0.5
            held = here & ~learn
            found[name]["in_domain"].append(float(roc_auc_score(truth[held], joint[held])))
            found[name]["left_out"].append(float(roc_auc_score(truth[held], alien[held])))
            margin = _plain(part.frame["text"], truth, here & learn, held, seed)
            found[name]["plain"].append(float(roc_auc_score(truth[held], margin)))
    return {name: _summary(part.frame, name, label, values) for name, values in found.items()}


def mean_left_out(found: dict[str, dict[str, float]]) -> float:
    """Return the mean ROC-AUC over corpora that were left out."""
    return round(float(np.mean([figures["left_out"] for figures in found.values()])), 4)


def judged(frame: pd.DataFrame, name: str, label: str) -> bool:
    """Return whether people judged a label in a corpus, both classes of it, so that it can be left out."""
    values = frame.loc[frame["corpus"] == name, label].dropna()
    both = bool(len(values)) and 0 < float((values > 0.5).mean()) < 1
    spec = registry().get(name)
    return both and name != BACKGROUND and spec is not None and not (spec.inside or spec.synthetic)


def thinned(frame: pd.DataFrame) -> Bool:
    """Return which rows stay if of ordinary comments one in `BACKGROUND_EVERY` does."""
    ordinary = (frame["corpus"] == BACKGROUND).to_numpy()
    stay: Bool = ~ordinary | (np.arange(len(frame)) % BACKGROUND_EVERY == 0)
    return stay


def near_rows(frame: pd.DataFrame, rows: Bool) -> Bool:
    """Return which rows hold a text of the given ones or a near duplicate of it, those included."""
    near: Bool = frame["near"].isin(set(frame["near"][rows])).to_numpy()
    return near


def _plain(texts: pd.Series[str], truth: Bool, learn: Bool, held: Bool, seed: int) -> F64:
    """Return margins of a plain model of one corpus, for its held-out rows."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    line = LogisticRegression(C=1.0, solver="liblinear", dual=True, max_iter=1000, random_state=seed)
    model = make_pipeline(make_union(words, letters), line).fit(texts[learn], truth[learn])
    margin: F64 = model.decision_function(texts[held])
    return margin


def _summary(frame: pd.DataFrame, name: str, label: str, values: dict[str, list[float]]) -> dict[str, Any]:
    rows = frame.loc[frame["corpus"] == name, label]
    figures: dict[str, Any] = {"rows": len(rows), "positives": int((rows > 0.5).sum())}
    for kind, scores in values.items():
        figures[kind] = round(float(np.mean(scores)), 4)
        figures[f"{kind}_sd"] = round(float(np.std(scores, ddof=len(scores) > 1)), 4)
    return figures
