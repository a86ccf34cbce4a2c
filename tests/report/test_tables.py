from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from handmade_run import SMALL, Run, comment, explain, make_run

from moderation.errors import DataError, UsageError
from moderation.report import RENDERINGS, write_report

ALL = tuple(RENDERINGS)


def test_every_rendering_is_written_where_asked(small: Run, tmp_path: Path) -> None:
    files = write_report(small, ALL, tmp_path / "new" / "folder", explain=explain)
    assert {name: path.name for name, path in files.items()} == RENDERINGS
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == sorted(RENDERINGS.values())


def test_the_run_folder_is_the_default_and_stays_clean(small: Run) -> None:
    write_report(small, ("csv",))
    assert [p.name for p in small.path.iterdir()] == ["flagged.csv"]


def test_csv(small: Run) -> None:
    path = write_report(small, ("csv",))["csv"]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == small.schema.names
    assert [row["comment_id"] for row in rows] == ["c", "b", "f"]
    first = rows[0]
    assert (first["text"], first["flags"], first["p_threat"]) == ("Burn it, idiot!", "insult threat", "0.95")
    assert (first["created_at"], first["likes"]) == ("2024-03-03T09:00:00Z", "4")
    assert rows[2]["author"] == ""


def test_jsonl(small: Run) -> None:
    path = write_report(small, ("jsonl",))["jsonl"]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["comment_id"] for row in rows] == ["c", "b", "f"]
    assert rows[0]["flags"] == ["insult", "threat"]
    assert rows[0]["created_at"] == "2024-03-03T09:00:00Z"
    assert rows[2]["author"] is None and rows[2]["created_at"] is None


def test_numbers_are_neither_padded_nor_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path, [comment("a", "idiot", insult=0.95)], weight=[0.1 + 0.2], size=[2**60])
    files = write_report(run, ("csv", "jsonl"), explain=explain)
    with files["csv"].open(encoding="utf-8", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["p_insult"], line["weight"], line["size"]) == ("0.95", "0.30000000000000004", str(2**60))
    row = json.loads(files["jsonl"].read_text("utf-8"))
    assert (row["p_insult"], row["weight"], row["size"]) == (0.95, 0.1 + 0.2, 2**60)


def test_parquet_keeps_types(small: Run) -> None:
    table = pq.read_table(write_report(small, ("parquet",))["parquet"])
    assert table.schema.names == small.schema.names
    assert table.schema.types == small.schema.types
    assert table["created_at"][0].as_py() == datetime(2024, 3, 3, 9, tzinfo=UTC)


def test_the_users_own_columns_come_along(tmp_path: Path) -> None:
    rows = [comment("a", "idiot", insult=0.9)]
    run = make_run(tmp_path, rows, colour=["=red"], text=["their own"])
    files = write_report(run, ("csv", "jsonl", "parquet"), explain=explain)
    with files["csv"].open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["colour"], row["input.text"], row["text"]) == ("'=red", "their own", "idiot")
    assert json.loads(files["jsonl"].read_text("utf-8"))["colour"] == "=red"


def test_workbook(small: Run) -> None:
    book = openpyxl.load_workbook(write_report(small, ("xlsx",))["xlsx"])
    assert book.sheetnames == ["summary", "labels", "threads", "authors", "over time", "flagged"]
    summary = dict(book["summary"].iter_rows(values_only=True))
    assert (summary["comments"], summary["flagged"]) == (6, 3)
    heading, *rows = book["flagged"].iter_rows(values_only=True)
    assert list(heading) == small.schema.names
    assert [row[0] for row in rows] == ["c", "b", "f"]


def test_no_text_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://x","y")'
    run = make_run(tmp_path, [comment("=1", evil + "\x00\x1b", author=evil, thread_title=evil, insult=0.9)])
    book = openpyxl.load_workbook(write_report(run, ("xlsx",), explain=explain)["xlsx"])
    types = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in types
    flagged = dict(zip(*list(book["flagged"].iter_rows(values_only=True)), strict=True))
    assert flagged["text"] == evil + "\ufffd\ufffd"


def test_nothing_flagged_gives_files_with_headings(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", SMALL[:1])
    files = write_report(run, ALL, explain=explain)
    assert files["csv"].read_text("utf-8").splitlines() == [",".join(run.schema.names)]
    assert files["jsonl"].read_text("utf-8") == ""
    assert pq.read_table(files["parquet"]).num_rows == 0
    assert "0 flagged" in files["md"].read_text("utf-8")


def test_unknown_renderings_are_named(small: Run) -> None:
    with pytest.raises(UsageError, match="'pdf'; there is html, md"):
        write_report(small, ("html", "pdf"))


def test_a_folder_that_cannot_be_made(small: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        write_report(small, ("csv",), tmp_path / "file" / "below")


def test_markdown(small: Run) -> None:
    text = write_report(small, ("md",), explain=explain)["md"].read_text("utf-8")
    assert text.startswith(
        "# Moderation report: run\n\n"
        "6 comments in 2 threads by 3 authors; 3 flagged (60 %, 95 % interval 23–88 %)."
    )
    assert "| insult | 3 | 60 % | 23–88 % | 0.50 | 90 % |" in text
    assert "### 1. insult .70, threat .95\n\nBob · 2024-03-03 09:00 · First thread" in text
    assert "> Burn it, idiot!\n\n<https://example.org/c>" in text
