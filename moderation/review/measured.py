"""What the comments of a run add to decisions: their dates for statements, their flags for precision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.decisions.dsa import Content
from moderation.decisions.event import Decision, text_digest
from moderation.decisions.judged import Judged, judged
from moderation.report.stats import with_rates

if TYPE_CHECKING:
    from moderation.score.run import Run

Opinion = tuple[Sequence[str], Sequence[str] | None]
"""Labels that apply, and labels that were judged; None: all."""

_Made = TypeVar("_Made", Decision, Judged)


def contents(run: Run, decisions: Iterable[Decision]) -> dict[tuple[str, str], Content]:
    """Return date and language of the comments of a run that were decided on, by id and text digest."""
    columns = ["comment_id", "thread_id", "text", "created_at", "language"]
    known = [name for name in columns if name in run.schema.names]
    found: dict[tuple[str, str], Content] = {}
    for made, row in _found(run, known, _by_id(decisions)):
        content = Content(row["created_at"], row.get("language"))
        found.setdefault((made.comment_id, made.text_digest), content)
    return found


def with_texts(decisions: Iterable[Decision], runs: Iterable[Run]) -> Iterator[tuple[Decision, str]]:
    """Iterate over decisions with the texts that they are about, from the runs or from the decisions."""
    texts: dict[tuple[str, str], str] = {}
    made = list(decisions)
    for run in runs:
        lacking = [one for one in made if one.text is None]
        for one, row in _found(run, ["comment_id", "thread_id", "text"], _by_id(lacking)):
            texts[one.comment_id, one.text_digest] = row["text"]
    for one in made:
        text = one.text if one.text is not None else texts.get((one.comment_id, one.text_digest))
        if text is not None:
            yield one, text


def opinions_on_flags(run: Run, decisions: Iterable[Decision]) -> list[tuple[list[Opinion], list[str]]]:
    """Return what `precision` counts of the comments of a run that were decided on."""
    found: dict[int, tuple[list[Opinion], list[str]]] = {}
    for comment, row in _found(run, ["comment_id", "thread_id", "text", "flags"], _by_id(judged(decisions))):
        # A comment that is in the dump twice is one comment.
        opinions: list[Opinion] = [(made.labels, made.checked) for made in comment.decisions]
        found.setdefault(id(comment), (opinions, row["flags"]))
    return list(found.values())


def precision(
    decided: Iterable[tuple[Sequence[Opinion], Sequence[str]]], labels: Sequence[str]
) -> pd.DataFrame:
    """Return how often reviewers confirmed a flag.

    Parameters
    ----------
    decided : iterable of (opinions, flags)
        Per comment, what reviewers said of its labels, oldest first, and its flags.
    labels : sequence of str
        Those to count, in their order.

    Returns
    -------
    DataFrame
        label, judged (flagged comments on which someone judged the label), confirmed, rate, low, high: the
        95 % interval (Wilson). Where several judged, the later opinion counts.
    """
    counts = {label: [0, 0] for label in labels}
    for stated, flags in decided:
        for label in counts.keys() & set(flags):
            opinions = [
                label in applies
                for applies, checked in stated
                if checked is None or label in checked or label in applies
            ]
            if opinions:
                counts[label][0] += 1
                counts[label][1] += opinions[-1]
    rows = [(label, *counts[label]) for label in labels]
    frame = pd.DataFrame(rows, columns=["label", "judged", "confirmed"])
    return with_rates(frame, "confirmed", "judged")


def _by_id(made: Iterable[_Made]) -> dict[str, list[_Made]]:
    wanted: dict[str, list[_Made]] = defaultdict(list)
    for one in made:
        wanted[one.comment_id].append(one)
    return wanted


def _found(
    run: Run, columns: Sequence[str], wanted: dict[str, list[_Made]]
) -> Iterator[tuple[_Made, dict[str, Any]]]:
    """Iterate over the rows of a run that something is about; a run has many others."""
    ids = pa.array(list(wanted), pa.string())
    for batch in run.batches(columns) if wanted else ():
        for row in batch.filter(pc.is_in(batch["comment_id"], value_set=ids)).to_pylist():
            near = [made for made in wanted[row["comment_id"]] if made.thread_id in ("", row["thread_id"])]
            digest = text_digest(row["text"]) if near else ""
            yield from ((made, row) for made in near if made.text_digest == digest)
