"""The second look of a run: which comments get it, once all are scored, and its overlay beside the parts.

Whether a comment is looked at again follows from its first-tier probabilities and one number, the least
priority, which a budget sets from all comments of the run; so runs repeat, resume and explain themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.classify.deep.look import OUTSIDE, SecondLook, least_priority
from moderation.classify.deep.tiered import TieredModel, first_probabilities
from moderation.classify.model import load_stated
from moderation.classify.policy import ResolvedPolicy
from moderation.classify.tiers import CASCADE, DEEP, Budget
from moderation.errors import DataError
from moderation.schema import probability_column
from moderation.score.overlay import DEEP as FOLDER
from moderation.score.overlay import overlay_schema
from moderation.score.parallel import PREFETCH, Workers, on_cluster, parallel
from moderation.score.progress import Watcher
from moderation.score.run import Run
from moderation.score.writer import COMMENTS, part_note, part_path, write_part

KEY: Final = "second_look"
"""Of `run.json`."""


@dataclass(frozen=True, slots=True)
class Looking:
    """What is the same for all parts; picklable.

    Parameters
    ----------
    run : Path
        The run directory, on storage that all workers share.
    model : str
        What `run.json` states of the model, as JSON.
    least : float
        Priority from which on comments are looked at again.
    """

    run: Path
    model: str
    least: float

    @property
    def key(self) -> str:
        """What a part of the overlay depends on beside the comments, hex."""
        stated = json.loads(self.model)
        return hashlib.sha256(json.dumps([stated["digest"], stated["tier"], self.least]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Found:
    """What the first pass says: scored comments, candidates by part, and the least priority."""

    scored: int
    candidates: int
    chosen: list[int]
    least: float


def look_again(
    run: Path,
    lengths: Sequence[int],
    model: TieredModel,
    budget: Budget | None,
    workers: Workers,
    watcher: Watcher,
) -> dict[str, Any]:
    """Write the overlay of all parts; what an earlier process wrote is kept.

    Parameters
    ----------
    run : Path
        The run directory, all of its comment parts written.
    lengths : sequence of int
        Rows of each part.
    model : TieredModel
        From here on it chooses the comments that this run's budget chose.
    budget : Budget or None
        None: all candidates are looked at again.
    workers : Workers
        Threads of this process, or a cluster.
    watcher : Watcher
        Told how far it has come.

    Returns
    -------
    dict
        What `run.json` keeps of it.
    """
    found = _choose(run, len(lengths), model.look, budget)
    model.look_from(found.least)
    looking = Looking(run, json.dumps(model.stated()), found.least)
    (run / FOLDER).mkdir(exist_ok=True)
    todo = [number for number, rows in enumerate(lengths) if not _is_done(looking, number, rows)]
    total, waiting = sum(found.chosen), sum(found.chosen[number] for number in todo)
    if total:
        gone_on = f", {total - waiting:,} of them are done" if waiting < total else ""
        watcher.note(f"a second look at {total:,} of {found.scored:,} comments{gone_on}")
    elif found.candidates:
        watcher.note(f"no second look: more comments are equally doubtful than the budget of {budget} allows")
    done = total - waiting

    def tell(more: int) -> None:
        nonlocal done
        done += more
        watcher.look_again(done, total)

    if workers.backend == "dask":
        _on_cluster(todo, looking, workers, lambda number: tell(found.chosen[number]))
    else:
        threads = workers.jobs or joblib.cpu_count()
        for number in todo:
            look_at_part(number, looking, model, threads, tell)
    return _account(model, budget, found)


def look_at_part(
    number: int,
    looking: Looking,
    model: TieredModel,
    threads: int = 1,
    tell: Callable[[int], None] | None = None,
) -> None:
    """Look again at the chosen comments of one part and write its overlay."""
    table = pq.read_table(
        part_path(looking.run, COMMENTS, number), columns=["text", *map(probability_column, model.labels)]
    )
    fast = first_probabilities(table, model.labels)
    chosen = model.look.chosen(fast)
    rows = np.flatnonzero(chosen)
    again = np.full(fast.shape, np.nan, np.float32)
    again[rows] = model.look_again(table["text"].take(pa.array(rows)), fast[rows], threads, tell)
    schema = overlay_schema(model.labels)
    columns = [pa.array(again[:, column], pa.float32(), mask=~chosen) for column in range(len(model.labels))]
    tier = pa.array(np.full(len(chosen), DEEP), pa.string(), mask=~chosen)
    overlay = pa.table([*columns, tier], schema=schema)
    write_part(looking.run, FOLDER, number, overlay, {"key": looking.key, "rows": len(rows)})


def beyond_bands(run: Run, policy: ResolvedPolicy) -> dict[str, int]:
    """Count the comments that a policy decides on by the first tier alone, although they are in doubt.

    A second look was taken where the first tier's probability lies in a label's band. Where a threshold
    lies outside of it, the comments between the two would have deserved one and got none.

    Parameters
    ----------
    run : Run
    policy : ResolvedPolicy

    Returns
    -------
    dict of str to int
        By label, where the threshold lies outside its band and there is such a comment.
    """
    look = run.manifest.get(KEY)
    if not look or look["tier"] != CASCADE:
        return {}
    gaps = {
        label: (low, high, threshold)
        for label, (low, high) in look["band"].items()
        if (threshold := policy.thresholds.get(label)) is not None and not low <= threshold <= high
    }
    if not gaps:
        return {}
    counts = dict.fromkeys(gaps, 0)
    for batch in run.batches(["tier", *map(probability_column, gaps)]):
        first = batch["tier"].to_numpy(zero_copy_only=False) != DEEP
        for label, (low, high, threshold) in gaps.items():
            values = batch[probability_column(label)].to_numpy(zero_copy_only=False)
            with np.errstate(invalid="ignore"):
                if threshold < low:
                    between = (values >= np.float32(threshold)) & (values < low)
                else:
                    between = (values > high) & (values < np.float32(threshold))
            counts[label] += int((between & first).sum())
    return {label: count for label, count in counts.items() if count}


def warning(beyond: Mapping[str, int]) -> str | None:
    """Return what to tell about comments that `beyond_bands` counted; None where there is nothing to tell."""
    if not beyond:
        return None
    counts = ", ".join(f"{label} {count:,}" for label, count in beyond.items())
    return (
        "thresholds lie outside the bands of the second look, so the first tier alone decides on comments "
        f"that are in doubt ({counts}); for these thresholds the tier deep says more"
    )


def _choose(run: Path, parts: int, look: SecondLook, budget: Budget | None) -> _Found:
    """Find the least priority, and how many comments of each part reach it."""
    scored = 0
    inside: list[npt.NDArray[np.float64]] = []
    for number in range(parts):
        columns = list(map(probability_column, look.labels))
        table = pq.read_table(part_path(run, COMMENTS, number), columns=columns)
        priority = look.priority(first_probabilities(table, look.labels))
        scored += table.num_rows - table.column(0).null_count
        inside.append(priority[priority > OUTSIDE])
    candidates = sum(map(len, inside))
    least = 0.0
    if budget is not None:
        every = np.concatenate(inside) if inside else np.empty(0)
        least = least_priority(every, budget.most(scored))
    return _Found(scored, candidates, [int((values >= least).sum()) for values in inside], least)


def _is_done(looking: Looking, number: int, rows: int) -> bool:
    path = part_path(looking.run, FOLDER, number)
    try:
        return bool(part_note(path)["key"] == looking.key and pq.read_metadata(path).num_rows == rows)
    except (DataError, OSError, KeyError):
        return False


def _account(model: TieredModel, budget: Budget | None, found: _Found) -> dict[str, Any]:
    return {
        "tier": model.tier,
        "deep": {"name": model.deep.name, "digest": model.deep.digest},
        "fast": {"name": model.first["name"], "digest": model.first["digest"]},
        "band": {label: list(edges) for label, edges in model.look.band.items()},
        "combine": dict(zip(model.labels, model.look.combine.tolist(), strict=True)),
        "budget": str(budget) if budget is not None else None,
        "least": found.least,
        "candidates": found.candidates,
        "rows": sum(found.chosen),
    }


def _on_cluster(todo: Sequence[int], looking: Looking, workers: Workers, tell: Callable[[int], None]) -> None:
    looking = replace(looking, run=looking.run.resolve())
    do: Any = joblib.delayed(_look_there)
    with on_cluster(workers) as cores:
        done: Iterator[int] = parallel(-1, PREFETCH * cores)(do(number, looking) for number in todo)
        for number in done:
            tell(number)


def _look_there(number: int, looking: Looking) -> int:
    """Look at one part in a worker of a cluster, on one thread, as it has one core; return its number."""
    model = _load(looking.model)
    model.look_from(looking.least)
    look_at_part(number, looking, model)
    return number


@lru_cache(maxsize=1)
def _load(stated: str) -> TieredModel:
    model = load_stated(json.loads(stated))
    assert isinstance(model, TieredModel)
    return model
