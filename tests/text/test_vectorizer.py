"""The vectorizer: what a row holds, and that it behaves as a transformer."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from moderation.text.chunks import as_strings, split
from moderation.text.vectorizer import ChunkVectorizer

TEXTS = ["You are an idiot.", "what a lovely day", "a lovely idiot", "the day the music died", ""]


@pytest.fixture(scope="module")
def fitted() -> ChunkVectorizer:
    return ChunkVectorizer(min_count=1, vocabulary_count=1, buckets=1 << 16).fit(TEXTS)


def test_split_numbers_chunks_and_keeps_their_order() -> None:
    chunked = split(as_strings(["  b a\u00a0b ", "", "\n", "c a"]))
    words = [chunked.distinct[int(t)].as_py() for t in chunked.tokens]
    assert words == ["b", "a", "b", "c", "a"]
    assert chunked.offsets.tolist() == [0, 3, 3, 3, 5]


def test_split_reads_a_sliced_array() -> None:
    chunked = split(as_strings(["x y", "b a", "c"]).slice(1, 2))
    assert [chunked.distinct[int(t)].as_py() for t in chunked.tokens] == ["b", "a", "c"]
    assert chunked.offsets.tolist() == [0, 2, 3]


def test_rows_of_texts_with_known_features_have_unit_length(fitted: ChunkVectorizer) -> None:
    matrix = fitted.transform(["music", "lovely", "", "zzzz qqqq"])
    assert np.sqrt(matrix.power(2).sum(axis=1)).A1[:2] == pytest.approx([1, 1], rel=1e-5)
    assert matrix[2].nnz == 0


@pytest.mark.parametrize(
    "other", ["IDIOT", "ïdiot", "ｉｄｉｏｔ", "id\u200biot", "idiot!!!", "i d i o t", "1diot"]
)
def test_variants_of_a_word_share_its_features(fitted: ChunkVectorizer, other: str) -> None:
    plain, variant = fitted.transform(["idiot", other])
    assert plain.multiply(variant).sum() > 0.6


def test_order_of_words_matters_through_pairs(fitted: ChunkVectorizer) -> None:
    one, two = fitted.transform(["lovely day", "day lovely"])
    assert abs(one - two).sum() > 0


@pytest.mark.parametrize("make", [list, pd.Series, pa.array, lambda t: pa.chunked_array([t[:2], t[2:]])])
def test_input_kinds_give_the_same_matrix(fitted: ChunkVectorizer, make: object) -> None:
    expected = fitted.transform(TEXTS)
    assert abs(fitted.transform(make(TEXTS)) - expected).nnz == 0  # type: ignore[operator]


def test_repeats_count_once(fitted: ChunkVectorizer) -> None:
    once, again = fitted.transform(["what a lovely day", "what a lovely day what a lovely day"])
    assert abs(once - again).nnz == 0


def test_what_is_unknown_leaves_the_known_less_to_say() -> None:
    stated = {"min_count": 1, "vocabulary_count": 1, "buckets": 1 << 16}
    fitted = ChunkVectorizer(**stated, unknown=True).fit(TEXTS)
    texts = ["idiot", "idiot хорошо", "idiot хорошо хорошо", "idiot хорошо так", "idiot 17 !"]
    plain, one, twice, two, signs = np.sqrt(fitted.transform(texts).power(2).sum(axis=1)).A1
    assert plain == signs == pytest.approx(1)
    assert two < one == twice < 0.9
    without = ChunkVectorizer(**stated).fit(TEXTS).transform(texts)
    assert pytest.approx(1) == np.sqrt(without.power(2).sum(axis=1)).A1


def test_missing_texts_are_empty_rows(fitted: ChunkVectorizer) -> None:
    assert fitted.transform([None, "idiot"])[0].nnz == 0


def test_it_is_a_transformer(fitted: ChunkVectorizer) -> None:
    again = clone(fitted).fit(TEXTS)
    copied = pickle.loads(pickle.dumps(fitted))
    for other in (again, copied):
        assert abs(other.transform(TEXTS) - fitted.transform(TEXTS)).nnz == 0
    assert len(fitted.get_feature_names_out()) == fitted.transform(TEXTS).shape[1]
    pipeline = make_pipeline(clone(fitted), LogisticRegression(C=10)).fit(TEXTS, [1, 0, 1, 0, 0])
    assert pipeline.predict(["idiot"]).tolist() == [1]
    with pytest.raises(ValueError, match="sparse"):
        clone(fitted).set_output(transform="pandas").fit_transform(TEXTS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"buckets": 1000}, "power of two"), ({"grams": (1,)}, "2 to 12"), ({"min_count": 0}, "above 0")],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChunkVectorizer(**parameters).fit(TEXTS)  # type: ignore[arg-type]


def test_one_text_instead_of_many_is_refused(fitted: ChunkVectorizer) -> None:
    with pytest.raises(TypeError, match="sequence of texts"):
        fitted.transform("idiot")
