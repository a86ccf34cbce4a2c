"""Thresholds from decisions: what is counted, what is refused, what a sample adds."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.decisions import Decision, text_digest
from moderation.report.sample import Band, Sample
from moderation.train.decided import decided_rows
from moderation.train.thresholds import FEWEST, fit_label, fit_threshold, policy_text


def fitted(scores, truth, kind="precision", target=0.8, weights=None, **options):  # type: ignore[no-untyped-def]
    scores = np.asarray(scores, np.float64)
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    return fit_threshold("insult", scores, np.asarray(truth, np.float64), weights, kind, target, **options)


def test_the_lowest_threshold_that_keeps_the_precision() -> None:
    # 24 right at .9, then as many with a third right at .5, then nothing right.
    scores = [0.9] * 24 + [0.5] * 6 + [0.1] * 30
    truth = [1] * 24 + [1, 1, 0, 0, 0, 0] + [0] * 30
    found = fitted(scores, truth)
    assert 0.1 < found.threshold <= 0.5
    assert (found.judged, found.positive, found.counted, found.right) == (60, 26, 30, 26)
    assert found.share == pytest.approx(26 / 30)
    assert found.low < 0.8 < found.share < found.high
    surely = fitted(scores, truth, sure=True)
    assert 0.5 < surely.threshold <= 0.9
    assert (surely.counted, surely.right) == (24, 24)
    assert surely.low >= 0.8


def test_a_recall_needs_weights_and_gets_the_highest_threshold() -> None:
    # 20 found at .9 stand for themselves, 4 missed at .1 for ten comments each.
    scores = [0.9] * 20 + [0.1] * 20
    truth = [1] * 20 + [1] * 4 + [0] * 16
    weights = [1] * 20 + [10] * 20
    assert fitted(scores, truth, "recall", 0.8).share == pytest.approx(20 / 24)
    found = fitted(scores, truth, "recall", 0.8, weights)
    assert found.threshold == 0.1
    assert found.share == 1
    assert fitted(scores, truth, "recall", 0.3, weights).share == pytest.approx(20 / 60)


def test_too_few_are_refused_with_their_number() -> None:
    found = fitted([0.9] * (FEWEST - 1), [1] * (FEWEST - 1))
    assert found.threshold is None
    assert found.reason == "19 comments judged, 20 are needed"
    assert "0 comments with insult" in fitted([0.9] * 30, [0] * 30, "recall").reason
    assert fitted([0.9] * 30, [0, 1] * 15).reason == "precision 50 % at best, not 80 %"


@given(
    st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=FEWEST, max_size=120),
    st.floats(0.1, 1),
)
def test_a_threshold_keeps_what_it_promises(rows: list[tuple[float, bool]], target: float) -> None:
    scores = np.array([score for score, _ in rows])
    truth = np.array([right for _, right in rows], np.float64)
    found = fitted(scores, truth, target=target)
    if found.threshold is None:
        return
    above = scores >= np.float32(found.threshold)
    assert (above.sum(), truth[above].sum()) == (found.counted, found.right)
    assert truth[above].mean() >= target - 1e-9
    assert found.low <= found.share <= found.high


def test_a_threshold_parts_scores_that_only_single_precision_parts() -> None:
    lowest, next_to_it = np.nextafter(np.float32(0), np.float32(1)), np.float32(0)
    scores = np.array([lowest] * FEWEST + [next_to_it] * FEWEST, np.float64)
    found = fitted(scores, [1] * FEWEST + [0] * FEWEST)
    assert found.threshold is not None
    assert (scores >= np.float32(found.threshold)).sum() == found.counted == FEWEST


def test_a_sample_counts_its_comments_for_those_it_stands_for() -> None:
    bands = (Band(0, 0.5, 1_000), Band(0.5, 1, 40))
    names = [f"c{n}" for n in range(80)]
    band = [0] * 40 + [1] * 40
    keys = {"thread_id": "t", "text_digest": [text_digest(name) for name in names]}
    sample = Sample("insult", bands, pd.DataFrame({"comment_id": names, **keys, "band": band}))
    rows = pd.DataFrame({"comment_id": names, **keys, "p_insult": [0.1] * 40 + [0.9] * 40})
    rows["insult"] = [1.0] + [0.0] * 39 + [1.0] * 40
    found = fit_label(rows, "insult", "recall", 0.5, sample=sample)
    # 40 above, and one of 40 below that stands for 25.
    assert found.share == pytest.approx(40 / 65)
    stray = pd.DataFrame({"comment_id": ["x"], "thread_id": "t", "text_digest": "0" * 64, "p_insult": 0.1,
                          "insult": 1.0})  # fmt: skip
    assert fit_label(pd.concat([rows, stray]), "insult", "recall", 0.5, sample=sample) == found
    only = fit_label(rows[rows["p_insult"] > 0.5], "insult", "recall", 0.5, sample=sample)
    assert only.reason == "a band of the sample holds no judged comment"


def test_the_policy_says_what_it_rests_on() -> None:
    good = fitted([0.9] * 24 + [0.1] * 10, [1] * 24 + [0] * 10)
    bad = fit_threshold("threat", np.zeros(0), np.zeros(0), np.zeros(0), "precision", 0.8)
    text = policy_text([good, bad], {"decisions": "evil\n[labels.severe]\nthreshold = 0"})
    assert tomllib.loads(text) == {"labels": {"insult": {"threshold": good.threshold}}}
    assert "# 24 of 24: 100 %, 95 % interval 86–100 %" in text
    assert "# threat: not fitted, the model's own target holds: 0 comments judged" in text


def test_decisions_become_rows_with_the_latest_opinion() -> None:
    def decided(about: str, labels: tuple[str, ...], minute: int, **more: object) -> Decision:
        stated: dict[str, object] = {
            "comment_id": "c1", "text_digest": text_digest(about), "text": about, "labels": labels,
            "decision": "remove" if labels else "approve", "checked": None, "note": "", "reviewer": "Rae",
            "created_at": datetime(2024, 5, 1, 9, minute, tzinfo=UTC), "model": "", "policy": "",
        }  # fmt: skip
        return Decision(**{**stated, **more})  # type: ignore[arg-type]

    made = [
        decided("you fool", ("insult",), 0),
        decided("you fool", (), 5, reviewer="Kim", checked=("insult",)),
        decided("burn", ("threat",), 1, checked=("threat",)),
        decided("nobody has my text", (), 2, text=None),
        decided("skipped", (), 3, decision="skip"),
    ]
    rows, missing = decided_rows(made, ("insult", "threat"))
    assert missing == 1
    assert rows[["text", "insult", "threat"]].fillna(-1).values.tolist() == [
        ["you fool", 0, 0],
        ["burn", -1, 1],
    ]
