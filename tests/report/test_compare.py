from __future__ import annotations

import csv
import io
from pathlib import Path

from handmade_run import SMALL, Policy, Run, comment, make_run
from lxml import html
from rich.console import Console

from moderation.report.compare import KINDS, Pairing
from moderation.report.comparison import render, write_comparison


def two_runs(path: Path) -> tuple[Run, Run]:
    before = make_run(path / "before", SMALL)
    rows = [{**row} for row in SMALL if row["comment_id"] != "f"]
    rows[0]["p_insult"] = 0.85  # a: newly an insult
    rows[1]["p_insult"] = 0.2  # b: no longer one
    rows[2]["p_threat"] = 0.3  # c: an insult still, no threat any more
    rows.append(comment("new", "Another idiot.", insult=0.9))
    return before, make_run(path / "after", rows)


def test_what_changed_for_whom(tmp_path: Path) -> None:
    with Pairing(*two_runs(tmp_path)) as pairing:
        found = pairing.compare()
    assert found.names == ("before", "after")
    assert found.totals == {
        "common": 5,
        "only_before": 1,
        "only_after": 1,
        "flagged_before": 2,
        "flagged_after": 2,
        "added": 1,
        "removed": 1,
        "changed": 1,
    }
    assert found.labels.to_dict("split")["data"] == [["insult", 2, 2, 1, 1], ["threat", 1, 0, 0, 1]]
    assert found.threads.to_dict("split")["data"] == [["t1", "First thread", 2, 2, 1, 1]]
    assert found.authors.to_dict("split")["data"] == [["Ann", 0, 1, 1, 0], ["Bob", 2, 1, 0, 1]]
    changes = {
        kind: [(c.record["comment_id"], c.before, c.after) for c in found.changes[kind]] for kind in KINDS
    }
    assert changes == {
        "newly flagged": [("a", (), ("insult",))],
        "no longer flagged": [("b", ("insult",), ())],
        "other flags": [("c", ("insult", "threat"), ("insult",))],
    }


def test_one_run_under_two_policies(small: Run) -> None:
    with Pairing(small, small, (None, Policy({"insult": 0.65, "threat": None}))) as pairing:
        totals = pairing.compare().totals
    assert (totals["common"], totals["only_before"], totals["only_after"]) == (6, 0, 0)
    assert (totals["added"], totals["removed"], totals["changed"]) == (0, 1, 1)


def test_equal_runs_and_repeated_ids(tmp_path: Path) -> None:
    rows = [*SMALL, SMALL[1], SMALL[1]]
    runs = make_run(tmp_path / "a", rows), make_run(tmp_path / "b", rows)
    found, files = write_comparison(*runs, tmp_path / "out")
    assert found.totals["common"] == 6
    assert not any(found.changes.values())
    assert "No flag changed." in files["html"].read_text("utf-8")


def test_files_hold_all_changes_and_run_nothing(tmp_path: Path) -> None:
    evil = '=1</style><script>alert(1)</script>"\x1b'
    before = make_run(
        tmp_path / "before", [comment(str(n), evil, author=evil, thread_title=evil) for n in range(150)]
    )
    rows = [comment(str(n), evil, author=evil, thread_title=evil, threat=0.9) for n in range(150)]
    found, files = write_comparison(before, make_run(tmp_path / "after", rows), tmp_path / "out")
    page = html.document_fromstring(files["html"].read_text("utf-8"))
    assert not page.cssselect("script, [src], [onclick], [href], [style]")
    assert len(page.cssselect("article .veiled")) == 100
    assert "100 of 150" in page.text_content()
    with files["csv"].open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 150
    assert (lines[0]["change"], lines[0]["flags_before"], lines[0]["flags_after"]) == (
        "newly flagged",
        "",
        "threat",
    )
    assert lines[0]["text"].startswith("'=1")
    stream = io.StringIO()
    Console(file=stream, width=100).print(render(found))
    assert "150 comments in both runs, flagged before 0, now 150: 150 newly" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
