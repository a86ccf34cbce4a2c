"""A run as a table to look up comments in: DuckDB in a temporary folder, so that memory stays bounded.

Equality of ids, threads and authors goes through hashes of 8 bytes a row: a run of ten million comments is
searched in a fraction of a second without an index that would have to fit into memory.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moderation.report.scratch import Scratch
from moderation.review.filters import Filter, column
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

COLUMNS: Final = (
    *(
        "comment_id",
        "thread_id",
        "parent_id",
        "parent_state",
        "thread_title",
        "author",
        "created_at",
        "depth",
    ),
    *("position", "text", "status", "likes", "url", "language", "not_scored", "flags"),
)

_TRANSACTION: Final = 200_000
# Rows; what is not yet committed is not bounded by the memory limit.
_DERIVED: Final = """
    sha256(text) AS digest,
    hash(comment_id) AS id_key, hash(thread_id) AS thread_key, hash(parent_id) AS parent_key,
    hash(author) AS author_key,
    CAST('0x' || substr(sha256(comment_id || chr(31) || text), 1, 8) AS UINTEGER) / 4294967296.0 AS draw
"""
# `draw`: a number in [0, 1) that decides, the same in every run, who gets a second opinion.
_SHOWN: Final = (
    "row, comment_id, thread_id, parent_id, parent_state, thread_title, author, posted, depth, position, "
    "text, status, likes, url, language, not_scored, flags, rank, top, digest, draw"
)


class Index(Scratch):
    """The comments of a run by row number; a context manager, as it holds a temporary folder.

    Parameters
    ----------
    run : Run
        A finished run with scores.
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.

    Attributes
    ----------
    labels : tuple of str
    rows : int
    lock : threading.RLock
        Held during every query: DuckDB's connection is one.
    """

    def __init__(self, run: Run, policy: ResolvedPolicy | None = None) -> None:
        super().__init__("review")
        self.labels = run.labels
        self.rows = 0
        self.lock = threading.RLock()
        self._probabilities = "".join(f", {column(label)}" for label in self.labels)
        try:
            self._fill(run, policy)
        except BaseException:
            self.close()
            raise

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows that a question is answered with; the table is `comments`."""
        with self.lock:
            answer = self._connection.execute(sql, list(parameters))
            names = [field[0] for field in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def execute(self, sql: str, parameters: Sequence[Any] = (), table: pa.Table | None = None) -> None:
        """Change a table of ours; `table` is called `given` in it."""
        with self.lock:
            if table is not None:
                self._connection.register("given", table)
            try:
                self._connection.execute(sql, list(parameters))
            finally:
                if table is not None:
                    self._connection.unregister("given")

    def comments(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Return comments by row number, in the order asked for; unknown ones are left out."""
        found = self.query(
            f"SELECT {_SHOWN}{self._probabilities} FROM comments WHERE row IN (SELECT unnest(?::BIGINT[]))",
            [[row for row in rows if 0 <= row < self.rows]],
        )
        by_row = {record["row"]: record for record in found}
        return [by_row[row] for row in rows if row in by_row]

    def parents(self, records: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        """Return the comments that some comments answer, by the row of the answer."""
        asked = {
            record["row"]: record
            for record in records
            if record["parent_id"] and record["parent_state"] != "cut"
        }
        if not asked:
            return {}
        found = self.query(
            f"""SELECT {_SHOWN}{self._probabilities} FROM comments
            WHERE id_key IN (SELECT hash(unnest(?::VARCHAR[])))""",
            [sorted({record["parent_id"] for record in asked.values()})],
        )
        by_id: dict[str, list[dict[str, Any]]] = {}
        for record in found:
            by_id.setdefault(record["comment_id"], []).append(record)
        parents = {}
        for row, record in asked.items():
            # The same id may stand in two threads: the one in the comment's own thread is meant.
            same = sorted(
                by_id.get(record["parent_id"], ()), key=lambda one: one["thread_id"] != record["thread_id"]
            )
            if same:
                parents[row] = same[0]
        return parents

    def siblings(self, record: dict[str, Any], most: int) -> list[dict[str, Any]]:
        """Return other answers to the same comment (or other first comments of the thread), the nearest."""
        same = (
            "parent_id IS NULL" if record["parent_id"] is None else "parent_key = hash(?) AND parent_id = ?"
        )
        given = [] if record["parent_id"] is None else [record["parent_id"]] * 2
        return self.query(
            f"""SELECT {_SHOWN}{self._probabilities} FROM comments
            WHERE thread_key = hash(?) AND thread_id = ? AND {same} AND row <> ?
            ORDER BY abs(row - ?), row LIMIT ?""",
            [record["thread_id"], record["thread_id"], *given, record["row"], record["row"], most],
        )

    def by_author(
        self, record: dict[str, Any], most: int, *, strongest: bool = True
    ) -> tuple[list[dict[str, Any]], int, int]:
        """Return the author's other comments, strongest or nearest first; how many; how many flagged."""
        if not (record["author"] or "").strip():
            return [], 0, 0
        where = "author_key = hash(?) AND author = ? AND row <> ?"
        given = [record["author"], record["author"], record["row"]]
        (counts,) = self.query(
            f"SELECT count(*) AS total, count(rank) AS flagged FROM comments WHERE {where}", given
        )
        found = self.query(
            f"""SELECT {_SHOWN}{self._probabilities} FROM comments WHERE {where}
            ORDER BY {"rank DESC NULLS LAST" if strongest else "abs(row - ?)"}, row LIMIT ?""",
            [*given, *([] if strongest else [record["row"]]), most],
        )
        return found, counts["total"], counts["flagged"]

    def after(self, wanted: Filter) -> tuple[str, list[Any]]:
        """Return the SQL condition under which a row comes after the one that a filter names."""
        if wanted.after is None:
            return "true", []
        terms = wanted.ordering
        place = self.query(f"SELECT {', '.join(terms)} FROM comments WHERE row = ?", [wanted.after])
        if not place:
            return "true", []
        # Written out, since a comparison of whole rows would not take an index on the first of them.
        values = list(place[0].values())
        parts, given = [], []
        for length in range(len(terms)):
            same = [f"{term} = ?" for term in terms[:length]]
            parts.append(" AND ".join([*same, f"{terms[length]} > ?"]))
            given += values[: length + 1]
        return "(" + " OR ".join(f"({part})" for part in parts) + ")", given

    def _fill(self, run: Run, policy: ResolvedPolicy | None) -> None:
        committed = 0
        known = [name for name in COLUMNS if name in run.schema.names]
        columns = [*known, *map(probability_column, self.labels)]
        self._connection.execute("BEGIN")
        for batch in run.batches(columns, policy):
            self._add(batch)
            if self.rows - committed >= _TRANSACTION:
                self._connection.execute("COMMIT; BEGIN")
                committed = self.rows
        self._connection.execute("COMMIT")
        if not self.rows:
            self._add(pa.RecordBatch.from_pylist([], _fields(run.schema, columns)))

    def _add(self, batch: pa.RecordBatch) -> None:
        table = pa.Table.from_batches([batch])
        posted = batch["created_at"].cast(pa.timestamp("us"))
        table = table.set_column(table.schema.get_field_index("created_at"), "posted", posted)
        table = table.append_column("row", pa.array(np.arange(self.rows, self.rows + batch.num_rows)))
        for name, values in _measures(batch, self.labels).items():
            table = table.append_column(name, values)
        select = f"SELECT *, {_DERIVED} FROM given"
        verb = "INSERT INTO comments BY NAME" if self._exists() else "CREATE TABLE comments AS"
        self.execute(f"{verb} {select}", table=table)
        self.rows += batch.num_rows

    def _exists(self) -> bool:
        return bool(self.query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'comments'"))


def _measures(batch: pa.RecordBatch, labels: Sequence[str]) -> dict[str, pa.Array]:
    """Return per row `rank` (highest score of its flags; null: none), `top` (of all), `doubt` (from .5)."""
    count = batch.num_rows
    scores = np.zeros((count, len(labels)), np.float32)
    known = np.zeros((count, len(labels)), bool)
    for number, label in enumerate(labels):
        values = batch[probability_column(label)]
        scores[:, number] = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False)
        known[:, number] = values.is_valid().to_numpy(zero_copy_only=False)
    rank = np.zeros(count, np.float32)
    flags = batch["flags"]
    names, owners = pc.list_flatten(flags), pc.list_parent_indices(flags).to_numpy()
    for number, label in enumerate(labels):
        rows = owners[pc.equal(names, label).to_numpy(zero_copy_only=False)] if len(owners) else owners
        rank[rows] = np.maximum(rank[rows], scores[rows, number])
    flagged = pc.greater(pc.list_value_length(flags), 0).to_numpy(zero_copy_only=False)
    doubt = np.where(known, np.abs(scores - 0.5), 1).min(axis=1, initial=1)
    return {
        "rank": pa.array(rank, mask=~flagged),
        "top": pa.array(scores.max(axis=1, initial=0)),
        "doubt": pa.array(doubt.astype(np.float32)),
    }


def _fields(schema: pa.Schema, columns: Sequence[str]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in columns])
