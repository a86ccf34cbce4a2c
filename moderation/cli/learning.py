"""`train --decisions`: a model that learns from decisions, shown beside the one before."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from moderation.cli.console import complain, remark, show_table
from moderation.errors import DataError, UsageError

if TYPE_CHECKING:
    from moderation.train.judge import Judge
    from moderation.train.learn import Comparison
    from moderation.train.recipe import Say


def learn_from(
    decisions: str,
    run: Path | None,
    recipe: Path,
    out: Path,
    corpora: Path,
    weight: float | None,
    before: str | None,
    even_if_worse: bool,
    licences: Iterable[str],
    say: Say,
) -> Judge:
    """Train with decisions, print before and after, and put the model in its place unless it got worse.

    Raises
    ------
    UsageError
        A weight that is none, or no model to compare with.
    DataError
        The model got worse; nothing is written.
    """
    from moderation.decisions.exchange import load_decisions
    from moderation.schema import LABELS
    from moderation.score.run import Run
    from moderation.train.decided import WEIGHT, decided_rows
    from moderation.train.learn import learn, settle

    if weight is not None and not 0 < weight < float("inf"):
        raise UsageError(f"--weight {weight:g}: a number above 0, such as {WEIGHT:g}")
    compared = _before(recipe, before)
    rows, missing = decided_rows(load_decisions(decisions), LABELS, Run.open(run) if run else None)
    if missing:
        where = "in the run" if run is not None else "there without a text; name the --run"
        remark(f"{missing:,} decided comments are not {where}")
    draft, found = learn(
        recipe, out, corpora, rows, compared, weight=weight or WEIGHT, licences=licences, say=say
    )
    _show(found)
    if found.worse and not even_if_worse:
        shutil.rmtree(draft)
        raise DataError(
            f"the model got worse, nothing is written: {'; '.join(found.worse)}; "
            "to write it all the same: --even-if-worse"
        )
    for line in found.worse:
        complain(line)
    return settle(draft, out)


def _before(recipe: Path, named: str | None) -> Judge:
    from moderation.classify.model import load_model
    from moderation.train.recipe import read_recipe

    if named is None:
        beside = (recipe.parent / "config.json").is_file()
        named = str(recipe.parent) if beside else read_recipe(recipe).name
    return load_model(named)


def _show(found: Comparison) -> None:
    def number(value: float) -> str:
        return "-" if value != value else f"{value:.3f}"

    show_table(
        ("held-out decisions", "comments", "positive", "log loss before", "after", "ROC-AUC before", "after"),
        [
            (
                row["label"],
                f"{row['rows']:.0f}",
                "" if row["positives"] != row["positives"] else f"{row['positives']:.0f}",
                *(
                    number(row[f"{name}_{when}"])
                    for name in ("log_loss", "auc")
                    for when in ("before", "after")
                ),
            )
            for row in found.decisions.to_dict("records")
        ],
    )
    remark(found.verdict)
    show_table(
        ("standard validation", "corpora", "ROC-AUC before", "after"),
        [
            (row["label"], f"{row['corpora']:.0f}", number(row["auc_before"]), number(row["auc_after"]))
            for row in found.standard.to_dict("records")
        ],
    )
