from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from handmade_run import SMALL, Policy, Run, comment, default_policy, explain, make_run

from moderation.report.facts import Facts
from moderation.report.stats import wilson
from moderation.report.summary import summarise


def test_counts(small: Run) -> None:
    summary = summarise(small)
    assert (summary.comments, summary.threads, summary.authors) == (6, 2, 3)
    assert (summary.scored, summary.flagged, summary.rate) == (5, 3, 0.6)
    low, high = wilson([3], [5])
    assert (summary.low, summary.high) == (low[0], high[0])
    assert summary.without_author == {"comments": 2, "flagged": 1}
    assert (summary.first, summary.last) == (datetime(2024, 3, 1, 12), datetime(2024, 3, 3, 9))
    assert summary.languages == {"en": 5}
    assert (summary.flagged_threads, summary.flagged_authors, summary.undated) == (2, 1, 2)
    assert summary.shown == [] and summary.words == []


def test_labels(small: Run) -> None:
    labels = summarise(small).labels.set_index("label")
    assert labels["flagged"].to_dict() == {"insult": 3, "threat": 1}
    assert labels["rate"].to_dict() == {"insult": 0.6, "threat": 0.2}
    assert labels["threshold"].to_dict() == {"insult": 0.5, "threat": 0.8}
    assert labels.loc["insult", "expected_precision"] == 0.9
    assert labels["expected_precision"].isna().to_dict() == {"insult": False, "threat": True}
    assert labels["mean_probability"].to_dict() == pytest.approx({"insult": 2.2 / 3, "threat": 0.95})


def test_rankings(small: Run) -> None:
    summary = summarise(small)
    threads = summary.top_threads[["thread_id", "comments", "scored", "flagged", "rate"]]
    assert threads.to_dict("split")["data"] == [["t1", 4, 3, 2, 2 / 3], ["t2", 2, 2, 1, 0.5]]
    assert summary.top_threads["title"][0] == "First thread"
    assert summary.top_authors[["author", "comments", "flagged"]].to_dict("split")["data"] == [["Bob", 2, 2]]


def test_flags_over_time_have_no_gaps(small: Run) -> None:
    summary = summarise(small)
    assert summary.unit == "day"
    assert summary.over_time[["start", "comments", "scored", "flagged"]].to_dict("split")["data"] == [
        [datetime(2024, 3, 1), 3, 2, 1],
        [datetime(2024, 3, 2), 0, 0, 0],
        [datetime(2024, 3, 3), 1, 1, 1],
    ]


def test_a_stray_date_does_not_squeeze_the_rest(tmp_path: Path) -> None:
    rows = [
        comment(str(n), "x", created_at=datetime(2024, 3, 1 + n % 20, n % 24, tzinfo=UTC)) for n in range(200)
    ]
    rows[0]["created_at"] = datetime(1970, 1, 1, tzinfo=UTC)
    rows[1]["created_at"] = datetime(9999, 12, 31, 23, tzinfo=UTC)
    summary = summarise(make_run(tmp_path, rows))
    assert (summary.unit, summary.outside, len(summary.over_time)) == ("day", 2, 20)
    assert summary.over_time["comments"].sum() == 198


def test_dates_at_the_ends_of_the_calendar(tmp_path: Path) -> None:
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
    rows = [comment(str(n), "x", created_at=moment) for n, moment in enumerate(ends)]
    summary = summarise(make_run(tmp_path, rows))
    assert (summary.unit, len(summary.over_time), summary.outside) == ("year", 120, 1)
    assert (summary.first, summary.last) == tuple(moment.replace(tzinfo=None) for moment in ends)


def test_histogram_counts_every_score(small: Run) -> None:
    histogram = summarise(small).histogram
    assert histogram["insult"].sum() == histogram["threat"].sum() == 5
    assert histogram.loc[histogram["begin"] == 0.95, "threat"].item() == 0
    assert histogram.loc[0, "insult"] == 2


def test_the_highest_and_lowest_score_fall_into_the_outer_steps(tmp_path: Path) -> None:
    run = make_run(tmp_path, [comment("a", "x", insult=1.0, threat=0.0)])
    histogram = summarise(run).histogram
    assert (histogram["insult"].iloc[-1], histogram["threat"].iloc[0]) == (1, 1)


def test_highest_scores_without_a_flag(tmp_path: Path) -> None:
    scores = [0.1, 0.45, 0.2, 0.45, 0.3, 0.9]
    rows = [comment(str(n), f"text {n}", insult=score) for n, score in enumerate(scores)]
    run = make_run(tmp_path, rows, parts=6)
    found = [(near.comment_id, near.text) for near in summarise(run).nearest if near.label == "insult"]
    assert found == [("1", "text 1"), ("3", "text 3"), ("4", "text 4")]


def test_overlap(small: Run) -> None:
    overlap = summarise(small).overlap
    assert overlap.to_dict() == {"insult": {"insult": 3, "threat": 1}, "threat": {"insult": 1, "threat": 1}}


def test_another_policy_flags_again_without_scoring(small: Run) -> None:
    strict = summarise(small, Policy({"insult": 0.95, "threat": None}))
    assert strict.flagged == 0
    assert strict.labels["flagged"].to_list() == [0, 0]
    assert strict.digest != summarise(small).digest
    assert summarise(small, default_policy()).digest == summarise(small).digest


def test_a_house_rule_counts_beside_the_labels(tmp_path: Path) -> None:
    policy = default_policy()
    policy.blocked = "Ann"
    summary = summarise(make_run(tmp_path, SMALL, policy), shown=10, explain=explain)
    assert summary.flagged == 4
    assert summary.overlap.loc["rule:blocked", "rule:blocked"] == 1
    assert summary.labels["label"].to_list() == ["insult", "threat", "rule:blocked"]
    # No score stands behind it, so it comes last and nothing in it is highlighted.
    assert (summary.shown[-1].comment_id, summary.shown[-1].rank, summary.shown[-1].marks) == ("a", 0.0, ())


def test_comments_shown_are_ranked_with_parent_path_and_marks(small: Run) -> None:
    shown = summarise(small, shown=10, explain=explain).shown
    assert [(c.comment_id, round(c.rank, 2), c.flags) for c in shown] == [
        ("c", 0.95, ("insult", "threat")),
        ("b", 0.9, ("insult",)),
        ("f", 0.6, ("insult",)),
    ]
    burn, plan, silly = shown
    assert burn.path == ("Ann", "Bob") and not burn.path_cut
    assert burn.parent is not None
    assert asdict(burn.parent) == {
        "author": "Bob",
        "text": "You idiot, it is a fool's plan.",
        "cut": 0,
        "status": "visible",
        "anchor": "c-b",
    }
    assert plan.parent is not None and plan.parent.anchor is None
    assert silly.parent is None and silly.path == ()
    marked = [(burn.text[m.begin : m.end], m.label, m.level) for m in burn.marks]
    assert marked == [("Burn", "threat", 3), ("idiot!", "insult", 3)]
    assert burn.text_digest == "184f198823b25fe9fd9a7cd14efbb89589727b6ebefe0341dead3071aab88c68"


def test_words_behind_flags(small: Run) -> None:
    words = summarise(small, shown=10, explain=explain).words
    assert [(w.word, w.comments, w.labels) for w in words] == [
        ("idiot", 2, {"insult": 2}),
        ("burn", 1, {"threat": 1}),
        ("fool", 1, {"insult": 1}),
    ]
    assert (words[2].before, words[2].inside, words[2].after, words[2].anchor) == (
        "Silly",
        "fool.",
        "",
        "c-f",
    )


def test_a_rare_label_is_shown_although_others_score_higher(tmp_path: Path) -> None:
    rows = [comment(f"i{n}", "idiot", insult=0.99) for n in range(50)]
    rows.append(comment("rare", "burn", threat=0.81))
    shown = summarise(make_run(tmp_path, rows), shown=20, explain=explain).shown
    assert len(shown) == 20
    assert shown[-1].comment_id == "rare"


def test_long_texts_are_cut_and_say_so(tmp_path: Path) -> None:
    rows = [
        comment("p", "y" * 1000),
        comment("x", "idiot " + "x" * 5000, parent_id="p", insult=0.9),
    ]
    (shown,) = summarise(make_run(tmp_path, rows), shown=5, explain=explain).shown
    assert (len(shown.text), shown.cut) == (3000, 2006)
    assert shown.parent is not None and (len(shown.parent.text), shown.parent.cut) == (400, 600)


def test_deep_paths_name_the_nearest_ancestors(tmp_path: Path) -> None:
    rows = [comment("0", "top", author="0")]
    rows += [comment(str(n), "idiot", author=str(n), parent_id=str(n - 1)) for n in range(1, 30)]
    rows[-1] = {**rows[-1], "p_insult": 0.9}
    (shown,) = summarise(make_run(tmp_path, rows), shown=5).shown
    assert shown.path == tuple(str(n) for n in range(21, 29)) and shown.path_cut


def test_the_parent_in_the_own_thread_is_meant(tmp_path: Path) -> None:
    rows = [
        comment("1", "elsewhere", author="Wrong", thread_id="t0"),
        comment("1", "here", author="Right", thread_id="t1"),
        comment("2", "idiot", parent_id="1", thread_id="t1", insult=0.9),
    ]
    (shown,) = summarise(make_run(tmp_path, rows), shown=5, explain=explain).shown
    assert shown.parent is not None and shown.parent.text == "here"


def test_equal_and_odd_ids_get_their_own_anchors(tmp_path: Path) -> None:
    rows = [comment(i, "idiot", insult=0.9) for i in ("x", "x", "a b", '"><script>', "ü")]
    anchors = [c.anchor for c in summarise(make_run(tmp_path, rows), shown=9, explain=explain).shown]
    assert anchors[:2] == ["c-x", "c-x.2"]
    assert len(set(anchors)) == 5
    assert all(set(a) <= set("c-x.2abcdef0123456789") for a in anchors)


def test_an_empty_run(tmp_path: Path) -> None:
    summary = summarise(make_run(tmp_path, []), shown=5, explain=explain)
    assert (summary.comments, summary.flagged, summary.rate, summary.first) == (0, 0, 0.0, None)
    assert summary.over_time.empty and summary.top_threads.empty
    assert summary.labels["flagged"].to_list() == [0, 0]


def test_flagged_rows_come_ranked_from_many_parts(tmp_path: Path) -> None:
    scores = [0.5 + (37 * n % 97) / 200 for n in range(97)]
    run = make_run(tmp_path, [comment(str(n), "idiot", insult=s) for n, s in enumerate(scores)])
    run._size = 7
    with Facts(run) as facts:
        ranked = [row for table in facts.ranked(size=10) for row in table["p_insult"].to_pylist()]
    assert ranked == pytest.approx(sorted(scores, reverse=True))
    assert not Path(facts._folder.name).exists()
