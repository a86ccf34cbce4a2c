"""`explain`, `formats`, `models`, `policy`, help and version: what a user is shown."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

import moderation
from moderation.cli import run
from moderation.cli.console import harmless
from moderation.schema import LABELS

COMMANDS = (
    "scan",
    "score",
    "ingest",
    "report",
    "explain",
    "formats",
    "models",
    "train",
    "evaluate",
    "policy",
)


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--version") == f"moderation {moderation.__version__}\n"


def test_the_package_runs_as_the_command() -> None:
    command = [sys.executable, "-m", "moderation", "scan"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "moderation scan --help" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command in said(capsys, "--help")
    text = said(capsys, command, "--help")
    assert f"moderation {command}" in text.splitlines()[0]
    assert "None" not in text


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "scan" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from moderation.cli import run; run(['--help']); run(['scan', '--help'])\n"
        "print(sorted({'pandas', 'pyarrow', 'numpy', 'sklearn', 'duckdb', 'joblib'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_explanation_adds_up(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "you stupid idiot, they staged it"
    found = json.loads(said(capsys, "explain", text, "--model", tiny_model, "--json"))
    assert found["text"] == text
    for label in LABELS:
        p = found["probabilities"][label]
        shares = sum(span["shares"][label] for span in found["spans"])
        assert math.isclose(math.log(p / (1 - p)), found["bias"][label] + shares, abs_tol=1e-6)
    assert "idiot" in {span["text"].strip(",") for span in found["spans"] if span["shares"]["abusive"] > 0.5}
    assert found["flags"] == [label for label in LABELS if found["probabilities"][label] >= 0.5]


def test_explanation_of_hostile_text_is_harmless(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "you idiot\x1b]0;title\x07 [bold]x[/bold] \u202eabc \x9b31m"
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(hostile.encode())))  # type: ignore[type-var]
    monkeypatch.setattr(sys, "stdin", stdin)
    out = said(capsys, "explain", "-", "--model", tiny_model)
    assert not set(out) & set("\x1b\x07\u202e\x9b")
    assert "[bold]x[/bold]" in out
    assert "idiot" in out.split("strongest: ")[1]


def test_formats_and_what_they_carry(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line.split("\t") for line in said(capsys, "formats").splitlines()]
    assert rows[0] == ["format", "what it is", "what it carries"]
    assert {
        "plaintext",
        "disqus-xml",
        "reddit",
        "csv",
        "tsv",
        "jsonl",
        "json",
        "parquet",
        "xlsx",
        "lines",
    } <= {row[0] for row in rows}
    assert all(len(row) == 3 and row[1] for row in rows)


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    header, *rows = [line.split("\t") for line in said(capsys, "models").splitlines()]
    assert header == ["model", "labels", "size", "digest"]
    fast = next(row for row in rows if row[0] == "fast")
    assert fast[1].split(", ") == list(moderation.load_model("fast").labels)
    assert moderation.load_model("fast").digest.startswith(fast[3])


def test_policy(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "policy", "show", "--model", tiny_model)
    assert ["conspiracy", "precision 0.8", "0.500", "0.900"] in [
        line.split("\t")[:4] for line in out.splitlines()
    ]
    (tmp_path / "policy.toml").write_text("[labels.conspiracy]\nbudget = 10\n[labels.threat]\nflag = false\n")
    out = said(capsys, "policy", "show", "--model", tiny_model, "--policy", tmp_path / "policy.toml")
    assert ["conspiracy", "budget 10", "", ""] in [line.split("\t")[:4] for line in out.splitlines()]


def test_evaluate(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("you stupid idiot %d", 1), ("thank you for photo %d", 0)]
    lines = [json.dumps({"text": text % i, "abusive": value}) for i in range(30) for text, value in rows]
    (tmp_path / "table.jsonl").write_text("\n".join(lines))
    found = json.loads(said(capsys, "evaluate", tiny_model, "--corpus", tmp_path / "table.jsonl", "--json"))
    assert list(found) == ["abusive"]
    assert found["abusive"]["roc_auc"] == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nnaïve 💣", "plain\ttext\nnaïve 💣"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\x00b\x07c\x7fd\x85e\u2028", "abcde\u2028"),
        ("user\u202egpj.exe\u2066x\u2069", "usergpj.exex"),
        ("half \ud83d", "half "),
    ],
)
def test_harmless(text: str, shown: str) -> None:
    assert harmless(text) == shown
