"""Two runs side by side: which flags came and went, for which comments, threads and authors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from moderation.report.facts import Facts

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

ADDED: Final = "newly flagged"
REMOVED: Final = "no longer flagged"
OTHER: Final = "other flags"
KINDS: Final = (ADDED, REMOVED, OTHER)

TOP: Final = 20
_BATCH: Final = 1_000

_FIRST: Final = "QUALIFY row_number() OVER (PARTITION BY thread_id, comment_id ORDER BY row) = 1"
_PAIRS: Final = f"""
CREATE TABLE pairs AS
WITH b AS (SELECT * FROM facts {_FIRST}), a AS (SELECT * FROM other {_FIRST})
SELECT coalesce(a.row, b.row) AS row, thread_id, coalesce(a.thread_title, b.thread_title) title,
    coalesce(a.author, b.author) author, b.row IS NOT NULL was, a.row IS NOT NULL now,
    coalesce(b.flags, []) old_flags, coalesce(a.flags, []) new_flags,
    coalesce(b.rank, 0) old_rank, coalesce(a.rank, 0) new_rank,
    b.flagged_row old_row, a.flagged_row new_row,
    CASE WHEN NOT (was AND now) OR (old_row IS NULL AND new_row IS NULL) THEN NULL
        WHEN old_row IS NULL THEN '{ADDED}' WHEN new_row IS NULL THEN '{REMOVED}'
        WHEN list_sort(old_flags) <> list_sort(new_flags) THEN '{OTHER}' END change
FROM b FULL JOIN a USING (thread_id, comment_id)
"""
_TOTALS: Final = f"""
SELECT count(*) FILTER (was AND now) common, count(*) FILTER (was AND NOT now) only_before,
    count(*) FILTER (now AND NOT was) only_after,
    count(old_row) FILTER (was AND now) flagged_before, count(new_row) FILTER (was AND now) flagged_after,
    count(*) FILTER (change = '{ADDED}') added, count(*) FILTER (change = '{REMOVED}') removed,
    count(*) FILTER (change = '{OTHER}') changed
FROM pairs
"""
_LABELS: Final = """
WITH one AS (
    SELECT row, unnest(old_flags) AS label, 1 AS old, 0 AS new FROM pairs WHERE was AND now
    UNION ALL SELECT row, unnest(new_flags), 0, 1 FROM pairs WHERE was AND now
), each AS (SELECT row, label, max(old) AS old, max(new) AS new FROM one GROUP BY ALL)
SELECT label, sum(old)::BIGINT AS before, sum(new)::BIGINT AS after,
    count(*) FILTER (old = 0) added, count(*) FILTER (new = 0) removed
FROM each GROUP BY label ORDER BY label
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A comment whose flags differ between two runs.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    before, after : tuple of str
        Its flags.
    rank_before, rank_after : float
        Its highest probability among those, 0 where there is none.
    record : dict
        Its row of the scored table, from the later run where it is flagged there.
    """

    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    rank_before: float
    rank_after: float
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to another, over the comments that both hold.

    Parameters
    ----------
    names : tuple of str
        Folders of the earlier and the later run.
    models : tuple of (str or None)
        Their models, `name@digest`.
    totals : dict of str to int
        common, only_before, only_after; of the common ones: flagged_before, flagged_after, added, removed,
        changed (flagged in both, by other labels).
    labels : DataFrame
        label, before, after, added, removed.
    threads : DataFrame
        thread_id, title, before, after, added, removed; those with most changes.
    authors : DataFrame
        author, before, after, added, removed; those with most changes.
    changes : dict of str to list of Change
        The strongest changes of each kind.
    """

    names: tuple[str, str]
    models: tuple[str | None, str | None]
    totals: dict[str, int]
    labels: pd.DataFrame
    threads: pd.DataFrame
    authors: pd.DataFrame
    changes: dict[str, list[Change]] = field(default_factory=dict)


class Pairing:
    """The comments of two runs, matched by thread and id; a context manager, as it holds temporary files.

    Parameters
    ----------
    before, after : Run
        Finished runs. Where an id stands twice in a thread, its first comment counts.
    policies : pair of (ResolvedPolicy or None)
        Flags by these thresholds; None = those of the run.
    """

    def __init__(
        self,
        before: Run,
        after: Run,
        policies: tuple[ResolvedPolicy | None, ResolvedPolicy | None] = (None, None),
    ) -> None:
        self.runs = (before, after)
        with ExitStack() as opened:
            self.before = opened.enter_context(Facts(before, policies[0]))
            self.after = opened.enter_context(Facts(after, policies[1]))
            self.before.attach(self.after, "other")
            self.before.query(_PAIRS)
            self._opened = opened.pop_all()

    def __enter__(self) -> Pairing:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def compare(self, shown: int = 100) -> Comparison:
        """Return what changed, with at most `shown` comments of each kind."""
        query = self.before.query
        totals = query(_TOTALS).iloc[0]
        return Comparison(
            names=(self.runs[0].path.resolve().name, self.runs[1].path.resolve().name),
            models=(_model(self.runs[0]), _model(self.runs[1])),
            totals={str(name): int(count) for name, count in totals.items()},
            labels=query(_LABELS),
            threads=query(_ranking("thread_id", "min(title) title, ")),
            authors=query(_ranking("author", "")),
            changes={kind: list(self.changes(kind, shown)) for kind in KINDS},
        )

    def changes(self, kind: str, limit: int | None = None) -> Iterator[Change]:
        """Iterate over the comments that changed in one way, those with the highest probability first.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        limit : int, optional
            At most so many.
        """
        found = self.before.query(
            "SELECT old_flags, new_flags, old_rank, new_rank, old_row, new_row FROM pairs WHERE change = ? "
            "ORDER BY greatest(old_rank, new_rank) DESC, row LIMIT ?",
            [kind, limit if limit is not None else 1 << 62],
        )
        side, rows = (self.before, "old_row") if kind == REMOVED else (self.after, "new_row")
        place = 0
        for table in side.ranked(found[rows].to_numpy(np.int64), _BATCH):
            for record in table.to_pylist():
                pair = found.iloc[place]
                place += 1
                yield Change(
                    kind,
                    tuple(pair["old_flags"]),
                    tuple(pair["new_flags"]),
                    float(pair["old_rank"]),
                    float(pair["new_rank"]),
                    record,
                )


def _ranking(key: str, more: str) -> str:
    return (
        f"SELECT {key}, {more}count(old_row) AS before, count(new_row) AS after, "
        f"count(*) FILTER (change = '{ADDED}') added, count(*) FILTER (change = '{REMOVED}') removed "
        f"FROM pairs WHERE was AND now AND {key} IS NOT NULL GROUP BY {key} HAVING added + removed > 0 "
        f"ORDER BY added + removed DESC, {key} LIMIT {TOP}"
    )


def _model(run: Run) -> str | None:
    model = run.manifest.get("model")
    return f"{model['name']}@{model['digest']}" if model else None
