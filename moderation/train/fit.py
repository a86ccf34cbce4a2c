"""Frames of labelled texts become the weights of a model: one logistic regression per label.

Corpora define labels differently and differ in how common they are, so each corpus has an intercept of its
own during training (dropped afterwards) and a total weight set by the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from moderation.classify.weights import Weights, encode
from moderation.text.vectorizer import ChunkVectorizer
from moderation.train.recipe import LabelRecipe, Recipe

F64 = npt.NDArray[np.float64]

INTERCEPT_SCALE = 3.0
"""Value of a corpus's own intercept column: large, so that the penalty hardly holds it back."""

UNSEEN = 0.1
"""Weight that each feature has in each class beforehand; 1 gave less on validation."""


@dataclass(frozen=True, slots=True)
class Design:
    """Training rows of all labels as one matrix.

    Parameters
    ----------
    frame : DataFrame, n rows
        From `load_corpora`: `text`, a column per label (NaN = not labelled), `weight`, `corpus`, `group`.
    vectorizer : ChunkVectorizer
        Fitted.
    matrix : csr_matrix of float32, shape (n, features)
    """

    frame: pd.DataFrame
    vectorizer: ChunkVectorizer
    matrix: sp.csr_matrix


def design(
    frame: pd.DataFrame, learn: npt.NDArray[np.bool_], recipe: Recipe, lexicon: tuple[str, ...]
) -> Design:
    """Fit the vectorizer on the rows to learn from, and vectorise all."""
    vectorizer = ChunkVectorizer(**recipe.vectorizer, lexicon=lexicon).fit(frame["text"][learn])
    return Design(frame, vectorizer, vectorizer.transform(frame["text"]))


def row_weights(frame: pd.DataFrame, label: str, corpora: dict[str, float]) -> F64:
    """Return the weight of each row for a label; 0 where it is not labelled or its corpus is not used.

    A corpus's weights add up to `weight * sqrt(rows)` in units that average to 1: a large corpus counts for
    more than a small one, but not in proportion.
    """
    labelled = frame[label].notna().to_numpy()
    factor = frame["corpus"].map(corpora).fillna(0).to_numpy(np.float64)
    weight = np.where(labelled, factor * frame["weight"].to_numpy(np.float64), 0)
    used = frame["corpus"].where(weight > 0)
    rows = used.map(used.value_counts()).to_numpy(np.float64)
    weight = np.divide(weight, np.sqrt(rows), out=np.zeros_like(weight), where=weight > 0)
    total = weight.sum()
    return weight * (weight > 0).sum() / total if total else weight


def fit_label(data: Design, label: str, recipe: LabelRecipe, rows: npt.NDArray[np.bool_], seed: int) -> F64:
    """Train one label and return its coefficients, shape (features,).

    Parameters
    ----------
    data : Design
    label : str
    recipe : LabelRecipe
    rows : ndarray of bool, shape (n,)
        Rows that may be used.
    seed : int
    """
    weight = row_weights(data.frame[rows], label, recipe.corpora)
    at = np.flatnonzero(rows)[weight > 0]
    weight = weight[weight > 0]
    value = data.frame[label].to_numpy(np.float64)[at]
    # A corpus of one class has no intercept of its own: it would explain all that the corpus says.
    corpus = pd.Categorical(data.frame["corpus"].to_numpy()[at])
    positives = np.bincount(corpus.codes, value, len(corpus.categories))
    mixed = (positives > 0) & (positives < np.bincount(corpus.codes, minlength=len(positives)))
    intercepts = np.where(mixed, INTERCEPT_SCALE, 0).astype(np.float32)
    own = sp.csr_matrix(
        (intercepts[corpus.codes], corpus.codes, np.arange(len(at) + 1)), (len(at), len(intercepts))
    )
    matrix = data.matrix[at]
    scale = ratio_scale(matrix, weight * value, weight * (1 - value), recipe.ratio_power)
    features = sp.hstack((matrix @ sp.diags(scale), own), format="csr")
    # A soft label is a row on both sides, each with its share.
    positive, negative = np.flatnonzero(value > 0), np.flatnonzero(value < 1)
    order = np.concatenate((positive, negative))
    target = np.concatenate((np.ones(len(positive)), np.zeros(len(negative))))
    share = np.concatenate((weight[positive] * value[positive], weight[negative] * (1 - value[negative])))
    # Dual coordinate descent (Yu, Huang and Lin, 2011) is several times faster here than the primal solvers.
    model = LogisticRegression(
        C=recipe.strength, solver="liblinear", dual=True, tol=0.01, max_iter=1000, random_state=seed
    )
    model.fit(features[order], target, sample_weight=share)
    coefficients: F64 = model.coef_[0, : len(scale)] * scale
    return coefficients


def ratio_scale(matrix: sp.csr_matrix, positive: F64, negative: F64, power: float) -> npt.NDArray[np.float32]:
    """Return what each feature is multiplied by in training: a power of its log-count ratio.

    The penalty then holds back features that are as frequent in both classes, and lets go those of one.
    Wang and Manning (2012), "Baselines and bigrams: simple, good sentiment and topic classification".

    Parameters
    ----------
    matrix : csr_matrix, shape (n, features)
    positive, negative : ndarray of float64, shape (n,)
        Weight of each row in either class.
    power : float
        From 0 (all features alike) to 1.

    Returns
    -------
    ndarray of float32, shape (features,)
    """
    if not power:
        return np.ones(matrix.shape[1], np.float32)
    inside, outside = (matrix.T @ weight + UNSEEN for weight in (positive, negative))
    ratio = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    scale: npt.NDArray[np.float32] = (np.abs(ratio) ** power).astype(np.float32)
    return scale


def weights_of(vectorizer: ChunkVectorizer, coefficients: F64) -> Weights:
    """Fold feature values into coefficients, shape (features, labels), and pack them for scoring."""
    used = vectorizer.columns_ >= 0
    values = np.sqrt(vectorizer.table_.squares * vectorizer.table_.unit)
    folded = np.zeros((len(used), coefficients.shape[1]))
    folded[used] = coefficients * values[used, None]
    codes, units = encode(folded)
    return Weights(
        vectorizer.table_,
        codes,
        units,
        vectorizer.vocabulary_,
        tuple(vectorizer.lexicon),
        tuple(vectorizer.grams),
        vectorizer.pairs,
        vectorizer.skips,
    )
