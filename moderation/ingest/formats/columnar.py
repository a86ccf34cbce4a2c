"""Parquet tables, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from moderation.errors import DataError
from moderation.ingest import usertable
from moderation.ingest.base import Chunk, Head, Parsed, ReadOptions
from moderation.ingest.tables import array_of

CHUNK_ROWS = 20_000
SAMPLE = 200


@dataclass(frozen=True, slots=True)
class ParquetChunk:
    """Payload: some rows as they are, with the plan of the table."""

    batch: pa.RecordBatch
    plan: usertable.TablePlan


def sniff(head: Head) -> float:
    """Return 1 for a Parquet file, 0 otherwise."""
    return 1.0 if head.data.startswith(b"PAR1") else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of rows, each with the plan made from the first."""
    try:
        file = pq.ParquetFile(pa.PythonFile(stream, mode="r"))
        plan: usertable.TablePlan | None = None
        start = 1
        for batch in file.iter_batches(CHUNK_ROWS, use_threads=False):
            if plan is None:
                plan = _plan(batch, options)
            yield Chunk(ParquetChunk(batch, plan), start)
            start += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{options.input}: the Parquet file is damaged or cut off: {_first_line(error)}"
        ) from error


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn rows into comments; columns of ours that the file lacks are guessed or null."""
    payload: ParquetChunk = chunk.payload
    table = pa.table([_plain(column) for column in payload.batch.columns], names=list(payload.plan.names))
    records, repaired = usertable.records_of(table, payload.plan, "parquet", chunk.start)
    return Parsed(records, payload.batch.num_rows, repaired=repaired)


FORMATS = (
    usertable.table_format(
        "parquet", "Parquet table; columns mapped or guessed", sniff, split, parse, binary=True
    ),
)


def _plan(batch: pa.RecordBatch, options: ReadOptions) -> usertable.TablePlan:
    names = batch.schema.names
    head = batch.slice(0, SAMPLE)
    sample = {
        name: [None if value is None else str(value) for value in head.column(place).to_pylist()]
        for place, name in enumerate(names)
    }
    return usertable.make_plan(names, sample, options.columns, options.input)


def _plain(array: pa.Array) -> pa.Array:
    """Return text as plain strings, whatever encoding the file keeps it in."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return array.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        decoded = [
            None if value is None else value.decode("utf-8", "moderation-sentinel")
            for value in array.to_pylist()
        ]
        return array_of(decoded, pa.string())
    return array


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
