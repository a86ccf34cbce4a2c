"""One pass over a run: slim facts of every comment for SQL, whole rows of the flagged ones.

Facts go into a DuckDB file, flagged rows into an Arrow file that is mapped, not loaded. Both lie in a
temporary folder, so that a run larger than memory is reported in bounded memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.report.scratch import Scratch
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

NEAREST: Final = 3
"""Comments per label that are kept as the highest scores without a flag."""

BINS: Final = 20
"""Steps of .05 in a distribution of probabilities: as fine as calibration is to be trusted."""

_TRANSACTION: Final = 500_000
# Rows: whole row groups of DuckDB (122,880) go straight to the file, fewer through a log first, which costs
# a quarter more time; but what is not yet committed is not bounded by its memory limit.
_BATCH: Final = 2_000

_NEAR: Final = ["comment_id", "thread_id", "thread_title", "author", "text"]
_FACTS: Final = pa.schema(
    [
        ("row", pa.int64()),
        ("comment_id", pa.string()),
        ("parent_id", pa.string()),
        ("parent_state", pa.string()),
        ("thread_id", pa.string()),
        ("thread_title", pa.string()),
        ("author", pa.string()),
        ("posted", pa.timestamp("us")),
        ("scored", pa.bool_()),
        ("flags", pa.list_(pa.string())),
        ("rank", pa.float32()),
        ("flagged_row", pa.int64()),
    ]
)


class Facts(Scratch):
    """What a report needs of a run; a context manager, as it holds a temporary folder.

    Parameters
    ----------
    run : Run
        A finished run.
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.

    Attributes
    ----------
    labels : tuple of str
        Labels of the model.
    schema : pyarrow.Schema
        Columns of a flagged row.
    flagged : int
        Number of flagged rows.
    histogram : ndarray of int64, shape (labels, BINS)
        Comments by probability, per label.
    flagged_probability : dict of str to float
        Sum of a label's probabilities over the comments flagged with it.
    languages : Counter of str
        Comments by language, where one was found.
    nearest : dict of str to list of (float, dict)
        Per label the highest probabilities among comments without any flag, with comment_id, thread_id,
        thread_title, author and text.
    """

    def __init__(self, run: Run, policy: ResolvedPolicy | None = None) -> None:
        super().__init__("report")
        self.run = run
        self.labels = run.labels
        self.schema: pa.Schema = run.schema
        self.flagged = 0
        self.histogram = np.zeros((len(self.labels), BINS), np.int64)
        self.flagged_probability = dict.fromkeys(self.labels, 0.0)
        self.languages: Counter[str] = Counter()
        self.nearest: dict[str, list[tuple[float, dict[str, Any]]]] = {label: [] for label in self.labels}
        self._store = self._folder / "flagged.arrow"
        self._connection.register("empty", _FACTS.empty_table())
        self._connection.execute("CREATE TABLE facts AS SELECT * FROM empty")
        self._connection.unregister("empty")
        try:
            self._collect(policy)
        except BaseException:
            self.close()
            raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Return the answer to a question about the table `facts`.

        `facts` has a row per comment: row, comment_id, parent_id, parent_state, thread_id, thread_title,
        author, posted (UTC), scored, flags, and for flagged comments rank and flagged_row.
        """
        frame: pd.DataFrame = self._connection.execute(sql, list(parameters)).df()
        return frame

    def lookup(self, keys: pa.Table, sql: str) -> pd.DataFrame:
        """Return the answer to a question about `facts` and a small table, called `keys` in it."""
        self._connection.register("keys", keys)
        try:
            return self.query(sql)
        finally:
            self._connection.unregister("keys")

    def attach(self, other: Facts, name: str) -> None:
        """Make the facts of another run a table of this one's questions, under a name."""
        path = str(self._folder / f"{name}.parquet").replace("'", "''")
        other._connection.execute(f"COPY facts TO '{path}' (FORMAT parquet)")
        self._connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")

    def ranked(self, order: npt.NDArray[np.int64] | None = None, size: int = _BATCH) -> Iterator[pa.Table]:
        """Iterate over flagged rows, strongest first.

        Parameters
        ----------
        order : ndarray of int64, optional
            `flagged_row` of the rows wanted; default: all, by falling rank.
        size : int
            Rows per table.

        Yields
        ------
        pyarrow.Table
            Up to `size` rows in `schema`.
        """
        if order is None:
            sql = "SELECT flagged_row FROM facts WHERE flagged_row IS NOT NULL ORDER BY rank DESC, row"
            order = self.query(sql)["flagged_row"].to_numpy(np.int64)
        if not len(order):
            return
        with pa.memory_map(str(self._store)) as source:
            reader = pa.ipc.open_file(source)
            batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
            ends = np.cumsum([batch.num_rows for batch in batches])
            for begin in range(0, len(order), size):
                yield _take(batches, ends, order[begin : begin + size])

    def texts(self, rows: npt.NDArray[np.int64], columns: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Return columns of some rows of the run by their row number: one more pass over those columns."""
        found: dict[int, dict[str, Any]] = {}
        wanted, begin = np.unique(rows), 0
        if not len(wanted):
            return {}
        for batch in self.run.batches([name for name in columns if name in self.schema.names]):
            low, high = np.searchsorted(wanted, (begin, begin + batch.num_rows))
            if low < high:
                chosen = batch.take(pa.array(wanted[low:high] - begin))
                found |= dict(zip(map(int, wanted[low:high]), chosen.to_pylist(), strict=True))
            begin += batch.num_rows
            if begin > wanted[-1]:
                break
        return found

    def _collect(self, policy: ResolvedPolicy | None) -> None:
        begin = committed = 0
        self._connection.execute("BEGIN")
        with pa.OSFile(str(self._store), "wb") as sink, pa.ipc.new_file(sink, self.schema) as store:
            for batch in self.run.batches(policy=policy):
                self._add(batch, begin, store)
                begin += batch.num_rows
                if begin - committed >= _TRANSACTION:
                    self._connection.execute("COMMIT; BEGIN")
                    committed = begin
        self._connection.execute("COMMIT")

    def _add(self, batch: pa.RecordBatch, begin: int, store: pa.RecordBatchWriter) -> None:
        count = batch.num_rows
        flags = (
            batch["flags"]
            if "flags" in batch.schema.names
            else pa.array([[]] * count, _FACTS.field("flags").type)
        )
        flagged = pc.greater(pc.list_value_length(flags), 0).to_numpy(zero_copy_only=False)
        scored = np.zeros(count, bool)
        if "not_scored" in batch.schema.names and self.labels:
            scored = batch["not_scored"].is_null().to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(flagged)
        numbers = np.full(count, -1, np.int64)
        numbers[rows] = self.flagged + np.arange(len(rows))
        ours = {
            "row": pa.array(np.arange(begin, begin + count)),
            "posted": batch["created_at"],
            "scored": pa.array(scored | flagged),
            "flags": flags,
            "rank": self._measure(batch, flags, flagged),
            "flagged_row": pa.array(numbers, mask=~flagged),
        }
        columns = [ours[f.name] if f.name in ours else batch[f.name] for f in _FACTS]
        facts = pa.table([c.cast(f.type) for c, f in zip(columns, _FACTS, strict=True)], schema=_FACTS)
        self._connection.register("batch", facts)
        self._connection.execute("INSERT INTO facts SELECT * FROM batch")
        self._connection.unregister("batch")
        self._keep_nearest(batch, flagged)
        if len(rows):
            store.write_batch(batch.take(pa.array(rows)))
            self.flagged += len(rows)
        if "language" in batch.schema.names:
            for entry in pc.value_counts(batch["language"].drop_null()).to_pylist():
                self.languages[entry["values"]] += entry["counts"]

    def _measure(
        self, batch: pa.RecordBatch, flags: pa.ListArray, flagged: npt.NDArray[np.bool_]
    ) -> pa.Array:
        """Count probabilities; return each row's rank: the highest probability among its own flags."""
        rank = np.zeros(batch.num_rows, np.float32)
        names = pc.list_flatten(flags)
        owners = pc.list_parent_indices(flags).to_numpy()
        for number, label in enumerate(self.labels):
            column = batch[probability_column(label)]
            known = column.drop_null().to_numpy()
            steps = np.minimum((known.astype(np.float64) * BINS).astype(np.int64), BINS - 1)
            self.histogram[number] += np.bincount(steps, minlength=BINS)
            rows = owners[pc.equal(names, label).to_numpy(zero_copy_only=False)] if len(owners) else owners
            if len(rows):
                values = pc.fill_null(column.take(pa.array(rows)), 0.0).to_numpy()
                rank[rows] = np.maximum(rank[rows], values)
                self.flagged_probability[label] += float(values.sum(dtype=np.float64))
        return pa.array(rank, mask=~flagged)

    def _keep_nearest(self, batch: pa.RecordBatch, flagged: npt.NDArray[np.bool_]) -> None:
        for label, kept in self.nearest.items():
            values = pc.fill_null(batch[probability_column(label)], -1.0).to_numpy()
            least = kept[-1][0] if len(kept) == NEAREST else -1.0
            rows = np.flatnonzero((values > least) & ~flagged)
            rows = rows[np.argsort(-values[rows], kind="stable")[:NEAREST]]
            if len(rows):
                records = batch.select(_NEAR).take(pa.array(rows)).to_pylist()
                kept += zip(map(float, values[rows]), records, strict=True)
                kept.sort(key=lambda entry: -entry[0])
                del kept[NEAREST:]


def _take(
    batches: list[pa.RecordBatch], ends: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> pa.Table:
    """Take rows from many batches in a given order, touching only the batches they lie in."""
    homes = np.searchsorted(ends, order, side="right")
    by_home = np.argsort(homes, kind="stable")
    pieces = []
    for home in np.unique(homes):
        inside = order[by_home][homes[by_home] == home] - (ends[home] - batches[home].num_rows)
        pieces.append(batches[home].take(pa.array(inside)))
    back = np.empty(len(order), np.int64)
    back[by_home] = np.arange(len(order))
    return pa.Table.from_batches(pieces).take(pa.array(back))
