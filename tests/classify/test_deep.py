"""The second tier: bundles are checked, scores are pure, a cascade combines, explanations add up."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deep_bundle import WORDS, write_deep
from hypothesis import given
from hypothesis import strategies as st

from moderation.classify.bundle import bundle_folders
from moderation.classify.deep.bundle import digest, read_deep
from moderation.classify.deep.look import least_priority
from moderation.classify.deep.model import load_deep
from moderation.classify.deep.tiered import TieredModel
from moderation.classify.model import load_model, load_stated
from moderation.classify.tiers import Budget, choose_tier
from moderation.cli import run as cli
from moderation.errors import ConfigError, ModelError, UsageError
from moderation.schema import LABELS

TEXTS = [
    "you are a stupid idiot",
    "you are not a stupid idiot",
    "thank you for the nice photo",
    "they staged it",
    "",
    "idiot " * 30,
    "what a stupid liar",
]


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return write_deep(tmp_path_factory.mktemp("deep") / "tiny-deep", tiny_model)


@pytest.fixture(scope="module")
def cascade(deep: Path) -> TieredModel:
    model = load_model(deep, "cascade")
    assert isinstance(model, TieredModel)
    return model


def test_logits_are_what_the_graph_computes(deep: Path) -> None:
    logits = load_deep(deep).logits(["You stupid idiot!", "not it"])
    known = [WORDS["you"] + WORDS["stupid"] + WORDS["idiot"], WORDS["not"] + WORDS["it"]]
    np.testing.assert_allclose(logits[:, 0], known, rtol=1e-6)
    # Three words, a mark, first and last token; two words, first and last token: nothing is padded.
    np.testing.assert_allclose(logits[:, -1], [6 / 8, 4 / 8])


def test_a_score_does_not_depend_on_its_company(deep: Path) -> None:
    model = load_deep(deep)
    together = model.score_texts(TEXTS)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, model.score_texts(TEXTS[::-1])[::-1])
    np.testing.assert_array_equal(together, model.score_texts(TEXTS, threads=3))
    np.testing.assert_array_equal(together, np.concatenate([model.score_texts([text]) for text in TEXTS]))
    assert model.score_texts([]).shape == (0, len(LABELS))


def test_a_text_is_run_once_however_often_it_stands_there(deep: Path) -> None:
    told: list[int] = []
    model = load_deep(deep)
    runs: list[int] = []
    encoder = model.encoder
    logits = encoder.logits
    encoder.logits = lambda tokens, *more: (runs.append(len(tokens)), logits(tokens, *more))[1]  # type: ignore[method-assign]
    model.logits(["idiot", "photo", "idiot", "idiot"], 1, told.append)
    assert runs == [2]
    assert sum(told) == 4


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("model.onnx", lambda data: data + b" ", "model.onnx is damaged"),
        ("tokenizer.json", lambda data: data.replace(b"idiot", b"saint"), "tokenizer.json is damaged"),
        ("config.json", lambda data: data.replace(b'"max_length": 12', b'"max_length": 13'), "is damaged"),
        ("config.json", lambda data: data[:40], "cannot be read"),
        ("config.json", lambda data: data.replace(b'_version": 6', b'_version": 9'), "format version 9"),
    ],
)
def test_damage_is_found(tmp_path: Path, tiny_model: Path, name: str, damage: object, message: str) -> None:
    folder = write_deep(tmp_path, tiny_model)
    (folder / name).write_bytes(damage((folder / name).read_bytes()))  # type: ignore[operator]
    with pytest.raises(ModelError, match=message):
        read_deep(folder)


def test_a_graph_that_is_none_is_one_line(tmp_path: Path, tiny_model: Path) -> None:
    folder = write_deep(tmp_path, tiny_model)
    (folder / "model.onnx").write_bytes(b"nothing")
    config = json.loads((folder / "config.json").read_text())
    config["files"]["model.onnx"] = hashlib.sha256(b"nothing").hexdigest()
    (folder / "config.json").write_text(json.dumps(config | {"digest": digest(config)}))
    with pytest.raises(ModelError, match="cannot be run") as found:
        load_deep(folder)
    assert "\n" not in str(found.value)


def test_without_the_extra_one_line_says_what_to_install(
    deep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "moderation.classify.deep.encoder", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert cli(["explain", "--tier", "deep", "--model", str(deep), "you idiot"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "pip install 'moderation[deep]'" in said[0]


def test_fast_stays_the_default(tiny_model: Path, deep: Path) -> None:
    assert load_model(tiny_model).tier == "fast"
    assert not isinstance(load_model(tiny_model), TieredModel)
    assert load_model(deep).tier == "deep"
    with pytest.raises(UsageError, match="is a second tier"):
        load_model(deep, "fast")
    with pytest.raises(UsageError, match="unknown tier 'slow'"):
        load_model(tiny_model, "slow")


def test_cascade_looks_again_inside_its_bands_alone(
    tiny_model: Path, cascade: TieredModel, deep: Path
) -> None:
    fast = load_model(tiny_model).score(TEXTS, any_language=True)
    both = cascade.score(TEXTS, any_language=True)
    first = fast["p_abusive"].to_numpy(np.float64, na_value=np.nan)
    conspiracy = fast["p_conspiracy"].to_numpy(np.float64, na_value=np.nan)
    with np.errstate(invalid="ignore"):
        inside = ((first >= 0.2) & (first <= 0.995)) | ((conspiracy >= 0.3) & (conspiracy <= 0.9))
    assert 0 < inside.sum() < len(TEXTS) - 1
    tiers = np.where(inside, "deep", "fast")[[at for at, text in enumerate(TEXTS) if text]]
    assert both["tier"].dropna().tolist() == tiers.tolist()
    second = load_deep(deep).odds(TEXTS)[:, 0]
    for at in np.flatnonzero(inside):
        odds = np.clip(second[at], -13.8155, 13.8155)
        assert both["p_abusive"][at] == pytest.approx(1 / (1 + math.exp(-odds)), rel=1e-5)
    for at in np.flatnonzero(~inside & ~np.isnan(first)):
        assert both["p_abusive"][at] == fast["p_abusive"][at]
    np.testing.assert_array_equal(
        cascade.predict_proba(TEXTS[:4]), both[[f"p_{label}" for label in LABELS]].to_numpy(np.float32)[:4]
    )


def test_cascade_scores_are_pure(cascade: TieredModel) -> None:
    together = cascade.predict_proba(TEXTS)
    np.testing.assert_array_equal(together, cascade.predict_proba(TEXTS[::-1])[::-1])
    np.testing.assert_array_equal(together, np.concatenate([cascade.predict_proba([text]) for text in TEXTS]))


def test_deep_looks_at_everything_that_fast_scores(deep: Path) -> None:
    table = load_model(deep, "deep").score_table(pa.table({"text": TEXTS}), any_language=True)
    assert table["not_scored"].to_pylist() == [None, None, None, None, "empty", None, None]
    assert table["tier"].to_pylist() == ["deep"] * 4 + [None] + ["deep"] * 2
    own = load_deep(deep).score_texts(TEXTS)
    np.testing.assert_allclose(table["p_insult"].to_numpy()[:4], own[:4, 1], atol=1e-6)


def test_deep_adds_up_the_odds_of_both_tiers(tmp_path: Path, tiny_model: Path) -> None:
    factors = {label: [0.25, 0.75, 0.1] for label in LABELS}
    folder = write_deep(tmp_path, tiny_model, combine=factors)
    texts = TEXTS[:4]
    first, second = load_model(tiny_model).predict_proba(texts), load_deep(folder).odds(texts)
    odds = 0.25 * np.log(first / (1 - first)) + 0.75 * second.clip(-13.8155, 13.8155) + 0.1
    found = load_model(folder, "deep").predict_proba(texts)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-odds)), rtol=1e-4)


def test_policy_is_that_of_the_tier(tiny_model: Path, deep: Path, cascade: TieredModel) -> None:
    thresholds = [
        model.policy().resolve().thresholds["abusive"]
        for model in (load_model(tiny_model), cascade, load_model(deep, "deep"))
    ]
    assert thresholds == [0.5, 0.6, 0.6]


@pytest.mark.parametrize("text", ["you are not a stupid idiot", "they staged it\nyou stupid, STUPID liar 😀"])
@pytest.mark.parametrize("tier", ["cascade", "deep"])
def test_explanation_adds_up(deep: Path, tier: str, text: str) -> None:
    model = load_model(deep, tier)
    found = model.explain(text)
    assert found.tier == "deep"
    scored = model.predict_proba([text])[0]
    for column, label in enumerate(LABELS):
        odds = found.bias[label] + sum(span.shares[label] for span in found.spans)
        assert 1 / (1 + math.exp(-odds)) == pytest.approx(found.probabilities[label])
        assert found.probabilities[label] == pytest.approx(scored[column], abs=1e-6)
    assert [text[span.begin : span.end] for span in found.spans] == text.split()
    assert found.to_dict()["tier"] == "deep"


def test_occlusion_finds_the_words_that_matter(deep: Path) -> None:
    found = load_model(deep, "deep").explain("you are not a stupid idiot")
    shares = {found.text[span.begin : span.end]: span.shares["abusive"] for span in found.spans}
    assert shares == pytest.approx(
        {"are": 0, "a": 0, **{w: WORDS[w] for w in ("you", "not", "stupid", "idiot")}}
    )
    assert found.bias["abusive"] == pytest.approx(-1)


@pytest.mark.parametrize("disguised", ["1d1ot", "i d i o t", "i.d.i.o.t", "іdіоt", "idiooot"])
def test_the_second_tier_reads_the_word_behind_a_disguise(deep: Path, disguised: str) -> None:
    model = load_model(deep, "deep")
    text = f"you are not a {disguised}"
    plain, found = model.explain("you are not a idiot"), model.explain(text)
    assert found.probabilities["abusive"] == plain.probabilities["abusive"]
    np.testing.assert_array_equal(
        model.predict_proba([text])[:, 0], model.predict_proba(["you are not a idiot"])[:, 0]
    )
    shares = {text[span.begin : span.end]: span.shares["abusive"] for span in found.spans}
    assert shares[disguised] == pytest.approx(WORDS["idiot"])


def test_the_odds_of_a_long_text_are_the_mean_of_its_parts(deep: Path) -> None:
    # Twelve tokens a part, two of which frame it, and three that stand in the part before as well.
    model = load_deep(deep)
    it = "it " * 12
    texts = [f"not {it} stupid idiot", f"idiot {it} not", f"stupid {it} idiot"]
    both = math.exp(WORDS["stupid"] + WORDS["idiot"]), math.exp(WORDS["idiot"])
    other = math.exp(WORDS["not"]), math.exp(WORDS["stupid"])
    known = [both[0] + other[0], both[1] + other[0], both[1] + other[1]]
    np.testing.assert_allclose(model.logits(texts)[:, 0], np.log(np.array(known) / 2), rtol=1e-6)
    told: list[int] = []
    model.logits(texts, 2, told.append)
    assert sum(told) == len(texts)


def test_a_word_has_a_share_in_the_part_where_it_stands(deep: Path) -> None:
    found = load_model(deep, "deep").explain("stupid " + "it " * 12 + "idiot")
    shares = [span.shares["abusive"] for span in found.spans]
    first, last = math.exp(WORDS["stupid"]), math.exp(WORDS["idiot"])
    assert shares[0] == pytest.approx(math.log((first + last) / (1 + last)))
    assert shares[-1] == pytest.approx(math.log((first + last) / (first + 1)))
    assert shares[1:-1] == pytest.approx([0] * 12)
    assert found.probabilities["abusive"] == pytest.approx(1 / (1 + 2 * math.e / (first + last)))


def test_words_beyond_the_last_part_have_no_share(deep: Path) -> None:
    model = load_model(deep, "deep")
    assert model.explain("it " * 220 + "idiot").spans[-1].shares["abusive"] > 0.4
    found = model.explain("it " * 230 + "idiot")
    assert found.spans[-1].shares["abusive"] == 0
    assert found.probabilities["abusive"] == pytest.approx(1 / (1 + math.e))


def test_a_long_text_is_explained_in_few_pieces(tmp_path: Path, tiny_model: Path) -> None:
    model = load_model(write_deep(tmp_path, tiny_model, max_length=400), "deep")
    text = " ".join(["photo"] * 150 + ["idiot"] + ["it"] * 149)
    found = model.explain(text)
    assert len(found.spans) <= 48
    [best] = found.strongest("abusive", 1)
    assert "idiot" in text[best.begin : best.end]
    assert (found.spans[0].begin, found.spans[-1].end) == (0, len(text))


def test_a_comment_outside_the_bands_is_explained_by_the_first_tier(
    tiny_model: Path, cascade: TieredModel
) -> None:
    text = "thank you for the nice photo"
    assert cascade.explain(text) == load_model(tiny_model).explain(text)


def test_tiers_that_do_not_belong_together_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    other = write_deep(tmp_path, tiny_model, fast={"name": str(tiny_model), "digest": "0" * 64})
    for tier in ("cascade", "deep"):
        with pytest.raises(ModelError, match="fitted to another version"):
            load_model(other, tier)


def test_the_first_tier_is_looked_for_beside_the_second(tmp_path: Path, tiny_model: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "house")
    stated = json.loads((write_deep(tmp_path / "second", tiny_model) / "config.json").read_text())["fast"]
    write_deep(tmp_path / "second", tiny_model, fast=stated | {"name": "house"})
    assert load_model(tmp_path / "second", "cascade").name == "house+tiny-deep"


def test_a_run_finds_its_tiers_again(cascade: TieredModel) -> None:
    stated = json.loads(json.dumps(cascade.stated()))
    again = load_stated(stated)
    assert (again.digest, again.tier, again.name) == (cascade.digest, "cascade", "tiny+tiny-deep")
    with pytest.raises(ModelError, match="another version"):
        load_stated(stated | {"digest": "0" * 64})


def test_shipped_tiers_belong_together() -> None:
    found = [folder / "deep" for folder in bundle_folders() if (folder / "deep" / "config.json").is_file()]
    if not found:
        pytest.skip("no second tier in this checkout")
    model = load_model("fast", "cascade")
    texts = ["You are not an idiot.", "What a pathetic liar you are, and everyone knows it.", "Nice photo!"]
    together = model.predict_proba(texts)
    np.testing.assert_array_equal(together, np.concatenate([model.predict_proba([text]) for text in texts]))


@given(st.lists(st.integers(0, 6).map(lambda n: n / 4)), st.integers(0, 20))
def test_a_budget_is_kept_and_equals_stay_together(values: list[float], most: int) -> None:
    priorities = np.array(values)
    least = least_priority(priorities, most)
    chosen = priorities >= least
    assert chosen.sum() <= most
    rest = priorities[~chosen]
    if len(rest):
        # The next ones, which are all alike, would not have found room.
        assert chosen.sum() + (rest == rest.max()).sum() > most


@pytest.mark.parametrize("given", ["0", "-3", "1.5", "0.0", "many", "5%", True])
def test_budgets_that_are_none(given: str) -> None:
    with pytest.raises(UsageError, match="give a share"):
        Budget.parse(given)


def test_tier_of_a_policy_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('tier = "cascade"\ndeep_budget = 0.05\n[labels.threat]\nflag = false\n')
    assert choose_tier(None, None, file) == ("cascade", Budget(share=0.05))
    assert choose_tier(None, "300", file) == ("cascade", Budget(count=300))
    assert choose_tier("cascade", None, file) == ("cascade", Budget(share=0.05))
    assert choose_tier("fast", None, file) == ("fast", None)
    with pytest.raises(UsageError, match="goes with --tier cascade"):
        choose_tier("deep", "300", file)
    for wrong, message in [
        ('tier = "slow"', "unknown tier 'slow'"),
        ("deep_budget = 5", "deep_budget needs"),
    ]:
        file.write_text(wrong + "\n")
        with pytest.raises(ConfigError, match=message):
            choose_tier(None, None, file)


def test_command_line_takes_a_tier(deep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["explain", "--json", "--tier", "cascade", "--model", str(deep), "you are not an idiot"]) == 0
    assert json.loads(capsys.readouterr().out)["tier"] == "deep"
    assert cli(["audit", str(deep), "--tier", "cascade", "--json"]) == 0
    assert "groups" in json.loads(capsys.readouterr().out)
