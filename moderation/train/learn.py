"""Decisions as a corpus: training with them, and whether the model got better by it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from moderation.classify.model import load_model
from moderation.classify.prevalence import reference_prevalence, shifted
from moderation.errors import DataError, UsageError
from moderation.schema import LABELS
from moderation.train.decided import DECISIONS, WEIGHT, with_decisions
from moderation.train.evaluate import measure
from moderation.train.judge import Judge
from moderation.train.pipeline import train, training_frame
from moderation.train.recipe import Recipe, Say, read_recipe
from moderation.train.splits import near_groups, split_by_group, text_groups

F64 = npt.NDArray[np.float64]

FEWEST: Final = 20
"""Decided comments to train on, and held-out ones to compare by: fewer tell nothing."""

TOLERANCE: Final = 0.005
"""ROC-AUC that a label may lose on the standard validation: less is not seen in any list of flags."""

_DRAWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model before and after it was trained with decisions.

    Parameters
    ----------
    decisions : DataFrame
        Held-out decided comments: label (or "all"), rows, positives, log_loss_before, log_loss_after,
        auc_before, auc_after (NaN where only one class is there).
    low, high : float
        95 % interval of the change of the log loss over all labels; NaN for fewer than `FEWEST` comments.
    standard : DataFrame
        The standard validation: label, corpora, auc_before, auc_after; means over the recipe's corpora.
    """

    decisions: pd.DataFrame
    low: float
    high: float
    standard: pd.DataFrame

    @property
    def worse(self) -> list[str]:
        """What got worse, in words; empty where nothing did."""
        found = []
        if self.low > 0:
            found.append(f"the log loss on held-out decisions grew by {self.low:.3f} to {self.high:.3f}")
        lost = self.standard["auc_before"] - self.standard["auc_after"]
        for label, points in zip(self.standard["label"], lost, strict=True):
            if points > TOLERANCE:
                found.append(f"{label} lost {points:.3f} of ROC-AUC on the standard validation")
        return found

    @property
    def verdict(self) -> str:
        """What the interval of the log loss says of the held-out decisions."""
        if np.isnan(self.low):
            return "too few decisions are held out to say whether they are now judged better"
        change = f"held-out decisions are judged {{}} (95 % interval {self.low:+.3f} to {self.high:+.3f})"
        if self.low <= 0 <= self.high:
            return change.format("neither better nor worse: the change of the log loss may be chance")
        return change.format("worse" if self.low > 0 else "better")


def decision_corpus(rows: pd.DataFrame) -> pd.DataFrame:
    """Return decided comments as a corpus, one row per text.

    Parameters
    ----------
    rows : DataFrame
        Of `moderation.train.decided.decided_rows`: text and a column per label.

    Raises
    ------
    DataError
        There are too few.
    """
    known = rows[rows["text"].str.strip().ne("") & rows[list(LABELS)].notna().any(axis=1)]
    corpus = known[["text", *LABELS]].astype(dict.fromkeys(LABELS, np.float32)).reset_index(drop=True)
    corpus["group"] = text_groups(corpus["text"])
    corpus["near"] = corpus["leader"] = near_groups(corpus["text"])
    corpus = corpus.drop_duplicates("group", ignore_index=True)
    if len(corpus) < FEWEST:
        raise DataError(f"{len(corpus)} decided comments are too few to train with; {FEWEST} are needed")
    corpus["weight"] = np.float32(1)
    corpus["corpus"], corpus["language"], corpus["source_split"] = DECISIONS, "en", ""
    corpus["row"] = np.arange(len(corpus), dtype=np.int64)
    return corpus


def learn(
    recipe_path: Path,
    out: Path,
    corpora: Path,
    rows: pd.DataFrame,
    before: Judge,
    *,
    weight: float = WEIGHT,
    licences: Iterable[str] = (),
    say: Say = lambda _: None,
) -> tuple[Path, Comparison]:
    """Train a model with decisions beside the place where it will stand, and compare it with the one before.

    Parameters
    ----------
    recipe_path, out, corpora, licences, say
        As of `moderation.train.pipeline.train`.
    rows : DataFrame
        Decided comments, see `decision_corpus`. Some are held out by the project's rule: by a hash of the
        text, near duplicates together.
    before : Judge
        The model to compare with.
    weight : float
        Of the decisions among the corpora of a label.

    Returns
    -------
    draft : Path
        Folder of the new bundle: to be put in place by `settle`, or dropped.
    comparison : Comparison

    Raises
    ------
    UsageError
        The recipe makes a second tier, or `before` has other labels.
    """
    recipe = read_recipe(recipe_path, licences)
    if recipe.kind != "linear":
        raise UsageError(f"{recipe_path}: decisions train the first tier only, not one of kind {recipe.kind}")
    if set(before.labels) != set(recipe.labels):
        raise UsageError(f"{before.path} has other labels than {recipe_path}; compare with another model")
    corpus = decision_corpus(rows)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        model = train(recipe_path, draft, corpora, licences=licences, say=say, decided=(corpus, weight))
        say("comparing with the model before")
        comparison = _compare(before, model, recipe, training_frame(recipe, corpora), corpus)
    except BaseException:
        shutil.rmtree(draft)
        raise
    (draft / "decisions.json").write_text(json.dumps(_facts(corpus, weight, comparison), indent=1) + "\n")
    return draft, comparison


def settle(draft: Path, out: Path) -> Judge:
    """Put a trained bundle in its place and return it; files of an older bundle there are replaced."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(draft.iterdir()):
        path.replace(out / path.name)
    draft.rmdir()
    return load_model(out)


def _compare(
    before: Judge, after: Judge, recipe: Recipe, frame: pd.DataFrame, corpus: pd.DataFrame
) -> Comparison:
    _, whole = with_decisions(recipe, frame, corpus)
    side = split_by_group(whole, seed=recipe.seed)
    decided = (whole["corpus"] == DECISIONS).to_numpy()
    # Decisions calibrate nothing, so that two sides are free to compare by.
    held = whole[decided & side.isin(("valid", "test")).to_numpy()]
    test = ~decided & (side == "test").to_numpy()
    losses, table = _on_decisions(before, after, recipe, held)
    low, high = _change(losses) if len(held) >= FEWEST else (np.nan, np.nan)
    standard = _standard(recipe, *(measure(model, whole, test) for model in (before, after)))
    return Comparison(table, low, high, standard)


def _on_decisions(
    before: Judge, after: Judge, recipe: Recipe, held: pd.DataFrame
) -> tuple[F64, pd.DataFrame]:
    """Return log losses, shape (comments, labels, 2), NaN where not judged, and the table of them."""
    losses = np.full((len(held), len(recipe.labels), 2), np.nan)
    records: list[dict[str, Any]] = []
    scores = [
        dict(zip(model.labels, model.predict_proba(held["text"]).T.astype(np.float64), strict=True))
        for model in (before, after)
    ]
    for column, label in enumerate(recipe.labels):
        truth = held[label].to_numpy(np.float64)
        known = ~np.isnan(truth)
        if not known.any():
            continue
        positive = truth[known] > 0.5
        # People decide on flagged comments, where a label is far more common than in a dump.
        share = (positive.sum() + 1) / (known.sum() + 2)
        record: dict[str, Any] = {"label": label, "rows": int(known.sum()), "positives": int(positive.sum())}
        for place, (model, when) in enumerate(((before, "before"), (after, "after"))):
            reference = reference_prevalence(model.config)[label]
            moved = shifted(scores[place][label][known], reference, share).clip(1e-6, 1 - 1e-6)
            losses[known, column, place] = -np.log(np.where(positive, moved, 1 - moved))
            record[f"log_loss_{when}"] = losses[known, column, place].mean()
            both = 0 < positive.sum() < len(positive)
            record[f"auc_{when}"] = roc_auc_score(positive, moved) if both else np.nan
        records.append(record)
    if records:
        mean = np.nanmean(losses.reshape(-1, 2), axis=0)
        whole = {"label": "all", "rows": len(held), "log_loss_before": mean[0], "log_loss_after": mean[1]}
        records.insert(0, whole)
    columns = [
        "label", "rows", "positives", "log_loss_before", "log_loss_after", "auc_before", "auc_after",
    ]  # fmt: skip
    return losses, pd.DataFrame(records, columns=columns)


def _change(losses: F64) -> tuple[float, float]:
    """Return the 95 % interval of the mean change of the loss, by bootstrap over comments."""
    change = losses[:, :, 1] - losses[:, :, 0]
    sums, counts = np.nansum(change, axis=1), (~np.isnan(change)).sum(axis=1)
    drawn = np.random.default_rng(1).integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / np.maximum(counts[drawn].sum(axis=1), 1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _standard(recipe: Recipe, before: dict[str, Any], after: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for label in recipe.labels:
        corpora = sorted(set(before[label]) & set(after[label]))
        means = [np.mean([found[label][name]["roc_auc"] for name in corpora]) if corpora else np.nan
                 for found in (before, after)]  # fmt: skip
        rows.append((label, len(corpora), *means))
    return pd.DataFrame(rows, columns=["label", "corpora", "auc_before", "auc_after"])


def _facts(corpus: pd.DataFrame, weight: float, comparison: Comparison) -> dict[str, Any]:
    """Return what a bundle says of the decisions in it: counts and figures, no text."""
    stated = corpus.sort_values("group")[["group", *LABELS]].to_csv(index=False)
    plain = [frame.astype(object).where(frame.notna(), None) for frame in
             (comparison.decisions, comparison.standard)]  # fmt: skip
    return {
        "comments": len(corpus),
        "weight": weight,
        "digest": sha256(stated.encode()).hexdigest(),
        "held_out": plain[0].to_dict("records"),
        "standard": plain[1].to_dict("records"),
    }
