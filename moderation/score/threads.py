"""The run's thread overlay: depth, position, parent state and duplicates of every row, beside its part.

A thread is resolved as a whole, so rows are dealt into buckets of whole threads that fit into memory. What
is not a matter of one thread - dealing, an id that is found in another thread, the rows back in their
order - is left to DuckDB, which sorts and joins on disk what exceeds its share of memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from moderation.duck import open_scratch
from moderation.ingest.threads import resolve
from moderation.memory import release
from moderation.schema import RECORD_SCHEMA, THREAD_SCHEMA
from moderation.score.writer import COMMENTS, TEMPORARY, THREADS, part_path, write_part

IN_MEMORY: Final = 500_000
"""Rows up to which a dump is resolved in one go."""

BUCKET: Final = 200_000
"""Rows of a bucket, on average."""

MEMORY: Final = "256MB"
"""What DuckDB may use before it goes to disk."""

_COLUMNS: Final = ("comment_id", "thread_id", "parent_id", "parse_confidence")

_VIEW: Final = """
CREATE VIEW links AS
SELECT start + file_row_number AS row, comment_id, thread_id, parent_id, parse_confidence
FROM read_parquet({files}, file_row_number = true, filename = true)
JOIN starts USING (filename)
"""

_TABLES: Final = """
CREATE TABLE flat AS SELECT thread_id FROM links GROUP BY thread_id HAVING count(parent_id) = 0;
CREATE TABLE resolved (
    row BIGINT, depth SMALLINT, position INTEGER, parent_state VARCHAR, duplicate_of VARCHAR, missing VARCHAR
)
"""

# A thread without any reply is a list: no bucket need hold it, however long it is.
_FLAT: Final = """
INSERT INTO resolved
WITH rows AS (SELECT row, thread_id, comment_id FROM links JOIN flat USING (thread_id)),
heads AS (SELECT thread_id, comment_id, min(row) AS head FROM rows GROUP BY ALL),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY thread_id ORDER BY head) - 1 AS position FROM heads
)
SELECT row, 0, position, 'root', CASE WHEN row <> head THEN comment_id END, NULL
FROM rows JOIN placed USING (thread_id, comment_id)
"""

_DEALT: Final = """
SELECT hash(thread_id) % {buckets} AS bucket, row, comment_id, thread_id, parent_id, parse_confidence
FROM links ANTI JOIN flat USING (thread_id)
ORDER BY bucket, row
"""

_ELSEWHERE: Final = """
CREATE TABLE elsewhere AS SELECT DISTINCT comment_id AS missing FROM links
WHERE comment_id IN (SELECT missing FROM resolved WHERE missing IS NOT NULL)
"""

_IN_ORDER: Final = """
SELECT depth, position,
    CASE WHEN elsewhere.missing IS NULL THEN parent_state ELSE 'other_thread' END AS parent_state,
    duplicate_of
FROM resolved LEFT JOIN elsewhere USING (missing)
ORDER BY row
"""


def write_threads(run: Path, lengths: Sequence[int]) -> None:
    """Resolve the threads of all parts together and write `threads/part-*.parquet`.

    Parameters
    ----------
    run : Path
        The run directory, all of its comment parts written.
    lengths : sequence of int
        Rows of each part.
    """
    paths = [part_path(run, COMMENTS, number) for number in range(len(lengths))]
    if sum(lengths) <= IN_MEMORY:
        tables = [pq.read_table(path, columns=list(_COLUMNS)) for path in paths]
        _write(run, lengths, [resolve(pa.concat_tables(tables) if tables else RECORD_SCHEMA.empty_table())])
        return
    folder = run / TEMPORARY / THREADS
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # What the scoring left must not add to what this takes.
    release()
    with open_scratch(folder / "links.duckdb", memory=MEMORY) as database:
        _open_links(database, paths, lengths)
        database.execute(_FLAT)
        for bucket in _buckets(database, -(-sum(lengths) // BUCKET)):
            solved = _solve(bucket)
            database.register("solved", solved)
            database.execute("INSERT INTO resolved SELECT * FROM solved")
            database.unregister("solved")
        database.execute(_ELSEWHERE)
        ordered = pa.RecordBatchReader.from_stream(database.sql(_IN_ORDER))
        _write(run, lengths, (pa.Table.from_batches([batch]) for batch in ordered))
    shutil.rmtree(folder)


def _open_links(database: Any, paths: Sequence[Path], lengths: Sequence[int]) -> None:
    """Make the rows' ids and links visible to SQL, numbered through all parts."""
    names = [str(path) for path in paths]
    starts = pd.Series(lengths).cumsum().shift(fill_value=0)
    database.register("given", pa.table({"filename": names, "start": starts.to_numpy()}))
    database.execute("CREATE TABLE starts AS SELECT * FROM given")
    database.unregister("given")
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    database.execute(_VIEW.format(files=f"[{quoted}]"))
    database.execute(_TABLES)


def _buckets(database: Any, buckets: int) -> Iterator[pa.Table]:
    """Yield the rows of each bucket, in the order of the dump."""
    cursor = database.cursor()
    batches = pa.RecordBatchReader.from_stream(cursor.sql(_DEALT.format(buckets=buckets)))
    pieces = (piece for batch in batches for piece in _cut(batch))
    for _, together in groupby(pieces, key=lambda piece: piece["bucket"][0].as_py()):
        yield pa.Table.from_batches(list(together))


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch that is ordered by bucket at their borders."""
    start = 0
    for end in pc.run_end_encode(batch["bucket"]).run_ends.to_pylist():
        yield batch.slice(start, end - start)
        start = end


def _solve(bucket: pa.Table) -> pa.Table:
    """Resolve whole threads; name the parent that a row lacks in its thread, to be looked for in others."""
    overlay = resolve(bucket)
    first = bucket["parent_id"]
    if overlay["duplicate_of"].null_count < bucket.num_rows:
        # A duplicate stands where its first row stands, so it lacks what that one lacks.
        keys = [bucket["thread_id"].to_pandas(), bucket["comment_id"].to_pandas()]
        rows = pd.Series(range(bucket.num_rows)).groupby(keys, sort=False).transform("min")
        first = first.take(pa.array(rows))
    lacking = pc.equal(overlay["parent_state"], "missing")
    missing = pc.if_else(lacking, first, pa.scalar(None, pa.string()))
    columns = [bucket["row"], *overlay.columns, missing]
    return pa.table(columns, names=["row", *THREAD_SCHEMA.names, "missing"])


def _write(run: Path, lengths: Sequence[int], ordered: Iterable[pa.Table]) -> None:
    """Write an overlay that comes in pieces of any length, in the lengths of the parts."""
    pieces = iter(ordered)
    held = THREAD_SCHEMA.empty_table()
    for number, length in enumerate(lengths):
        waiting = [held]
        rows = held.num_rows
        while rows < length:
            piece = next(pieces).cast(THREAD_SCHEMA)
            waiting.append(piece)
            rows += piece.num_rows
        held = pa.concat_tables(waiting)
        write_part(run, THREADS, number, held.slice(0, length).combine_chunks())
        held = held.slice(length)
