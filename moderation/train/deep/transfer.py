"""Does the second tier carry a label over to a corpus that it was not trained on? Leaving each one out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from moderation.train.deep.cascade import fit_share
from moderation.train.deep.recipe import DeepRecipe
from moderation.train.deep.weights import fit_encoder, float_logits
from moderation.train.fit import Design, design, fit_label
from moderation.train.mix import BACKGROUND
from moderation.train.recipe import Recipe, Say
from moderation.train.splits import split_by_group
from moderation.train.templates import written_by_people
from moderation.train.transfer import SHARES, judged, near_rows, thinned

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

JOINED: Final = 1500
"""Held-out texts of the other corpora on which it is fitted how much either tier counts."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What models say of a corpus that none of them was trained on.

    Parameters
    ----------
    corpus : str
    rows, positives : int
        Of the whole corpus, which the ROC-AUCs are measured on.
    trainings, shown, seconds : int
        Trainings of the encoder, the texts that all of them were shown, and how long that took.
    linear, deep, both : float
        ROC-AUC of the linear model, of the encoder, and of the two together.
    held_rows : int
        Rows on the test side of the first split, which the linear model's card is measured on.
    held : dict of str to float
        `linear`, `deep` and `both` on these rows alone.
    """

    corpus: str
    rows: int
    positives: int
    trainings: int
    shown: int
    seconds: int
    linear: float
    deep: float
    both: float
    held_rows: int
    held: dict[str, float]


def carried(
    frame: pd.DataFrame,
    label: str,
    names: list[str],
    recipes: tuple[Recipe, DeepRecipe],
    folder: Path,
    say: Say = lambda _: None,
) -> Iterator[Carried]:
    """Leave each corpus out of the training of a label, and measure both tiers on it.

    Both learn from the training side of the other corpora, ordinary comments among them, and from all that a
    program wrote, without near duplicates of what is left out. How much either counts is fitted on the other
    side of those corpora.

    Parameters
    ----------
    frame : DataFrame
        From `training_frame`.
    label : str
    names : list of str
        Corpora to leave out; see `candidates`.
    recipes : (Recipe, DeepRecipe)
        Of the linear model, and of the encoder.
    folder : Path
        For checkpoints, from which a stopped training goes on: a folder for each corpus.
    say : callable

    Yields
    ------
    Carried
    """
    linear, deep = recipes
    used = frame[label].notna() & frame["corpus"].isin({*linear.labels[label].corpora, *deep.shown})
    part = frame[used & thinned(frame)].reset_index(drop=True)
    learn = (split_by_group(part, 1, SHARES) == "train").to_numpy() | ~written_by_people(part)
    say(f"vectorising {len(part):,} texts")
    data = design(part, learn, linear, ())
    for name in names:
        (folder / name).mkdir(exist_ok=True)
        yield _left_out(name, label, data, learn, recipes, folder / name, say)


def candidates(frame: pd.DataFrame, label: str, recipe: Recipe) -> list[str]:
    """Return the corpora that can be left out: those in which people judged the label, both classes of it."""
    return [name for name in recipe.labels[label].corpora if judged(frame, name, label)]


def _left_out(
    name: str,
    label: str,
    data: Design,
    learn: Bool,
    recipes: tuple[Recipe, DeepRecipe],
    states: Path,
    say: Say,
) -> Carried:
    linear, deep = recipes
    part, stated = data.frame, linear.labels[label]
    corpus, truth = part["corpus"].to_numpy(), part[label].to_numpy(np.float64) > 0.5
    here = corpus == name
    alien = ~near_rows(part, here)
    first: F64 = data.matrix @ fit_label(data, label, stated.without(name), learn & alien, linear.seed)
    say(f"{name}: linear {roc_auc_score(truth[here], first[here]):.4f}")
    learnt = fit_encoder(part[learn & alien], _without(deep, label, name), states, say)
    known = np.flatnonzero(~learn & alien & (corpus != BACKGROUND))
    known = np.random.default_rng(deep.common.seed).permutation(known)[:JOINED]
    asked = np.concatenate((known, np.flatnonzero(here)))
    texts = part["text"].iloc[asked].tolist()
    second = np.full(len(part), np.nan)
    second[asked] = float_logits(learnt.encoder, learnt.tokenizer, texts, deep.encoder.scored)[:, 0]
    share = fit_share(first[known], second[known], truth[known], corpus[known])
    scores = {"linear": first, "deep": second, "both": (1 - share) * first + share * second}
    return Carried(
        name,
        int(here.sum()),
        int(truth[here].sum()),
        learnt.facts["trainings"],
        learnt.facts["texts"],
        learnt.facts["seconds"],
        **_measured(truth, scores, here),
        held_rows=int((here & ~learn).sum()),
        held=_measured(truth, scores, here & ~learn),
    )


def _without(recipe: DeepRecipe, label: str, name: str) -> DeepRecipe:
    """Return the recipe of an encoder with one label, which one corpus is left out of."""
    common = replace(recipe.common, labels={label: recipe.common.labels[label].without(name)})
    return replace(recipe, common=common).without(name)


def _measured(truth: Bool, scores: dict[str, F64], rows: Bool) -> dict[str, float]:
    return {name: round(float(roc_auc_score(truth[rows], score[rows])), 4) for name, score in scores.items()}
