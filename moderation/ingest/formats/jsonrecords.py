"""JSONL and JSON tables: one object a row, columns mapped or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa

from moderation.errors import DataError
from moderation.ingest import jsondocument, jsonlines, tables, usertable
from moderation.ingest.base import Chunk, Head, Parsed, ReadOptions, Refused
from moderation.ingest.columns import names_text
from moderation.ingest.linesplit import Lines, split_lines

SAMPLE = 1000
"""Records that decide which columns a table has and of what type."""

_OBJECT: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_TYPES = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "str": pa.string(),
    "json": pa.string(),
}


@dataclass(frozen=True, slots=True)
class JsonPlan:
    """Columns of the table and the type of each, decided on its first records."""

    table: usertable.TablePlan
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JsonChunk:
    """Payload: lines, or records cut out of a document, with the plan of the table."""

    data: Lines | list[bytes]
    plan: JsonPlan


def sniff_jsonl(head: Head) -> float:
    """Return how surely this is one JSON object a line with a column of text."""
    records = head_records(head)
    if not records:
        # A first line longer than the head may be one bad record before many good ones.
        return 0.22 if not head.complete and re.match(r'\s*\{"[^"\n]{1,64}":[^\n]*\Z', head.text) else 0.0
    return 0.6 if names_text([name for record in records for name in record]) else 0.3


def sniff_json(head: Head) -> float:
    """Return how surely this is one document with an array of flat objects."""
    records = jsondocument.head_records(head)
    if not records:
        return 0.0
    return 0.6 if names_text([name for record in records for name in record]) else 0.3


def head_records(head: Head, most: int = 20) -> list[dict[str, Any]]:
    """Return the first objects of a file with one JSON object a line; none where it is something else."""
    text = head.text.lstrip()
    if not text.startswith("{"):
        return []
    lines = [line for line in text.split("\n")[: 2 * most] if line.strip()]
    if not head.complete and len(lines) > 1 and len(lines) < 2 * most:
        lines.pop()
    records = []
    for line in lines[:most]:
        try:
            record = jsonlines.loads_leniently(line.encode("utf-8", "surrogatepass"))
        except ValueError:
            continue
        if isinstance(record, dict) and record:
            records.append(record)
    if len(lines) == 1 and jsondocument.head_records(head):
        # One line that holds a list of objects is a document.
        return []
    # A document over several lines has hardly a line that is an object of its own.
    return records if 4 * len(records) >= len(lines[:most]) else []


def split_jsonl(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of whole lines, each with the plan made from the first."""
    plan: JsonPlan | None = None
    for chunk in split_lines(stream):
        if isinstance(chunk.payload, Lines):
            if plan is None:
                plan = _plan(_sample_of(chunk.payload), options)
            yield Chunk(JsonChunk(chunk.payload, plan), chunk.start)
        else:
            yield chunk


def split_json(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of records of the document's array, each with the plan made from the first."""
    chunks = jsondocument.split_records(stream, options.input)
    early: list[Chunk] = []
    plan: JsonPlan | None = None
    for chunk in chunks:
        if isinstance(chunk.payload, Refused):
            early.append(chunk)
            continue
        plan = _plan(
            jsonlines.decode_records(chunk.payload[:SAMPLE], 1, options.input, _OBJECT).records, options
        )
        early.append(chunk)
        break
    for chunk in chain(early, chunks):
        if isinstance(chunk.payload, Refused) or plan is None:
            yield chunk
        else:
            yield Chunk(JsonChunk(chunk.payload, plan), chunk.start)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn the objects of a chunk into rows; values that do not fit their column go to `extra`."""
    payload: JsonChunk = chunk.payload
    if isinstance(payload.data, Lines):
        source = "jsonl"
        decoded = jsonlines.decode_lines(
            payload.data.data, payload.data.count, chunk.start, options.input, _OBJECT
        )
    else:
        source = "json"
        decoded = jsonlines.decode_records(payload.data, chunk.start, options.input, _OBJECT)
    records, plan = decoded.records, payload.plan
    user, odd = _columns(records, plan)
    mapped: dict[str, Any] = {}
    for theirs in plan.table.columns.values():
        if plan.types.get(theirs) == "str" and not any(theirs in values for values in odd.values()):
            mapped[theirs] = user[theirs]
        else:
            mapped[theirs] = _strings([record.get(theirs) for record in records])
    ours = pa.table(mapped)
    table, repaired = usertable.records_of(ours, plan.table, source, chunk.start, user)
    if odd and "extra" not in plan.table.columns:
        extra = [jsonlines.encode(odd[row]) if row in odd else None for row in range(len(records))]
        place = table.schema.get_field_index("extra")
        table = table.set_column(place, table.schema.field(place), pa.array(extra, pa.string()))
    table = _mark_json(table, plan)
    return Parsed(table, decoded.read, decoded.rejects, decoded.skipped, repaired)


FORMATS = (
    usertable.table_format(
        "jsonl", "JSON Lines: one object a line, columns mapped or guessed", sniff_jsonl, split_jsonl, parse
    ),
    usertable.table_format(
        "json",
        "JSON: an array of objects, or an object that holds one, columns mapped or guessed",
        sniff_json,
        split_json,
        parse,
    ),
)


def _sample_of(lines: Lines) -> list[dict[str, Any]]:
    data = b"\n".join(lines.data.split(b"\n", SAMPLE)[:SAMPLE])
    return jsonlines.decode_lines(data, data.count(b"\n") + 1, 1, "", _OBJECT).records


def _plan(records: Sequence[dict[str, Any]], options: ReadOptions) -> JsonPlan:
    if not records:
        raise DataError(
            f"{options.input}: none of the first lines is a JSON object; is it another format? --format"
        )
    names = list(dict.fromkeys(chain.from_iterable(records)))
    types = {name: _type([record.get(name) for record in records]) for name in names}
    sample = {name: [_string(record.get(name)) for record in records] for name in names}
    return JsonPlan(usertable.make_plan(names, sample, options.columns, options.input), types)


def _type(values: Sequence[object]) -> str:
    kinds = {type(value).__name__ for value in values if value is not None}
    if not kinds:
        return "str"
    if kinds == {"int", "float"}:
        kinds = {"float"}
    return kinds.pop() if len(kinds) == 1 and kinds <= {"bool", "int", "float", "str"} else "json"


def _columns(
    records: Sequence[dict[str, Any]], plan: JsonPlan
) -> tuple[dict[str, pa.Array], dict[int, dict[str, Any]]]:
    """Return the planned columns, and by row what fits none of them."""
    columns: dict[str, pa.Array] = {}
    odd: dict[int, dict[str, Any]] = {}
    for name, kind in plan.types.items():
        values = [record.get(name) for record in records]
        if kind == "json":
            columns[name] = pa.array(
                [None if v is None else jsonlines.encode(v) for v in values], pa.string()
            )
            continue
        if not _fits(values, kind):
            for row, value in enumerate(values):
                if value is not None and not _fits([value], kind):
                    odd.setdefault(row, {})[name] = value
                    values[row] = None
        columns[name] = tables.array_of(values, _TYPES[kind])
    known = plan.types.keys()
    for row, record in enumerate(records):
        if not known >= record.keys():
            odd.setdefault(row, {}).update((name, record[name]) for name in record if name not in known)
    return columns, odd


def _fits(values: Sequence[object], kind: str) -> bool:
    kinds = set(map(type, values)) - {type(None)}
    if kind == "int":
        return kinds <= {int} and all(-(2**63) <= value < 2**63 for value in values if value is not None)  # type: ignore[operator]
    if kind == "float":
        # Whole numbers beyond 2^53 would lose digits.
        return kinds <= {int, float} and all(abs(value) <= 2**53 for value in values if type(value) is int)
    return kinds <= {{"str": str, "bool": bool}[kind]}


def _strings(values: Sequence[object]) -> pa.Array:
    return tables.array_of([_string(value) for value in values], pa.string())


def _string(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return jsonlines.encode(value)


def _mark_json(table: pa.Table, plan: JsonPlan) -> pa.Table:
    marked = {f"input.{name}" for name, kind in plan.types.items() if kind == "json"}
    if not marked:
        return table
    fields = [
        field.with_metadata({tables.JSON_KEY: b"1"}) if field.name in marked else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields, table.schema.metadata))
