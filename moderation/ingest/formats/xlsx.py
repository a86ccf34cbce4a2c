"""Excel workbooks: the first sheet that has a text column."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from moderation.errors import DataError, UsageError
from moderation.ingest import usertable
from moderation.ingest.base import Chunk, Head, Parsed, ReadOptions
from moderation.ingest.columns import names_text
from moderation.ingest.tables import array_of

CHUNK_ROWS = 5_000
SAMPLE = 200
_OFFICE = b"[Content_Types].xml"


@dataclass(frozen=True, slots=True)
class SheetChunk:
    """Payload: rows as text, with the plan of the table; rows that are blank hold None."""

    rows: list[tuple[str, ...] | None]
    plan: usertable.TablePlan


def sniff(head: Head) -> float:
    """Return how surely this is an Excel workbook."""
    if not head.data.startswith(b"PK\x03\x04"):
        return 0.0
    return 1.0 if b"xl/" in head.data and _OFFICE in head.data else 0.5 if _OFFICE in head.data else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield rows of the first sheet with a text column, else of the first."""
    try:
        import openpyxl
    except ImportError as error:
        raise UsageError(
            f"{options.input}: reading Excel needs an extra: pip install 'moderation[xlsx]'"
        ) from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError) as error:
        raise DataError(f"{options.input}: the Excel workbook is damaged: {error}") from error
    rows, names = _table(book)
    if not names:
        raise DataError(f"{options.input}: the workbook holds no header row")
    first = list(islice(rows, SAMPLE))
    sample = {name: [row[place] for row in first if row is not None] for place, name in enumerate(names)}
    plan = usertable.make_plan(names, sample, options.columns, options.input)
    start = 2
    while batch := first + list(islice(rows, CHUNK_ROWS - len(first))):
        yield Chunk(SheetChunk(batch, plan), start)
        start += len(batch)
        first = []


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn the rows of a sheet into comments."""
    payload: SheetChunk = chunk.payload
    rows = [row for row in payload.rows if row is not None]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(payload.plan.names)
    arrays = [array_of(column, pa.string()) for column in columns]
    table = pa.table(arrays, names=list(payload.plan.names))
    records, repaired = usertable.records_of(table, payload.plan, "xlsx", chunk.start)
    parsed = Parsed(records, len(payload.rows), repaired=repaired)
    if blank := len(payload.rows) - len(rows):
        parsed.skipped["blank row"] = blank
    return parsed


FORMATS = (
    usertable.table_format(
        "xlsx",
        "Excel workbook, first sheet with a text column (needs the extra moderation[xlsx])",
        sniff,
        split,
        parse,
        binary=True,
    ),
)


def _table(book: Any) -> tuple[Iterator[tuple[str, ...] | None], list[str]]:
    sheets = list(book.worksheets)
    chosen = next((sheet for sheet in sheets if names_text(_header(sheet))), sheets[0] if sheets else None)
    if chosen is None:
        return iter(()), []
    names = _header(chosen)
    return _rows(chosen, len(names)), names


def _header(sheet: Any) -> list[str]:
    header = next(sheet.iter_rows(max_row=1, values_only=True), ())
    names = [_cell(value) or f"column_{place}" for place, value in enumerate(header, 1)]
    while names and names[-1] == f"column_{len(names)}":
        names.pop()
    return [name if name not in names[:place] else f"{name}_{place + 1}" for place, name in enumerate(names)]


def _rows(sheet: Any, width: int) -> Iterator[tuple[str, ...] | None]:
    for row in sheet.iter_rows(min_row=2, values_only=True):
        yield _texts(row, width) if any(value is not None for value in row) else None


def _texts(row: Sequence[object], width: int) -> tuple[str, ...]:
    cells = [_cell(value) for value in row[:width]]
    return tuple(cells + [""] * (width - len(cells)))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value)
