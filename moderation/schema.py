"""The tables of the project: column names, types and checks. The contract between all parts.

`COMMENT_SCHEMA` is what ingest writes, `scored_schema()` what scoring adds to it. Columns that are not
named here belong to the user's own table and pass through unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

from moderation.errors import DataError

LABELS: Final = (
    "abusive",
    "insult",
    "threat",
    "identity_attack",
    "obscene",
    "sexually_explicit",
    "severe",
    "conspiracy",
)
"""Labels in the order in which every table, matrix and bundle holds them."""

KINDS: Final = ("comment", "post", "pingback", "system")
STATUSES: Final = ("visible", "deleted", "removed", "pending", "spam")
PARENT_STATES: Final = ("root", "ok", "missing", "other_thread", "cut", "inferred")
TIERS: Final = ("fast", "deep")

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")


def _field(name: str, kind: pa.DataType, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable)


RECORD_SCHEMA: Final = pa.schema(
    [
        _field("comment_id", pa.string()),
        _field("thread_id", pa.string()),
        _field("parent_id", pa.string(), True),
        _field("author", pa.string(), True),
        _field("created_at", TIMESTAMP, True),
        _field("text", pa.string()),
        _field("kind", pa.string()),
        _field("status", pa.string()),
        _field("likes", pa.int64(), True),
        _field("url", pa.string(), True),
        _field("thread_title", pa.string(), True),
        _field("source", pa.string()),
        _field("parse_confidence", pa.float32(), True),
        _field("extra", pa.string(), True),
    ]
)
"""What one chunk of a dump determines: the columns of `comments/part-*.parquet`."""

THREAD_SCHEMA: Final = pa.schema(
    [
        _field("depth", pa.int16(), True),
        _field("position", pa.int32(), True),
        _field("parent_state", pa.string()),
        _field("duplicate_of", pa.string(), True),
    ]
)
"""What needs the whole dump: the columns of `threads/part-*.parquet`, aligned row for row."""

COMMENT_COLUMNS: Final = (
    "comment_id",
    "thread_id",
    "parent_id",
    "depth",
    "position",
    "author",
    "created_at",
    "text",
    "kind",
    "status",
    "parent_state",
    "duplicate_of",
    "likes",
    "url",
    "thread_title",
    "source",
    "parse_confidence",
    "extra",
)
COMMENT_SCHEMA: Final = pa.schema(
    [
        (RECORD_SCHEMA if name in RECORD_SCHEMA.names else THREAD_SCHEMA).field(name)
        for name in COMMENT_COLUMNS
    ]
)
"""The comment table: record columns and thread columns in reading order."""

INPUT_PREFIX: Final = "input."
"""Prefix under which a user's own table columns travel, so that none of ours can overwrite them."""

ENUMS: Final = {"kind": KINDS, "status": STATUSES, "parent_state": PARENT_STATES}


def probability_column(label: str) -> str:
    """Return the column that holds the calibrated probability of `label`."""
    return f"p_{label}"


def score_schema(labels: Sequence[str] = LABELS) -> pa.Schema:
    """Return the columns that scoring adds, in order.

    Parameters
    ----------
    labels : sequence of str
        Labels of the model.

    Returns
    -------
    pyarrow.Schema
        `p_<label>` float32 in [0, 1] (null exactly where `not_scored` is not null), `flags` list<str>,
        `language` str?, `not_scored` str?, `tier` str?.
    """
    return pa.schema(
        [_field(probability_column(label), pa.float32(), True) for label in labels]
        + [
            _field("flags", pa.list_(pa.string())),
            _field("language", pa.string(), True),
            _field("not_scored", pa.string(), True),
            _field("tier", pa.string(), True),
        ]
    )


def scored_schema(labels: Sequence[str] = LABELS) -> pa.Schema:
    """Return the scored table's own columns: comment columns, then score columns."""
    return pa.schema(list(COMMENT_SCHEMA) + list(score_schema(labels)))


def check_comments(table: pa.Table) -> pa.Table:
    """Check a table against `COMMENT_SCHEMA` at a border between parts.

    Parameters
    ----------
    table : pyarrow.Table
        A comment table; further columns (the user's own) are allowed after ours.

    Returns
    -------
    pyarrow.Table
        The same table, columns of ours cast to their types without a copy where they already fit.

    Raises
    ------
    DataError
        A column is missing, has another type, holds a null that it must not or an unknown value.
    """
    return _check(table, COMMENT_SCHEMA)


def check_records(table: pa.Table) -> pa.Table:
    """Check a parser's table against `RECORD_SCHEMA`; see `check_comments`."""
    return _check(table, RECORD_SCHEMA)


def check_scored(table: pa.Table, labels: Sequence[str] = LABELS) -> pa.Table:
    """Check a scored table: `check_comments`, and a probability is null exactly where not scored."""
    table = _check(table, scored_schema(labels))
    withheld = table["not_scored"].is_valid()
    for label in labels:
        if table[probability_column(label)].is_null().equals(withheld):
            continue
        raise DataError(
            f"column {probability_column(label)!r} must be null exactly where 'not_scored' is set; "
            "score the table again"
        )
    return table


def _check(table: pa.Table, schema: pa.Schema) -> pa.Table:
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise DataError(f"the table lacks {', '.join(map(repr, missing))}; ingest the dump again")
    columns = []
    for field in schema:
        column = table[field.name]
        if not column.type.equals(field.type):
            try:
                column = column.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise DataError(
                    f"column {field.name!r} is {column.type}, not {field.type}: {error}"
                ) from error
        if not field.nullable and column.null_count:
            raise DataError(f"column {field.name!r} has {column.null_count} empty values; it may have none")
        if field.name in ENUMS:
            unknown = sorted({str(v) for v in column.unique().to_pylist()} - set(ENUMS[field.name]))
            if unknown:
                raise DataError(
                    f"column {field.name!r} holds {unknown[0]!r}; known: {', '.join(ENUMS[field.name])}"
                )
        columns.append(column)
    others = [name for name in table.column_names if name not in schema.names]
    return pa.table(
        columns + [table[name] for name in others],
        schema=pa.schema(list(schema) + [table.schema.field(name) for name in others], table.schema.metadata),
    )


def input_columns(names: Iterable[str]) -> list[str]:
    """Return those of `names` that belong to the user's own table (see `INPUT_PREFIX`)."""
    return [name for name in names if name.startswith(INPUT_PREFIX)]


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a frame over Arrow memory: strings and numbers are not copied.

    The user's own columns lose their prefix where no column of ours has that name.
    """
    names = [_plain_name(name, table.column_names) for name in table.column_names]
    frame: pd.DataFrame = table.rename_columns(names).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def from_pandas(frame: pd.DataFrame) -> pa.Table:
    """Return an Arrow table of a frame, without its index; the opposite of `to_pandas`."""
    return pa.Table.from_pandas(frame, preserve_index=False)


def _plain_name(name: str, taken: Sequence[str]) -> str:
    plain = name.removeprefix(INPUT_PREFIX)
    return name if plain in taken else plain
