"""Columns of a corpus become labels by the rules of the registry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.errors import DataError
from moderation.train.corpora_spec import Rule

F32 = npt.NDArray[np.float32]


def label_column(frame: pd.DataFrame, rule: Rule, where: str) -> F32:
    """Return one label of every row.

    Parameters
    ----------
    frame : DataFrame, n rows
        As read and adapted: strings, numbers or lists.
    rule : Rule
    where : str
        Corpus and file, for messages.

    Returns
    -------
    ndarray of float32, shape (n,)
        Between 0 and 1; NaN where the label is not known.

    Raises
    ------
    DataError
        A column is missing or holds something other than the numbers that the rule needs.
    """
    used = [name for name in (rule.column, rule.of, *rule.any, *rule.share, *rule.mean) if name]
    missing = [name for name in used if name not in frame]
    if missing:
        raise DataError(
            f"{where} has no column {missing[0]!r}; it is not the version that the registry describes"
        )
    try:
        value = _value(frame, rule)
    except ValueError as error:
        raise DataError(f"{where}, column {used[0]!r}: {error}") from error
    if np.nanmin(value, initial=0) < 0 or np.nanmax(value, initial=0) > 1:
        raise DataError(f"{where}, column {used[0]!r}: a share lies outside 0 to 1")
    return value.astype(np.float32)


def _value(frame: pd.DataFrame, rule: Rule) -> npt.NDArray[np.float64]:
    if rule.value is not None:
        return np.full(len(frame), float(rule.value))
    if rule.any:
        answers = frame[list(rule.any)].apply(_numbers)
        known = answers.notna().all(axis=1).to_numpy()
        return np.where(known, answers.max(axis=1).to_numpy() >= 1, np.nan)
    if rule.mean:
        return frame[list(rule.mean)].apply(_numbers).mean(axis=1).to_numpy(np.float64)
    if rule.share:
        counts = frame[list(rule.share)].apply(_numbers).sum(axis=1)
        return (counts / _numbers(frame[rule.of])).to_numpy(np.float64)
    if rule.range:
        low, high = rule.range
        share = (_numbers(frame[rule.column]).to_numpy(np.float64) - low) / (high - low)
        return np.where(share >= rule.least, share, np.nan)
    if rule.contains:
        return _contains(frame[rule.column], rule)
    column = frame[rule.column]
    value = np.full(len(frame), 0.0 if rule.negative == "rest" else np.nan)
    if rule.negative != "rest":
        value[column.isin(rule.negative)] = 0.0
    value[column.isin(rule.positive or ())] = 1.0
    return value


def _contains(column: pd.Series[str], rule: Rule) -> npt.NDArray[np.float64]:
    wanted, unknown = set(rule.contains), set(rule.unknown)
    absent = np.nan if rule.absent == "unknown" else 0.0

    def judge(cell: str | list[str]) -> float:
        held = set(cell.split(rule.separator or None) if isinstance(cell, str) else cell)
        if held & wanted:
            return 1.0
        return float("nan") if held & unknown else absent

    return np.array([judge(cell) for cell in column], dtype=np.float64)


def _numbers(column: pd.Series[str]) -> pd.Series[float]:
    """Read numbers; an empty cell is unknown, any other text an error."""
    return pd.to_numeric(column.mask(column == "")).astype("float64")
