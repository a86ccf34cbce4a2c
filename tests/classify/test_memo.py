"""Rows are found by their hash, and only by it, however full the table is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from moderation.classify.memo import Index, Memo

# Few high bits, so that hashes crowd.
hashes = st.integers(0, 7).flatmap(lambda high: st.integers(1, 30).map(lambda low: (high << 61) + low))


def array(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint64)


@given(st.lists(st.lists(hashes, unique=True), max_size=6), st.lists(hashes))
def test_index_finds_what_was_entered(groups: list[list[int]], asked: list[int]) -> None:
    index, expected = Index(300), dict[int, int]()
    for group in groups:
        new = [value for value in group if value not in expected]
        expected |= {value: index.count + at for at, value in enumerate(new)}
        index.enter(array(new))
    assert index.find(array(asked)).tolist() == [expected.get(value, 0) for value in asked]


@given(st.lists(st.lists(hashes, min_size=1, unique=True), max_size=12), st.sampled_from([1, 8, 40, 1000]))
def test_memo_returns_the_row_of_each_chunk(groups: list[list[int]], capacity: int) -> None:
    memo = Memo(capacity, 2)
    for group in groups:
        asked = array(group)
        missing = asked[memo.find(asked) == 0]
        if memo.make_room(len(missing)):
            missing = asked[memo.find(asked) == 0]
            memo.make_room(len(missing))
        rows = np.stack((missing % 1000, missing // 1000), axis=1).astype(float)
        memo.add(missing, rows, missing + np.uint64(1), (missing % 7).astype(np.uint32))
        found = memo.find(asked)
        assert (found > 0).all()
        assert memo.keys[found].tolist() == [value + 1 for value in group]
        assert memo.rows[found, 0].tolist() == [value % 1000 for value in group]


def test_full_memo_keeps_what_was_found_again() -> None:
    memo = Memo(8, 1)
    first = array([1 << 60, 2 << 60, 3 << 60, 4 << 60])
    memo.add(first, np.zeros((4, 1)), first, np.zeros(4, np.uint32))
    memo.find(first[:2])
    assert memo.make_room(5)
    assert (memo.find(first) > 0).tolist() == [True, True, False, False]


def test_full_memo_moves_up_the_rows_that_it_keeps() -> None:
    memo = Memo(1 << 15, 2)
    chunks = np.arange(1, (1 << 15) - 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    memo.add(
        chunks, np.stack((np.arange(len(chunks)), chunks % 97), axis=1), chunks + 1, chunks.astype(np.uint32)
    )
    kept = chunks[::3]
    memo.find(kept)
    rows = memo.rows
    assert memo.make_room(9000)
    assert memo.rows is rows
    found = memo.find(kept)
    assert (found > 0).all()
    assert (memo.find(np.setdiff1d(chunks, kept)) == 0).all()
    assert memo.rows[found, 0].tolist() == list(range(0, len(chunks), 3))
    assert (memo.keys[found] == kept + 1).all()
    assert (memo.letters[found] == kept.astype(np.uint32)).all()
