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
    count, different = len(numbers), int(numbers.max(initial=0)) + 1
    bits, half = count.bit_length(), len(offsets) // 2
    if (len(offsets) - 1) * different << bits > 1 << 64:
        # As when a corpus is vectorised at once. One text always fits.
        cut = int(offsets[half])
        parts = (numbers[:cut], offsets[: half + 1]), (numbers[cut:], offsets[half:] - cut)
        return np.concatenate([first_times(*part) for part in parts])
    texts = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64), np.diff(offsets))
    # Text, chunk and place in one number, which sorts several times as fast as an order is found.
    keys = (texts * np.uint64(different) + numbers.astype(np.uint64)) << np.uint64(bits)
    keys += np.arange(count, dtype=np.uint64)
    keys.sort()
    chunks = keys >> np.uint64(bits)
    again = keys[1:][chunks[1:] == chunks[:-1]] & np.uint64((1 << bits) - 1)
    first = np.ones(count, bool)
    first[again.astype(np.int64)] = False
    return first
