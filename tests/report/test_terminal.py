from __future__ import annotations

import io
from pathlib import Path

from handmade_run import Policy, Run, comment, make_run
from rich.console import Console

from moderation.report.summary import Summary, summarise
from moderation.report.terminal import render


def printed(summary: Summary) -> str:
    stream = io.StringIO()
    Console(file=stream, width=100, force_terminal=False).print(render(summary))
    # How wide columns are is rich's own affair, and differs between its releases.
    return "\n".join(" ".join(line.split()) for line in stream.getvalue().splitlines())


def test_a_small_run(small: Run) -> None:
    text = printed(summarise(small))
    assert "6 comments, 2 threads, 3 authors, 3 flagged (60 %, 95 % interval 23–88 %)" in text
    assert "2024-03-01 to 2024-03-03" in text
    assert "\ninsult 3 60 % 23–88 % 0.50 90 %\n" in text
    assert "2 of 2 threads have flagged comments" in text
    assert "\nBob 2 2 100 %" in text
    assert "Read 9 records: 6 comments, 2 skipped (article text 2), 1 rejected (see rejects.jsonl)." in text
    assert "Scored 5, not scored 1 (empty 1)." in text


def test_labels_without_a_threshold_are_named(small: Run) -> None:
    text = printed(summarise(small, Policy({"insult": 0.996, "threat": None})))
    assert [line.split()[:2] for line in text.splitlines() if "0.996" in line] == [["insult", "0"]]
    assert "0–43 %" in text
    assert "Not flagged, as the policy or the model gives no threshold: threat" in text


def test_an_unread_input_is_named(small: Run) -> None:
    small.manifest["inputs"][0]["problem"] = "dump.jsonl: the stream breaks off at byte 100"
    assert "Not read to the end: dump.jsonl: the stream breaks off at byte 100" in printed(summarise(small))


def test_names_and_titles_change_nothing_on_the_terminal(tmp_path: Path) -> None:
    evil = "[bold red]x[/] \x1b[2J\x9b31m\u202e\x07 " + "w" * 300
    rows = [comment("a", "idiot", author=evil, thread_title=evil, insult=0.9)]
    text = printed(summarise(make_run(tmp_path, rows)))
    assert "[bold red]x[/] [2J31m" in text
    assert not set(text) & set("\x1b\x9b\u202e\x07")
    assert max(map(len, text.splitlines())) <= 100


def test_an_empty_run(tmp_path: Path) -> None:
    text = printed(summarise(make_run(tmp_path, [])))
    assert text.startswith("0 comments, 0 threads, 0 authors, 0 flagged")
