"""Decisions through files and back, and what a damaged file says."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from handmade_decisions import PAGE, decided, decisions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.decisions import Decision, JudgedSpan
from moderation.decisions.exchange import (
    SCHEMA,
    frame_decisions,
    load_decisions,
    read_decisions,
    write_decisions,
)
from moderation.decisions.store import DecisionStore
from moderation.errors import DataError, UsageError

CSV_SPAN = (
    f"comment_id,decision,text_digest,created_at,spans\nc,remove,{PAGE['text_digest']},2024-05-01,idiot\n"
)
unique = st.lists(decisions, max_size=5, unique_by=lambda d: d.key)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@given(made=unique)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_files_give_decisions_back(suffix: str, made: list[Decision], tmp_path: Path) -> None:
    path = tmp_path / f"d.{suffix}"
    assert write_decisions(made, path) == len(made)
    frame = read_decisions(path)
    assert list(frame.columns) == SCHEMA.names
    assert list(frame_decisions(frame)) == made


def test_csv_gives_them_back_and_holds_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    made = [
        replace(decided(1), comment_id="=1+1", note="@SUM(A1)", reviewer="'=x", thread_id="-3"),
        replace(decided(2), labels=(), checked=(), note='a,b\n"c"', text="\t=x", reviewer="+a"),
        replace(decided(3), checked=("insult", "threat"), before="skip"),
        replace(decided(4), spans=(JudgedSpan(0, 4, "insult", False), JudgedSpan(5, 9, "rule:x", True))),
    ]
    write_decisions(made, path)
    assert load_decisions(path) == made
    with path.open(encoding="utf-8", newline="") as file:
        cells = [value for row in csv.reader(file) for value in row]
    assert [value for value in cells if value[:1] in set("=+-@\t\r\n")] == ["-3"]


def test_a_file_with_several_lines_on_a_comment_counts_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    later = {**PAGE, "decision": "approve", "created_at": "2024-05-01T10:00:00.000Z"}
    other = {**PAGE, "reviewer": "Sam"}
    path.write_text("\n".join(map(json.dumps, (later, PAGE, other))) + "\n\n")
    frame = read_decisions(path)
    assert frame[["reviewer", "decision"]].values.tolist() == [["Rae", "approve"], ["Sam", "remove"]]


def test_a_store_and_a_run_folder_are_read(tmp_path: Path) -> None:
    with DecisionStore(tmp_path / "decisions.sqlite") as store:
        store.append([decided(1), decided(1, "approve", minute=1)])
        assert load_decisions(tmp_path)[0].decision == "approve"
        assert load_decisions(tmp_path / "decisions.sqlite") == load_decisions(tmp_path)
        assert load_decisions(f"sqlite:///{tmp_path}/decisions.sqlite") == load_decisions(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("d.jsonl", "{}\n", "line 1: a decision needs a value for 'comment_id'"),
        ("d.jsonl", json.dumps(PAGE) + "\n{oops\n", "line 2: this is no JSON"),
        ("d.jsonl", "[1]\n", "line 1: this is no object"),
        ("d.csv", "comment_id,decision\nc,remove\n", "line 2: a decision needs a value for 'text_digest'"),
        ("d.csv", CSV_SPAN, "line 2: spans: 'idiot' is not written as"),
        (
            "d.jsonl",
            json.dumps(PAGE | {"spans": [{"begin": 3, "end": 3}]}),
            "line 1: a span from 3 to 3 is none",
        ),
        ("d.jsonl", json.dumps(PAGE | {"spans": [[0, 4]]}), "line 1: a span must be an object"),
        (
            "d.jsonl",
            json.dumps(PAGE | {"spans": [{"begin": 0, "end": 4, "label": "insult"}]}),
            "confirmed must",
        ),
        ("d.parquet", "no", "is no Parquet file"),
        ("d.jsonl", b"\xff\xfe\xff", "is not UTF-8"),
    ],
)
def test_damage_is_named_with_its_place(name: str, content: str | bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError, match=said):
        read_decisions(tmp_path / name)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_decisions(tmp_path / "none.csv")
    (tmp_path / "d.xls").write_text("x")
    with pytest.raises(UsageError, match=r"\.jsonl, \.csv"):
        read_decisions(tmp_path / "d.xls")
    with pytest.raises(UsageError, match=r"\.jsonl, \.csv"):
        write_decisions([decided(1)], tmp_path / "d.xls")
