"""Rates with intervals, and the steps in which time is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

F64 = npt.NDArray[np.float64]

Z_95: Final = 1.959963984540054
"""Half width of the central 95 % of a standard normal distribution."""

MOST_STEPS: Final = 72
"""Bars that a chart of a phone's width can still show."""

FEWEST_STEPS: Final = 8

UNITS: Final = (
    ("hour", 3600),
    ("day", 86_400),
    ("week", 604_800),
    ("month", 2_629_746),
    ("year", 31_556_952),
)
"""Steps of time and their mean length in seconds."""


def wilson(hits: npt.ArrayLike, totals: npt.ArrayLike) -> tuple[F64, F64]:
    """Return the 95 % interval of a rate.

    Parameters
    ----------
    hits, totals : array_like of int, shape (n,)
        Counts; `hits <= totals`.

    Returns
    -------
    low, high : ndarray of float64, shape (n,)
        In [0, 1]; (0, 1) where there is nothing to count.

    Notes
    -----
    The score interval of Wilson (1927), which stays inside [0, 1] and is honest for rare flags.
    """
    k, n = np.asarray(hits, np.float64), np.asarray(totals, np.float64)
    counted = np.maximum(n, 1)
    rate, z2 = k / counted, Z_95**2
    centre = (rate + z2 / (2 * counted)) / (1 + z2 / counted)
    half = Z_95 * np.sqrt(rate * (1 - rate) / counted + z2 / (4 * counted**2)) / (1 + z2 / counted)
    low = np.where((n > 0) & (k > 0), np.maximum(centre - half, 0), 0.0)
    high = np.where((n > 0) & (k < n), np.minimum(centre + half, 1), 1.0)
    return low, high


def with_rates(frame: pd.DataFrame, hits: str = "flagged", totals: str = "scored") -> pd.DataFrame:
    """Return a frame with `rate`, `low` and `high` of two of its columns."""
    low, high = wilson(frame[hits].to_numpy(np.float64), frame[totals].to_numpy(np.float64))
    rate = frame[hits].to_numpy(np.float64) / np.maximum(frame[totals].to_numpy(np.float64), 1)
    return frame.assign(rate=rate, low=low, high=high)


def time_unit(first: datetime, last: datetime, comments: int) -> str:
    """Return the shortest step of time that needs at most `MOST_STEPS` bars, fewer for few comments."""
    seconds = (last - first).total_seconds()
    most = min(MOST_STEPS, max(FEWEST_STEPS, comments // 10))
    return next((unit for unit, length in UNITS if seconds / length < most), UNITS[-1][0])


def next_step(start: datetime, unit: str) -> datetime:
    """Return the beginning of the step after the one that begins at `start`."""
    match unit:
        case "month":
            return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        case "year":
            return start.replace(year=start.year + 1)
        case _:
            following: datetime = start + pd.Timedelta(seconds=dict(UNITS)[unit])
            return following
