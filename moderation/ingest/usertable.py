"""Rows of a user's own table as comments: the step that CSV, JSONL, Parquet and XLSX share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.compute as pc

from moderation.errors import DataError
from moderation.ingest import tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions
from moderation.ingest.columns import EQUAL_TEXTS, plan_columns, snake
from moderation.ingest.ids import number_occurrences
from moderation.ingest.markup import htmls_to_texts
from moderation.schema import ENUMS, INPUT_PREFIX

_TAG = r"(?i)</?(p|br|a|b|i|em|strong|blockquote|div|span|ul|li|img)(\s[^<>]*)?/?>"
_ENTITY = r"&(amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5});"
_ROOT = ("", "none", "null", "nan", "root", "undefined")
_WHOLE_FLOAT = r"^(\d+)\.0+$"
_REDDIT_PREFIX = r"^t[1-6]_"


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How the columns of one table are read; the same for all of its chunks.

    Parameters
    ----------
    names : tuple of str
        The table's columns in order.
    columns : mapping of str to str
        Ours to theirs.
    markup : {"none", "html", "runs", "escaped"}
        What the text is: as it stands; HTML; Google Takeout's run of objects, `{"text":"…"},{…}`; or with
        line ends written as a backslash and an n. All but the first are turned into plain text, and the
        original is kept beside it.
    zero_is_root : bool
        True where parent `0` means none, not a comment of that id.
    """

    names: tuple[str, ...]
    columns: Mapping[str, str]
    markup: Literal["none", "html", "runs", "escaped"]
    zero_is_root: bool


def make_plan(
    names: Sequence[str],
    sample: Mapping[str, Sequence[str | None]],
    given: Mapping[str, str],
    input_name: str,
) -> TablePlan:
    """Plan the reading of a table from its column names and its first rows.

    Parameters
    ----------
    names : sequence of str
        Its columns.
    sample : mapping of str to sequence of str or None
        First values of each column, as text.
    given : mapping of str to str
        The user's own mapping.
    input_name : str
        For messages.

    Raises
    ------
    UsageError, DataError
        As `columns.plan_columns`; also where two columns may both be the text.
    """
    columns = plan_columns(names, given, input_name)
    if "text" not in given:
        _check_text(columns["text"], sample, input_name)
    texts = [value for value in sample.get(columns["text"], ()) if value]
    tagged = sum(1 for value in texts if re.search(_TAG, value))
    markup: Literal["none", "html", "runs", "escaped"] = "html" if tagged > 0.01 * len(texts) else "none"
    escaped = sum(1 for value in texts if r"\n" in value)
    if markup == "none" and escaped > 0.01 * len(texts) and not any("\n" in value for value in texts):
        markup = "escaped"
    if texts and all(value.startswith('{"text":') for value in texts):
        markup = "runs"
    ids, parents = (
        {value and re.sub(_WHOLE_FLOAT, r"\1", value) for value in sample.get(columns.get(name, ""), ())}
        for name in ("comment_id", "parent_id")
    )
    zero = "0" in parents and "0" not in ids and not parents & {"", None}
    return TablePlan(tuple(names), columns, markup, zero)


def records_of(
    table: pa.Table, plan: TablePlan, source: str, start: int, user: Mapping[str, pa.Array] | None = None
) -> tuple[pa.Table, int]:
    """Return the record table of some rows of a user's table, and how many had to be repaired.

    Parameters
    ----------
    table : pyarrow.Table
        The rows; mapped columns as strings or numbers.
    plan : TablePlan
        Made once for the whole table.
    source : str
        Name of the format.
    start : int
        Number of the first row: tells equal comments of different chunks apart where nothing else does.
    user : mapping of str to pyarrow.Array, optional
        The user's columns to be passed through, by their own names; those of `table` by default.
    """
    rows = table.num_rows
    original = (
        {name: table[name].combine_chunks() for name in table.column_names} if user is None else dict(user)
    )
    ours = {name: _text_of(table[theirs]) for name, theirs in plan.columns.items()}
    text = ours["text"].fill_null("")
    if plan.markup == "html":
        text = pa.array(htmls_to_texts(text.to_pylist()), pa.string())
    elif plan.markup == "runs":
        text = pa.array([_joined_runs(value) for value in text.to_pylist()], pa.string())
    elif plan.markup == "escaped":
        text = pc.replace_substring(text, r"\n", "\n")
    columns: dict[str, object] = {
        "text": text,
        "author": _blank_to_null(ours.get("author")),
        "url": _blank_to_null(ours.get("url")),
        "thread_title": _blank_to_null(ours.get("thread_title")),
        "extra": _blank_to_null(ours.get("extra")),
        "likes": _integers(ours.get("likes")),
        "created_at": _times(table, plan),
        "parse_confidence": _floats(ours.get("parse_confidence")),
        "kind": _known("kind", ours.get("kind")),
        "status": _status(ours.get("status"), text),
    }
    thread = _id(ours.get("thread_id"), rows)
    columns["thread_id"] = pc.replace_substring_regex(thread, r"^t3_", "").fill_null("")
    columns["parent_id"] = _parent(ours, plan, rows)
    columns["comment_id"] = _comment_ids(ours, columns, rows, start)
    stored = _stored(plan, list(original))
    kept = {held: original[name] for name, held in stored if held.startswith(INPUT_PREFIX)}
    records, repaired = tables.record_table(rows, source, columns, kept)
    return tables.with_input_columns(records, stored), repaired


def table_format(
    name: str,
    title: str,
    sniff: Callable[[Head], float],
    split: Callable[[BinaryIO, ReadOptions], Iterator[Chunk]],
    parse: Callable[[Chunk, ReadOptions], Parsed],
    binary: bool = False,
) -> Format:
    """Return a format whose records are rows of a user's own table."""
    return Format(name, title, ("columns of the table",), sniff, split, parse, binary=binary, table=True)


def _joined_runs(value: str) -> str:
    """Return the texts of a run of JSON objects; a value that is none stays as it is."""
    try:
        runs = json.loads(f"[{value}]")
    except (ValueError, RecursionError):
        return value
    return "".join(str(run.get("text", "")) if isinstance(run, dict) else "" for run in runs)


def _stored(plan: TablePlan, names: Sequence[str]) -> list[tuple[str, str]]:
    # Plain text is held verbatim by our own column: storing it twice would double every run.
    shared = plan.columns["text"] if plan.markup == "none" else None
    return [(name, "text" if name == shared else INPUT_PREFIX + name) for name in names]


def _check_text(chosen: str, sample: Mapping[str, Sequence[str | None]], input_name: str) -> None:
    """Raise `DataError` where another column may just as well be the text."""
    if snake(chosen) not in EQUAL_TEXTS:
        return
    rivals = [name for name in sample if snake(name) in EQUAL_TEXTS and _is_prose(sample[name])]
    rivals = [name for name in rivals if name == chosen or list(sample[name]) != list(sample[chosen])]
    if len(rivals) > 1 and chosen in rivals:
        ways = " or ".join(f"--column text={name}" for name in rivals)
        raise DataError(
            f"{input_name}: {' and '.join(map(repr, rivals))} may both be the text of comments; "
            f"say which: {ways}"
        )


def _is_prose(values: Sequence[str | None]) -> bool:
    """Return True for a column whose values mostly are there, differ and hold letters."""
    filled = [value for value in values if value and value.strip()]
    lettered = sum(any(map(str.isalpha, value)) for value in filled)
    return 3 * len(filled) > len(values) and 2 * lettered > len(filled) and 2 * len(set(filled)) > len(filled)


def _text_of(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type):
        return array
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _blank_to_null(array: pa.Array | None) -> pa.Array | None:
    if array is None:
        return None
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(array), ""), pa.scalar(None, pa.string()), array)


def _id(array: pa.Array | None, rows: int) -> pa.Array:
    if array is None:
        return pa.nulls(rows, pa.string())
    # Spreadsheets and pandas turn ids with gaps into floats: 22004815.0.
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(array), _WHOLE_FLOAT, r"\1")


def _parent(ours: Mapping[str, pa.Array], plan: TablePlan, rows: int) -> pa.Array:
    parent = _id(ours.get("parent_id"), rows)
    roots = [*_ROOT, "0"] if plan.zero_is_root else list(_ROOT)
    none = pc.is_in(pc.utf8_lower(parent), pa.array(roots))
    # Reddit's t3_ is the post, which is no comment; t1_ a comment, whose own id may come without it.
    none = pc.or_(none, pc.starts_with(parent, "t3_").fill_null(False))
    parent = pc.if_else(none, pa.scalar(None, pa.string()), parent)
    return pc.replace_substring_regex(parent, _REDDIT_PREFIX, "")


def _comment_ids(
    ours: Mapping[str, pa.Array], columns: Mapping[str, object], rows: int, start: int
) -> pa.Array | list[str]:
    given = pc.replace_substring_regex(_id(ours.get("comment_id"), rows), r"^t1_", "")
    lacking = pc.or_kleene(pc.is_null(given), pc.equal(given, ""))
    if not pc.any(lacking).as_py() and rows:
        return given
    generated = number_occurrences(
        _listed(columns["thread_id"], rows),
        _listed(columns["parent_id"], rows),
        _listed(columns["author"], rows),
        _listed(columns["text"], rows),
        # Without threads equal texts are told apart by where they stand.
        "" if start <= 2 else str(start),
    )
    return pc.if_else(lacking, pa.array(generated, pa.string()), given)


def _listed(values: object, rows: int) -> list[str]:
    if values is None:
        return [None] * rows  # type: ignore[list-item]
    return values.to_pylist()  # type: ignore[attr-defined,no-any-return]


def _integers(array: pa.Array | None) -> pa.Array | None:
    if array is None:
        return None
    # "1.2K" and "3 points" are not guessed at; 5.0 is.
    plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(array), r"^(-?\d{1,18})(\.0+)?$", r"\1")
    fits = pc.match_substring_regex(plain, r"^-?\d{1,18}$")
    return pc.if_else(fits, plain, pa.scalar(None, pa.string())).cast(pa.int64())


def _floats(array: pa.Array | None) -> pa.Array | None:
    if array is None:
        return None
    fits = pc.match_substring_regex(array, r"^[01](\.\d{1,12})?$")
    return pc.if_else(fits, array, pa.scalar(None, pa.string())).cast(pa.float32())


def _times(table: pa.Table, plan: TablePlan) -> object:
    name = plan.columns.get("created_at")
    if name is None:
        return None
    column = table[name].combine_chunks()
    if pa.types.is_timestamp(column.type):
        # Without a zone it is taken as UTC.
        return (
            column.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
            if column.type.tz is None
            else column
        )
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.to_pylist()
    return _text_of(table[name]).to_pylist()


def _status(given: pa.Array | None, text: pa.Array) -> pa.Array:
    known = _known("status", given) if given is not None else pa.nulls(len(text), pa.string())
    placeholder = pc.if_else(pc.equal(text, "[deleted]"), "deleted", "visible")
    placeholder = pc.if_else(pc.equal(text, "[removed]"), "removed", placeholder)
    return pc.coalesce(known, placeholder)


def _known(name: str, array: pa.Array | None) -> pa.Array | None:
    if array is None:
        return None
    return pc.if_else(pc.is_in(array, pa.array(ENUMS[name])), array, pa.scalar(None, pa.string()))
