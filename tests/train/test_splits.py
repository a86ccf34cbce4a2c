"""Splits keep equal, nearly equal and derived texts on one side, whatever else is loaded."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import UsageError
from moderation.train.corpora_spec import Exam, registry
from moderation.train.splits import (
    exam_rows,
    halves,
    near_form,
    near_groups,
    normalise,
    overlap,
    split_by_group,
    text_groups,
)


def frame_of(texts: list[str], corpus: str = "a", leaders: list[str] | None = None) -> pd.DataFrame:
    near = near_groups(texts)
    return pd.DataFrame(
        {
            "text": texts,
            "corpus": corpus,
            "group": text_groups(texts),
            "near": near,
            "leader": near_groups(leaders) if leaders else near,
        }
    )


def words(count: int) -> list[str]:
    letters = "abcdefghij"
    return ["word " + "".join(letters[int(digit)] for digit in str(number)) for number in range(count)]


def test_normalising_follows_the_rule_of_the_exam() -> None:
    assert normalise("  Don't\n«SHOUT» -- 5G_x! ") == "don t shout 5g_x"
    assert normalise("Größe, ÄRGER; Крым?") == "größe ärger крым"


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(normalise(normalise(text)))
    assert " " not in normalise(text).split(" ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RT @a_b: they know http://t.co/xYz", "@other They know!!"),
        ("rt they know 2021", "They KNOW 22"),
        ("@[USER] they know [URL]", "<user> they know"),
        ("see www.example.org they know", "see they know"),
    ],
)
def test_near_duplicates_are_one_group(one: str, other: str) -> None:
    assert near_form(one) == near_form(other)
    assert near_groups([one])[0] == near_groups([other])[0]
    assert text_groups([one])[0] != text_groups([other])[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("they know", "they knew"),
        ("\U0001f600", "\U0001f621"),
        ("@someone", "@another"),
        ("2020", "1984"),
        ("!", "?"),
    ],
)
def test_texts_that_differ_in_what_they_say_are_not(one: str, other: str) -> None:
    assert near_groups([one])[0] != near_groups([other])[0]


def test_no_group_is_on_two_sides_and_shares_are_kept() -> None:
    texts = words(2000)
    frame = frame_of([*texts, *(f"RT @x: {text}! http://y.example" for text in texts)])
    side = split_by_group(frame, seed=3)
    assert side.groupby(frame["near"]).nunique().max() == 1
    shares = side.value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.8, abs=0.03)
    assert shares["valid"] == pytest.approx(0.1, abs=0.03)


def test_the_side_of_a_text_does_not_depend_on_what_else_is_loaded() -> None:
    frame = frame_of(words(300))
    side = split_by_group(frame, seed=7)
    shuffled = frame.sample(frac=0.5, random_state=1)
    pd.testing.assert_series_equal(split_by_group(shuffled, seed=7), side[shuffled.index])
    assert (split_by_group(frame, seed=8) != side).any()


def test_the_side_of_a_text_is_the_same_on_every_machine() -> None:
    assert list(split_by_group(frame_of(words(6)), seed=1)) == [*["train"] * 5, "valid"]


def test_a_frame_of_bare_texts_is_split_too() -> None:
    frame = frame_of(words(50))
    pd.testing.assert_series_equal(split_by_group(frame[["text"]], seed=7), split_by_group(frame, seed=7))


def test_derived_texts_are_on_the_side_of_their_origin_even_in_chains() -> None:
    texts = words(900)
    rewrites = [f"rewrite of {text}" for text in texts]
    frame = frame_of(
        [*texts, *rewrites, *(f"new {text}" for text in texts)], leaders=[*texts, *texts, *rewrites]
    )
    side = split_by_group(frame, seed=5).to_numpy().reshape(3, 900)
    assert (side[0] == side[1]).all()
    assert (side[0] == side[2]).all()
    assert len(set(side[0])) == 3


def test_shares_must_add_up() -> None:
    with pytest.raises(UsageError, match=r"add up to 1, not 1\.1"):
        split_by_group(frame_of(["a"]), seed=0, shares={"train": 0.9, "test": 0.2})


def test_halves_hold_all_rows_and_share_no_group() -> None:
    frame = frame_of(words(400) * 2)
    first, second = halves(frame)
    assert len(first) + len(second) == 800
    assert abs(len(first) - 400) < 100
    assert not set(first["near"]) & set(second["near"])


def test_overlap_counts_equal_and_nearly_equal_texts_by_corpus() -> None:
    a = pd.concat([frame_of(["one two", "Three four", "five", "five!"], "a"), frame_of(["alone"], "b")])
    b = frame_of(["ONE two!", "three four 4 http://x.example", "six"], "c")
    table = overlap(a, b)
    assert table.to_dict("records") == [
        {"corpus_a": "a", "corpus_b": "c", "exact": 1, "near": 2, "share_a": pytest.approx(1 / 3)}
    ]


def test_overlap_of_strangers_is_empty() -> None:
    table = overlap(frame_of(["one"], "a"), frame_of(["two"], "b"))
    assert list(table.columns) == ["corpus_a", "corpus_b", "exact", "near", "share_a"]
    assert table.empty


@pytest.mark.parametrize(("modulus", "remainder"), [(5, 0), (2, 0), (3, 1)])
def test_exam_rows_follow_from_the_digest_of_the_normalised_text(modulus: int, remainder: int) -> None:
    spec = dataclasses.replace(registry()["davidson"], exam=Exam(modulus, remainder))
    texts = [f"Text, {n}!" for n in range(60)]
    expected = [
        int(hashlib.sha256(f"text {n}".encode()).hexdigest(), 16) % modulus == remainder for n in range(60)
    ]
    assert exam_rows(spec, pd.DataFrame({"text": texts})).tolist() == expected
    assert 0 < sum(expected) < 60


def test_a_corpus_without_an_exam_loses_nothing() -> None:
    assert not exam_rows(registry()["davidson"], pd.DataFrame({"text": ["a", "b"]})).any()


def test_texts_of_a_test_file_are_exam_rows() -> None:
    found = exam_rows(registry()["davidson"], pd.DataFrame({"text": ["A b?", "c"]}), frozenset({"a b"}))
    assert np.array_equal(found, [True, False])
