"""Our probabilities beside the Perspective API's published scores: thresholds translated, mapping made.

    python benchmarks/perspective_scale.py --corpora DIR

Only texts that the model was not trained on count: those that are on another side of its recipe's split, or
in none of its corpora. Writes the mapping for `moderation serve --scale perspective`
(`moderation/serve/scale.json`), the figures (`benchmarks/results/perspective.json`) and the table between the
marks in `docs/perspective.md`. To be run again whenever the model changes.

The mapping pairs the values of equal rank. How well it holds is measured on one half of the texts with the
mapping of the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.classify.model import Model, load_model
from moderation.serve.attributes import SCALED
from moderation.serve.scale import SCALE_FILE
from moderation.train.corpora import corpora_folder, load_corpus
from moderation.train.pipeline import training_frame
from moderation.train.recipe import read_recipe
from moderation.train.splits import halves, split_by_group
from moderation.train.templates import KINDS

F64 = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "perspective.json"
PAGE = ROOT / "docs" / "perspective.md"
BEGIN, END = "<!-- translation: benchmarks/perspective_scale.py -->\n", "<!-- end of translation -->\n"

CORPUS = "perspective_2k"
KNOTS = 50
THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
HALVES = 77
"""Another seed than any recipe's: by the same one, all that is left out of training is in one half."""

FEWEST = 10
"""Flagged comments below which a threshold cannot be chosen."""


def main() -> int:
    """Compute everything and write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="fast")
    parser.add_argument("--corpora", type=Path, help="folder of the corpora; default: MODERATION_CORPORA")
    options = parser.parse_args()
    model = load_model(options.model)
    texts, everything = unseen(model, corpora_folder(options.corpora))
    print(f"{len(texts)} of {everything} texts were not trained on", file=sys.stderr)
    scale = {
        "model": {"name": model.name, "digest": model.digest},
        "texts": len(texts),
        "attributes": {
            label: {"attribute": attribute, **mapping(texts[f"p_{label}"], texts[label])}
            for label, attribute in SCALED.items()
        },
    }
    SCALE_FILE.write_text(json.dumps(scale, indent=1) + "\n", "utf-8")
    figures = {
        "model": f"{model.name}@{model.digest[:16]}",
        "texts": len(texts),
        "all": everything,
        "attributes": {attribute: translated(texts, label) for label, attribute in SCALED.items()},
    }
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    page = PAGE.read_text("utf-8")
    PAGE.write_text(with_table(page, figures), "utf-8")
    return 0


def unseen(model: Model, corpora: Path) -> tuple[pd.DataFrame, int]:
    """Return the texts that a model was not trained on, with its probabilities, and the number of all."""
    recipe = read_recipe(model.path / "recipe.toml")
    frame = training_frame(recipe, corpora)
    side = split_by_group(frame, seed=recipe.seed).mask(frame["corpus"].isin(KINDS), "train")
    trained = set(frame.loc[side == "train", "near"])
    texts = load_corpus(CORPUS, corpora)
    fresh = texts[~texts["near"].isin(trained)].reset_index(drop=True)
    probabilities = model.predict_proba(fresh["text"]).astype(np.float64)
    for column, label in enumerate(model.labels):
        fresh[f"p_{label}"] = probabilities[:, column]
    return fresh, len(texts)


def mapping(ours: pd.Series[float], theirs: pd.Series[float]) -> dict[str, list[float]]:
    """Return the knots of a monotone line that takes our values to theirs of equal rank."""
    first, second = np.sort(ours.to_numpy(np.float64)), np.sort(theirs.to_numpy(np.float64))
    # Closer together at the top, where thresholds are.
    ranks = np.unique(np.round((len(first) - 1) * (1 - np.linspace(1, 0, KNOTS) ** 2)).astype(int))
    x = np.concatenate(([0.0], first[ranks], [1.0])).round(6)
    y = np.concatenate(([0.0], second[ranks], [1.0])).round(6)
    kept = np.concatenate((np.diff(x) > 0, [True]))
    return {"ours": x[kept].tolist(), "theirs": y[kept].tolist()}


def translated(texts: pd.DataFrame, label: str) -> dict[str, Any]:
    """Return what becomes of usual thresholds of one attribute."""
    ours, theirs = (texts[name].to_numpy(np.float64) for name in (f"p_{label}", label))
    ranks = [pd.Series(values).rank().to_numpy() for values in (ours, theirs)]
    return {
        "rank correlation": round(float(np.corrcoef(*ranks)[0, 1]), 3),
        "thresholds": {f"{threshold:g}": _at(texts, label, threshold) for threshold in THRESHOLDS},
    }


def with_table(page: str, figures: dict[str, Any]) -> str:
    """Return the page with its table replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + table(figures) + END + tail


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        f"Model `{figures['model']}`, on the {figures['texts']} of {figures['all']} texts "
        "that it was not trained on.",
        "",
        "| attribute | theirs | flagged | ours, as many | ours, best agreement | κ | flagged, mapped |",
        "|---|---|---|---|---|---|---|",
    ]
    for attribute, found in figures["attributes"].items():
        for threshold, at in found["thresholds"].items():
            cells = [f"`{attribute}`", threshold, f"{at['flagged']} ({at['share']:.1%})"]
            if at["as many"] is None:
                cells += ["too few", "too few", "", f"{at['mapped share']:.1%}"]
            else:
                cells += [
                    f"{at['as many']:.3f}", f"{at['best']:.3f}", f"{at['kappa']:.2f}",
                    f"{at['mapped share']:.1%}",
                ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _at(texts: pd.DataFrame, label: str, threshold: float) -> dict[str, Any]:
    ours, theirs = (texts[name].to_numpy(np.float64) for name in (f"p_{label}", label))
    flagged = theirs >= threshold
    count = int(flagged.sum())
    found: dict[str, Any] = {
        "flagged": count,
        "share": round(count / len(texts), 4),
        "as many": None,
        "best": None,
        "kappa": None,
        "mapped share": round(_mapped_share(texts, label, threshold), 4),
    }
    if count >= FEWEST:
        found["as many"] = round(float(np.sort(ours)[::-1][count - 1]), 4)
        found["best"], found["kappa"] = _best(ours, flagged)
    return found


def _best(ours: F64, flagged: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the threshold of ours that agrees best with their flags, by Cohen's kappa, and that kappa."""
    order = np.argsort(-ours)
    hits, taken = np.cumsum(flagged[order]), np.arange(1, len(ours) + 1)
    total, count = len(ours), int(flagged.sum())
    same = (hits + total - taken - count + hits) / total
    chance = (taken * count + (total - taken) * (total - count)) / total**2
    kappa = (same - chance) / (1 - chance)
    # Of equal values all are flagged or none.
    kappa[:-1][np.diff(ours[order]) == 0] = -1
    at = int(kappa.argmax())
    return round(float(ours[order][at]), 4), round(float(kappa[at]), 3)


def _mapped_share(texts: pd.DataFrame, label: str, threshold: float) -> float:
    """Return the share that reaches a threshold of theirs, each half by the other half's mapping."""
    first, second = halves(texts, seed=HALVES)
    reached = 0
    for fitted, measured in ((first, second), (second, first)):
        knots = mapping(fitted[f"p_{label}"], fitted[label])
        values = np.interp(measured[f"p_{label}"].to_numpy(), knots["ours"], knots["theirs"])
        reached += int((values >= threshold).sum())
    return reached / len(texts)


if __name__ == "__main__":
    sys.exit(main())
