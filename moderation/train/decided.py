"""Comments that people decided on, as labelled rows: texts and scores from a run, labels from decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.decisions import Decision, text_digest
from moderation.decisions.judged import Judged, judged
from moderation.decisions.truth import opinions
from moderation.schema import probability_column
from moderation.train.recipe import Recipe

if TYPE_CHECKING:
    from moderation.score.run import Run

DECISIONS: Final = "decisions"
"""Name of the decisions among the corpora."""

WEIGHT: Final = 4.0
"""Of the decisions, relative to the corpora of a recipe: as much as the examples written for the project."""

KEYS: Final = ("comment_id", "thread_id", "text_digest", "text")


def decided_rows(
    decisions: Iterable[Decision], labels: Sequence[str], run: Run | None = None
) -> tuple[pd.DataFrame, int]:
    """Return comments that were decided on.

    Parameters
    ----------
    decisions : iterable of Decision
        Where several people judged a label of a comment, the latest opinion counts; a skip is none.
    labels : sequence of str
        Labels to tell.
    run : Run, optional
        Where the comments are, matched by id, thread (where the decision names one) and text; without it,
        only decisions that carry a text are of use.

    Returns
    -------
    frame : DataFrame
        comment_id, thread_id, text_digest, text, a float64 column per label (1, 0, or NaN where nobody
        judged it), and from a run `p_<label>` of its scores. A comment that stands in the run twice is one.
    missing : int
        Decided comments whose text is nowhere.
    """
    comments = judged(decisions)
    columns = [*KEYS, *labels]
    found = _in_run(comments, run) if run is not None else _with_text(comments)
    if run is not None:
        columns += [probability_column(label) for label in run.labels]
    rows = []
    for comment, record in found:
        opinion = opinions(comment, labels)
        truth = {label: float(opinion[label]) if label in opinion else np.nan for label in labels}
        rows.append({**record, **truth, "text_digest": comment.text_digest})
    frame = pd.DataFrame(rows, columns=columns)
    numbers = [name for name in columns if name not in KEYS]
    return frame.astype(dict.fromkeys(numbers, np.float64)), len(comments) - len(rows)


def with_decisions(
    recipe: Recipe, frame: pd.DataFrame, corpus: pd.DataFrame, weight: float = WEIGHT
) -> tuple[Recipe, pd.DataFrame]:
    """Return a recipe and its rows with the decisions as one more corpus of each label that they judge."""
    labels = {
        label: replace(stated, corpora={**stated.corpora, DECISIONS: weight})
        if corpus[label].notna().any()
        else stated
        for label, stated in recipe.labels.items()
    }
    return replace(recipe, labels=labels), pd.concat([frame, corpus], ignore_index=True)


def _with_text(comments: Iterable[Judged]) -> list[tuple[Judged, dict[str, Any]]]:
    found = []
    for comment in comments:
        texts = [made.text for made in comment.decisions if made.text is not None]
        if texts:
            record = {"comment_id": comment.comment_id, "thread_id": comment.thread_id, "text": texts[-1]}
            found.append((comment, record))
    return found


def _in_run(comments: Iterable[Judged], run: Run) -> list[tuple[Judged, dict[str, Any]]]:
    wanted: dict[str, list[Judged]] = defaultdict(list)
    for comment in comments:
        wanted[comment.comment_id].append(comment)
    ids = pa.array(list(wanted), pa.string())
    columns = ["comment_id", "thread_id", "text", *map(probability_column, run.labels)]
    found: dict[int, tuple[Judged, dict[str, Any]]] = {}
    for batch in run.batches(columns) if wanted else ():
        for row in batch.filter(pc.is_in(batch["comment_id"], value_set=ids)).to_pylist():
            digest = text_digest(row["text"])
            for comment in wanted[row["comment_id"]]:
                if comment.text_digest == digest and comment.thread_id in ("", row["thread_id"]):
                    found.setdefault(id(comment), (comment, row))
    return list(found.values())
