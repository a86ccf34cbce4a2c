"""Reading inputs: from names on the command line to chunks, parsed chunks and whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from moderation.errors import DataError
from moderation.ingest import charset, tables
from moderation.ingest.base import Accounting, Chunk, Format, Parsed, ReadOptions, Refused, Reject
from moderation.ingest.registry import choose
from moderation.ingest.source import Item, Source, expand, open_source
from moderation.ingest.threads import resolve
from moderation.schema import COMMENT_COLUMNS, to_pandas

Given = str | Path | Item | BinaryIO


class Input:
    """One opened input with its format: an iterator of chunks, to be parsed here or in other processes.

    Attributes
    ----------
    source : Source
        The opened file.
    format : Format
        As named or sniffed.
    options : ReadOptions
        What `parse_chunk` needs beside the chunk.
    """

    def __init__(self, source: Source, format: Format, options: ReadOptions) -> None:
        self.source = source
        self.format = format
        self.options = options

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the input's chunks, last of all a `Refused` where its stream was damaged."""
        if self.format.binary:
            stream = self.source.seekable()
        else:
            stream = charset.as_utf8(self.source.stream, self.source.encoding)
        yield from self.format.split(stream, self.options)
        if damage := self.source.damage():
            offset, reason = damage
            yield Chunk(Refused(f"byte {offset}", reason), offset)

    def __enter__(self) -> Input:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.close()


def open_input(given: Given, format: str | None = None, columns: Mapping[str, str] | None = None) -> Input:
    """Open one input and find its format.

    Parameters
    ----------
    given : path, URL, "-", Item or binary file
        One input; see `source.expand` for several.
    format : str, optional
        Name of its format; sniffed from the content where it is left out.
    columns : mapping of str to str, optional
        Our column to the user's, for tables: `{"text": "body"}`.

    Raises
    ------
    DataError
        Nothing recognises it, or two formats fit equally well.
    UsageError
        It does not exist, or there is no such format.
    """
    source = open_source(given)
    try:
        found = choose(source.head, format, tables_only=bool(columns))
    except BaseException:
        source.close()
        raise
    encoding = None if found.binary else source.encoding
    return Input(source, found, ReadOptions(source.name, dict(columns or {}), encoding))


def parse_chunk(format: Format, chunk: Chunk, options: ReadOptions) -> Parsed:
    """Parse one chunk and check that everything in it is accounted for: the unit of parallel work.

    Raises
    ------
    DataError
        The parser lost or invented records.
    """
    if isinstance(chunk.payload, Refused):
        refused = chunk.payload
        reject = Reject(options.input, refused.place, refused.reason, refused.excerpt)
        return Parsed(tables.empty_table(), 1, [reject])
    parsed = format.parse(chunk, options)
    accounted = parsed.table.num_rows + len(parsed.rejects) + parsed.skipped.total()
    if parsed.read != accounted:
        raise DataError(
            f"{options.input}: {parsed.read} records were read from {chunk.start} on, {accounted} accounted "
            f"for; please report this as a bug of {format.name!r}"
        )
    return parsed


def read_input(
    given: Given, format: str | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Parsed]:
    """Yield what becomes of each chunk of one input, in order, in this process."""
    with open_input(given, format, columns) as opened:
        for chunk in opened:
            yield parse_chunk(opened.format, chunk, opened.options)


def ingest(
    inputs: str | Path | BinaryIO | Sequence[str | Path],
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> tuple[pa.Table, Accounting]:
    """Read whole inputs into one comment table in memory.

    Parameters
    ----------
    inputs : path, binary file or sequence of paths
        Files, directories, globs, URLs, `-`.
    format : str, optional
        Name of their format; sniffed for each where it is left out.
    columns : mapping of str to str, optional
        Our column to the user's, for tables.
    limit : int, optional
        Stop after so many comments.

    Returns
    -------
    table : pyarrow.Table
        `COMMENT_SCHEMA`, then the user's own columns under `INPUT_PREFIX`.
    accounting : Accounting
        What became of everything that was read.

    Raises
    ------
    DataError, UsageError
        As `open_input`.
    """
    accounting = Accounting()
    parts: list[pa.Table] = []
    for parsed in _all_parsed(inputs, format, columns):
        if limit is not None and accounting.rows + parsed.table.num_rows > limit:
            parsed = _first(parsed, limit - accounting.rows)
        accounting.add(parsed)
        parts.append(parsed.table)
        if limit is not None and accounting.rows >= limit:
            break
    accounting.check()
    return with_structure(tables.concat(parts)), accounting


def read_comments(
    path: str | Path, format: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read a comment dump into a frame.

    Parameters
    ----------
    path : str or Path
        A file, directory, glob or URL.
    format : str, optional
        Name of its format; sniffed from the content where it is left out.
    columns : mapping of str to str, optional
        Our column to the user's, for tables: `{"text": "body"}`.

    Returns
    -------
    pandas.DataFrame
        One row a comment, in the order of the dump; see `moderation.schema`.
    """
    table, _ = ingest(path, format, columns)
    return to_pandas(table)


def with_structure(records: pa.Table) -> pa.Table:
    """Return the comment table of a whole dump's records: their thread structure resolved and added."""
    structure = resolve(records)
    both = {**dict(zip(records.column_names, records.columns, strict=True))}
    both.update(zip(structure.column_names, structure.columns, strict=True))
    names = [*COMMENT_COLUMNS, *(name for name in records.column_names if name not in COMMENT_COLUMNS)]
    fields = [
        structure.schema.field(name) if name in structure.column_names else records.schema.field(name)
        for name in names
    ]
    return pa.table([both[name] for name in names], schema=pa.schema(fields, records.schema.metadata))


def _all_parsed(
    inputs: str | Path | BinaryIO | Sequence[str | Path],
    format: str | None,
    columns: Mapping[str, str] | None,
) -> Iterator[Parsed]:
    if isinstance(inputs, (str, Path)):
        inputs = [inputs]
    if not isinstance(inputs, Sequence):
        yield from read_input(inputs, format, columns)
        return
    items = expand(inputs)
    for item in items:
        try:
            yield from read_input(item, format, columns)
        except DataError as error:
            if len(items) == 1:
                raise
            yield unreadable(item.name, error)


def unreadable(name: str, error: DataError) -> Parsed:
    """Return what becomes of one of several inputs that cannot be read: a reject, so that the others are."""
    reason = str(error).removeprefix(f"{name}: ")
    return Parsed(tables.empty_table(), 1, [Reject(name, "file", reason)])


def _first(parsed: Parsed, rows: int) -> Parsed:
    """Return the first rows of a chunk; what stands behind them counts as not read."""
    table = parsed.table.slice(0, rows)
    return Parsed(
        table,
        rows + len(parsed.rejects) + parsed.skipped.total(),
        parsed.rejects,
        parsed.skipped,
        parsed.repaired,
    )
