"""Training one label: what the log-count ratio does, and how reliability and transfer are measured."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from moderation.errors import ConfigError
from moderation.text.vectorizer import ChunkVectorizer
from moderation.train.fit import Design, fit_label, ratio_scale
from moderation.train.mix import BACKGROUND, reference_rows
from moderation.train.pipeline import sides
from moderation.train.recipe import LabelRecipe, read_recipe
from moderation.train.reliability import draw, reliability
from moderation.train.splits import near_groups, text_groups
from moderation.train.transfer import judged, mean_left_out, transfer

WORDS = ("river", "ferry", "bread", "window", "garden", "station", "ladder", "violin", "kettle", "meadow")


def frame_of(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    """Return a training frame of (corpus, text, conspiracy)."""
    frame = pd.DataFrame(rows, columns=["corpus", "text", "conspiracy"])
    frame["group"] = text_groups(frame["text"])
    frame["near"] = frame["leader"] = near_groups(frame["text"])
    frame["abusive"] = np.where(frame["corpus"] == BACKGROUND, 0.0, np.nan)
    return frame.assign(weight=1.0)


def two_corpora() -> pd.DataFrame:
    """Return two human corpora whose positives share a word, and ordinary comments."""
    rng = np.random.default_rng(5)
    rows: list[tuple[str, str, float]] = []
    for number in range(120):
        plain = " ".join(rng.choice(WORDS, 6))
        own = "masts" if number % 2 else "ballots"
        corpus = "caves" if number % 2 else "pan2024_oppositional"
        true = number % 4 < 2
        rows.append(
            (corpus, f"{plain} {'plotters hid' if true else 'someone saw'} {own} {number:x}", float(true))
        )
        rows.append((BACKGROUND, f"{plain} lovely {own} day", 0.0))
    return frame_of(rows)


def test_what_a_program_wrote_is_learnt_from_and_not_measured_on() -> None:
    made = ("webimmunization_synth_tweets", "written_templates", "written_stances")
    pairs = [f"{first} and {second}" for first in WORDS for second in WORDS]
    rows = [
        (name, f"{name}: {pair}", float(at % 2)) for name in ("caves", *made) for at, pair in enumerate(pairs)
    ]
    frame = frame_of(rows)
    side = sides(frame, 1)
    found = {name: set(side[frame["corpus"] == name]) for name in ("caves", *made)}
    assert found["caves"] == {"train", "valid", "test"}
    assert [found[name] for name in made] == [{"train"}] * 3
    assert [name for name in ("caves", *made) if judged(frame, name, "conspiracy")] == ["caves"]


def test_what_people_wrote_as_well_is_on_the_side_of_what_they_wrote() -> None:
    pairs = [f"{first} and {second}" for first in WORDS for second in WORDS]
    frame = frame_of([(name, pair, 0.0) for name in ("caves", "written_templates") for pair in pairs])
    people, program = (sides(frame, 1)[frame["corpus"] == name] for name in ("caves", "written_templates"))
    assert set(people) == {"train", "valid", "test"}
    assert program.tolist() == people.tolist()


def test_features_of_one_class_count_for_more() -> None:
    matrix = sp.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1]], np.float32))
    yes = np.array([1.0, 1.0, 0.0, 0.0])
    both, one, other = ratio_scale(matrix, yes, 1 - yes, 0.5)
    assert both < one
    assert one == pytest.approx(other)


def test_without_a_power_all_features_are_alike() -> None:
    matrix = sp.csr_matrix(np.array([[1, 0], [0, 1]], np.float32))
    yes = np.array([1.0, 0.0])
    assert ratio_scale(matrix, yes, 1 - yes, 0).tolist() == [1, 1]


def test_the_power_changes_what_is_learnt() -> None:
    frame = two_corpora()
    vectorizer = ChunkVectorizer(min_count=1).fit(frame["text"])
    data = Design(frame, vectorizer, vectorizer.transform(frame["text"]))
    rows = np.ones(len(frame), bool)
    corpora = {"caves": 1.0, "pan2024_oppositional": 1.0, BACKGROUND: 1.0}
    plain, ratio = (
        fit_label(data, "conspiracy", LabelRecipe(0.05, 1.0, corpora, ("caves",), power), rows, 1)
        for power in (0.0, 1.0)
    )
    word = vectorizer.transform(["plotters"])
    neutral = vectorizer.transform(["window"])
    assert float((word @ ratio)[0]) > float((word @ plain)[0]) > 0
    assert abs(float((neutral @ ratio)[0])) < float((word @ ratio)[0]) / 4


def test_transfer_tells_a_corpus_seen_from_one_left_out() -> None:
    frame = two_corpora()
    vectorizer = ChunkVectorizer(min_count=1).fit(frame["text"])
    data = Design(frame, vectorizer, vectorizer.transform(frame["text"]))
    stated = LabelRecipe(0.05, 1.0, {"caves": 1.0, "pan2024_oppositional": 1.0, BACKGROUND: 1.0}, ("caves",))
    found = transfer(data, "conspiracy", stated, seeds=2)
    assert list(found) == ["caves", "pan2024_oppositional"]
    caves = found["caves"]
    assert (caves["rows"], caves["positives"]) == (60, 30)
    # The words of the positives are those of the other corpus, so that leaving one out costs little.
    assert min(caves["in_domain"], caves["plain"], caves["left_out"]) > 0.9
    both = (found["caves"]["left_out"] + found["pan2024_oppositional"]["left_out"]) / 2
    assert mean_left_out(found) == pytest.approx(both, abs=1e-4)


def test_a_reference_dump_is_mostly_ordinary_comments() -> None:
    frame = two_corpora()
    stated = LabelRecipe(0.05, 1.0, {}, ("caves",))
    at, weights = reference_rows(frame, "conspiracy", stated, np.ones(len(frame), bool))
    ordinary = (frame["corpus"].to_numpy()[at] == BACKGROUND).astype(float)
    assert weights.sum(axis=0).tolist() == pytest.approx([0.95, 0.05])
    assert (weights[:, 0] * ordinary).sum() == pytest.approx(0.95 * 0.85)
    assert "pan2024_oppositional" not in set(frame["corpus"].to_numpy()[at])


def test_reliability_says_what_probabilities_are_worth(tmp_path: Path) -> None:
    frame = two_corpora()
    labels = {"conspiracy": LabelRecipe(0.05, 1.0, {}, ("caves",))}
    truth = frame["conspiracy"].to_numpy()[:, None]
    honest = reliability(frame, truth, labels, {"conspiracy": 0.5})["conspiracy"]
    assert (honest["calibration_error"], honest["precision"], honest["recall"]) == (0, 1, 1)
    assert [(bin["said"], bin["true"]) for bin in honest["bins"]] == [(0, 0), (1, 1)]
    boastful = reliability(frame, np.full_like(truth, 0.9), labels, {"conspiracy": 0.5})["conspiracy"]
    assert boastful["calibration_error"] == pytest.approx(0.85)
    assert boastful["precision"] == pytest.approx(0.05)


def test_the_picture_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = {"conspiracy": {"bins": [{"said": 0.1, "true": 0.2, "share": 0.9}]}}
    draw(found, tmp_path / "a.svg")
    draw(found, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert re.search(r">conspiracy<", (tmp_path / "a.svg").read_text("utf-8"))


@pytest.mark.parametrize(
    ("transfer", "power", "says"),
    [
        ("conspiracy = 3", 2, "ratio_power must lie between 0 and 1"),
        ("conspiracy = 0", 0.5, r"\[transfer\] takes labels"),
        ("threat = 3", 0.5, r"\[transfer\] takes labels"),
    ],
)
def test_a_number_out_of_range_is_refused(tmp_path: Path, transfer: str, power: float, says: str) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        f"""name = "mine"
seed = 1
[transfer]
{transfer}
[labels.conspiracy]
prevalence = 0.05
ratio_power = {power}
calibrate = ["caves"]
corpora = {{caves = 1}}
""",
        "utf-8",
    )
    with pytest.raises(ConfigError, match=says):
        read_recipe(path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sed = 1", "unknown field 'sed'; known: name, kind, seed"),
        ('last = "x"', "unknown field 'last'"),
        ("[passes]\ncaves = 1", "unknown field 'passes'"),
        ("[settings]\nsoft_wieght = 1", "unknown field of [settings] 'soft_wieght'; known: soft_weight"),
        ("[vectorizer]\nunknwon = true", "unknown field of [vectorizer] 'unknwon'; known: buckets"),
        ('[teacher]\nbundel = "deep"', "unknown field of [teacher] 'bundel'; known: bundle"),
        ("[labels.conspiracy]\nprevalance = 0.05", "unknown field of [labels.conspiracy] 'prevalance'"),
        ("[labels.plot]\nprevalence = 0.05", "unknown label 'plot'; known: abusive"),
    ],
)
def test_what_a_recipe_does_not_know_is_refused(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "recipe.toml"
    label = '[labels.abusive]\nprevalence = 0.05\ncalibrate = ["caves"]\ncorpora = {caves = 1}\n'
    path.write_text(f'name = "mine"\nseed = 1\n{line}\n{label}', "utf-8")
    with pytest.raises(ConfigError, match=re.escape(says)):
        read_recipe(path)
