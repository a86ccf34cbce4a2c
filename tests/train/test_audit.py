"""The audit's arithmetic on a model with known probabilities, and the project's own sentences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moderation.classify.model import load_model
from moderation.classify.policy import ResolvedPolicy
from moderation.errors import ConfigError
from moderation.schema import LABELS
from moderation.train.audit import audit, identity_metrics
from moderation.train.audit_cases import Cases, Group, Identities, Obfuscation, expand, read_cases
from moderation.train.splits import normalise
from moderation.train.templates import STANCES, SWEARING, TEMPLATES, template_rows

WRITTEN = Path(__file__).resolve().parents[2] / "datasets" / "written"


class KnownModel:
    """A model of two labels that has its probabilities by heart; it withholds texts that start with '~'."""

    labels = ("abusive", "threat")

    def __init__(self, known: dict[str, tuple[float, float]]) -> None:
        self.known = known

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self.known[text] for text in texts], np.float32)

    def score_table(self, table: pa.Table) -> pa.Table:
        texts = table["text"].to_pylist()
        withheld = np.array([text.startswith("~") for text in texts])
        for label, column in zip(self.labels, self.predict_proba(texts).T, strict=True):
            table = table.append_column(f"p_{label}", pa.array(column, pa.float32(), mask=withheld))
        reasons = pa.array(np.where(withheld, "language", None), pa.string())
        return table.append_column("not_scored", reasons)


def policy(abusive: float | None, threat: float | None) -> ResolvedPolicy:
    thresholds = {"abusive": abusive, "threat": threat}
    return ResolvedPolicy(thresholds, dict.fromkeys(thresholds), dict.fromkeys(thresholds, ""))


KNOWN = {
    "oaf": (0.9, 0.0),
    "you lump": (0.3, 0.2),
    "~clod": (0.8, 0.0),
    "damn good": (0.6, 0.1),
    "tea?": (0.1, 0.0),
    "I bite": (0.2, 0.7),
    "o.a.f": (0.7, 0.0),
    "0af": (0.2, 0.0),
    "hi tall": (0.1, 0.0),
    "hi short": (0.4, 0.0),
    "pah tall": (0.5, 0.0),
    "pah short": (0.3, 0.0),
}
CASES = Cases(
    (
        Group("insults", ("abusive",), "flag", ("oaf", "you lump", "~clod")),
        Group("friendly", ("abusive", "threat"), "pass", ("tea?", "damn good")),
        Group("threats", ("threat",), "flag", ("I bite",)),
    ),
    Obfuscation(("abusive",), ("oaf",), {"dots": ("o.a.f",), "digits": ("0af",)}),
    Identities(("tall", "short"), ("hi {identity}",), ("pah {identity}",)),
)


def test_groups_count_what_the_policy_does() -> None:
    found = audit(KnownModel(KNOWN), policy(0.5, 0.5), CASES)["groups"]
    assert found["insults"] == {
        "label": "abusive",
        "expected": "flag",
        "cases": 3,
        "right": 0.3333,
        "mean_probability": 0.6667,
        "failures": ["you lump", "~clod"],
    }
    assert found["friendly"] == {
        "label": "abusive, threat",
        "expected": "pass",
        "cases": 2,
        "right": 0.5,
        "mean_probability": 0.35,
        "failures": ["damn good"],
    }
    assert found["threats"]["right"] == 1
    assert found["insults in plain words"]["right"] == 1
    assert found["insults in disguise: digits"]["right"] == 0


def test_a_label_that_is_not_flagged_makes_its_cases_wrong() -> None:
    found = audit(KnownModel(KNOWN), policy(0.5, None), CASES)["groups"]
    assert (found["threats"]["right"], found["threats"]["failures"]) == (0, ["I bite"])
    assert found["friendly"]["right"] == 0.5


def test_totals_over_groups() -> None:
    found = audit(KnownModel(KNOWN), policy(0.5, 0.5), CASES)
    # Of tea and damn; of three insults, one threat, one plain insult and two in disguise.
    assert found["false_flag_rate"] == 0.5
    assert found["miss_rate"] == round(3 / 7, 4)
    assert found["not_scored"] == 1


def test_ranking_needs_no_threshold() -> None:
    found = audit(KnownModel(KNOWN), policy(None, None), CASES)["ranking"]
    # abusive: .9 .3 .8 against .1 .6, five pairs of six in order; threat: .7 against 0 .1.
    assert found == {"abusive": 0.8333, "threat": 1.0}


def test_disguises_are_compared_with_their_plain_form() -> None:
    found = audit(KnownModel(KNOWN), policy(0.5, 0.5), CASES)["obfuscation"]
    assert (found["mean_difference"], found["max_difference"]) == (0.45, 0.7)
    assert found["kinds"] == {
        "dots": {"mean_difference": 0.2, "max_difference": 0.2},
        "digits": {"mean_difference": 0.7, "max_difference": 0.7},
    }


def test_identities_are_ranked_by_the_probability_of_abuse() -> None:
    found = audit(KnownModel(KNOWN), policy(0.5, 0.5), CASES)["identities"]
    assert found == {
        "tall": {"subgroup_auc": 1.0, "bpsn_auc": 1.0, "bnsp_auc": 1.0},
        "short": {"subgroup_auc": 0.0, "bpsn_auc": 1.0, "bnsp_auc": 1.0},
    }


def test_identity_metrics_tell_overscoring_from_underscoring() -> None:
    # Harmless texts about a are scored like abuse of the others; abuse of c is scored like harmless texts.
    identity = np.array(["a", "a", "b", "b", "c", "c"], object)
    abusive = np.array([False, True, False, True, False, True])
    probability = np.array([0.6, 0.9, 0.2, 0.5, 0.1, 0.15])
    found = identity_metrics(identity, abusive, probability)
    assert found["a"] == {"subgroup_auc": 1.0, "bpsn_auc": 0.0, "bnsp_auc": 1.0}
    assert found["b"] == {"subgroup_auc": 1.0, "bpsn_auc": 0.5, "bnsp_auc": 0.5}
    assert found["c"] == {"subgroup_auc": 1.0, "bpsn_auc": 1.0, "bnsp_auc": 0.0}


def test_a_real_bundle_is_audited_with_its_default_policy(tiny_model: Path) -> None:
    found = audit(load_model(tiny_model))
    assert json.loads(json.dumps(found)) == found
    assert set(found["groups"]) >= {"friendly swearing", "threats, veiled", "conspiracy: debunks"}
    assert found["groups"]["insults in disguise: zero-width characters"]["cases"] == 24
    assert set(found["identities"]["gay"]) == {"subgroup_auc", "bpsn_auc", "bnsp_auc"}


def test_fillers_advance_together() -> None:
    assert expand("{a}{b}{a}", {"a": ["1", "2"], "b": ["x", "y", "z"]}) == ["1x1", "2y2", "1z1"]
    assert expand("nothing to fill", {}) == ["nothing to fill"]


def test_every_group_of_the_project_has_cases_and_known_labels() -> None:
    groups = read_cases().groups
    assert len(groups) >= 25
    for group in groups:
        assert len(group.texts) >= 15, group.name
        assert set(group.labels) <= set(LABELS)
    for label in LABELS:
        assert {group.expected for group in groups if label in group.labels} == {"flag", "pass"}, label
    assert not [text for group in groups for text in group.texts if "{identity}" in text or "{group}" in text]


def test_no_text_should_be_flagged_and_pass() -> None:
    groups = read_cases().groups
    flagged = {text for group in groups if group.expected == "flag" for text in group.texts}
    assert not [
        text for group in groups if group.expected == "pass" for text in group.texts if text in flagged
    ]


def runs(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the runs of five words in texts."""
    split = [normalise(text).split() for text in texts]
    return {tuple(words[at : at + 5]) for words in split for at in range(len(words) - 4)}


def test_runs_of_words_are_found_whatever_the_punctuation() -> None:
    assert runs(["One, two: three - FOUR five!"]) == {("one", "two", "three", "four", "five")}


def stance_rows() -> list[str]:
    """Return the filled templates of which the stance decides; stock phrases of swearing are anybody's."""
    harmless, swearing, both = (
        set(template_rows(WRITTEN / "templates.toml", name)["text"])
        for name in (TEMPLATES, SWEARING, STANCES)
    )
    return sorted(both - harmless - swearing)


def test_no_sentence_is_near_one_that_was_trained_on() -> None:
    lines = [line for path in WRITTEN.glob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    trained = [json.loads(line)["text"] for line in lines]
    trained += stance_rows()
    assert len(trained) > 1000
    cases = read_cases()
    texts = [text for group in cases.groups for text in group.texts]
    texts += cases.obfuscation.plain
    texts += [
        template.format(identity=term)
        for template in (*cases.identities.harmless, *cases.identities.abusive)
        for term in cases.identities.terms
    ]
    assert runs(texts) & runs(trained) == set()
    # Of signs alone, nothing is left when normalised.
    said, learnt = ({normalise(text) or text for text in part} for part in (texts, trained))
    assert said & learnt == set()


GOOD = """
[fillers]
[groups.a]
labels = ["abusive"]
expected = "flag"
cases = ["oaf"]
[obfuscation]
labels = ["abusive"]
words = ["oaf"]
carriers = ["you {word}"]
[obfuscation.disguises]
dots = ["o.a.f"]
[identities]
terms = ["tall", "short"]
harmless = ["hi {identity}"]
abusive = ["pah {identity}"]
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('expected = "flag"', 'expected = "maybe"', "flag, pass"),
        ('["oaf"]\n[obf', '["oaf", "oaf"]\n[obf', "twice"),
        ('["oaf"]\n[obf', "[]\n[obf", "no text"),
        ('labels = ["abusive"]\nexpected', 'labels = ["rude"]\nexpected', "identity_attack"),
        ('cases = ["oaf"]', 'templates = ["{animal}"]', "'animal'"),
        ('["o.a.f"]', '["o.a.f", "0af"]', "2 forms of 1 words"),
        ("hi {identity}", "hi", "lacks {identity}"),
        ('["tall", "short"]', '["tall"]', "two terms"),
        ("[fillers]", "", "'fillers'"),
        ("[fillers]", "[fillers", "not a file of audit cases"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    path = tmp_path / "cases.toml"
    assert right in GOOD
    path.write_text(GOOD, "utf-8")
    assert [group.texts for group in read_cases(path).groups] == [("oaf",)]
    path.write_text(GOOD.replace(right, wrong, 1), "utf-8")
    with pytest.raises(ConfigError, match=r"cases\.toml") as caught:
        read_cases(path)
    assert says in str(caught.value)
