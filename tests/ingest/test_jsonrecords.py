"""JSONL and JSON tables: types kept, odd values kept, bad lines rejected one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.ingest import jsondocument, linesplit
from moderation.ingest.reader import ingest
from moderation.ingest.tables import JSON_KEY, as_input_table

ROWS = [
    {"id": "a", "body": "one", "ups": 3, "ratio": 0.5, "ok": True, "tags": ["x"], "mixed": 1},
    {"id": "b", "body": "two", "ups": None, "ratio": 2, "ok": False, "tags": [], "mixed": "s"},
]


@pytest.mark.parametrize("layout", ["jsonl", "json", "object"])
def test_columns_keep_their_types(layout: str, read) -> None:
    content = {
        "jsonl": "\n".join(map(json.dumps, ROWS)),
        "json": json.dumps(ROWS, indent=1),
        "object": json.dumps({"meta": {"page": 1}, "comments": ROWS, "next": None}),
    }[layout]
    table, _ = read(content)
    assert table["text"].to_pylist() == ["one", "two"]
    assert table["likes"].to_pylist() == [3, None]
    assert table["source"][0].as_py() == ("jsonl" if layout == "jsonl" else "json")
    back = as_input_table(table)
    assert back.column_names[:7] == ["id", "body", "ups", "ratio", "ok", "tags", "mixed"]
    assert back["ups"].to_pylist() == [3, None]
    assert back["ratio"].to_pylist() == [0.5, 2.0]
    assert back["ok"].to_pylist() == [True, False]
    assert [json.loads(value) for value in back["tags"].to_pylist()] == [["x"], []]
    assert [json.loads(value) for value in back["mixed"].to_pylist()] == [1, "s"]
    assert table.schema.field("input.tags").metadata == {JSON_KEY: b"1"}


def test_values_that_come_late_and_fit_no_column_are_kept_in_extra(read) -> None:
    lines = [json.dumps({"text": f"comment {n}", "votes": n}) for n in range(1500)]
    lines.append(json.dumps({"text": "odd", "votes": "many", "new": [1]}))
    table, _ = read("\n".join(lines))
    assert table["input.votes"].to_pylist()[-2:] == [1499, None]
    assert json.loads(table["extra"][-1].as_py()) == {"votes": "many", "new": [1]}
    assert table["extra"][0].as_py() is None
    assert table["likes"].to_pylist()[-2:] == [1499, None]


def test_bad_lines_are_rejected_with_their_number(read) -> None:
    table, accounting = read('{"text": "a"}\n{"text": "b"\n\n[1]\n"x"\n{"text": "c"}\n{"text": "half')
    assert table["text"].to_pylist() == ["a", "c"]
    assert [reject.place for reject in accounting.rejects] == ["line 2", "line 4", "line 5", "line 7"]
    assert accounting.rejects[0].excerpt == '{"text": "b"'
    assert dict(accounting.skipped) == {"blank line": 1}
    assert accounting.read == 7


def test_a_line_of_fifty_megabytes_is_rejected_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.write(b'{"text": "before"}\n{"text": "')
        for _ in range(50):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"text": "after"}\n')
    table, accounting = ingest(path)
    assert table["text"].to_pylist() == ["before", "after"]
    (reject,) = accounting.rejects
    assert (reject.place, reject.reason) == ("line 2, byte 19", "the line is longer than 16 MiB")
    assert len(reject.excerpt) == 200


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch, read) -> None:
    lines = "\n".join(json.dumps({"id": str(n), "text": "x" * (n % 50)}) for n in range(500)) + "\n\n{bad"
    whole, counted = read(lines)
    monkeypatch.setattr(linesplit, "CHUNK_SIZE", 300)
    cut, recounted = read(lines)
    assert cut.equals(whole)
    assert (recounted.read, recounted.rejects) == (counted.read, counted.rejects)


def test_cut_documents_keep_their_sound_records(read) -> None:
    document = json.dumps({"comments": [{"id": n, "text": f"comment {n}"} for n in range(2000)]})
    table, accounting = read(document[: len(document) // 2])
    assert 900 < table.num_rows < 1100
    assert accounting.rejects[0].place == f"record {table.num_rows + 1}"


def test_documents_too_large_to_hold_are_streamed(monkeypatch: pytest.MonkeyPatch, read) -> None:
    document = json.dumps([{"id": n, "text": f"comment {n}"} for n in range(500)])
    whole, _ = read(document)
    monkeypatch.setattr(jsondocument, "WHOLE_LIMIT", 1000)
    monkeypatch.setattr(jsondocument, "CHUNK_RECORDS", 7)
    assert read(document)[0].equals(whole)


@pytest.mark.parametrize(
    "bomb", ["[" * 200_000, '{"text":' * 100_000, '[{"text": "x", "a": ' + "[" * 100_000]
)
def test_deep_nesting_is_an_error_not_a_crash(bomb: str, read) -> None:
    for format in ("json", "jsonl"):
        try:
            _, accounting = read(bomb, format=format)
        except DataError:
            continue
        assert accounting.rejected


def test_huge_numbers_lose_no_digits(read) -> None:
    table, _ = read('{"text": "a", "n": 1}\n{"text": "b", "n": 123456789012345678901234567890}\n')
    kept = table["input.n"].to_pylist()
    assert kept[0] == 1
    assert "123456789012345678901234567890" in (table["extra"][1].as_py() or "") + str(kept[1])


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "id", "parent", "likes"]), values, max_size=4), max_size=6
    )
)
def test_any_objects_make_rows(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_text("".join(json.dumps({"text": "t", **record}) + "\n" for record in records) or "\n")
    if records:
        table, accounting = ingest(path, "jsonl")
        assert table.num_rows == accounting.read == len(records)
        assert pa.types.is_string(table.schema.field("text").type)
