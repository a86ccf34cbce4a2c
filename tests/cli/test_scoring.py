"""`scan`, `score` and `ingest` as a user gives them: files, messages, exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard

from moderation.cli import run

TABLE = [
    ["id", "body", "=formula", "note", "price", "when"],
    ["007", "you stupid idiot", "=1+1", " padded ", "1.50", "2024-01-31"],
    ["7", 'quoted "words", and\na line break', "@SUM(A1)", "", "1e3", ""],
    ["", "thank you for the photo", "+49 30", "NULL", "-0", "31.1.2024"],
    ["9" * 25, "they staged it", "-2", "naïve 💣", "0x1F", "NaN"],
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(TABLE)
    return path


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def moderation(*arguments: object) -> int:
    return run([str(argument) for argument in arguments])


def score(given: Path, out: Path, model: Path, *more: object) -> int:
    return moderation("score", given, "-o", out, "--model", model, "--any-language", "--jobs", 1, *more)


def test_own_table_comes_back_as_it_was(table: Path, tmp_path: Path, tiny_model: Path) -> None:
    out = tmp_path / "out.csv"
    assert score(table, out, tiny_model) == 0
    scored = rows_of(out)
    width = len(TABLE[0])
    assert [row[:width] for row in scored] == TABLE
    ours = dict(zip(scored[0][width:], zip(*(row[width:] for row in scored[1:]), strict=True), strict=True))
    assert float(ours["p_abusive"][0]) > 0.5 > float(ours["p_abusive"][2])
    assert ours["flags"][0].split(";")[0] == "abusive"
    assert ours["flags"][3] == "conspiracy"
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_columns_of_ours_in_the_users_table_stay_the_users(tmp_path: Path, tiny_model: Path) -> None:
    given = tmp_path / "given.csv"
    given.write_text("text,likes,flags,p_abusive\nyou idiot,many,mine,high\n")
    assert score(given, tmp_path / "out.csv", tiny_model) == 0
    header, row = rows_of(tmp_path / "out.csv")
    assert header[:4] == ["text", "likes", "flags", "p_abusive"]
    assert row[:4] == ["you idiot", "many", "mine", "high"]
    assert header.count("flags") == header.count("likes") == 1


def test_json_lines_keep_their_values(tmp_path: Path, tiny_model: Path) -> None:
    records = [
        {"text": "you idiot", "n": 1, "nested": {"a": [1, None, "x"]}, "ok": True},
        {"text": "thank you", "n": None, "nested": None, "ok": False},
    ]
    given = tmp_path / "given.jsonl"
    given.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert score(given, tmp_path / "out.jsonl", tiny_model) == 0
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [{key: row[key] for key in records[0]} for row in out] == records
    assert out[0]["flags"][0] == "abusive"


def test_parquet_keeps_types(tmp_path: Path, tiny_model: Path) -> None:
    import pyarrow as pa

    given = pa.table(
        {"text": ["you idiot", "thank you"], "n": pa.array([1, None], pa.int16()), "f": [0.1, 2]}
    )
    pq.write_table(given, tmp_path / "given.parquet")
    assert score(tmp_path / "given.parquet", tmp_path / "out.parquet", tiny_model) == 0
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.select(["text", "n", "f"]).cast(given.schema) == given
    assert out["p_abusive"].type == pa.float32()


def test_json_lines_on_stdout(
    table: Path, tiny_model: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert moderation("score", table, "-o", "-", "--model", tiny_model, "-q", "--any-language") == 0
    out, err = capfdbinary.readouterr()
    assert [json.loads(line)["note"] for line in out.splitlines()] == [row[3] for row in TABLE[1:]]
    assert err == b""


def test_older_table_is_replaced_only_by_a_whole_one(table: Path, tmp_path: Path, tiny_model: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("the old one")
    assert moderation("score", tmp_path / "missing.csv", "-o", out, "--model", tiny_model) == 2
    assert out.read_text() == "the old one"
    assert score(table, out, tiny_model) == 0
    assert rows_of(out)[0][:2] == ["id", "body"]


def test_score_into_a_run_directory(table: Path, tmp_path: Path, tiny_model: Path) -> None:
    from moderation.score.run import Run

    assert score(table, tmp_path / "run", tiny_model) == 0
    opened = Run.open(tmp_path / "run")
    assert opened.accounting.rows == 4
    assert not (opened.path / "report.html").exists()


def test_scan_ends_with_the_path_of_its_report(
    table: Path, tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["scan", table, "-o", tmp_path / "run", "--model", tiny_model, "--any-language"]
    assert moderation(*command) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == str(tmp_path / "run" / "report.html")
    assert "4 comments" in out
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "you stupid idiot" in page or "idiot" in page
    # The same command again says so, and ends in the same way.
    assert moderation(*command) == 0
    again = capsys.readouterr()
    assert "already finished" in again.err
    assert again.out.splitlines()[-1] == str(tmp_path / "run" / "report.html")


def test_report_again_with_another_policy(
    table: Path, tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(table, tmp_path / "run", tiny_model) == 0
    policy = tmp_path / "policy.toml"
    policy.write_text("".join(f"[labels.{label}]\nflag = false\n" for label in ("abusive", "insult", "threat",
        "identity_attack", "obscene", "sexually_explicit", "severe")))  # fmt: skip
    capsys.readouterr()
    assert (
        moderation("report", tmp_path / "run", "--to", "jsonl", "-o", tmp_path / "r", "--policy", policy) == 0
    )
    flagged = [json.loads(line) for line in (tmp_path / "r" / "flagged.jsonl").read_text().splitlines()]
    assert [row["flags"] for row in flagged] == [["conspiracy"]]
    assert moderation("report", tmp_path / "run", "--to", "docx") == 2
    assert "choose from" in capsys.readouterr().err


def test_ingest_gives_the_comment_table(table: Path, tmp_path: Path) -> None:
    assert moderation("ingest", table, "-o", tmp_path / "out.parquet", "-q") == 0
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.num_rows == 4
    assert "p_abusive" not in out.column_names
    assert out["body"].to_pylist() == [row[1] for row in TABLE[1:]]


def comments(count: int) -> bytes:
    return b"".join(b'{"id": "c%d", "body": "thank you for photo %d"}\n' % (i, i) for i in range(count))


BAD_INPUTS = {
    "truncated.zst": (zstandard.compress(comments(20_000))[:-2000], 1, "breaks off", True),
    "truncated.gz": (gzip.compress(comments(20_000))[:-2000], 1, "breaks off", True),
    "half.jsonl": (comments(5) + b'{"id": "c5", "bo', 1, "line 6", True),
    "long.jsonl": (comments(3) + b'{"body": "' + bytes(50 << 20) + b'"}\n' + comments(2), 1, "longer", True),
    "empty.jsonl": (b"", 1, "empty", False),
    "binary.bin": (bytes(range(256)) * 100, 1, "is binary", False),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_bad_input_gets_one_line_and_its_good_rows_are_kept(
    name: str, tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, code, said, kept = BAD_INPUTS[name]
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.jsonl"
    assert score(tmp_path / name, out, tiny_model, "-q") == code
    errors = capsys.readouterr().err.splitlines()
    assert 1 <= len(errors) <= 2
    assert all(line.startswith("error: ") and name in line for line in errors)
    assert said in errors[0]
    assert out.exists() == kept
    if kept:
        first = json.loads(out.read_text().splitlines()[0])
        assert (first["id"], first["not_scored"]) == ("c0", None)
        assert (tmp_path / "out.jsonl.rejects.jsonl").read_text().count("\n") >= 1


def test_lines_on_both_sides_of_an_endless_one_are_kept(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "long.jsonl").write_bytes(BAD_INPUTS["long.jsonl"][0])
    assert score(tmp_path / "long.jsonl", tmp_path / "out.jsonl", tiny_model, "-q") == 1
    out = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert out == ["c0", "c1", "c2", "c0", "c1"]
    [reject] = map(json.loads, (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines())
    assert reject["place"].startswith("line 4")
    assert len(reject["excerpt"]) == 200


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"body": "caf\xe9 \xff\xfe photo \xc3\xa9"}\n' * 3, "photo"),
        (b'{"body": "nul \x00 photo"}\n', "photo"),
    ],
)
def test_undecodable_bytes_are_repaired_and_no_error(
    content: bytes, text: str, tmp_path: Path, tiny_model: Path
) -> None:
    (tmp_path / "given.jsonl").write_bytes(content)
    assert score(tmp_path / "given.jsonl", tmp_path / "run", tiny_model, "--format", "jsonl") == 0
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["accounting"]["repaired"] == manifest["accounting"]["rows"] == content.count(b"\n")


WRONG_USAGE = {
    "missing file": (["score", "nowhere.csv", "-o", "o.csv"], "nowhere.csv"),
    "empty directory": (["score", ".", "-o", "o.csv"], "holds no files"),
    "unknown column": (["score", "{table}", "-o", "o.csv", "--column", "text=nope"], "nope"),
    "unknown column of ours": (["score", "{table}", "-o", "o.csv", "--column", "words=body"], "words"),
    "unknown format": (["score", "{table}", "-o", "o.csv", "--format", "docx"], "docx"),
    "unknown model": (["score", "{table}", "-o", "o.csv", "--model", "nope"], "nope"),
    "unknown option": (["score", "{table}", "-o", "o.csv", "--nope"], "--nope"),
    "unknown command": (["scroe", "{table}"], "scroe"),
    "unknown suffix": (["score", "{table}", "-o", "o.docx"], ".docx"),
    "missing policy": (["score", "{table}", "-o", "o.csv", "--policy", "nope.toml"], "nope.toml"),
    "bad limit": (["score", "{table}", "-o", "o.csv", "--limit", "0"], "--limit"),
    "bad sample": (["score", "{table}", "-o", "o.csv", "--sample", "2"], "--sample"),
    "bad date": (["score", "{table}", "-o", "o.csv", "--since", "yesterday"], "--since"),
    "missing output": (["scan", "{table}"], "--out"),
    "no run": (["report", "{empty}"], "no run"),
}


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_wrong_usage_gets_one_line_and_exit_code_2(
    name: str,
    table: Path,
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    arguments, said = WRONG_USAGE[name]
    given = [argument.format(table=table, empty=tmp_path / "empty") for argument in arguments]
    if given[0] == "score" and "--model" not in given:
        given += ["--model", str(tiny_model)]
    assert run(given) == 2
    captured = capsys.readouterr()
    [line] = captured.err.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert captured.out == ""
    assert not any((tmp_path / "empty").iterdir())


def test_standard_input(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stdin() -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BufferedReader(io.BytesIO(comments(3))))  # type: ignore[type-var]

    monkeypatch.setattr(sys, "stdin", stdin())
    assert score(Path("-"), tmp_path / "run", tiny_model) == 0
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["accounting"]["rows"] == 3
    (tmp_path / "run" / "run.json").write_text(json.dumps(manifest | {"state": "running"}))
    monkeypatch.setattr(sys, "stdin", stdin())
    capsys.readouterr()
    assert score(Path("-"), tmp_path / "run", tiny_model) == 2
    assert "cannot be read twice" in capsys.readouterr().err


def test_messages_are_harmless_to_a_terminal(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "evil\x1b[31m\x9b\u202e\nname.csv"
    assert score(tmp_path / name, tmp_path / "o.csv", tiny_model) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert not set(err) & set("\x1b\x9b\u202e")


def test_interrupted_scan_says_how_to_go_on(
    table: Path,
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("moderation.score.finish.write_threads", interrupt)
    assert score(table, tmp_path / "run", tiny_model) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    monkeypatch.undo()
    assert score(table, tmp_path / "run", tiny_model) == 0
    assert "going on with" in capsys.readouterr().err
