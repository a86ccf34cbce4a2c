"""Sums of rows by group, exact for whole numbers: by numpy where they are few, else by scipy.

Importing scipy takes far longer than a comment, which those who score a few are spared.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

FEW: Final = 1 << 14
"""Rows up to which numpy is quick enough, a millisecond; scipy takes a quarter of that."""


def sum_groups(rows: F64, ends: npt.NDArray[np.integer], numbers: npt.NDArray[np.int32] | None = None) -> F64:
    """Sum rows by group, those of some numbers or all.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, width)
    ends : ndarray of int, shape (groups + 1,)
        Group `i` has the numbers, or rows, from `ends[i]` to `ends[i + 1]`.
    numbers : ndarray of int32, shape (k,), optional

    Returns
    -------
    ndarray of float64, shape (groups, width)

    Examples
    --------
    >>> sum_groups(np.array([[1.0], [2.0], [4.0]]), np.array([0, 2, 2, 3])).tolist()
    [[3.0], [0.0], [4.0]]
    """
    count = len(rows) if numbers is None else len(numbers)
    if count > FEW:
        import scipy.sparse as sp

        numbers = np.arange(count, dtype=np.int32) if numbers is None else numbers
        entries = np.ones(count), numbers, ends.astype(np.int32)
        large: F64 = np.asarray(sp.csr_matrix(entries, shape=(len(ends) - 1, len(rows))) @ rows)
        return large
    total = np.zeros((len(ends) - 1, rows.shape[1]))
    filled = np.flatnonzero(np.diff(ends))
    if len(filled):
        picked = rows if numbers is None else rows.take(numbers, axis=0)
        total[filled] = np.add.reduceat(picked[: ends[-1]], ends[filled], axis=0)
    return total


def sum_by(rows: F64, owner: npt.NDArray[np.integer], count: int) -> F64:
    """Sum rows by owner.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, width)
    owner : ndarray of int, shape (n,)
        Below `count`.
    count : int

    Returns
    -------
    ndarray of float64, shape (count, width)

    Examples
    --------
    >>> sum_by(np.array([[1.0], [2.0], [4.0]]), np.array([2, 0, 2]), 3).tolist()
    [[2.0], [0.0], [5.0]]
    """
    if len(rows) > FEW:
        import scipy.sparse as sp

        entries = np.ones(len(rows)), owner, np.arange(len(rows) + 1)
        large: F64 = np.asarray(sp.csc_matrix(entries, shape=(count, len(rows))) @ rows)
        return large
    order = np.argsort(owner, kind="stable")
    return sum_groups(rows, np.searchsorted(owner.take(order), np.arange(count + 1)), order.astype(np.int32))
