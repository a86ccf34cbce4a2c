"""Decisions in files: JSON lines, CSV, Parquet, a store's SQLite; one row per decision in force."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from moderation.cells import cell, uncell
from moderation.decisions.event import Decision, timestamp
from moderation.decisions.spans import spans_cell
from moderation.errors import DataError, UsageError

SCHEMA: Final = pa.schema(
    [
        pa.field("comment_id", pa.string(), nullable=False),
        pa.field("thread_id", pa.string(), nullable=False),
        pa.field("text_digest", pa.string(), nullable=False),
        pa.field("decision", pa.string(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("checked", pa.list_(pa.string())),
        pa.field("note", pa.string(), nullable=False),
        pa.field("reviewer", pa.string(), nullable=False),
        pa.field("created_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("policy", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("text", pa.string()),
        pa.field("before", pa.string()),
        pa.field(
            "spans",
            pa.list_(
                pa.struct(
                    [
                        pa.field("begin", pa.int32(), nullable=False),
                        pa.field("end", pa.int32(), nullable=False),
                        pa.field("label", pa.string(), nullable=False),
                        pa.field("confirmed", pa.bool_(), nullable=False),
                    ]
                )
            ),
            nullable=False,
        ),
    ]
)
"""Columns of a table of decisions; `checked` is null where all labels of the model were judged."""

SUFFIXES: Final = (".jsonl", ".csv", ".parquet", ".sqlite")

_NONE: Final = "none"
# In a cell, where nothing means null: no label at all.
_LONGEST_CELL: Final = 16 * 1024 * 1024


def read_decisions(path: str | Path) -> pd.DataFrame:
    """Read decisions from a file.

    Parameters
    ----------
    path : str or Path
        `.jsonl` (as a report's page saves them), `.csv`, `.parquet`, or a store: `.sqlite`, a run's folder,
        a URL of SQLAlchemy.

    Returns
    -------
    DataFrame
        A row per decision in force, which is the latest of each reviewer on each comment, with the columns
        of `SCHEMA`; `labels`, `checked` and `spans` hold tuples.

    Raises
    ------
    UsageError
        There is no such file, or it has another suffix.
    DataError
        Something in it is no decision; names line and field.
    """
    return decision_frame(load_decisions(path))


def load_decisions(path: str | Path) -> list[Decision]:
    """Return the decisions in force of a file or store, in their order; see `read_decisions`."""
    latest: dict[tuple[str, ...], Decision] = {}
    for decision in stated_decisions(path):
        held = latest.get(decision.key)
        if held is None or held.created_at <= decision.created_at:
            # Anew at the end, so that the order is the one in which they were made.
            latest.pop(decision.key, None)
            latest[decision.key] = decision
    return list(latest.values())


def stated_decisions(path: str | Path) -> Iterator[Decision]:
    """Iterate over all decisions that a file states (a store: that are in force); see `read_decisions`."""
    if isinstance(path, str) and "://" in path:
        yield from _of_store(path)
        return
    path = Path(path)
    if path.is_dir():
        path = path / "decisions.sqlite"
    if not path.is_file():
        raise UsageError(f"{path}: no such file of decisions")
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            yield from _checked(path, "line", _json_lines(path))
        case ".csv":
            yield from _checked(path, "line", _csv_rows(path))
        case ".parquet":
            yield from _checked(path, "row", _parquet_rows(path))
        case ".sqlite":
            yield from _of_store(path)
        case _:
            raise UsageError(f"{path}: decisions are read from {', '.join(SUFFIXES)}")


def write_decisions(decisions: pd.DataFrame | Iterable[Decision], path: str | Path) -> int:
    """Write decisions to a `.jsonl`, `.csv` or `.parquet` file, which is replaced as a whole.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe before it; `read_decisions`
    takes it away again.

    Returns
    -------
    int
        Number of decisions written.

    Raises
    ------
    UsageError
        The file has another suffix.
    DataError
        It could not be written.
    """
    path = Path(path)
    written = list(frame_decisions(decisions) if isinstance(decisions, pd.DataFrame) else decisions)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        match path.suffix.lower():
            case ".jsonl" | ".ndjson":
                draft.write_text("".join(map(json_line, written)), "utf-8", newline="\n")
            case ".csv":
                with draft.open("w", encoding="utf-8", newline="") as file:
                    write_csv(written, file)
            case ".parquet":
                pq.write_table(_table(written), draft)
            case _:
                raise UsageError(f"{path}: decisions are written to .jsonl, .csv or .parquet")
        draft.replace(path)
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return len(written)


def json_line(decision: Decision) -> str:
    """Return a decision as a line of JSON, with its line break."""
    return json.dumps(decision.to_dict(), ensure_ascii=False) + "\n"


def write_csv(decisions: Iterable[Decision], file: Any) -> None:
    """Write decisions as CSV in which no cell is a formula.

    Parameters
    ----------
    decisions : iterable of Decision
    file : text file
        Opened with `newline=""`.
    """
    writer = csv.writer(file)
    writer.writerow(SCHEMA.names)
    for decision in decisions:
        cells = {name: _as_cell(getattr(decision, name)) for name in SCHEMA.names if name != "spans"}
        writer.writerow([*cells.values(), spans_cell(decision.spans)])


def decision_frame(decisions: Iterable[Decision]) -> pd.DataFrame:
    """Return decisions as a frame with the columns of `SCHEMA`."""
    listed = list(decisions)
    frame = pd.DataFrame(_columns(listed), columns=SCHEMA.names, dtype=object)
    frame["created_at"] = pd.to_datetime(frame["created_at"], utc=True).astype("datetime64[ms, UTC]")
    return frame


def frame_decisions(frame: pd.DataFrame) -> Iterator[Decision]:
    """Iterate over the decisions of a frame; the opposite of `decision_frame`."""
    for row in frame.to_dict("records"):
        yield Decision.from_dict({str(name): _plain(value) for name, value in row.items()})


def _table(decisions: list[Decision]) -> pa.Table:
    return pa.table(_columns(decisions), schema=SCHEMA)


def _columns(decisions: list[Decision]) -> dict[str, list[Any]]:
    columns = {name: [getattr(decision, name) for decision in decisions] for name in SCHEMA.names}
    columns["spans"] = [tuple(span.to_dict() for span in spans) for spans in columns["spans"]]
    return columns


def _of_store(where: str | Path) -> Iterator[Decision]:
    try:
        from moderation.decisions.store import DecisionStore
    except ImportError as error:
        raise UsageError(
            f"{where} needs a library that is not there: pip install 'moderation[review]'"
        ) from error
    with DecisionStore(where, create=False) as store:
        yield from store.current()


def _checked(path: Path, unit: str, rows: Iterator[tuple[int, Any]]) -> Iterator[Decision]:
    try:
        for number, row in rows:
            try:
                if not isinstance(row, Mapping):
                    raise DataError("this is no object with the fields of a decision")
                yield Decision.from_dict(row)
            except DataError as error:
                raise DataError(f"{path}, {unit} {number}: {error}") from error
    except OSError as error:
        raise DataError(f"{path} could not be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error}") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, line {number}: this is no JSON: {error}") from error


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                yield reader.line_num, {name: _from_cell(name, row.get(name)) for name in SCHEMA.names}
    except csv.Error as error:
        raise DataError(f"{path} is no CSV: {error}") from error
    finally:
        csv.field_size_limit(before)


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowException as error:
        raise DataError(f"{path} is no Parquet file of decisions: {error}") from error


def _as_cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ";".join(value) or _NONE
    if isinstance(value, datetime):
        return timestamp(value)
    return "" if value is None else cell(value)


def _from_cell(name: str, value: str | None) -> Any:
    if name in ("labels", "checked"):
        if not value:
            return None
        return () if value == _NONE else tuple(value.split(";"))
    return uncell(value) if value else None


def _plain(value: Any) -> Any:
    """Return a value of a frame as JSON would hold it."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime().astimezone(UTC)
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value
