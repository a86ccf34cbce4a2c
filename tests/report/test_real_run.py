"""The report over a run that the engine made with a real model: the contract between the parts."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from lxml import html

from moderation.report import report_run
from moderation.score.engine import scan
from moderation.score.run import Run

TEXTS = ["What a nice recipe, thank you.", "you are a stupid idiot", "It was staged by hidden elites!", ""]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Run:
    folder = tmp_path_factory.mktemp("real")
    dump = folder / "dump.jsonl"
    rows = [
        {"id": str(n), "parent_id": str(n - 1) if n else None, "author": f"user {n}", "text": text, "mood": n}
        for n, text in enumerate(TEXTS)
    ]
    dump.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    scan([str(dump)], folder / "run", model=str(tiny_model), report=False)
    return Run.open(folder / "run")


def test_counts_words_and_tables_agree(run: Run, tmp_path: Path) -> None:
    files, summary = report_run(run, ("html", "csv", "jsonl"), tmp_path)
    assert (summary.comments, summary.scored, summary.flagged) == (4, 3, 2)
    assert summary.accounting["not_scored"] == {"empty": 1}
    assert summary.unexplained is None
    page = html.document_fromstring(files["html"].read_text("utf-8"))
    cards = {json.loads(card.get("data-id")): card for card in page.cssselect("article.card")}
    assert set(cards) == {"1", "2"}
    marked = {name: " ".join(m.text_content() for m in c.cssselect("mark")) for name, c in cards.items()}
    assert "idiot" in marked["1"] and "staged" in marked["2"]
    parent = cards["2"].cssselect(".parent .text")[0].text_content()
    assert parent == TEXTS[1]
    with files["csv"].open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["comment_id"]: line["mood"] for line in lines} == {"1": "1", "2": "2"}
    assert [line["flags"] for line in lines if line["comment_id"] == "2"] == ["conspiracy"]


def test_the_engines_own_call_writes_the_default_files(run: Run) -> None:
    assert {path.name for path in run.report().values()} == {"report.html", "flagged.csv", "flagged.jsonl"}
