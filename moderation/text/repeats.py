"""Chunks that a text holds several times: they count once, and the pairs of two that came before not at all.

A text that says the same again is judged as if it had said it once, but for the pair at the seam; and a word
said over and over drowns none of the others.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


def first_times(numbers: npt.NDArray[np.int32], offsets: I64) -> npt.NDArray[np.bool_]:
    """Tell which chunks stand in their text for the first time.

    Parameters
    ----------
    numbers : ndarray of int32, shape (t,)
        Chunks of all texts, one after the other; equal ones have equal numbers.
    offsets : ndarray of int64, shape (n + 1,)
        Text `i` has the chunks `offsets[i]` to `offsets[i + 1]`.

    Examples
    --------
    >>> first_times(np.array([0, 1, 0, 1], np.int32), np.array([0, 3, 4])).tolist()
    [True, True, False, True]
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers.take(order)
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    before, at = order.take(same), order.take(same + 1)
    first = np.ones(len(numbers), bool)
    begins = np.repeat(offsets[:-1], np.diff(offsets))
    first[at[before >= begins.take(at)]] = False
    return first
