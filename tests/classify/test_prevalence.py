"""Thresholds and precision at another prevalence than the model's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.classify.policy import ResolvedPolicy, read_policy
from moderation.classify.prevalence import Assumption, estimate, shifted
from moderation.errors import ConfigError

CONFIG: dict[str, Any] = {
    "labels": ["insult", "threat"],
    "calibration": {"insult": {"prevalence": 0.05}, "threat": {"prevalence": 0.02}},
    "operating_points": {
        "insult": [[0.2, 0.5, 0.9], [0.5, 0.8, 0.6], [0.9, 0.95, 0.2]],
        "threat": [[0.3, 0.6, 0.8], [0.7, 0.9, 0.3]],
    },
}
SHARES = st.floats(0.001, 0.999)


@given(SHARES, SHARES, SHARES)
def test_shifting_there_and_back_changes_nothing(share: float, reference: float, assumed: float) -> None:
    there = shifted(np.array([share]), reference, assumed)
    assert shifted(there, assumed, reference)[0] == pytest.approx(share, rel=1e-9)
    assert (there[0] > share) == (assumed > reference) or there[0] == pytest.approx(share)


def test_a_rarer_label_needs_a_higher_threshold() -> None:
    usual = read_policy(None, CONFIG).resolve()
    rare = read_policy(None, CONFIG, ["insult=0.02"]).resolve()
    assert (usual.thresholds["insult"], rare.thresholds["insult"]) == (0.5, 0.9)
    # Odds 19 to 1 at 5 %, times (2/98) / (5/95).
    assert rare.expected_precision["insult"] == pytest.approx(0.8805, abs=1e-4)
    assert (rare.thresholds["threat"], rare.expected_precision["threat"]) == (0.7, 0.9)
    assert read_policy(None, CONFIG, ["insult=0.001"]).resolve().thresholds["insult"] is None


def test_what_was_assumed_is_kept_and_nothing_else_said() -> None:
    stored = read_policy(None, CONFIG, ["threat=0.01"]).resolve().to_dict()
    assert stored["prevalence"] == {"threat": {"reference": 0.02, "assumed": 0.01, "source": "stated"}}
    assert ResolvedPolicy.from_dict(stored).to_dict() == stored
    assert "prevalence" not in read_policy(None, CONFIG).resolve().to_dict()


def test_a_run_is_resolved_again_by_its_own_targets() -> None:
    stated = read_policy(None, CONFIG).resolve()
    stated = ResolvedPolicy(
        stated.thresholds | {"threat": 0.4},
        stated.expected_precision,
        stated.targets | {"threat": "budget 9"},
    )
    again = read_policy(None, CONFIG, ["insult=0.02", "threat=0.01"]).resolve_again(stated)
    assert again.thresholds == {"insult": 0.9, "threat": 0.4}
    assert again.targets == {"insult": "precision 0.8", "threat": "budget 9"}
    assert again.expected_precision["threat"] == pytest.approx(0.4286 + 0.0, abs=0.01)


@pytest.mark.parametrize("truth", [0.01, 0.05, 0.3])
def test_prevalence_is_estimated_from_calibrated_scores(truth: float) -> None:
    rng = np.random.default_rng(7)
    reference = 0.05
    positive = rng.random(20_000) < truth
    # Log-odds of two normal distributions a distance 3 apart: calibrated at the reference by construction.
    distance = 3.0
    margin = rng.normal(np.where(positive, distance, 0.0), 1.0)
    odds = distance * margin - distance**2 / 2 + np.log(reference / (1 - reference))
    found = estimate(np.append(1 / (1 + np.exp(-odds)), np.nan), reference)
    assert found == pytest.approx(positive.mean(), rel=0.12)


def test_an_estimate_moves_the_thresholds_of_a_run_and_few_comments_do_not() -> None:
    policy = read_policy(None, CONFIG, ["estimate", "threat=0.01"])
    assert policy.needs_run
    with pytest.raises(ConfigError, match="scored run"):
        policy.resolve()
    scores = {"insult": np.full(500, 0.001, np.float32), "threat": np.full(500, 0.001, np.float32)}
    found = policy.resolve(scores)
    assert found.prevalence["insult"].source == "estimated"
    assert found.prevalence["insult"].assumed < 0.01
    assert found.prevalence["threat"].assumed == 0.01
    assert found.thresholds["insult"] is None
    few = policy.resolve({label: values[:99] for label, values in scores.items()})
    assert few.prevalence["insult"].source == "too few comments to estimate"
    assert few.thresholds["insult"] == 0.5


@pytest.mark.parametrize("given", ["insult", "insult=", "insult=0", "insult=1", "insult=2 %", "spam=0.1"])
def test_what_is_no_prevalence_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="prevalence"):
        Assumption.parse([given], CONFIG["labels"])


def test_a_policy_file_states_prevalences_and_a_call_has_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[prevalence]\nthreat = 0.01\ninsult = 0.2\n")
    assert read_policy(path, CONFIG).assumed == Assumption({"threat": 0.01, "insult": 0.2})
    said = read_policy(path, CONFIG, ["threat=0.3"]).assumed
    assert said == Assumption({"threat": 0.3, "insult": 0.2})
    assert read_policy(path, CONFIG, ["estimate"]).assumed == Assumption({}, True)
    path.write_text('prevalence = "estimate"\n')
    assert read_policy(path, CONFIG).needs_run
    path.write_text("[prevalence]\nthreat = 0.01\nestimate = true\n")
    assert read_policy(path, CONFIG).assumed == Assumption({"threat": 0.01}, True)
    stated = read_policy(path, CONFIG, ["insult=0.1"]).assumed
    assert stated == Assumption({"threat": 0.01, "insult": 0.1}, True)


@pytest.mark.parametrize(
    "given",
    [
        "prevalence = 0.1",
        "[prevalence]\nspam = 0.1",
        "[prevalence]\nthreat = 2",
        "[prevalence]\nestimate = 1",
    ],
)
def test_what_a_policy_file_cannot_say_of_prevalence_is_refused(given: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(given)
    with pytest.raises(ConfigError, match=r"policy\.toml.*prevalence"):
        read_policy(path, CONFIG)


def test_without_a_reference_nothing_can_be_assumed() -> None:
    with pytest.raises(ConfigError, match="states no prevalence"):
        read_policy(None, CONFIG | {"calibration": {}}, ["insult=0.1"]).resolve()
