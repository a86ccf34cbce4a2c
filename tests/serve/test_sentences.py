"""Sentences and their offsets."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.serve.sentences import MOST_SENTENCES, sentences, utf16_offsets

TEXT = st.text(
    st.sampled_from("ab .!?\"')。」\n\t\u2028\u0301\u200d\N{GRINNING FACE}é") | st.characters(), max_size=60
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two!", ["One.", "Two!"]),
        ("  Really?!  Yes...  ok", ["Really?!", "Yes...", "ok"]),
        ('He said "no." Then he left', ['He said "no."', "Then he left"]),
        ("first line\n\nsecond line", ["first line", "second line"]),
        ("Dr. Who met J. Doe. Fine.", ["Dr. Who met J. Doe.", "Fine."]),
        ("see example.org/a.b?c=1 now", ["see example.org/a.b?c=1 now"]),
        ("版权。所有！", ["版权。", "所有！"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences_of_a_text(text: str, expected: list[str]) -> None:
    assert [text[begin:end] for begin, end in sentences(text)] == expected


@given(TEXT)
def test_sentences_hold_everything_but_space_in_order(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[begin:end].split()) for begin, end in spans) == "".join(text.split())
    assert all(begin < end for begin, end in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert all(text[begin:end].strip() == text[begin:end] for begin, end in spans)


@given(TEXT)
def test_no_sentence_after_the_first_begins_inside_a_character(text: str) -> None:
    for begin, _ in sentences(text)[1:]:
        assert not unicodedata.category(text[begin]).startswith("M")


@given(TEXT)
def test_offsets_count_utf16_code_units(text: str) -> None:
    spans = sentences(text)
    units = text.encode("utf-16-le", "surrogatepass")
    for (begin, end), (first, last) in zip(spans, utf16_offsets(text, spans), strict=True):
        assert units[2 * first : 2 * last].decode("utf-16-le", "surrogatepass") == text[begin:end]


def test_a_text_of_many_sentences_has_a_limited_number_of_spans() -> None:
    text = "Yes!\n" * 3000
    spans = sentences(text)
    assert len(spans) == MOST_SENTENCES
    assert spans[-1] == (5 * (MOST_SENTENCES - 1), len(text) - 1)
