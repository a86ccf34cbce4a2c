"""`report`: again, by other thresholds, and beside another run."""

from __future__ import annotations

import csv
import json
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


def test_prevalence_moves_thresholds_and_is_kept(scanned: Path, tmp_path: Path) -> None:
    arguments = ["scan", str(scanned / "comments.csv"), "--prevalence", "abusive=0.0001", "-q", "--jobs", "1"]
    assert run([*arguments, "-o", str(tmp_path / "run")]) == 0
    usual = json.loads((scanned / "run" / "run.json").read_text("utf-8"))["policy"]
    rare = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["policy"]
    assert rare["prevalence"]["abusive"]["assumed"] == 0.0001
    assert (
        rare["thresholds"]["abusive"] is None
        or rare["thresholds"]["abusive"] > usual["thresholds"]["abusive"]
    )
    assert rare["thresholds"]["insult"] == usual["thresholds"]["insult"]
    assert (
        "assumed to be as common as: abusive" in (tmp_path / "run" / "report.html").read_text("utf-8").lower()
    )


def test_a_report_under_another_prevalence(
    scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(scanned / "run")
    arguments = ["report", folder, "--prevalence", "estimate", "--prevalence", "insult=0.3", "--to", "md"]
    assert run([*arguments, "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "insult 30 % (stated; the scores are for 5.0 %)" in " ".join(said.split())
    assert "too few comments to estimate" in (tmp_path / "report.md").read_text("utf-8")
    assert run(["report", folder, "--prevalence", "spam=0.3"]) == 2


def test_policy_show_at_a_prevalence(capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*options: str) -> dict[str, list[str]]:
        assert run(["policy", "show", *options]) == 0
        return {line.split("\t")[0]: line.split("\t")[1:] for line in capsys.readouterr().out.splitlines()}

    usual, common = shown(), shown("--prevalence", "abusive=0.3")
    assert float(common["abusive"][1]) < float(usual["abusive"][1])
    assert (usual["abusive"][3], common["abusive"][3]) == ("0.05", "0.3")
    assert shown("--prevalence", "estimate")["threat"][3] == "estimated from each run"


def test_evaluation_at_a_prevalence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "labelled.csv"
    rows = [f"you stupid idiot number {n},1" for n in range(6)] + [
        f"a lovely bridge number {n},0" for n in range(6)
    ]
    table.write_text("\n".join(["text,abusive", *rows, "what a stupid idiot of a bridge,0"]), "utf-8")

    def figures(*options: str) -> dict[str, float]:
        assert run(["evaluate", "--corpus", str(table), "--json", *options]) == 0
        found: dict[str, float] = json.loads(capsys.readouterr().out)["abusive"]
        return found

    usual, rare = figures(), figures("--prevalence", "abusive=0.01")
    assert rare["prevalence"] == 0.01
    assert rare["roc_auc"] == usual["roc_auc"]
    assert rare["calibration_error"] != usual["calibration_error"]
    assert run(["evaluate", "--prevalence", "abusive=0.01"]) == 2


def test_a_sample_judged_gives_rates(
    scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sample.csv"
    assert run(["decisions", "sample", str(scanned / "run"), "-o", str(sheet), "--label", "insult"]) == 0
    assert capsys.readouterr().out == f"{sheet}\n"
    with sheet.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["text"] for line in lines} == set(COMMENTS)
    for line in lines:
        rude = "idiot" in line["text"] or "moron" in line["text"]
        line |= {"decision": "remove", "labels": "abusive insult"} if rude else {"decision": "approve"}
    with sheet.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    assert run(["report", str(scanned / "run"), "--estimate", str(sheet), "-o", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Corrected rate" in said and "report.html" in said
    assert 'id="h-rates"' in (tmp_path / "report.html").read_text("utf-8")
    with (tmp_path / "estimate.csv").open(newline="", encoding="utf-8") as file:
        rates = {(row["label"], row["month"]): row for row in csv.DictReader(file)}
    # All were judged: the rate is certain.
    assert [rates["insult", "all"][name] for name in ("rate", "low", "high")] == ["0.5", "0.5", "0.5"]
    assert rates["threat", "no time"]["rate"] == "0"


def test_options_of_the_estimate_belong_together(scanned: Path, tmp_path: Path) -> None:
    folder = str(scanned / "run")
    assert run(["report", folder, "--sample", str(tmp_path / "s.csv")]) == 2
    assert run(["report", folder, "--estimate", str(tmp_path / "s.csv"), "--against", folder]) == 2
    assert run(["report", folder, "--estimate", str(tmp_path / "missing.csv")]) == 2
