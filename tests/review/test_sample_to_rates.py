"""The whole way of somebody who counts: score, draw, judge blind in the app, report the corrected rates."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from lxml import html
from reviewing import Reviewer

from moderation.cli import run as command
from moderation.report.sample import read_sample
from moderation.review.access import Access
from moderation.review.app import make_app, open_desk, store_of
from moderation.review.desk import Task
from moderation.score.engine import scan
from moderation.score.run import Run

COMMENTS = 400
SEEN, MISSED, WRONG = 30, 16, 50
"""Insults that the model sees, insults that it does not know, and harmless comments that it flags."""


def text(number: int) -> str:
    if number % 5 == 0 and number < 5 * SEEN:
        return f"you are a stupid idiot {number}"
    if number % 5 == 1 and number < 5 * MISSED:
        return f"you are a boiled turnip {number}"
    if number % 5 == 2 and number < 5 * WRONG:
        return f"the stupid idiot was Dostoevsky's hero {number}"
    return f"thank you for the nice photo {number}"


def is_insult(shown: str) -> bool:
    """What a person says who reads the comment: nothing but its text decides."""
    return "you are a" in shown


def judge(reviewer: Reviewer) -> int:
    """Work through the queue as it comes, page by page."""
    done = 0
    while True:
        page = html.document_fromstring(reviewer.get("/work?among=sample"))
        cards = page.cssselect("article.card")
        if not cards:
            return done
        for card in cards:
            labels = {"judge:insult": "yes"} if is_insult(card.cssselect(".text")[-1].text_content()) else {}
            decision = "remove" if labels else "approve"
            row = re.fullmatch(r"c(\d+)", card.get("id"))[1]
            assert reviewer.send("/decide", row=row, decision=decision, **labels).status_code == 200
            done += 1


def test_judging_a_sample_blind_gives_rates_that_hold_the_truth(
    tiny_model: Path, access: Access, tmp_path: Path
) -> None:
    dump, run, sheet = tmp_path / "dump.jsonl", tmp_path / "run", tmp_path / "sample.csv"
    rows = (
        {"id": str(n), "text": text(n), "created_at": f"2024-0{3 + n % 2}-05T10:00:00Z"}
        for n in range(COMMENTS)
    )
    dump.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    scan(dump, run, model=tiny_model, jobs=1, report=False, any_language=True)
    drawing = ["decisions", "sample", str(run), "-o", str(sheet), "--label", "insult", "--size", "120"]
    assert command(drawing) == 0

    opened = Run.open(run)
    task = Task(sample=read_sample(sheet), blind=True)
    with store_of(run) as store:
        desk = open_desk(opened, store, task=task)
        with desk.index:
            assert judge(Reviewer(make_app(desk, access, "run"), "Rae", access)) == 120

    reporting = ["report", str(run), "--estimate", str(run), "--sample", str(sheet), "--to", "html"]
    assert command([*reporting, "--out", str(tmp_path / "out")]) == 0
    with (tmp_path / "out" / "estimate.csv").open(encoding="utf-8", newline="") as file:
        rates = {(row["label"], row["month"]): row for row in csv.DictReader(file)}
    truth = [is_insult(text(number)) for number in range(COMMENTS)]
    of = {"all": truth, "2024-03": truth[::2], "2024-04": truth[1::2]}
    for part, labels in of.items():
        found = rates["insult", part]
        share = sum(labels) / len(labels)
        assert float(found["low"]) <= share <= float(found["high"]), part
        assert float(found["high"]) - float(found["low"]) < 0.2, part
    whole = rates["insult", "all"]
    # Flags alone would tell another story: more comments are flagged wrongly than are missed.
    assert float(whole["flagged"]) > float(whole["high"])
    page = html.document_fromstring((tmp_path / "out" / "report.html").read_text("utf-8"))
    assert page.cssselect("[aria-labelledby=h-rates]")
