"""Scores are a pure function of the text; explanations add up; damaged bundles are refused."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import astuple, replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classify.bundle import digest, read_bundle
from moderation.classify.frequent import NONE
from moderation.classify.model import Model, load_model
from moderation.classify.scorer import Scorer
from moderation.classify.weights import LEVELS, decode, encode
from moderation.errors import DataError, ModelError, UsageError
from moderation.schema import LABELS, probability_column
from moderation.text.vectorizer import ChunkVectorizer
from moderation.train.fit import weights_of
from moderation.train.frequent import frequent_chunks

TEXTS = [
    "You are a STUPID idiot!!!",
    "i d i o t, what a stup1d liar",
    "Thank you for the photo 😀",
    "x",
    "they staged the moon landing, wake up",
    "see http://example.org/idiot @idiot",
    "lorem " * 400 + "idiot",
    "naïve ｆｕｌｌ width  ",
]
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> Model:
    return load_model(tiny_model)


def test_probability_does_not_depend_on_batch_order_or_memo(model: Model) -> None:
    together = model.predict_proba(TEXTS)
    alone = np.concatenate([model.predict_proba([text]) for text in TEXTS])
    reversed_ = model.predict_proba(TEXTS[::-1])[::-1]
    repeated = model.predict_proba(TEXTS * 50)[-len(TEXTS) :]
    model.scorer.forget()
    forgotten = model.predict_proba(TEXTS)
    crowded = Scorer(model.bundle.weights, memo_chunks=4).margins(pa.array(TEXTS)).values
    for other in (alone, reversed_, repeated, forgotten):
        assert np.array_equal(together, other)
    assert np.array_equal(crowded, model.scorer.margins(pa.array(TEXTS)).values)


odd_texts = st.lists(
    st.one_of(
        st.sampled_from(
            ["idiot", "IDIOT", "stup1d", "f*ck", "don't", "the", "http", "www.", "u/", ".com", "@a"]
        ),
        st.sampled_from(
            ["i d i o t", "naïve", "ｉｄｉｏｔ", "іdiot", "😀", "ﷺ", "\u0301", "漢字" * 50, "ab" * 70]
        ),
        st.sampled_from([*" \t\n\xa0\u3000\u200b.,!?'`\"@#$*+_-:/()013aiux"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ),
    max_size=30,
).map("".join)


@given(st.lists(odd_texts, min_size=1, max_size=12), st.randoms(), st.sampled_from([1, 30, 4000]))
def test_margins_are_the_sum_of_the_parts_in_any_order_and_memo_state(
    tiny_model: Path, texts: list[str], random: Random, chunks: int
) -> None:
    weights = read_bundle(tiny_model).weights
    scorer, order = Scorer(weights, memo_chunks=chunks), random.sample(range(len(texts)), len(texts))
    first = scorer.margins(pa.array(texts, pa.string()))
    shuffled = scorer.margins(pa.array([texts[at] for at in order], pa.string()))
    for one, other in zip(astuple(first), astuple(shuffled), strict=True):
        assert np.array_equal(one[order], other)
    for text, values in zip(texts, first.values, strict=True):
        parts = Scorer(weights).take_apart(text)
        assert parts.tokens.sum(axis=0) + parts.links.sum(axis=0) == pytest.approx(values, abs=1e-9)


@given(st.lists(odd_texts, min_size=1, max_size=12), st.sampled_from([1, 30, 4000]))
def test_chunks_analysed_beforehand_add_what_they_add_anew(
    tiny_model: Path, texts: list[str], chunks: int
) -> None:
    weights = replace(read_bundle(tiny_model).weights, frequent=NONE)
    strings = pa.array([*texts, *texts], pa.string())
    often = Scorer(weights).frequent(frequent_chunks(strings))
    anew, remembered = Scorer(weights), Scorer(replace(weights, frequent=often), memo_chunks=chunks)
    for _ in range(2):
        expected, found = anew.margins(strings), remembered.margins(strings)
        assert all(map(np.array_equal, astuple(expected), astuple(found)))
        remembered.forget()


def test_frequent_chunks_need_no_analysis(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(tiny_model)
    monkeypatch.setattr(model.scorer, "unmasker", None)
    assert model.predict_proba(["idiot you are stupid"])[0, 0] > 0.5
    with pytest.raises(AttributeError):
        model.predict_proba(["unheard"])


def test_frequent_chunks_are_counted_over_all_texts() -> None:
    texts = pa.array(["b a a", " c  b a", "", "d"])
    assert frequent_chunks(texts, 3).to_pylist() == ["a", "b", "c"]
    assert len(frequent_chunks(pa.array([""]))) == 0


@pytest.mark.parametrize("shape", [(0, 8), (7, 8), (3, 1), (5, 3)])
def test_weights_are_decoded_one_by_one_and_in_pairs(shape: tuple[int, int]) -> None:
    codes = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert decode(codes).tolist() == [[LEVELS[code] for code in row] for row in codes.tolist()]


@pytest.mark.parametrize("unknown", [False, True])
def test_margins_are_those_of_the_matrix(unknown: bool) -> None:
    texts = [
        "you are an idiot",
        "a liar a liar",
        "one хорошо, i d i o t zxq",
        "хорошо!",
        "",
        "qqq " * 30 + "liar",
    ]
    vectorizer = ChunkVectorizer(min_count=1, vocabulary_count=1, unknown=unknown).fit(texts[:2])
    matrix = vectorizer.transform(texts)
    coefficients = np.random.default_rng(1).normal(size=(matrix.shape[1], 2))
    scorer = Scorer(weights_of(vectorizer, coefficients))
    values = scorer.margins(pa.array(texts)).values
    assert values == pytest.approx(matrix @ coefficients, abs=0.05)
    for text, margin in zip(texts, values, strict=True):
        parts = scorer.take_apart(text)
        assert parts.tokens.sum(axis=0) + parts.links.sum(axis=0) == pytest.approx(margin, abs=1e-9)


def test_a_bundle_of_the_version_before_scores_as_it_did(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "before")
    config = json.loads((folder / "config.json").read_text()) | {"format_version": 3}
    del config["weights"]["unknown_square"]
    config["digest"] = digest(config, folder)
    (folder / "config.json").write_text(json.dumps(config))
    now, before = (
        load_model(path).predict_proba(["idiot", "idiot хорошо"])[:, 0] for path in (tiny_model, folder)
    )
    assert now[0] == before[0]
    assert now[1] < before[1]


def test_pairs_with_a_gap_count_too() -> None:
    texts = ["you are an idiot", "a liar a liar a liar", "one", "", "i d i o t and more"]
    vectorizer = ChunkVectorizer(skips=True, min_count=1, vocabulary_count=1).fit(texts)
    width = vectorizer.transform(texts).shape[1]
    weights = weights_of(vectorizer, np.random.default_rng(1).normal(size=(width, 2)))
    together = Scorer(weights).margins(pa.array(texts)).values
    without = Scorer(replace(weights, skips=False)).margins(pa.array(texts)).values
    assert (together != without).any(axis=1).tolist() == [True, True, False, False, False]
    for text, values in zip(texts, together, strict=True):
        assert np.array_equal(Scorer(weights).margins(pa.array([text])).values[0], values)
        parts = Scorer(weights).take_apart(text)
        assert parts.tokens.sum(axis=0) + parts.links.sum(axis=0) == pytest.approx(values, abs=1e-9)


@given(st.lists(any_text, min_size=1, max_size=8), st.randoms())
@settings(max_examples=60, deadline=None)
def test_any_text_scores_the_same_in_any_company(tiny_model: Path, texts: list[str], random: object) -> None:
    model = load_model(tiny_model)
    shuffled = sorted(range(len(texts)), key=lambda _: random.random())  # type: ignore[attr-defined]
    together = model.predict_proba(texts)
    other = model.predict_proba([texts[i] for i in shuffled])
    assert np.isfinite(together).all()
    assert np.array_equal(together[shuffled], other)


def test_batches_are_cut_by_bytes_without_changing_scores(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = model.predict_proba(TEXTS)
    monkeypatch.setattr("moderation.classify.scorer.BATCH_BYTES", 64)
    assert np.array_equal(model.predict_proba(TEXTS), expected)


@pytest.mark.parametrize("machine_code", [False, True])
@pytest.mark.parametrize("waiting", [0, 20, 1 << 13])
def test_words_are_spelled_out_across_batches_without_changing_scores(
    model: Model, monkeypatch: pytest.MonkeyPatch, machine_code: bool, waiting: int
) -> None:
    texts = [
        f"{text} {n}"
        for n in range(9)
        for text in ("an i d i o t he is", "thank you", "l i a r", "l i a r i")
    ]
    scorer = Scorer(model.bundle.weights, machine_code=machine_code)
    expected = np.concatenate([scorer.margins(pa.array([text])).values for text in texts])
    monkeypatch.setattr("moderation.classify.scorer.BATCH_BYTES", 40)
    monkeypatch.setattr("moderation.classify.scorer.WAITING", waiting)
    assert np.array_equal(scorer.margins(pa.array(texts)).values, expected)


@pytest.mark.parametrize("text", [*TEXTS, "", "  ", "only unknown zzz", "b i t idiot a i d i o t"])
def test_shares_and_bias_add_up_to_the_log_odds(model: Model, text: str) -> None:
    found = model.explain(text)
    for column, label in enumerate(model.labels):
        p = found.probabilities[label]
        total = found.bias[label] + sum(span.shares[label] for span in found.spans)
        assert math.log(p / (1 - p)) == pytest.approx(total, abs=1e-6)
        assert p == pytest.approx(float(model.predict_proba([text])[0, column]), abs=1e-6)


@pytest.mark.parametrize("machine_code", [False, True])
def test_saying_it_again_changes_no_score(model: Model, machine_code: bool) -> None:
    if machine_code:
        pytest.importorskip("numba")
    scorer = Scorer(model.bundle.weights, machine_code=machine_code)
    once = [*TEXTS[:1], *TEXTS[2:], "one day a liar", "of i d i o t men"]
    # The pair at the seam, the one thing that is new, is none that this model knows.
    first = scorer.margins(pa.array(once))
    again = scorer.margins(pa.array([f"{text} " * 14 for text in once]))
    assert np.array_equal(first.values, again.values)
    # What language it is in goes by all that is there.
    assert (again.letters == 14 * first.letters).all() and (again.chunks == 14 * first.chunks).all()


def test_a_word_said_over_and_over_drowns_no_other(model: Model) -> None:
    twice, often = model.predict_proba([f"you idiot {'lol ' * times}" for times in (2, 400)])
    assert np.array_equal(twice, often)


def test_a_word_that_stands_twice_shares_what_it_adds(model: Model) -> None:
    alone, both = (model.explain(text).spans for text in ("idiot x y", "idiot x y x idiot"))
    first, last = both[0].shares["abusive"], both[-1].shares["abusive"]
    assert last > 0 and first < alone[0].shares["abusive"]
    assert first == pytest.approx(last, rel=0.5)


def test_spans_point_into_the_original_text(model: Model) -> None:
    text = "🤡 so  what, you\u200b are an I D I O T and stup1d"
    strongest = model.explain(text).strongest("abusive", 2)
    assert {text[s.begin : s.end] for s in strongest} == {"I D I O T", "stup1d"}


def test_disguised_insult_scores_like_its_plain_form(model: Model) -> None:
    plain, *disguised = model.predict_proba(
        ["you idiot", "you i d i o t", "you 1d1ot", "you i.d.i.o.t", "you ＩＤＩＯＴ", "you idiooooot"]
    )[:, 0]
    assert disguised == pytest.approx([plain] * len(disguised), abs=0.05)


def test_frame_comes_back_with_its_columns_index_free_and_in_order(model: Model) -> None:
    frame = pd.DataFrame({"n": [3, 1, 2], "text": ["you idiot", "nice photo", ""], "likes": [1, None, 2]})
    scored = model.score(frame)
    assert scored["n"].tolist() == [3, 1, 2]
    assert scored["not_scored"].tolist()[2] == "empty"
    assert pd.isna(scored["p_abusive"][2])
    assert list(scored.columns) == [
        *frame.columns,
        *map(probability_column, LABELS),
        "flags",
        "language",
        "not_scored",
        "tier",
    ]
    assert "abusive" in scored["flags"][0]
    assert list(scored["flags"][1]) == []


def test_what_is_no_comment_is_not_scored_and_says_why(model: Model) -> None:
    table = pa.table(
        {
            "text": ["idiot", "", "", "a pingback", "idiot"],
            "kind": ["comment", "comment", "comment", "pingback", "comment"],
            "status": ["visible", "deleted", "visible", "visible", "deleted"],
        }
    )
    scored = model.score_table(table)
    assert scored["not_scored"].to_pylist() == [None, "deleted", "empty", "pingback", None]
    assert scored["p_abusive"].is_null().to_pylist() == [False, True, True, True, False]


def test_missing_column_is_named(model: Model) -> None:
    with pytest.raises(DataError, match="no column 'text'; it has body"):
        model.score(pd.DataFrame({"body": ["x"]}))


def test_foreign_text_is_withheld_unless_asked_for(model: Model) -> None:
    text = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern und heute"
    scored = model.score([text, "lol u r sooo l33t m8 smh"])
    assert scored["not_scored"].tolist() == ["language", None] or pd.isna(scored["not_scored"][1])
    assert scored["language"][0] == "de"
    asked = model.score([text], any_language=True)
    assert pd.isna(asked["not_scored"][0])
    assert 0 <= asked["p_abusive"][0] <= 1


def test_unknown_model_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="no model 'quick'"):
        load_model("quick")


@pytest.mark.parametrize("file", ["codes.npy", "config.json", "tags.npy", "frequent_sums.npy"])
def test_damaged_bundle_is_refused(tiny_model: Path, tmp_path: Path, file: str) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "damaged")
    data = bytearray((folder / file).read_bytes())
    data[-20] ^= 1
    (folder / file).write_bytes(bytes(data))
    with pytest.raises(ModelError, match=r"damaged|cannot be read"):
        load_model(folder)


def test_bundle_with_a_pickle_is_refused_without_running_it(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "pickled")
    np.save(folder / "codes.npy", np.array([print], object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"codes\.npy cannot be read"):
        read_bundle(folder)


def test_bundle_of_another_version_says_what_to_do(tiny_model: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "newer")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"format_version": 99}))
    with pytest.raises(ModelError, match="format version 99"):
        load_model(folder)


def test_weights_survive_their_byte() -> None:
    rng = np.random.default_rng(1)
    weights = rng.standard_t(2, (5000, 3)) * [1, 100, 0]
    codes, units = encode(weights)
    error = np.abs(LEVELS[codes] * units - weights)
    assert (error <= 0.03 * np.abs(weights) + np.abs(weights).max(axis=0) / 5000 + 1e-12).all()
    assert np.array_equal(LEVELS, np.rint(LEVELS))
    assert LEVELS[128] == 0
