"""The run's overlay of second looks, read: probabilities of the comments that were looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from moderation.errors import DataError
from moderation.schema import probability_column
from moderation.score.writer import part_path

DEEP: Final = "deep"
"""Folder of the overlay."""


def overlay_schema(labels: Sequence[str]) -> pa.Schema:
    """Return the columns of `deep/part-*.parquet`, aligned row for row with the part of the same number.

    `p_<label>` float32 by both tiers and `tier`, all null in a row that was not looked at again.
    """
    fields = [pa.field(probability_column(label), pa.float32()) for label in labels]
    return pa.schema([*fields, pa.field("tier", pa.string())])


def with_second_looks(run: Path, number: int, table: pa.Table) -> pa.Table:
    """Return columns of a part with what the second look said in place of the first.

    Parameters
    ----------
    run : Path
        The run directory.
    number : int
        The part's number.
    table : pyarrow.Table
        Some columns of the part.

    Raises
    ------
    DataError
        The overlay is missing or does not fit the part.
    """
    path = part_path(run, DEEP, number)
    try:
        overlay = pq.ParquetFile(path)
        names = [name for name in overlay.schema_arrow.names if name in table.column_names]
        again = overlay.read(columns=names) if names else None
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path} could not be read ({error}); score the dump again") from error
    if overlay.metadata.num_rows != table.num_rows:
        raise DataError(f"{run}: part {number} and its second looks differ in length; score it again")
    if again is not None:
        for name in names:
            at = table.column_names.index(name)
            table = table.set_column(at, table.schema.field(name), pc.coalesce(again[name], table[name]))
    return table
