"""A run as one table: the user's own columns first and as they were, then ours; CSV, Parquet, JSONL."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from moderation.classify.model import Model
from moderation.classify.policy import Policy, ResolvedPolicy
from moderation.errors import UsageError
from moderation.ingest import tables
from moderation.ingest.source import open_url
from moderation.score.engine import Request, fill, make_request
from moderation.score.progress import Silent, Watcher
from moderation.score.run import Outcome, Run
from moderation.score.writer import replace_file

STDOUT: Final = "-"
LIST_SEPARATOR: Final = ";"
"""Between the flags of a row in a CSV file."""


class Sink(Protocol):
    """Where bytes go: an open file, standard output."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""
        ...

    def flush(self) -> None:
        """Hand on what was written."""
        ...


def table_format(out: str | Path) -> str | None:
    """Return the kind of table that an output name asks for, None for a run directory.

    Parameters
    ----------
    out : str or Path
        As given to `-o`; `-` is standard output.

    Returns
    -------
    {".csv", ".jsonl", ".parquet"} or None
        None where the name has no suffix.

    Raises
    ------
    UsageError
        The suffix names no table that can be written.
    """
    if str(out) == STDOUT:
        return ".jsonl"
    suffix = Path(out).suffix.lower()
    if not suffix and "://" in str(out):
        raise UsageError(
            f"{out}: a run needs a folder; mount the storage, or give a name that ends in .parquet"
        )
    if suffix and suffix not in _WRITERS:
        raise UsageError(f"{out}: cannot write {suffix} files; use one of {', '.join(sorted(_WRITERS))}")
    return suffix or None


def write_file(request: Request, out: str | Path, stdout: Sink, progress: Watcher | None = None) -> Outcome:
    """Run a request and write its rows as one table.

    The table is complete or not there. Until it is, its run is kept in a hidden directory beside it, so
    that the same command goes on after an interruption. Rejected records go to `OUT.rejects.jsonl`.

    Parameters
    ----------
    request : Request
        What is asked.
    out : str or Path
        `.csv`, `.jsonl` or `.parquet`, also as an fsspec URL (whose run cannot be gone on with), or `-` for
        JSON lines on `stdout`.
    stdout : Sink
        Where `-` leads.
    progress : Watcher, optional
        Told how far it has come.

    Returns
    -------
    Outcome
        What became of every record.

    Raises
    ------
    UsageError
        No table can be written under that name.
    DataError
        Nothing could be read, or the table not be written.
    """
    if table_format(out) is None:
        raise UsageError(f"{out}: give a name that ends in {', '.join(sorted(_WRITERS))}")
    if str(out) == STDOUT or "://" in str(out):
        with tempfile.TemporaryDirectory(prefix="moderation-") as folder:
            run = fill(request, Path(folder), progress or Silent())
            if str(out) == STDOUT:
                _write_jsonl(run, stdout)
                stdout.flush()
            else:
                _upload(run, str(out))
            return replace(run.outcome, rejects=None)
    out = Path(out)
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}")
    hidden = out.with_name(f".{out.name}.run")
    run = fill(request, hidden, progress or Silent())
    outcome = run.outcome
    export(run, out)
    rejects = out.with_name(f"{out.name}.rejects.jsonl")
    if run.accounting.rejected:
        run.rejects.replace(rejects)
    else:
        rejects.unlink(missing_ok=True)
    shutil.rmtree(hidden)
    return replace(outcome, rejects=rejects)


def score_file(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    model: str | Path | Model | None = "fast",
    policy: str | Path | Policy | ResolvedPolicy | None = None,
    progress: Watcher | None = None,
    **options: Any,
) -> Outcome:
    """Score comments into one table; a table of the user's comes back as it was, with ours after it.

    Parameters
    ----------
    inputs : str, Path or sequence of them
        Files, directories, globs, URLs or `-`.
    out : str or Path
        `.csv`, `.jsonl` or `.parquet`.
    model : str, Path, Model or None
        None = only ingest.
    policy : str, Path, Policy, ResolvedPolicy or None
        Policy file, or one that was read; None = the model's own.
    progress : Watcher, optional
        Told how far it has come.
    **options
        As of `scan`: format, columns, any_language, selection, limit, privacy, jobs.

    Returns
    -------
    Outcome
        What became of every record.
    """
    return write_file(make_request(inputs, model, policy, **options), out, sys.stdout.buffer, progress)


def export(run: Run, out: Path) -> None:
    """Write a finished run as one table, replacing an older file in one step."""
    write = _WRITERS[out.suffix.lower()]

    def draft(path: Path) -> None:
        with path.open("wb") as file:
            write(run, file)

    replace_file(out, draft)


def _upload(run: Run, url: str) -> None:
    """Write a finished run as one table at a URL, and its rejects beside it."""
    suffix = PurePosixPath(url).suffix.lower()
    with open_url(url, "wb") as file:
        _WRITERS[suffix](run, file)
    if run.accounting.rejected:
        with open_url(f"{url}.rejects.jsonl", "wb") as file, run.rejects.open("rb") as rejects:
            shutil.copyfileobj(rejects, file)


def _write_csv(run: Run, file: Sink) -> None:
    options = pc_csv.WriteOptions(quoting_style="needed")
    writer: Any = None
    for table in _tables(run):
        table = _flat(table)
        if writer is None:
            writer = pc_csv.CSVWriter(file, table.schema, write_options=options)
        writer.write_table(table)
    writer.close()


def _write_parquet(run: Run, file: Sink) -> None:
    writer: Any = None
    for table in _tables(run):
        if writer is None:
            writer = pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()


def _write_jsonl(run: Run, file: Sink) -> None:
    encoder = msgspec.json.Encoder()
    raw = _json_columns(run.schema)
    for table in _tables(run):
        for batch in table.to_batches(max_chunksize=10_000):
            rows = batch.to_pylist()
            for row in rows:
                for name in raw:
                    if row[name] is not None:
                        row[name] = msgspec.Raw(row[name].encode())
            file.write(encoder.encode_lines(rows))


_WRITERS: Final[dict[str, Callable[[Run, Sink], None]]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}


def _tables(run: Run) -> Iterator[pa.Table]:
    """Yield the rows part by part, at least one table so that a header is written."""
    yield tables.as_input_table(run.schema.empty_table())
    for batch in run.batches():
        yield tables.as_input_table(pa.Table.from_batches([batch]))


def _json_columns(schema: pa.Schema) -> list[str]:
    """Return the user's columns that hold JSON texts, to be written as the JSON they are."""
    return [
        name
        for name, stored in tables.input_pairs(schema)
        if tables.JSON_KEY in (schema.field(stored).metadata or {})
    ]


def _flat(table: pa.Table) -> pa.Table:
    """Return the table with lists as text and values of other structure as their JSON."""
    for index, field in enumerate(table.schema):
        if pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            table = table.set_column(index, field.name, pc.binary_join(table.column(index), LIST_SEPARATOR))
        elif pa.types.is_nested(field.type):
            texts = [
                None if value is None else msgspec.json.encode(value).decode()
                for value in table.column(index).to_pylist()
            ]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table
