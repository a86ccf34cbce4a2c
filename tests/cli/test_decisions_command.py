"""`decisions import`, `export` and `agree` over a real run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from moderation.cli import run as command
from moderation.decisions import text_digest
from moderation.score.engine import scan

COMMENTS = [
    {"id": "11", "text": "you are a stupid idiot", "author": "Eve", "created_at": "2024-03-01T10:00:00Z"},
    {"id": "12", "text": "shut up you idiot", "author": "Eve", "created_at": "2024-03-02T10:00:00Z"},
    {"id": "=13", "text": "what a stupid liar", "author": "Bob", "created_at": None},
    {"id": "14", "text": "thank you for the nice photo", "author": "Bob", "created_at": None},
]


@pytest.fixture(scope="module")
def scored(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decided")
    dump = folder / "dump.jsonl"
    dump.write_text("".join(json.dumps(one) + "\n" for one in COMMENTS))
    scan([str(dump)], folder / "run", model=str(tiny_model), jobs=1, report=False, any_language=True)
    return folder / "run"


def line(number: int, decision: str, reviewer: str, labels: tuple[str, ...] = ()) -> str:
    return json.dumps(
        {
            "comment_id": COMMENTS[number]["id"],
            "text_digest": text_digest(str(COMMENTS[number]["text"])),
            "decision": decision,
            "labels": list(labels),
            "note": "=cmd()",
            "reviewer": reviewer,
            "created_at": f"2024-05-01T09:3{number}:00.000Z",
            "model": "tiny@d1",
            "policy": "2f7e3d036531bf55",
        }
    )


@pytest.fixture
def decided(scored: Path, tmp_path: Path) -> Path:
    (scored / "decisions.sqlite").unlink(missing_ok=True)
    saved = tmp_path / "saved.jsonl"
    lines = [
        line(0, "remove", "Rae", ("insult",)),
        line(1, "remove", "Rae", ("insult",)),
        line(2, "remove", "Rae"),
        line(3, "approve", "Rae"),
        line(1, "approve", ""),
    ]
    saved.write_text("\n".join(lines))
    assert command(["decisions", "import", str(saved), "--into", str(scored), "--reviewer", "Sam"]) == 0
    return scored


def test_importing_twice_adds_nothing(
    decided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    again = [
        "decisions",
        "import",
        str(tmp_path / "saved.jsonl"),
        "--into",
        str(decided),
        "--reviewer",
        "Sam",
    ]
    assert command(again) == 0
    assert "0 of 5 decisions were new" in capsys.readouterr().err


def test_ids_are_those_all_agree_on_and_can_be_acted_on(
    decided: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert command(["decisions", "export", str(decided), "--to", "ids"]) == 1
    said = capsys.readouterr()
    assert said.out == "11\n"
    assert "do not agree" in said.err and "=13" in said.err
    assert command(["decisions", "export", str(decided), "--to", "ids", "--decision", "approve"]) == 1
    assert capsys.readouterr().out == "14\n"
    assert command(["decisions", "export", str(decided), "--to", "wp-cli", "--latest"]) == 1
    said = capsys.readouterr()
    assert said.out == "wp comment trash 11\nwp comment approve 12 14\n"
    assert "only have digits" in said.err and "=13" in said.err


def test_a_table_has_no_formula(decided: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert command(["decisions", "export", str(decided), "--to", "csv", "-o", str(out)]) == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["comment_id"] for row in rows] == ["11", "12", "'=13", "14", "12"]
    assert {row["note"] for row in rows} == {"'=cmd()"}
    assert command(["decisions", "export", str(out), "--to", "jsonl", "-o", str(tmp_path / "x.csv")]) == 2


def test_statements_of_reasons(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    wanted = ["decisions", "export", str(decided), "--to", "dsa", "--territory", "DE", "--terms", "Rule 2"]
    assert command(wanted) == 1
    said = capsys.readouterr()
    (made,) = json.loads(said.out)["statements"]
    assert (made["content_date"], made["territorial_scope"]) == ("2024-03-01", ["DE"])
    assert "the date of the comment is not known" in said.err
    assert command(wanted[:-2]) == 2
    assert "--terms" in capsys.readouterr().err


def test_agreement_and_precision(decided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    out = tmp_path / "disputed.csv"
    assert command(["decisions", "agree", str(decided), "--disagreements", str(out)]) == 0
    said = capsys.readouterr()
    assert "5 decisions of 2 reviewers; 1 in dispute" in said.err
    assert any(row.startswith("Rae\tSam\t1\t0 %") for row in said.out.splitlines())
    flags = next(row for row in said.out.splitlines() if row.startswith("insult\t") and " to " in row)
    assert flags.split("\t")[:4] == ["insult", "3", "1", "33 %"]
    assert "Rae: remove; Sam: approve" in out.read_text()


def test_wrong_use_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["export", "none.jsonl"], "no such file"),
        (["export", "none.jsonl", "--to", "xml"], "csv, jsonl"),
        (["export", "none.jsonl", "--to", "ids", "--decision", "ban"], "remove, approve"),
        (["import", "none.jsonl", "--into", str(tmp_path)], "is no run"),
        (["agree", "none.jsonl"], "no such file"),
    ):
        assert command(["decisions", *arguments]) == 2
        assert said in capsys.readouterr().err


def test_words_that_were_rejected_most_come_first(
    decided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = []
    for number, spans in ((0, [(10, 16, False), (17, 22, True)]), (2, [(7, 13, False)])):
        stated = [{"begin": b, "end": e, "label": "insult", "confirmed": c} for b, e, c in spans]
        judged.append(json.dumps(json.loads(line(number, "remove", "Ann")) | {"spans": stated}))
    (tmp_path / "words.jsonl").write_text("\n".join(judged))
    capsys.readouterr()
    assert command(["decisions", "words", str(tmp_path / "words.jsonl")]) == 0
    assert "2 decisions on words have no text; name the run" in capsys.readouterr().err
    assert command(["decisions", "import", str(tmp_path / "words.jsonl"), "--into", str(decided)]) == 0
    assert command(["decisions", "words", str(decided), "-o", str(tmp_path / "w.csv")]) == 0
    assert capsys.readouterr().out.splitlines()[:3] == [
        "label\tword\tjudged\trejected\tshare",
        "insult\tstupid\t2\t2\t100 %",
        "insult\tidiot\t1\t0\t0 %",
    ]
    assert (tmp_path / "w.csv").read_text().splitlines()[1] == "insult,stupid,2,2,1.0"
