"""The flagged comments as files that other tools read: CSV, JSONL, Parquet, XLSX; strongest first."""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from moderation.errors import UsageError
from moderation.report.facts import Facts
from moderation.report.safe import cell, cell_text
from moderation.report.summary import Summary
from moderation.schema import INPUT_PREFIX

_XLSX_ROWS: Final = 1_048_575
_XLSX_CHARACTERS: Final = 32_767
# Limits of the file format, see "Excel specifications and limits".


def write_csv(facts: Facts, path: Path) -> None:
    """Write the flagged comments as CSV (UTF-8, RFC 4180), safe to open in a spreadsheet.

    Text that a spreadsheet would take for a formula gets an apostrophe before it. Flags are joined by
    spaces, times are ISO 8601 in UTC.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([cell(name) for name in _headings(facts.schema)])
        for table in facts.ranked():
            writer.writerows(_rows(table, _csv_value))


def write_jsonl(facts: Facts, path: Path) -> None:
    """Write the flagged comments as JSON lines: each value as it is, times as ISO 8601 in UTC."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for table in facts.ranked():
            named = _widened(table.rename_columns(_headings(facts.schema)))
            for record in named.to_pylist():
                file.write(json.dumps(record, ensure_ascii=False, default=_plain) + "\n")


def write_parquet(facts: Facts, path: Path) -> None:
    """Write the flagged comments as Parquet, in the columns and types of the scored table."""
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(facts.schema, _headings(facts.schema), strict=True)]
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in facts.ranked():
            writer.write_table(table.rename_columns(schema.names).cast(schema))


def write_xlsx(facts: Facts, summary: Summary, path: Path) -> None:
    """Write a workbook: the summary, labels, threads and authors, and the flagged comments.

    Every text is stored as text, so that none is run as a formula.

    Raises
    ------
    UsageError
        openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise UsageError(
            '--to xlsx needs openpyxl; install it with: pip install "moderation[xlsx]"'
        ) from error
    book = Workbook(write_only=True)
    _sheet(book, "summary", _overview(summary, facts.flagged))
    for name, frame in (
        ("labels", summary.labels),
        ("threads", summary.top_threads),
        ("authors", summary.top_authors),
        ("over time", summary.over_time),
    ):
        _sheet(book, name, itertools.chain([frame.columns], _frame_rows(frame)))
    headings = map(_xlsx_value, _headings(facts.schema))
    _sheet(book, "flagged", itertools.chain([headings], _sheet_rows(facts)))
    book.save(path)


def _headings(schema: pa.Schema) -> list[str]:
    """Return column names; the user's own lose their prefix where no column of ours has the name."""
    plain = [name.removeprefix(INPUT_PREFIX) for name in schema.names]
    return [p if n == p or p not in schema.names else n for n, p in zip(schema.names, plain, strict=True)]


def _rows(table: pa.Table, convert: Callable[[Any], Any]) -> Iterator[tuple[Any, ...]]:
    columns = []
    for column in _widened(table).columns:
        if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            column = pc.binary_join(column, " ")
        columns.append([convert(value) for value in column.to_pylist()])
    return zip(*columns, strict=True)


def _widened(table: pa.Table) -> pa.Table:
    """Return a table whose probabilities print as .95, not as the float64 nearest to a float32's .95."""
    for place, field in enumerate(table.schema):
        if pa.types.is_float32(field.type):
            short = [None if value is None else float(f"{value:.6g}") for value in table[place].to_pylist()]
            table = table.set_column(place, field.name, pa.array(short, pa.float64()))
    return table


def _csv_value(value: Any) -> Any:
    match value:
        case str():
            return cell(value)
        case float():
            return repr(value)
        case None | int():
            return value
        case list() | dict():
            return cell(json.dumps(value, ensure_ascii=False, default=_plain))
        case _:
            return cell(str(_plain(value)))


def _xlsx_value(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | int():
            return value
        case str():
            return cell_text(value)[:_XLSX_CHARACTERS]
        case list() | dict():
            return _xlsx_value(json.dumps(value, ensure_ascii=False, default=_plain))
        case _:
            return _xlsx_value(str(_plain(value)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _sheet_rows(facts: Facts) -> Iterator[tuple[Any, ...]]:
    rows = (row for table in facts.ranked() for row in _rows(table, _xlsx_value))
    return itertools.islice(rows, _XLSX_ROWS)


def _frame_rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    plain = frame.astype(object).where(frame.notna(), None)
    for row in plain.itertuples(index=False):
        yield tuple(map(_xlsx_value, row))


def _overview(summary: Summary, flagged: int) -> list[tuple[str, Any]]:
    rows = [
        ("run", _xlsx_value(summary.name)),
        ("model", _xlsx_value(summary.model or "none")),
        ("comments", summary.comments),
        ("threads", summary.threads),
        ("authors", summary.authors),
        ("scored", summary.scored),
        ("flagged", summary.flagged),
        ("share flagged", summary.rate),
        ("95 % interval, from", summary.low),
        ("95 % interval, to", summary.high),
        ("first comment (UTC)", str(summary.first or "")),
        ("last comment (UTC)", str(summary.last or "")),
    ]
    if flagged > _XLSX_ROWS:
        rows.append(("flagged comments beyond a sheet's rows (see flagged.csv)", flagged - _XLSX_ROWS))
    return rows


def _sheet(book: Any, name: str, rows: Iterable[Iterable[Any]]) -> None:
    from openpyxl.cell import WriteOnlyCell

    sheet = book.create_sheet(name)
    for row in rows:
        cells = []
        for value in row:
            made = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                # A cell of type text is text, whatever it begins with.
                made.data_type = "s"
            cells.append(made)
        sheet.append(cells)
