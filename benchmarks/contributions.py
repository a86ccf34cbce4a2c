"""What each corpus of a label adds to a linear model of it, asked about corpora that it was not trained on.

    python benchmarks/contributions.py --corpora DIR [--label LABEL]

Each corpus that people judged is left out in turn, with all near duplicates; the model learns from the
training side of the others by the recipe of `models/fast`, then once more without each of them. What ROC-AUC
on the left-out corpus loses is what the missing one has added.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from moderation.train.corpora import corpora_folder
from moderation.train.fit import Design, design, fit_label
from moderation.train.pipeline import sides, training_frame
from moderation.train.recipe import LabelRecipe, read_recipe
from moderation.train.transfer import judged, near_rows, thinned

ROOT = Path(__file__).parents[1]
ALL = "all others"


def main() -> None:
    options = _options()
    recipe = read_recipe(ROOT / "models" / "fast" / "recipe.toml")
    stated = recipe.labels[options.label]
    recipe = replace(recipe, labels={options.label: stated})
    frame = training_frame(recipe, corpora_folder(options.corpora))
    frame = frame[frame[options.label].notna().to_numpy() & thinned(frame)].reset_index(drop=True)
    learn = (sides(frame, recipe.seed) == "train").to_numpy()
    found = contributions(design(frame, learn, recipe, ()), options.label, stated, learn, recipe.seed)
    out = options.json / f"contributions_{options.label}.json"
    out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(table(found))


def contributions(
    data: Design, label: str, stated: LabelRecipe, learn: np.ndarray, seed: int
) -> dict[str, dict[str, float]]:
    """Return ROC-AUC by what is left out, then by what is missing besides; `ALL` where nothing is."""
    frame, found = data.frame, {}
    truth, corpus = frame[label].to_numpy(np.float64) > 0.5, frame["corpus"].to_numpy()
    for name in (name for name in stated.corpora if judged(frame, name, label)):
        here = corpus == name
        alien, others = learn & ~near_rows(frame, here), stated.without(name)
        row = found[name] = {}
        for missing in (ALL, *others.corpora):
            margin = data.matrix @ fit_label(data, label, others.without(missing), alien, seed)
            row[missing] = round(float(roc_auc_score(truth[here], margin[here])), 4)
        print(f"{name}: {row}", flush=True)
    return found


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Return what each corpus adds, in thousandths of ROC-AUC, as a table in Markdown."""
    missing = list(dict.fromkeys(name for row in found.values() for name in row if name != ALL))
    lines = [f"| without | {' | '.join(found)} | mean |", "|---|" + "---|" * (len(found) + 1)]
    for name in missing:
        lost = [1000 * (row[ALL] - row[name]) if name in row else np.nan for row in found.values()]
        cells = ["" if np.isnan(value) else f"{round(value):+d}" for value in [*lost, np.nanmean(lost)]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="folder of the labelled corpora")
    parser.add_argument("--label", default="conspiracy", metavar="LABEL", help="default: conspiracy")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="DIR",
        default=ROOT / "benchmarks" / "results",
        help="folder of the figures",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
