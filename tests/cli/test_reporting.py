"""`report`: again, by other thresholds, and beside another run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from moderation.cli import run

COMMENTS = (
    "You are a stupid idiot.",
    "Thank you for the photo of the bridge.",
    "What a lovely morning on the pier.",
    "Shut up, you pathetic moron, nobody wants you here.",
)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    table = folder / "comments.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["comment_id", "thread_id", "text"])
        writer.writerows([str(number), "t", text] for number, text in enumerate(COMMENTS))
    (folder / "never.toml").write_text("".join(f"[labels.{label}]\nflag = false\n" for label in LABELS))
    (folder / "always.toml").write_text(
        "".join(f"[labels.{label}]\nflag = false\n" for label in LABELS[1:])
        + "[labels.abusive]\nthreshold = 0\n"
    )
    assert run(["scan", str(table), "-o", str(folder / "run"), "-q", "--jobs", "1"]) == 0
    return folder


LABELS = (
    "abusive", "insult", "threat", "identity_attack", "obscene", "sexually_explicit", "severe", "conspiracy",
)  # fmt: skip


def changes(path: Path) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["comment_id"]: row["change"] for row in csv.DictReader(file)}


def test_against_another_policy(scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "report",
        str(scanned / "run"),
        "--against",
        str(scanned / "never.toml"),
        "-o",
        str(tmp_path),
    ]
    assert run(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        str(tmp_path / "comparison.html"),
        str(tmp_path / "comparison.csv"),
    ]
    assert changes(tmp_path / "comparison.csv") == {"0": "newly flagged", "3": "newly flagged"}


def test_against_itself_under_a_policy(scanned: Path, tmp_path: Path) -> None:
    folder = str(scanned / "run")
    arguments = ["report", folder, "--policy", str(scanned / "always.toml"), "--against", folder]
    assert run([*arguments, "--to", "csv", "-o", str(tmp_path), "-q"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.csv"]
    found = changes(tmp_path / "comparison.csv")
    assert (found["1"], found["2"]) == ("newly flagged", "newly flagged")


def test_against_nothing(scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(scanned / "run"), "--against", str(tmp_path)]) == 2
    assert "is no run" in capsys.readouterr().err
    arguments = ["report", str(scanned / "run"), "--against", str(scanned / "run"), "--to", "xlsx"]
    assert run(arguments) == 2
    assert "choose from html, csv" in capsys.readouterr().err
