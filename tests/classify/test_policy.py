"""Policies: targets become thresholds, thresholds and house rules become flags."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moderation.classify.policy import ResolvedPolicy, read_policy
from moderation.errors import ConfigError

CONFIG = {
    "labels": ["abusive", "threat"],
    "operating_points": {
        "abusive": [[0.2, 0.5, 0.9], [0.4, 0.7, 0.8], [0.6, 0.85, 0.5], [0.9, 0.95, 0.2]],
        "threat": [[0.3, 0.4, 0.5]],
    },
}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(text, "utf-8")
    return path


def table(**columns: object) -> pa.Table:
    values = {"p_abusive": [0.95, 0.5, None, 0.1], "p_threat": [0.1, 0.9, None, 0.2]} | columns
    floats = {n: pa.array(v, pa.float32()) if n.startswith("p_") else v for n, v in values.items()}
    return pa.table({"text": ["a", "b", "", "buy now: Cheap pills!"], **floats})


def test_default_aims_at_precision_and_leaves_out_what_cannot_reach_it() -> None:
    resolved = read_policy(None, CONFIG).resolve()
    assert resolved.thresholds == {"abusive": 0.6, "threat": None}
    assert resolved.expected_precision == {"abusive": 0.85, "threat": None}


@pytest.mark.parametrize(
    ("target", "threshold"),
    [("threshold = 0.3", 0.3), ("precision = 0.9", 0.9), ("recall = 0.8", 0.4), ("flag = false", None)],
)
def test_each_target_resolves(tmp_path: Path, target: str, threshold: float | None) -> None:
    policy = read_policy(write(tmp_path, f"[labels.abusive]\n{target}\n"), CONFIG)
    assert policy.resolve().thresholds["abusive"] == threshold


@pytest.mark.parametrize(
    ("precision", "prevalence", "threshold"),
    [
        # From .02 on they keep .8 together, but one that is that likely is hardly ever right.
        (0.8, (), 0.4),
        (0.9, (), 0.7),
        (0.3, (), 0.15),
        # .4 where every second comment is abusive.
        (0.8, ("abusive=0.5",), 0.0339),
    ],
)
def test_no_flag_is_less_than_half_as_sure_as_all_together(
    tmp_path: Path, precision: float, prevalence: tuple[str, ...], threshold: float
) -> None:
    easy = {
        "labels": ["abusive"],
        "calibration": {"abusive": {"prevalence": 0.05}},
        "operating_points": {"abusive": [[0.01, 0.2, 1.0], [0.02, 0.85, 0.95], [0.7, 0.95, 0.5]]},
    }
    policy = write(tmp_path, f"[labels.abusive]\nprecision = {precision}\n")
    resolved = read_policy(policy, easy, prevalence).resolve()
    assert resolved.thresholds["abusive"] == pytest.approx(threshold, abs=1e-4)


def test_budget_flags_at_most_that_many(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, "[labels.abusive]\nbudget = 2\n"), CONFIG)
    assert policy.needs_run
    values = np.array([0.9, 0.8, 0.8, 0.1, np.nan], np.float32)
    threshold = policy.resolve({"abusive": values}).thresholds["abusive"]
    assert threshold == pytest.approx(0.9)
    with pytest.raises(ConfigError, match="needs a scored run"):
        policy.resolve()


def test_flags_are_literal_and_never_null() -> None:
    policy = ResolvedPolicy({"abusive": 0.5, "threat": 0.9}, {}, {})
    assert policy.flags(table()).to_pylist() == [["abusive"], ["abusive", "threat"], [], []]


def test_threshold_met_exactly_in_float32_is_flagged() -> None:
    policy = ResolvedPolicy({"abusive": float(np.float32(0.1))}, {}, {})
    assert policy.flags(table(p_abusive=[0.1, 0, 0, 0])).to_pylist() == [["abusive"], [], [], []]


def test_house_rules(tmp_path: Path) -> None:
    rules = """
    [[rules]]
    name = "ads"
    action = "flag"
    terms = ["cheap pills"]
    [[rules]]
    name = "editors"
    action = "pass"
    authors = ["Desk"]
    [[rules]]
    name = "kids"
    action = "thresholds"
    section = "/KIDS/"
    thresholds = { abusive = 0.05 }
    """
    policy = read_policy(write(tmp_path, rules + "[labels.abusive]\nthreshold = 0.5"), CONFIG).resolve()
    flagged = policy.flags(
        table(author=["Desk", "x", "y", None], url=[None, None, None, "https://a.example/kids/1"])
    )
    assert flagged.to_pylist() == [[], ["abusive"], [], ["abusive", "rule:ads"]]
    assert ResolvedPolicy.from_dict(policy.to_dict()) == policy


def test_terms_are_whole_words_and_taken_literally(tmp_path: Path) -> None:
    rules = '[[rules]]\nname = "t"\naction = "flag"\nterms = ["ass", "c++"]\n'
    policy = read_policy(write(tmp_path, rules), CONFIG).resolve()
    texts = ["what an ASS.", "class", "I like C++", "C#"]
    flagged = policy.flags(table().set_column(0, "text", [texts]))
    assert [("rule:t" in flags) for flags in flagged.to_pylist()] == [True, False, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[labels.rude]\nprecision = 0.5", "unknown label 'rude'"),
        ("[labels.abusive]\nprecision = 2", "from 0 to 1"),
        ("[labels.abusive]\nprecision = 0.5\nrecall = 0.5", "exactly one of"),
        ("[labels.abusive]\nprecision = true", "must be a number"),
        ("[colours]\nx = 1", "unknown table 'colours'"),
        ("[labels.abusive", "not a policy file"),
        ('[[rules]]\naction = "flag"', "needs a condition"),
        ('[[rules]]\naction = "ban"\nterms = ["x"]', "action must be one of"),
        ('[[rules]]\naction = "flag"\nwords = ["x"]', "unknown field 'words'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_policy(write(tmp_path, text), CONFIG)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such policy file"):
        read_policy(tmp_path / "none.toml", CONFIG)
