"""Tests of the second look: which comments it takes, how both tiers combine, what it is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from moderation.classify.deep.look import SecondLook
from moderation.train.deep.cascade import Gain, bands, fit_gain, fit_share, in_bands, logit
from moderation.train.deep.second import (
    MOST,
    Tiers,
    curve,
    fit_second_look,
    fit_together,
    looking,
    mix_weights,
)

LABELS = ("abusive", "insult")


def sigmoid(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def test_log_odds_of_certain_probabilities_are_finite() -> None:
    found = logit(np.array([0.0, 0.5, 1.0], np.float32))
    assert found[1] == 0
    assert found[0] == pytest.approx(-found[2])
    assert np.isfinite(found).all()


def test_the_share_of_a_tier_is_that_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    fast, deep = rng.normal(size=(2, 20_000))
    positive = rng.random(20_000) < sigmoid(0.5 * fast + 1.5 * deep - 1)
    assert fit_share(fast, deep, positive, np.full(20_000, "one")) == pytest.approx(0.75, abs=0.02)


def test_a_tier_that_tells_corpora_apart_gets_no_say_for_that() -> None:
    rng = np.random.default_rng(0)
    corpus = np.repeat(["calm", "angry"], 5000)
    within, angry = rng.normal(size=10_000), np.where(corpus == "angry", 2.0, -2.0)
    positive = rng.random(10_000) < sigmoid(within + angry)
    assert fit_share(angry + rng.normal(size=10_000), within, positive, corpus) > 0.9


def test_corpora_count_alike_however_big_they_are() -> None:
    rng = np.random.default_rng(0)
    corpus = np.repeat(["big", "small", "tiny"], [9000, 1000, 4])
    fast, deep = rng.normal(size=(2, len(corpus)))
    positive = rng.random(len(corpus)) < sigmoid(2 * np.where(corpus == "big", fast, deep))
    assert fit_share(fast, deep, positive, corpus) == pytest.approx(0.5, abs=0.05)


def test_a_tier_that_is_worth_nothing_gets_no_say() -> None:
    rng = np.random.default_rng(0)
    deep = rng.normal(size=5000)
    positive = rng.random(5000) < sigmoid(deep)
    assert fit_share(-deep, deep, positive, np.full(5000, "one")) == pytest.approx(1, abs=0.01)


def test_small_corpora_decide_where_there_is_no_other() -> None:
    odds = np.array([-1.0, 0.5, 0.2, 1.0, 2.0])
    assert fit_share(-odds, odds, np.array([False, False, True, True, True]), np.full(5, "one")) > 0.5


def test_a_gain_is_expected_where_decisions_were_put_right() -> None:
    fast = np.linspace(-6, 6, 2400)
    gain = fit_gain(fast, np.where(np.abs(fast - 1) < 1, 1.0, np.where(fast > 4, -1.0, 0.0)), np.ones(2400))
    assert gain.at(np.array([-5.0, 1.0, 3.0, 5.0])).tolist() == [0, 1, 0, 0]
    rising = np.diff(gain.rate)
    assert (rising[: gain.rate.argmax()] >= 0).all() and (rising[gain.rate.argmax() :] <= 0).all()


def test_bands_hold_the_share_that_was_asked_for() -> None:
    rng = np.random.default_rng(0)
    fast = {"abusive": rng.normal(-2, 2, 10_000), "insult": rng.normal(-3, 2, 10_000)}
    knots = np.linspace(-6, 6, 25)
    gain = {
        "abusive": Gain(knots, np.exp(-((knots - 1) ** 2))),
        "insult": Gain(knots, 0.5 * np.exp(-((knots - 1) ** 2))),
    }
    band = bands(gain, fast, np.ones(10_000), 0.1)
    assert in_bands(band, fast).mean() == pytest.approx(0.1, abs=0.01)
    low, high = band["abusive"]
    assert low < sigmoid(np.array(1.0)) < high
    # Half as much gain everywhere: its band is the narrower one.
    assert "insult" not in band or np.subtract(*band["insult"]) > np.subtract(*band["abusive"])


def test_a_band_that_reaches_the_end_holds_certain_comments() -> None:
    knots = np.array([-1.0, 1.0])
    band = bands(
        {"abusive": Gain(knots, np.array([0.0, 1.0]))}, {"abusive": np.array([-9.0, 30])}, np.ones(2), 0.6
    )
    assert band["abusive"][1] == 1.0
    assert in_bands(band, {"abusive": np.array([-30.0, 30.0])}).tolist() == [False, True]


def test_ordinary_comments_have_nine_tenths_of_the_mix() -> None:
    frame = pd.DataFrame({"corpus": ["plain"] * 3 + ["x"] * 2 + ["y"] * 4 + ["plain"]})
    rows = np.array([True] * 9 + [False])
    found = mix_weights(frame, rows, "plain")
    assert found[:3] == pytest.approx([0.3] * 3)
    assert found[3:9] == pytest.approx([0.025] * 2 + [0.0125] * 4)
    assert found[9] == 0


@pytest.fixture
def tiers() -> tuple[Tiers, pd.DataFrame]:
    """A first tier that sees most of what there is to see, a second that sees the rest; 4 % carry a label."""
    rng = np.random.default_rng(0)
    rows = 60_000
    seen = rng.normal(-6, 2.5, (rows, len(LABELS)))
    both = seen + rng.normal(0, 1.5, (rows, len(LABELS)))
    truth = rng.random((rows, len(LABELS))) < sigmoid(both)
    points = [(round(at, 2), round(at, 4), round(1 - at, 4)) for at in np.linspace(0.05, 0.95, 19)]
    config = {
        "labels": list(LABELS),
        "calibration": {label: {"slope": 1.0, "bias": 0.0, "prevalence": 0.1} for label in LABELS},
        "operating_points": dict.fromkeys(LABELS, points),
    }
    frame = pd.DataFrame(truth.astype(float), columns=list(LABELS)).assign(corpus="one")
    # What is unseen flattens the first tier's odds; 1.35 keeps it calibrated.
    return Tiers(LABELS, seen / 1.35, both, config, config), frame


def test_the_first_tier_counts_even_where_the_second_knows_more(tiers: tuple[Tiers, pd.DataFrame]) -> None:
    both, frame = tiers
    noise = replace(both, fast=np.random.default_rng(1).normal(size=both.fast.shape))
    weights = {
        label: (np.arange(len(frame)), np.stack((1 - frame[label], frame[label]), axis=1) / len(frame))
        for label in LABELS
    }
    combine = fit_together(noise, frame, np.ones(len(frame), bool), weights)["combine"]
    for first, second, _ in combine.values():
        assert first / (first + second) == pytest.approx(1 - MOST, abs=0.001)


def test_a_second_look_at_few_comments_brings_most_of_the_gain(tiers: tuple[Tiers, pd.DataFrame]) -> None:
    both, frame = tiers
    half = len(frame) // 2
    reference = {
        label: (np.arange(half), np.stack((1 - frame[label][:half], frame[label][:half]), axis=1) / half)
        for label in LABELS
    }
    fitted = np.where(np.arange(len(frame)) < half, 1.0, 0.0)
    together = fit_together(both, frame, fitted > 0, reference)
    both = replace(both, deep_config=dict(both.deep_config) | together)
    found = fit_second_look(both, frame, fitted, 0.2)
    worth = curve(both, found, frame, 1.0 - fitted)
    assert worth["deep"] < worth["fast"]
    gains = [worth["shares"][share]["gain"] for share in ("0.01", "0.05", "0.2", "1")]
    assert gains == sorted(gains)
    assert gains[0] > 0.1
    assert gains[2] > 0.8
    assert gains[3] == pytest.approx(1)
    # Where nothing is gained, a band ends before the share is used up.
    assert 0.1 < worth["band"]["share"] < 0.21
    assert worth["band"]["gain"] == pytest.approx(gains[2], abs=0.1)


def test_no_second_look_where_it_puts_decisions_wrong(tiers: tuple[Tiers, pd.DataFrame]) -> None:
    both, frame = tiers
    # The default policy flags from .8 on, and so the first tier is always right.
    frame = frame.assign(insult=(both.fast[:, 1] >= np.log(4)).astype(float))
    combine = dict.fromkeys(LABELS, (0.0, 1.0, 0.0))
    both = replace(both, deep_config=dict(both.deep_config) | {"combine": combine})
    found = fit_second_look(both, frame, np.ones(len(frame)), 0.2)
    assert set(found["band"]) == {"abusive"}
    unjudged = fit_second_look(both, frame.assign(insult=np.nan), np.ones(len(frame)), 0.2)
    assert set(unjudged["band"]) == {"abusive", "insult"}


def test_scores_are_the_first_tiers_outside_the_bands() -> None:
    asked: list[str] = []

    def first(texts: list[str]) -> np.ndarray:
        return np.array([[0.1, 0.5] if text == "unsure" else [0.1, 0.2] for text in texts], np.float32)

    def second(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.array([[0.4, 0.9]] * len(texts), np.float32)

    factors = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    look = SecondLook(LABELS, {"insult": (0.4, 0.6)}, factors)
    found = looking(look, first, second)(["plain", "unsure"])
    assert asked == ["unsure"]
    assert found.ravel().tolist() == pytest.approx([0.1, 0.2, 0.4, 0.5])
