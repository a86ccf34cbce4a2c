"""Which chunks stand in their text for the first time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.text.repeats import first_times


def one_by_one(texts: list[list[int]]) -> list[bool]:
    return [number not in text[:at] for text in texts for at, number in enumerate(text)]


def found(texts: list[list[int]]) -> list[bool]:
    numbers = np.array([number for text in texts for number in text], np.int32)
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return [bool(first) for first in first_times(numbers, offsets)]


@given(st.lists(st.lists(st.integers(0, 5) | st.integers(0, 2**31 - 2), max_size=6), max_size=8))
def test_a_chunk_is_new_once_a_text(texts: list[list[int]]) -> None:
    assert found(texts) == one_by_one(texts)


@pytest.mark.parametrize("largest", [3, 2**31 - 2])
def test_so_many_texts_that_no_number_holds_all_are_told_part_by_part(largest: int) -> None:
    texts = [[largest, 1, largest], [1, largest], []] * 20_000
    assert found(texts) == one_by_one(texts)
