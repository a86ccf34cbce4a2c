"""Few rows and many are summed alike."""

from __future__ import annotations

import numpy as np
import pytest

from moderation.classify import sums


def test_few_rows_and_many_give_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = rng.integers(-(1 << 40), 1 << 40, (50, 3)).astype(float)
    numbers = rng.integers(0, 50, 200).astype(np.int32)
    # Groups at the beginning, in the middle and at the end are empty.
    ends, own_ends = np.array([0, 0, 3, 3, 90, 200, 200]), np.array([0, 0, 7, 7, 50, 50])
    owner = rng.integers(1, 8, 50)

    def all_sums() -> list[np.ndarray]:
        return [
            sums.sum_groups(rows, ends, numbers),
            sums.sum_groups(rows, own_ends),
            sums.sum_by(rows, owner, 9),
        ]

    few = all_sums()
    monkeypatch.setattr(sums, "FEW", 0)
    assert all(map(np.array_equal, few, all_sums()))
    assert np.array_equal(few[0][4], sum(rows[number] for number in numbers[90:200]))
    assert sums.sum_groups(rows[:0], np.zeros(3, int)).tolist() == [[0.0] * 3] * 2
