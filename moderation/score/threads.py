"""The run's thread overlay: depth, position, parent state and duplicates of every row, beside its part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from moderation.ingest.threads import resolve
from moderation.schema import RECORD_SCHEMA
from moderation.score.writer import COMMENTS, THREADS, part_path, write_part


def write_threads(run: Path, lengths: Sequence[int]) -> None:
    """Resolve the threads of all parts together and write `threads/part-*.parquet`.

    Parameters
    ----------
    run : Path
        The run directory, all of its comment parts written.
    lengths : sequence of int
        Rows of each part.
    """
    parts = [
        pq.read_table(part_path(run, COMMENTS, number), columns=RECORD_SCHEMA.names)
        for number in range(len(lengths))
    ]
    table = pa.concat_tables(parts).replace_schema_metadata(None) if parts else RECORD_SCHEMA.empty_table()
    overlay = resolve(table)
    start = 0
    for number, length in enumerate(lengths):
        write_part(run, THREADS, number, overlay.slice(start, length))
        start += length
