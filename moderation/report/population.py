"""The scored comments of a run, counted by month or thread and by band of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.errors import DataError, UsageError
from moderation.report.sample import EDGES, Sample, band_of
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

PERIODS: Final = ("month", "thread")

THREADS: Final = 200
"""Threads that are counted by themselves, those with most comments; the others are taken together."""

OTHERS: Final = "other threads"
UNDATED: Final = "no time"


@dataclass(frozen=True, slots=True)
class Population:
    """Scored comments by part and band.

    Parameters
    ----------
    parts : list of str
        Months such as `2024-03` in their order, or thread ids, those with most comments first.
    titles : dict of str to (str or None)
        Of threads.
    comments : ndarray of int64, shape (parts, bands)
    flagged : dict of str to ndarray of int64, shape (parts,)
        Per label.
    scores : dict of str to ndarray of float64, shape (parts,)
        Sum of the probabilities, per label.
    places : ndarray of int64, shape (rows of the sample,)
        The part of each comment of the sample.
    """

    parts: list[str]
    titles: dict[str, str | None]
    comments: I64
    flagged: dict[str, I64]
    scores: dict[str, F64]
    places: I64


def count(run: Run, sample: Sample, per: str, policy: ResolvedPolicy | None = None) -> Population:
    """Count a run in one reading.

    Parameters
    ----------
    run : Run
    sample : Sample
        Drawn from this run; says which bands there are.
    per : {"month", "thread"}
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.

    Raises
    ------
    UsageError
        The run cannot be divided like this, or has no scores for the sample's label.
    DataError
        The sample was drawn from another run.
    """
    if per not in PERIODS:
        raise UsageError(f"rates per {per}: choose from {', '.join(PERIODS)}")
    if sample.label not in run.labels:
        raise UsageError(f"{run.path} has no scores for {sample.label!r}, by which the sample was drawn")
    columns = [probability_column(label) for label in run.labels]
    wanted = pa.array(sample.rows["comment_id"].unique().tolist(), pa.string())
    pieces = []
    homes: dict[tuple[str, str], str] = {}
    columns = ["comment_id", "thread_id", "thread_title", "created_at", "flags", *columns]
    for batch in run.batches(columns, policy):
        parts = _parts(batch, per)
        pieces.append(_counts(batch, parts, run.labels, sample.label))
        near = pa.table({name: batch[name] for name in ("thread_id", "comment_id")}).append_column(
            "part", parts
        )
        for row in near.filter(pc.is_in(near["comment_id"], value_set=wanted)).to_pylist():
            homes.setdefault((row["thread_id"], row["comment_id"]), row["part"])
    table = (
        pd.concat(pieces, ignore_index=True)
        .groupby(["part", "band"], as_index=False)
        .agg({name: "first" if name == "title" else "sum" for name in pieces[0].columns[2:]})
        if pieces
        else pd.DataFrame()
    )
    keys = zip(sample.rows["thread_id"], sample.rows["comment_id"], strict=True)
    found = [homes.get(key) for key in keys]
    if table.empty or None in found or not _same_bands(table, sample):
        raise DataError(f"{run.path} is not the run that the sample was drawn from")
    return _population(table, [str(name) for name in found], run.labels, per)


def _parts(batch: pa.RecordBatch, per: str) -> pa.Array:
    if per == "thread":
        return batch["thread_id"]
    return pc.fill_null(pc.strftime(batch["created_at"], format="%Y-%m"), UNDATED)


def _counts(batch: pa.RecordBatch, parts: pa.Array, labels: Sequence[str], by: str) -> pd.DataFrame:
    """Return comments, flags and sums of scores of a batch by part and band."""
    scores = {
        label: batch[probability_column(label)].to_numpy(zero_copy_only=False).astype(np.float64)
        for label in labels
    }
    owners = pc.list_parent_indices(batch["flags"]).to_numpy()
    names = pc.list_flatten(batch["flags"]).to_numpy(zero_copy_only=False)
    columns = {
        "part": parts.to_numpy(zero_copy_only=False),
        "band": band_of(scores[by]),
        "title": batch["thread_title"].to_numpy(zero_copy_only=False),
        "comments": np.ones(batch.num_rows, np.int64),
    }
    for label, values in scores.items():
        flagged = np.zeros(batch.num_rows, np.int64)
        flagged[owners[names == label]] = 1
        columns |= {f"flagged:{label}": flagged, f"scores:{label}": values}
    frame = pd.DataFrame(columns)
    grouped = frame[frame["band"] >= 0].groupby(["part", "band"], as_index=False)
    counted: pd.DataFrame = grouped.agg(
        {name: "first" if name == "title" else "sum" for name in frame.columns[2:]}
    )
    return counted


def _same_bands(table: pd.DataFrame, sample: Sample) -> bool:
    counted = table.groupby("band", as_index=False)["comments"].sum()
    found = {
        (EDGES[band], EDGES[band + 1], comments)
        for band, comments in zip(counted["band"].tolist(), counted["comments"].tolist(), strict=True)
    }
    return found == {(band.low, band.high, band.comments) for band in sample.bands}


def _population(table: pd.DataFrame, homes: list[str], labels: Sequence[str], per: str) -> Population:
    sizes = table.groupby("part")["comments"].sum()
    if per == "thread":
        kept = sizes.sort_values(ascending=False, kind="stable").index[:THREADS].tolist()
        titles = table.groupby("part")["title"].first().reindex(kept).to_dict()
        if len(sizes) > len(kept):
            table = table.assign(part=table["part"].where(table["part"].isin(kept), OTHERS))
            homes = [name if name in titles else OTHERS for name in homes]
            kept.append(OTHERS)
    else:
        kept, titles = sorted(sizes.index), {}
    bands = sorted(table["band"].unique())

    def by_part(column: str) -> npt.NDArray[Any]:
        return table.groupby("part")[column].sum().reindex(kept).to_numpy()

    comments = table.pivot_table(
        index="part", columns="band", values="comments", aggfunc="sum", fill_value=0
    ).reindex(index=kept, columns=bands)
    number = {name: place for place, name in enumerate(kept)}
    return Population(
        parts=kept,
        titles={str(name): None if pd.isna(title) else str(title) for name, title in titles.items()},
        comments=comments.to_numpy(np.int64),
        flagged={label: by_part(f"flagged:{label}") for label in labels},
        scores={label: by_part(f"scores:{label}") for label in labels},
        places=np.array([number[name] for name in homes], np.int64),
    )
