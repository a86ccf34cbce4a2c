"""CSV and TSV: cut at record borders in bounded memory, every value kept as the text it is."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from moderation.errors import DataError
from moderation.ingest import tables, usertable
from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Format, Head, Parsed, ReadOptions, Refused, Reject
from moderation.ingest.columns import names_text
from moderation.ingest.csvsplit import Dialect, Records, split_records

DELIMITERS = {"csv": (",", ";", "|"), "tsv": ("\t",)}
SAMPLE = 200
"""Records that decide on delimiter, quoting and what the columns hold."""

csv.field_size_limit(64 << 20)


@dataclass(frozen=True, slots=True)
class CsvChunk:
    """Payload: whole records, with the dialect and the plan of the table."""

    records: Records
    dialect: Dialect
    plan: usertable.TablePlan
    source: str


def sniff_csv(head: Head) -> float:
    """Return how surely this is a table separated by commas, semicolons or bars."""
    return _sniff(head, "csv")


def sniff_tsv(head: Head) -> float:
    """Return how surely this is a table separated by tabs."""
    return _sniff(head, "tsv")


def split_csv(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of whole CSV records, each with the plan made from the first."""
    return _split(stream, options, "csv")


def split_tsv(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of whole TSV records, each with the plan made from the first."""
    return _split(stream, options, "tsv")


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn records into rows; short ones are filled up, overlong ones rejected."""
    payload: CsvChunk = chunk.payload
    table = _fast(payload)
    rejects: list[Reject] = []
    padded = 0
    if table is None:
        table, rejects, padded = _careful(payload, chunk.start, options.input)
    records, repaired = usertable.records_of(table, payload.plan, payload.source, chunk.start)
    skipped: Counter[str] = Counter()
    if blank := payload.records.count - table.num_rows - len(rejects):
        skipped["blank line"] = blank
    return Parsed(records, payload.records.count, rejects, skipped, repaired + padded)


def _make(name: str, title: str, sniff: object, split: object) -> Format:
    return Format(
        name=name,
        title=title,
        carries=("columns of the table",),
        sniff=sniff,  # type: ignore[arg-type]
        split=split,  # type: ignore[arg-type]
        parse=parse,
        table=True,
    )


FORMATS = (
    _make(
        "csv",
        "CSV with a header, separated by comma, semicolon or bar; columns mapped or guessed",
        sniff_csv,
        split_csv,
    ),
    _make("tsv", "tab-separated table with a header; columns mapped or guessed", sniff_tsv, split_tsv),
)


def _sniff(head: Head, name: str) -> float:
    found = _dialect(head.text, head.complete, name)
    if found is None:
        return 0.0
    _, rows, agreement = found
    header = [field.strip() for field in rows[0]]
    if head.text.lstrip()[:1] in ("{", "[", "<") or any(len(field) > 80 for field in header):
        return 0.0
    known = names_text(header)
    if len(header) == 1:
        return 0.5 if known and name == "csv" else 0.0
    if len(set(header)) < len(header) or any(len(field.split()) > 4 for field in header):
        return 0.0
    if known and agreement >= 0.4:
        return 0.7
    # Without a telling name only a table that is one throughout counts; prose has commas, too.
    return (0.45 if len(rows) > 2 else 0.25) if all(header) and agreement == 1.0 and len(rows) > 1 else 0.0


def _dialect(text: str, complete: bool, name: str) -> tuple[Dialect, list[list[str]], float] | None:
    """Return delimiter and quoting under which the first records agree best, with those records."""
    text, skip = _without_separator_line(text)
    if not complete:
        text = text[: text.rfind("\n") + 1] or text
    best: tuple[bool, float, int, bool, Dialect, list[list[str]]] | None = None
    for delimiter in DELIMITERS[name]:
        for quoting in (True, False):
            rows = _first_rows(text, delimiter, quoting)
            if not rows:
                continue
            width = len(rows[0])
            agreement = sum(len(row) == width for row in rows) / len(rows)
            dialect = Dialect(delimiter, quoting, skip)
            telling = width > 1 and names_text(rows[0])
            candidate = (telling, agreement if width > 1 else agreement / 2, width, quoting, dialect, rows)
            if best is None or candidate[:4] > best[:4]:
                best = candidate
    return (best[4], best[5], best[1]) if best else None


def _without_separator_line(text: str) -> tuple[str, bool]:
    # Excel writes "sep=;" above the header.
    first, _, rest = text.partition("\n")
    return (
        (rest, True)
        if first.strip().lower().startswith("sep=") and len(first.strip()) <= 5
        else (text, False)
    )


def _first_rows(text: str, delimiter: str, quoting: bool) -> list[list[str]]:
    rows = []
    try:
        for row in _reader(text, delimiter, quoting):
            if row:
                rows.append(row)
            if len(rows) > SAMPLE:
                break
    except csv.Error:
        return []
    return rows


def _reader(text: str, delimiter: str, quoting: bool) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if quoting:
        return csv.reader(lines, delimiter=delimiter)
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)


def _split(stream: BinaryIO, options: ReadOptions, name: str) -> Iterator[Chunk]:
    head = stream.peek(1 << 18)[: 1 << 18]  # type: ignore[attr-defined]
    text = head.decode("utf-8", "ignore")
    found = _dialect(text, False, name) or _dialect(text, True, name)
    if found is None:
        raise DataError(f"{options.input}: no header line with column names")
    dialect, rows, _ = found
    names = _unique(rows[0])
    sample = {
        name: [row[place] if place < len(row) else "" for row in rows[1:]] for place, name in enumerate(names)
    }
    plan = usertable.make_plan(names, sample, options.columns, options.input)
    for chunk in split_records(stream, dialect):
        if isinstance(chunk.payload, Refused):
            yield chunk
        else:
            yield Chunk(CsvChunk(chunk.payload, dialect, plan, name), chunk.start)


def _unique(names: Sequence[str]) -> list[str]:
    unique: list[str] = []
    for place, name in enumerate(names, 1):
        candidate, copy = name or f"column_{place}", 2
        while candidate in unique:
            candidate, copy = f"{name or 'column'}_{copy}", copy + 1
        unique.append(candidate)
    return unique


def _fast(payload: CsvChunk) -> pa.Table | None:
    """Return the records as Arrow reads them; None where they need care."""
    if not payload.records.regular:
        return None
    names = list(payload.plan.names)
    try:
        return pacsv.read_csv(
            pa.BufferReader(payload.records.data),
            read_options=pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=max(len(payload.records.data) + 1, 1 << 20)
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=payload.dialect.delimiter,
                quote_char='"' if payload.dialect.quoting else False,
                newlines_in_values=True,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        # Ragged rows, or no row at all.
        return None


def _careful(payload: CsvChunk, start: int, input_name: str) -> tuple[pa.Table, list[Reject], int]:
    width = len(payload.plan.names)
    rows: list[list[str]] = []
    rejects: list[Reject] = []
    padded = 0
    text = payload.records.data.decode("utf-8", "moderation-sentinel")
    for number, row in enumerate(_reader(text, payload.dialect.delimiter, payload.dialect.quoting), start):
        if not row:
            continue
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        if len(row) > width:
            excerpt = payload.dialect.delimiter.join(row)[:EXCERPT_LENGTH]
            reason = f"{len(row)} fields where the header names {width}"
            rejects.append(Reject(input_name, f"row {number}", reason, excerpt))
            continue
        if len(row) < width:
            padded += 1
            row = row + [""] * (width - len(row))
        rows.append(row)
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    arrays = [tables.array_of(column, pa.string()) for column in columns]
    return pa.table(arrays, names=list(payload.plan.names)), rejects, padded
