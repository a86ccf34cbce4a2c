"""Write the generated tables of README.md: the labels, and how good the default model is.

`python benchmarks/readme_table.py` writes them between their markers; with `--check` it exits with 1 where
README.md differs. Every figure is read from the bundle that training wrote; nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moderation.classify.model import Model, load_model
from moderation.train.card import DEFINITIONS

ROOT = Path(__file__).resolve().parents[1]
WRITTEN_HERE = "written"
"""Examples written for the project: they say nothing about other people's texts."""


def generated(text: str, model: Model) -> str:
    """Return README's text with its tables made anew."""
    metrics = json.loads((model.path / "metrics.json").read_text("utf-8"))
    text = replaced(text, "labels", labels_table(model))
    return replaced(text, "results", results_table(model, metrics["test"]))


def replaced(text: str, name: str, table: str) -> str:
    """Return a text with what stands between the two markers of that name replaced."""
    pattern = re.compile(rf"(<!-- {name}: start -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"README.md needs exactly one pair of markers '<!-- {name}: start -->' and end")
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


def labels_table(model: Model) -> str:
    """Return one row a label: what it means, and how common the model takes it to be."""
    calibration = model.config["calibration"]
    rows = [
        (f"`{label}`", DEFINITIONS[label], f"{calibration[label]['prevalence']:.0%}")
        for label in model.labels
    ]
    return markdown(("label", "meaning", "reference prevalence"), rows)


def results_table(model: Model, test: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return one row a label: ranking on the held-out parts of its corpora, and the default policy."""
    resolved = model.policy().resolve({})
    rows = []
    for label in model.labels:
        corpora = {name: f for name, f in test.get(label, {}).items() if not name.startswith(WRITTEN_HERE)}
        threshold = resolved.thresholds[label]
        precision = resolved.expected_precision[label]
        rows.append(
            (
                f"`{label}`",
                str(len(corpora)),
                f"{sum(f['rows'] for f in corpora.values()):,}",
                f"{sum(f['positives'] for f in corpora.values()):,}",
                *ranking({name: f["roc_auc"] for name, f in corpora.items()}),
                "not flagged" if threshold is None else f"{threshold:.2f}",
                "–" if precision is None else f"{precision:.2f}",
            )
        )
    titles = ("label", "corpora", "comments", "with it", "median", "lowest", "highest", "flagged from",
              "expected precision")  # fmt: skip
    return markdown(titles, rows)


def ranking(areas: Mapping[str, float]) -> tuple[str, str, str]:
    """Return median, lowest and highest ROC-AUC over corpora, the latter two with the corpus."""
    if not areas:
        return "–", "–", "–"
    lowest, highest = min(areas, key=areas.__getitem__), max(areas, key=areas.__getitem__)
    return (
        f"{statistics.median(areas.values()):.3f}",
        f"{areas[lowest]:.3f} `{lowest}`",
        f"{areas[highest]:.3f} `{highest}`",
    )


def markdown(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether README.md is up to date")
    check = parser.parse_args().check
    readme = ROOT / "README.md"
    before = readme.read_text("utf-8")
    after = generated(before, load_model(ROOT / "models" / "fast"))
    if check:
        if before != after:
            print("README.md differs from the model's figures; run: make readme", file=sys.stderr)
        return int(before != after)
    readme.write_text(after, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
