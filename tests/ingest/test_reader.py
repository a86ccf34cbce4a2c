"""Whole inputs: limits, several files, Parquet, Excel, lines, and that nothing is lost."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import moderation
from moderation.errors import DataError, ModerationError
from moderation.ingest.base import Chunk, Format, Parsed, ReadOptions
from moderation.ingest.reader import ingest, parse_chunk
from moderation.ingest.registry import formats
from moderation.ingest.tables import as_input_table, empty_table
from moderation.schema import COMMENT_SCHEMA, check_comments

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"


def test_the_bundled_dumps_read_as_one_table() -> None:
    table, accounting = ingest(SAMPLES)
    check_comments(table)
    sources = table["source"].value_counts().to_pylist()
    assert {row["values"]: row["counts"] for row in sources} == {
        "plaintext": 25,
        "disqus-xml": 8,
        "reddit": 8,
        "csv": 8,
    }
    assert (accounting.read, accounting.rejected, dict(accounting.skipped)) == (
        57, 0, {"article text": 5, "thread": 2, "category": 1},
    )  # fmt: skip


def test_frame_has_the_columns_of_the_schema() -> None:
    frame = moderation.read_comments(SAMPLES / "harbour-bridge.txt")
    assert list(frame.columns) == COMMENT_SCHEMA.names
    assert frame["depth"].max() == 2 and len(frame) == 25


def test_one_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nhello\n")
    (tmp_path / "b.bin").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "c.csv").write_text("text\nthere\n")
    table, accounting = ingest(tmp_path)
    assert table["text"].to_pylist() == ["hello", "there"]
    assert [(reject.input, reject.place) for reject in accounting.rejects] == [
        (str(tmp_path / "b.bin"), "file")
    ]
    with pytest.raises(DataError, match="is binary"):
        ingest(tmp_path / "b.bin")


def test_limit_stops_early() -> None:
    table, accounting = ingest(SAMPLES, limit=30)
    assert table.num_rows == accounting.rows == 30
    accounting.check()


def test_parquet_keeps_types_and_columns(read) -> None:
    out = io.BytesIO()
    table = pa.table(
        {
            "n": pa.array([1, 2]),
            "comment": pa.array(["a", "b"]).dictionary_encode(),
            "created": pa.array([0, 10**6], pa.timestamp("us")),
            "votes": pa.array([1.0, None]),
            "tags": pa.array([["x"], []]),
        }
    )
    pq.write_table(table, out)
    rows, _ = read(out.getvalue())
    assert rows["text"].to_pylist() == ["a", "b"]
    assert rows["likes"].to_pylist() == [1, None]
    assert rows["created_at"][1].as_py().isoformat() == "1970-01-01T00:00:01+00:00"
    back = as_input_table(rows)
    assert back.column_names[:5] == ["n", "comment", "created", "votes", "tags"]
    assert back["tags"].to_pylist() == [["x"], []]
    assert back["n"].type == pa.int64()
    with pytest.raises(DataError, match="Parquet file is damaged"):
        read(out.getvalue()[:-20])


def test_a_comment_table_reads_back_as_itself(read) -> None:
    table, _ = ingest(SAMPLES / "lighthouse-museum.disqus.xml")
    out = io.BytesIO()
    pq.write_table(table, out)
    again, _ = read(out.getvalue())
    names = [name for name in COMMENT_SCHEMA.names if name != "source"]
    assert again.select(names).to_pylist() == table.select(names).to_pylist()


def test_excel_reads_the_sheet_with_the_comments(read) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["about"])
    sheet = book.create_sheet("data")
    for row in (
        ["id", "comment", "posted"],
        [1, "=HYPERLINK", None],
        [None, None, None],
        [2.0, "two", "2024-01-02"],
    ):
        sheet.append(row)
    sheet["B2"].data_type = "s"
    out = io.BytesIO()
    book.save(out)
    table, accounting = read(out.getvalue(), name="x.txt")
    assert table.select(["comment_id", "text"]).to_pylist() == [
        {"comment_id": "1", "text": "=HYPERLINK"},
        {"comment_id": "2", "text": "two"},
    ]
    assert dict(accounting.skipped) == {"blank row": 1}


def test_lines_only_where_the_user_says_so(read) -> None:
    table, accounting = read("one\n\ntwo\r\n  three \n", format="lines")
    assert table["text"].to_pylist() == ["one", "two", "  three "]
    assert dict(accounting.skipped) == {"blank line": 1}


def test_ids_are_never_empty_and_never_clash(read) -> None:
    table, _ = read("\n".join(["same"] * 50), format="lines")
    assert len(set(table["comment_id"].to_pylist())) == 50


def test_a_parser_that_loses_records_is_caught() -> None:
    known = formats()["lines"]
    loses = Format("loses", "", (), known.sniff, known.split, lambda chunk, options: Parsed(empty_table(), 3))
    with pytest.raises(DataError, match="3 records were read from 1 on, 0 accounted for"):
        parse_chunk(loses, Chunk(b"", 1), ReadOptions("x"))


def _sources() -> list[bytes]:
    table = ingest(SAMPLES / "market-stalls.csv")[0]
    out = io.BytesIO()
    pq.write_table(table, out)
    return [path.read_bytes() for path in sorted(SAMPLES.iterdir())] + [out.getvalue()]


@pytest.mark.parametrize("name", sorted(formats()))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=300) | st.text(alphabet='<>"{}[],:;\n\t •*-ab1&#x', max_size=200).map(str.encode)
)
def test_any_bytes_make_rows_or_one_clear_line(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        table, _ = ingest(path, name)
    except ModerationError as error:
        assert str(error) and "\n" not in str(error)
    else:
        check_comments(table)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 4),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=6)), min_size=1, max_size=6
    ),
)
def test_damaged_dumps_lose_nothing_silently(
    which: int, edits: list[tuple[float, int, bytes]], tmp_path: Path
) -> None:
    data = bytearray(_SOURCES[which])
    for share, action, new in edits:
        place = int(share * len(data))
        if action == 0:
            data[place : place + len(new)] = new
        elif action == 1:
            data[place:place] = new
        elif action == 2:
            del data[place : place + 40]
        else:
            del data[place:]
    path = tmp_path / "damaged"
    path.write_bytes(bytes(data))
    try:
        table, accounting = ingest(path)
    except ModerationError as error:
        assert str(error) and "\n" not in str(error)
    else:
        check_comments(table)
        accounting.check()


_SOURCES = _sources()
