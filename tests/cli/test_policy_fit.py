"""`policy fit`: from decisions to a policy that a scan takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.decisions import text_digest

RUDE = [f"You are a stupid idiot, number {n}." for n in range(30)]
KIND = [f"Thank you for the lovely photo of the bridge, number {n}." for n in range(30)]


def decide(path: Path, texts: list[str], *, carry: bool) -> Path:
    lines = []
    for number, text in enumerate(texts):
        rude = text in RUDE
        stated = {
            "comment_id": str(number),
            "text_digest": text_digest(text),
            "decision": "remove" if rude else "approve",
            "labels": ["abusive", "insult"] if rude else [],
            "created_at": "2024-05-01T09:30:00.000Z",
        }
        lines.append(json.dumps(stated | ({"text": text} if carry else {})))
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_decisions_that_carry_texts_give_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = decide(tmp_path / "decisions.jsonl", RUDE + KIND, carry=True)
    policy = tmp_path / "policy.toml"
    assert run(["policy", "fit", "--decisions", str(made), "--precision", "0.9", "-o", str(policy)]) == 0
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in capsys.readouterr().out.splitlines()[:-1]}
    assert rows["insult"][:2] == ["60", "30"]
    assert rows["insult"][3].startswith("30 of 3")
    assert rows["threat"][2] == "-"
    assert run(["policy", "show", "--policy", str(policy)]) == 0
    shown = capsys.readouterr().out
    assert f"insult\tthreshold {float(rows['insult'][2]):g}" in shown
    assert "threat\tprecision 0.8" in shown


def test_decisions_are_joined_with_their_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "comments.jsonl"
    rows = [{"comment_id": str(n), "text": text} for n, text in enumerate(RUDE + KIND)]
    table.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert run(["score", str(table), "-o", str(tmp_path / "run"), "-q", "--jobs", "1"]) == 0
    made = decide(tmp_path / "decisions.jsonl", [*RUDE, *KIND, "this is in no run"], carry=False)
    arguments = ["policy", "fit", "--decisions", str(made), "--precision", "0.9", "--label", "insult"]
    assert run([*arguments, "--run", str(tmp_path / "run"), "-o", str(tmp_path / "policy.toml")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1].startswith("insult\t60\t30\t")
    assert "1 decided comments are not in the run" in err
    assert run([*arguments, "-o", str(tmp_path / "other.toml")]) == 1
    assert "no decided comment with a known text" in capsys.readouterr().err


def test_too_few_decisions_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = decide(tmp_path / "decisions.jsonl", RUDE[:5], carry=True)
    policy = tmp_path / "policy.toml"
    arguments = ["policy", "fit", "--decisions", str(made), "-o", str(policy)]
    assert run([*arguments, "--precision", "0.9"]) == 1
    assert "5 comments judged, 20 are needed" in capsys.readouterr().err
    assert not policy.exists()
    assert run([*arguments, "--recall", "0.9"]) == 2
    assert "what was missed" in capsys.readouterr().err
    assert run(arguments) == 2
    assert run([*arguments, "--precision", "0.9", "--label", "spam"]) == 2
