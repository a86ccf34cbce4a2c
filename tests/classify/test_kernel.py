"""The compiled kernel takes the same sums as numpy does, bit for bit."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classify.bundle import read_bundle
from moderation.classify.model import load_model
from moderation.classify.scorer import KERNEL_TEXTS, KERNEL_VARIABLE, Scorer, Weights

pytest.importorskip("numba", reason="the compiled kernel needs numba, which is not installed")

WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2006\u200a\u2028\u2029\u202f\u205f\u3000"
ALMOST_WHITE = "\x00\x1b\x7f\u0080\u200b\u200e\u2030\u2060\u3001\u1681\ufeff"
PIECES = [
    *"aiuAIx.,!?'`\"@#$*+_-:/()013",
    *("idiot", "IDIOT", "Stupid", "liar", "you", "the", "aaa", "http", "https:", "www.", "u/", ".com", "@a"),
    *(
        "f*ck",
        "stup1d",
        "don't",
        "naïve",
        "ｉｄｉｏｔ",
        "іdiot",
        "😀",
        "Ｗ",
        "ﷺ",
        "\u0301",
        "漢字" * 50,
        "ab" * 70,
    ),
    *("i d i o t", "d u m b"),
]
texts = st.lists(
    st.one_of(
        st.sampled_from([*PIECES, *WHITE, *ALMOST_WHITE]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    ),
    max_size=30,
).map("".join)


@pytest.fixture(scope="module")
def weights(tiny_model: Path) -> Weights:
    return read_bundle(tiny_model).weights


def margins(scorer: Scorer, values: list[str], *, compiled: bool) -> list[np.ndarray]:
    """Score texts one way; the kernel needs so many that they are repeated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moderation.classify.scorer.KERNEL_TEXTS", 0 if compiled else len(values) + 1)
        found = scorer.margins(pa.array(values, pa.string()))
    return [found.values, found.letters, found.known_letters]


@given(st.lists(texts, min_size=1, max_size=12), st.randoms(), st.sampled_from([2, 5, 12]))
@settings(max_examples=150, deadline=None)
def test_kernel_and_numpy_agree_in_any_order_and_memo_state(
    weights: Weights, values: list[str], random: Random, bits: int
) -> None:
    expected = margins(Scorer(weights), values, compiled=False)
    scorer = Scorer(weights, memo_bits=bits)
    assert scorer.kernel is not None
    order = random.sample(range(len(values)), len(values))
    shuffled = margins(scorer, [values[at] for at in order], compiled=True)
    again = margins(scorer, values, compiled=True)
    mixed = margins(scorer, values, compiled=False)
    for one, two, three, four in zip(expected, shuffled, again, mixed, strict=True):
        assert np.array_equal(one[order], two)
        assert np.array_equal(one, three)
        assert np.array_equal(one, four)


def test_every_character_separates_chunks_as_arrow_does(weights: Weights) -> None:
    codes = [code for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    values = [f"idiot{chr(code)}liar" for code in codes]
    numpy = margins(Scorer(weights), values, compiled=False)
    kernel = margins(Scorer(weights), values, compiled=True)
    for one, two in zip(numpy, kernel, strict=True):
        assert np.array_equal(one, two)


def test_pairs_with_a_gap_count_too(weights: Weights) -> None:
    from dataclasses import replace

    skipping = replace(weights, skips=True)
    values = ["you are an idiot", "a liar a liar a liar", "one", ""]
    for one, two in zip(
        margins(Scorer(skipping), values, compiled=False),
        margins(Scorer(skipping), values, compiled=True),
        strict=True,
    ):
        assert np.array_equal(one, two)


def test_slices_of_an_array_are_scored_as_what_they_hold(weights: Weights) -> None:
    values = ["you idiot", "é liar", "", "so nice"] * KERNEL_TEXTS
    part = pa.array(values).slice(3, 2 * KERNEL_TEXTS)
    expected = margins(Scorer(weights), part.to_pylist(), compiled=False)
    assert np.array_equal(Scorer(weights).margins(part).values, expected[0])


def test_variable_keeps_the_kernel_away(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = ["you idiot", "so nice"] * KERNEL_TEXTS
    compiled = load_model(tiny_model)
    expected = compiled.predict_proba(values)
    monkeypatch.setenv(KERNEL_VARIABLE, "numpy")
    plain = load_model(tiny_model)
    assert plain.scorer.kernel is None
    assert np.array_equal(plain.predict_proba(values), expected)
    assert compiled.scorer.kernel is not None
