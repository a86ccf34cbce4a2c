"""Building record tables, and giving a user's own table back as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moderation.ingest import charset
from moderation.ingest.ids import number_occurrences
from moderation.ingest.times import to_times
from moderation.schema import INPUT_PREFIX, RECORD_SCHEMA

INPUT_COLUMNS_KEY: Final = b"moderation.input_columns"
"""Schema metadata: JSON list of [the user's name, the column that holds it], in the user's order."""

JSON_KEY: Final = b"moderation.json"
"""Field metadata of a string column whose values are JSON texts: objects and lists of a JSONL table."""

_DEFAULTS: Final = {"comment_id": "", "kind": "comment", "status": "visible", "text": "", "thread_id": ""}
_SENTINEL = charset.SENTINEL.encode()


def record_table(
    rows: int, source: str, columns: Mapping[str, Any], user: Mapping[str, pa.Array] | None = None
) -> tuple[pa.Table, int]:
    """Build a table in `RECORD_SCHEMA`.

    Parameters
    ----------
    rows : int
        Number of rows.
    source : str
        Name of the format.
    columns : mapping of str to array, list, scalar or None
        Ours by name; a scalar holds for all rows; those left out get their default or null, ids stable
        ones. `created_at` may be in any notation of `times.to_times`.
    user : mapping of str to pyarrow.Array, optional
        Further columns, under the names that they shall have.

    Returns
    -------
    table : pyarrow.Table
    repaired : int
        Rows in which something had to become U+FFFD.
    """
    arrays, fields = [], []
    mended = np.zeros(rows, dtype=bool)
    for field in RECORD_SCHEMA:
        values = source if field.name == "source" else columns.get(field.name)
        arrays.append(_mend(_array(values, field, rows), mended))
        fields.append(field)
    arrays[0] = _with_ids(arrays)
    for name, array in (user or {}).items():
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        arrays.append(_mend(array, mended))
        fields.append(pa.field(name, array.type))
    return pa.table(arrays, schema=pa.schema(fields)), int(mended.sum())


def rows_table(rows: Sequence[Mapping[str, Any]], source: str) -> tuple[pa.Table, int]:
    """Build a table in `RECORD_SCHEMA` of rows that all have the same columns; as `record_table`."""
    names = rows[0].keys() if rows else ()
    return record_table(len(rows), source, {name: [row[name] for row in rows] for name in names})


def empty_table() -> pa.Table:
    """Return a record table without rows."""
    return RECORD_SCHEMA.empty_table()


def with_input_columns(table: pa.Table, stored: Sequence[tuple[str, str]]) -> pa.Table:
    """Note in a table's schema which columns hold the user's, in the user's order."""
    metadata = dict(table.schema.metadata or {})
    metadata[INPUT_COLUMNS_KEY] = json.dumps([list(pair) for pair in stored]).encode()
    return table.replace_schema_metadata(metadata)


def input_pairs(schema: pa.Schema) -> list[tuple[str, str]]:
    """Return [user's name, stored column] in the user's order; empty where the input was no table."""
    noted = (schema.metadata or {}).get(INPUT_COLUMNS_KEY)
    return [(name, stored) for name, stored in json.loads(noted)] if noted else []


def as_input_table(table: pa.Table) -> pa.Table:
    """Return the user's columns under their own names in their own order, then ours that do not clash.

    A table that came from no table (a thread page, an export) is returned as it is.
    """
    pairs = [(name, stored) for name, stored in input_pairs(table.schema) if stored in table.column_names]
    if not pairs:
        return table
    names = [name for name, _ in pairs]
    columns = [table[stored] for _, stored in pairs]
    used = {stored for _, stored in pairs}
    for name in table.column_names:
        # What is stored for the user already stands there; text under its own name need not come twice.
        if name not in names and not name.startswith(INPUT_PREFIX) and name not in used:
            names.append(name)
            columns.append(table[name])
    return pa.table(columns, names=names)


def concat(tables: Sequence[pa.Table]) -> pa.Table:
    """Return one table of several whose own columns may differ in presence and type.

    A column that one of them lacks is null there; types that do not fit become text.
    """
    if not tables:
        return empty_table()
    pairs: dict[str, str] = {}
    for table in tables:
        pairs.update(dict(input_pairs(table.schema)))
    fields: dict[str, pa.Field] = {}
    for table in tables:
        for field in table.schema:
            known = fields.setdefault(field.name, field)
            if not known.type.equals(field.type):
                fields[field.name] = known.with_type(_common(known.type, field.type))
    schema = pa.schema(list(fields.values()))
    whole = pa.concat_tables([_conform(table, schema) for table in tables])
    return with_input_columns(whole, list(pairs.items())) if pairs else whole


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if pa.types.is_null(one):
        return other
    if pa.types.is_null(other):
        return one
    if {str(one), str(other)} == {"int64", "double"}:
        return pa.float64()
    return pa.string()


def _with_ids(arrays: Sequence[pa.Array]) -> pa.Array:
    """Return the first of the record columns, ids, with stable ones where the dump has none."""
    given = arrays[0]
    lacking = pc.equal(given, "")
    if not pc.any(lacking).as_py():
        return given
    by_name = dict(zip(RECORD_SCHEMA.names, arrays, strict=True))
    parts = [by_name[name].to_pylist() for name in ("thread_id", "parent_id", "author", "text")]
    return pc.if_else(lacking, pa.array(number_occurrences(*parts), pa.string()), given)


def _array(values: Any, field: pa.Field, rows: int) -> pa.Array:
    if values is None:
        values = _DEFAULTS.get(field.name)
        if values is None:
            return pa.nulls(rows, field.type)
    if isinstance(values, (str, int, float)):
        return pa.repeat(pa.scalar(values, field.type), rows)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_timestamp(field.type) and not isinstance(values, pa.Array):
        return to_times(values)
    if isinstance(values, pa.Array):
        array = values if values.type.equals(field.type) else values.cast(field.type)
    else:
        array = array_of(values, field.type)
    default = _DEFAULTS.get(field.name)
    return array.fill_null(default) if default is not None and array.null_count else array


def array_of(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return an Arrow array of Python values, lone surrogates replaced by the sentinel of `charset`."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        # Lone surrogates cannot be stored; the sentinel has the row counted as repaired.
        return pa.array([_without_surrogates(value) for value in values], kind)


def _without_surrogates(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "moderation-sentinel")


def _mend(array: pa.Array, mended: np.ndarray) -> pa.Array:
    """Return the array without sentinels and NULs; mark its rows in `mended`."""
    if not pa.types.is_string(array.type) or not len(array) or not _is_suspicious(array):
        return array
    broken = pc.or_(pc.match_substring(array, charset.SENTINEL), pc.match_substring(array, "\0")).fill_null(
        False
    )
    if not pc.any(broken).as_py():
        return array
    mended |= broken.to_numpy(zero_copy_only=False)
    for bad in (charset.SENTINEL, "\0"):
        array = pc.replace_substring(array, bad, "\ufffd")
    return array


def _is_suspicious(array: pa.Array) -> bool:
    # One look at the raw bytes is many times cheaper than a search in each value.
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    if offsets[0] == offsets[-1]:
        return False
    data = np.frombuffer(array.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return not data.all() or bool((data == _SENTINEL[0]).any())
