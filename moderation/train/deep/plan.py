"""Which rows a training shows, how often and in what order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

POOL = 64
"""Batches that are filled from one drawn pool: rows of like length meet in a batch, others stay mixed."""


def draw_rows(
    corpus: npt.NDArray[np.object_],
    positive: Bool,
    passes: Mapping[str, float | tuple[float, float]],
    rng: np.random.Generator,
) -> I64:
    """Return the numbers of rows to show, as often as they are shown, in random order.

    Parameters
    ----------
    corpus : ndarray of str, shape (n,)
    positive : ndarray of bool, shape (n,)
        Whether a row carries any label.
    passes : mapping of str to float or (float, float)
        How often the rows of a corpus are shown, or its positive rows and its others; 1.5 shows every row
        once and a random half of them twice. A corpus without an entry is not shown.
    rng : Generator

    Returns
    -------
    ndarray of int64
    """
    parts = []
    for name in sorted(passes):
        stated = passes[name]
        both = stated if isinstance(stated, tuple) else (stated, stated)
        for side, times in zip((True, False), both, strict=True):
            rows = rng.permutation(np.flatnonzero((corpus == name) & (positive == side)))
            whole = int(times)
            parts += [rows] * whole
            parts.append(rows[: round(len(rows) * (times - whole))])
    return rng.permutation(np.concatenate(parts))


def batches(drawn: I64, lengths: I64, size: int, rng: np.random.Generator) -> list[I64]:
    """Cut drawn rows into batches of like length, in an order that mixes short and long.

    Parameters
    ----------
    drawn : ndarray of int64
        Row numbers, from `draw_rows`.
    lengths : ndarray of int64
        Tokens of every row.
    size : int
        Rows a batch; the last ones may be smaller.
    rng : Generator
    """
    cut: list[I64] = []
    for start in range(0, len(drawn), size * POOL):
        pool = drawn[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        parts = [pool[at : at + size] for at in range(0, len(pool), size)]
        cut += [parts[at] for at in rng.permutation(len(parts))]
    return cut
